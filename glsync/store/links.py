"""The base of two-way mappings: rows as both sides last agreed, what was overwritten, what waits for a person."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from psycopg2 import extensions, extras

from glsync import statements
from glsync.values import Cells, Conflict, Operation, Side

_encode = msgspec.json.Encoder(decimal_format="number").encode


@dataclass(frozen=True, slots=True)
class Link:
    """A row on both sides and the base it stands on."""

    id: str
    glide_row_id: str | None
    pg_key: str | None
    base_glide: Cells | None
    base_postgres: Cells | None
    detached: Side | None = None


@dataclass(frozen=True, slots=True)
class Past:
    """What a write replaced."""

    link_id: str | None
    side: Side
    operation: Operation
    glide_row_id: str | None
    pg_key: str | None
    before: Cells | None
    after: Cells | None


def key_of(pg_key: str | None) -> list[Any] | None:
    """A Postgres key as the list it is the text of."""
    found: list[Any] | None = msgspec.json.decode(pg_key) if pg_key else None
    return found


def as_json(value: Any) -> str | None:
    """For a jsonb parameter: numbers stay exact."""
    return None if value is None else _encode(value).decode()


def save(cursor: extensions.cursor, mapping_id: UUID, links: Iterable[Link]) -> None:
    """Write these down, new or changed. A key of Postgres that was another row's until now leaves that one."""
    rows = [
        {
            "id": link.id,
            "glide_row_id": link.glide_row_id,
            "pg_key": link.pg_key,
            "base_glide": link.base_glide,
            "base_postgres": link.base_postgres,
            "detached": link.detached,
        }
        for link in links
    ]
    if rows:
        given = {"mapping": str(mapping_id), "rows": as_json(rows)}
        cursor.execute(statements.text("links_free_keys"), given)
        cursor.execute(statements.text("links_save"), given)


def name(cursor: extensions.cursor, names: Mapping[str, str | None]) -> None:
    """Link id -> what Glide calls its row from now on."""
    if names:
        extras.execute_values(
            cursor,
            """update glsync.links as l set glide_row_id = v.row_id, updated_at = now()
               from (values %s) as v (id, row_id) where l.id = v.id::uuid""",
            list(names.items()),
            template="(%s, %s::text)",
            page_size=1000,
        )


def names(cursor: extensions.cursor, ids: Sequence[str]) -> list[str]:
    """What Glide calls the rows of these links, as far as it named them."""
    cursor.execute(
        "select glide_row_id from glsync.links where id = any(%s::uuid[]) and glide_row_id is not null order by 1",
        (list(ids),),
    )
    return [row[0] for row in cursor.fetchall()]


def follow_keys(cursor: extensions.cursor, mapping_id: UUID) -> None:
    """Linked rows whose key changed in Postgres, as this session's comparison knows them by Glide's name."""
    cursor.execute(
        """create temporary table glsync_moved on commit drop as
           select l.id, p.pg_key from glsync.links as l
           inner join glsync_postgres as p on p.k = l.glide_row_id and p.pg_key is distinct from l.pg_key
           where l.mapping_id = %s""",
        (str(mapping_id),),
    )
    if cursor.rowcount:
        cursor.execute("update glsync.links as l set pg_key = null from glsync_moved as m where l.id = m.id")
        cursor.execute(
            """delete from glsync.links as l using glsync_moved as m
               where l.mapping_id = %s and l.pg_key = m.pg_key and l.glide_row_id is null""",
            (str(mapping_id),),
        )
        cursor.execute(
            """update glsync.links as l set pg_key = null from glsync_moved as m
               where l.mapping_id = %s and l.pg_key = m.pg_key""",
            (str(mapping_id),),
        )
        cursor.execute("update glsync.links as l set pg_key = m.pg_key from glsync_moved as m where l.id = m.id")
    cursor.execute("drop table glsync_moved")


def forget(cursor: extensions.cursor, ids: Sequence[str]) -> None:
    """These rows are on neither side any more, or were let go."""
    if not ids:
        return
    cursor.execute("delete from glsync.links where id = any(%s::uuid[])", (list(ids),))


def identity(cursor: extensions.cursor, mapping_id: UUID) -> tuple[str, int] | None:
    """(Glide's table, the oid of Postgres's) that the rows were linked in; None before the first run."""
    cursor.execute(
        "select glide_table, table_oid::bigint from glsync.linked_tables where mapping_id = %s", (str(mapping_id),)
    )
    found: tuple[str, int] | None = cursor.fetchone()
    return found


def identify(cursor: extensions.cursor, mapping_id: UUID, tables: tuple[str, int]) -> None:
    """The rows are linked in these tables from now on."""
    cursor.execute(
        """insert into glsync.linked_tables as t (mapping_id, glide_table, table_oid) values (%s, %s, %s::oid)
           on conflict (mapping_id) do update set glide_table = excluded.glide_table, table_oid = excluded.table_oid
           where (t.glide_table, t.table_oid) is distinct from (excluded.glide_table, excluded.table_oid)""",
        (str(mapping_id), *tables),
    )


def count(cursor: extensions.cursor, mapping_id: UUID) -> int:
    cursor.execute("select count(*) from glsync.links where mapping_id = %s", (str(mapping_id),))
    return int((cursor.fetchone() or (0,))[0])


def in_step(cursor: extensions.cursor, mapping_id: UUID) -> int:
    """Rows that are kept equal: not those that were let go, nor those the filter leaves out in this session."""
    cursor.execute(
        """select count(*) from glsync.links as l
           where l.mapping_id = %s and l.detached is null
             and not exists (select from glsync_outside as o where o.k = l.glide_row_id)""",
        (str(mapping_id),),
    )
    return int((cursor.fetchone() or (0,))[0])


@dataclass(frozen=True, slots=True)
class Alone:
    """How many of the rows that are kept equal this session's comparison met on one side only."""

    glide: int
    postgres: int
    unproven: int
    """Of those in Postgres: their absence from Glide is not certain."""

    def on(self, side: Side) -> int:
        return self.glide if side == "glide" else self.postgres


def shares_rows(cursor: extensions.cursor, mapping_id: UUID) -> bool:
    """Do both sides hold at least one row that is kept equal?"""
    cursor.execute(statements.text("links_shared"), {"mapping": str(mapping_id)})
    return bool((cursor.fetchone() or (False,))[0])


def alone(cursor: extensions.cursor, mapping_id: UUID, gone: Iterable[str]) -> Alone:
    """`gone` are the rows whose absence from Glide is proven."""
    cursor.execute(statements.text("links_alone"), {"mapping": str(mapping_id), "gone": list(gone)})
    return Alone(*(cursor.fetchone() or (0, 0, 0)))


def missing_in_glide(cursor: extensions.cursor, mapping_id: UUID) -> list[str]:
    """Linked rows that the read of Glide in this session did not meet. Nobody asks after those that were let go."""
    cursor.execute(
        """select l.glide_row_id from glsync.links as l
           where l.mapping_id = %s and l.glide_row_id is not null and l.detached is null
             and not exists (select from glsync_glide as g where g.k = l.glide_row_id)
             and not exists (select from glsync_unread as u where u.k = l.glide_row_id)
           order by 1""",
        (str(mapping_id),),
    )
    return [row[0] for row in cursor.fetchall()]


def let_go(cursor: extensions.cursor, mapping_id: UUID) -> None:
    """Rows that left the filter's scope stay in Postgres whatever becomes of them in Glide; those that are back do not.

    Their base is kept: back in scope, a row is merged from where both sides last agreed.
    """
    cursor.execute(
        """update glsync.links as l set detached = 'postgres'
           from glsync_outside as o
           where l.mapping_id = %s and l.glide_row_id = o.k and l.detached is null""",
        (str(mapping_id),),
    )
    cursor.execute(
        """update glsync.links as l set detached = null
           from glsync_glide as g
           where l.mapping_id = %s and l.glide_row_id = g.k and l.detached = 'postgres' and l.base_glide is not null
             and not exists (select from glsync_outside as o where o.k = g.k)""",
        (str(mapping_id),),
    )


def remember_past(cursor: extensions.cursor, mapping_id: UUID, log_id: UUID, pasts: Iterable[Past]) -> None:
    rows = list(pasts)
    if rows:
        given = {"mapping": str(mapping_id), "log": str(log_id), "rows": as_json(rows)}
        cursor.execute(statements.text("history_add"), given)


# --- conflicts -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Pick:
    """What a person chose for a conflict, good only while both sides still say what the person saw."""

    id: str
    resolution: Side
    glide: Any
    postgres: Any


def picks(cursor: extensions.cursor, mapping_id: UUID) -> dict[tuple[str, str | None], Pick]:
    """(row, column) -> what was chosen and is yet to be applied."""
    cursor.execute(
        """select id::text, coalesce(glide_row_id, 'pg:' || pg_key), column_name, resolution,
                  glide_value, postgres_value
           from public.gl_conflicts where mapping_id = %s and state = 'resolved' and applied_at is null""",
        (str(mapping_id),),
    )
    return {
        (k, column): Pick(id_, side, glide, postgres) for id_, k, column, side, glide, postgres in cursor.fetchall()
    }


def note_conflicts(
    cursor: extensions.cursor, mapping_id: UUID, log_id: UUID, found: Iterable[tuple[Link, Conflict]]
) -> None:
    """Keep both values until somebody picks; one that is still open is only seen again."""
    rows = [
        {
            "link_id": link.id,
            "glide_row_id": link.glide_row_id,
            "pg_key": link.pg_key,
            "column_name": conflict.column,
            "kind": conflict.kind,
            "base_value": conflict.base,
            "glide_value": conflict.glide,
            "postgres_value": conflict.postgres,
        }
        for link, conflict in found
    ]
    if rows:
        cursor.execute(
            statements.text("conflicts_note"),
            {"mapping": str(mapping_id), "log": str(log_id), "rows": as_json(rows)},
        )


def settle_conflicts(
    cursor: extensions.cursor, mapping_id: UUID, since: datetime, *, applied: Sequence[str], overtaken: Sequence[str]
) -> None:
    """Picks that were carried out are over, and those a side's change overtook; so are conflicts not met again."""
    cursor.execute("update public.gl_conflicts set applied_at = now() where id = any(%s::uuid[])", (list(applied),))
    cursor.execute("update public.gl_conflicts set state = 'gone' where id = any(%s::uuid[])", (list(overtaken),))
    cursor.execute(
        """update public.gl_conflicts set state = 'gone', resolved_at = now()
           where mapping_id = %s and state = 'open' and last_seen_at < %s""",
        (str(mapping_id), since),
    )
