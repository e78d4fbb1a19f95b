"""Twelve ways Glide may be, such that any two of its nine unknown behaviours meet in all four combinations.

The plan is Plackett and Burman's of twelve runs: a row of signs turned eleven times, and a row of minus signs.
"""

from __future__ import annotations

from typing import Any

from glsync.standin.settings import UNKNOWN

_SIGNS = "++-+++---+-"
_ROWS = [*(_SIGNS[turn:] + _SIGNS[:turn] for turn in range(len(_SIGNS))), "-" * len(_SIGNS)]


def positions() -> list[dict[str, int]]:
    """Behaviour -> 0 or 1, for each of the twelve."""
    return [{name: int(sign == "+") for name, sign in zip(UNKNOWN, signs, strict=False)} for signs in _ROWS]


def settings(number: int) -> dict[str, Any]:
    """The stand-in's settings in one of the twelve, counted from 0."""
    chosen = positions()[number]
    return {key: value for name, which in chosen.items() for key, value in UNKNOWN[name][which].items()}
