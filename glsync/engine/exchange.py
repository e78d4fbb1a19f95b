"""What goes into an expression and what comes out: cells as CEL takes them, its results as JSON, more functions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

MOST_ITEMS = 1000
"""Items of a list that an expression looks at."""
LONGEST_RESULT = 1_000_000
"""Characters of a text that `replace` and `join` may make."""
DIGITS = 15
"""Digits every double keeps."""


def given(cell: Any, name: str) -> Any:
    """A decoded cell as CEL takes it."""
    if cell == "":
        return None
    if isinstance(cell, bool) or cell is None or isinstance(cell, str):
        return _text(cell, name) if isinstance(cell, str) else cell
    if isinstance(cell, int | Decimal | float):
        return _number(Decimal(str(cell)), name)
    if isinstance(cell, list):
        if len(cell) > MOST_ITEMS:
            raise ValueError(f"{name} has more than {MOST_ITEMS:,} items, the most a rule looks at")
        return [given(item, name) for item in cell]
    if isinstance(cell, dict):
        return {key: given(item, name) for key, item in cell.items()}
    raise ValueError(f"{name} cannot be read")


def _text(cell: str, name: str) -> str:
    if not cell.isascii() and any("\ud800" <= character <= "\udfff" for character in cell):
        raise ValueError(f"{name} holds half of a character")
    return cell


def _number(number: Decimal, name: str) -> float | int:
    digits = len(bytes(number.as_tuple().digits).rstrip(b"\x00"))  # normalize() would round a long number
    if number.is_finite() and digits <= DIGITS and abs(number.adjusted()) < 300:
        return float(number)
    if number.is_finite() and number.adjusted() < 18 and number == number.to_integral_value():
        return int(number)
    raise ValueError(f"{name} is {number:.20g}, and rules calculate with {DIGITS} digits")


def result(found: Any) -> Any:
    if isinstance(found, bool) or found is None or isinstance(found, str | int):
        return found
    if isinstance(found, float):
        return _rounded(found)
    if isinstance(found, datetime):
        return found.isoformat().replace("+00:00", "Z")
    if isinstance(found, timedelta):
        return _span(found)
    if isinstance(found, list):
        return [result(item) for item in found]
    if isinstance(found, dict) and all(isinstance(key, str) for key in found):
        return {key: result(item) for key, item in found.items()}
    raise ValueError(f"gave a {type(found).__name__}, which no column holds")


def _rounded(found: float) -> Decimal:
    """Fifteen digits: 0.1 + 0.2 is 0.3."""
    number = Decimal(f"{found:.{DIGITS}g}")
    if not number.is_finite():
        raise ValueError("gave a number without end, as a division by 0.0 does")
    return number


def _span(found: timedelta) -> str:
    sign, span = ("-", -found) if found < timedelta() else ("", found)
    seconds = span.days * 86400 + span.seconds
    return f"{sign}PT{seconds}.{span.microseconds:06}S"


# --- functions besides CEL's own. Null in, null out. -----------------------------------------------------------------


def _of_text(act: Callable[..., Any]) -> Callable[..., Any]:
    def call(text: Any, *rest: Any) -> Any:
        if text is None:
            return None
        if not isinstance(text, str):
            raise TypeError("a text is needed; string(...) makes one")
        return act(text, *rest)

    return call


def _replace(text: str, old: str, new: str) -> str:
    return _short(len(text) + text.count(old) * (len(new) - len(old)), lambda: text.replace(old, new))


def _short(length: int, make: Callable[[], str]) -> str:
    if length > LONGEST_RESULT:
        raise ValueError(f"the result would be longer than {LONGEST_RESULT:,} characters")
    return make()


def _split(text: str, at: str) -> list[str]:
    if not at or text.count(at) >= MOST_ITEMS:
        raise ValueError(f"split gives at most {MOST_ITEMS:,} parts, at a text that is not empty")
    return text.split(at)


def _join(items: Any, between: str = "") -> str | None:
    if items is None:
        return None
    texts = [str(item) for item in items if item is not None]
    return _short(sum(map(len, texts)) + len(between) * len(texts), lambda: between.join(texts))


def _round(number: Any, digits: Any = 0) -> float | int | None:
    """Half away from zero, as people round: round(2.5) is 3."""
    if number is None or isinstance(number, int):
        return number
    unit = Decimal(1).scaleb(-int(digits))
    return float(Decimal(f"{number:.{DIGITS}g}").quantize(unit, "ROUND_HALF_UP"))


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "trim": _of_text(str.strip),
    "lower": _of_text(str.lower),
    "upper": _of_text(str.upper),
    "replace": _of_text(_replace),
    "split": _of_text(_split),
    "substring": _of_text(lambda text, start, end=None: text[int(start) : None if end is None else int(end)]),
    "join": _join,
    "round": _round,
    "abs": lambda number: None if number is None else abs(number),
}
