"""A database that is asked in SQL, and a mapping in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from tests.database import Database

ROW_ID = {"$rowID": {"glide_column_name": "$rowID", "supabase_column_name": "glide_row_id", "data_type": "string"}}


def pair(name: str, column: str, data_type: str = "string", **more: str) -> dict[str, Any]:
    """A Glide column paired with a Postgres column, as column_mappings holds it."""
    return {
        name: {"glide_column_name": name, "supabase_column_name": column, "data_type": data_type, **more},
    }


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


@pytest.fixture
def connection(db: Database) -> SimpleNamespace:
    return db.add("gl_connections", app_id="app-1", app_name="Shop")


@pytest.fixture
def mapping(db: Database, connection: SimpleNamespace) -> SimpleNamespace:
    """Products of the shop, mapped well; one product is there."""
    db.add("gl_products", vendor_product_name="Pen")
    return db.add(
        "gl_mappings",
        connection_id=connection.id,
        glide_table="native-table-products",
        glide_table_display_name="Products",
        supabase_table="gl_products",
        column_mappings=ROW_ID | pair("Name", "vendor_product_name"),
    )
