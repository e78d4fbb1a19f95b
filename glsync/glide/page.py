"""One reply of rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

import msgspec

from glsync.errors import GlideError, GlideGarbled, GlideRefusedToken, GlideRejected, GlideTableMissing


@dataclass(frozen=True, slots=True)
class Page:
    """Raw rows in Glide's order. `next` is where the read goes on, None at its end; `price` is in Glide updates."""

    rows: list[msgspec.Raw]
    next: str | None
    price: Decimal
    version: str | None = None


T = TypeVar("T")

_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)"
)


def decoded(decode: Callable[[bytes], T], body: bytes) -> T:
    """The body as `decode` reads it. Half a character, as an emoji cut in two leaves it, is read as NUL.

    No text may hold either; the reader of the cell refuses it, so that it holds up its own row and not the page.

    Raises:
        ValueError, RecursionError: what `decode` raises for anything else.
    """
    try:
        return decode(body)
    except msgspec.DecodeError:
        mended = _ESCAPE.sub(lambda found: rb"\u0000" if found["half"] else found[0], body)
        if mended == body:
            raise
    return decode(mended)


def follow(page_at: Callable[[str | None], Page], start: str | None, what: str) -> Iterator[Page]:
    """Page after page until one names no next. A continuation that comes again would never end and is an error.

    Raises:
        GlideGarbled: it goes in a circle.
    """
    asked, seen = start, {start}
    while True:
        page = page_at(asked)
        if page.next is not None and page.next in seen:
            raise GlideGarbled(f"Glide's continuation of {what} goes in a circle")
        yield page
        if page.next is None:
            return
        asked = page.next
        seen.add(asked)


def is_expired(error: GlideError) -> bool:
    """Did Glide refuse to go on with a read? Only its words tell, and a read begun anew settles any doubt."""
    is_refusal = isinstance(error, GlideRejected | GlideTableMissing | GlideRefusedToken)
    words = r"start|continuation|token|expired|cursor"
    return is_refusal and error.status not in (401, 403) and bool(re.search(words, error.said, re.IGNORECASE))


def garbled(what: str, body: bytes) -> GlideGarbled:
    """The error for an answer with status 200 that is not what the API promises."""
    said = " ".join(body[:80].decode(errors="replace").split())
    return GlideGarbled(f"Glide's answer for {what} is not the JSON the API promises; it begins {said!r}", said=said)
