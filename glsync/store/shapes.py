"""What both tables of a mapping looked like when it was made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from uuid import UUID

from psycopg2 import extensions, extras

from glsync import statements
from glsync.engine.drift import Drift, Shape


def load(cursor: extensions.cursor, mapping_id: UUID) -> tuple[int, Shape] | None:
    """(the mapping's version, the shape) as last kept; None before the first run."""
    cursor.execute(statements.text("shape_load"), {"mapping": str(mapping_id)})
    found = cursor.fetchone()
    return (found[0], Shape(*found[1:])) if found else None


def save(cursor: extensions.cursor, mapping_id: UUID, version: int, shape: Shape, notices: Sequence[Drift]) -> None:
    cursor.execute(
        statements.text("shape_save"),
        {
            "mapping": str(mapping_id),
            "version": version,
            "glide": extras.Json(dict(shape.glide)),
            "postgres": extras.Json(dict(shape.postgres)),
            "key": extras.Json(list(shape.key)),
            "notices": extras.Json([asdict(each) for each in notices]),
        },
    )
