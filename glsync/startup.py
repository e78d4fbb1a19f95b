"""What has to be there before the app is: a database with our schema, and for the demo a stand-in for Glide.

`up` does these steps in its own process and gives the work to children; app.py does them when it was started without
`up`, and works in threads.
"""

from __future__ import annotations

import socket
from collections.abc import Collection
from contextlib import closing, suppress
from pathlib import Path

from glsync import config
from glsync.config import Settings
from glsync.errors import ConfigError, DatabaseUnavailable, SyncError
from glsync.statements import SQL
from glsync.store import db, identity

CHILD = "GLSYNC_CHILD"
"""Set for the children of `up`: everything stands already."""
DEMO_TABLES = "domain-starter"
PORTS_TO_TRY = 100


def database(chosen: Settings, *, demo: bool) -> bool:
    """Bring the database up and its schema to date; True when that started the embedded server.

    Raises:
        SyncError: it does not come up or cannot be migrated; a server started for it is stopped again.
    """
    from glsync.embedded import Embedded  # here, because `ready` must be quick where a database is given

    started = chosen.url is None and not Embedded(chosen.home).running()
    try:
        migrate([DEMO_TABLES] if demo else [])
    except SyncError:
        if started:
            Embedded(chosen.home).stop()
        raise
    return started


def refuse_transaction_pooler(chosen: Settings) -> None:
    """Before anything is begun: a worker would not get to work.

    Raises:
        ConfigError: the worker would reach its database through a transaction pooler.
        DatabaseError: it cannot be reached.
    """
    if url := chosen.worker_url or chosen.url:
        db.refuse_transaction_pooler(url, "a worker")


def migrate(optional: Collection[str] = ()) -> list[str]:
    """Bring the database to the schema this version needs and return the names of what was applied."""
    from glsync.store import migrations  # it brings the queue's library, which takes half a second

    done = migrations.migrate(db.database_url(), optional)
    identity.remember()
    return done


def ready(chosen: Settings) -> None:
    """What a command needs that asks the database: an embedded one is started and brought up to date by itself.

    Somebody's own database is changed by `migrate` and `up` only.
    """
    db.database_url()
    if chosen.url is None and _lacks_something():
        migrate()
    elif chosen.url is None:
        identity.remember()


def refuse_old_tables() -> None:
    """For a worker: every run of it would fail on tables that are older than the program.

    Raises:
        ConfigError: the database is to be migrated first.
    """
    with suppress(DatabaseUnavailable):  # which a worker waits for
        if _lacks_something():
            raise ConfigError("The database lacks what this version needs", hint="Run python -m glsync migrate.")


def _lacks_something() -> bool:
    """Is there a migration that is not optional and not in the ledger? Quicker than migrate(), which finds the same."""
    files = sorted((SQL / "migrations").glob("[0-9]*_*.sql"))
    wanted = {file.stem for file in files if not file.read_text(encoding="utf-8").startswith("-- glsync: optional")}
    with db.connect("glsync") as connection, connection.cursor() as cursor:
        cursor.execute("select to_regclass('glsync.schema_migration')")
        if cursor.fetchone() == (None,):
            return True
        cursor.execute("select name from glsync.schema_migration")
        return not wanted <= {name for (name,) in cursor.fetchall()}


def free_port(host: str, wanted: int) -> int:
    """The wanted port, or the next free one.

    Raises:
        ConfigError: none of the next hundred is free, or the host is not an address of this machine.
    """
    for port in range(wanted, min(wanted + PORTS_TO_TRY, 65536)):
        if is_free(host, port):
            return port
    raise ConfigError(
        f"No port from {wanted} to {wanted + PORTS_TO_TRY - 1} is free on {host}",
        hint="Choose another with --port, or another address with GLSYNC_HOST.",
    )


def is_free(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with closing(socket.socket(family, socket.SOCK_STREAM)) as asked:
        asked.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port in TIME_WAIT is free
        with suppress(OSError):
            asked.bind((host, port))
            return True
    return False


def standin_port(home: Path) -> int:
    """The port of the demo's stand-in: the one it had before if that is free, so that its connection stays valid."""
    before = config.standin_port(home)
    if before is not None and is_free("127.0.0.1", before):
        return before
    with closing(socket.socket()) as asked:
        asked.bind(("127.0.0.1", 0))
        port: int = asked.getsockname()[1]
    config.keep_standin_port(home, port)
    config.settings.cache_clear()  # connections may name it from now on
    return port
