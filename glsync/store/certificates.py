"""In step: the proof that both sides said the same, and what of it the next comparison may rely on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg2 import extensions

from glsync import statements


@dataclass(frozen=True, slots=True)
class Certificate:
    """Equal digests of both sides over `rows` rows; `scope` names what they were read as.

    `version` is Glide's at `read_at`, when it was read in full; None where it keeps none, or was written to since.
    `watch` is how foreign writes to Postgres are noted; None where they are not.
    """

    glide: str
    postgres: str
    rows: int
    scope: str
    version: str | None = None
    read_at: datetime | None = None
    watch: str | None = None


def save(cursor: extensions.cursor, mapping_id: UUID, log_id: UUID, found: Certificate) -> None:
    """From now on this is the mapping's."""
    cursor.execute(
        statements.text("certificate_save"),
        {
            "mapping": str(mapping_id), "log": str(log_id), "glide": found.glide, "postgres": found.postgres,
            "rows": found.rows, "version": found.version, "scope": found.scope, "read_at": found.read_at,
            "watch": found.watch,
        },
    )  # fmt: skip


def doubt(cursor: extensions.cursor, mapping_id: UUID) -> str | None:
    """A run begins, and may write: nobody takes the sides for equal until one proves it. The `watch` until now."""
    cursor.execute(
        """with was as (select mapping_id, watch from glsync.certificates where mapping_id = %s for update)
           update glsync.certificates as c set watch = null from was
           where c.mapping_id = was.mapping_id and was.watch is not null
           returning was.watch""",
        (str(mapping_id),),
    )
    found = cursor.fetchone()
    return found[0] if found else None


def is_disturbed(cursor: extensions.cursor, mapping_id: UUID) -> bool:
    """Is there work though Glide stands still: foreign writes to Postgres, rows that wait or are held back, a pick?"""
    cursor.execute(statements.text("certificate_disturbed"), {"mapping": str(mapping_id)})
    return bool((cursor.fetchone() or (True,))[0])


def relied_on(cursor: extensions.cursor, mapping_id: UUID, scope: str, hours: float) -> Certificate | None:
    """The mapping's, when Glide was read for it not so many hours ago, as it is read now, and not written to since."""
    cursor.execute(
        """select glide_digest, postgres_digest, rows, scope, glide_version, read_at
           from glsync.certificates
           where mapping_id = %s and scope = %s and glide_version is not null
             and read_at > now() - %s * interval '1 hour'""",
        (str(mapping_id), scope, hours),
    )
    found = cursor.fetchone()
    return Certificate(*found) if found else None
