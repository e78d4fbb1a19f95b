"""Faults a person switches on: which calls they strike, and how often."""

from __future__ import annotations

from random import Random
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from glsync.standin.replies import Call, Refused
from glsync.standin.settings import Settings
from glsync.standin.sites import is_write, sites
from glsync.standin.tables import PREFIX

FaultKind = Literal[
    "status", "reset", "hang", "truncated", "html", "wrong_type", "expired_continuation",
    "latency", "trickle", "moving_rows", "replay",
]  # fmt: skip
Effect = Literal["none", "applied", "late"]
COMPANIONS = {"latency", "trickle", "moving_rows", "replay"}
"""Kinds that leave the call its own answer, and so may strike together with others."""
LANDS: dict[str, Effect] = {"lands": "applied", "lost": "none", "lands_late": "late"}
Count = Annotated[int, Meta(ge=0)]


WORDS = {
    401: ("request_error", "Unauthorized"),
    402: ("payment_required", "The updates of this plan are used up"),
    403: ("request_error", "Forbidden"),
    404: ("request_error", "API key not found, or duplicate API key found"),
    412: ("precondition_failed", "The data has changed since that version"),
    422: ("column_has_invalid_value", "A column has an invalid value"),
    429: ("request_error", "Too many requests"),
}
"""What an error says unless the fault itself does."""


class Fault(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What goes wrong (`kind`), for which calls, how often.

    status: this status with Glide's error body, whose words `type` (v2 only) and `message` may replace;
        `retry_after` seconds are told as seconds or as an HTTP date.
    reset: a TCP reset, `at` the request (no byte is answered) or in the middle of the body.
    hang: no answer for `seconds`, then the connection is reset.
    truncated / html / wrong_type: 200 with half the JSON, a web page, JSON of another shape.
    expired_continuation: strikes only calls that go on with a read.
    latency / trickle: the answer begins `seconds` later, or takes that long to arrive.
    moving_rows: before the page is read, the table's first `rows` rows move to its end.
    replay: the call takes effect twice, as when a proxy sends it again.

    `effect` says what the call does to the data: nothing, all, or all but later (`late_seconds` of the settings).
    """

    kind: FaultKind
    site: str | list[str] = "*"
    table: str | None = None
    status: Annotated[int, Meta(ge=400, le=599)] = 503
    type: str | None = None
    message: str | None = None
    retry_after: float | None = None
    retry_after_form: Literal["seconds", "date"] = "seconds"
    effect: Effect | None = None
    at: Literal["request", "body"] = "request"
    seconds: Annotated[float, Meta(ge=0)] = 1.0
    rows: Annotated[int, Meta(ge=1)] = 1
    skip: Count = 0
    """Let this many calls pass first."""
    every: Annotated[int, Meta(ge=1)] = 1
    """Of the calls after that, strike each so-many-th: 3 strikes the third, the sixth..."""
    count: Count | None = 1
    """Strike so often, then rest; None: for ever."""
    probability: Annotated[float, Meta(ge=0, le=1)] = 1.0
    seed: int = 0
    id: int = 0
    seen: Count = 0
    hits: Count = 0

    def __post_init__(self) -> None:
        sites(self.site)

    def concerns(self, call: Call) -> bool:
        """Does the call answer to the fault's site and table? v1 functions name their table in the body."""
        if call.site not in sites(self.site):
            return False
        if self.kind == "expired_continuation" and not goes_on(call):
            return False
        if self.table is None:
            return True
        id = self.table.removeprefix(PREFIX)
        if "table" in call.path:
            return call.path["table"].removeprefix(PREFIX) == id
        return any(f'"{name}"'.encode() in call.body for name in (id, PREFIX + id))

    def refusal(self) -> Refused:
        """The error that a fault of kind status answers with."""
        type, message = WORDS.get(self.status, ("request_error", f"Error {self.status}"))
        return Refused(self.status, self.message or message, self.type or type)

    def effect_on(self, call: Call, settings: Settings) -> Effect:
        """What becomes of the call's effect when the fault itself does not say."""
        if self.effect is not None:
            return self.effect
        if self.kind in ("status", "html", "expired_continuation"):
            return "none"
        withheld = self.kind == "hang" or (self.kind == "reset" and self.at == "request")
        return LANDS[settings.timed_out_write] if withheld and is_write(call.site) else "applied"


class Faults:
    """The faults switched on, in the order they were."""

    def __init__(self) -> None:
        self._on: dict[int, tuple[Fault, Random]] = {}
        self._numbered = 0

    def add(self, fault: Fault) -> Fault:
        self._numbered += 1
        fault.id = self._numbered
        self._on[fault.id] = (fault, Random(fault.seed))  # noqa: S311  chance, not secrecy
        return fault

    def remove(self, id: int) -> None:
        self._on.pop(id, None)

    def clear(self) -> None:
        self._on.clear()

    def all(self) -> list[Fault]:
        return [fault for fault, _ in self._on.values()]

    def strike(self, call: Call) -> list[Fault]:
        """The faults that strike this call: any companions, and at most one that takes its answer."""
        struck: list[Fault] = []
        taken = False
        for fault, chance in list(self._on.values()):
            if (taken and fault.kind not in COMPANIONS) or not fault.concerns(call):
                continue
            if _falls_due(fault, chance):
                struck.append(fault)
                taken = taken or fault.kind not in COMPANIONS
        return struck


def _falls_due(fault: Fault, chance: Random) -> bool:
    fault.seen += 1
    if fault.count is not None and fault.hits >= fault.count:
        return False
    after = fault.seen - fault.skip
    if after <= 0 or after % fault.every or chance.random() >= fault.probability:
        return False
    fault.hits += 1
    return True


def goes_on(call: Call) -> bool:
    """Does the call carry a continuation?"""
    if "continuation" in call.query or call.query.get("start"):
        return True
    return call.site == "query" and b'"startAt"' in call.body


def fault_from(given: dict[str, Any]) -> Fault:
    """A fault from JSON.

    Raises:
        msgspec.ValidationError: an unknown name or call, or a value that does not fit.
    """
    return msgspec.convert(given, Fault)
