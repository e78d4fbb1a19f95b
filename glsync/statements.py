"""SQL kept as SQL: the statements in sql/queries, read once."""

from __future__ import annotations

from functools import cache
from pathlib import Path

SQL = Path(__file__).resolve().parent.parent / "sql"


@cache
def text(name: str) -> str:
    """sql/queries/<name>.sql as it stands."""
    return (SQL / "queries" / f"{name}.sql").read_text(encoding="utf-8")
