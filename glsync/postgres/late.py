"""Rows that were stored before their parents: remembered for the run, linked once the parents are there."""

from __future__ import annotations

from collections.abc import Sequence

from psycopg2 import extensions, sql

from glsync import statements
from glsync.engine.types import family
from glsync.postgres.statement import column, statement
from glsync.postgres.target import Refusal, Removed, Target, by_halves, cells, refusal
from glsync.values import Reference, Unlinked

AT_ONCE = 10_000
"""Rows of one update."""


def begin(cursor: extensions.cursor) -> None:
    """An empty list for this session."""
    cursor.execute(statements.text("late_open"))


def add(cursor: extensions.cursor, target: Target, rows: Sequence[str], unlinked: Sequence[Unlinked]) -> None:
    """Of these rows just stored, these wait; what they waited for before is void."""
    waiting = [each for each in unlinked if not each.is_held]
    given = {
        "rows": list(rows),
        "lacking": [each.row_id for each in waiting],
        "numbers": [target.references.index(each.reference) for each in waiting],
        "parents": [each.parent for each in waiting],
    }
    cursor.execute(statements.text("late_add"), given)


def link(cursor: extensions.cursor, target: Target) -> list[Refusal]:
    """Give every row that waits its parent, where it is there by now; rows that the database refuses come back."""
    refused: list[Refusal] = []
    cursor.execute("analyze glsync_late")
    for number, reference in enumerate(target.references):
        cursor.execute("select glide_row_id from glsync_late where n = %s order by 1", (number,))
        ids = [row[0] for row in cursor.fetchall()]
        for start in range(0, len(ids), AT_ONCE):
            refused += _link(cursor, target, _update(target, number), ids[start : start + AT_ONCE])
        if ids:
            cursor.execute(_over(reference, number))
    return refused


def link_cells(cursor: extensions.cursor, target: Target) -> frozenset[str]:
    """The same for rows of Glide that are being compared; which rows they are."""
    linked: set[str] = set()
    for number, reference in enumerate(target.references):
        is_numeric = family(target.types[reference.column]) == "numeric"
        key = sql.SQL("to_jsonb(trim_scale(p.{}))" if is_numeric else "to_jsonb(p.{})").format(column(reference.key))
        query = statement(
            "late_link_cells",
            column=sql.Literal(reference.column),
            key=key,
            parent=sql.Identifier(reference.schema, reference.table),
            number=sql.Literal(number),
        )
        cursor.execute(query)
        found = {row[0] for row in cursor.fetchall()}
        linked |= found
        if found:
            cursor.execute(_over(reference, number))
    return frozenset(linked)


def matched(cursor: extensions.cursor, target: Target) -> dict[str, set[str]]:
    """Row -> columns whose parent is not known yet, of rows that both sides held before there was a link."""
    cursor.execute(statements.text("late_matched"), {"mapping": str(target.mapping.id)})
    return {row_id: {target.references[n].column for n in numbers} for row_id, numbers in cursor.fetchall()}


def left(cursor: extensions.cursor, target: Target) -> list[Unlinked]:
    """What still waits."""
    cursor.execute("select glide_row_id, n, parent from glsync_late order by 1, 2")
    found = [(row_id, target.references[number], parent) for row_id, number, parent in cursor.fetchall()]
    return [Unlinked(row_id, reference, parent, is_held=False) for row_id, reference, parent in found]


def _link(cursor: extensions.cursor, target: Target, query: sql.Composed, ids: Sequence[str]) -> list[Refusal]:
    def some(rows: Sequence[str]) -> Removed:
        cursor.execute(query, target.origin | {"ids": list(rows)})
        return Removed(cursor.rowcount)

    return by_halves(cursor, ids, some, lambda row_id, error: Removed(refused=[refusal(row_id, error)])).refused


def _over(reference: Reference, number: int) -> sql.Composed:
    parent = sql.Identifier(reference.schema, reference.table)
    return statement("late_over", parent=parent, number=sql.Literal(number), key=column(reference.key))


def _update(target: Target, number: int) -> sql.Composed:
    reference = target.references[number]
    changes = [sql.SQL("{} = p.{}").format(column(reference.column), column(reference.key))]
    changes += [sql.SQL("{} = {}").format(column(name), sql.SQL(how)) for name, how in target.kept.items()]
    return statement(
        "late_link",
        target=target.name,
        changes=sql.SQL(", ").join(changes),
        parent=sql.Identifier(reference.schema, reference.table),
        number=sql.Literal(number),
        column=column(reference.column),
        key=column(reference.key),
        type=sql.SQL(target.types[reference.column]),
        cells=cells(target.types, [pair.column for pair in target.pairs], "t"),
    )
