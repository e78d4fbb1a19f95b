"""How sample apps are described: Glide tables, the Postgres tables they map onto, and both sides' columns."""

from __future__ import annotations

import string
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Any, NamedTuple
from uuid import UUID

from glsync.standin.tables import PREFIX, ROW_ID, Kind

LETTERS = string.ascii_letters + string.digits


class SampleColumn(NamedTuple):
    """A column on both sides: Glide's opaque id and display name, the Postgres column and its type, the data_type.

    `reference` is the mapping whose rows it refers to.
    """

    id: str
    name: str
    target: str
    data_type: str
    postgres_type: str
    reference: str | None = None


class SampleTable(NamedTuple):
    """A table on both sides. `direction` is the sync_direction of its mapping, `marker` the id of its marker column."""

    id: str
    name: str
    kind: Kind
    target: str
    columns: tuple[SampleColumn, ...]
    direction: str = "to_supabase"
    marker: str | None = None

    def fixture(self, rows: Iterable[dict[str, Any]]) -> dict[str, Any]:
        """The table in fixture form; the rows' keys are the Postgres columns."""
        ids = {column.target: column.id for column in self.columns}
        columns = [{"id": column.id, "name": column.name, "type": column.data_type} for column in self.columns]
        if self.marker:
            columns.append({"id": self.marker, "name": "Sync key", "type": "string"})
        glide_rows = [
            {ROW_ID: row.pop(ROW_ID)} | {ids[target]: cell for target, cell in row.items() if cell is not None}
            for row in rows
        ]
        return {"id": self.id, "name": self.name, "kind": self.kind, "columns": columns, "rows": glide_rows}

    def mapping(self, connection: str) -> dict[str, Any]:
        """The table's mapping, as a mapping file says it."""
        row_id = {"glide_column_name": ROW_ID, "supabase_column_name": "glide_row_id", "data_type": "string"}
        pairs = {
            column.id: {
                "glide_column_name": column.name,
                "supabase_column_name": column.target,
                "data_type": column.data_type,
                **({"reference": column.reference} if column.reference else {}),
            }
            for column in self.columns
        }
        return {
            "name": self.target.removeprefix("public.").removeprefix("gl_"),
            "connection": connection,
            "glide_table": self.id,
            "glide_table_display_name": self.name,
            "supabase_table": self.target,
            "sync_direction": self.direction,
            **({"marker_column": self.marker} if self.marker else {}),
            "column_mappings": {ROW_ID: row_id, **pairs},
        }


def code(*parts: object, length: int = 5) -> str:
    """Letters and digits as Glide makes them up; the same parts give the same code."""
    digest = blake2b("/".join(map(str, parts)).encode(), digest_size=length).digest()
    return "".join(LETTERS[byte % len(LETTERS)] for byte in digest)


def table_id(app: str, name: str, kind: Kind) -> str:
    """A UUID for a Big Table, 20 letters and digits for the others."""
    if kind == "big":
        return PREFIX + str(UUID(bytes=blake2b(f"{app}/{name}".encode(), digest_size=16).digest()))
    return PREFIX + code(app, name, length=20)


def columns(
    table: str, described: Iterable[tuple[str, str, str, str]], references: Mapping[str, str] | None = None
) -> tuple[SampleColumn, ...]:
    """Columns from (Postgres column, display name, data_type, postgres type); Glide calls the first one `Name`.

    `references`: Postgres column -> the mapping it refers to.
    """
    return tuple(
        SampleColumn(
            "Name" if number == 0 else code(table, target),
            name,
            target,
            data_type,
            postgres_type,
            (references or {}).get(target),
        )
        for number, (target, name, data_type, postgres_type) in enumerate(described)
    )
