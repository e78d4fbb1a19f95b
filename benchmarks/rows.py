"""The table every contestant reads: eleven columns, some 345 bytes of JSON a row, made from the row's number.

A row changes by its revision: a change of 1 % raises the revision of every hundredth row, so that every page has some.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from glsync.standin.rows import row_id

APP, TOKEN, TABLE = "benchmark", "token-of-the-benchmark", "native-table-benchmark"

COLUMNS = [
    ("Name", "Name", "string", "name", "text"),
    ("prc01", "Price", "number", "price", "numeric(14,2)"),
    ("qty01", "Quantity", "number", "quantity", "integer"),
    ("act01", "Active", "boolean", "active", "boolean"),
    ("mad01", "Made", "date-time", "made_at", "timestamptz"),
    ("chg01", "Changed", "date-time", "changed_at", "timestamptz"),
    ("mai01", "Mail", "email-address", "mail", "text"),
    ("img01", "Photo", "image-uri", "photo", "text"),
    ("not01", "Notes", "string", "notes", "text"),
    ("ext01", "Extra", "json", "extra", "jsonb"),
]
"""Glide id, Glide name, data type, Postgres column, Postgres type; besides them every row has its row id."""

_START = datetime(2025, 1, 1, tzinfo=UTC)
_COLOURS = ("red", "green", "blue", "black", "white")
_NOTES = ("kept in the dry store", 'the "small" box\nof two', "for the shop 🛒 only", "ordered once a month", "—")


def key(number: int) -> str:
    return row_id("benchmark", number)


def quantity(number: Any, revision: Any) -> Any:
    return (number * 7919 + revision * 13) % 1000


def cents(number: Any, revision: Any) -> Any:
    return (number * 104_729 + revision * 101) % 10_000_000


def seconds(number: Any, revision: Any) -> Any:
    """After the start of 2025; a revision is a day."""
    return number * 37 % 31_536_000 + revision * 86_400


def changing(number: int, revision: int) -> dict[str, Any]:
    """The cells a revision changes."""
    return {
        "prc01": cents(number, revision) / 100,
        "qty01": quantity(number, revision),
        "chg01": _moment(seconds(number, revision)),
    }


def row(number: int, revision: int = 0) -> dict[str, Any]:
    return {
        "$rowID": key(number),
        "Name": f"Product {number} of the {_COLOURS[number % 5]} shelf",
        "act01": number % 3 == 0,
        "mad01": _moment(seconds(number, 0)),
        "mai01": f"buyer{number}@example.com",
        "img01": f"https://images.example.com/{number % 977}/{number}.jpg",
        "not01": f"{_NOTES[number % 5]}, row {number}",
        "ext01": {"size": number % 40, "tags": ["new", _COLOURS[number % 5]]},
        **changing(number, revision),
    }


def encoded(count: int) -> Iterator[tuple[str, bytes]]:
    """(row id, JSON) of every row in its first revision."""
    encode = msgspec.json.Encoder().encode
    for number in range(count):
        made = row(number)
        yield made["$rowID"], encode(made)


class Revisions:
    """Which revision each row has by now."""

    def __init__(self, count: int) -> None:
        self.numbers = np.arange(count, dtype=np.int64)
        self.of: npt.NDArray[np.int64] = np.zeros(count, np.int64)
        self._changes = 0

    def change_one_percent(self) -> dict[str, dict[str, Any]]:
        """Every hundredth row goes on by one revision: row id -> its changed cells."""
        changed = self.numbers[self._changes % 100 :: 100]
        self.of[changed] += 1
        self._changes += 1
        return {key(number): changing(number, self.of[number].item()) for number in changed.tolist()}

    def sums(self) -> tuple[int, int, int, int, int]:
        """What SUMS must say: rows, quantity, cents, active rows, seconds of the last change."""
        numbers, of = self.numbers, self.of
        return (
            len(numbers),
            int(quantity(numbers, of).sum()),
            int(cents(numbers, of).sum()),
            int((numbers % 3 == 0).sum()),
            int(seconds(numbers, of).sum()),
        )


SUMS = """
    select count(*), sum(quantity), sum(price) * 100, count(*) filter (where active),
        sum(extract(epoch from changed_at - '2025-01-01 00:00:00+00'))
    from {table}
"""
"""The same of a stored table."""

CONTENT = """
    select sum(hashtextextended(row(glide_row_id, name, price::numeric(14,2), quantity, active, made_at, changed_at,
        mail, photo, notes, extra::jsonb)::text, 0)) from {table}
"""
"""One number for every cell of a table: the same for all contestants, or somebody stored something else."""


def _moment(after: int) -> str:
    return (_START + timedelta(seconds=after)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
