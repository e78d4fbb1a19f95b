"""Why a run would do what it would do with one row, in sentences, column by column.

The sentences follow the decision of `merge` and never decide anything themselves.
"""

from __future__ import annotations

from collections.abc import Sequence

from glsync.engine.merge import NAMES, OTHER, SIDES, WRITES, same
from glsync.values import Base, Change, Conflict, Decision, Direction, FieldRule, Policy, Seen, Side

WINNERS: dict[Policy, str] = {
    "glide": "Glide wins",
    "postgres": "Postgres wins",
    "newest": "the newest change wins",
    "ask": "somebody has to pick",
}

UNREAD = "Waits: a cell of this row in Glide cannot be read."


def of_column(rule: FieldRule, direction: Direction, seen: Seen, decision: Decision) -> str:
    """Why this column is written, left or asked about."""
    sides = WRITES[direction] & WRITES[rule.direction]
    if not sides:
        return "Left alone: this column is written on neither side."
    if seen.glide is None or seen.postgres is None:
        return _of_absent(seen, decision)
    if rule.column not in seen.glide or rule.column not in seen.postgres:
        return "Left alone: one side's cell could not be read."
    if any(conflict.column == rule.column for conflict in decision.conflicts):
        return f"{_changed(rule, seen)}; the mapping asks, so nothing is written until somebody picks."
    written = [change.side for change in decision.changes if rule.column in change.cells]
    if len(written) == len(SIDES):
        return "Items were added or removed on both sides: the lists are united."
    if written:
        return _of_write(rule, sides, seen, written[0])
    if seen.base is None or rule.column not in seen.base.glide:
        return "Equal on both sides; from the next run on that is what both agree on."
    if _edited(rule, seen, seen.base):
        return "Changed on both sides to the same value: only what is remembered moves."
    return "Unchanged on both sides since they last agreed."


def of_row(seen: Seen, decision: Decision) -> str:
    """What happens to the row as a whole."""
    if seen.detached:
        return f"The row was let go: it stays in {NAMES[seen.detached]} and is made nowhere again."
    whole: Conflict | None = next((one for one in decision.conflicts if one.column is None), None)
    if whole and whole.kind == "first_match":
        return "Postgres holds the row under a name Glide does not know; somebody has to say whether it stays."
    if whole:
        there = "Postgres" if whole.postgres is None else "Glide"
        return f"Edited on one side and deleted in {there}; somebody has to pick."
    if decision.changes:
        return f"The next run writes it: {', '.join(_told(change) for change in decision.changes)}."
    if decision.conflicts:
        return f"{len(decision.conflicts)} of its columns wait for somebody to pick a value."
    return "In step: a run now would write nothing."


def _told(change: Change) -> str:
    verb = {"create": "made", "update": "changed", "mark": "marked as deleted", "delete": "deleted"}[change.operation]
    return f"{verb} in {NAMES[change.side]}"


def _of_absent(seen: Seen, decision: Decision) -> str:
    if seen.glide is None and seen.postgres is None:
        return "The row is on neither side."
    here: Side = "postgres" if seen.glide is None else "glide"
    if decision.reason:
        return f"The row is in {NAMES[here]} only: {decision.reason}."
    return f"The row is in {NAMES[here]} only."


def _of_write(rule: FieldRule, sides: frozenset[Side], seen: Seen, target: Side) -> str:
    source = NAMES[OTHER[target]]
    if len(sides) == 1:
        return f"{source} decides about this column: {NAMES[target]} gets its value."
    edited = _edited(rule, seen, seen.base) if seen.base is not None else ()
    if len(edited) == 1:
        return f"Changed in {source} since both last agreed: {NAMES[target]} gets the new value."
    return f"{_changed(rule, seen)}; {WINNERS[rule.policy]}: {NAMES[target]} gets {source}'s value."


def _changed(rule: FieldRule, seen: Seen) -> str:
    if seen.base is None or rule.column not in seen.base.glide or rule.column not in seen.base.postgres:
        return "Different on both sides, and never agreed on"
    return "Changed on both sides since they last agreed"


def _edited(rule: FieldRule, seen: Seen, base: Base) -> Sequence[Side]:
    """The sides that say something else than they last did."""
    glide, postgres = seen.glide or {}, seen.postgres or {}
    column = rule.column
    edited: list[Side] = []
    if not same(glide.get(column), base.glide.get(column)):
        edited.append("glide")
    if not same(postgres.get(column), base.postgres.get(column)):
        edited.append("postgres")
    return edited
