"""The table rows are stored in: staged by COPY, compared, upserted; a refused page is halved down to the bad row."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from collections.abc import Mapping as ReadOnly
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar
from uuid import UUID

import psycopg2
from psycopg2 import extensions, sql

from glsync.engine.transform import Batch, Layout
from glsync.engine.types import family
from glsync.errors import NotFound, RowsHidden
from glsync.postgres.resolve import resolution, unlinked
from glsync.postgres.statement import column, names, statement
from glsync.postgres.tables import MARK_COLUMN, columns
from glsync.values import ROW_ID_COLUMN, Mapping, TableColumn, Unlinked

_ROW_ERRORS = ("22", "23", "44", "54", "P0")
"""SQLSTATE classes that speak of a row: bad data, constraints, a view's check, too large (for an index, say), a trigger
that says no."""
_NO_COPY = "0A000"
"""COPY does not write to a table whose row-level security applies to us; insert does."""

_AT_ONCE = "set constraints all immediate"
"""A constraint that waits for the commit would refuse the whole page there, and name no row."""

_AS_COMPARED = {"json": "{}::jsonb", "jsonb": "{}", "text": '{}::text collate "C"', "enum": "{}::text"}
"""Type or family -> the form in which two values are the same: json has no equality of its own, a column's own may
overlook case, and a domain over a list of words has none with the list."""

SAMPLE = 5
ROW_MARK = "\x1f"
"""Between the row ids of a page in history; no id holds it."""

_TYPES = {"23503": "RELATIONSHIP", "23505": "DUPLICATE_KEY"}


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row the database refused. `rule` names the constraint, or is the database's own sentence."""

    row_id: str
    type: str
    column: str | None
    rule: str
    message: str


@dataclass(frozen=True, slots=True)
class Stored:
    """Rows that are in the table now because of this page."""

    created: int = 0
    updated: int = 0
    refused: list[Refusal] = field(default_factory=list)
    unlinked: list[Unlinked] = field(default_factory=list)

    def __add__(self, other: Stored) -> Stored:
        return Stored(
            self.created + other.created,
            self.updated + other.updated,
            [*self.refused, *other.refused],
            [*self.unlinked, *other.unlinked],
        )


@dataclass(frozen=True, slots=True)
class Compared:
    """What storing a page would do; `sample` are some of the rows."""

    created: int = 0
    updated: int = 0
    refused: int = 0
    sample: tuple[str, ...] = ()

    def __add__(self, other: Compared) -> Compared:
        return Compared(
            self.created + other.created,
            self.updated + other.updated,
            self.refused + other.refused,
            (self.sample + other.sample)[:SAMPLE],
        )


@dataclass(frozen=True, slots=True)
class Removed:
    """Rows deleted or marked, and those that others hold on to."""

    rows: int = 0
    refused: list[Refusal] = field(default_factory=list)

    def __add__(self, other: Removed) -> Removed:
        return Removed(self.rows + other.rows, [*self.refused, *other.refused])


class Target:
    """One mapping's table. All methods work inside the caller's transaction.

    `places` is column -> its number in the table's history: a column dropped and made again is another one. `file` is
    the number of the file that holds the rows: another one after every row was written anew.
    """

    def __init__(
        self,
        mapping: Mapping,
        found: Sequence[TableColumn],
        oid: int,
        *,
        is_divided: bool,
        places: ReadOnly[str, int] | None = None,
        file: int = 0,
    ) -> None:
        self.mapping, self.oid, self.is_divided, self.places = mapping, oid, is_divided, places or {}
        self.file = file
        self.columns = {each.name: each for each in found}
        self.name = sql.Identifier(mapping.schema, mapping.table)
        self.pairs = tuple(pair for pair in mapping.pairs if pair.column in self.columns)
        mapped = {pair.column for pair in self.pairs}
        self.references = tuple(each for each in mapping.references if each.column in mapped)
        self.log_id: UUID | None = None
        """The run whose writes are kept in history, to be undone; None keeps nothing."""

    @cached_property
    def types(self) -> ReadOnly[str, str]:
        """Column -> type."""
        return {name: each.type for name, each in self.columns.items()}

    @cached_property
    def cell_types(self) -> ReadOnly[str, str]:
        """Column -> type of what Glide's cells are read as: a reference is a row id, whatever its column holds."""
        return {**self.types, **dict.fromkeys((each.column for each in self.references), "text")}

    def is_empty(self, cursor: extensions.cursor) -> bool:
        cursor.execute(sql.SQL("select not exists (select from {})").format(self.name))
        return bool(_one(cursor)[0])

    def load(self, cursor: extensions.cursor, batch: Batch, layout: Layout) -> Stored | None:
        """Straight into a table that was empty: no stage, no compare. None: nothing stored, a row stands in the way."""
        if self.generated or self.references:
            return None
        cursor.execute(f"{_AT_ONCE}; savepoint load")
        try:
            self.copy(cursor, self.name, batch.lines, layout)
        except psycopg2.Error as error:
            if not is_about_a_row(error) and error.pgcode != _NO_COPY:
                raise
            cursor.execute("rollback to savepoint load")
            return None
        created = cursor.rowcount
        if created < len(batch.lines):  # a trigger leaves rows out; which ones, the stage tells
            cursor.execute("rollback to savepoint load")
            return None
        cursor.execute("release savepoint load")
        if self.log_id is not None:
            loaded = {"first": batch.ids[0], "rows": ROW_MARK.join(batch.ids)}
            cursor.execute(statement("history_loaded", target=self.name), self.origin | loaded)
        return Stored(created=created)

    def store(self, cursor: extensions.cursor, batch: Batch, layout: Layout) -> Stored:
        """Upsert a page: only rows that are new or differ are written. Refused rows are told, the others stay."""
        if not batch.lines:
            return Stored()
        self.stage(cursor)
        return by_halves(
            cursor,
            list(zip(batch.ids, batch.lines, strict=True)),
            lambda rows: self._store(cursor, [line for _, line in rows], layout),
            lambda row, error: Stored(refused=[refusal(row[0], error)]),
        )

    def compare(self, cursor: extensions.cursor, batch: Batch, layout: Layout) -> Compared:
        """What `store` would do, as far as the types of the columns tell; constraints are not tried."""
        if not batch.lines:
            return Compared()
        self.stage(cursor)
        found = by_halves(
            cursor,
            batch.lines,
            lambda lines: self._compare(cursor, lines, layout),
            lambda _, __: Compared(refused=1),
        )
        self.unstage(cursor)
        return found

    def present(self, cursor: extensions.cursor, ids: Sequence[str]) -> list[str]:
        """Which of these rows the table holds and has not marked as deleted."""
        not_marked = (
            sql.SQL("{} is null").format(sql.Identifier(MARK_COLUMN))
            if self.mapping.deletes == "mark"
            else sql.SQL("true")
        )
        cursor.execute(statement("target_present", target=self.name, not_marked=not_marked), {"ids": list(ids)})
        return sorted(row[0] for row in cursor.fetchall())

    def remove(self, cursor: extensions.cursor, ids: Sequence[str]) -> Removed:
        """Delete or mark these rows, as the mapping says. A row that others hold on to stays and is told."""
        if not ids:
            return Removed()
        if self.mapping.deletes == "delete":
            query = statement("target_delete", target=self.name)
        else:
            query = statement("target_mark", target=self.name, mark=sql.Identifier(MARK_COLUMN))
        cursor.execute(_AT_ONCE)
        return by_halves(
            cursor,
            ids,
            lambda some: self._remove(cursor, query, some),
            lambda row_id, error: Removed(refused=[refusal(row_id, error)]),
        )

    def _remove(self, cursor: extensions.cursor, query: sql.Composed, ids: Sequence[str]) -> Removed:
        removed, left = 0, list(ids)
        for _ in range(2):  # where somebody else was quicker, a second look sees what that one wrote
            cursor.execute(query, self.origin | {"ids": left})
            removed += _one(cursor)[0]
            left = self.present(cursor, left) if removed < len(ids) else []
            if not left:
                break
        return Removed(removed, [left_out(row_id) for row_id in left])

    def _store(self, cursor: extensions.cursor, lines: Sequence[str], layout: Layout) -> Stored:
        unlinked = self.fill(cursor, lines, layout)
        cursor.execute(self._upsert, self.origin)
        created, updated, left = _one(cursor)
        cursor.execute("truncate glsync_stage")
        return Stored(created, updated, [left_out(row_id) for row_id in left or ()], unlinked)

    def _compare(self, cursor: extensions.cursor, lines: Sequence[str], layout: Layout) -> Compared:
        held = {each.row_id for each in self.fill(cursor, lines, layout) if each.is_held}
        cursor.execute(statement("stage_compare", target=self.name, differs=self._differs))
        created, updated, sample = _one(cursor)
        cursor.execute("truncate glsync_stage")
        return Compared(created, updated, len(held), tuple(sample or ()))

    def stage(self, cursor: extensions.cursor) -> None:
        """Where a page lands: typed as the target, and before that as Glide wrote it where it holds references."""
        made: list[sql.Composable] = [
            statement("stage_create", stage=column(name), columns=self._typed(types))
            for name, types in self._stages.items()
        ]
        # A page must cost the same at any size of table: probe the index ten thousand times, never read it all.
        made.append(sql.SQL(f"set local enable_hashjoin = off; set local enable_mergejoin = off; {_AT_ONCE}"))
        cursor.execute(sql.SQL(";").join(made))

    def unstage(self, cursor: extensions.cursor) -> None:
        cursor.execute(sql.SQL("drop table {}").format(names(self._stages)))

    @cached_property
    def _stages(self) -> ReadOnly[str, ReadOnly[str, str]]:
        """Temporary table -> column -> type."""
        return {"glsync_stage": self.types} | ({"glsync_raw": self.cell_types} if self.references else {})

    def _typed(self, types: ReadOnly[str, str]) -> sql.Composable:
        wanted = [ROW_ID_COLUMN, *(pair.column for pair in self.pairs)]
        return sql.SQL(", ").join(sql.SQL("{} {}").format(column(name), sql.SQL(types[name])) for name in wanted)

    def fill(self, cursor: extensions.cursor, lines: Sequence[str], layout: Layout) -> list[Unlinked]:
        """These rows into the stage, by their parents' keys; what refers to rows that are not there comes back."""
        if not self.references:
            self.copy(cursor, sql.Identifier("glsync_stage"), lines, layout)
            return []
        self.copy(cursor, sql.Identifier("glsync_raw"), lines, layout)
        cursor.execute(self._resolution)
        found = unlinked(cursor, self.references)
        cursor.execute("truncate glsync_raw")
        return found

    @cached_property
    def _resolution(self) -> sql.Composed:
        return resolution([pair.column for pair in self.pairs], self.references, self.types)

    def copy(self, cursor: extensions.cursor, into: sql.Composable, lines: Sequence[str], layout: Layout) -> None:
        query = statement("stage_copy", table=into, columns=names(layout.columns), quoted=names(layout.quoted))
        cursor.copy_expert(query, io.BytesIO("\n".join(lines).encode()), size=1 << 18)

    @cached_property
    def _upsert(self) -> sql.Composed:
        plain = [ROW_ID_COLUMN, *(pair.column for pair in self.pairs)]
        values = [sql.Identifier("s", name) for name in plain] + [sql.SQL(how) for how in self.generated.values()]
        return statement(
            "stage_upsert",
            target=self.name,
            inserted=names([*plain, *self.generated]),
            values=sql.SQL(", ").join(values),
            differs=self._differs,
            changes=self._changes("s"),
            cells=cells(self.types, [pair.column for pair in self.pairs], "t"),
            again=self._changes("excluded"),
        )

    @property
    def origin(self) -> dict[str, str | None]:
        """Whose writes these are, for history."""
        return {"mapping": str(self.mapping.id), "log": str(self.log_id) if self.log_id else None}

    def _changes(self, source: str) -> sql.Composable:
        """What a changed row gets; its own row id where nothing else is mapped."""
        mapped = [pair.column for pair in self.pairs] or [ROW_ID_COLUMN]
        changes = [sql.SQL("{} = {}").format(column(name), column(name, source)) for name in mapped]
        changes += [sql.SQL("{} = {}").format(column(name), sql.SQL(how)) for name, how in self.kept.items()]
        return sql.SQL(", ").join(changes)

    @cached_property
    def _differs(self) -> sql.Composable:
        """Some mapped column differs, and be it in case only."""
        tests: list[sql.Composable] = []
        for pair in self.pairs:
            form = _AS_COMPARED.get(self.types[pair.column]) or _AS_COMPARED.get(family(self.types[pair.column]), "{}")
            both = (sql.SQL(form).format(column(pair.column, side)) for side in ("x", "s"))
            tests.append(sql.SQL("{} is distinct from {}").format(*both))
        if MARK_COLUMN in self.kept:
            tests.append(sql.SQL("{} is not null").format(column(MARK_COLUMN, "x")))
        return sql.SQL("({})").format(sql.SQL(" or ").join(tests)) if tests else sql.SQL("false")

    @cached_property
    def generated(self) -> dict[str, str]:
        """Columns of a new row that nobody else fills: an id, and the times a row was made and changed."""
        mapped = {pair.column for pair in self.pairs}
        ours = {}
        for name, found in self.columns.items():
            if name in mapped or found.has_default or found.generated or found.nullable:
                continue
            if found.type == "uuid" and found.primary_key:
                ours[name] = "gen_random_uuid()"
            elif name in ("created_at", "updated_at") and found.type.startswith("timestamp"):
                ours[name] = "now()"
        return ours

    @cached_property
    def kept(self) -> dict[str, str]:
        """Columns a changed row gets besides the mapped ones."""
        free = self.columns.keys() - {pair.column for pair in self.pairs}
        found = self.columns.get("updated_at")
        is_time = found is not None and not found.generated and found.type.startswith(("timestamp", "date"))
        kept = {"updated_at": "now()"} if is_time and "updated_at" in free else {}
        return kept | ({MARK_COLUMN: "null"} if self.mapping.deletes == "mark" and MARK_COLUMN in free else {})


def open_target(cursor: extensions.cursor, mapping: Mapping) -> Target:
    """The mapping's table as it is now.

    Raises:
        NotFound: there is no such table.
        RowsHidden: the role we are may not see all of its rows.
    """
    cursor.execute(statement("target_identity"), {"schema": mapping.schema, "table": mapping.table})
    found = cursor.fetchone()
    if found is None:
        raise NotFound("table", mapping.target, hint="Create it from the mapping's page, or correct the mapping.")
    oid, is_divided, file, places, hides = found
    if hides:  # a row that is hidden looks like one that was deleted
        raise RowsHidden(mapping.target)
    found_columns = columns(cursor.connection, mapping.schema, mapping.table)
    return Target(mapping, found_columns, oid, is_divided=is_divided, places=places, file=file)


def cells(types: ReadOnly[str, str], names: Sequence[str], alias: str) -> sql.Composable:
    """Columns to be read as one JSON object, in canonical form: a numeric without the zeros that mean nothing."""
    return sql.SQL(", ").join(
        sql.SQL("trim_scale({}) as {}" if family(types[name]) == "numeric" else "{} as {}").format(
            sql.Identifier(alias, name), sql.Identifier(name)
        )
        for name in names
    )


Row = TypeVar("Row")
Sum = TypeVar("Sum", Stored, Compared, Removed)


def by_halves(
    cursor: extensions.cursor,
    rows: Sequence[Row],
    do: Callable[[Sequence[Row]], Sum],
    refused: Callable[[Row, psycopg2.Error], Sum],
) -> Sum:
    """Do it to all rows at once; where Postgres refuses one, to each half, until the bad row stands alone."""
    cursor.execute("savepoint half")
    try:
        done = do(rows)
    except psycopg2.Error as error:
        if not is_about_a_row(error):
            raise
        cursor.execute("rollback to savepoint half")
        if len(rows) == 1:
            return refused(rows[0], error)
        middle = len(rows) // 2
        return by_halves(cursor, rows[:middle], do, refused) + by_halves(cursor, rows[middle:], do, refused)
    cursor.execute("release savepoint half")
    return done


def is_about_a_row(error: psycopg2.Error) -> bool:
    return (error.pgcode or "").startswith(_ROW_ERRORS)


def refusal(row_id: str, error: psycopg2.Error) -> Refusal:
    diagnosis, code = error.diag, error.pgcode or ""
    said = " ".join(part for part in (diagnosis.message_primary, diagnosis.message_detail) if part)
    kind = _TYPES.get(code, "CONSTRAINT_ERROR" if code.startswith(("23", "44", "P0")) else "VALIDATION_ERROR")
    return Refusal(row_id, kind, diagnosis.column_name, diagnosis.constraint_name or said, said)


def left_out(row_id: str) -> Refusal:
    """Of a row that Postgres took without an error, and of which it wrote nothing."""
    said = "nothing was written: a trigger of the table left the row out, or somebody else deleted it just then"
    return Refusal(row_id, "CONSTRAINT_ERROR", None, "a trigger of the table that lets the write through", said)


def _one(cursor: extensions.cursor) -> tuple[Any, ...]:
    row = cursor.fetchone()
    if row is None:
        raise RuntimeError("a query that always gives a row gave none")
    return row
