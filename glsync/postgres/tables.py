"""The tables a mapping may name: what the catalogue says of them, and the DDL that makes one fit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Mapping as ReadOnly
from typing import Any

from psycopg2 import extensions, sql

from glsync import statements
from glsync.engine import types
from glsync.errors import InvalidInput, NotFound
from glsync.values import ROW_ID_COLUMN, ColumnPair, TableColumn

LONGEST_NAME = 63
"""Bytes of an identifier; Postgres silently cuts longer ones, so two names could become one."""

MARK_COLUMN = "deleted_at"
"""Where a mapping that marks deletes notes the time."""

_KEYS = ("id", "row_key", "table_row_key")
"""Names for the primary key of a table we create; the first that no pair uses."""

_TIMES = ("created_at", "updated_at")


def split(target: str) -> tuple[str, str]:
    """`schema.table` or `table` as (schema, table); the schema is public when left out.

    Raises:
        InvalidInput: not one or two names, or a name Postgres would not keep as it is.
    """
    parts = target.strip().split(".")
    if len(parts) > 2:
        raise InvalidInput(
            f"{target!r} is not the name of a table", hint="Write schema.table, or the table alone for public."
        )
    schema, table = parts if len(parts) == 2 else ("public", parts[0])
    return checked(schema), checked(table)


def checked(name: str) -> str:
    """The name itself, when Postgres would keep it as it is.

    Raises:
        InvalidInput: empty, too long, or with a character no name may hold.
    """
    if not name.strip() or name != name.strip():
        raise InvalidInput(f"{name!r} is not a name: it is empty or has blanks around it", hint="Choose another name.")
    if "\x00" in name or '"' in name or not name.isprintable():
        raise InvalidInput(f"{name!r} holds a character that a name may not hold", hint="Use letters, digits and _.")
    if len(name.encode()) > LONGEST_NAME:
        raise InvalidInput(f"{name!r} is too long for Postgres", hint=f"Use at most {LONGEST_NAME} bytes.")
    return name


def find(connection: extensions.connection, schema: str, table: str) -> list[TableColumn] | None:
    """The columns of a table in their order; None when there is no such table. Views are no tables."""
    found = _rows(connection, "table_columns", schema, table)
    return [_column(*row) for row in found] or None


def _column(name: str, type_name: str, words: Sequence[str] | None, *more: bool) -> TableColumn:
    """A type of the user's own stands among its like only as text, unless it is a list of words."""
    return TableColumn(name, type_name if words is None else types.Enumerated(type_name, words), *more)


def columns(connection: extensions.connection, schema: str, table: str) -> list[TableColumn]:
    """The columns of a table in their order.

    Raises:
        NotFound: there is no such table.
    """
    found = find(connection, schema, table)
    if found is None:
        raise NotFound("table", f"{schema}.{table}", hint="Check the name, or create the table first.")
    return found


def ddl_create(
    connection: extensions.connection, schema: str, table: str, pairs: Iterable[ColumnPair], *, marks: bool = False
) -> str:
    """The statements that create a table for these pairs: a key, glide_row_id, the columns, the two times.

    Row-level security is on from the start: in Supabase a table without it is open to every visitor's key.

    Raises:
        InvalidInput: a name that cannot be used, or two pairs with one column.
    """
    return ddl_create_typed(connection, schema, table, _definitions(pairs), marks=marks)


def ddl_create_typed(
    connection: extensions.connection, schema: str, table: str, wanted: ReadOnly[str, str], *, marks: bool = False
) -> str:
    """`ddl_create` for columns whose Postgres types are given by our own code, never by a person."""
    key = next(name for name in _KEYS if name not in wanted)
    lines = [
        sql.SQL("{} uuid PRIMARY KEY DEFAULT gen_random_uuid()").format(sql.Identifier(key)),
        sql.SQL("{} text UNIQUE").format(sql.Identifier(ROW_ID_COLUMN)),
        *(_definition(name, type_name) for name, type_name in wanted.items()),
        *(
            sql.SQL("{} timestamp with time zone NOT NULL DEFAULT now()").format(sql.Identifier(name))
            for name in _TIMES
            if name not in wanted
        ),
    ]
    if marks and MARK_COLUMN not in wanted:
        lines.append(_definition(MARK_COLUMN, "timestamp with time zone"))
    name = sql.Identifier(checked(schema), checked(table))
    body = sql.SQL(",\n    ").join(lines)
    statements = sql.SQL("CREATE TABLE {0} (\n    {1}\n);\nALTER TABLE {0} ENABLE ROW LEVEL SECURITY;").format(
        name, body
    )
    return statements.as_string(connection)


def ddl_add(connection: extensions.connection, schema: str, table: str, pairs: Iterable[ColumnPair]) -> str:
    """The statement that adds a column for each of these pairs.

    Raises:
        InvalidInput: no pair, a name that cannot be used, or two pairs with one column.
    """
    wanted = _definitions(pairs)
    if not wanted:
        raise InvalidInput("There is no column to add", hint="Every mapped column is already in the table.")
    added = sql.SQL(",\n    ").join(
        sql.SQL("ADD COLUMN {}").format(_definition(name, type_name)) for name, type_name in wanted.items()
    )
    statement = sql.SQL("ALTER TABLE {}\n    {};").format(sql.Identifier(checked(schema), checked(table)), added)
    return statement.as_string(connection)


def _definitions(pairs: Iterable[ColumnPair]) -> dict[str, str]:
    """Column name -> Postgres type, in the order of the pairs, without glide_row_id."""
    wanted: dict[str, str] = {}
    for pair in pairs:
        if pair.column == ROW_ID_COLUMN:
            continue
        if checked(pair.column) in wanted:
            raise InvalidInput(
                f"Two columns are mapped to {pair.column!r}", hint="Give each Glide column a column of its own."
            )
        wanted[pair.column] = types.postgres_type(pair.kind)
    return wanted


def _definition(name: str, type_name: str) -> sql.Composed:
    """One column; the type comes from our own list of kinds, never from a person."""
    return sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(type_name))


def _rows(connection: extensions.connection, query: str, schema: str, table: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statements.text(query), {"schema": schema, "table": table})
        return cursor.fetchall()
