"""A row that a merge's decision is carried out on, as a run would."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from glsync.engine.merge import SIDES, base_so_far
from glsync.values import Cells, Change, Decision, FieldRule, Seen, Side


def carried_out(
    seen: Seen,
    decision: Decision,
    *,
    sides: Collection[Side] = SIDES,
    remembered: bool = True,
    columns: Iterable[str] = (),
) -> Seen:
    """The row once the decision's changes are made on `sides`.

    Args:
        sides: fewer than both is a crash between the two writes.
        remembered: False is a crash before the base was stored.
        columns: those a created row has on its own, empty until something sets them; else it has what it was given.
    """
    for change in decision.changes:
        if change.side in sides:
            seen = _changed(seen, change, dict.fromkeys(columns))
    if not remembered:
        return seen
    is_done = all(change.side in sides for change in decision.changes)
    return replace(
        seen, base=base_so_far(seen, decision, sides), detached=decision.detached if is_done else seen.detached
    )


def columns_of(rules: Sequence[FieldRule]) -> list[str]:
    return [rule.column for rule in rules]


def _changed(seen: Seen, change: Change, blank: Cells) -> Seen:
    old = seen.glide if change.side == "glide" else seen.postgres
    match change.operation:
        case "create":
            assert old is None
            row: Cells | None = {**blank, **change.cells}
        case "update":
            assert old is not None
            row = {**old, **change.cells}
        case "mark":
            row = old
        case "delete":
            row = None
    if change.side == "glide":
        return replace(seen, glide=row, glide_gone=row is None)
    return replace(seen, postgres=row, postgres_gone=row is None)
