"""One row, decided field by field, from what it was (the base) and what Glide and Postgres say now.

Values are canonical: 1.50 is 1.5, True is not 1, None is empty. Each side is compared with ITS half of the base, so an
echo never counts as an edit. What may be written where is the mapping's direction and the field's, both together.

Both sides hold the row; b is a side's half of the base, x and y are neither b nor each other:

    the field flows   Glide     Postgres  then
    both ways         b         b         nothing; a set that is only spelled in another way moves the base
                      x         x         only the base moves
                      x         b         Postgres gets x
                      b         y         Glide gets y
                      x         y         a set: united three-way, on both sides
                                          else its policy: glide      Postgres gets x
                                                           postgres   Glide gets y
                                                           newest     as the later time says; ask when none is later
                                                           ask        conflict: nothing is written, its base stays
                      x         y, no b   its policy, sets too; a conflict leaves it out of the base (first_match)
    one way           b         b         nothing: what types make of a value is no edit
                      anything else       the source's value goes to the other side, whatever that holds
    no way, or a cell could not be read   left alone, its base stays

One side holds the row ("here"), the other does not ("there"):

    no base, let go here                  nothing
    no base                               created there, if the mapping writes there
    absent there, not proven              nothing
    deleted there, the mapping writes
      only there                          created again there: the source decides
      here; unchanged here                by `deletes`: delete | mark and let go | keep and let go
      here; edited here                   policy is here, and there may get every cell: created again there
                                          else conflict: nothing is written (edit_delete)

Neither side holds it: forgotten when both absences are proven, else nothing.

A create leaves out the fields that may not be written there, and without any other field it does not happen. They are
not in the base either: the next run gives the other side what their owner made of them.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from glsync.values import (
    Base,
    Cells,
    Change,
    Conflict,
    Decision,
    Deletes,
    Direction,
    FieldRule,
    Operation,
    Policy,
    Seen,
    Side,
)

SIDES: tuple[Side, Side] = ("postgres", "glide")
"""In the order in which they are written."""
OTHER: dict[Side, Side] = {"glide": "postgres", "postgres": "glide"}
NAMES: dict[Side, str] = {"glide": "Glide", "postgres": "Postgres"}
WRITES: dict[Direction, frozenset[Side]] = {
    "to_supabase": frozenset({"postgres"}),
    "to_glide": frozenset({"glide"}),
    "both": frozenset(SIDES),
}

Flow = tuple[FieldRule, AbstractSet[Side]]
"""A field and the sides it may be written on."""
Values = dict[Side, Any]
"""One column's value on each side."""


def merge(
    seen: Seen, rules: Sequence[FieldRule], *, direction: Direction, policy: Policy, deletes: Deletes
) -> Decision:
    """Decide one row; the table above says how. `direction`, `policy` and `deletes` are the mapping's."""
    writable = WRITES[direction]
    fields = [(rule, writable & WRITES[rule.direction]) for rule in rules]
    flows = [(rule, sides) for rule, sides in fields if sides]
    held = [side for side in SIDES if _cells(seen, side) is not None]
    if len(held) == len(SIDES):
        return _fields(seen, fields)
    if not held:
        return _neither(seen)
    here, there = held[0], OTHER[held[0]]
    if seen.base is None:
        if seen.detached == here or there not in writable:
            return _nothing(seen)
        return _create(seen, there, flows, f"new in {NAMES[here]}")
    if not _gone(seen, there):
        return _nothing(seen, f"not seen in {NAMES[there]}, and not proven gone")
    if here not in writable:
        return _create(seen, there, flows, f"deleted in {NAMES[there]}, which follows {NAMES[here]}: created again")
    if not _edited(seen.base, here, seen, flows):
        return _remove(here, deletes)
    if policy == here and there in writable and _fits(there, seen, flows):
        return _create(seen, there, flows, f"edited in {NAMES[here]}, deleted in {NAMES[there]}: created again")
    return _edit_delete(seen.base, here, seen, flows)


def base_so_far(seen: Seen, decision: Decision, made: Iterable[Side]) -> Base | None:
    """The base once the decision's changes are made on these sides only, as between two writes or after a crash.

    A column moves with its last write: a united set that only one side holds would look like an edit of the other.
    """
    pending = [change for change in decision.changes if change.side not in frozenset(made)]
    if not pending:
        return decision.base
    if decision.base is None or any(change.operation != "update" for change in pending):
        return seen.base
    old, waiting = seen.base or Base({}, {}), {column for change in pending for column in change.cells}
    return Base(
        _with_old(decision.base.glide, old.glide, waiting), _with_old(decision.base.postgres, old.postgres, waiting)
    )


def same(one: Any, other: Any) -> bool:
    """Are two canonical values equal? 1.50 is 1.5, also inside lists and objects; True is not 1."""
    if type(one) is type(other) and not isinstance(one, (list, dict)):
        return bool(one == other)
    return _key(one) == _key(other)


# --- both sides hold the row -----------------------------------------------------------------------------------------


def _fields(seen: Seen, fields: Sequence[Flow]) -> Decision:
    base: dict[Side, dict[str, Any]] = {side: {} for side in SIDES}
    writes: dict[Side, dict[str, Any]] = {side: {} for side in SIDES}
    conflicts: list[Conflict] = []
    for rule, sides in fields:
        column, now, was = rule.column, _now(seen, rule.column), _agreed(seen.base, rule.column)
        outcome = _settle(rule, sides, now, was, seen) if now and sides else None
        agreed = was
        if isinstance(outcome, Conflict):
            conflicts.append(outcome)
        elif outcome is not None:
            agreed = {**(now or {}), **outcome}
            for side, value in outcome.items():
                writes[side][column] = value
        for side, value in (agreed or {}).items():
            base[side][column] = value
    changes = tuple(Change(side, "update", writes[side]) for side in SIDES if writes[side])
    reason = "first match" if seen.base is None else ""
    return _decision(seen, Base(base["glide"], base["postgres"]), changes, tuple(conflicts), reason)


def _settle(
    rule: FieldRule, sides: AbstractSet[Side], now: Values, was: Values | None, seen: Seen
) -> Values | Conflict | None:
    """What to write where so that the sides agree, or why nobody knows; None when neither changed."""
    changed = [side for side in SIDES if was is None or not _equal(rule, now[side], was[side])]
    if not changed and not rule.is_set:
        return None
    if _equal(rule, now["glide"], now["postgres"]):
        return {}  # a set in another order, too: that is what both hold from now on
    if not changed:
        return None
    if len(sides) == 1:
        (target,) = sides
        return {target: now[OTHER[target]]}
    if len(changed) == 1:
        return {OTHER[changed[0]]: now[changed[0]]}
    if was is not None and rule.is_set and (united := _united(was, now)) is not None:
        return {side: united for side in SIDES if not _equal(rule, united, now[side])}
    winner = _winner(rule.policy, seen)
    if winner is not None:
        return {OTHER[winner]: now[winner]}
    if was is None:
        return Conflict(rule.column, "first_match", None, now["glide"], now["postgres"])
    return Conflict(rule.column, "field", was["postgres"], now["glide"], now["postgres"])


def _winner(policy: Policy, seen: Seen) -> Side | None:
    """Whose value stands when both sides changed; None when a person must say."""
    if policy == "ask":
        return None
    if policy != "newest":
        return policy
    if seen.glide_at is None or seen.postgres_at is None or seen.glide_at == seen.postgres_at:
        return None
    return "glide" if seen.glide_at > seen.postgres_at else "postgres"


def _united(was: Values, now: Values) -> list[Any] | None:
    """Items either side removed are gone, items either side added are there: Glide's order, then Postgres's additions.

    None when this is not about lists, or when the sides spell the base differently, so that items cannot be matched.
    """
    before, again = _items(was["glide"]), _items(was["postgres"])
    glide, postgres = _items(now["glide"]), _items(now["postgres"])
    if before is None or again is None or glide is None or postgres is None or before.keys() != again.keys():
        return None
    kept = [item for key, item in glide.items() if key in postgres or key not in before]
    added = [item for key, item in postgres.items() if key not in glide and key not in before]
    return kept + added


# --- one side holds the row, or neither ------------------------------------------------------------------------------


def _create(seen: Seen, there: Side, flows: Sequence[Flow], reason: str) -> Decision:
    row = _cells(seen, OTHER[there]) or {}
    cells: Cells = {rule.column: row[rule.column] for rule, sides in flows if there in sides and rule.column in row}
    if not cells:
        return _nothing(seen)
    if len(cells) == len(row):
        cells = row  # a first run has as many as there are rows: one copy of each is enough
    return _decision(seen, Base(cells, cells), (Change(there, "create", cells),), reason=reason)


def _remove(here: Side, deletes: Deletes) -> Decision:
    deleted = f"deleted in {NAMES[OTHER[here]]}"
    if deletes == "keep":
        return Decision(base=None, detached=here, reason=f"detached: {deleted}, {NAMES[here]} keeps the row")
    operation: Operation = deletes
    detached = here if deletes == "mark" else None
    return Decision(base=None, changes=(Change(here, operation),), detached=detached, reason=deleted)


def _edit_delete(base: Base, here: Side, seen: Seen, flows: Sequence[Flow]) -> Decision:
    columns = [rule.column for rule, _ in flows]
    was, row = _only(columns, _half(base, here)), _only(columns, _cells(seen, here) or {})
    glide, postgres = (row, None) if here == "glide" else (None, row)
    conflict = Conflict(None, "edit_delete", was, glide, postgres)
    return _decision(seen, base, (), (conflict,), f"edited in {NAMES[here]}, deleted in {NAMES[OTHER[here]]}")


def _neither(seen: Seen) -> Decision:
    if seen.glide_gone and seen.postgres_gone:
        return _decision(seen, None, reason="gone on both sides")
    return _nothing(seen, "not seen on either side, and not proven gone")


def _edited(base: Base, here: Side, seen: Seen, flows: Sequence[Flow]) -> bool:
    """Would a delete take anything the other side never saw? A cell nobody could read may be that; an empty one not."""
    was, row = _half(base, here), _cells(seen, here) or {}
    columns = [(rule, rule.column) for rule, _ in flows]
    return any(column not in row or not _equal(rule, row[column], was.get(column)) for rule, column in columns)


def _fits(there: Side, seen: Seen, flows: Sequence[Flow]) -> bool:
    """May `there` get all that this row holds? What is left out would come back empty from there, and be lost here."""
    row = _cells(seen, OTHER[there]) or {}
    return all(rule.column in row and (there in sides or row[rule.column] is None) for rule, sides in flows)


# --- small words -----------------------------------------------------------------------------------------------------


def _nothing(seen: Seen, reason: str = "") -> Decision:
    return Decision(base=seen.base, detached=seen.detached, keeps_base=True, reason=reason)


def _decision(
    seen: Seen,
    base: Base | None,
    changes: tuple[Change, ...] = (),
    conflicts: tuple[Conflict, ...] = (),
    reason: str = "",
) -> Decision:
    """A decision after which nobody is detached."""
    kept = seen.detached is None and _same_base(base, seen.base)
    return Decision(
        base=seen.base if kept else base, changes=changes, conflicts=conflicts, keeps_base=kept, reason=reason
    )


def _same_base(one: Base | None, other: Base | None) -> bool:
    if one is None or other is None:
        return one is other
    return _same_cells(one.glide, other.glide) and _same_cells(one.postgres, other.postgres)


def _same_cells(some: Cells, others: Cells) -> bool:
    return some.keys() == others.keys() and all(same(value, others[column]) for column, value in some.items())


def _cells(seen: Seen, side: Side) -> Cells | None:
    return seen.glide if side == "glide" else seen.postgres


def _gone(seen: Seen, side: Side) -> bool:
    return seen.glide_gone if side == "glide" else seen.postgres_gone


def _half(base: Base, side: Side) -> Cells:
    return base.glide if side == "glide" else base.postgres


def _now(seen: Seen, column: str) -> Values | None:
    """What both sides hold; None when a side does not, or could not be read."""
    if seen.glide is None or seen.postgres is None or column not in seen.glide or column not in seen.postgres:
        return None
    return {"glide": seen.glide[column], "postgres": seen.postgres[column]}


def _agreed(base: Base | None, column: str) -> Values | None:
    if base is None or column not in base.glide or column not in base.postgres:
        return None
    return {"glide": base.glide[column], "postgres": base.postgres[column]}


def _only(columns: Iterable[str], cells: Cells) -> Cells:
    return {column: cells[column] for column in columns if column in cells}


def _with_old(new: Cells, old: Cells, columns: AbstractSet[str]) -> Cells:
    return {**{column: value for column, value in new.items() if column not in columns}, **_only(columns, old)}


def _equal(rule: FieldRule, one: Any, other: Any) -> bool:
    if rule.is_set:
        some, others = _items(one), _items(other)
        if some is not None and others is not None:
            return some.keys() == others.keys()
    return same(one, other)


def _items(value: Any) -> dict[Hashable, Any] | None:
    """The items of a list, each once; nothing is an empty list. None for what is no list."""
    if value is None:
        return {}
    return {_key(item): item for item in value} if isinstance(value, list) else None


def _key(value: Any) -> Hashable:
    """Something hashable that is equal exactly for equal values: Python takes True for 1, we do not."""
    if isinstance(value, bool):
        return ("boolean", value)
    if isinstance(value, list):
        return ("list", tuple(map(_key, value)))
    if isinstance(value, dict):
        return ("object", frozenset((name, _key(item)) for name, item in value.items()))
    text_or_number: Hashable = value
    return text_or_number
