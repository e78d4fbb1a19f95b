"""What the Metrics page shows: each figure of a period with the one sentence it comes down to."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from uuid import UUID

import pandas as pd

from glsync.services import metrics
from glsync.services.access import Actor
from glsync.ui import charts, texts, words
from glsync.ui.charts import AMBER, BLUE, GRAY, RED, TEAL, Figure

HOURS = 48
"""How far back the pace is shown, hour by hour."""
LEAST_DAYS, LEAST_HOURS = 7, 12
"""What a chart shows at least, so that the first day of an installation is not a line at the edge of a month."""
PACE_DAYS = 7
"""Days whose mean stands for the days to come."""
Made = Callable[[], Figure]


def of_period(actor: Actor, days: int, mapping_id: UUID | None) -> Iterator[tuple[str, Made]]:
    """Every figure as (key, how to make it), so that one that fails leaves the others standing."""
    found = cache(lambda: metrics.per_day(actor, days, mapping_id))  # three figures show parts of it

    def days_of(frame: pd.DataFrame) -> pd.DataFrame:
        return _since(_first_day(found()), frame)

    per_day = cache(lambda: days_of(found()))
    yield "rows", lambda: rows(per_day(), days)
    yield "runs", lambda: runs(per_day())
    yield "throughput", lambda: throughput(metrics.throughput(actor, HOURS, mapping_id))
    yield "durations", lambda: durations(days_of(metrics.durations(actor, days, mapping_id)))
    yield "rejected", lambda: rejected(days_of(metrics.share_of(per_day())))
    yield "causes", lambda: causes(metrics.by_cause(actor, days, mapping_id))
    yield "usage", lambda: usage(days_of(metrics.usage(actor, days)), forecast(metrics.usage(actor, 31)))
    yield "freshness", lambda: freshness(metrics.freshness(actor))


def _first_day(per_day: pd.DataFrame) -> date:
    """Where the charts begin: with the period, or where nothing ran that early, with the first run, a week at least."""
    days = pd.to_datetime(per_day["day"]).dt.date
    ran = days[per_day["runs"].astype(int) > 0]
    return max(days.min(), min(ran.min() if len(ran) else days.max(), days.max() - timedelta(days=LEAST_DAYS - 1)))


def _since(first: date, frame: pd.DataFrame) -> pd.DataFrame:
    """The frame from this day on, knowing the first and last day even where nothing happened on them."""
    shown = frame[pd.to_datetime(frame["day"]).dt.date >= first].reset_index(drop=True)
    shown.attrs["period"] = [first.isoformat(), datetime.now(UTC).date().isoformat()]
    return shown


def _since_first_read(frame: pd.DataFrame) -> pd.DataFrame:
    """The hours from the first that read anything on, the last LEAST_HOURS at least."""
    read = frame["read"].astype(float).to_numpy()
    return frame.iloc[min(int((read > 0).argmax()), max(0, len(frame) - LEAST_HOURS)) :].reset_index(drop=True)


def _on(frame: pd.DataFrame, column: str) -> str:
    """The day on which a column is largest: 19 Nov."""
    largest = int(frame[column].astype(float).to_numpy().argmax())
    return f"{pd.Timestamp(str(frame['day'].iloc[largest])):%-d %b}"


def _none_if_still(frame: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """An empty frame when nothing at all happened: an empty chart says less than a sentence."""
    return frame if len(frame) and float(frame[list(columns)].astype(float).sum().sum()) else frame.head(0)


def rows(frame: pd.DataFrame, days: int) -> Figure:
    frame = _none_if_still(frame, "stored")
    says = f"No row was stored in {days} days."
    if len(frame):
        total = words.counted(int(frame["stored"].sum()), "row")
        says = f"{total} stored in {days} days, most of them on {_on(frame, 'stored')}."
    names = {"created": "Created", "updated": "Updated", "deleted": "Deleted"}
    draw = charts.stacked(names, (TEAL, BLUE, AMBER), "rows")
    return Figure("rows", "Rows stored per day", frame, says, draw, {"day": "Day", **names, "stored": "Stored"})


def runs(frame: pd.DataFrame) -> Figure:
    frame = _none_if_still(frame, "runs")
    says = "No run ended in this period."
    if len(frame):
        total, good = int(frame["runs"].sum()), int(frame["completed"].sum())
        says = f"{words.counted(total, 'run')}, {words.share(good / total)} of them without any error."
    names = {
        "completed": "Completed",
        "completed_with_errors": "With errors",
        "failed": "Failed",
        "cancelled": "Cancelled",
    }
    draw = charts.stacked(names, (TEAL, AMBER, RED, GRAY), "runs")
    return Figure("runs", "Runs per day", frame, says, draw, {"day": "Day", "runs": "Runs", **names})


def durations(frame: pd.DataFrame) -> Figure:
    says = "No run came to its end in this period."
    if len(frame):
        last = frame.iloc[-1]
        half, most = words.duration(float(last["p50"])), words.duration(float(last["p95"]))
        says = f"On the last day half of the runs took at most {half}, nearly all at most {most}."
    names = {"p50": "Half of the runs (p50)", "p95": "Nearly all (p95)"}
    draw = charts.lines(names, (TEAL, BLUE), "seconds")
    columns = {"day": "Day", "runs": "Runs", "p50": "p50, s", "p95": "p95, s", "longest": "Longest, s"}
    return Figure("durations", "Seconds a run takes", frame, says, draw, columns)


def rejected(frame: pd.DataFrame) -> Figure:
    frame = _none_if_still(frame, "read")
    says = "No row was read in this period."
    if len(frame):
        read, held = float(frame["read"].sum()), float(frame["rejected"].sum())
        says = f"{words.number(held)} of {words.number(read)} rows read were held back, {words.share(held / read)}."
    columns = {"day": "Day", "read": "Read", "rejected": "Held back", "share": "Share"}
    return Figure("rejected", "Rows held back", frame, says, charts.share, columns)


def causes(frame: pd.DataFrame) -> Figure:
    says = "No error came up in this period."
    if len(frame):
        first = frame.sort_values("errors", ascending=False).iloc[0]
        cause = texts.ERROR_TYPES.get(first["type"], first["type"])
        says = f"Most frequent: {cause}, {words.counted(int(first['errors']), 'time')}."
    called = frame.assign(cause=[texts.ERROR_TYPES.get(code, code) for code in frame["type"]])
    columns = {"cause": "Cause", "type": "Code", "errors": "Errors", "open": "Still open"}
    return Figure("causes", "Errors by cause", called, says, charts.causes, columns)


def throughput(frame: pd.DataFrame) -> Figure:
    frame = _none_if_still(frame, "read")
    says = f"No row was read in {HOURS} hours."
    if len(frame):
        paces = frame["rows_per_second"].dropna().astype(float)
        best = f", at best {words.number(float(paces.max()))} rows a second" if len(paces) else ""
        says = f"{words.number(float(frame['read'].sum()))} rows read in {HOURS} hours{best}."
        frame = _since_first_read(frame)
    columns = {"hour": "Hour", "read": "Read", "stored": "Stored", "rows_per_second": "Rows a second"}
    return Figure("throughput", "Rows a second, hour by hour", frame, says, charts.hours, columns)


def forecast(recent: pd.DataFrame, today: date | None = None) -> str:
    """What this month has used and, with the last week's mean for the days to come, what it will; "" for nothing."""
    today = today or datetime.now(UTC).date()
    used = recent.assign(updates=recent["updates"].astype(float), day=pd.to_datetime(recent["day"]).dt.date)
    month = float(used.loc[used["day"] >= today.replace(day=1), "updates"].sum())
    week = float(used.loc[used["day"] > today - timedelta(days=PACE_DAYS), "updates"].sum())
    to_come = monthrange(today.year, today.month)[1] - today.day
    if not month and not week:
        return ""
    whole = month + week / PACE_DAYS * to_come
    return f"This month {month:,.0f} so far; at the last week's pace {whole:,.0f} by its end."


def usage(frame: pd.DataFrame, ahead: str = "") -> Figure:
    frame = _none_if_still(frame, "updates", "calls")
    says = "Nothing was asked of Glide in this period."
    if len(frame):
        updates, calls = float(frame["updates"].sum()), int(frame["calls"].sum())
        asked = words.counted(calls, "call")
        says = f"{updates:,.2f} Glide updates for {asked}, all mappings together. {ahead}".strip()
    columns = {"day": "Day", "connection": "Connection", "updates": "Updates", "calls": "Calls"}
    return Figure("usage", "Glide updates used", frame, says, charts.usage, columns)


def freshness(frame: pd.DataFrame) -> Figure:
    ran = frame.dropna(subset=["age_seconds"])
    says = "No mapping had a good run yet."
    if len(ran):
        oldest = ran.iloc[0]
        says = f"The stalest is {oldest['mapping']}, {words.duration(float(oldest['age_seconds']))} old."
    columns = {"mapping": "Mapping", "last_success_at": "Last success", "age_seconds": "Age, s"}
    unit, _ = charts.age_unit(ran)
    return Figure("freshness", f"Age of the data, in {unit}", ran, says, charts.freshness, columns)
