"""What takes away much, or everything, waits for a person who approves exactly that."""

from __future__ import annotations

from uuid import UUID

import pytest

from glsync.engine.guard import MOST_DELETES, MOST_SHARE, SMALL_BASE, deletes, plan_hash
from glsync.values import Deletes, Waiting

MAPPING = UUID(int=1)


def guard(gone: int, *, base: int, left: int | None = None, how: Deletes = "delete") -> Waiting | None:
    ids = [f"r{number:04}" for number in range(gone)]
    return deletes(MAPPING, ids, base=base, left=base - gone if left is None else left, how=how)


@pytest.mark.parametrize(
    ("gone", "waits"), [(MOST_DELETES - 1, False), (MOST_DELETES, False), (MOST_DELETES + 1, True)]
)
def test_more_than_a_handful_of_deletes_waits_however_large_the_table_is(gone: int, waits: bool):
    assert bool(guard(gone, base=1_000_000)) is waits


@pytest.mark.parametrize(("gone", "waits"), [(9, False), (10, False), (11, True)])
def test_more_than_a_tenth_of_the_table_waits(gone: int, waits: bool):
    assert MOST_SHARE == 0.10
    assert bool(guard(gone, base=100)) is waits


@pytest.mark.parametrize(("base", "waits"), [(SMALL_BASE - 1, False), (SMALL_BASE, True), (SMALL_BASE + 1, True)])
def test_the_share_does_not_count_in_a_table_of_a_few_rows(base: int, waits: bool):
    assert bool(guard(2, base=base)) is waits


@pytest.mark.parametrize("how", ["mark", "delete"])
def test_an_emptied_table_always_waits_even_when_it_held_one_row(how: Deletes):
    stop = guard(1, base=1, how=how)
    assert stop is not None
    assert "Glide's table is empty" in stop.reason
    assert ("marked" in stop.reason) is (how == "mark")


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
