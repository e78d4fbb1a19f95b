"""Tables that refer to each other: some in Glide, their counterparts in Postgres, a mapping between each two.

family.has("customers", "name text")
family.has("orders", "customer uuid references customers", customer="customers")    a column, whose rows it refers to
family.edit("orders", o1={"customer": "c1"})                                        an editor in Glide: None deletes
family.runs("customers", "orders")
family.links("orders", "customer", "customers")                                     {"o1": "c1"}
"""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest

from glsync import sync
from glsync.standin.columns import column
from glsync.twoway import settle
from glsync.values import RunReport
from tests.world import APP, World

ROW_ID = {"glide_column_name": "$rowID", "supabase_column_name": "glide_row_id", "data_type": "string"}
KINDS = {"text": "string", "integer": "number", "bigint": "number", "boolean": "boolean"}


class Family(World):
    def __init__(self, database: str, monkeypatch: pytest.MonkeyPatch, kind: str = "glide") -> None:
        super().__init__(database, monkeypatch, kind)
        self._kind = kind
        self.ids: dict[str, UUID] = {}
        monkeypatch.setattr(settle, "PAUSES", (0.02, 0.05, 0.1))

    def has(self, name: str, columns: str = "name text", *, mapped: bool = True, **refers: str) -> None:
        """A table on both sides. `columns` is DDL, a comma between two; `refers`: column -> the mapping meant."""
        key = "id uuid primary key default gen_random_uuid(), glide_row_id text unique"
        self.sql(f"create table {name} ({key}, {columns})")
        named = [(part.split()[0], part.split()[1]) for part in columns.split(",")]
        described = [column(c, c, "string" if c in refers else KINDS.get(type_, "string")) for c, type_ in named]
        self.glide_server_has(name, described)
        if mapped:
            self.maps(name, dict(named), **refers)

    def glide_server_has(self, name: str, described: Any) -> None:
        self.glide.state.add_table(APP, f"native-table-{name}", name, self._kind, described)

    def maps(self, name: str, columns: dict[str, str], **refers: str) -> None:
        pairs = {"$rowID": ROW_ID} | {
            c: {
                "glide_column_name": c,
                "supabase_column_name": c,
                "data_type": "string" if c in refers else KINDS.get(type_, "string"),
            }
            | ({"reference": refers[c]} if c in refers else {})
            for c, type_ in columns.items()
        }
        self.ids[name] = self.map(
            name=name,
            glide_table=f"native-table-{name}",
            glide_table_display_name=name,
            supabase_table=name,
            column_mappings=json.dumps(pairs),
        )

    def change(self, name: str, **changes: Any) -> None:
        for what, value in changes.items():
            self.sql(f"update gl_mappings set {what} = %s where id = %s", value, str(self.ids[name]))

    # People

    def glide_of(self, name: str) -> dict[str, dict[str, Any]]:
        return self.glide.rows(f"native-table-{name}")

    def edit(self, name: str, **rows: dict[str, Any] | None) -> None:
        """Set these rows of Glide, add those that are new, delete those that are None."""
        there = self.glide_of(name)
        self.glide.edit(
            f"native-table-{name}",
            add=[{"$rowID": key, **cells} for key, cells in rows.items() if cells is not None and key not in there],
            set={key: cells for key, cells in rows.items() if cells is not None and key in there},
            delete=[key for key, cells in rows.items() if cells is None],
        )

    # Runs

    def begun(self, name: str, **log: Any) -> UUID:
        return self.new_log(mapping_id=str(self.ids[name]), **log)

    def runs(self, *names: str) -> list[RunReport]:
        return [sync.run(self.begun(name)) for name in names]

    def run_of(self, name: str, **log: Any) -> RunReport:
        return sync.run(self.begun(name, **log))

    def begins_anew(self, name: str) -> None:
        """Both tables empty, and nothing remembered of any run."""
        self.sql(f"truncate {name} cascade")
        self.edit(name, **dict.fromkeys(self.glide_of(name)))
        memory = ("base_pages", "base_state", "checkpoints", "absent_rows", "links", "intents", "calls", "history")
        for place in (*(f"glsync.{table}" for table in memory), "public.gl_sync_errors", "public.gl_sync_logs"):
            self.sql(f"delete from {place}")

    # What there is

    def rows(self, name: str) -> dict[str, dict[str, Any]]:
        """Glide's row id -> row of Postgres; rows Glide has not named go by their own id."""
        found = self.sql(f"select * from {name}")
        return {row["glide_row_id"] or str(row["id"]): row for row in found}

    def links(self, name: str, column: str, parent: str, key: str = "id") -> dict[str, str | None]:
        """Row -> the row of the parent that Postgres says it refers to, by Glide's ids."""
        found = self.sql(
            f"""select coalesce(c.glide_row_id, c.id::text) as child, coalesce(p.glide_row_id, p.id::text) as parent
                from {name} as c left join {parent} as p on p.{key} = c.{column}"""
        )
        return {row["child"]: row["parent"] for row in found}

    def troubles(self, name: str) -> list[tuple[str, str, str, str]]:
        """Open errors: (type, row, column, value)."""
        found = self.sql(
            """select error_type, glide_row_id, column_name, value from gl_sync_errors
               where mapping_id = %s and resolved_at is null order by 1, 2, 3""",
            str(self.ids[name]),
        )
        return [tuple(row.values()) for row in found]  # type: ignore[misc]  # four columns

    def spent(self) -> str:
        return str(self.glide.usage(APP)["updates"])
