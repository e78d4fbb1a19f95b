"""`doctor`: looks at everything an installation needs, and says for each what to do when it is not well."""

from __future__ import annotations

import os
import platform
import select
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import requests

from glsync import config, loopback, oidc, running, startup
from glsync.config import GLIDE_HOSTS, Settings
from glsync.embedded import Embedded
from glsync.errors import ConfigError, CopiedDatabase, SyncError
from glsync.store import db, identity, masterkey, migrations, pooler, secrets

OLDEST_PYTHON = (3, 11)
OLDEST_POSTGRES = 15
ENOUGH_DISK, LEAST_DISK = 1_000_000_000, 100_000_000
"""Bytes free where the home is."""
SILENT = 30.0
"""Seconds without a sign of life after which a worker counts as gone."""

State = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report. `todo` says what to do; "" when all is well."""

    name: str
    state: State
    said: str
    todo: str = ""


def examine() -> Iterator[Finding]:
    """All findings, each as soon as it is known. A server started only to look is stopped again.

    Raises:
        ConfigError: the settings cannot be read.
    """
    chosen = config.settings()
    yield _python()
    yield from _settings()
    yield _disk(chosen.home)
    embedded = None if chosen.url or Embedded(chosen.home).running() else Embedded(chosen.home)
    try:
        yield from _database(chosen)
    finally:
        db.forget()
        if embedded:
            embedded.stop()
    yield _port(chosen)
    yield from _glide(chosen)


def _python() -> Finding:
    version = platform.python_version()
    if sys.version_info >= OLDEST_PYTHON:
        return Finding("python", "ok", f"Python {version}")
    wanted = ".".join(map(str, OLDEST_PYTHON))
    return Finding("python", "fail", f"Python {version} is too old", f"Install Python {wanted} or newer.")


def _settings() -> Iterator[Finding]:
    for name, meant in config.misspelt().items():
        todo = f"Did you mean {meant}?" if meant else "Remove it, or see docs/operations.md for the names there are."
        yield Finding("settings", "warn", f"{name} is not a setting of ours", todo)
    chosen = config.settings()
    try:
        loopback.refuse_openness(chosen, chosen.host)
        oidc.streamlit_auth(chosen)
    except ConfigError as error:
        yield Finding("settings", "fail", str(error), error.hint)


def _disk(home: Path) -> Finding:
    folder = next(place for place in (home, *home.parents) if place.exists())
    if not os.access(folder, os.W_OK):
        return Finding("home", "fail", f"{home} cannot be written", "Set GLSYNC_HOME to a folder of your own.")
    free = shutil.disk_usage(folder).free
    said = f"{home}, {free / 1e9:.1f} GB free"
    if free < ENOUGH_DISK:
        return Finding("home", "warn" if free >= LEAST_DISK else "fail", said, "Make room on that disk.")
    return Finding("home", "ok", said)


def _database(chosen: Settings) -> Iterator[Finding]:
    """What stands on the database; without an answer from it there is nothing more to ask."""
    try:
        url = db.database_url()
        with db.connect("glsync doctor", autocommit=True) as connection:
            yield _server(connection, url, embedded=chosen.url is None)
            yield _schema(url)
            yield _writing(connection)
            yield _listening(connection, url)
            yield _worker(connection)
            yield _key(connection)
            yield _copy(connection)
            yield _fence(connection, chosen)
    except SyncError as error:
        yield Finding("database", "fail", str(error), error.hint)


def _server(connection: db.Connection, url: str, *, embedded: bool) -> Finding:
    major, minor = divmod(connection.info.server_version, 10_000)
    where = "embedded" if embedded else db.without_password(url)
    said = f"Postgres {major}.{minor}, {where}"
    if major < OLDEST_POSTGRES:
        return Finding("database", "fail", said, f"Use Postgres {OLDEST_POSTGRES} or newer.")
    return Finding("database", "ok", said)


def _schema(url: str) -> Finding:
    schema = migrations.status(url)
    if schema.pending:
        said = f"{len(schema.pending)} migrations are to be applied: {', '.join(schema.pending)}"
        return Finding("schema", "fail", said, "Run python -m glsync migrate.")
    return Finding("schema", "ok", f"{len(schema.applied)} migrations applied")


def _asked(connection: db.Connection, statement: str) -> object:
    with db.wrapped(), connection.cursor() as cursor:
        cursor.execute(statement)
        found = cursor.fetchone()
        return found[0] if found else None


def _writing(connection: db.Connection) -> Finding:
    if _asked(connection, "show transaction_read_only") == "on":
        todo = "Point GLSYNC_DATABASE_URL at the primary, or free disk space if the project was made read-only."
        return Finding("writing", "fail", "The database takes no writes", todo)
    if _asked(connection, "select has_database_privilege(current_database(), 'TEMP')") is not True:
        todo = "grant temporary on database ... to the role Glide Sync connects as."
        return Finding("writing", "fail", "The role may not make temporary tables", todo)
    return Finding("writing", "ok", "The database takes writes")


def _listening(connection: db.Connection, url: str) -> Finding:
    if db.is_transaction_pooler(url):
        return _lent(config.settings())
    with connection.cursor() as cursor:
        cursor.execute("listen glsync_doctor; notify glsync_doctor")
    until = time.monotonic() + 5
    while not connection.notifies and time.monotonic() < until:
        select.select([connection], [], [], 0.2)
        connection.poll()
    if connection.notifies:
        return Finding("notices", "ok", "LISTEN and NOTIFY work")
    return Finding("notices", "warn", "No notice came back", "A pooler in between may keep them; connect directly.")


def _lent(chosen: Settings) -> Finding:
    """Behind a transaction pooler pages work, and look for changes by themselves; somebody has to run the mappings."""
    said = "A transaction pooler stands before the database: pages look for changes every ten seconds"
    if chosen.worker_url and not db.is_transaction_pooler(chosen.worker_url):
        return Finding("notices", "warn", said, "Plans are made by the command line with a connection of its own.")
    refused = pooler.refusal("a worker")
    return Finding("notices", "fail", f"{said}, and neither runs nor plans work", refused.hint)


def _copy(connection: db.Connection) -> Finding:
    """Does this database know itself?"""
    with connection.cursor() as cursor:
        if identity.is_copy(cursor):
            said = "This database is a copy of another one: nothing of it runs"
            return Finding("copy", "warn", said, CopiedDatabase.hint)
    return Finding("copy", "ok", "This database is the one it was")


def _worker(connection: db.Connection) -> Finding:
    if _asked(connection, "select to_regclass('glsync_queue.procrastinate_workers') is null"):
        return Finding("worker", "warn", "There is no queue yet", "Run python -m glsync migrate.")
    silent = "select extract(epoch from now() - max(last_heartbeat)) from glsync_queue.procrastinate_workers"
    seconds = _asked(connection, silent)
    if seconds is not None and float(str(seconds)) < SILENT:
        return Finding("worker", "ok", f"A worker gave a sign of life {float(str(seconds)):.0f} seconds ago")
    todo = "Start python -m glsync up or python -m glsync worker; until then, only sync --inline runs anything."
    return Finding("worker", "warn", "No worker is running", todo)


def _key(connection: db.Connection) -> Finding:
    file = config.settings().home / masterkey.FILE
    if _asked(connection, "select to_regclass('glsync.data_keys') is null"):
        return Finding("secret key", "ok", "Not needed yet")
    try:
        workspaces = secrets.readable(connection)
    except SyncError as error:
        return Finding("secret key", "fail", str(error), error.hint)
    if not workspaces:
        return Finding("secret key", "ok", "Not needed yet: it is made with the first connection")
    if config.settings().secret_key is None and file.exists() and file.stat().st_mode & 0o077:
        return Finding("secret key", "warn", f"Others may read {file}", f"Run chmod 600 {file}.")
    return Finding("secret key", "ok", "It reads the stored API keys; keep a copy of it somewhere else")


def _fence(connection: db.Connection, chosen: Settings) -> Finding:
    """Whether row-level security stands between workspaces for pages and API, or the services alone."""
    if _asked(connection, "select to_regprocedure('glsync.session_role()') is null"):
        return Finding("roles", "warn", "The roles are not there yet", "Run python -m glsync migrate.")
    if _asked(connection, "select glsync.session_role()") == "glsync_app":
        return Finding("roles", "ok", "Pages and API act in the restricted role glsync_app")
    said = "Pages and API act with all rights of the user we connect as: there is no role glsync_app we may take"
    return Finding("roles", "fail" if chosen.sign_in else "warn", said, db.WITHOUT_ROLE)


def _port(chosen: Settings) -> Finding:
    if here := running.others(chosen.home):
        return Finding("web app", "ok", f"Running at {here[0].address}")
    if startup.is_free(chosen.host, chosen.port):
        return Finding("web app", "ok", f"Not running; port {chosen.port} is free")
    todo = "Nothing to do: up takes the next free port. GLSYNC_PORT chooses another."
    return Finding("web app", "warn", f"Not running; port {chosen.port} is taken by something else", todo)


def _glide(chosen: Settings) -> list[Finding]:
    """Whether Glide's hosts, and those an operator added, take a connection. Any HTTP answer will do."""
    addresses = [f"https://{host}" for host in GLIDE_HOSTS]
    addresses += [f"http://{host}" for host in chosen.allowed_glide_hosts if ":" in host]
    with ThreadPoolExecutor(len(addresses)) as pool:
        return list(pool.map(_reached, addresses))


def _reached(address: str) -> Finding:
    try:
        requests.head(address, timeout=5)
    except requests.RequestException as error:
        todo = "Check the firewall, the proxy (HTTPS_PROXY) and the clock; the demo does without Glide."
        return Finding("glide", "warn", f"{address} does not answer: {type(error).__name__}", todo)
    return Finding("glide", "ok", f"{address} answers")


def report(say: Callable[[Finding], None]) -> bool:
    """Tell every finding; True when nothing fails."""
    well = True
    for finding in examine():
        say(finding)
        well = well and finding.state != "fail"
    return well


def readiness() -> dict[str, object]:
    """What /readyz tells: "ok" when the database answers and has our schema; whether a worker is at hand besides."""
    try:
        url = db.database_url()
        with db.connect("glsync ready", autocommit=True) as connection:
            schema, worker = _schema(url), _worker(connection)
    except SyncError as error:
        return {"status": "unavailable", "database": str(error), "schema": None, "worker": None}
    well = schema.state == "ok"
    return {"status": "ok" if well else "unavailable", "database": "ok", "schema": schema.said, "worker": worker.said}
