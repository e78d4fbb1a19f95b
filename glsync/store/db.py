"""The way to the database: its URL, sessions for what is ours, plain connections for rows in bulk, errors wrapped once.

with session() as db: ...                        SQLModel over one pool a process; commits at the end
with session(claims=...) as db: ...              the same as a person: the role glsync_app, their claims set
with connect("glsync run") as connection: ...    psycopg2, for COPY and advisory locks; commits or rolls back
with wrapped(): ...                              any driver error inside becomes one of ours
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit
from uuid import UUID

import psycopg2
import psycopg2.extensions
import psycopg2.extras

from glsync import statements
from glsync.config import settings
from glsync.errors import (
    ConfigError,
    DatabaseError,
    DatabaseUnavailable,
    InvalidInput,
    PermissionMissing,
    SyncError,
)
from glsync.redaction import never_show
from glsync.store import pooler

if TYPE_CHECKING:  # SQLAlchemy and SQLModel take half a second: whoever only moves rows does without
    import sqlalchemy
    from sqlalchemy import Engine
    from sqlmodel import Session

Connection = psycopg2.extensions.connection

psycopg2.extensions.register_adapter(UUID, psycopg2.extras.UUID_adapter)  # ids go in as they are, and come out as text

SUPABASE_HOSTS = (".supabase.co", ".supabase.com")
KEEPALIVE: dict[str, Any] = {"keepalives": 1, "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}
CONNECT_SECONDS = 10
STEADY = {
    "quote_all_identifiers": "off",
    "transform_null_equals": "off",
    "extra_float_digits": "1",
    "default_transaction_isolation": "read committed",
    "statement_timeout": "0",
    "lock_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "idle_session_timeout": "0",
}
"""What our statements mean and how long they take does not depend on settings of a database or a role. Supabase, for
one, ends every statement of its role postgres after two minutes. Pages set a limit of their own."""
STEADY_SINCE_17 = {"transaction_timeout": "0"}
LEAST_PASSWORD = 10
LOCK_SECONDS = 15.0
"""A person waits no longer than this for what somebody else is changing."""

_PASSING = ("08", "53", "57P0", "40001", "40P01", "55P03")
"""SQLSTATEs that pass: no connection, no room, shutting down, serialisation, deadlock, a lock not to be had."""
_ABSENT = ("42P01", "3F000", "42883")
_NO_ANSWER = ("OperationalError", "InterfaceError", "DatabaseError", "TimeoutError", "PoolTimeout")
"""Without an SQLSTATE, which whatever a server says carries; a server that restarts leaves a plain DatabaseError."""
_REFUSALS = ("authentication failed", "no password supplied", "no pg_hba.conf entry", "not found", "does not exist")
_BUSY = "It may be busy; try again in a moment."
WITHOUT_ROLE = (
    "An administrator of the database runs: create role glsync_app nologin; create role glsync_worker nologin; "
    "grant glsync_app, glsync_worker to <the user we connect as>; and then we run: select glsync.grant_access();"
)
_READ_ONLY = (
    "It is a standby or set to read only, as Supabase sets a project whose disk is full: make room, then run again."
)
_MIGRATE = "Run python -m glsync migrate."
_MIGRATE_AFTER_UPDATE = "If the program is newer than its tables, run python -m glsync migrate; else see the message."
_UNSTORABLE = "A name or text holds a character that Postgres cannot store: NUL, or half of a surrogate pair"
_RETYPE = "Type it again instead of pasting it."
_WHO = "Check user, password and database in GLSYNC_DATABASE_URL; special characters must be percent-encoded."


@cache
def database_url() -> str:
    """The URL everything here uses: GLSYNC_DATABASE_URL, else the embedded database, started if it is down.

    Raises:
        ConfigError: a setting is wrong, or there is no Postgres to embed.
        DatabaseUnavailable: the embedded database does not start.
    """
    if given := settings().url:
        _keep_secret(urlsplit(given).password or "")
        return with_tls(given)
    from glsync.embedded import Embedded  # whoever brings a database starts without what this brings

    return Embedded(settings().home).start()


def _keep_secret(password: str) -> None:
    """Written as in the URL or plainly. A short one may be a word, such as "postgres", which is none to hide."""
    if len(password) >= LEAST_PASSWORD:
        never_show(password)
        never_show(unquote(password))


def with_tls(url: str) -> str:
    """Supabase over the open network is spoken to over TLS unless the URL says otherwise."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    if "sslmode" in query or not (parts.hostname or "").endswith(SUPABASE_HOSTS):
        return url
    return parts._replace(query=urlencode(query | {"sslmode": "require"})).geturl()


def is_transaction_pooler(url: str) -> bool:
    """Looked at once a process: what opens a connection of its own has looked already.

    Raises:
        DatabaseError: no connection to look at.
    """
    if not pooler.says_so(url) and with_tls(url) not in _lent:
        open_connection("glsync", url=url).close()
    return pooler.says_so(url) or _lent[with_tls(url)]


_lent: dict[str, bool] = {}
"""URL -> whether each transaction is served by another server connection."""


def refuse_transaction_pooler(url: str, what: str) -> None:
    """For what keeps something in its session from one transaction to the next, such as temporary tables.

    Raises:
        ConfigError: behind a transaction pooler it would meet the tables and settings of others.
        DatabaseError: no connection to look at.
    """
    if is_transaction_pooler(url):
        raise pooler.refusal(what)


def without_password(url: str) -> str:
    """The URL as it may be shown."""
    parts = urlsplit(url)
    if not parts.password:
        return url
    user, _, host = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{user.split(':')[0]}:***@{host}").geturl()


@cache
def engine() -> Engine:
    """SQLAlchemy's engine of this process: a small pool, none where the server's side pools by transaction."""
    from sqlalchemy import create_engine, event
    from sqlalchemy.pool import NullPool

    url = database_url()
    pool: dict[str, Any] = (
        {"poolclass": NullPool}
        if pooler.says_so(url)
        else {"pool_pre_ping": True, "pool_size": 4, "max_overflow": 8, "pool_timeout": CONNECT_SECONDS}
    )
    made = create_engine(
        url.replace("postgresql://", "postgresql+psycopg2://", 1),
        connect_args={
            "connect_timeout": CONNECT_SECONDS, "application_name": "glsync", "client_encoding": "UTF8", **KEEPALIVE
        },
        hide_parameters=True,  # they are people's rows, and errors reach logs
        **pool,
    )  # fmt: skip
    event.listen(made, "connect", lambda connection, _record: steady(connection, url))
    return made


@contextmanager
def session(*, claims: str | None = None, timeout: float | None = None) -> Iterator[Session]:
    """A SQLModel session in one transaction: committed at the end, rolled back by an exception.

    Args:
        claims: JSON of who asks; the transaction takes the role glsync_app with them. None: the machinery's own rights.
        timeout: seconds one statement may take; pages pass theirs, so that a slow query never holds a screen.
    Raises:
        DatabaseError: or one of its kinds, for any error of the driver.
    """
    from sqlalchemy import event
    from sqlmodel import Session

    with wrapped(), Session(engine(), expire_on_commit=False) as db:
        if claims is not None or timeout is not None:
            event.listen(
                db, "after_begin", lambda _db, begun, on: None if begun.nested else _begin(on, claims, timeout)
            )
        yield db
        db.commit()


def _begin(connection: sqlalchemy.Connection, claims: str | None, seconds: float | None) -> None:
    if claims is not None:
        values = {"claims": claims, "milliseconds": _milliseconds(seconds), "lock": _milliseconds(LOCK_SECONDS)}
        found = connection.exec_driver_sql(statements.text("session_person"), values).one()
        _refuse_without_fence(found.role)
    elif seconds is not None:
        limit = "select set_config('statement_timeout', %s, true)"
        connection.exec_driver_sql(limit, (_milliseconds(seconds),))


def become(cursor: psycopg2.extensions.cursor, claims: str) -> None:
    """From here to the end of its transaction, a connection of your own acts with these claims."""
    values = {"claims": claims, "milliseconds": None, "lock": _milliseconds(LOCK_SECONDS)}
    cursor.execute(statements.text("session_person"), values)
    found = cursor.fetchall()[0]
    _refuse_without_fence(found["role"] if isinstance(found, dict) else found[-1])


def _milliseconds(seconds: float | None) -> str | None:
    return None if seconds is None else str(round(seconds * 1000))


def _refuse_without_fence(role: str) -> None:
    """One local user may do without the role, several people may not: only it keeps their workspaces apart.

    Raises:
        PermissionMissing: people sign in here, and the role glsync_app is not to be had.
    """
    if role == "none" and settings().sign_in:
        raise PermissionMissing(
            "The database has no role glsync_app for people's sessions, or we may not take it", hint=WITHOUT_ROLE
        )


def open_connection(name: str, *, url: str | None = None, autocommit: bool = False) -> Connection:
    """A psycopg2 connection of your own, to be closed by you; `name` is what pg_stat_activity shows.

    Raises:
        DatabaseUnavailable: no connection to be had.
    """
    chosen = with_tls(url) if url else database_url()
    with wrapped():
        connection = _dial(chosen, name)
        steady(connection, chosen)
    connection.autocommit = autocommit
    return connection


def own_connection(name: str, what: str) -> Connection:
    """`open_connection` for what needs the same session from one transaction to the next.

    Raises:
        ConfigError: a transaction pooler lends us another one each time.
    """
    refuse_transaction_pooler(database_url(), what)
    return open_connection(name)


def _dial(url: str, name: str) -> Connection:
    connection: Connection = psycopg2.connect(
        url, application_name=name, connect_timeout=CONNECT_SECONDS, client_encoding="UTF8", **KEEPALIVE
    )
    return connection


def steady(connection: Connection, url: str) -> None:
    """Let a fresh connection forget what somebody set for the database or the role; not one that is lent to others."""
    connection.autocommit = True
    if url not in _lent:
        _lent[url] = pooler.says_so(url) or pooler.lends(connection, lambda: _dial(url, "glsync"))
    if not _lent[url]:
        with connection.cursor() as cursor:
            ours = STEADY | (STEADY_SINCE_17 if connection.info.server_version >= 17_00_00 else {})
            chosen = ", ".join(["set_config(%s, %s, false)"] * len(ours))
            cursor.execute(f"select {chosen}", [part for setting in ours.items() for part in setting])
    connection.autocommit = False


@contextmanager
def connect(name: str, *, url: str | None = None, autocommit: bool = False) -> Iterator[psycopg2.extensions.connection]:
    """A psycopg2 connection for one `with`: what is open at its end is committed, or rolled back by an exception."""
    connection = open_connection(name, url=url, autocommit=autocommit)
    try:
        with wrapped():
            yield connection
            connection.commit()
    finally:
        connection.close()  # rolls back what is open


@contextmanager
def transaction(connection: Connection) -> Iterator[psycopg2.extensions.cursor]:
    """One transaction of a connection that stays open: committed at the end, rolled back by an exception."""
    with wrapped(), connection, connection.cursor() as cursor:
        yield cursor


def forget() -> None:
    """Close the pool and forget the URL, as a test does that turns to another database."""
    if engine.cache_info().currsize:
        engine().dispose()
    engine.cache_clear()
    database_url.cache_clear()


@contextmanager
def wrapped() -> Iterator[None]:
    """Turn a driver's error, bare or inside SQLAlchemy's or procrastinate's, into one of ours; others pass through."""
    try:
        yield
    except SyncError:
        raise
    except UnicodeEncodeError as error:  # half of a surrogate pair
        raise InvalidInput(_UNSTORABLE, hint=_RETYPE) from error
    except Exception as error:
        if isinstance(error, ValueError) and "NUL (0x00)" in str(error):
            raise InvalidInput(_UNSTORABLE, hint=_RETYPE) from error
        if (found := _driver_error(error)) is None:
            raise
        raise translated(found) from error


def _driver_error(error: BaseException) -> BaseException | None:
    """The error of psycopg2 or psycopg in here: the error itself, or the one a library put its own around."""
    home = type(error).__module__.partition(".")[0]
    if home in ("psycopg2", "psycopg", "psycopg_pool"):
        return error
    if home == "sqlalchemy" and type(error).__name__ == "TimeoutError":  # every connection of the pool is in use
        return error
    inner = getattr(error, "orig", None) or error.__cause__
    return _driver_error(inner) if home in ("sqlalchemy", "procrastinate") and inner else None


def translated(error: BaseException) -> SyncError:
    """A driver's error as ours, by its SQLSTATE. The text is Postgres's own first line, never the connection's URL."""
    sqlstate = getattr(error, "pgcode", None) or getattr(error, "sqlstate", None) or ""
    said = _first_line(error)
    if not sqlstate:
        return _without_sqlstate(error, said)
    if sqlstate == "55P03" and "lock timeout" in said:
        return DatabaseUnavailable("Somebody else is changing this right now", sqlstate=sqlstate, hint=_BUSY)
    if sqlstate.startswith(_PASSING):
        return DatabaseUnavailable(f"The database does not serve us now: {said}", sqlstate=sqlstate)
    if sqlstate == "57014":
        return DatabaseUnavailable("The database took too long to answer", sqlstate=sqlstate, hint=_BUSY)
    if sqlstate == "25006":
        return DatabaseUnavailable(f"The database takes no writes now: {said}", sqlstate=sqlstate, hint=_READ_ONLY)
    if sqlstate == "42501":
        return PermissionMissing(f"The database does not allow it: {said}", sqlstate=sqlstate)
    if sqlstate in _ABSENT and ("glsync" in said or "gl_" in said):
        return DatabaseError(f"The database is not prepared: {said}", sqlstate=sqlstate, hint=_MIGRATE)
    if sqlstate == "42703":
        return DatabaseError(f"The database says: {said}", sqlstate=sqlstate, hint=_MIGRATE_AFTER_UPDATE)
    return DatabaseError(f"The database says: {said}", sqlstate=sqlstate)


def _first_line(error: BaseException) -> str:
    diagnosis = getattr(error, "diag", None)
    text = getattr(diagnosis, "message_primary", None) or str(error)
    return next((line.strip() for line in str(text).splitlines() if line.strip()), type(error).__name__)


def _without_sqlstate(error: BaseException, said: str) -> SyncError:
    """An error from before there was a connection, or from after it was lost; drivers then tell by words alone."""
    if "invalid dsn" in said or 'missing "="' in said:  # libpq quotes what it could not read, the password perhaps
        return ConfigError("GLSYNC_DATABASE_URL cannot be read", hint="Percent-encode special characters in it.")
    if type(error).__name__ not in _NO_ANSWER:
        return DatabaseError(f"The database says: {said}")
    if any(words in said for words in _REFUSALS):
        return PermissionMissing(f"The database refused us: {said}", sqlstate="28000", hint=_WHO)
    return DatabaseUnavailable(f"The database does not answer: {said}")
