"""The kinds of Glide cell: which Postgres types hold them, and how one cell is read.

A cell is read once, by `reader(kind, postgres type)`, into the text that COPY stores, or refused with the rule it
broke. Nothing is guessed: "1,234" is not a number, "maybe" is not a boolean, "7/29/2024" is not a date.
Empty is one thing: a key that is missing, null and "" are all NULL, because Glide cannot tell them apart either.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Context, Decimal, InvalidOperation
from typing import Any, Literal, Self, get_args
from uuid import UUID

import msgspec

from glsync.values import Kind

Reader = Callable[[object], str | None]
"""A decoded JSON cell (numbers as int or Decimal) to COPY text, None is NULL; ValueError carries the rule broken."""

Family = Literal[
    "text", "numeric", "integer", "float", "boolean", "timestamptz", "timestamp", "date", "time", "interval", "json",
    "array", "uuid", "enum", "other",
]  # fmt: skip


class Enumerated(str):
    """The name of an enumerated type (create type ... as enum), which also knows the words it takes."""

    __slots__ = ("words",)

    def __new__(cls, name: str, words: Sequence[str]) -> Self:
        made = super().__new__(cls, name)
        made.words = tuple(words)
        return made

    words: tuple[str, ...]


KINDS: tuple[Kind, ...] = get_args(Kind)

ALIASES: dict[str, Kind] = {
    "text": "string", "integer": "number", "decimal": "number", "float": "number",
    "datetime": "date-time", "dateTime": "date-time",
    "imageURI": "image-uri", "audioURI": "audio-uri", "emailAddress": "email-address", "phoneNumber": "phone-number",
    "url": "uri",
}  # fmt: skip
"""Other spellings: the contract's, and those of Glide's API v2."""

TEXT_KINDS = frozenset[str](
    {"string", "image-uri", "email-address", "uri", "audio-uri", "phone-number", "markdown", "emoji"}
)

POSTGRES_TYPE: dict[Kind, str] = {
    "number": "numeric", "boolean": "boolean", "date-time": "timestamp with time zone", "date": "date",
    "time": "time without time zone", "duration": "interval", "json": "jsonb", "array": "jsonb",
}  # fmt: skip

FITS: dict[str, frozenset[Family]] = {
    "number": frozenset({"numeric", "integer", "float", "text"}),
    "boolean": frozenset({"boolean", "text"}),
    "date-time": frozenset({"timestamptz", "timestamp", "date", "text"}),
    "date": frozenset({"date", "timestamptz", "timestamp", "text"}),
    "time": frozenset({"time", "text"}),
    "duration": frozenset({"interval", "numeric", "integer", "float", "text"}),
    "json": frozenset({"json", "text"}),
    "array": frozenset({"json", "array", "text"}),
}
TEXT_FITS = frozenset[Family]({"text", "uuid", "enum"})

FAMILIES: dict[str, Family] = {
    "text": "text", "character varying": "text", "character": "text", "citext": "text", "name": "text",
    "numeric": "numeric", "smallint": "integer", "integer": "integer", "bigint": "integer",
    "real": "float", "double precision": "float", "boolean": "boolean",
    "timestamp with time zone": "timestamptz", "timestamp without time zone": "timestamp", "date": "date",
    "time without time zone": "time", "interval": "interval", "json": "json", "jsonb": "json", "uuid": "uuid",
    "text[]": "array", "character varying[]": "array",
}  # fmt: skip

INTEGER_RANGE: dict[str, tuple[int, int]] = {
    "smallint": (-(2**15), 2**15 - 1),
    "integer": (-(2**31), 2**31 - 1),
    "bigint": (-(2**63), 2**63 - 1),
}

TRUE_WORDS = frozenset({"true", "yes", "y", "on", "1"})
FALSE_WORDS = frozenset({"false", "no", "n", "off", "0"})

EXACT = Context(prec=2000)
"""More digits than a numeric(p, s) can have; Python's usual 28 would round a long number or refuse to divide it."""
NAME_BYTES = 63
TEXT_RULE = "text without the character NUL (U+0000) and without halves of characters"
"""A lone half (surrogate) of a character such as an emoji is shown to us as NUL, see glsync/glide/page.py."""
_WORDS_SHOWN = 12
FARTHEST = timedelta(hours=16)

_UUID = re.compile(r"\{?([0-9a-f]{4}-?){7}[0-9a-f]{4}\}?", re.IGNORECASE | re.ASCII)
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_TIME = re.compile(r"([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,6})?)?", re.ASCII)
_TO_THE_MINUTE = re.compile(r"(?<=^\d{4}-\d\d-\d\d[Tt ])\d\d:\d\d(?![\d:.,])", re.ASCII)
_CLOCK_DURATION = re.compile(
    r"(?P<sign>-?)(?P<hours>\d+):(?P<minutes>[0-5]\d)(:(?P<seconds>[0-5]\d(\.\d{1,6})?))?", re.ASCII
)
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
"""An escaped NUL in JSON text, told from an escaped backslash before the word u0000."""
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")

_encode_json = msgspec.json.Encoder(decimal_format="number").encode
_exact_json = msgspec.json.Decoder(float_hook=Decimal).decode
_datetime = msgspec.json.Decoder(datetime).decode


def kind_of(name: str) -> Kind | None:
    """The kind a contract's data_type or a Glide type name means; None for one we do not know."""
    if name in KINDS:
        return name
    return ALIASES.get(name)


def postgres_type(kind: Kind) -> str:
    """The Postgres type a new column for this kind gets."""
    return POSTGRES_TYPE.get(kind, "text")


def family(type_name: str) -> Family:
    """The family of a type as format_type() spells it: `numeric(14,2)` is "numeric", `integer[]` is "other"."""
    if isinstance(type_name, Enumerated):
        return "enum"
    name = re.sub(r"\s*\([^)]*\)", "", type_name)
    return FAMILIES.get("citext" if name.endswith(".citext") else name, "other")  # of an extension, in any schema


def fits(kind: Kind, type_name: str) -> str | None:
    """Why a column of this type cannot hold this kind; None when it can."""
    if family(type_name) in FITS.get(kind, TEXT_FITS):
        return None
    return f"a {kind} does not fit a column of type {type_name}; use {postgres_type(kind)}"


def reader(kind: Kind, type_name: str, zone: tzinfo = UTC) -> Reader:
    """How a cell of this kind is read for a column of this type.

    Args:
        type_name: as format_type() spells it, with its modifiers.
        zone: of date-times that carry no offset.
    Raises:
        ValueError: the kind does not fit the type.
    """
    if reason := fits(kind, type_name):
        raise ValueError(reason)
    if family(type_name) == "uuid":
        return _not_empty(_uuid)
    if isinstance(type_name, Enumerated):
        return _not_empty(_one_of(type_name))
    return _not_empty(_READERS[kind if kind not in TEXT_KINDS else "string"](kind, type_name, zone))


def shown(value: object, limit: int = 200) -> str:
    """A raw cell as people see it in a message, shortened."""
    text = value if isinstance(value, str) else _encode_json(value).decode()
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def _not_empty(read: Callable[[Any], str]) -> Reader:
    def cell(value: object) -> str | None:
        if value is None or value == "":
            return None
        return read(value)

    return cell


def _text_reader(kind: Kind, type_name: str, _: tzinfo) -> Callable[[Any], str]:
    longest = _length(type_name)
    check = _email if kind == "email-address" else None

    def read(value: object) -> str:
        text = _as_text(value)
        if "\x00" in text:
            raise ValueError(TEXT_RULE)
        if longest is not None and len(text) > longest:
            raise ValueError(f"at most {longest} characters, as {type_name} holds")
        if type_name == "name" and len(text.encode()) > NAME_BYTES:
            raise ValueError(f"at most {NAME_BYTES} bytes, as the type name holds")
        if check is not None:
            check(text)
        return text

    return read


def _as_text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | Decimal):
        return _plain(Decimal(value))
    raise ValueError("a text, not a list or an object; map it as json or array")


def _uuid(value: object) -> str:
    """As Postgres shows it. It reads upper case, braces, and hyphens after any four digits, or none."""
    text = _as_text(value)
    if not _UUID.fullmatch(text) or text.startswith("{") != text.endswith("}"):
        raise ValueError("a uuid such as 0b3fc2a4-7a52-4f0e-9a51-3c2f4d7e8a90")
    return str(UUID(text.strip("{}").replace("-", "")))


def _one_of(type_: Enumerated) -> Callable[[Any], str]:
    more = len(type_.words) - _WORDS_SHOWN
    rule = f"one of {', '.join(type_.words[:_WORDS_SHOWN])}{f' and {more} more' if more > 0 else ''}, as {type_} takes"

    def read(value: object) -> str:
        text = _as_text(value)
        if text not in type_.words:
            raise ValueError(rule)
        return text

    return read


def _email(text: str) -> None:
    if not _EMAIL.fullmatch(text):
        raise ValueError("an e-mail address such as name@example.com")


def _length(type_name: str) -> int | None:
    found = re.search(r"^character[^(]*\((\d+)\)", type_name)
    return int(found[1]) if found else None


def to_number(value: object) -> Decimal:
    """A Glide number cell as an exact Decimal.

    Args:
        value: JSON number or numeric text, no thousands mark, no unit.
    Raises:
        ValueError: not a finite number, such as "twelve", "1,234" or "NaN".
    """
    if isinstance(value, bool) or not isinstance(value, int | Decimal | float | str):
        raise ValueError("a number such as 1234.5")
    text = str(value).strip()
    if not _NUMBER.fullmatch(text):
        raise ValueError("a number such as 1234.5, without thousands marks, units or words")
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise ValueError("a number within the range of decimals") from error


def _number_reader(_: Kind, type_name: str, __: tzinfo) -> Callable[[Any], str]:
    match family(type_name):
        case "integer":
            return _integer_reader(type_name)
        case "numeric":
            return _numeric_reader(type_name)
        case "float":
            return _float
        case _:
            return lambda value: _plain(to_number(value))


def _integer_reader(type_name: str) -> Callable[[Any], str]:
    low, high = INTEGER_RANGE[type_name]

    def read(value: object) -> str:
        number = to_number(value)
        if number.adjusted() > 20 or not low <= number <= high:
            raise ValueError(f"between {low} and {high}, the range of {type_name}")
        if number != number.to_integral_value():
            raise ValueError(f"a whole number, because the column is {type_name}")
        return str(int(number))

    return read


def _numeric_reader(type_name: str) -> Callable[[Any], str]:
    found = re.search(r"\((\d+),(-?\d+)\)", type_name)
    whole, scale = (int(found[1]) - int(found[2]), int(found[2])) if found else (131072, 16383)  # manual 8.1.2

    def read(value: object) -> str:
        number = to_number(value)
        if number and number.adjusted() >= whole:
            raise ValueError(f"at most {whole} digits before the point, as {type_name} holds")
        if not has_scale(number, scale):
            raise ValueError(f"at most {scale} decimals, as {type_name} holds; more would be rounded away")
        return str(number)

    return read


def has_scale(number: Decimal, scale: int) -> bool:
    """Does the number keep its value with so many decimals? Zeros at its end do not count; 12300 has scale -2."""
    _, digits, exponent = number.as_tuple()
    if not isinstance(exponent, int) or -exponent <= scale:
        return True
    return not any(digits[exponent + scale :]) if len(digits) > -exponent - scale else not any(digits)


def _float(value: object) -> str:
    number = float(to_number(value))
    if number in (float("inf"), float("-inf")):
        raise ValueError("within the range of a double precision number")
    return repr(number)


def _plain(number: Decimal) -> str:
    """Without exponent and trailing zeros: one number, one text."""
    if number == 0:
        return "0"
    if abs(number.adjusted()) > 400:
        return str(number)
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def to_boolean(value: object) -> bool:
    """true, false, or one of the words yes/no, y/n, on/off, 1/0 in any case; anything else is refused."""
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower() if isinstance(value, str | int) else ""
    if word in TRUE_WORDS:
        return True
    if word in FALSE_WORDS:
        return False
    raise ValueError("true or false (or yes/no, on/off, 1/0)")


def _boolean_reader(_: Kind, __: str, ___: tzinfo) -> Callable[[Any], str]:
    return lambda value: "true" if to_boolean(value) else "false"


def to_instant(value: object, zone: tzinfo = UTC) -> datetime:
    """A date-time as an instant in UTC.

    ISO 8601: `2024-07-29T14:04:15.561Z`, any offset below 16 hours (more is none on earth, and nothing to Postgres), a
    blank in place of T, seconds left out; without an offset it is read in `zone`, and a date alone is its first moment
    there.

    Raises:
        ValueError: any other spelling; 7/29/2024 is July only to some.
    """
    if not isinstance(value, str):
        raise ValueError("a date-time as text such as 2024-07-29T14:04:15Z; a bare number has no unit")
    text = value.strip()
    try:
        found = _iso_moment(text) if len(text) > 10 else datetime.combine(_iso_date(text), time())
    except (msgspec.ValidationError, ValueError):
        raise ValueError("a date-time in ISO form such as 2024-07-29T14:04:15Z") from None
    if abs(found.utcoffset() or timedelta()) >= FARTHEST:
        raise ValueError("a date-time whose offset is below 16 hours")
    try:
        return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)
    except OverflowError:
        raise ValueError("a date-time between the years 1 and 9999") from None


def has_offset(text: str) -> bool:
    """Does this ISO date-time (checked before) say its offset?"""
    return text[-1] in "Zz" or text[-6] in "+-"


def _iso_moment(text: str) -> datetime:
    """A date with a time; `14:04` is 14:04:00, as for a time of day alone."""
    return _datetime(_encode_json(_TO_THE_MINUTE.sub(r"\g<0>:00", text, count=1)))


def _iso_date(text: str) -> date:
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        raise ValueError("a date in ISO form such as 2024-07-29")
    return date.fromisoformat(text)


def _instant_reader(_: Kind, type_name: str, zone: tzinfo) -> Callable[[Any], str]:
    if family(type_name) == "date":
        return lambda value: to_date(value).isoformat()
    if family(type_name) == "timestamp":  # it has no zone: what we store is UTC, said in the docs
        return lambda value: to_instant(value, zone).replace(tzinfo=None).isoformat()
    return lambda value: _instant_text(value, to_instant(value, zone), zone)


def _instant_text(text: str, instant: datetime, zone: tzinfo) -> str:
    """As Glide wrote it where that says the instant, so that only Postgres rounds what is finer than a microsecond."""
    text = text.strip()
    if len(text) <= 10 or (zone is not UTC and not has_offset(text)):
        return _utc_text(instant)
    return with_offset(text)


def with_offset(text: str) -> str:
    """An ISO date-time that means UTC where it says no offset."""
    return text if has_offset(text) else f"{text}Z"


def _utc_text(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")


def to_date(value: object) -> date:
    """A date; a date-time counts only when it is a midnight, because dropping an hour would be a guess."""
    if not isinstance(value, str):
        raise ValueError("a date as text such as 2024-07-29")
    text = value.strip()
    if len(text) <= 10:
        try:
            return _iso_date(text)
        except ValueError:
            raise ValueError("a date in ISO form such as 2024-07-29") from None
    try:
        moment = _iso_moment(text)
    except msgspec.ValidationError:
        raise ValueError("a date in ISO form such as 2024-07-29") from None
    if moment.timetz().replace(tzinfo=None) != time():
        raise ValueError("a date without a time of day; map the column as date-time to keep the hour")
    return moment.date()


def _date_reader(_: Kind, type_name: str, zone: tzinfo) -> Callable[[Any], str]:
    if family(type_name) == "timestamptz":
        return lambda value: _utc_text(to_instant(to_date(value).isoformat(), zone))
    return lambda value: to_date(value).isoformat()


def _time_reader(_: Kind, __: str, ___: tzinfo) -> Callable[[Any], str]:
    def read(value: object) -> str:
        if not isinstance(value, str) or not _TIME.fullmatch(value.strip()):
            raise ValueError("a time of day such as 14:04 or 14:04:15")
        return value.strip()

    return read


def _duration_reader(kind: Kind, type_name: str, zone: tzinfo) -> Callable[[Any], str]:
    if family(type_name) in ("numeric", "integer", "float"):  # the number as it is, in the unit Glide gives it
        return _number_reader(kind, type_name, zone)

    def read(value: object) -> str:
        if not isinstance(value, str):
            raise ValueError("a duration as text such as PT1H30M or 01:30:00; a bare number has no unit")
        text = value.strip()
        if clock := _CLOCK_DURATION.fullmatch(text):
            return f"{clock['sign']}{clock['hours']}:{clock['minutes']}:{clock['seconds'] or '00'}"
        try:
            span = msgspec.json.decode(_encode_json(text), type=timedelta)
        except msgspec.ValidationError:
            raise ValueError("a duration such as PT1H30M or 01:30:00") from None
        sign, span = ("-", -span) if span < timedelta() else ("", span)  # a sign each, for any IntervalStyle
        return f"{sign}{span.days} days {sign}{span.seconds}.{span.microseconds:06} seconds"

    return read


def _json_reader(_: Kind, __: str, ___: tzinfo) -> Callable[[Any], str]:
    return _json_text


def _json_text(value: object) -> str:
    value = _unpacked(value)
    text = _encode_json(value).decode()
    if _NUL.search(text):
        raise ValueError("JSON without the character NUL (U+0000)")
    return text


def _unpacked(value: object) -> object:
    """An object or list that came as its text (both are met) is that object or list; any other text stays a text."""
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            return _exact_json(value)
        except msgspec.DecodeError:
            return value
    return value


def _array_reader(_: Kind, type_name: str, __: tzinfo) -> Callable[[Any], str]:
    to_text = _array_literal if family(type_name) == "array" else _json_text

    def read(value: object) -> str:
        value = _unpacked(value)
        items = [value] if isinstance(value, str) else value  # Glide shows a list of one as its only text
        if not isinstance(items, list):
            raise ValueError("a list")
        return to_text(items)

    return read


def _array_literal(items: list[object]) -> str:
    """A Postgres array literal of texts, PostgreSQL manual 8.15.2."""
    texts = [None if item is None else _as_text(item) for item in items]
    if any("\x00" in text for text in texts if text):
        raise ValueError(TEXT_RULE)
    return "{" + ",".join("NULL" if text is None else _quoted_item(text) for text in texts) + "}"


def _quoted_item(text: str) -> str:
    """Only the backslash and the quote mean something else in there; a line's end stands as it is."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


_READERS: dict[str, Callable[[Kind, str, tzinfo], Callable[[Any], str]]] = {
    "string": _text_reader, "number": _number_reader, "boolean": _boolean_reader, "date-time": _instant_reader,
    "date": _date_reader, "time": _time_reader, "duration": _duration_reader, "json": _json_reader,
    "array": _array_reader,
}  # fmt: skip
