"""Bring a database to the schema this code needs: sql/migrations in order, forward only, and the queue's own tables.

    migrate(url)                                  what is new, all of it in one transaction; nothing to do is quick
    migrate(url, optional=["domain-starter"])     with an optional file, whose first line names it
    status(url)                                   what was applied, what would be

Any number of processes may start at once: one applies, the others wait for its lock and find nothing left to do.

A file is executed as it stands, so `%` and `$$` mean nothing special in it, with an empty search_path: every name is
written out in full. A file whose first line is `-- glsync: no-transaction` holds exactly one statement that Postgres
refuses inside a transaction (create index concurrently) and that may be repeated (if not exists).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter
from typing import Any

import psycopg2
from tenacity import Retrying, retry_if_result, stop_after_delay, wait_random

from glsync.errors import ConfigError, DatabaseUnavailable
from glsync.store.db import Connection, connect, is_transaction_pooler, refuse_transaction_pooler, translated

FOLDER = Path(__file__).resolve().parents[2] / "sql" / "migrations"
LOCK = 0x67_6C_73_79_6E_63  # "glsync": the advisory lock of whoever migrates this database
PATIENCE = 60
"""Seconds to wait for another who migrates, and in a migration for a table somebody else holds."""
DUPLICATE_TABLE = "42P07"
QUEUE_SCHEMA = "glsync_queue"
QUEUE = "queue "
"""What the version of a step of procrastinate's begins with in the ledger."""

LEDGER = """
create schema if not exists glsync;
create table if not exists glsync.schema_migration (
    version text primary key,
    name text not null,
    checksum text not null,
    applied_at timestamptz not null default clock_timestamp(),
    ms integer not null
)
"""
_READ = "select version, name, checksum, applied_at, ms from glsync.schema_migration order by applied_at, version"
_NOTE = "insert into glsync.schema_migration (version, name, checksum, ms) values (%s, %s, %s, %s)"
_PIN_QUEUE = """
do $$
declare
    function regprocedure;
begin
    for function in select oid from pg_catalog.pg_proc where pronamespace = 'glsync_queue'::regnamespace loop
        execute format('alter function %s set search_path = glsync_queue, pg_temp', function);
    end loop;
end
$$
"""
"""The queue's functions name nothing in full; pinned, they and its triggers work whatever the caller's search_path."""
_MARK = re.compile(r"-- glsync: (?P<word>optional|no-transaction) ?(?P<name>[a-z-]*)")


@dataclass(frozen=True, slots=True)
class Migration:
    """A step forward: a file of ours, or one of the queue's. `option` is the name of an optional file."""

    version: str
    name: str
    text: str
    option: str | None = None
    in_transaction: bool = True

    @property
    def checksum(self) -> str:
        return sha256(self.text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Applied:
    """A line of the ledger."""

    version: str
    name: str
    checksum: str
    applied_at: datetime
    ms: int


@dataclass(frozen=True, slots=True)
class Schema:
    """Where a database stands. `optional` are names that may be asked for and were not applied yet."""

    applied: tuple[Applied, ...]
    pending: tuple[str, ...]
    optional: tuple[str, ...]


def migrate(url: str, optional: Collection[str] = (), folder: Path = FOLDER) -> list[str]:
    """Apply what the database lacks and return the names of it, in order.

    Raises:
        ConfigError: the database is newer than this code, an applied file was edited, an optional name is unknown, or
            something is to be done through a transaction pooler.
        DatabaseUnavailable: no answer, or somebody else held the lock for too long.
        DatabaseError: a statement failed; nothing of the transaction it stood in was kept.
    """
    files = _files(folder)
    wanted = _wanted(files, optional)
    done: list[str] = []
    if is_transaction_pooler(url):
        if _is_up_to_date(url, optional, folder):
            return []
        refuse_transaction_pooler(url, "a migration")
    with connect("glsync migrate", url=url) as connection:
        while True:
            new, alone = _apply_together(connection, files, wanted)
            done += new
            if alone is None:
                return done
            done += _apply_alone(connection, alone)


def _is_up_to_date(url: str, optional: Collection[str], folder: Path) -> bool:
    schema = status(url, folder)
    return not schema.pending and not set(optional) & set(schema.optional)


def status(url: str, folder: Path = FOLDER) -> Schema:
    """What migrate() did to this database and what it would do. Changes nothing.

    Raises:
        ConfigError, DatabaseError: as migrate().
    """
    files = _files(folder)
    with connect("glsync status", url=url) as connection, connection.cursor() as cursor:
        applied = _ledger(cursor) if _has_ledger(cursor) else ()
    _check(applied, files)
    missing = _missing([*_queue_steps(applied), *files], applied)
    return Schema(
        applied=applied,
        pending=tuple(step.name for step in missing if step.option is None),
        optional=tuple(step.option for step in missing if step.option is not None),
    )


# Which steps there are


def _files(folder: Path) -> list[Migration]:
    return [_file(path) for path in sorted(folder.glob("[0-9]*_*.sql"))]


def _file(path: Path) -> Migration:
    text = _text(path)
    mark = _MARK.match(text)
    word, name = (mark["word"], mark["name"]) if mark else ("", "")
    return Migration(
        version=path.name.split("_")[0],
        name=path.stem,
        text=text,
        option=name if word == "optional" else None,
        in_transaction=word != "no-transaction",
    )


def _wanted(files: Sequence[Migration], optional: Collection[str]) -> list[Migration]:
    known = {file.option for file in files if file.option is not None}
    if unknown := sorted(set(optional) - known):
        raise ConfigError(
            f"There is no optional migration {', '.join(unknown)}",
            hint=f"These exist: {', '.join(sorted(known)) or 'none'}.",
        )
    return [file for file in files if file.option is None or file.option in optional]


def _queue_steps(applied: Sequence[Applied]) -> list[Migration]:
    """The queue's whole schema for a database without one, recorded as its newest step; else the steps since then.

    Source: procrastinate's documentation on migrations: files in the order of their names.
    """
    files = sorted((queue_sql() / "migrations").glob("*.sql"))
    have = [line.version for line in applied if line.version.startswith(QUEUE)]
    if not have:
        return [Migration(_queue_version(files[-1]), f"queue_{files[-1].stem}", _text(queue_sql() / "schema.sql"))]
    return [
        Migration(_queue_version(file), f"queue_{file.stem}", _text(file))
        for file in files
        if _queue_version(file) >= min(have)
    ]


@cache
def queue_sql() -> Path:
    """Where procrastinate keeps its SQL: found without importing it, which would be half of the time of a start."""
    package = find_spec("procrastinate")
    if package is None or package.origin is None:
        raise ConfigError("procrastinate is not installed", hint="Run pip install -r requirements.txt.")
    return Path(package.origin).parent / "sql"


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _queue_version(file: Path) -> str:
    """`03.04.00_50_post_x.sql` as the ledger names it: `queue 03.04.00_50`."""
    return QUEUE + "_".join(file.stem.split("_")[:2])


# How they are applied


def _apply_together(
    connection: Connection, files: Sequence[Migration], wanted: Sequence[Migration]
) -> tuple[list[str], Migration | None]:
    """In one transaction: what is missing, up to the first step that must stand alone, which is returned."""
    with connection, connection.cursor() as cursor:
        _wait_for_lock(cursor, "pg_try_advisory_xact_lock")
        cursor.execute(f"set local lock_timeout = '{PATIENCE}s'")
        if not _has_ledger(cursor):
            cursor.execute(LEDGER)
        applied = _ledger(cursor)
        _check(applied, files)
        queue = _missing(_queue_steps(applied), applied)
        together, alone = _until_alone(_missing(wanted, applied))
        if queue:
            _apply_queue(cursor, queue)
        for step in together:
            _apply(cursor, step)
        if queue:
            _open_to_roles(cursor)
    return [step.name for step in [*queue, *together]], alone


def _until_alone(steps: Sequence[Migration]) -> tuple[Sequence[Migration], Migration | None]:
    for number, step in enumerate(steps):
        if not step.in_transaction:
            return steps[:number], step
    return steps, None


def _apply_alone(connection: Connection, step: Migration) -> list[str]:
    """Outside any transaction. Two starters may both come here: the lock lets the second see that it is done."""
    connection.autocommit = True
    with connection.cursor() as cursor:
        _wait_for_lock(cursor, "pg_try_advisory_lock")
        cursor.execute(f"set lock_timeout = '{PATIENCE}s'")
        missing = _missing([step], _ledger(cursor))
        for step in missing:
            _apply(cursor, step)
        cursor.execute("select pg_advisory_unlock(%s)", [LOCK])
    connection.autocommit = False
    return [step.name for step in missing]


def _wait_for_lock(cursor: Any, function: str) -> None:
    """Try until we have it: waiting in Postgres would hold a snapshot, for which create index concurrently waits."""

    def taken() -> bool:
        cursor.execute(f"select {function}(%s)", [LOCK])
        return bool(cursor.fetchone()[0])

    again = Retrying(
        retry=retry_if_result(lambda is_ours: not is_ours),
        stop=stop_after_delay(PATIENCE),
        wait=wait_random(0.05, 0.15),
        retry_error_callback=lambda _: False,
    )
    if not again(taken):
        raise DatabaseUnavailable(
            f"Somebody else has been migrating this database for {PATIENCE} seconds",
            hint="Wait for them and start again; pg_locks tells who holds the advisory lock.",
        )


def _apply_queue(cursor: Any, steps: Sequence[Migration]) -> None:
    cursor.execute(f"create schema if not exists {QUEUE_SCHEMA}")
    for step in steps:
        _apply(cursor, step, search_path=QUEUE_SCHEMA)
    cursor.execute(_PIN_QUEUE)


def _apply(cursor: Any, step: Migration, search_path: str = "") -> None:
    cursor.execute("select set_config('search_path', %s, %s)", [search_path, step.in_transaction])
    began = perf_counter()
    try:
        cursor.execute(step.text)
    except psycopg2.Error as error:
        problem = translated(error)
        problem.args = (f"Migration {step.name} failed. {problem}",)
        if error.pgcode == DUPLICATE_TABLE:
            problem.hint = "Tables of that name are there already: rename them, or use a database of its own."
        raise problem from error
    cursor.execute(_NOTE, [step.version, step.name, step.checksum, round((perf_counter() - began) * 1000)])


def _open_to_roles(cursor: Any) -> None:
    """Tables the queue got meanwhile are secured like all others."""
    cursor.execute("select to_regprocedure('glsync.grant_access()') is not null")
    if cursor.fetchone()[0]:
        cursor.execute("select glsync.grant_access()")


# What stands in the ledger


def _has_ledger(cursor: Any) -> bool:
    cursor.execute("select to_regclass('glsync.schema_migration') is not null")
    return bool(cursor.fetchone()[0])


def _ledger(cursor: Any) -> tuple[Applied, ...]:
    cursor.execute(_READ)
    return tuple(Applied(*line) for line in cursor.fetchall())


def _missing(steps: Sequence[Migration], applied: Sequence[Applied]) -> list[Migration]:
    have = {line.version for line in applied}
    return [step for step in steps if step.version not in have]


def _check(applied: Sequence[Applied], files: Sequence[Migration]) -> None:
    """Refuse a database this code does not know in full."""
    known = {step.version: step for step in [*_queue_steps(applied), *files]}
    if newer := [line.name for line in applied if line.version not in known]:
        raise ConfigError(
            f"The database is newer than this code: it holds {', '.join(newer)}",
            hint="Start the version of Glide Sync that migrated it, or a newer one.",
        )
    ours = [line for line in applied if not line.version.startswith(QUEUE)]
    if edited := [line.name for line in ours if line.checksum != known[line.version].checksum]:
        raise ConfigError(
            f"Migrations changed after they were applied: {', '.join(edited)}",
            hint="Put the files back as they were; a change is a new file.",
        )
