"""One reply of rows."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import msgspec

from glsync.errors import GlideGarbled


@dataclass(frozen=True, slots=True)
class Page:
    """Raw rows in Glide's order. `next` is where the read goes on, None at its end; `price` is in Glide updates."""

    rows: list[msgspec.Raw]
    next: str | None
    price: Decimal
    version: str | None = None


def garbled(what: str, body: bytes) -> GlideGarbled:
    """The error for an answer with status 200 that is not what the API promises."""
    said = " ".join(body[:80].decode(errors="replace").split())
    return GlideGarbled(f"Glide's answer for {what} is not the JSON the API promises; it begins {said!r}", said=said)
