"""Values on their way to Glide: canonical JSON to what its kinds take, and whether it gave back the same value."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from glsync.engine.merge import same
from glsync.engine.types import TEXT_KINDS
from glsync.values import Kind

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
Json = Any
"""A canonical value: what to_jsonb() makes of a typed column; numbers as int or Decimal."""


def to_glide(kind: Kind, value: Json) -> Json:
    """A canonical value as Glide takes it; None clears the cell. Date-times go in UTC, in milliseconds if they fit."""
    if value is None:
        return None
    if kind == "date-time" and isinstance(value, str):
        return _utc(value)
    if kind == "number" and isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() and abs(value) < 2**53 else value
    if kind in TEXT_KINDS and not isinstance(value, str):
        return str(value)
    return value


def given_back(kind: Kind, sent: Json) -> Json:
    """What Glide makes of a value it took: a number is a double there."""
    return Decimal(repr(float(Decimal(sent)))) if kind == "number" and _is_number(sent) else sent


def is_same(kind: Kind, sent: Json, found: Json) -> bool:
    """Is `found` the value we sent, perhaps in Glide's own form? Types are lossy: doubles, milliseconds, blanks.

    A value of another meaning is somebody's edit and never taken for an echo.
    """
    if same(sent, found):
        return True
    if sent is None or found is None:
        return sent in (None, "", []) and found in (None, "", [])
    if _is_number(sent) and _is_number(found):
        return float(sent) == float(found)
    if isinstance(sent, str) and isinstance(found, str):
        if kind in ("date-time", "date"):
            return _milliseconds(sent) == _milliseconds(found)
        return _plain(sent) == _plain(found)
    return False


def _is_number(value: Json) -> bool:
    return isinstance(value, int | Decimal | float) and not isinstance(value, bool)


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n")).strip()


def _utc(text: str) -> str:
    moment = _moment(text)
    if moment is None:
        return text
    precision = "microseconds" if moment.microsecond % 1000 else "milliseconds"
    return moment.isoformat(timespec=precision).replace("+00:00", "Z")


def _milliseconds(text: str) -> int | str:
    moment = _moment(text)
    return text if moment is None else (moment - EPOCH) // MILLISECOND


def _moment(text: str) -> datetime | None:
    """The time in UTC, which a text without a zone is in; None for what a clock does not show, such as infinity."""
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
