"""Every case there is of one row with one field, and with two, against the tables of the oracle."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import product
from typing import Any, get_args

import pytest

from glsync.engine.merge import merge
from glsync.values import Base, Cells, Decision, Deletes, Direction, FieldRule, Policy, Seen, Side
from tests.engine.merging import carried_out
from tests.engine.oracle import MAY_WRITE, Case, Verdict, expected

ABSENT = None
VALUES = ("pen", Decimal("1.5"), None)
"""Text, a number and an empty cell; Postgres spells the number 1.50."""
DIRECTIONS: tuple[Direction, ...] = get_args(Direction)
DELETES: tuple[Deletes, ...] = get_args(Deletes)
POLICIES = ("glide", "postgres", "glide newer", "postgres newer", "ask")
NOON = datetime(2024, 7, 1, 12, tzinfo=UTC)
TIMES = {"glide newer": (NOON, NOON - timedelta(hours=1)), "postgres newer": (NOON - timedelta(hours=1), NOON)}
BOTH: tuple[Side, ...] = get_args(Side)
PROOFS: tuple[tuple[Side, ...], ...] = ((), ("glide",), ("postgres",), BOTH)


def rows_of(columns: tuple[str, ...]) -> list[Cells | None]:
    return [ABSENT, *(dict(zip(columns, values, strict=True)) for values in product(VALUES, repeat=len(columns)))]


def as_postgres_spells(cells: Cells | None) -> Cells | None:
    return cells and {name: Decimal("1.50") if value == Decimal("1.5") else value for name, value in cells.items()}


def cases(
    columns: tuple[str, ...], direction: Direction, field_direction: Direction = "both", proven: Any = BOTH
) -> Iterator[tuple[Case, Seen, Policy]]:
    rows = rows_of(columns)
    sides = MAY_WRITE[direction] & MAY_WRITE[field_direction]
    for base, glide, postgres, policy, deletes in product(rows, rows, rows, POLICIES, DELETES):
        fields = dict.fromkeys(columns, sides)
        case = Case(base, glide, postgres, set(proven), fields, direction, policy, deletes)
        glide_at, postgres_at = TIMES.get(policy, (None, None))
        seen = Seen(
            Base(base, as_postgres_spells(base)) if base else None,
            glide,
            as_postgres_spells(postgres),
            glide_gone="glide" in proven,
            postgres_gone="postgres" in proven,
            glide_at=glide_at,
            postgres_at=postgres_at,
        )
        yield case, seen, policy if policy in get_args(Policy) else "newest"


def check(case: Case, seen: Seen, policy: Policy, field_direction: Direction = "both") -> None:
    rules = [FieldRule(name, field_direction, policy) for name in case.fields]
    how: Any = {"direction": case.direction, "policy": policy, "deletes": case.deletes}
    decision = merge(seen, rules, **how)
    assert verdict_of(decision) == expected(case), case
    assert decision.keeps_base == (decision.base == seen.base and decision.detached is None), case
    again = merge(carried_out(seen, decision), rules, **how)
    assert again.changes == (), case
    assert again.conflicts == decision.conflicts, case
    assert again.keeps_base, case


def verdict_of(decision: Decision) -> Verdict:
    writes: dict[str, Any] = {change.side: (change.operation, dict(change.cells)) for change in decision.changes}
    assert len(writes) == len(decision.changes), "two changes for one side"
    assert decision.base is None or decision.base.glide == decision.base.postgres
    return Verdict(
        glide=writes.get("glide"),
        postgres=writes.get("postgres"),
        disputes={(conflict.column, conflict.kind) for conflict in decision.conflicts},
        base=None if decision.base is None else dict(decision.base.glide),
        let_go=decision.detached,
    )


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_one_row_with_one_field_is_decided_as_the_table_says(direction: Direction):
    seen = [check(*case) for case in cases(("item",), direction)]
    assert len(seen) * len(DIRECTIONS) == 2_880


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_one_row_with_two_fields_is_decided_as_the_table_says(direction: Direction):
    seen = [check(*case) for case in cases(("item", "price"), direction)]
    assert len(seen) * len(DIRECTIONS) == 45_000


@pytest.mark.parametrize("proven", PROOFS)
@pytest.mark.parametrize("direction", DIRECTIONS)
def test_a_field_has_a_direction_of_its_own_and_only_a_proven_absence_counts(direction: Direction, proven: Any):
    for field_direction in DIRECTIONS:
        for case, seen, policy in cases(("item",), direction, field_direction, proven):
            check(case, seen, policy, field_direction)
