"""Helpers for tests that speak SQL: servers of their own, databases by URL, a connection that acts as a person."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import psycopg2
import psycopg2.extras

SAFETY_OFF = ("fsync", "synchronous_commit", "full_page_writes")
"""What makes a commit survive a power cut; tests do not need to."""


def fast_folder() -> Path:
    """In memory where there is room: a clone of a database is 500 small files, ten times slower on a disk."""
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).total >= 2 * 2**30
    return memory if roomy else Path(tempfile.gettempdir())


def start_server(home: Path) -> str:
    """An embedded server in `home`, careless about power cuts; the URL of its first database."""
    from glsync.embedded import Embedded

    url = Embedded(home).start()
    for setting in SAFETY_OFF:
        run_sql(url, f"alter system set {setting} = off")
    run_sql(url, "select pg_reload_conf()")
    return url


def stop_server(home: Path) -> None:
    from glsync.embedded import Embedded

    Embedded(home).stop()
    shutil.rmtree(home)


def on_database(url: str, name: str, user: str | None = None) -> str:
    """The same server's URL for another database, and another user."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return parts._replace(path=f"/{name}", netloc=f"{user}@{host}" if user else parts.netloc).geturl()


def run_sql(url: str, statement: str) -> list[tuple[Any, ...]]:
    """One statement in its own transaction, its rows if it has any."""
    connection = psycopg2.connect(url)
    psycopg2.extras.register_uuid(conn_or_curs=connection)  # theirs alone: connections of the product bring ids as text
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description is not None else []
    finally:
        connection.close()


class Database:
    """One connection, each statement its own transaction. Calling it gives rows whose columns are attributes."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.connection = psycopg2.connect(url, cursor_factory=psycopg2.extras.DictCursor)
        psycopg2.extras.register_uuid(conn_or_curs=self.connection)
        self.connection.autocommit = True

    def __call__(self, statement: str, *values: Any) -> list[SimpleNamespace]:
        with self.connection.cursor() as cursor:
            cursor.execute(statement, [_adapted(value) for value in values] or None)
            return [SimpleNamespace(**row) for row in cursor.fetchall()] if cursor.description is not None else []

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
        claims = f'{{"sub": "{person}", "role": "{role}"}}' if person else ""
        self(f"set role {role}")
        self("select set_config('request.jwt.claims', %s, false)", claims)
        try:
            yield
        finally:
            self("reset role")
            self("reset request.jwt.claims")


def _adapted(value: Any) -> Any:
    return psycopg2.extras.Json(value) if isinstance(value, dict) else value
