"""Planning and running in this process, without a worker."""

from __future__ import annotations

from uuid import UUID, uuid4

from glsync import sync
from glsync.errors import AlreadyRunning, SyncError
from glsync.services import access, audit, mappings, queries, starting
from glsync.services.access import Actor
from glsync.store import tables
from glsync.values import Plan, RunReport


def plan(actor: Actor, mapping_id: UUID) -> Plan:
    """What a run would do now: reads Glide and compares, writes nothing.

    Raises:
        SyncError: what would make a run fail.
    """
    access.require(actor, "operator", "plan a run")
    with queries.reading() as session:
        mappings.stored(session, actor, mapping_id)
    return sync.plan(mapping_id)


def run_here(actor: Actor, mapping_id: UUID, *, approve: str | None = None) -> RunReport:
    """Run a mapping; `approve` is the hash of a plan that waits, which this run then may carry out.

    Raises:
        AlreadyRunning: a run of it is under way; nothing is left behind.
        SyncError: the run failed; its log says the same.
    """
    access.require(actor, "operator", "start a run")
    return _run(_log_for(actor, mapping_id, approve))


def run_to_end(actor: Actor, mapping_id: UUID, approve: str | None = None) -> UUID:
    """`run_here`, where a failed run is no exception: its log, which is returned, says why it failed.

    Raises:
        AlreadyRunning: a run of it is under way.
        SyncError: it failed before its log could say so.
    """
    access.require(actor, "operator", "start a run")
    log_id = _log_for(actor, mapping_id, approve)
    try:
        _run(log_id)
    except AlreadyRunning:
        raise
    except SyncError:
        if not _has_ended(log_id):
            raise
    return log_id


def _log_for(actor: Actor, mapping_id: UUID, approve: str | None) -> UUID:
    """A log without a job: nobody but this process works on it."""
    with queries.writing() as session:
        mapping = starting.runnable(mappings.stored(session, actor, mapping_id))
        options = {"approve": approve} if approve else {}
        made = tables.LogRow(id=uuid4(), mapping_id=mapping.id, trigger="cli", actor=actor.name, options=options)
        session.add(made)
        if approve:
            audit.note(session, actor, "approved", "mapping", mapping.id, mapping.name, after={"hash": approve})
        return made.id


def _run(log_id: UUID) -> RunReport:
    try:
        return sync.run(log_id)
    except AlreadyRunning:
        with queries.writing() as session:
            queries.changed(session, "runs_withdraw", log=log_id)
        raise


def _has_ended(log_id: UUID) -> bool:
    with queries.reading() as session:
        found = session.get(tables.LogRow, log_id)
        return found is not None and found.completed_at is not None
