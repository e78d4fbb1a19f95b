"""Columns and cells: kinds in both APIs' spelling, what fits a kind, and what a stored cell looks like."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Any

import msgspec

from glsync.standin.settings import Settings

V2_NAMES = {
    "image-uri": "imageURI",
    "audio-uri": "audioURI",
    "date-time": "dateTime",
    "phone-number": "phoneNumber",
    "email-address": "emailAddress",
}
V1_NAMES = {spelled: kind for kind, spelled in V2_NAMES.items()}
KINDS = {
    *("string", "uri", "image-uri", "audio-uri", "date", "time", "date-time", "markdown", "phone-number"),
    *("email-address", "emoji", "duration", "number", "boolean", "json", "array"),
}
EXACT_BELOW = 2**53
LARGEST = sys.float_info.max


class UnknownKind(ValueError):
    """A column type that neither API has."""


class Column(msgspec.Struct, omit_defaults=True):
    """`type` is a v1 kind; `items` the kind inside an array. A computed column is only ever changed by an editor."""

    id: str
    name: str
    type: str = "string"
    items: str | None = None
    computed: bool = False

    @property
    def v1_type(self) -> dict[str, Any]:
        if self.type == "array":
            return {"kind": "array", "items": {"kind": self.items or "string"}}
        return {"kind": self.type}


def column(id: str, name: str | None, type: object = "string", computed: bool = False) -> Column:
    """A column from either API's description of it: a kind, or an object with `kind` and perhaps `items`.

    Raises:
        UnknownKind: the type names nothing we know.
    """
    kind: Any = type
    items: Any = None
    if isinstance(type, dict):
        kind, items = type.get("kind"), type.get("items")
    if isinstance(items, dict):
        items = items.get("kind")
    kind, items = V1_NAMES.get(str(kind), kind), V1_NAMES.get(str(items), items)
    if kind not in KINDS:
        raise UnknownKind(f"column {id!r} has the unknown type {type!r}")
    return Column(id, name or id, str(kind), str(items) if items else None, computed)


def fits(value: object, column: Column) -> bool:
    """Is the value of the column's type? Texts are not looked into; null and "" always fit, they clear."""
    if value is None or value == "":
        return True
    match column.type:
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "boolean":
            return isinstance(value, bool)
        case "array":
            return isinstance(value, list)
        case "json":
            return True
        case _:
            return isinstance(value, str)


def kind_for(value: object) -> str:
    """The kind a new column gets from its first value."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, list):
        return "array"
    return "json" if isinstance(value, dict) else "string"


def is_empty(value: object, settings: Settings) -> bool:
    return value is None or (value == "" and settings.empty_text == "clears")


def stored(value: Any, column: Column | None, settings: Settings) -> Any:
    """The cell as it will be read back."""
    if isinstance(value, int | float) and not isinstance(value, bool) and settings.numbers == "double":
        return as_double(value)
    if isinstance(value, str) and column and column.type == "date-time" and settings.dates != "as_sent":
        return in_utc(value, milliseconds=settings.dates == "utc_milliseconds")
    return value


def as_double(number: float) -> int | float:
    """A number as JavaScript holds and writes it: whole numbers without a point, integers beyond 2^53 rounded."""
    if isinstance(number, int) and -EXACT_BELOW <= number <= EXACT_BELOW:
        return number
    try:
        double = float(number)
    except OverflowError:
        return LARGEST if number > 0 else -LARGEST
    return int(double) if double.is_integer() and abs(double) < 1e21 else double


def in_utc(text: str, *, milliseconds: bool) -> str:
    """An ISO date-time as `2024-07-29T14:04:15.561Z`; one without a zone is taken for UTC, other text stays."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment.isoformat(timespec="milliseconds" if milliseconds else "seconds").replace("+00:00", "Z")


def local_spelling(text: object) -> object:
    """An ISO date-time as `7/29/2024, 2:04:15 PM`; anything else stays."""
    if not isinstance(text, str):
        return text
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    hour = moment.hour % 12 or 12
    return f"{moment.month}/{moment.day}/{moment.year}, {hour}:{moment:%M:%S %p}"
