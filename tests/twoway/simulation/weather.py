"""What strikes each call: nothing, an error, a lost answer, a write that lands late; and who edits meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from glsync.standin.answering import run
from glsync.standin.faults import LANDS, Fault, Faults
from glsync.standin.glide import Glide
from glsync.standin.replies import Call
from glsync.standin.server import ADDRESSES
from glsync.standin.sites import is_write

SHARE = 0.3
"""Of the calls, in bad weather."""
CALL_SECONDS = 0.2
HANDLERS = {site: handler for _, _, site, handler in ADDRESSES}
SPARED = ("list",)
"""Asks which generation of the API reaches the table; taken for an answer even when it fails."""
READS: list[dict[str, Any]] = [
    {"kind": "status", "status": 500},
    {"kind": "status", "status": 503},
    {"kind": "status", "status": 429, "retry_after": 1},
    {"kind": "status", "status": 429},
    {"kind": "reset", "at": "request"},
    {"kind": "reset", "at": "body"},
    {"kind": "truncated"},
    {"kind": "html"},
    {"kind": "wrong_type"},
    {"kind": "expired_continuation"},
    {"kind": "moving_rows", "rows": 2},
]
WRITES: list[dict[str, Any]] = [
    {"kind": "status", "status": 500, "effect": "none"},
    {"kind": "status", "status": 502, "effect": "applied"},
    {"kind": "status", "status": 503, "effect": "late"},
    {"kind": "status", "status": 429, "retry_after": 1},
    {"kind": "status", "status": 429},
    {"kind": "status", "status": 402},
    {"kind": "reset", "at": "request", "effect": "none"},
    {"kind": "reset", "at": "request", "effect": "applied"},
    {"kind": "reset", "at": "request", "effect": "late"},
    {"kind": "reset", "at": "body"},
    {"kind": "truncated"},
    {"kind": "html", "effect": "applied"},
    {"kind": "wrong_type"},
]
UNSAID = ("reset", "truncated", "wrong_type")
"""The answer is lost; what becomes of the write is for the stand-in's settings to say, unless it is said here."""


class Weather(Faults):
    """Decides by dice what becomes of each call. `between` is called before each, as people do not wait for runs."""

    def __init__(self, glide: Glide, dice: Random, clock: Any, trace: list[str]) -> None:
        super().__init__()
        self._glide, self._dice, self._clock, self._trace = glide, dice, clock, trace
        self.share = 0.0
        self.struck = 0
        self.between: Callable[[], None] | None = None
        self._late: list[Call] = []

    def strike(self, call: Call) -> list[Fault]:
        self._clock.now += CALL_SECONDS
        if self.between is not None:
            self.between()
        if self._late and self._dice.random() < 0.3:
            self.land(1)
        struck = self._choose(call)
        self._trace.append(f"{call.site} {call.query.get('continuation', '')[:4]} {struck.kind if struck else '-'}")
        return [struck] if struck else []

    def _choose(self, call: Call) -> Fault | None:
        if call.site in SPARED or self._dice.random() >= self.share:
            return None
        how = dict(self._dice.choice(WRITES if is_write(call.site) else READS))
        if how["kind"] == "expired_continuation" and not ("continuation" in call.query or b"startAt" in call.body):
            return None
        if how["kind"] == "moving_rows" and self._dice.random() < 0.5:
            return None
        if is_write(call.site) and how["kind"] in UNSAID:
            how.setdefault("effect", LANDS[self._glide.settings.timed_out_write])
        if how.get("effect") == "late":
            how["effect"] = "none"
            self._late.append(call)
        self.struck += 1
        return Fault(**how)

    @property
    def is_late(self) -> bool:
        """Are writes on their way that nobody sees?"""
        return bool(self._late) or bool(self._glide.queue)

    def land(self, most: int | None = None) -> None:
        """Writes whose answers were lost take effect now."""
        while self._late and most != 0:
            run(self._glide, HANDLERS[self._late[0].site], self._late.pop(0))
            self._trace.append("landed")
            most = None if most is None else most - 1
