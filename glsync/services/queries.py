"""How services read and write: sessions, and sql/queries/<name>.sql run with values for its %(names)s.

A {word} in a statement stands for the text of sql/queries/<word>.sql, so that a filter is written once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from typing import Any

from psycopg2 import extensions
from sqlalchemy import CursorResult
from sqlmodel import Session

from glsync import statements
from glsync.config import settings
from glsync.store import db

Row = dict[str, Any]


@contextmanager
def reading() -> Iterator[Session]:
    """A session for a screen: no statement takes longer than GLSYNC_PAGE_TIMEOUT."""
    with db.session(timeout=settings().page_timeout) as session:
        yield session


def writing() -> AbstractContextManager[Session]:
    """A session for a command: committed at the end of its `with`, rolled back by an exception."""
    return db.session()


def driver(session: Session) -> extensions.connection:
    """The driver's own connection below this session's transaction."""
    found = session.connection().connection.driver_connection
    assert isinstance(found, extensions.connection)
    return found


def rows(session: Session, query: str, /, **values: Any) -> list[Row]:
    """All rows of a query, each as column -> value."""
    return [dict(row) for row in _run(session, query, values).mappings()]


def one(session: Session, query: str, /, **values: Any) -> Row | None:
    """The first row of a query, None when there is none."""
    found = _run(session, query, values).mappings().first()
    return None if found is None else dict(found)


def scalar(session: Session, query: str, /, **values: Any) -> Any:
    """The first column of the first row of a query."""
    return _run(session, query, values).scalar()


def changed(session: Session, query: str, /, **values: Any) -> int:
    """Run a writing statement; how many rows it wrote."""
    return _run(session, query, values).rowcount


def _run(session: Session, query: str, values: Row) -> CursorResult[Any]:
    return session.connection().exec_driver_sql(_statement(query), values)


@cache
def _statement(query: str) -> str:
    return re.sub(r"\{(\w+)\}", lambda part: _statement(part[1]), statements.text(query))
