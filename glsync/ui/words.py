"""Values in words people read: numbers, durations, times, and data made safe to stand inside Markdown."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st

JOINER = "\u2060"
_FOUND_LATE = re.compile(r"@|:(?=//)|www(?=\.)|:(?=[a-z][\w+-]*(/\w+)?:)")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~:$^=&@])")


def plain(text: object) -> str:
    """Data as Markdown that shows exactly that data: nothing of it formats, colours, links or becomes an icon.

    Addresses and icon names are found after escapes are gone, so an invisible joiner breaks them up.
    """
    line = _FOUND_LATE.sub(lambda match: match[0] + JOINER, " ".join(str(text).split()))
    return _MARKDOWN.sub(r"\\\1", line)


def shortened(text: object, length: int = 60) -> str:
    """One line of at most `length` characters."""
    line = " ".join(str(text).split())
    return line if len(line) <= length else line[: length - 1] + "…"


def number(value: float | None) -> str:
    """1234567 -> 1,234,567, as messages and grids say it; None is a dash."""
    return "–" if value is None else f"{value:,.0f}"


def counted(value: int, one: str, many: str | None = None) -> str:
    """1 row, 2 rows."""
    return f"{number(value)} {one if value == 1 else many or one + 's'}"


def share(value: float | None) -> str:
    """0..1 as a percentage with at most one decimal; None is a dash."""
    if value is None:
        return "–"
    percent = value * 100
    return f"{percent:.0f} %" if percent in (0, 100) else f"{percent:.1f} %"


def duration(seconds: float | None) -> str:
    """0.4 s, 12 s, 1 min 12 s, 3 h 5 min, 2 d 4 h; None is a dash."""
    if seconds is None:
        return "–"
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    if whole < 86400:
        return f"{whole // 3600} h {whole % 3600 // 60} min"
    return f"{whole // 86400} d {whole % 86400 // 3600} h"


def ago(moment: datetime | None, now: datetime | None = None) -> str:
    """just now, 3 min ago, 2 h ago, 5 d ago; in 4 min for what is still to come; never for None."""
    if moment is None:
        return "never"
    seconds = ((now or datetime.now(UTC)) - moment).total_seconds()
    if abs(seconds) < 5:
        return "just now"
    return f"{_roughly(seconds)} ago" if seconds > 0 else f"in {_roughly(-seconds)}"


def _roughly(seconds: float) -> str:
    for size, name in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{int(seconds // size)} {name}"
    return f"{int(seconds)} s"


def zone() -> ZoneInfo:
    """The reader's time zone as the browser tells it, else UTC."""
    try:
        return ZoneInfo(st.context.timezone or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def moment(value: datetime | None) -> str:
    """22 Nov 2026, 14:03:07 in the reader's time zone."""
    return f"{value.astimezone(zone()):%-d %b %Y, %H:%M:%S}" if value else "never"


def clock(value: datetime) -> str:
    """14:03:07 in the reader's time zone."""
    return f"{value.astimezone(zone()):%H:%M:%S}"


def now_clock() -> str:
    return clock(datetime.now(UTC))


def age(value: datetime | None) -> str:
    """3 h: how long ago, without a word around it; a dash for None."""
    return "–" if value is None else _roughly(max(0.0, (datetime.now(UTC) - value).total_seconds()))
