"""Planning and running in this process, without a worker.

Over plain connections: SQLModel takes longer to import than a table of ten thousand rows takes to run, and people wait
for both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

from psycopg2 import extras

from glsync import followers, statements, sync
from glsync.errors import AlreadyRunning, InvalidInput, NotFound, SyncError
from glsync.services import access
from glsync.services.access import Actor
from glsync.services.run_rows import NO_FILTER, RunRow, run_row
from glsync.store import db, references
from glsync.values import Plan, RunReport


@dataclass(frozen=True, slots=True)
class _Found:
    id: UUID
    name: str
    status: str
    enabled: bool
    pause: str | None


def plan(actor: Actor, mapping_id: UUID) -> Plan:
    """What a run would do now: reads Glide and compares, writes nothing.

    Raises:
        SyncError: what would make a run fail.
    """
    return _plan(actor, id=mapping_id)


def plan_named(actor: Actor, name: str) -> Plan:
    """`plan` by the mapping's name."""
    return _plan(actor, name=name)


def run_here(actor: Actor, mapping_id: UUID, *, approve: str | None = None) -> RunReport:
    """Run a mapping; `approve` is the hash of a plan that waits, which this run then may carry out.

    Raises:
        AlreadyRunning: a run of it is under way; nothing is left behind.
        SyncError: the run failed; its log says the same.
    """
    access.require(actor, "operator", "start a run")
    with _cursor(actor) as cursor:
        log_id = _begun(cursor, actor, _mapping(cursor, actor, id=mapping_id), approve)
    return _run(actor, log_id)


def run_to_end(actor: Actor, name: str, approve: str | None = None) -> RunRow:
    """`run_here` by the mapping's name, where a failed run is no exception: its row says why it failed.

    Raises:
        NotFound, InvalidInput, AlreadyRunning: it was not even begun.
        SyncError: it failed before its log could say so.
    """
    access.require(actor, "operator", "start a run")
    with _cursor(actor) as cursor:
        log_id = _begun(cursor, actor, _mapping(cursor, actor, name=name), approve)
    try:
        _run(actor, log_id)
    except AlreadyRunning:
        raise
    except SyncError:
        if not (failed := _row(actor, log_id)).ended:
            raise
        return failed
    return _row(actor, log_id)


MOST_ROUNDS = 3
"""How often a set of mappings runs at most, so that what waited for others gets its turn."""


def run_all(actor: Actor, on_end: Callable[[RunRow], None] = lambda _: None) -> list[RunRow]:
    """Run every active mapping, parents before their children; then once more those that were waiting for others.

    Raises:
        AlreadyRunning: one was under way and is left to that run; the others ran.
    """
    access.require(actor, "operator", "start a run")
    ended: list[RunRow] = []
    busy: list[AlreadyRunning] = []
    with _cursor(actor) as cursor:
        cursor.execute(statements.text("mappings_ready"), {"workspace": actor.workspace_id, "names": None})
        names = {row["id"]: row["name"] for row in cursor.fetchall()}
    wanted = list(names)
    for _ in range(MOST_ROUNDS):
        again: dict[str, None] = {}
        for mapping_id in _in_order(wanted):
            again.pop(mapping_id, None)
            try:
                ended.append(run_to_end(actor, names[mapping_id]))
            except AlreadyRunning as error:
                busy.append(error)
                continue
            on_end(ended[-1])
            again |= dict.fromkeys(each for each in _let_go_on(mapping_id) if each in names)
        wanted = list(again)
    if busy:
        raise busy[0]
    return ended


def _in_order(ids: Sequence[str]) -> list[str]:
    with db.connect("glsync order") as connection, connection.cursor() as cursor:
        return [each for each, _ in references.in_order(cursor, ids)]


def _let_go_on(mapping_id: str) -> list[str]:
    with db.connect("glsync order") as connection, connection.cursor() as cursor:
        return [str(each) for each in followers.followers(cursor, UUID(mapping_id))]


def refuse_what_rests(name: str, status: str, *, enabled: bool, pause: str | None = None) -> None:
    """A draft does not run, nor does a mapping that is switched off.

    Raises:
        InvalidInput: it is one of them.
    """
    if status != "active":
        raise InvalidInput(f"Mapping {name!r} is a draft", hint="Activate it on the mapping's page first.")
    if not enabled:
        raise InvalidInput(f"Mapping {name!r} is switched off", hint=pause or "Switch it on first.")


def _plan(actor: Actor, *, id: UUID | None = None, name: str | None = None) -> Plan:
    access.require(actor, "operator", "plan a run")
    with _cursor(actor) as cursor:
        mapping = _mapping(cursor, actor, id=id, name=name)
    return sync.plan(mapping.id)


def _mapping(cursor: extras.RealDictCursor, actor: Actor, *, id: UUID | None = None, name: str | None = None) -> _Found:
    cursor.execute(statements.text("here_mapping"), {"workspace": actor.workspace_id, "id": id, "name": name})
    found = cursor.fetchone()
    if found is None:
        raise NotFound("mapping", id or name)
    return _Found(**found)


def _begun(cursor: extras.RealDictCursor, actor: Actor, mapping: _Found, approve: str | None) -> UUID:
    refuse_what_rests(mapping.name, mapping.status, enabled=mapping.enabled, pause=mapping.pause)
    db.refuse_transaction_pooler(db.database_url(), "a run")  # before there is a log that nobody would end
    options = extras.Json({"approve": approve} if approve else {})
    cursor.execute(statements.text("here_begin"), {"mapping": mapping.id, "actor": actor.name, "options": options})
    log_id: UUID = cursor.fetchall()[0]["id"]
    if approve:
        cursor.execute(
            statements.text("audit_note"),
            {
                "workspace": actor.workspace_id,
                "actor": actor.name,
                "action": "approved",
                "subject": "mapping",
                "id": str(mapping.id),
                "name": mapping.name,
                "before": None,
                "after": extras.Json({"hash": approve}),
            },
        )
    return log_id


def _run(actor: Actor, log_id: UUID) -> RunReport:
    try:
        return sync.run(log_id)
    except AlreadyRunning:
        with _cursor(actor) as cursor:
            cursor.execute(statements.text("runs_withdraw"), {"log": log_id})
        raise


def _row(actor: Actor, log_id: UUID) -> RunRow:
    values = NO_FILTER.values() | {"id": log_id, "unfinished": False, "limit": 1, "offset": 0}
    with _cursor(actor) as cursor:
        cursor.execute(statements.text("runs_list"), values | {"workspace": actor.workspace_id})
        (found,) = cursor.fetchall()
    return run_row(found)


@contextmanager
def _cursor(actor: Actor) -> Iterator[extras.RealDictCursor]:
    """One transaction with the actor's rights; rows come as column -> value."""
    with db.connect("glsync") as connection, connection.cursor(cursor_factory=extras.RealDictCursor) as cursor:
        extras.register_uuid(conn_or_curs=cursor)  # type: ignore[no-untyped-call]  # its stub has no types
        db.become(cursor, actor.claims)
        yield cursor
