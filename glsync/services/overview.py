"""The first screen: is everything fresh, and does anything wait for somebody?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from glsync.services import access, queries
from glsync.services.access import Actor

Verdict = Literal["empty", "syncing", "attention", "healthy", "not_run"]
ACTIVITY = 10


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of activity: who did what to which thing. `action` is an act of a person or the status of a run."""

    at: datetime
    kind: Literal["audit", "run"]
    actor: str
    action: str
    subject_type: str
    subject_id: str | None
    subject_name: str | None
    level: str


@dataclass(frozen=True, slots=True)
class Overview:
    """How a workspace stands.

    `oldest_freshness` is the last success of the stalest active mapping, None while one never succeeded or there is
    none; `records_24h_series` are the rows stored in each of the last 24 hours, oldest first; `success_rate_7d` is 0
    to 1, None without runs; `steps_done` are the steps of a first start.
    """

    verdict: Verdict
    mappings_total: int
    attention: int
    running: int
    never_run: int
    oldest_freshness: datetime | None
    records_24h: int
    records_24h_series: tuple[int, ...]
    open_errors: int
    open_conflicts: int
    success_rate_7d: float | None
    activity: tuple[Happening, ...]
    steps_done: dict[str, bool]


def overview(actor: Actor) -> Overview:
    access.require(actor, "viewer", "see the dashboard")
    workspace = actor.workspace_id
    with queries.reading(actor) as session:
        found = queries.one(session, "overview", workspace=workspace) or {}
        hours = queries.rows(session, "metrics_throughput", workspace=workspace, hours=24, mapping=None)
        activity = queries.rows(session, "overview_activity", workspace=workspace, limit=ACTIVITY)
    series = tuple(int(hour["stored"]) for hour in hours)
    return Overview(
        verdict=_verdict(found),
        mappings_total=found["mappings_total"],
        attention=found["attention"],
        running=found["running"],
        never_run=found["never_run"],
        oldest_freshness=None if found["never_run"] else found["oldest_freshness"],
        records_24h=sum(series),
        records_24h_series=series,
        open_errors=found["open_errors"],
        open_conflicts=found["open_conflicts"],
        success_rate_7d=found["success_rate_7d"],
        activity=tuple(Happening(**line) for line in activity),
        steps_done={
            "connection": found["connections_total"] > 0,
            "database": True,  # whoever reads this has one
            "mapping": found["mappings_total"] > 0,
            "sync": found["ever_synced"],
        },
    )


def _verdict(found: queries.Row) -> Verdict:
    if not found["mappings_total"]:
        return "empty"
    if found["running"]:
        return "syncing"
    if found["attention"]:
        return "attention"
    return "healthy" if found["ever_synced"] else "not_run"
