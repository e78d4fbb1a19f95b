"""Both sides in one form, compared in the database: what differs comes out, row by row, in a stable order.

The canonical form of a cell is what Postgres makes of it in the mapped column, as JSON. Glide's rows are staged through
the same columns, so 1.50 and 1.5, or 02:00+02:00 and 00:00Z, are the same value before anybody compares them.
Everything lives in temporary tables of one session; Postgres is read in one snapshot.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

import msgspec
import psycopg2
from psycopg2 import extensions, sql

from glsync import statements
from glsync.engine.transform import Batch, Layout
from glsync.postgres import late
from glsync.postgres.statement import names, statement
from glsync.postgres.tables import MARK_COLUMN
from glsync.postgres.target import Refusal, Stored, Target, cells, is_about_a_row, left_out, refusal
from glsync.values import ROW_ID_COLUMN, Cells, Reference, Side, Unlinked

FETCH = 2000
"""Rows of the comparison held at once."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A row on which the sides and the base are not all equal. `named` is the glide_row_id Postgres holds for it."""

    k: str
    link_id: str | None
    glide_row_id: str | None
    pg_key: str | None
    named: str | None
    base_glide: Cells | None
    base_postgres: Cells | None
    glide: Cells | None
    postgres: Cells | None
    postgres_at: datetime | None
    detached: Side | None


@dataclass(frozen=True, slots=True)
class Written:
    """A row of Postgres as it is after a write: `n` is its place in what was asked for."""

    n: int
    pg_key: str | None
    before: Cells | None
    after: Cells | None


@dataclass(frozen=True, slots=True)
class Now:
    """A row of Postgres in canonical form, and the transaction that wrote it last."""

    glide_row_id: str | None
    pg_key: str
    cells: Cells
    written_by: str


class Sides:
    """The comparison of one run, over one session."""

    def __init__(self, target: Target, *, changed_at: str | None = None) -> None:
        self.target = target
        self.columns = [pair.column for pair in target.pairs]
        self._changed_at = changed_at

    def open(self, cursor: extensions.cursor) -> None:
        """Empty tables for one run of this session."""
        cursor.execute(statements.text("sides_open"))
        if self.target.references:
            late.begin(cursor)

    def open_glide(self, cursor: extensions.cursor) -> None:
        """Glide is read once more."""
        cursor.execute("truncate glsync_glide, glsync_unread, glsync_outside, glsync_markers")
        if self.target.references:
            late.begin(cursor)

    def recall(self, cursor: extensions.cursor) -> int:
        """Take Glide's rows from the base instead of reading them; how many."""
        cursor.execute(statements.text("sides_recall"), {"mapping": str(self.target.mapping.id)})
        return cursor.rowcount

    def add_markers(self, cursor: extensions.cursor, markers: Mapping[str, str]) -> None:
        """Row id -> marker, for rows that carry one."""
        if markers:
            cursor.execute(
                """insert into glsync_markers select * from jsonb_each_text(%s::jsonb)
                   on conflict (k) do update set marker = excluded.marker""",
                (_encode(markers).decode(),),
            )

    def match(self, cursor: extensions.cursor, key: Sequence[str]) -> list[str]:
        """Pair rows that no link knows by their match key; ids of those with more than one candidate, left unread."""
        if not key:
            return []
        same = sql.SQL(" and ").join(
            sql.SQL("g.cells -> {0} = p.cells -> {0} and g.cells ->> {0} is not null").format(sql.Literal(column))
            for column in key
        )
        cursor.execute(statement("sides_match", same=same), {"mapping": str(self.target.mapping.id)})
        ambiguous = [row[0] for row in cursor.fetchall()]
        self.cannot_read(cursor, ambiguous)
        return ambiguous

    def unread(self, cursor: extensions.cursor, ids: Sequence[str]) -> frozenset[str]:
        """Which of these nobody could read."""
        cursor.execute("select k from glsync_unread where k = any(%s)", (list(ids),))
        return frozenset(row[0] for row in cursor.fetchall())

    def unread_markers(self, cursor: extensions.cursor) -> frozenset[str]:
        """The markers of rows nobody could read."""
        cursor.execute("select m.marker from glsync_markers as m inner join glsync_unread as u using (k)")
        return frozenset(row[0] for row in cursor.fetchall())

    def drop_rows(self, cursor: extensions.cursor, ids: Sequence[str]) -> None:
        """Forget what was read of these."""
        cursor.execute("delete from glsync_glide where k = any(%s)", (list(ids),))
        cursor.execute("delete from glsync_unread where k = any(%s)", (list(ids),))
        cursor.execute("delete from glsync_outside where k = any(%s)", (list(ids),))
        if self.target.references:
            late.add(cursor, self.target, ids, [])

    def link(self, cursor: extensions.cursor) -> frozenset[str]:
        """Rows of Glide that came before their parents get their cells, where those are there now; which rows."""
        return late.link_cells(cursor, self.target)

    def unknown(self, cursor: extensions.cursor) -> dict[str, set[str]]:
        """Row -> columns that cannot be compared yet: both sides held the row before, its parent is unknown."""
        return late.matched(cursor, self.target) if self.target.references else {}

    def orphans(self, cursor: extensions.cursor) -> list[Unlinked]:
        """Rows of Glide that are compared without a parent that is not there."""
        return late.left(cursor, self.target) if self.target.references else []

    def names_of_parents(self, cursor: extensions.cursor, reference: Reference, keys: Sequence[Any]) -> dict[Any, str]:
        """What Glide calls the parents that have these keys; a parent it has not named is left out."""
        query = statement(
            "parents_names",
            parent=sql.Identifier(reference.schema, reference.table),
            key=sql.Identifier(reference.key),
            type=sql.SQL(self.target.types[reference.column]),
        )
        cursor.execute(query, {"keys": _encode(keys).decode()})
        return dict(cursor.fetchall())

    def at(self, cursor: extensions.cursor, ids: Sequence[str]) -> dict[str, Cells]:
        """Rows of Glide as read, by id."""
        cursor.execute("select k, cells from glsync_glide where k = any(%s)", (list(ids),))
        return dict(cursor.fetchall())

    def glide_ids(self, cursor: extensions.cursor) -> set[str]:
        """Every row of Glide that was read, those nobody could read as well."""
        cursor.execute("select k from glsync_glide union select k from glsync_unread where k <> ''")
        return {row[0] for row in cursor.fetchall()}

    def glide_count(self, cursor: extensions.cursor) -> int:
        """How many different rows of Glide were read."""
        cursor.execute(
            """select (select count(*) from glsync_glide) + count(*) from glsync_unread as u
               where not exists (select from glsync_glide as g where g.k = u.k)"""
        )
        return int((cursor.fetchone() or (0,))[0])

    def unlinked(self, cursor: extensions.cursor) -> list[tuple[str, Cells, str | None]]:
        """(id, cells, marker) of rows in Glide that neither a link names nor a row of Postgres."""
        cursor.execute(statement("sides_unlinked", target=self.target.name), {"mapping": str(self.target.mapping.id)})
        return cursor.fetchall()

    def marker_doubles(self, cursor: extensions.cursor) -> list[tuple[str, str]]:
        """(id, the id of the row it is a copy of) of rows in Glide that carry the marker of another; left unread."""
        cursor.execute(statements.text("sides_doubles"), {"mapping": str(self.target.mapping.id)})
        found = cursor.fetchall()
        self.cannot_read(cursor, [row[0] for row in found])
        return found

    def add_page(self, cursor: extensions.cursor, batch: Batch, layout: Layout) -> Stored:
        """Rows of Glide. Those Postgres cannot hold and those that wait for a parent come back; they count as unread.

        Rows out of scope are added too, and nothing is told of them.
        """
        outside = {row_id: line for row_id, line in batch.outside.items() if line is not None}
        ids, lines = [*batch.ids, *outside], [*batch.lines, *outside.values()]
        found = Stored()
        if lines:
            self.target.stage(cursor)
            found = self._add(cursor, ids, lines, layout)
            self.target.unstage(cursor)
        if self.target.references:
            late.add(cursor, self.target, ids, [each for each in found.unlinked if each.row_id not in outside])
        held = [each.row_id for each in found.unlinked if each.is_held]
        unread = [*(each.row_id for each in batch.bad), *(each.row_id for each in found.refused), *held]
        self.cannot_read(cursor, [*unread, *(batch.outside.keys() - outside.keys())])
        self._leave_out(cursor, list(batch.outside))
        return Stored(
            refused=[each for each in found.refused if each.row_id not in outside],
            unlinked=[each for each in found.unlinked if each.row_id not in outside],
        )

    def _leave_out(self, cursor: extensions.cursor, ids: Sequence[str]) -> None:
        """Rows the filter leaves out: known, so that writes to them can be followed, and not compared."""
        if ids:
            cursor.execute("insert into glsync_outside select unnest(%s::text[]) on conflict do nothing", (ids,))

    def cannot_read(self, cursor: extensions.cursor, ids: Sequence[str]) -> None:
        """Rows nobody may decide on in this run."""
        if not ids:
            return
        cursor.execute(
            "insert into glsync_unread select distinct unnest(%s::text[]) on conflict do nothing", (list(ids),)
        )

    def read_postgres(self, cursor: extensions.cursor, mapping_id: str) -> None:
        """The target as one snapshot sees it. Rows marked as deleted are absent."""
        at = sql.Identifier("t", self._changed_at) if self._changed_at else sql.SQL("null::timestamptz")
        cursor.execute(
            statement(
                "sides_postgres",
                target=self.target.name,
                key=self._key,
                cells=self._cells("t"),
                in_scope=self._in_scope,
                changed_at=at,
            ),
            {"mapping": mapping_id},
        )

    def has_unmet(self, cursor: extensions.cursor, *, by_key: bool) -> bool:
        """Are there rows of Postgres that Glide did not show, and that have a name there or may meet a row `by_key`?"""
        cursor.execute(
            """select exists (
                   select from glsync_postgres as p
                   where (p.glide_row_id is not null or %s)
                     and not exists (select from glsync_glide as g where g.k = p.k))""",
            (by_key,),
        )
        return bool((cursor.fetchone() or (False,))[0])

    def differences(self, connection: extensions.connection, mapping_id: str) -> Iterator[Difference]:
        """What is not equal everywhere; numbers come as int or Decimal."""
        with connection.cursor(name="glsync_differences") as cursor:
            cursor.itersize = FETCH
            cursor.execute(statements.text("sides_differences"), {"mapping": mapping_id})
            for row in cursor:
                yield Difference(*row)

    def now(self, cursor: extensions.cursor, ids: Sequence[str], keys: Sequence[str]) -> list[Now]:
        """Rows of Postgres as they are now, by Glide's names and by their keys; without those marked as deleted."""
        query = statement(
            "sides_now",
            target=self.target.name,
            key=self._key,
            cells=self._cells("t"),
            in_scope=self._in_scope,
            by_key=self._by_key,
        )
        cursor.execute(query, {"ids": list(ids), "keys": f"[{', '.join(keys)}]"})
        return [Now(*row) for row in cursor.fetchall()]

    def postgres_rows(self, cursor: extensions.cursor) -> int:
        """Rows of Postgres in this comparison."""
        cursor.execute("select count(*) from glsync_postgres")
        return int((cursor.fetchone() or (0,))[0])

    def digests(self, cursor: extensions.cursor) -> tuple[str, str, int, bool]:
        """(Glide's digest, Postgres's digest, rows, does the base say of each row what Glide says)."""
        glide, rows, is_base = self._glide_digest(cursor)
        cursor.execute(statements.text("sides_digest_postgres"), {"mapping": str(self.target.mapping.id)})
        return glide, str((cursor.fetchone() or ("-",))[0]), rows, is_base

    def glide_digest(self, cursor: extensions.cursor) -> tuple[str, int]:
        """(Glide's digest, rows)."""
        return self._glide_digest(cursor)[:2]

    def _glide_digest(self, cursor: extensions.cursor) -> tuple[str, int, bool]:
        cursor.execute(statements.text("sides_digest_glide"), {"mapping": str(self.target.mapping.id)})
        found: tuple[str, int, bool] = cursor.fetchone() or ("", 0, False)
        return found

    # --- writing ------------------------------------------------------------------------------------------------------

    def update(
        self, cursor: extensions.cursor, rows: Sequence[Mapping[str, Any]]
    ) -> tuple[list[Written], list[tuple[int, Refusal]]]:
        """Rows {n, pg_key, planned, cells, glide_row_id}: set `cells` where the row still says `planned`."""
        sets: list[sql.Composable] = [
            sql.SQL("{0} = (select r.{0} from jsonb_populate_record(t.*, hit.cells) as r)").format(
                sql.Identifier(column)
            )
            for column in self._writable
        ]
        sets.append(sql.SQL("glide_row_id = coalesce(t.glide_row_id, hit.glide_row_id)"))
        sets += [
            sql.SQL("{} = {}").format(sql.Identifier(column), sql.SQL(how))
            for column, how in self.target.kept.items()
            if column != self._changed_at  # the time of people's edits, by which the newest wins: ours are not meant
        ]
        query = statement(
            "side_update",
            target=self.target.name,
            cells=self._cells("t"),
            by_key=self._by_key,
            sets=sql.SQL(", ").join(sets),
        )
        return _halved(cursor, query, rows)

    def insert(
        self, cursor: extensions.cursor, rows: Sequence[Mapping[str, Any]]
    ) -> tuple[list[Written], list[tuple[int, Refusal]]]:
        """Rows {n, glide_row_id, cells}: new rows, unless one of that name is there that is not marked as deleted."""
        generated = self.target.generated
        values = [
            sql.SQL("v.glide_row_id"),
            *(sql.Identifier("r", column) for column in self._writable),
            *(sql.SQL(how) for how in generated.values()),
        ]
        query = statement(
            "side_insert",
            target=self.target.name,
            columns=names([ROW_ID_COLUMN, *self._writable, *generated]),
            values=sql.SQL(", ").join(values),
            key=self._key,
            cells=self._cells("t"),
            action=self._revival if self._marks else sql.SQL("nothing"),
        )
        return _halved(cursor, query, rows)

    def restore(
        self, cursor: extensions.cursor, rows: Sequence[Mapping[str, Any]]
    ) -> tuple[list[Written], list[tuple[int, Refusal]]]:
        """Rows {n, glide_row_id, cells} that went away are there again; `cells` are all columns they had."""
        if not rows:
            return [], []
        cursor.execute(
            "select attname from pg_attribute where attrelid = %s and attgenerated = '' and attnum > 0 order by attnum",
            (self.target.oid,),
        )
        known = [name for (name,) in cursor.fetchall()]
        kept = [name for name in known if all(name in row["cells"] for row in rows)]
        query = statement(
            "side_restore",
            target=self.target.name,
            columns=names(kept),
            values=sql.SQL(", ").join(sql.Identifier("r", name) for name in kept),
            key=self._key,
            cells=self._cells("t"),
            action=self._revival if self._marks else sql.SQL("nothing"),
        )
        return _halved(cursor, query, rows)

    def remove(
        self, cursor: extensions.cursor, rows: Sequence[Mapping[str, Any]]
    ) -> tuple[list[Written], list[tuple[int, Refusal]]]:
        """Rows {n, pg_key, planned}: deleted or marked, as the mapping says, where they still say `planned`."""
        if self.target.mapping.deletes == "mark":
            act = "update {target} as t set {mark} = now() from hit"
        else:
            act = "delete from {target} as t using hit"
        fitting = "where t.ctid = hit.place and t.tableoid = hit.part and hit.fits"
        removal = sql.SQL(f"{act} {fitting} returning hit.n, hit.before").format(
            target=self.target.name, mark=sql.Identifier(MARK_COLUMN)
        )
        query = statement(
            "side_remove", target=self.target.name, cells=self._cells("t"), by_key=self._by_key, removal=removal
        )
        return _halved(cursor, query, rows)

    def name(self, cursor: extensions.cursor, rows: Sequence[Mapping[str, Any]]) -> int:
        """Rows {pg_key, glide_row_id, was}: write down Glide's names of rows whose name still is what it `was`."""
        if not rows:
            return 0
        cursor.execute(statement("side_name", target=self.target.name, by_key=self._by_key), {"rows": _json(rows)})
        return cursor.rowcount

    # --- parts of statements ------------------------------------------------------------------------------------------

    def _add(self, cursor: extensions.cursor, ids: Sequence[str], lines: Sequence[str], layout: Layout) -> Stored:
        cursor.execute("savepoint side")
        try:
            unlinked = self.target.fill(cursor, lines, layout)
            cursor.execute(statement("sides_add_page", cells=self._cells("s")))
        except psycopg2.Error as error:
            if not is_about_a_row(error):
                raise
            cursor.execute("rollback to savepoint side")
            if len(ids) == 1:
                return Stored(refused=[refusal(ids[0], error)])
            middle = len(ids) // 2
            first = self._add(cursor, ids[:middle], lines[:middle], layout)
            return first + self._add(cursor, ids[middle:], lines[middle:], layout)
        cursor.execute("truncate glsync_stage; release savepoint side")
        return Stored(unlinked=unlinked)

    def _cells(self, alias: str) -> sql.Composable:
        return cells(self.target.types, self.columns, alias)

    @property
    def _marks(self) -> bool:
        """Do rows stay when they are deleted, with a mark?"""
        return self.target.mapping.deletes == "mark" and MARK_COLUMN in self.target.columns

    @property
    def _in_scope(self) -> sql.Composable:
        return sql.SQL("t.{} is null").format(sql.Identifier(MARK_COLUMN)) if self._marks else sql.SQL("true")

    @property
    def _revival(self) -> sql.Composable:
        """What an insert does to a row of its name that is marked as deleted."""
        sets = [sql.SQL("{0} = excluded.{0}").format(sql.Identifier(column)) for column in self._writable]
        sets.append(sql.SQL("{} = null").format(sql.Identifier(MARK_COLUMN)))
        return sql.SQL("update set {} where t.{} is not null").format(
            sql.SQL(", ").join(sets), sql.Identifier(MARK_COLUMN)
        )

    @cached_property
    def _writable(self) -> list[str]:
        """Mapped columns that Postgres does not compute itself."""
        return [column for column in self.columns if not self.target.columns[column].generated]

    @cached_property
    def key_columns(self) -> list[str]:
        """The primary key, or glide_row_id in a table that has none."""
        found = [name for name, column in self.target.columns.items() if column.primary_key]
        return found or [ROW_ID_COLUMN]

    @cached_property
    def _key(self) -> sql.Composable:
        parts = sql.SQL(", ").join(sql.SQL("t.{}").format(sql.Identifier(column)) for column in self.key_columns)
        return sql.SQL("jsonb_build_array({})::text").format(parts)

    @cached_property
    def _by_key(self) -> sql.Composable:
        """The row of t that v.pg_key names; typed, so that the key's own index is used."""
        return sql.SQL(" and ").join(
            sql.SQL("t.{} = (v.pg_key ->> {})::{}").format(
                sql.Identifier(column), sql.Literal(number), sql.SQL(self.target.types[column])
            )
            for number, column in enumerate(self.key_columns)
        )


def _halved(
    cursor: extensions.cursor, query: sql.Composable, rows: Sequence[Mapping[str, Any]]
) -> tuple[list[Written], list[tuple[int, Refusal]]]:
    """Run `query` over the rows; a row the database refuses is found by halving and told, the others are written."""
    if not rows:
        return [], []
    cursor.execute("savepoint side")
    try:
        written, left = _once(cursor, query, rows)
        if left:  # where somebody else was quicker, a second look sees what that one wrote
            again, left = _once(cursor, query, [row for row in rows if row["n"] in left])
            written += again
    except psycopg2.Error as error:
        if not is_about_a_row(error):
            raise
        cursor.execute("rollback to savepoint side")
        if len(rows) == 1:
            return [], [(rows[0]["n"], refusal(_named(rows[0]), error))]
        middle = len(rows) // 2
        first, first_bad = _halved(cursor, query, rows[:middle])
        second, second_bad = _halved(cursor, query, rows[middle:])
        return first + second, first_bad + second_bad
    cursor.execute("release savepoint side")
    return written, [(row["n"], left_out(_named(row))) for row in rows if row["n"] in left]


def _once(
    cursor: extensions.cursor, query: sql.Composable, rows: Sequence[Mapping[str, Any]]
) -> tuple[list[Written], set[int]]:
    """What was written, and the numbers of rows that fit and of which Postgres, without a word, wrote nothing."""
    cursor.execute(query, {"rows": _json(rows)})
    found = cursor.fetchall()
    return [Written(*row) for *row, is_done in found if is_done], {n for n, *_, is_done in found if not is_done}


def _named(row: Mapping[str, Any]) -> str:
    return str(row.get("glide_row_id") or row.get("pg_key"))


_encode = msgspec.json.Encoder(decimal_format="number").encode


def _json(rows: Sequence[Mapping[str, Any]]) -> str:
    return _encode(list(rows)).decode()
