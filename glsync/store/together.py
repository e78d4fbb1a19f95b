"""A transaction whose statements travel together: a page is a dozen of them, and the database may be 50 ms away."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from psycopg2 import extensions

from glsync.store import db


class Together(extensions.cursor):
    """Statements wait until an answer is asked for, or a COPY begins; then all go in one round trip, in their order.

    An error of a statement is raised there too.
    """

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._waiting: list[bytes] = []

    def execute(self, query: Any, vars: Any = None) -> None:
        self._waiting.append(self.mogrify(query, vars))

    def send(self) -> None:
        if self._waiting:
            statements, self._waiting = b"\n;\n".join(self._waiting), []
            super().execute(statements)

    def fetchone(self) -> tuple[Any, ...] | None:
        self.send()
        return super().fetchone()

    def fetchall(self) -> list[tuple[Any, ...]]:
        self.send()
        return super().fetchall()

    @property
    def rowcount(self) -> int:
        self.send()
        return super().rowcount

    def copy_expert(self, *given: Any, **named: Any) -> None:
        self.send()
        super().copy_expert(*given, **named)


@contextmanager
def transaction(connection: extensions.connection) -> Iterator[Together]:
    """As `db.transaction`; what still waits is sent before the commit."""
    with db.wrapped(), connection, connection.cursor(cursor_factory=Together) as cursor:
        yield cursor
        cursor.send()
