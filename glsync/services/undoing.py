"""Undoing a run: whether it can be, what it would do, and doing it as a run of its own."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from glsync import sync
from glsync.config import settings
from glsync.errors import AlreadyRunning, InvalidInput, NotFound, SyncError
from glsync.services import access, audit, queries, runs
from glsync.services.access import Actor
from glsync.services.run_rows import RunRow, plan_json
from glsync.services.starting import Started
from glsync.values import Direction, Policy, Trigger, UndoPlan

NEXT: dict[str, str] = {
    "to_supabase": "Glide decides in this mapping: a run now would write again what Glide still says. "
    "Rows that are gone from Glide stay in Postgres.",
    "to_glide": "Postgres decides in this mapping: a run now would write again what Postgres still says.",
    "ask": "This mapping asks: the next run shows what was undone as conflicts, to be picked one by one or all alike.",
    "glide": "Glide wins in this mapping: where the sides differ, the next run writes Glide's values to Postgres.",
    "postgres": "Postgres wins in this mapping: where the sides differ, the next run writes its values to Glide.",
    "newest": "The newest change wins in this mapping: the next run decides by the times of both sides.",
}
RESTS = "The mapping rests until somebody switches it on, so that nothing is written again unseen."


@dataclass(frozen=True, slots=True)
class Undoable:
    """Whether a run can be undone. `why_not` is None when it can; `until` is when history forgets its first row."""

    mapping_name: str
    rows: int
    until: datetime | None
    undone_by: UUID | None
    why_not: str | None
    next: str
    """What the next ordinary run would make of it."""


def state(actor: Actor, log_id: UUID) -> Undoable:
    """Whether a run can be undone, and what follows.

    Raises:
        NotFound: no such run in the actor's workspace.
    """
    access.require(actor, "viewer", "see runs")
    days = settings().history_days
    with queries.reading(actor) as session:
        found = queries.one(session, "undo_state", workspace=actor.workspace_id, log=log_id, days=days)
    if found is None:
        raise NotFound("run", log_id)
    why_not = None
    if not found["ended"]:
        why_not = "It is still under way; cancel it or wait for its end."
    elif not found["rows"]:
        why_not = f"It wrote nothing, or it is longer ago than the {days} days that history is kept."
    text = next_run(found["direction"], found["policy"])
    return Undoable(found["mapping_name"], int(found["rows"]), found["until"], found["undone_by"], why_not, text)


def next_run(direction: Direction, policy: Policy) -> str:
    """What the next ordinary run would make of what was undone, in words."""
    return f"{RESTS} {NEXT[policy if direction == 'both' else direction]}"


def plan(actor: Actor, log_id: UUID) -> UndoPlan:
    """What undoing a run would do now: looks at the rows it wrote, on both sides; writes nothing.

    Raises:
        NotFound: no such run in the actor's workspace.
        InvalidInput: it cannot be undone.
        SyncError: what would make the undo fail.
    """
    access.require(actor, "operator", "undo a run")
    _refuse(state(actor, log_id))
    return sync.plan_undo(log_id)


def start(actor: Actor, log_id: UUID, approve: str, *, trigger: Trigger = "manual") -> Started:
    """Queue the undo of a run; `approve` is the hash of the plan that was looked at, and nothing else is done.

    Raises:
        NotFound, InvalidInput: as `plan`.
        AlreadyRunning: a run of the mapping is under way or waits.
    """
    access.require(actor, "operator", "undo a run")
    _refuse(state(actor, log_id))
    with queries.writing(actor) as session:
        run = runs.get(actor, log_id)
        busy = queries.scalar(session, "runs_under_way", mapping=run.mapping_id)
        if busy is not None:
            raise AlreadyRunning(run.mapping_name, busy)
        options = json.dumps({"undo": str(log_id), "approve": approve})
        queued = queries.scalar(
            session, "runs_enqueue", mapping=run.mapping_id, trigger=trigger, actor=actor.name, options=options
        )
        if not queries.scalar(session, "runs_is_new", log=queued):
            raise AlreadyRunning(run.mapping_name, queued)
        audit.note(session, actor, "undid", "run", log_id, run.mapping_name, after={"hash": approve, "run": queued})
    return Started(queued, True)


def here(actor: Actor, log_id: UUID, approve: str) -> RunRow:
    """Undo a run in this process, without a worker; a failed undo is no exception, its row says why it failed.

    Raises:
        NotFound, InvalidInput, AlreadyRunning: it was not even begun.
    """
    access.require(actor, "operator", "undo a run")
    _refuse(state(actor, log_id))
    with queries.writing(actor) as session:
        run = runs.get(actor, log_id)
        options = json.dumps({"undo": str(log_id), "approve": approve})
        begun = queries.scalar(session, "here_begin", mapping=run.mapping_id, actor=actor.name, options=options)
        audit.note(session, actor, "undid", "run", log_id, run.mapping_name, after={"hash": approve, "run": begun})
    try:
        sync.run(begun)
    except AlreadyRunning:
        with queries.writing(actor) as session:
            queries.changed(session, "runs_withdraw", log=begun)
        raise
    except SyncError:
        if not runs.get(actor, begun).ended:
            raise
    return runs.get(actor, begun)


def to_end(actor: Actor, log_id: UUID, approve: str, *, inline: bool = False) -> RunRow:
    """Undo a run and wait for its end; in this process when asked to or when no worker is at hand."""
    if inline or not runs.worker_is_at_hand(actor):
        return here(actor, log_id, approve)
    return runs.wait(actor, start(actor, log_id, approve, trigger="cli").log_id)


def undo_json(actor: Actor, found: UndoPlan) -> dict[str, Any]:
    """A plan of an undo as the command line and the API tell it."""
    return {
        "undo": str(found.log_id),
        **plan_json(found.plan),
        "left": [asdict(left) for left in found.left],
        "already": found.already,
        "next": state(actor, found.log_id).next,
    }


def _refuse(found: Undoable) -> None:
    if found.why_not:
        raise InvalidInput(
            f"This run cannot be undone: {found.why_not}", hint="Look at its log, or restore from a backup."
        )
