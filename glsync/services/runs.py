"""Runs: what ran, what runs now, and starting, cancelling and awaiting one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from glsync.errors import NotFound
from glsync.services import access, queries
from glsync.services.access import Actor
from glsync.values import Counts, Direction, Status, Trigger


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run as lists and details show it. `seconds` counts on while it is under way; `price` is in Glide updates."""

    id: UUID
    mapping_id: UUID
    mapping_name: str
    target: str
    status: Status
    trigger: Trigger
    actor: str | None
    direction: Direction
    stage: str | None
    message: str | None
    started_at: datetime
    completed_at: datetime | None
    seconds: float
    counts: Counts
    expected_rows: int | None
    price: Decimal
    waiting: list[dict[str, Any]]
    error_type: str | None
    hint: str | None
    heartbeat_at: datetime | None
    mapping_version: int | None = None
    cancel_requested: bool = False

    @property
    def ended(self) -> bool:
        return self.completed_at is not None


@dataclass(frozen=True, slots=True)
class Started:
    """A run that was asked for. `new` is False when one was already waiting: then it is that one."""

    log_id: UUID
    new: bool


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened. `level` is debug, info, warning or error."""

    at: datetime
    level: str
    message: str


@dataclass(frozen=True, slots=True)
class RunFilter:
    """What history shows; an empty field filters nothing."""

    status: tuple[Status, ...] = ()
    mapping_id: UUID | None = None
    trigger: tuple[Trigger, ...] = ()
    since: datetime | None = None

    def values(self) -> dict[str, Any]:
        return {
            "statuses": list(self.status),
            "mapping": self.mapping_id,
            "triggers": list(self.trigger),
            "since": self.since,
        }


NO_FILTER = RunFilter()


def active(actor: Actor) -> list[RunRow]:
    """Runs that wait or are under way, newest first."""
    return _listing(actor, NO_FILTER, 1000, 0, unfinished=True)


def history(actor: Actor, filter: RunFilter = NO_FILTER, limit: int = 50, offset: int = 0) -> list[RunRow]:
    """Runs, newest first."""
    return _listing(actor, filter, limit, offset)


def count(actor: Actor, filter: RunFilter = NO_FILTER) -> int:
    access.require(actor, "viewer", "see runs")
    with queries.reading() as session:
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
    with queries.reading() as session:
        found = queries.rows(session, "runs_events", workspace=actor.workspace_id, log=log_id, limit=limit)
    return [Event(**line) for line in found]


def _listing(
    actor: Actor, filter: RunFilter, limit: int, offset: int, *, id: UUID | None = None, unfinished: bool = False
) -> list[RunRow]:
    access.require(actor, "viewer", "see runs")
    values = filter.values() | {"id": id, "unfinished": unfinished, "limit": limit, "offset": offset}
    with queries.reading() as session:
        return [_run(row) for row in queries.rows(session, "runs_list", workspace=actor.workspace_id, **values)]


_COUNTS = {
    "read": "read_rows",
    "created": "created_rows",
    "updated": "updated_rows",
    "deleted": "deleted_rows",
    "skipped": "skipped_rows",
    "failed": "failed_rows",
    "conflicts": "conflict_rows",
}
"""Field of Counts -> column of gl_sync_logs."""


def _run(row: queries.Row) -> RunRow:
    counts = Counts(**{field: row.pop(column) for field, column in _COUNTS.items()})
    return RunRow(**row, counts=counts)
