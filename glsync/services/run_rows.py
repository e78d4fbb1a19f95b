"""A run and a plan as lists, details, the command line and the API show them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from glsync.values import Counts, Direction, Plan, Status, Trigger


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run as lists and details show it. `seconds` counts on while it is under way; `price` is in Glide updates.

    `undo_of` is the run this one takes back.
    """

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
    undo_of: UUID | None = None

    @property
    def ended(self) -> bool:
        return self.completed_at is not None


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


def run_row(row: dict[str, Any]) -> RunRow:
    """From a row of runs_list.sql."""
    counts = Counts(**{field: row.pop(column) for field, column in _COUNTS.items()})
    return RunRow(**row, counts=counts)


def as_json(run: RunRow) -> dict[str, Any]:
    """One run as the command line and the API tell it."""
    return {
        "log_id": str(run.id),
        "status": run.status,
        **asdict(run.counts),
        "records_processed": run.counts.stored,
        "seconds": round(run.seconds, 3),
        "price": float(run.price),
        "waiting": run.waiting,
        "message": run.message,
        **({"hint": run.hint} if run.hint else {}),
    }


def plan_json(plan: Plan) -> dict[str, Any]:
    """A plan as the command line and the API tell it."""
    return {
        "glide": asdict(plan.glide),
        "postgres": asdict(plan.postgres),
        "conflicts": plan.conflicts,
        "price": float(plan.price.updates),
        "hash": plan.hash,
        "waiting": [asdict(part) for part in plan.waiting],
    }
