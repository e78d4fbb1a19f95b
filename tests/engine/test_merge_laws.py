"""What must hold for any rows, fields and mapping: checked on tables made up (up to 8 rows of up to 5 fields, each row
three versions of one ancestor).

Hypothesis makes GLSYNC_MERGE_EXAMPLES tables, and shrinks one that breaks a law; plain dice, which are quicker, make
GLSYNC_MERGE_ROWS rows from GLSYNC_MERGE_SEED on (`make laws` for 200,000).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from itertools import product
from random import Random
from typing import Any, get_args

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from glsync.engine.merge import OTHER, SIDES, WRITES, merge, same
from glsync.values import Base, Cells, Conflict, Decision, Deletes, Direction, FieldRule, Policy, Seen, Side
from tests.engine.merging import carried_out, columns_of

EXAMPLES = int(os.environ.get("GLSYNC_MERGE_EXAMPLES", "500"))
ROWS = int(os.environ.get("GLSYNC_MERGE_ROWS", "10000"))
SEED = int(os.environ.get("GLSYNC_MERGE_SEED", "1"))
COLUMNS = "abcde"
NEVER_AGREED, UNREAD = object(), object()


# --- the rows --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cell:
    """One column of a row; the base has two halves because types are lossy."""

    base_glide: Any
    base_postgres: Any
    glide: Any
    postgres: Any


@dataclass(frozen=True)
class Mapping:
    direction: Direction
    policy: Policy
    deletes: Deletes

    def decide(self, seen: Seen, rules: list[FieldRule]) -> Decision:
        return merge(seen, rules, direction=self.direction, policy=self.policy, deletes=self.deletes)


def related(values: list[Any], bases: list[tuple[Any, Any]]) -> list[Cell]:
    """Every cell over these values; those that one side at least did not touch come thrice, as in life."""
    now = [*values, UNREAD]
    cells = [Cell(*base, glide, postgres) for base, glide, postgres in product(bases, now, now)]
    calm = [cell for cell in cells if cell.glide is cell.base_glide or cell.postgres is cell.base_postgres]
    echoes = [Cell(*base, *base) for base in bases if base[0] is not NEVER_AGREED]
    return [*echoes * 10, *calm * 2, *cells]


WORDS: list[Any] = ["pen", "ink", 1, True, Decimal("1.50"), None, {"ink": [1, "red"]}]
LOSSY = [("pen", "ink"), (1, True), (Decimal("1.50"), 1)]
LISTS: list[Any] = [["x"], ["y"], ["x", "y"], ["y", "x", "x"], ["x", "z"], [{"x": 1}, "x"], [], None]
LOSSY_LISTS = [(["x"], ["X"]), (["x", "y"], ["x"])]
UNKNOWN = [(NEVER_AGREED, NEVER_AGREED)]

PLAIN_CELLS = related(WORDS, [(word, word) for word in WORDS] + LOSSY + UNKNOWN)
SET_CELLS = related(LISTS, [(items, items) for items in LISTS] + LOSSY_LISTS + UNKNOWN)
EARLY, LATE = datetime(2024, 7, 1, tzinfo=UTC), datetime(2024, 7, 2, tzinfo=UTC)
TIMES = [(None, None), (EARLY, LATE), (LATE, EARLY), (LATE, LATE), (None, LATE)]
PRESENCE = ["here"] * 4 + ["gone", "unseen"]
FRAMES = list(product(PRESENCE, PRESENCE, [True, True, False], TIMES, [None, None, "glide", "postgres"]))

MOSTLY_BOTH: list[Direction] = ["both", "both", "both", "both", "to_supabase", "to_glide"]

POOLS: dict[str, list[Any]] = {
    "fields": list(range(1, len(COLUMNS) + 1)),
    "rows": list(range(1, 9)),
    "mapping": [Mapping(*each) for each in product(MOSTLY_BOTH, get_args(Policy), get_args(Deletes))],
    "kind": list(product(MOSTLY_BOTH, get_args(Policy), [False, False, True])),
    "frame": FRAMES,
    "plain": PLAIN_CELLS,
    "set": SET_CELLS,
}
STRATEGIES = {name: st.sampled_from(pool) for name, pool in POOLS.items()}
Pick = Callable[[str], Any]
"""One thing from the pool of this name."""
Table = tuple[Mapping, list[FieldRule], list[Seen]]


@st.composite
def tables(draw: st.DrawFn) -> Table:
    return table(lambda pool: draw(STRATEGIES[pool]))


def table(pick: Pick) -> Table:
    rules = [FieldRule(column, *pick("kind")) for column in COLUMNS[: pick("fields")]]
    rows = [row(pick, rules) for _ in range(pick("rows"))]
    return pick("mapping"), rules, rows


def row(pick: Pick, rules: list[FieldRule]) -> Seen:
    in_glide, in_postgres, known, times, detached = pick("frame")
    cells = {rule.column: pick("set" if rule.is_set else "plain") for rule in rules}

    def version(name: str) -> Cells:
        found = {column: getattr(cell, name) for column, cell in cells.items()}
        return {column: value for column, value in found.items() if value not in (NEVER_AGREED, UNREAD)}

    return Seen(
        base=Base(version("base_glide"), version("base_postgres")) if known else None,
        glide=version("glide") if in_glide == "here" else None,
        postgres=version("postgres") if in_postgres == "here" else None,
        glide_gone=in_glide == "gone",
        postgres_gone=in_postgres == "gone",
        glide_at=times[0],
        postgres_at=times[1],
        detached=None if known else detached,
    )


# --- the laws --------------------------------------------------------------------------------------------------------

Law = Callable[[Mapping, list[FieldRule], Seen, Decision], None]


def a_second_run_finds_nothing_to_do(mapping: Mapping, rules: list[FieldRule], seen: Seen, decision: Decision) -> None:
    again = mapping.decide(carried_out(seen, decision), rules)
    assert (again.changes, again.conflicts, again.keeps_base) == ((), decision.conflicts, True)


def only_what_may_be_written_is_written(
    mapping: Mapping, rules: list[FieldRule], seen: Seen, decision: Decision
) -> None:
    changes = decision.changes
    assert len({change.side for change in changes}) == len(changes)
    for change in changes:
        may = {rule.column for rule in rules if change.side in WRITES[mapping.direction] & WRITES[rule.direction]}
        assert change.side in WRITES[mapping.direction]
        assert change.cells.keys() <= may
        assert bool(change.cells) == (change.operation in ("create", "update"))
        assert (row_on(seen, change.side) is None) == (change.operation == "create")
        if change.operation == "update":
            assert row_on(seen, OTHER[change.side]) is not None


def a_row_is_taken_away_only_when_the_other_side_is_proven_to_have_deleted_it(
    mapping: Mapping, rules: list[FieldRule], seen: Seen, decision: Decision
) -> None:
    for change in decision.changes:
        if change.operation in ("mark", "delete"):
            assert change.operation == mapping.deletes
            assert seen.base is not None
            assert row_on(seen, OTHER[change.side]) is None
            assert is_gone(seen, OTHER[change.side])
    if seen.base is not None and decision.base is None:
        assert seen.glide_gone or seen.postgres_gone


def nothing_anybody_entered_is_lost_unseen(
    mapping: Mapping, rules: list[FieldRule], seen: Seen, decision: Decision
) -> None:
    """What a write replaces is the base, or gives way to a rule somebody chose."""
    for change in decision.changes:
        row, was = row_on(seen, change.side) or {}, half_of(seen.base, change.side)
        lost = {"update": set(change.cells), "create": set()}.get(
            change.operation, {rule.column for rule in rules if flow(mapping, rule)}
        )
        for rule in rules:
            if rule.column not in lost or equal(rule, row[rule.column], was.get(rule.column, NEVER_AGREED)):
                continue
            if change.operation == "update":
                assert gives_way(mapping, rule, seen, change.side, change.cells[rule.column])
            else:
                assert rule.column not in was
                assert equal(rule, row[rule.column], None)


def a_conflict_keeps_both_values_and_its_base(
    mapping: Mapping, rules: list[FieldRule], seen: Seen, decision: Decision
) -> None:
    for conflict in decision.conflicts:
        if conflict.column is None:
            assert not decision.changes
            assert decision.base == seen.base
            continue
        assert all(conflict.column not in change.cells for change in decision.changes)
        assert (conflict.glide, conflict.postgres) == tuple(
            (row_on(seen, side) or {})[conflict.column] for side in ("glide", "postgres")
        )
        assert pair(decision.base, conflict.column) == pair(seen.base, conflict.column)
        assert (conflict.kind == "first_match") == (pair(seen.base, conflict.column) is None)


def the_base_moves_only_to_what_both_sides_hold(
    mapping: Mapping, rules: list[FieldRule], seen: Seen, decision: Decision
) -> None:
    then = carried_out(seen, decision)
    if decision.base is None or then.glide is None or then.postgres is None:
        return
    assert decision.base.glide.keys() == decision.base.postgres.keys()
    for rule in rules:
        agreed = pair(decision.base, rule.column)
        if agreed is None or agreed == pair(seen.base, rule.column):
            continue
        assert equal(rule, then.glide[rule.column], then.postgres[rule.column])
        assert agreed == (then.glide[rule.column], then.postgres[rule.column])


def an_echo_writes_nothing(mapping: Mapping, rules: list[FieldRule], seen: Seen, decision: Decision) -> None:
    if seen.base is None:
        return
    agreed = [rule for rule in rules if pair(seen.base, rule.column)]
    decision = mapping.decide(replace(seen, glide=seen.base.glide, postgres=seen.base.postgres), agreed)
    assert (decision.changes, decision.conflicts) == ((), ())
    assert decision.keeps_base or len(agreed) < len(seen.base.glide)


def both_sides_settle_within_two_rounds(
    mapping: Mapping, rules: list[FieldRule], seen: Seen, decision: Decision
) -> None:
    settled = after_rounds(2, mapping, rules, seen)
    last = mapping.decide(settled, rules)
    assert last.changes == ()
    in_question = {conflict.column for conflict in last.conflicts}
    if settled.glide is None or settled.postgres is None or None in in_question:
        return
    for rule in rules:
        now = readable(settled, rule.column)
        if now and flow(mapping, rule) and rule.column not in in_question:
            is_base = settled.base and equal_pairs(rule, now, pair(settled.base, rule.column))
            assert equal(rule, *now) or is_base


def a_crash_between_the_two_writes_changes_nothing_in_the_end(
    mapping: Mapping, rules: list[FieldRule], seen: Seen, decision: Decision
) -> None:
    if not decision.changes:
        return
    intended = after_rounds(2, mapping, rules, seen)
    meant = mapping.decide(intended, rules)
    for sides, remembered in product([(), ("glide",), ("postgres",), SIDES], [True, False]):
        cut_short = carried_out(seen, decision, sides=sides, remembered=remembered, columns=columns_of(rules))
        recovered = after_rounds(3, mapping, rules, cut_short)
        for side in SIDES:
            assert equal_rows(rules, row_on(recovered, side), row_on(intended, side)), (sides, remembered)
        assert same_conflicts(mapping.decide(recovered, rules), meant), (sides, remembered)


def the_mirror_image_is_decided_as_the_mirror_image(
    mapping: Mapping, rules: list[FieldRule], seen: Seen, decision: Decision
) -> None:
    other = mirrored(mapping).decide(
        mirrored_row(seen), [replace(r, direction=TURNED[r.direction], policy=TURNED[r.policy]) for r in rules]
    )
    changes = {change.side: change for change in other.changes}
    assert len(changes) == len(decision.changes)
    for change in decision.changes:
        assert change.operation == changes[OTHER[change.side]].operation
        assert equal_rows(rules, change.cells, changes[OTHER[change.side]].cells)
    assert [(c.column, c.kind, c.glide, c.postgres) for c in decision.conflicts] == [
        (c.column, c.kind, c.postgres, c.glide) for c in other.conflicts
    ]
    assert decision.keeps_base == other.keeps_base
    assert decision.detached == (other.detached and OTHER[other.detached])


LAWS: list[Law] = [
    a_second_run_finds_nothing_to_do,
    only_what_may_be_written_is_written,
    a_row_is_taken_away_only_when_the_other_side_is_proven_to_have_deleted_it,
    nothing_anybody_entered_is_lost_unseen,
    a_conflict_keeps_both_values_and_its_base,
    the_base_moves_only_to_what_both_sides_hold,
    an_echo_writes_nothing,
    both_sides_settle_within_two_rounds,
    a_crash_between_the_two_writes_changes_nothing_in_the_end,
    the_mirror_image_is_decided_as_the_mirror_image,
]


@settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(tables())
def test_every_law_holds_for_every_row(made: Table):
    obeys(*made)


def test_every_law_holds_for_rows_by_dice():
    dice, left = Random(SEED), ROWS
    while left > 0:
        made = table(lambda pool: dice.choice(POOLS[pool]))
        obeys(*made)
        left -= len(made[2])


def obeys(mapping: Mapping, rules: list[FieldRule], rows: list[Seen]) -> None:
    for seen in rows:
        decision = mapping.decide(seen, rules)
        for law in LAWS:
            law(mapping, rules, seen, decision)


# --- words of the laws -----------------------------------------------------------------------------------------------

TURNED: dict[Any, Any] = {
    "to_supabase": "to_glide", "to_glide": "to_supabase", "both": "both",
    "glide": "postgres", "postgres": "glide", "newest": "newest", "ask": "ask",
}  # fmt: skip


def after_rounds(count: int, mapping: Mapping, rules: list[FieldRule], seen: Seen) -> Seen:
    """The row after so many runs, or when a run writes nothing; a row that is created has every column."""
    for _ in range(count):
        decision = mapping.decide(seen, rules)
        seen = carried_out(seen, decision, columns=columns_of(rules))
        if not decision.changes:
            break
    return seen


def gives_way(mapping: Mapping, rule: FieldRule, seen: Seen, side: Side, value: Any) -> bool:
    """May this side's value be replaced by that one although the base does not hold it?"""
    if flow(mapping, rule) == {side}:
        return True
    glide, postgres = (row_on(seen, each)[rule.column] for each in ("glide", "postgres"))
    is_of_other = equal(rule, value, postgres if side == "glide" else glide)
    if rule.policy == "newest" and seen.glide_at and seen.postgres_at and seen.glide_at != seen.postgres_at:
        newer: Side = "glide" if seen.glide_at > seen.postgres_at else "postgres"
        if newer != side and is_of_other:
            return True
    if rule.policy == OTHER[side] and is_of_other:
        return True
    return rule.is_set and is_union(pair(seen.base, rule.column), glide, postgres, value)


def is_union(was: tuple[Any, Any] | None, glide: Any, postgres: Any, value: Any) -> bool:
    if was is None:
        return False
    old, left, right, new = (items or [] for items in (was[0], glide, postgres, value))
    for item in [*old, *left, *right, *new]:
        had, here, there = (any(same(item, each) for each in items) for items in (old, left, right))
        if any(same(item, each) for each in new) != ((here and there) if had else (here or there)):
            return False
    return True


def flow(mapping: Mapping, rule: FieldRule) -> frozenset[Side]:
    return WRITES[mapping.direction] & WRITES[rule.direction]


def equal(rule: FieldRule, one: Any, other: Any) -> bool:
    if rule.is_set and isinstance(one, list | None) and isinstance(other, list | None):
        return all(any(same(x, y) for y in other or []) for x in one or []) and all(
            any(same(x, y) for y in one or []) for x in other or []
        )
    return same(one, other)


def equal_pairs(rule: FieldRule, one: tuple[Any, Any], other: tuple[Any, Any] | None) -> bool:
    return other is not None and equal(rule, one[0], other[0]) and equal(rule, one[1], other[1])


def equal_rows(rules: list[FieldRule], one: Cells | None, other: Cells | None) -> bool:
    if one is None or other is None:
        return one is other
    return one.keys() == other.keys() and all(
        equal(rule, one[rule.column], other[rule.column]) for rule in rules if rule.column in one
    )


def same_conflicts(one: Decision, other: Decision) -> bool:
    def shown(conflict: Conflict) -> Any:
        return (conflict.column, conflict.kind, same_key(conflict.glide), same_key(conflict.postgres))

    return [shown(conflict) for conflict in one.conflicts] == [shown(conflict) for conflict in other.conflicts]


def same_key(value: Any) -> str:
    return repr(value)


def row_on(seen: Seen, side: Side) -> Any:
    return seen.glide if side == "glide" else seen.postgres


def is_gone(seen: Seen, side: Side) -> bool:
    return seen.glide_gone if side == "glide" else seen.postgres_gone


def half_of(base: Base | None, side: Side) -> Cells:
    if base is None:
        return {}
    return base.glide if side == "glide" else base.postgres


def pair(base: Base | None, column: str) -> tuple[Any, Any] | None:
    return (base.glide[column], base.postgres[column]) if base is not None and column in base.glide else None


def readable(seen: Seen, column: str) -> tuple[Any, Any] | None:
    if seen.glide is None or seen.postgres is None or column not in seen.glide or column not in seen.postgres:
        return None
    return seen.glide[column], seen.postgres[column]


def mirrored(mapping: Mapping) -> Mapping:
    return Mapping(TURNED[mapping.direction], TURNED[mapping.policy], mapping.deletes)


def mirrored_row(seen: Seen) -> Seen:
    return Seen(
        base=seen.base and Base(seen.base.postgres, seen.base.glide),
        glide=seen.postgres,
        postgres=seen.glide,
        glide_gone=seen.postgres_gone,
        postgres_gone=seen.glide_gone,
        glide_at=seen.postgres_at,
        postgres_at=seen.glide_at,
        detached=seen.detached and OTHER[seen.detached],
    )
