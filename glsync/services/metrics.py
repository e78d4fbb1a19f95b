"""Figures over time, as data frames for charts and tables. Days and hours are UTC; none is left out."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pandas as pd

from glsync.errors import InvalidInput
from glsync.services import access, queries
from glsync.services.access import Actor

LONGEST_DAYS = 366


def per_day(actor: Actor, days: int = 30, mapping_id: UUID | None = None) -> pd.DataFrame:
    """day, runs, completed, completed_with_errors, failed, cancelled, read, created, updated, deleted, stored,
    rejected (rows), price (Glide updates)."""
    return _frame(actor, "metrics_per_day", days=_days(days), mapping=mapping_id)


def durations(actor: Actor, days: int = 30, mapping_id: UUID | None = None) -> pd.DataFrame:
    """day, runs, p50, p95, longest: seconds of the runs that came to their end. Days without runs are left out."""
    return _frame(actor, "metrics_durations", days=_days(days), mapping=mapping_id)


def throughput(actor: Actor, hours: int = 48, mapping_id: UUID | None = None) -> pd.DataFrame:
    """hour, stored, read (rows), rows_per_second (missing where nothing ran)."""
    _days(hours // 24)
    return _frame(actor, "metrics_throughput", hours=hours, mapping=mapping_id)


def share_of(days: pd.DataFrame) -> pd.DataFrame:
    """day, read, rejected, share (of the rows read, 0 to 1; missing on days that read nothing), from `per_day`."""
    found = days[["day", "read", "rejected"]]
    return found.assign(share=found["rejected"] / found["read"].where(found["read"] > 0))


def by_cause(actor: Actor, days: int = 30, mapping_id: UUID | None = None) -> pd.DataFrame:
    """type, errors, open: errors first seen in the period."""
    return _frame(actor, "metrics_by_cause", days=_days(days), mapping=mapping_id)


def usage(actor: Actor, days: int = 30) -> pd.DataFrame:
    """day, connection, updates, calls: what our calls cost in Glide updates."""
    return _frame(actor, "metrics_usage", days=_days(days))


def freshness(actor: Actor) -> pd.DataFrame:
    """mapping_id, mapping, last_success_at, age_seconds (missing when it never ran), the stalest first."""
    return _frame(actor, "metrics_freshness")


_COLUMNS: dict[str, tuple[str, ...]] = {
    "metrics_durations": ("day", "runs", "p50", "p95", "longest"),
    "metrics_by_cause": ("type", "errors", "open"),
    "metrics_usage": ("day", "connection", "updates", "calls"),
    "metrics_freshness": ("mapping_id", "mapping", "last_success_at", "age_seconds"),
}
"""The columns of a frame that may have no rows; a chart needs them all the same."""


def _frame(actor: Actor, query: str, **values: Any) -> pd.DataFrame:
    access.require(actor, "viewer", "see metrics")
    with queries.reading(actor) as session:
        found = queries.rows(session, query, workspace=actor.workspace_id, **values)
    return pd.DataFrame(found, columns=_COLUMNS.get(query)) if query in _COLUMNS else pd.DataFrame(found)


def _days(days: int) -> int:
    if not 0 <= days <= LONGEST_DAYS:
        raise InvalidInput(f"{days} days is not a period we can show", hint=f"Choose 1 to {LONGEST_DAYS} days.")
    return max(days, 1)
