"""What takes away much, or everything, waits for a person who approves exactly that."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

import pytest

from glsync.engine.guard import MOST_DELETES, MOST_SHARE, deletes, lost, plan_hash, spending, writes
from glsync.values import Deletes, Operation, Side, Waiting

MAPPING = UUID(int=1)


def guard(gone: int, *, base: int, left: int | None = None, how: Deletes = "delete") -> Waiting | None:
    return deletes(MAPPING, rows(gone), base=base, left=base - gone if left is None else left, how=how)


def two_way(
    count: int, operation: Operation, *, base: int, left: int | None = None, side: Side = "glide"
) -> Waiting | None:
    return writes(MAPPING, side, operation, rows(count), base=base, left=base if left is None else left)


def rows(count: int) -> list[str]:
    return [f"r{number:04}" for number in range(count)]


@pytest.mark.parametrize(
    ("gone", "waits"), [(MOST_DELETES - 1, False), (MOST_DELETES, False), (MOST_DELETES + 1, True)]
)
def test_more_than_a_handful_of_deletes_waits_however_large_the_table_is(gone: int, waits: bool):
    assert bool(guard(gone, base=1_000_000)) is waits


@pytest.mark.parametrize(("gone", "waits"), [(9, False), (10, False), (11, True)])
def test_more_than_a_tenth_of_the_table_waits(gone: int, waits: bool):
    assert MOST_SHARE == 0.10
    assert bool(guard(gone, base=100)) is waits


@pytest.mark.parametrize(("base", "waits"), [(9, False), (10, True), (11, True)])
def test_the_share_does_not_count_in_a_table_of_a_few_rows(base: int, waits: bool):
    assert bool(guard(2, base=base)) is waits


@pytest.mark.parametrize("how", ["mark", "delete"])
def test_an_emptied_table_always_waits_even_when_it_held_one_row(how: Deletes):
    stop = guard(1, base=1, how=how)
    assert stop is not None
    verb = "deleted" if how == "delete" else "marked as deleted"
    assert stop.reason == f"Glide's table is empty: all 1 rows would be {verb} in Postgres"


def test_nothing_to_take_away_never_waits():
    assert guard(0, base=0) is None
    assert guard(0, base=100, left=0) is None


def test_the_reason_names_the_numbers_and_the_sample_some_rows():
    stop = guard(30, base=1000)
    assert stop is not None
    assert "30 rows would be deleted in Postgres; more than 25 need an approval" in stop.reason
    assert (stop.side, stop.operation, stop.rows) == ("postgres", "delete", 30)
    assert stop.sample == tuple(f"r{number:04}" for number in range(10))


def test_a_hash_names_exactly_these_rows_of_this_mapping_in_any_order():
    found = plan_hash(MAPPING, "delete", ["a", "b"])
    assert found == plan_hash(MAPPING, "delete", ["b", "a"])
    others = [
        plan_hash(MAPPING, "delete", ["a"]),
        plan_hash(MAPPING, "delete", ["a", "b", "c"]),
        plan_hash(MAPPING, "delete", ["a\nb"]),
        plan_hash(MAPPING, "mark", ["a", "b"]),
        plan_hash(UUID(int=2), "delete", ["a", "b"]),
    ]
    assert found not in others


def test_approving_marks_does_not_approve_deletes():
    marks, gone = guard(30, base=1000, how="mark"), guard(30, base=1000, how="delete")
    assert marks is not None
    assert gone is not None
    assert marks.hash != gone.hash


def test_an_approval_is_for_these_rows_and_not_for_those():
    assert guard(30, base=1000) == guard(30, base=2000)
    assert getattr(guard(30, base=1000), "hash", None) != getattr(guard(31, base=1000), "hash", None)


@pytest.mark.parametrize("side", ["glide", "postgres"])
@pytest.mark.parametrize("operation", ["delete", "mark"])
@pytest.mark.parametrize(
    ("count", "base", "waits"),
    [
        (25, 1000, False),
        (26, 1000, True),
        (10, 100, False),
        (11, 100, True),
        (2, 9, False),
        (2, 10, True),
        (1, 10, False),
    ],
)
def test_both_ways_too_what_takes_away_much_waits(side: Side, operation: Operation, count: int, base: int, waits: bool):
    assert bool(two_way(count, operation, base=base, side=side)) is waits


@pytest.mark.parametrize(
    ("count", "base", "waits"), [(30, 100, False), (31, 100, True), (9, 9, False), (4, 10, True), (300, 1000, False)]
)
def test_a_change_of_nearly_everything_waits(count: int, base: int, waits: bool):
    assert bool(two_way(count, "update", base=base)) is waits


@pytest.mark.parametrize("operation", ["delete", "mark"])
def test_rows_of_an_emptied_table_are_never_taken_away_unasked(operation: Operation):
    stop = two_way(1, operation, base=5, left=0, side="postgres")
    assert stop is not None
    assert stop.reason == "Glide's table is empty: all 1 rows would be deleted in Postgres"
    assert two_way(1, operation, base=5, left=1, side="postgres") is None


def test_new_rows_never_wait_and_neither_does_nothing():
    assert two_way(1000, "create", base=10, left=0) is None
    assert two_way(0, "delete", base=10, left=0) is None
    assert two_way(1, "update", base=10, left=0) is None


def test_what_waits_both_ways_says_where_how_many_and_which():
    stop = two_way(1200, "delete", base=100_000)
    assert stop is not None
    assert stop.reason == "1,200 rows would be deleted in Glide; more than 25 need an approval"
    assert (stop.side, stop.operation, stop.rows, stop.sample) == ("glide", "delete", 1200, tuple(rows(10)))


@pytest.mark.parametrize(
    ("stop", "reason"),
    [
        (two_way(1, "delete", base=5, left=0), "Postgres's table is empty: all 1 rows would be deleted in Glide"),
        (
            two_way(5, "delete", base=20, side="postgres"),
            "5 of 20 rows would be deleted in Postgres; more than 10% need an approval",
        ),
        (two_way(15, "update", base=20), "15 of 20 rows would be changed in Glide; more than 30% need an approval"),
    ],
    ids=["empty", "share", "changes"],
)
def test_the_reason_names_the_side_that_would_lose(stop: Waiting | None, reason: str):
    assert stop is not None
    assert stop.reason == reason


def test_approving_one_side_or_one_act_approves_no_other():
    stops = [two_way(30, "delete", base=50), two_way(30, "update", base=50), two_way(30, "mark", base=50)]
    stops += [two_way(30, "delete", base=50, side="postgres"), two_way(29, "delete", base=50)]
    assert len({stop.hash for stop in stops if stop}) == 5


@pytest.mark.parametrize(
    ("side", "missing", "left", "said"),
    [
        ("glide", 0, 0, None),
        ("glide", 1, 0, "Glide's table is empty"),
        ("postgres", 1, 0, "Postgres's table is empty"),
        ("glide", 2, 1, None),
        ("glide", 3, 1, "Glide's table holds other rows than before"),
        ("postgres", 3, 1, "Postgres's table holds other rows than before"),
    ],
)
def test_a_side_that_holds_none_of_its_rows_is_strange(side: Side, missing: int, left: int, said: str | None):
    assert lost(side, missing=missing, left=left) == said


@pytest.mark.parametrize(
    ("price", "spent", "waits"), [(10, 90, False), (11, 90, True), (1, 100, True), (0, 100, False)]
)
def test_what_would_cost_more_than_the_month_has_left_waits(price: int, spent: int, waits: bool):
    assert bool(spending(MAPPING, rows(3), Decimal(price), Decimal(spent), Decimal(100))) is waits


@pytest.mark.parametrize(("spent", "left"), [("995.5", "4.5"), ("1000", "0"), ("1200", "0")])
def test_the_reason_names_the_price_and_what_is_left_which_is_never_less_than_nothing(spent: str, left: str):
    stop = spending(MAPPING, rows(12), Decimal(2500), Decimal(spent), Decimal(1000))
    assert stop is not None
    assert stop.reason == f"Writing to Glide costs 2,500 updates; {left} of 1,000 are left this month"
    assert (stop.side, stop.operation, stop.rows, stop.sample) == ("glide", "budget", 12, tuple(rows(10)))
    assert stop.hash == plan_hash(MAPPING, "budget", rows(12))


def test_where_nothing_is_written_nothing_is_too_dear():
    assert spending(MAPPING, [], Decimal(0), Decimal(200), Decimal(100)) is None
