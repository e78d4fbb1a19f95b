"""Runs: what ran, what runs now, and starting, cancelling and awaiting one."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from time import monotonic
from uuid import UUID

import structlog

from glsync.errors import NotFound
from glsync.services import access, audit, errors, here, mappings, queries, starting
from glsync.services.access import Actor
from glsync.services.events import Event as Event
from glsync.services.here import plan as plan
from glsync.services.here import run_here as run_here
from glsync.services.run_rows import NO_FILTER, run_row
from glsync.services.run_rows import RunFilter as RunFilter
from glsync.services.run_rows import RunRow as RunRow
from glsync.services.run_rows import as_json as as_json
from glsync.services.run_rows import plan_json as plan_json
from glsync.services.starting import Started as Started
from glsync.store import references
from glsync.values import Trigger

LOOK_SECONDS = 0.25
"""Between two looks at a run that is waited for."""

PATIENCE_SECONDS = 5.0
"""Between two looks whether the worker that is to do it still lives."""

log = structlog.get_logger(__name__)


def active(actor: Actor) -> list[RunRow]:
    """Runs that wait or are under way, newest first."""
    return _listing(actor, NO_FILTER, 1000, 0, unfinished=True)


def history(actor: Actor, filter: RunFilter = NO_FILTER, limit: int = 50, offset: int = 0) -> list[RunRow]:
    """Runs, newest first."""
    return _listing(actor, filter, limit, offset)


def count(actor: Actor, filter: RunFilter = NO_FILTER) -> int:
    access.require(actor, "viewer", "see runs")
    with queries.reading(actor) as session:
        return int(queries.scalar(session, "runs_count", workspace=actor.workspace_id, **filter.values()))


def get(actor: Actor, log_id: UUID) -> RunRow:
    """One run.

    Raises:
        NotFound: no such run in the actor's workspace.
    """
    found = _listing(actor, NO_FILTER, 1, 0, id=log_id)
    if not found:
        raise NotFound("run", log_id)
    return found[0]


def events(actor: Actor, log_id: UUID, limit: int = 200) -> list[Event]:
    """The last lines a run logged, oldest first."""
    access.require(actor, "viewer", "see runs")
    with queries.reading(actor) as session:
        found = queries.rows(session, "runs_events", workspace=actor.workspace_id, log=log_id, limit=limit)
    return [Event(**line) for line in found]


def causes(actor: Actor, log_id: UUID) -> list[errors.ErrorGroup]:
    """What went wrong in a run, by cause, whatever became of it since."""
    return errors.groups(actor, errors.ErrorFilter(states=errors.STATES, log_id=get(actor, log_id).id))


def worker_seen(actor: Actor) -> datetime | None:
    """When a worker last gave a sign of life."""
    access.require(actor, "viewer", "see runs")
    with queries.reading(actor) as session:
        return (queries.one(session, "runs_worker_seen") or {}).get("seen")


# Starting and stopping


def start(actor: Actor, mapping_id: UUID, *, trigger: Trigger = "manual", approve: str | None = None) -> Started:
    """Queue a run; `approve` is the hash of a plan that waits, which this run then may carry out.

    Raises:
        NotFound: no such mapping in the actor's workspace.
        InvalidInput: it is a draft or switched off.
        AlreadyRunning: a run of it is under way.
    """
    access.require(actor, "operator", "start a run")
    with queries.writing(actor) as session:
        return starting.enqueue(session, actor, mapping_id, trigger, approve=approve)


def start_all(actor: Actor, *, trigger: Trigger = "manual") -> list[Started]:
    """Queue a run of every mapping that is active and switched on, parents before their children.

    A mapping that is running now is left to that run.
    """
    access.require(actor, "operator", "start a run")
    started: dict[str, Started] = {}
    with queries.writing(actor) as session:
        ready = queries.rows(session, "mappings_ready", workspace=actor.workspace_id, names=None)
        with queries.driver(session).cursor() as cursor:
            order = references.in_order(cursor, [row["id"] for row in ready])
        for mapping_id, before in order:
            if queries.scalar(session, "runs_under_way", mapping=mapping_id) is None:
                after = [started[each].log_id for each in before if each in started]
                started[mapping_id] = starting.enqueue(session, actor, UUID(mapping_id), trigger, after=after)
    return list(started.values())


def retry(actor: Actor, mapping_id: UUID) -> Started:
    """Queue a run that looks again at every row that was held back; behind a run that is under way it waits."""
    return start(actor, mapping_id, trigger="retry")


def cancel(actor: Actor, log_id: UUID) -> bool:
    """Stop a run: at once while it waits, else after the page it is at. False: it had already ended.

    Raises:
        NotFound: no such run in the actor's workspace.
    """
    access.require(actor, "operator", "cancel a run")
    get(actor, log_id)
    with queries.writing(actor) as session:
        asked = queries.one(session, "runs_cancel", workspace=actor.workspace_id, log=log_id)
        if asked is None:
            return False
        audit.note(session, actor, "cancelled", "run", log_id, asked["name"])
        if asked["status"] == "started" and queries.scalar(session, "runs_off_queue", log=log_id):
            queries.changed(session, "runs_cancelled", log=log_id, actor=actor.name)
    return True


def wait(
    actor: Actor,
    log_id: UUID,
    on_progress: Callable[[RunRow], None] | None = None,
    *,
    timeout: float | None = None,
) -> RunRow:
    """The run once it has ended, or as it is after `timeout` seconds; `on_progress` sees it at every look."""
    until = None if timeout is None else monotonic() + timeout
    pause = threading.Event()
    while True:
        found = get(actor, log_id)
        if on_progress is not None:
            on_progress(found)
        if found.ended or (until is not None and monotonic() >= until):
            return found
        pause.wait(LOOK_SECONDS)


def sync(
    actor: Actor,
    name: str,
    *,
    inline: bool = False,
    approve: str | None = None,
    on_progress: Callable[[RunRow], None] | None = None,
) -> RunRow:
    """Run a mapping by name and wait for its end; in this process when asked to or when no worker is at hand.

    A run that failed is returned, not raised: its row says why.

    Raises:
        NotFound, InvalidInput, AlreadyRunning: it was not even begun.
    """
    access.require(actor, "operator", "start a run")
    if inline or not worker_is_at_hand(actor):
        if not inline:
            log.info("no worker is at hand, so the run is done in this process", mapping=name)
        return here.run_to_end(actor, name, approve)
    mapping = mappings.find(actor, name)
    assert mapping.id is not None  # it is stored
    started = start(actor, mapping.id, trigger="cli", approve=approve)
    while not (found := wait(actor, started.log_id, on_progress, timeout=PATIENCE_SECONDS)).ended:
        if not worker_is_at_hand(actor):
            return _taken_over(actor, found, approve)
    return found


def sync_all(actor: Actor, *, inline: bool = False, on_end: Callable[[RunRow], None] = lambda _: None) -> list[RunRow]:
    """Run every active mapping, parents before their children, and wait for the end; what was told at each one's end.

    What a run lets go on (rows that waited for their parents, say) runs once more.
    """
    if inline or not worker_is_at_hand(actor):
        return here.run_all(actor, on_end)
    waiting = [each.log_id for each in start_all(actor, trigger="cli")]
    ended: dict[UUID, RunRow] = {}
    while waiting:
        for log_id in waiting:
            ended[log_id] = wait(actor, log_id)
            on_end(ended[log_id])
        mappings_of = {row.mapping_id for row in ended.values()}
        waiting = [row.id for row in active(actor) if row.mapping_id in mappings_of and row.id not in ended]
    return list(ended.values())


def _taken_over(actor: Actor, left: RunRow, approve: str | None) -> RunRow:
    """The last worker is gone. A run it never began is done here; one it began is left for the next worker."""
    if left.status == "started" and cancel(actor, left.id) and get(actor, left.id).ended:
        log.info("the last worker is gone, so the run is done in this process", mapping=left.mapping_name)
        return here.run_to_end(actor, left.mapping_name, approve)
    return get(actor, left.id)


def worker_is_at_hand(actor: Actor) -> bool:
    """Did a worker just give a sign of life?"""
    with queries.reading(actor) as session:
        return bool((queries.one(session, "runs_worker_seen") or {}).get("is_alive"))


def _listing(
    actor: Actor, filter: RunFilter, limit: int, offset: int, *, id: UUID | None = None, unfinished: bool = False
) -> list[RunRow]:
    access.require(actor, "viewer", "see runs")
    values = filter.values() | {"id": id, "unfinished": unfinished, "limit": limit, "offset": offset}
    with queries.reading(actor) as session:
        return [run_row(row) for row in queries.rows(session, "runs_list", workspace=actor.workspace_id, **values)]
