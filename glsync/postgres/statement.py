"""The only place where SQL text meets a name that a user chose."""

from __future__ import annotations

from collections.abc import Iterable

from psycopg2 import sql

from glsync import statements


def statement(name: str, **parts: sql.Composable) -> sql.Composed:
    """sql/queries/<name>.sql with every {part} filled in. In one that takes parameters, no name is taken for one."""
    text = statements.text(name)
    if "%(" in text:
        parts = {part: _beside_parameters(filled) for part, filled in parts.items()}
    return sql.SQL(text).format(**parts)


def _beside_parameters(part: sql.Composable) -> sql.Composable:
    """The same with each percent sign of a name doubled, as the driver wants it beside parameters."""
    match part:
        case sql.Composed():
            return sql.Composed([_beside_parameters(each) for each in part.seq])
        case sql.Identifier():
            return sql.Identifier(*(name.replace("%", "%%") for name in part.strings))
        case sql.Literal() if isinstance(part.wrapped, str):
            return sql.Literal(part.wrapped.replace("%", "%%"))
    return part


def names(columns: Iterable[str], prefix: str | None = None) -> sql.Composed:
    """Columns quoted as names with commas between, each behind `prefix.` when there is one."""
    return sql.SQL(", ").join(column(name, prefix) for name in columns)


def column(name: str, prefix: str | None = None) -> sql.Composable:
    return sql.Identifier(prefix, name) if prefix else sql.Identifier(name)
