"""Does a pooler stand between us and Postgres that lends a server connection for one transaction only?

Behind such a one nothing lasts that a session remembers: settings, temporary tables, advisory locks, LISTEN; and what
one client leaves behind, the next one meets. Supabase's has a port of its own; any other is found out by looking.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from urllib.parse import urlsplit

from psycopg2 import extensions

from glsync.errors import ConfigError

PORT = 6543
"""Supabase's pooler by transaction."""
LOOKS = 3
"""With others busy on the same pooler, one look may miss."""


def says_so(url: str) -> bool:
    return urlsplit(url).port == PORT


def lends(connection: extensions.connection, another: Callable[[], extensions.connection]) -> bool:
    """Is this fresh connection, in autocommit, served by whichever server connection is free?

    Postgres names its process when one connects; a pooler cannot, because it has not chosen one yet. So only behind a
    pooler, of either kind, a second connection has to look: while it holds a transaction, is it served by our process?
    """
    ours = _process(connection)
    if ours == connection.info.backend_pid:
        return False
    with closing(another()) as other:
        for _ in range(LOOKS):
            if _process(other) == ours or _process(connection) != ours:
                return True
            other.rollback()
    return False


def _process(connection: extensions.connection) -> int:
    with connection.cursor() as cursor:
        cursor.execute("select pg_backend_pid()")
        return int((cursor.fetchone() or (0,))[0])


def refusal(what: str) -> ConfigError:
    return ConfigError(
        f"The database is reached through a transaction pooler, and {what} needs a connection of its own",
        hint="Use the session pooler or a direct connection: with Supabase port 5432 instead of 6543, with PgBouncer "
        "pool_mode = session. Only the web app may stay as it is; its worker takes GLSYNC_WORKER_DATABASE_URL.",
    )
