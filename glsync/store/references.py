"""What the mappings of a workspace refer to, and why a row that is referred to is not there."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from psycopg2 import extensions, extras

from glsync import statements
from glsync.engine import graph
from glsync.engine.graph import Edge
from glsync.values import Mapping, Reference


def of(cursor: extensions.cursor, mapping: Mapping) -> tuple[Reference, ...]:
    """The references of a mapping; those that lead to no table are left out, its validation names them."""
    if not any(pair.reference for pair in mapping.pairs):
        return ()
    return tuple(reference for child_id, reference, _ in around(cursor, mapping.id) if child_id == mapping.id)


def around(cursor: extensions.cursor, mapping_id: UUID) -> list[tuple[UUID, Reference, Edge]]:
    """(child, reference, the same by names) for every reference in the workspace of a mapping."""
    with cursor.connection.cursor(cursor_factory=extras.RealDictCursor) as named:
        named.execute(statements.text("references"), {"mapping": str(mapping_id)})
        rows = [row for row in named.fetchall() if row["parent_id"] and row["parent_type"] and row["type"]]
    edges = [Edge(row["child"], row["parent"], row["needed"]) for row in rows]
    return [
        (
            UUID(row["child_id"]),
            Reference(
                column=row["column_name"],
                parent_id=UUID(row["parent_id"]),
                parent=row["parent"],
                schema=row["parent_schema"],
                table=row["parent_table"],
                key=row["parent_column"],
                is_bound=row["is_bound"],
                is_soft=not edge.needed and graph.closes_circle(edge, edges),
            ),
            edge,
        )
        for row, edge in zip(rows, edges, strict=True)
    ]


def reasons(cursor: extensions.cursor, reference: Reference, rows: Sequence[str]) -> dict[str, str]:
    """Row id -> what holds it back, of those rows of the parent that have an error of their own."""
    cursor.execute(statements.text("references_why"), {"parent": str(reference.parent_id), "rows": list(rows)})
    return dict(cursor.fetchall())
