"""What the mappings of a workspace refer to: in which order they run, who is to run again, why a parent is missing."""

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


def in_order(cursor: extensions.cursor, ids: Sequence[str]) -> list[tuple[str, list[str]]]:
    """Mappings parents first, each with those before it that it refers to or is referred to by, on whatever way.

    Where mappings refer to each other in circles the alphabet decides.
    """
    if len(ids) < 2:
        return [(each, []) for each in ids]
    cursor.execute(statements.text("references_among"), {"ids": list(ids)})
    known: dict[str, dict[str, str]] = {}
    edges: dict[str, list[Edge]] = {}
    for workspace, child, parent, needed, id_ in cursor.fetchall():
        if parent is None:
            known.setdefault(workspace, {})[child] = id_
        else:
            edges.setdefault(workspace, []).append(Edge(child, parent, needed))
    found = []
    for workspace, names in known.items():
        order = graph.parents_first(names, edges.get(workspace, []))
        for number, name in enumerate(order):
            kin = graph.kin(name, edges.get(workspace, []))
            found.append((names[name], [names[each] for each in order[:number] if each in kin]))
    return found


def reasons(cursor: extensions.cursor, reference: Reference, rows: Sequence[str]) -> dict[str, str]:
    """Row id -> what holds it back, of those rows of the parent that have an error of their own."""
    cursor.execute(statements.text("references_why"), {"parent": str(reference.parent_id), "rows": list(rows)})
    return dict(cursor.fetchall())
