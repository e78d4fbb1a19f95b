"""One row of a two-way mapping: who gets what, what nobody may decide, and what both sides agree on afterwards."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from glsync.engine.merge import base_so_far, merge, same
from glsync.values import Base, Cells, Change, Conflict, Decision, Deletes, Direction, FieldRule, Policy, Seen, Side
from tests.engine.merging import carried_out

NOON = datetime(2024, 7, 1, 12, tzinfo=UTC)
ITEM = FieldRule("item", "both", "ask")
TAGS = FieldRule("tags", "both", "ask", is_set=True)


def agreed(**cells: Any) -> Base:
    return Base(cells, cells)


def decide(
    seen: Seen,
    *rules: FieldRule,
    direction: Direction = "both",
    policy: Policy = "ask",
    deletes: Deletes = "delete",
) -> Decision:
    return merge(seen, rules or [ITEM], direction=direction, policy=policy, deletes=deletes)


def writes(decision: Decision) -> dict[tuple[Side, str], Cells]:
    return {(change.side, change.operation): change.cells for change in decision.changes}


# --- values ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Decimal("1.50"), Decimal("1.5")),
        (1, Decimal("1.00")),
        ([1, {"price": Decimal("2.0")}], [Decimal(1), {"price": 2}]),
        ({"a": 1, "b": None}, {"b": None, "a": 1}),
        (None, None),
    ],
)
def test_the_same_value_may_be_spelled_in_two_ways(one: Any, other: Any):
    assert same(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (True, 1),
        (False, 0),
        (False, None),
        ([True], [1]),
        ({"a": [True]}, {"a": [1]}),
        ("1", 1),
        ("", None),
        ([], None),
        ([1, 2], [2, 1]),
        ({"a": None}, {}),
        ({}, []),
    ],
)
def test_values_that_only_look_alike_are_different(one: Any, other: Any):
    assert not same(one, other)
    assert not same(other, one)


# --- fields ----------------------------------------------------------------------------------------------------------


def test_fields_changed_on_different_sides_cross_over():
    seen = Seen(agreed(item="pen", price=1), {"item": "quill", "price": 1}, {"item": "pen", "price": 2})
    decision = decide(seen, ITEM, FieldRule("price", "both", "ask"))
    assert decision.changes == (
        Change("postgres", "update", {"item": "quill"}),
        Change("glide", "update", {"price": 2}),
    )
    assert decision.base == agreed(item="quill", price=2)


def test_a_field_changed_differently_on_both_sides_waits_for_a_person_while_the_others_flow():
    seen = Seen(agreed(item="pen", price=1), {"item": "quill", "price": 5}, {"item": "ink", "price": 1})
    decision = decide(seen, ITEM, FieldRule("price", "both", "ask"))
    assert decision.conflicts == (Conflict("item", "field", "pen", "quill", "ink"),)
    assert writes(decision) == {("postgres", "update"): {"price": 5}}
    assert decision.base == agreed(item="pen", price=5)


def test_each_side_is_compared_with_its_own_form_of_the_base():
    """Postgres rounded what Glide said; neither that nor its echo is an edit."""
    base = Base({"price": Decimal("1.25")}, {"price": Decimal("1.3")})
    price = FieldRule("price", "both", "ask")
    echo = decide(Seen(base, base.glide, base.postgres), price)
    assert echo == Decision(base=base, keeps_base=True)
    edited = decide(Seen(base, {"price": Decimal("1.25")}, {"price": Decimal("1.4")}), price)
    assert writes(edited) == {("glide", "update"): {"price": Decimal("1.4")}}


def test_a_truth_that_becomes_a_one_is_an_edit():
    decision = decide(Seen(agreed(item=True), {"item": 1}, {"item": True}))
    assert writes(decision) == {("postgres", "update"): {"item": 1}}
    assert not decision.keeps_base


def test_both_sides_changed_to_the_same_value_moves_only_the_base():
    decision = decide(Seen(agreed(item="pen"), {"item": "ink"}, {"item": "ink"}))
    assert decision == Decision(base=agreed(item="ink"))


@pytest.mark.parametrize(
    ("glide_at", "postgres_at", "winner"),
    [
        (NOON, NOON - timedelta(seconds=1), "glide"),
        (NOON - timedelta(seconds=1), NOON, "postgres"),
        (NOON, NOON, None),
        (NOON, None, None),
        (None, NOON, None),
        (None, None, None),
    ],
)
def test_newest_decides_only_between_two_different_times(glide_at: Any, postgres_at: Any, winner: Side | None):
    seen = Seen(agreed(item="pen"), {"item": "quill"}, {"item": "ink"}, glide_at=glide_at, postgres_at=postgres_at)
    decision = decide(seen, FieldRule("item", "both", "newest"))
    expected = {
        "glide": {("postgres", "update"): {"item": "quill"}},
        "postgres": {("glide", "update"): {"item": "ink"}},
        None: {},
    }
    assert writes(decision) == expected[winner]
    assert bool(decision.conflicts) == (winner is None)


def test_a_one_way_field_is_repaired_at_its_destination_and_never_written_at_its_source():
    cost = FieldRule("cost", "to_supabase", "postgres")
    decision = decide(Seen(agreed(cost=1), {"cost": 1}, {"cost": 9}), cost)
    assert writes(decision) == {("postgres", "update"): {"cost": 1}}


def test_what_types_make_of_a_one_way_value_is_not_repaired_for_ever():
    base = Base({"cost": Decimal("1.25")}, {"cost": Decimal("1.3")})
    assert decide(Seen(base, base.glide, base.postgres), FieldRule("cost", "to_supabase", "ask")).changes == ()


def test_a_field_against_the_mapping_flows_nowhere_and_keeps_its_base():
    seen = Seen(agreed(item="pen", cost=1), {"item": "pen", "cost": 2}, {"item": "pen", "cost": 3})
    decision = decide(seen, ITEM, FieldRule("cost", "to_glide", "glide"), direction="to_supabase")
    assert decision == Decision(base=seen.base, keeps_base=True)


def test_a_cell_that_could_not_be_read_is_left_alone_with_its_base():
    seen = Seen(agreed(item="pen", price=1), {"price": 2}, {"item": "ink", "price": 1})
    decision = decide(seen, ITEM, FieldRule("price", "both", "ask"))
    assert writes(decision) == {("postgres", "update"): {"price": 2}}
    assert decision.base == agreed(item="pen", price=2)


def test_a_column_that_is_mapped_no_more_leaves_the_base():
    seen = Seen(agreed(item="pen", old=1), {"item": "pen"}, {"item": "pen"})
    assert decide(seen) == Decision(base=agreed(item="pen"))


# --- first match -----------------------------------------------------------------------------------------------------


def test_rows_that_meet_for_the_first_time_agree_where_they_are_equal_and_ask_where_not():
    seen = Seen(None, {"item": "pen", "price": 1}, {"item": "ink", "price": Decimal("1.0")})
    decision = decide(seen, ITEM, FieldRule("price", "both", "ask"))
    assert decision.changes == ()
    assert decision.conflicts == (Conflict("item", "first_match", None, "pen", "ink"),)
    assert decision.base == agreed(price=1)
    again = decide(carried_out(seen, decision), ITEM, FieldRule("price", "both", "ask"))
    assert again == replace(decision, keeps_base=True, reason="")


def test_a_column_mapped_later_meets_for_the_first_time_then():
    seen = Seen(agreed(item="pen"), {"item": "pen", "price": 1}, {"item": "pen", "price": 2})
    price = FieldRule("price", "both", "ask")
    assert decide(seen, ITEM, price).conflicts == (Conflict("price", "first_match", None, 1, 2),)
    assert writes(decide(seen, ITEM, replace(price, policy="glide"))) == {("postgres", "update"): {"price": 1}}


def test_lists_that_meet_for_the_first_time_are_not_united():
    """Nobody knows whether an item that only one side has was added there or removed here."""
    assert decide(Seen(None, {"tags": ["x"]}, {"tags": ["y"]}), TAGS).conflicts == (
        Conflict("tags", "first_match", None, ["x"], ["y"]),
    )


# --- sets ------------------------------------------------------------------------------------------------------------


def test_items_removed_on_either_side_go_and_items_added_on_either_side_stay():
    base = agreed(tags=["red", "green", "blue"])
    decision = decide(Seen(base, {"tags": ["new", "green", "blue"]}, {"tags": ["blue", "red", "late"]}), TAGS)
    assert writes(decision) == {
        ("postgres", "update"): {"tags": ["new", "blue", "late"]},
        ("glide", "update"): {"tags": ["new", "blue", "late"]},
    }
    assert decision.base == agreed(tags=["new", "blue", "late"])


def test_an_item_both_sides_added_is_there_once():
    decision = decide(Seen(agreed(tags=["x"]), {"tags": ["x", 1, "y"]}, {"tags": [Decimal("1.0"), "x", "z"]}), TAGS)
    assert decision.base == agreed(tags=["x", 1, "y", "z"])


def test_only_the_side_that_lacks_something_is_written():
    seen = Seen(agreed(tags=["x", "y"]), {"tags": ["x", "z"]}, {"tags": ["x", "y", "z"]})
    assert writes(decide(seen, TAGS)) == {("postgres", "update"): {"tags": ["x", "z"]}}


@pytest.mark.parametrize("emptied", [None, []])
def test_an_emptied_list_and_an_added_item_leave_the_added_item(emptied: Any):
    decision = decide(Seen(agreed(tags=["x"]), {"tags": emptied}, {"tags": ["x", "y"]}), TAGS)
    assert decision.base == agreed(tags=["y"])
    assert len(decision.changes) == 2


def test_the_order_of_a_set_says_nothing_and_neither_does_nothing_at_all():
    echo = decide(Seen(agreed(tags=["x", "y"]), {"tags": ["y", "x", "x"]}, {"tags": ["x", "y"]}), TAGS)
    assert (echo.changes, echo.conflicts) == ((), ())
    assert echo.base == Base({"tags": ["y", "x", "x"]}, {"tags": ["x", "y"]})  # as both spell it now
    emptied = decide(Seen(agreed(tags=[]), {"tags": None}, {"tags": []}), TAGS)
    assert (emptied.changes, emptied.conflicts) == ((), ())
    assert decide(Seen(echo.base, {"tags": ["y", "x", "x"]}, {"tags": ["x", "y"]}), TAGS).keeps_base


def test_the_order_of_a_list_that_is_no_set_is_an_edit():
    items = FieldRule("tags", "both", "ask")
    decision = decide(Seen(agreed(tags=["x", "y"]), {"tags": ["y", "x"]}, {"tags": ["x", "y"]}), items)
    assert writes(decision) == {("postgres", "update"): {"tags": ["y", "x"]}}


@pytest.mark.parametrize(
    ("base", "glide", "postgres"),
    [
        (agreed(tags=["x"]), ["x", "y"], "x, z"),
        (agreed(tags="x"), ["x", "y"], ["x", "z"]),
        (Base({"tags": "x"}, {"tags": ["x"]}), ["x", "y"], ["x", "z"]),
        (Base({"tags": ["x"]}, {"tags": "x"}), ["x", "y"], ["x", "z"]),
        (Base({"tags": ["x"]}, {"tags": ["X"]}), ["x", "y"], ["X", "z"]),
    ],
)
def test_what_cannot_be_matched_item_by_item_goes_by_the_policy(base: Base, glide: Any, postgres: Any):
    decision = decide(Seen(base, {"tags": glide}, {"tags": postgres}), TAGS)
    assert decision.conflicts == (Conflict("tags", "field", base.postgres["tags"], glide, postgres),)


# --- rows that come and go -------------------------------------------------------------------------------------------


def test_a_new_row_is_created_with_the_fields_that_may_go_there():
    rules = [ITEM, FieldRule("stock", "to_glide", "ask"), FieldRule("cost", "to_supabase", "ask")]
    seen = Seen(None, {"item": "pen", "stock": 3, "cost": None}, None)
    decision = decide(seen, *rules)
    assert writes(decision) == {("postgres", "create"): {"item": "pen", "cost": None}}
    assert decision.base == agreed(item="pen", cost=None)
    assert decision.reason == "new in Glide"


def test_what_a_create_left_out_follows_its_owner_in_the_next_run():
    rules = [ITEM, FieldRule("stock", "to_glide", "ask")]
    seen = Seen(None, {"item": "pen", "stock": 3}, None)
    then = carried_out(seen, decide(seen, *rules))
    then = replace(then, postgres={"item": "pen", "stock": 40})  # a default or a trigger filled it
    assert writes(decide(then, *rules)) == {("glide", "update"): {"stock": 40}}


def test_a_row_none_of_whose_fields_may_go_there_is_not_created():
    seen = Seen(None, {"item": "pen"}, None)
    assert decide(seen, FieldRule("item", "to_glide", "glide")) == Decision(base=None, keeps_base=True)


@pytest.mark.parametrize("deletes", ["keep", "mark"])
@pytest.mark.parametrize("gone", ["glide", "postgres"])
def test_a_row_that_was_let_go_is_not_created_again_until_it_comes_back(gone: Side, deletes: Deletes):
    row = {"item": "pen"}
    seen = Seen(agreed(**row), row, row, glide_gone=gone == "glide", postgres_gone=gone == "postgres")
    seen = replace(seen, **{gone: None})
    decision = decide(seen, deletes=deletes)
    then = carried_out(seen, decision)
    assert decision.base is None
    assert decide(then, deletes=deletes) == Decision(base=None, detached=decision.detached, keeps_base=True)
    back = decide(replace(then, **{gone: {"item": "pen"}}), deletes=deletes)
    assert back == Decision(base=agreed(item="pen"), reason="first match")


def test_a_kept_row_says_why_it_is_kept():
    seen = Seen(agreed(item="pen"), None, {"item": "pen"}, glide_gone=True)
    decision = decide(seen, deletes="keep")
    assert decision == Decision(
        base=None, detached="postgres", reason="detached: deleted in Glide, Postgres keeps the row"
    )


def test_a_row_that_is_new_where_the_other_side_let_an_older_one_go_is_created():
    assert writes(decide(Seen(None, {"item": "pen"}, None, detached="postgres"))) == {
        ("postgres", "create"): {"item": "pen"}
    }


def test_a_row_let_go_and_then_deleted_is_forgotten():
    seen = Seen(None, None, None, glide_gone=True, postgres_gone=True, detached="postgres")
    assert decide(seen) == Decision(base=None, reason="gone on both sides")


def test_a_row_that_was_only_not_seen_is_left_alone_even_when_the_other_side_was_edited():
    seen = Seen(agreed(item="pen"), None, {"item": "ink"})
    assert decide(seen, policy="postgres") == Decision(
        base=seen.base, keeps_base=True, reason="not seen in Glide, and not proven gone"
    )


def test_a_row_that_was_seen_on_neither_side_is_kept_in_mind_until_both_are_proven_gone():
    seen = Seen(agreed(item="pen"), None, None, postgres_gone=True)
    assert decide(seen) == Decision(
        base=seen.base, keeps_base=True, reason="not seen on either side, and not proven gone"
    )


def test_an_edit_against_a_delete_keeps_the_whole_edited_row_for_a_person():
    seen = Seen(agreed(item="pen", price=1), {"item": "pen", "price": 2}, None, postgres_gone=True)
    decision = decide(seen, ITEM, FieldRule("price", "both", "ask"), policy="newest")
    conflict = Conflict(None, "edit_delete", {"item": "pen", "price": 1}, {"item": "pen", "price": 2}, None)
    assert decision == Decision(
        base=seen.base, keeps_base=True, conflicts=(conflict,), reason="edited in Glide, deleted in Postgres"
    )


def test_the_edited_row_is_created_again_where_its_side_wins():
    seen = Seen(agreed(item="pen", price=1), None, {"item": "pen", "price": 2}, glide_gone=True)
    decision = decide(seen, ITEM, FieldRule("price", "both", "ask"), policy="postgres")
    assert writes(decision) == {("glide", "create"): {"item": "pen", "price": 2}}
    assert decision.base == agreed(item="pen", price=2)


def test_a_winning_edit_is_not_created_again_when_a_part_of_the_row_could_not_come_along():
    """Glide would own an empty cost, and empty it here in the next run."""
    rules = [ITEM, FieldRule("cost", "to_supabase", "ask")]
    seen = Seen(agreed(item="pen", cost=7), None, {"item": "ink", "cost": 7}, glide_gone=True)
    decision = decide(seen, *rules, policy="postgres")
    assert (decision.changes, [conflict.kind for conflict in decision.conflicts]) == ((), ["edit_delete"])
    no_cost = replace(seen, base=agreed(item="pen", cost=None), postgres={"item": "ink", "cost": None})
    assert writes(decide(no_cost, *rules, policy="postgres")) == {("glide", "create"): {"item": "ink"}}


@pytest.mark.parametrize("cells", [{"item": "pen", "price": 2}, {"item": "pen"}])
def test_a_value_the_other_side_never_saw_is_not_deleted_with_its_row(cells: Cells):
    """It was in question when the rows first met, or it cannot be read."""
    seen = Seen(agreed(item="pen"), None, cells, glide_gone=True)
    assert [c.kind for c in decide(seen, ITEM, FieldRule("price", "both", "ask")).conflicts] == ["edit_delete"]


def test_an_empty_cell_that_was_never_agreed_on_does_not_hold_a_delete_up():
    seen = Seen(agreed(item="pen"), None, {"item": "pen", "price": None}, glide_gone=True)
    assert writes(decide(seen, ITEM, FieldRule("price", "both", "ask"))) == {("postgres", "delete"): {}}


@pytest.mark.parametrize("item", ["pen", "ink"])
def test_the_source_of_a_one_way_mapping_brings_its_rows_back(item: str):
    seen = Seen(agreed(item="pen"), None, {"item": item}, glide_gone=True)
    decision = decide(seen, direction="to_glide", policy="glide")
    assert writes(decision) == {("glide", "create"): {"item": item}}


# --- between two writes ----------------------------------------------------------------------------------------------


def test_a_united_set_is_agreed_on_only_when_both_sides_hold_it():
    """Else the side that still lacks the other's items would seem to have removed them."""
    seen = Seen(
        agreed(item="pen", tags=["x"], price=1),
        {"item": "ink", "tags": ["x", "y"], "price": 1},
        {"item": "pen", "tags": ["x", "z"], "price": 2},
    )
    rules = [ITEM, TAGS, FieldRule("price", "both", "ask")]
    decision = decide(seen, *rules)
    assert base_so_far(seen, decision, ["postgres"]) == agreed(item="ink", tags=["x"], price=1)
    assert base_so_far(seen, decision, ["glide", "postgres"]) == decision.base
    cut_short = carried_out(seen, decision, sides=["postgres"])
    assert writes(decide(cut_short, *rules)) == {("glide", "update"): {"tags": ["x", "y", "z"], "price": 2}}


def test_a_row_is_linked_and_forgotten_only_with_the_write_that_makes_it_so():
    created = Seen(None, {"item": "pen"}, None)
    assert base_so_far(created, decide(created), []) is None
    deleted = Seen(agreed(item="pen"), {"item": "pen"}, None, postgres_gone=True)
    assert base_so_far(deleted, decide(deleted), ["postgres"]) == deleted.base
    assert base_so_far(deleted, decide(deleted), ["glide"]) is None
    met = Seen(None, {"item": "pen", "price": 1}, {"item": "pen", "price": 2})
    price = FieldRule("price", "both", "glide")
    assert base_so_far(met, decide(met, ITEM, price), ["glide"]) == agreed(item="pen")
