"""The table rows are stored in: staged by COPY, compared, upserted; a refused page is halved down to the bad row."""

from __future__ import annotations

import io
from collections.abc import Mapping as ReadOnly
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import psycopg2
from psycopg2 import extensions, sql

from glsync.engine.transform import Batch, Layout
from glsync.errors import NotFound
from glsync.postgres.statement import column, names, statement
from glsync.postgres.tables import MARK_COLUMN, columns
from glsync.values import ROW_ID_COLUMN, Mapping, TableColumn

_ROW_ERRORS = ("22", "23", "44", "P0")
"""SQLSTATE classes that speak of a row: bad data, constraints, a view's check, a trigger that says no."""

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

    def __add__(self, other: Stored) -> Stored:
        return Stored(self.created + other.created, self.updated + other.updated, [*self.refused, *other.refused])


class Target:
    """One mapping's table. All methods work inside the caller's transaction."""

    def __init__(self, mapping: Mapping, found: Sequence[TableColumn], oid: int, *, is_divided: bool) -> None:
        self.mapping, self.oid, self.is_divided = mapping, oid, is_divided
        self.columns = {each.name: each for each in found}
        self.name = sql.Identifier(mapping.schema, mapping.table)
        self.pairs = tuple(pair for pair in mapping.pairs if pair.column in self.columns)

    @cached_property
    def types(self) -> ReadOnly[str, str]:
        """Column -> type, as engine.transform.layout wants it."""
        return {name: each.type for name, each in self.columns.items()}

    def is_empty(self, cursor: extensions.cursor) -> bool:
        cursor.execute(sql.SQL("select not exists (select from {})").format(self.name))
        return bool(_one(cursor)[0])

    def load(self, cursor: extensions.cursor, batch: Batch, layout: Layout) -> Stored | None:
        """Straight into a table that was empty: no stage, no compare. None: nothing stored, a row stands in the way."""
        if self.generated:
            return None
        cursor.execute("savepoint load")
        try:
            self.copy(cursor, self.name, batch.lines, layout)
        except psycopg2.Error as error:
            if not is_about_a_row(error):
                raise
            cursor.execute("rollback to savepoint load")
            return None
        created = cursor.rowcount
        cursor.execute("release savepoint load")
        return Stored(created=created)

    def store(self, cursor: extensions.cursor, batch: Batch, layout: Layout) -> Stored:
        """Upsert a page: only rows that are new or differ are written. Refused rows are told, the others stay."""
        if not batch.lines:
            return Stored()
        self.stage(cursor)
        return self._store(cursor, batch.ids, batch.lines, layout)

    def compare(self, cursor: extensions.cursor, batch: Batch, layout: Layout) -> tuple[int, int, list[str]]:
        """(rows that would be created, rows that would be updated, some of their ids)."""
        if not batch.lines:
            return 0, 0, []
        self.stage(cursor)
        self.copy(cursor, sql.Identifier("glsync_stage"), batch.lines, layout)
        cursor.execute(statement("stage_compare", target=self.name, differs=self._differs))
        created, updated, sample = _one(cursor)
        cursor.execute("drop table glsync_stage")
        return created, updated, sample or []

    def present(self, cursor: extensions.cursor, ids: Sequence[str]) -> list[str]:
        """Which of these rows the table holds and has not marked as deleted."""
        not_marked = (
            sql.SQL("{} is null").format(sql.Identifier(MARK_COLUMN))
            if self.mapping.deletes == "mark"
            else sql.SQL("true")
        )
        cursor.execute(statement("target_present", target=self.name, not_marked=not_marked), {"ids": list(ids)})
        return sorted(row[0] for row in cursor.fetchall())

    def remove(self, cursor: extensions.cursor, ids: Sequence[str]) -> int:
        """Delete or mark these rows, as the mapping says; how many there were."""
        if self.mapping.deletes == "delete":
            query = statement("target_delete", target=self.name)
        else:
            query = statement("target_mark", target=self.name, mark=sql.Identifier(MARK_COLUMN))
        cursor.execute(query, {"ids": list(ids)})
        return cursor.rowcount

    def _store(self, cursor: extensions.cursor, ids: Sequence[str], lines: Sequence[str], layout: Layout) -> Stored:
        cursor.execute("savepoint page")
        try:
            self.copy(cursor, sql.Identifier("glsync_stage"), lines, layout)
            cursor.execute(self._upsert)
            created, updated = _one(cursor)
        except psycopg2.Error as error:
            if not is_about_a_row(error):
                raise
            cursor.execute("rollback to savepoint page")
            if len(ids) == 1:
                return Stored(refused=[refusal(ids[0], error)])
            middle = len(ids) // 2
            first = self._store(cursor, ids[:middle], lines[:middle], layout)
            return first + self._store(cursor, ids[middle:], lines[middle:], layout)
        cursor.execute("truncate glsync_stage; release savepoint page")
        return Stored(created, updated)

    def stage(self, cursor: extensions.cursor) -> None:
        wanted = [ROW_ID_COLUMN, *(pair.column for pair in self.pairs)]
        typed = sql.SQL(", ").join(
            sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(self.types[name])) for name in wanted
        )
        cursor.execute(statement("stage_create", columns=typed))
        # A page must cost the same at any size of table: probe the index ten thousand times, never read it all.
        cursor.execute("set local enable_hashjoin = off; set local enable_mergejoin = off")

    def copy(self, cursor: extensions.cursor, into: sql.Composable, lines: Sequence[str], layout: Layout) -> None:
        query = statement("stage_copy", table=into, columns=names(layout.columns), quoted=names(layout.quoted))
        cursor.copy_expert(query, io.BytesIO("\n".join(lines).encode()), size=1 << 18)

    @cached_property
    def _upsert(self) -> sql.Composed:
        plain = [ROW_ID_COLUMN, *(pair.column for pair in self.pairs)]
        values = [sql.Identifier("s", name) for name in plain] + [sql.SQL(how) for how in self.generated.values()]
        changes = [sql.SQL("{0} = excluded.{0}").format(sql.Identifier(pair.column)) for pair in self.pairs]
        changes += [sql.SQL("{} = {}").format(sql.Identifier(name), sql.SQL(how)) for name, how in self.kept.items()]
        return statement(
            "stage_upsert",
            target=self.name,
            inserted=names([*plain, *self.generated]),
            values=sql.SQL(", ").join(values),
            differs=self._differs,
            action=sql.SQL("update set {}").format(sql.SQL(", ").join(changes)) if changes else sql.SQL("nothing"),
        )

    @cached_property
    def _differs(self) -> sql.Composable:
        """Some mapped column differs. json has no equality of its own and is compared as jsonb."""
        tests: list[sql.Composable] = []
        for pair in self.pairs:
            form = (
                "{}::jsonb is distinct from {}::jsonb"
                if self.types[pair.column] == "json"
                else "{} is distinct from {}"
            )
            tests.append(sql.SQL(form).format(column(pair.column, "x"), column(pair.column, "s")))
        if self.mapping.deletes == "mark":
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
        mapped = {pair.column for pair in self.pairs}
        found = self.columns.get("updated_at")
        kept = {"updated_at": "now()"} if found and "updated_at" not in mapped and not found.generated else {}
        return kept | ({MARK_COLUMN: "null"} if self.mapping.deletes == "mark" and MARK_COLUMN in self.columns else {})


def open_target(cursor: extensions.cursor, mapping: Mapping) -> Target:
    """The mapping's table as it is now.

    Raises:
        NotFound: there is no such table.
    """
    cursor.execute(statement("target_identity"), {"schema": mapping.schema, "table": mapping.table})
    found = cursor.fetchone()
    if found is None:
        raise NotFound("table", mapping.target, hint="Create it from the mapping's page, or correct the mapping.")
    return Target(mapping, columns(cursor.connection, mapping.schema, mapping.table), found[0], is_divided=found[1])


def is_about_a_row(error: psycopg2.Error) -> bool:
    return (error.pgcode or "").startswith(_ROW_ERRORS)


def refusal(row_id: str, error: psycopg2.Error) -> Refusal:
    diagnosis, code = error.diag, error.pgcode or ""
    said = " ".join(part for part in (diagnosis.message_primary, diagnosis.message_detail) if part)
    kind = _TYPES.get(code, "CONSTRAINT_ERROR" if code.startswith(("23", "44", "P0")) else "VALIDATION_ERROR")
    return Refusal(row_id, kind, diagnosis.column_name, diagnosis.constraint_name or said, said)


def _one(cursor: extensions.cursor) -> tuple[Any, ...]:
    row = cursor.fetchone()
    if row is None:
        raise RuntimeError("a query that always gives a row gave none")
    return row
