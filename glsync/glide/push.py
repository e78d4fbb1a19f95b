"""Writing to Glide: what may be sent in one call, and what each answer means for each row.

Nothing here is sent twice: a call that may have taken effect answers `unknown`, and whoever keeps the journal finds
out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, TypeVar

from msgspec import Struct

from glsync.values import Operation

T = TypeVar("T")

State = Literal["done", "accepted", "failed", "unknown", "stale", "busy"]
"""What became of a write.

accepted: taken by Glide, to be seen in a later read. stale: the row changed or went since we read it. busy: not taken,
because Glide had too much to do; it may be sent again. unknown: it may have happened.
"""


class Op(Struct, frozen=True):
    """One row to write. `cells` are Glide column id -> JSON value, None clears; `if_match` is the version we read."""

    id: str
    operation: Operation
    """create, update or delete: Glide knows no mark."""
    row_id: str | None = None
    cells: Mapping[str, Any] = {}
    if_match: str | None = None


class Outcome(Struct, frozen=True):
    """What became of an Op. `row_id` is Glide's name for the row, known for adds only now."""

    id: str
    state: State
    row_id: str | None = None
    said: str = ""
    after: float | None = None
    """Seconds Glide asked us to wait, where it was busy."""


def calls(writes: Iterable[T], most: int, row_of: Callable[[T], str | None]) -> Iterator[list[T]]:
    """Writes in calls of at most `most`, never two on one row in a call: Glide keeps no order inside one."""
    waiting = list(writes)
    while waiting:
        rows: set[str | None] = set()
        now: list[T] = []
        later: list[T] = []
        for write in waiting:
            row = row_of(write)
            (later if row is not None and row in rows else now).append(write)
            rows.add(row)
        for start in range(0, len(now), most):
            yield now[start : start + most]
        waiting = later


def all_of(ops: Sequence[Op], state: State, said: str, after: float | None = None) -> list[Outcome]:
    """One answer for the whole call."""
    return [Outcome(op.id, state, op.row_id, said, after) for op in ops]
