"""When a mapping runs by itself: an interval or a cron line, read from one text. No clock in here: now is given.

    every 15m        every 1h30m        every 1d        (from 1 minute to 31 days, counted from midnight UTC)
    0 6 * * 1-5      30 2 * * * Europe/Berlin           (minute hour day month weekday, then a zone; UTC without one)

A tick that was missed is made up once, however many were missed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from glsync.values import TableKind

SHORTEST, LONGEST = timedelta(minutes=1), timedelta(days=31)
MONTH = timedelta(days=30)
SAMPLE = 200
"""Ticks of a cron line that are counted to tell how often it runs."""

RETRY_AFTER = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15))
"""Pauses before a run that failed for a passing reason is tried again by itself; then it waits for a person."""

PAUSE_AFTER = 3
"""Runs in a row that fail for a reason only a person can take away; then a schedule pauses itself."""
NEEDS_A_PERSON = frozenset(
    {"CONFIG_ERROR", "AUTH_ERROR", "NOT_FOUND", "PERMISSION_ERROR", "SECURITY_BLOCKED", "SCHEMA_DRIFT"}
)

_EXAMPLES = "write every 15m, or a cron line such as 0 6 * * 1-5 Europe/Berlin"
_EVERY = re.compile(r"(?:every\b\s*:?\s*)?((?:\d+\s*[a-z]+\s*)+)", re.IGNORECASE)
_PART = re.compile(r"(\d+)\s*([a-z]+)", re.IGNORECASE)
_UNITS = {
    "m": timedelta(minutes=1), "min": timedelta(minutes=1), "minute": timedelta(minutes=1),
    "minutes": timedelta(minutes=1), "h": timedelta(hours=1), "hour": timedelta(hours=1), "hours": timedelta(hours=1),
    "d": timedelta(days=1), "day": timedelta(days=1), "days": timedelta(days=1),
}  # fmt: skip
_START = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Schedule:
    """Either `every` or `cron` (five fields) in `zone`."""

    every: timedelta | None = None
    cron: str = ""
    zone: tzinfo = UTC

    def after(self, moment: datetime) -> datetime:
        """The first tick later than `moment`, in UTC."""
        if self.every is not None:
            return _START + ((moment - _START) // self.every + 1) * self.every
        from croniter import croniter  # type: ignore[import-untyped]  # here: only mappings with a cron line need it

        found: datetime = croniter(self.cron, moment.astimezone(self.zone)).get_next(datetime)
        return found.astimezone(UTC)


def parse(text: str) -> Schedule:
    """A schedule as people write it.

    Raises:
        ValueError: what is wrong with it, and what fits.
    """
    wanted = " ".join(text.split())
    if found := _EVERY.fullmatch(wanted):
        return Schedule(every=_interval(found[1]))
    parts = wanted.split(" ")
    if len(parts) not in (5, 6):
        raise ValueError(f'The schedule "{wanted}" is neither an interval nor a cron line: {_EXAMPLES}.')
    return Schedule(cron=_cron(" ".join(parts[:5])), zone=_zone(parts[5] if len(parts) == 6 else "UTC"))


def _interval(text: str) -> timedelta:
    found = timedelta()
    for number, unit in _PART.findall(text):
        if unit.lower() not in _UNITS:
            raise ValueError(f'The schedule has the unknown unit "{unit}": use m, h or d, as in every 1h30m.')
        if len(number) > 6:
            raise ValueError("The schedule is longer than 31 days: use 31d or less.")
        found += int(number) * _UNITS[unit.lower()]
    if found < SHORTEST:
        raise ValueError("The schedule is shorter than a minute: use 1m or more.")
    if found > LONGEST:
        raise ValueError("The schedule is longer than 31 days: use 31d or less.")
    return found


def _cron(line: str) -> str:
    from croniter import CroniterError, croniter

    try:
        croniter(line, _START).get_next(datetime)
    except (CroniterError, ValueError, KeyError) as error:
        raise ValueError(f'The cron line "{line}" cannot be read ({error}): {_EXAMPLES}.') from None
    return line


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(
            f'The schedule names "{name}", which is no time zone: use one such as Europe/Berlin.'
        ) from None


def retry_after(tries: int) -> timedelta | None:
    """How long to wait before the next try of a run that was tried again so often already; None: no more."""
    return RETRY_AFTER[tries] if tries < len(RETRY_AFTER) else None


# --- what it costs ---------------------------------------------------------------------------------------------------


def runs_a_month(schedule: Schedule, now: datetime) -> int:
    """How often it runs in 30 days."""
    if schedule.every is not None:
        return MONTH // schedule.every
    last = now
    for count in range(SAMPLE):
        tick = schedule.after(last)
        if tick > now + MONTH:
            return count
        last = tick
    return round(SAMPLE * (MONTH / (last - now)))


def read_price(kind: TableKind, rows: int) -> Decimal:
    """Glide updates of reading a table of so many rows once. A Big Table that did not change is not read at all."""
    return Decimal(rows) / 1000 if kind == "big" else Decimal(max(1, -(-rows // 1000)))


def hint(schedule: Schedule, now: datetime, kind: TableKind, rows: int) -> str:
    """What running so often costs, in a sentence."""
    runs, price = runs_a_month(schedule, now), read_price(kind, rows)
    total = f"{runs * price:,.0f}"
    if kind == "big":
        return f"{runs:,} runs a month; reading costs up to {total} updates, and none while nothing changes in Glide"
    return f"{runs:,} runs a month; reading costs {total} updates, {price:,} for each run"
