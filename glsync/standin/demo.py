"""The app "Demo Wholesale": a wholesaler's twelve tables, blanks and slips included, the same every time.

About forty cells cannot be stored as what their column says, one row refers to nothing; `mess.py` lists them.
"""

from __future__ import annotations

from typing import Any

from glsync.standin.demo_rows import rows_of
from glsync.standin.demo_tables import DEMO_APP_ID, DEMO_APP_NAME, DEMO_TOKEN, TABLES

__all__ = ["DEMO_APP_ID", "DEMO_APP_NAME", "DEMO_TOKEN", "TABLES", "demo_fixture", "demo_mappings"]


def demo_fixture() -> dict[str, Any]:
    """The whole app in fixture form."""
    tables = [table.fixture(rows_of(name)) for name, table in TABLES.items()]
    return {"apps": [{"id": DEMO_APP_ID, "name": DEMO_APP_NAME, "tokens": [DEMO_TOKEN], "tables": tables}]}


def demo_mappings(connection: str = DEMO_APP_NAME) -> list[dict[str, Any]]:
    """The mappings of all tables onto public.gl_*, parents before children as far as they form no circle."""
    return [table.mapping(connection) for table in TABLES.values()]
