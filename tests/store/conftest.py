"""Asking a database in SQL, as its owner or as a person."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import psycopg2
import psycopg2.extras
import pytest

psycopg2.extras.register_uuid()


class Database:
    """One connection, each statement its own transaction. Calling it gives rows whose columns are attributes."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.connection = psycopg2.connect(url, cursor_factory=psycopg2.extras.DictCursor)
        self.connection.autocommit = True

    def __call__(self, statement: str, *values: Any) -> list[SimpleNamespace]:
        with self.connection.cursor() as cursor:
            cursor.execute(statement, [_adapted(value) for value in values] or None)
            return [SimpleNamespace(**row) for row in cursor.fetchall()] if cursor.description else []

    def one(self, statement: str, *values: Any) -> Any:
        """The only value of the only row."""
        (row,) = self(statement, *values)
        (value,) = vars(row).values()
        return value

    def add(self, table: str, **values: Any) -> SimpleNamespace:
        """Insert a row, and get all of it back."""
        columns, marks = ", ".join(values), ", ".join(["%s"] * len(values))
        (row,) = self(f"insert into {table} ({columns}) values ({marks}) returning *", *values.values())
        return row

    @contextmanager
    def acting_as(self, role: str, person: str | None = None) -> Iterator[None]:
        """What PostgREST does for a signed-in person: their role and their claims."""
        claims = psycopg2.extras.Json({"sub": person, "role": role}) if person else None
        self(f"set role {role}")
        self("select set_config('request.jwt.claims', %s, false)", claims.dumps(claims.adapted) if claims else "")
        try:
            yield
        finally:
            self("reset role")
            self("reset request.jwt.claims")


def _adapted(value: Any) -> Any:
    return psycopg2.extras.Json(value) if isinstance(value, dict) else value


@pytest.fixture
def open_database() -> Iterator[Callable[[str], Database]]:
    opened: list[Database] = []

    def open_it(url: str) -> Database:
        opened.append(Database(url))
        return opened[-1]

    yield open_it
    for database in opened:
        database.connection.close()


@pytest.fixture
def db(database_url: str, open_database: Callable[[str], Database]) -> Database:
    return open_database(database_url)


ROW_ID = {"$rowID": {"glide_column_name": "$rowID", "supabase_column_name": "glide_row_id", "data_type": "string"}}


def pair(name: str, column: str, data_type: str = "string", **more: str) -> dict[str, Any]:
    """A Glide column paired with a Postgres column, as column_mappings holds it."""
    return {
        name: {"glide_column_name": name, "supabase_column_name": column, "data_type": data_type, **more},
    }


@pytest.fixture
def connection(db: Database) -> SimpleNamespace:
    return db.add("gl_connections", app_id="app-1", app_name="Shop")


@pytest.fixture
def mapping(db: Database, connection: SimpleNamespace) -> SimpleNamespace:
    """Products of the shop, mapped well."""
    db.add("gl_products", vendor_product_name="Pen")
    return db.add(
        "gl_mappings",
        connection_id=connection.id,
        glide_table="native-table-products",
        glide_table_display_name="Products",
        supabase_table="gl_products",
        column_mappings=ROW_ID | pair("Name", "vendor_product_name"),
    )
