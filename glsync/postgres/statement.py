"""The only place where SQL text meets a name that a user chose."""

from __future__ import annotations

from collections.abc import Iterable

from psycopg2 import sql

from glsync import statements


def statement(name: str, **parts: sql.Composable) -> sql.Composed:
    """sql/queries/<name>.sql with every {part} filled in."""
    return sql.SQL(statements.text(name)).format(**parts)


def names(columns: Iterable[str], prefix: str | None = None) -> sql.Composed:
    """Columns quoted as names with commas between, each behind `prefix.` when there is one."""
    return sql.SQL(", ").join(column(name, prefix) for name in columns)


def column(name: str, prefix: str | None = None) -> sql.Composable:
    return sql.Identifier(prefix, name) if prefix else sql.Identifier(name)
