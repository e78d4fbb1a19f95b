"""References on their way from Glide into Postgres: a page's row ids become the parents' keys by one join."""

from __future__ import annotations

from collections.abc import Mapping as ReadOnly
from collections.abc import Sequence

from psycopg2 import extensions, sql

from glsync.postgres.statement import column, names, statement
from glsync.values import ROW_ID_COLUMN, Reference, Unlinked


def resolution(columns: Sequence[str], references: Sequence[Reference], types: ReadOnly[str, str]) -> sql.Composed:
    """The statement that moves glsync_raw into glsync_stage; it gives (row id, number of the reference, parent)."""
    by_column = {each.column: number for number, each in enumerate(references)}
    values = [
        sql.SQL("f.{}").format(_key(by_column[name])) if name in by_column else column(name, "f")
        for name in [ROW_ID_COLUMN, *columns]
    ]
    held = [sql.SQL("not f.{}").format(_lost(number)) for number, each in enumerate(references) if not each.is_soft]
    return statement(
        "stage_resolve",
        looked_up=sql.SQL(", ").join(_looked_up(number, each, types) for number, each in enumerate(references)),
        parents=sql.SQL("\n    ").join(_parent(number, each) for number, each in enumerate(references)),
        columns=names([ROW_ID_COLUMN, *columns]),
        values=sql.SQL(", ").join(values),
        is_whole=sql.SQL(" and ").join(held) if held else sql.SQL("true"),
        lacks=sql.SQL(", ").join(
            sql.SQL("({}, f.{}, f.{})").format(sql.Literal(number), sql.Identifier(each.column), _lost(number))
            for number, each in enumerate(references)
        ),
    )


def unlinked(cursor: extensions.cursor, references: Sequence[Reference]) -> list[Unlinked]:
    """What the resolution just run could not link."""
    found = [(row_id, references[number], parent) for row_id, number, parent in cursor.fetchall()]
    held = {row_id for row_id, reference, _ in found if not reference.is_soft}
    return [Unlinked(row_id, reference, parent, row_id in held) for row_id, reference, parent in found]


def is_free(reference: Reference) -> bool:
    """Does the column hold Glide's own row id, with no foreign key to watch over it?"""
    return reference.key == ROW_ID_COLUMN and not reference.is_bound


def _looked_up(number: int, reference: Reference, types: ReadOnly[str, str]) -> sql.Composable:
    """The parent's key, and whether the cell names a row that is not there."""
    cell, held = sql.Identifier("r", reference.column), sql.Identifier(f"p{number}", reference.key)
    key = cell if is_free(reference) else held
    lost = sql.SQL("({} is not null and {} is null{})").format(cell, held, _unless_known(cell, reference))
    return sql.SQL("case when not {lost} then {key}::{type} end as {into}, {lost} as {flag}").format(
        lost=lost, key=key, type=sql.SQL(types[reference.column]), into=_key(number), flag=_lost(number)
    )


def _unless_known(cell: sql.Composable, reference: Reference) -> sql.Composable:
    """A row id that nothing but we look at is right already when its row is in Glide and only held back by an error."""
    if not is_free(reference):
        return sql.SQL("")
    return sql.SQL(
        " and {} not in (select e.glide_row_id from public.gl_sync_errors as e"
        " where e.mapping_id = {} and e.state <> 'resolved' and e.glide_row_id is not null)"
    ).format(cell, sql.Literal(str(reference.parent_id)))


def _parent(number: int, reference: Reference) -> sql.Composable:
    return sql.SQL("left join {} as {} on {} = {}").format(
        sql.Identifier(reference.schema, reference.table),
        sql.Identifier(f"p{number}"),
        sql.Identifier(f"p{number}", ROW_ID_COLUMN),
        sql.Identifier("r", reference.column),
    )


def _key(number: int) -> sql.Identifier:
    return sql.Identifier(f"glsync_key_{number}")


def _lost(number: int) -> sql.Identifier:
    return sql.Identifier(f"glsync_lost_{number}")
