"""A stand-in Glide with one table of items, a Postgres table for them, and runs between the two.

world.glide_has(a={"Name": "pen"})      an editor in Glide changes the table: rows by id, None deletes
report = world.sync()
world.in_postgres()                     {"a": {"name": "pen", ...}}
"""

from __future__ import annotations

import json
from decimal import Decimal
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit
from uuid import UUID

import psycopg2
import pytest
from psycopg2 import extras

from glsync import sync
from glsync.config import settings
from glsync.standin import StandIn
from glsync.store import db, secrets
from glsync.values import Plan, RunReport

APP, TOKEN, TABLE = "shop", "token-of-the-shop", "native-table-items"

COLUMNS = [
    ("Name", "Name", "string", "name", "text"),
    ("prc00", "Price", "number", "price", "numeric"),
    ("qty00", "Quantity", "number", "quantity", "integer"),
    ("act00", "Active", "boolean", "active", "boolean"),
    ("ord00", "Ordered", "dateTime", "ordered_at", "timestamptz"),
    ("day00", "Day", "date", "day", "date"),
    ("mail0", "Mail", "emailAddress", "mail", "text"),
    ("img00", "Photo", "imageURI", "photo", "text"),
    ("json0", "Extra", "json", "extra", "jsonb"),
]
"""Glide id, Glide name, Glide type, Postgres column, Postgres type."""


class World:
    def __init__(self, database: str, monkeypatch: pytest.MonkeyPatch, kind: str = "glide") -> None:
        self.glide = StandIn(fixture=self._fixture(kind))
        monkeypatch.setenv("GLSYNC_ALLOWED_GLIDE_HOSTS", urlsplit(self.glide.url).netloc)
        settings.cache_clear()
        self.connection = psycopg2.connect(database)
        self.connection.autocommit = True
        self.approve: str | None = None

    def __enter__(self) -> Self:
        self.glide.start()
        columns = ", ".join(f"{column} {type_}" for *_, column, type_ in COLUMNS)
        self.sql(
            f"""create table public.items (id uuid primary key default gen_random_uuid(), glide_row_id text unique,
                {columns}, deleted_at timestamptz, created_at timestamptz not null default now(),
                updated_at timestamptz not null default now())"""
        )
        self.connection_id = self._connect()
        self.mapping_id = self.map()
        return self

    def __exit__(
        self, type: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.connection.close()
        self.glide.stop()

    # Glide

    def glide_has(self, **rows: dict[str, Any] | None) -> None:
        """Set these rows, add those that are new, delete those that are None."""
        there = self.glide.rows(TABLE)
        self.glide.edit(
            TABLE,
            add=[{"$rowID": key, **cells} for key, cells in rows.items() if cells is not None and key not in there],
            set={key: cells for key, cells in rows.items() if cells is not None and key in there},
            delete=[key for key, cells in rows.items() if cells is None],
        )

    def glide_has_many(self, count: int, start: int = 0) -> None:
        self.glide.edit(TABLE, add=[self.row(number) for number in range(start, start + count)])

    def glide_has_table(self, id: str, **rows: dict[str, Any]) -> None:
        """One more table with the columns of items."""
        like = self.glide.state.named(TABLE)
        self.glide.state.add_table(APP, id, id, like.kind, like.columns.values())
        self.glide.edit(id, add=[{"$rowID": key, **cells} for key, cells in rows.items()])

    def glide_loses(self, count: int) -> None:
        """Somebody deletes the first rows."""
        self.glide.edit(TABLE, delete=list(self.glide.rows(TABLE))[:count])

    def glide_spent(self) -> Decimal:
        """Updates, by Glide's own meter."""
        return Decimal(self.glide.usage(APP)["updates"])

    @staticmethod
    def row(number: int) -> dict[str, Any]:
        return {
            "$rowID": f"r{number:06}", "Name": f"Item {number}", "prc00": number / 4, "qty00": number % 1000,
            "act00": number % 2 == 0, "ord00": "2026-01-02T03:04:05.678Z", "mail0": f"m{number}@example.com",
        }  # fmt: skip

    # Runs

    def map(self, **changes: Any) -> UUID:
        """The mapping of the items table; changes replace its columns in gl_mappings."""
        row = {
            "connection_id": str(self.connection_id),
            "name": "items",
            "glide_table": TABLE,
            "glide_table_display_name": "Items",
            "supabase_table": "items",
            "column_mappings": json.dumps(self.column_mappings()),
        } | changes
        found = self.sql(
            f"insert into gl_mappings ({', '.join(row)}) values ({', '.join(['%s'] * len(row))}) returning id",
            *row.values(),
        )
        return UUID(str(found[0]["id"]))

    json = staticmethod(json.dumps)

    def change_mapping(self, **changes: Any) -> None:
        for column, value in changes.items():
            self.sql(f"update gl_mappings set {column} = %s where id = %s", value, str(self.mapping_id))

    @staticmethod
    def column_mappings() -> dict[str, dict[str, str]]:
        from glsync.engine.types import kind_of

        pairs = {
            "$rowID": {"glide_column_name": "$rowID", "supabase_column_name": "glide_row_id", "data_type": "string"}
        }
        for glide_id, name, type_, column, _ in COLUMNS:
            pairs[glide_id] = {
                "glide_column_name": name,
                "supabase_column_name": column,
                "data_type": str(kind_of(type_)),
            }
        return pairs

    def new_log(self, **changes: Any) -> UUID:
        row = {"mapping_id": str(self.mapping_id), "status": "started", "trigger": "manual"} | changes
        found = self.sql(
            f"insert into gl_sync_logs ({', '.join(row)}) values ({', '.join(['%s'] * len(row))}) returning id",
            *row.values(),
        )
        return UUID(str(found[0]["id"]))

    run = staticmethod(sync.run)

    def sync(self, **log: Any) -> RunReport:
        return sync.run(self.new_log(**log))

    def plan(self) -> Plan:
        return sync.plan(self.mapping_id)

    # Postgres

    def sql(self, statement: str, *values: Any) -> list[dict[str, Any]]:
        with self.connection.cursor(cursor_factory=extras.RealDictCursor) as cursor:
            cursor.execute(statement, values or None)
            return [dict(row) for row in cursor.fetchall()] if cursor.description is not None else []

    def in_postgres(self) -> dict[str, dict[str, Any]]:
        rows = self.sql("select * from public.items")
        return {row.pop("glide_row_id"): row for row in rows}

    def names(self) -> dict[str, str | None]:
        """Row id -> name of what Postgres holds and has not marked as deleted."""
        return {id: row["name"] for id, row in self.in_postgres().items() if row["deleted_at"] is None}

    def versions(self) -> dict[str, str]:
        """Row id -> the transaction that wrote the row last, so that a row left alone can be told."""
        return {row["id"]: row["v"] for row in self.sql("select glide_row_id as id, xmin::text as v from public.items")}

    def grace_is_over(self) -> None:
        """Let the time pass that a row may be away."""
        self.sql("update glsync.absent_rows set missing_since = missing_since - interval '1 hour'")

    def log(self, report: RunReport) -> dict[str, Any]:
        return self.sql("select * from gl_sync_logs where id = %s", str(report.log_id))[0]

    def last_log(self) -> dict[str, Any]:
        return self.sql("select * from gl_sync_logs order by started_at desc limit 1")[0]

    def errors(self) -> list[dict[str, Any]]:
        return self.sql("select * from gl_sync_errors where resolved_at is null order by glide_row_id, column_name")

    def _connect(self) -> UUID:
        urls = {
            "classic_url": self.glide.classic_url,
            "rest_url": self.glide.rest_url,
            "bigtables_url": self.glide.bigtables_url,
        }
        found = self.sql(
            "insert into gl_connections (name, app_id, settings) values ('shop', %s, %s) returning id, workspace_id",
            APP,
            json.dumps(urls),
        )[0]
        with db.connect("test") as connection:
            sealed = secrets.encrypt(
                connection, UUID(str(found["workspace_id"])), UUID(str(found["id"])), "api_key", TOKEN
            )
        self.sql("update gl_connections set api_key = %s where id = %s", sealed, found["id"])
        return UUID(str(found["id"]))

    @staticmethod
    def _fixture(kind: str) -> dict[str, Any]:
        columns = [{"id": glide_id, "name": name, "type": type_} for glide_id, name, type_, *_ in COLUMNS]
        table = {"id": TABLE, "name": "Items", "kind": kind, "columns": columns, "rows": []}
        return {"apps": [{"id": APP, "name": "Shop", "tokens": [TOKEN], "tables": [table]}]}
