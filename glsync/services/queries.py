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
from glsync.services.access import Actor
from glsync.store import db

Row = dict[str, Any]

CALL_SECONDS = 30.0
"""The longest a statement of a call may take that comes from nobody we know yet."""


def reading(actor: Actor) -> AbstractContextManager[Session]:
    """A session for a screen, with the rights of its reader: no statement takes longer than GLSYNC_PAGE_TIMEOUT."""
    return db.session(claims=actor.claims, timeout=settings().page_timeout)


def writing(actor: Actor) -> AbstractContextManager[Session]:
    """A session for a command, with the rights of its giver: committed at its end, rolled back by an exception."""
    return db.session(claims=actor.claims)


def unrestricted(*, timeout: float | None = None) -> AbstractContextManager[Session]:
    """A session with the machinery's rights, for what comes before anybody is known and for what belongs to nobody.

    It sees every workspace: each use says why it needs that.
    """
    return db.session(timeout=timeout)


@contextmanager
def stepped_up(session: Session) -> Iterator[None]:
    """Inside, a person's session has the machinery's rights: to seal and open keys, and to shape tables of the user's.

    What was changed before is written with the person's rights, what is changed inside with the machinery's.
    """
    session.flush()
    was = session.connection().exec_driver_sql("select current_setting('role')").scalar()
    _take(session, "none")
    try:
        yield
        session.flush()
    finally:
        # a transaction that failed can only be rolled back, and the role with it; a flush that failed has done so
        if session.is_active and driver(session).info.transaction_status != extensions.TRANSACTION_STATUS_INERROR:
            _take(session, str(was))


def _take(session: Session, role: str) -> None:
    session.connection().exec_driver_sql("select set_config('role', %s, true)", (role,))


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
