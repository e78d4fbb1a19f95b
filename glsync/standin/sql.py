"""The SQL the official client writes, run over one table.

SELECT * FROM "table" [WHERE "column" op value [AND|OR ...]] [ORDER BY "column" [ASC|DESC]] [LIMIT n]

op is < <= = != >= > or IS [NOT] NULL; a value is a number, a text in single quotes, true, false, another column in
double quotes, or $n for the n-th of the params. AND binds before OR. Anything else is refused.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Any

import msgspec

from glsync.standin.replies import Refused
from glsync.standin.settings import Settings
from glsync.standin.tables import ROW_ID, Table

Row = dict[str, Any]
Test = Callable[[Row], bool]
Value = Callable[[Row], Any]

TOKEN = re.compile(
    r"""\s*(?: "(?P<name>(?:[^"]|"")*)" | '(?P<text>(?:[^']|'')*)' | \$(?P<param>\d+)
         | (?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?) | (?P<word>[A-Za-z]+) | (?P<sign><=|>=|!=|<>|[<>=*;]) )""",
    re.VERBOSE,
)
COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt, "<=": operator.le, "=": operator.eq, "!=": operator.ne, "<>": operator.ne,
    ">=": operator.ge, ">": operator.gt,
}  # fmt: skip


class Select(msgspec.Struct):
    """A parsed query. `row_id` is set when only one row can match."""

    test: Test | None = None
    row_id: str | None = None
    order: tuple[str, bool] | None = None
    limit: int | None = None


def run(table: Table, sql: str, params: list[Any], settings: Settings) -> list[bytes]:
    """The rows the query finds, in its order.

    Raises:
        Refused: the text is not the SQL above, or names something the table has not.
    """
    asked = Parser(table, sql, params, settings).select()
    if asked.row_id is not None:
        found = table.rows.get(asked.row_id)
        rows = [] if found is None else [found]
    else:
        rows = table.rows.all()
        if asked.test is not None:
            rows = [row for row in rows if asked.test(msgspec.json.decode(row))]
    if asked.order is not None:
        rows = _ordered(rows, *asked.order)
    return rows if asked.limit is None else rows[: asked.limit]


def refused_table(settings: Settings) -> Refused:
    """The words by which the official client knows that it must read everything instead."""
    return Refused(settings.refused_sql_status, "SQL queries only supported for queryable data sources")


class Parser:
    """Reads the text once, from left to right."""

    def __init__(self, table: Table, sql: str, params: list[Any], settings: Settings) -> None:
        self._table, self._params, self._settings = table, params, settings
        self._tokens = self._split(sql)
        self._at = 0

    def select(self) -> Select:
        asked = Select()
        self._expect("SELECT", "*", "FROM")
        kind, name = self._next()
        if kind != "name" or not self._table.answers_to(name):
            raise self._refuse(f"relation {name!r} does not exist")
        if self._take("WHERE"):
            asked.test, asked.row_id = self._condition()
        if self._take("ORDER"):
            self._expect("BY")
            column = self._column(*self._next())
            descending = self._take("DESC")
            if not descending:
                self._take("ASC")
            asked.order = (column, descending)
        if self._take("LIMIT"):
            asked.limit = self._whole_number()
        self._take(";")
        if self._at < len(self._tokens):
            raise self._refuse(f"syntax error at {self._tokens[self._at][1]!r}")
        return asked

    def _condition(self) -> tuple[Test, str | None]:
        either: list[list[Test]] = []
        begun = self._at
        row_id = self._only_row_id()
        self._at = begun
        while True:
            both = [self._predicate()]
            while self._take("AND"):
                both.append(self._predicate())
            either.append(both)
            if not self._take("OR"):
                break
        return lambda row: any(all(test(row) for test in both) for both in either), row_id

    def _only_row_id(self) -> str | None:
        """The id, when the condition is exactly `"$rowID" = value`."""
        if self._next() != ("name", ROW_ID) or self._next() != ("sign", "="):
            return None
        value = self._value()({})
        stops = self._at == len(self._tokens) or self._tokens[self._at][1].upper() in ("ORDER", "LIMIT", ";")
        return value if stops and isinstance(value, str) else None

    def _predicate(self) -> Test:
        column = self._column(*self._next())
        if self._take("IS"):
            wanted = not self._take("NOT")
            self._expect("NULL")
            return lambda row: (row.get(column) is None) == wanted
        kind, sign = self._next()
        if kind != "sign" or sign not in COMPARE:
            raise self._refuse(f"syntax error at {sign!r}")
        compare, value = COMPARE[sign], self._value()
        return lambda row: _compared(compare, row.get(column), value(row))

    def _value(self) -> Value:
        kind, text = self._next()
        constant: Any = text
        match kind:
            case "name":
                column = self._column(kind, text)
                return lambda row: row.get(column)
            case "param":
                if not 0 < int(text) <= len(self._params):
                    raise self._refuse(f"there is no parameter ${text}")
                constant = self._params[int(text) - 1]
            case "number":
                constant = float(text) if set(text) & set(".eE") else int(text)
            case "word" if text.upper() in ("TRUE", "FALSE", "NULL"):
                constant = {"TRUE": True, "FALSE": False, "NULL": None}[text.upper()]
            case "text":
                pass
            case _:
                raise self._refuse(f"syntax error at {text!r}")
        return lambda _: constant

    def _column(self, kind: str, name: str) -> str:
        if kind != "name" or (name != ROW_ID and name not in self._table.columns):
            raise self._refuse(f"column {name!r} does not exist")
        return name

    def _whole_number(self) -> int:
        kind, text = self._next()
        if kind == "param" and 0 < int(text) <= len(self._params):
            text = str(self._params[int(text) - 1])
        if not text.isdecimal():
            raise self._refuse(f"{text!r} is not a number of rows")
        return int(text)

    def _next(self) -> tuple[str, str]:
        self._at += 1
        return self._tokens[self._at - 1] if self._at <= len(self._tokens) else ("end", "the end")

    def _take(self, word: str) -> bool:
        """Go past the word if it is next."""
        if self._at < len(self._tokens):
            kind, text = self._tokens[self._at]
            if kind in ("word", "sign") and text.upper() == word:
                self._at += 1
                return True
        return False

    def _expect(self, *words: str) -> None:
        for word in words:
            if not self._take(word):
                raise self._refuse(f"syntax error: {word} expected")

    def _split(self, sql: str) -> list[tuple[str, str]]:
        tokens, at, sql = [], 0, sql.rstrip()
        while at < len(sql):
            found = TOKEN.match(sql, at)
            if found is None or found.lastgroup is None:
                raise self._refuse(f"syntax error near {sql[at : at + 20]!r}")
            kind, text = found.lastgroup, found[found.lastgroup]
            quote = {"name": '"', "text": "'"}.get(kind)
            tokens.append((kind, text.replace(quote * 2, quote) if quote else text))
            at = found.end()
        return tokens

    def _refuse(self, message: str) -> Refused:
        return Refused(self._settings.refused_sql_status, message)


def _compared(compare: Callable[[Any, Any], bool], left: Any, right: Any) -> bool:
    """As SQL does: nothing compares with an empty cell; a number and a numeric text compare as numbers."""
    if left is None or right is None:
        return False
    if isinstance(left, int | float) != isinstance(right, int | float):
        try:
            left, right = float(left), float(right)
        except (TypeError, ValueError):
            left, right = str(left), str(right)
    elif type(left) is not type(right) and not isinstance(left, int | float):
        left, right = str(left), str(right)
    return compare(left, right)


def _ordered(rows: list[bytes], column: str, descending: bool) -> list[bytes]:
    """Empty cells come last, first when descending."""

    def key(row: bytes) -> tuple[int, float, str]:
        cell = msgspec.json.decode(row).get(column)
        if cell is None:
            return (2, 0, "")
        return (0, cell, "") if isinstance(cell, int | float) else (1, 0, str(cell))

    return sorted(rows, key=key, reverse=descending)
