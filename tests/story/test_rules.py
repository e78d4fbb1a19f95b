"""What a person's filter and rules do to a run: which rows it is about, and what stands in place of a cell."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from glsync.errors import InvalidMapping
from tests.world import TABLE, World


def with_rules(world: World, filter: str | None = None, **rules: str) -> None:
    """Give the mapping a filter and rules by Glide column id; what it had is replaced."""
    pairs: dict[str, dict[str, Any]] = dict(world.column_mappings())
    for glide_id, rule in rules.items():
        pairs[glide_id] = pairs[glide_id] | {"rule": rule}
    options = {"filter": filter} if filter else {}
    world.change_mapping(column_mappings=json.dumps(pairs), options=json.dumps(options))


# --- rules of columns ------------------------------------------------------------------------------------------------


def test_what_a_rule_gives_is_stored_in_place_of_the_cell(world: World) -> None:
    with_rules(world, Name='trim(Name).upper() + "!"', prc00="round(Price * 1.19, 2)", qty00="size(Name)")
    world.glide_has(a={"Name": " pen ", "prc00": 1.5, "qty00": 3})
    report = world.sync()
    row = world.in_postgres()["a"]
    assert (row["name"], row["price"], row["quantity"]) == ("PEN!", Decimal("1.79"), 5)
    assert report.counts.created == 1


def test_a_rule_calculates_without_the_crumbs_of_doubles(world: World) -> None:
    with_rules(world, prc00="Price + 0.2")
    world.glide_has(a={"prc00": 0.1})
    world.sync()
    assert world.in_postgres()["a"]["price"] == Decimal("0.3")


def test_a_rule_may_read_other_columns_by_id_and_by_any_name(world: World) -> None:
    with_rules(world, Name='string(qty00) + " x " + row["Mail"] + " of " + row["$rowID"]')
    world.glide_has(a={"Name": "pen", "qty00": 2, "mail0": "a@b.c"})
    world.sync()
    assert world.in_postgres()["a"]["name"] == "2 x a@b.c of a"


def test_an_empty_cell_is_null_to_a_rule(world: World) -> None:
    with_rules(world, Name='Name == null ? "nameless" : Name', prc00="Price == null ? null : Price * 2.0")
    world.glide_has(a={"Name": "", "qty00": 1})
    world.sync()
    row = world.in_postgres()["a"]
    assert (row["name"], row["price"]) == ("nameless", None)


def test_what_a_rule_gives_is_read_by_the_kind_of_its_column(world: World) -> None:
    with_rules(
        world, ord00='timestamp(Ordered) + duration("24h")', act00="Quantity > 2.0", json0='{"twice": Quantity * 2.0}'
    )
    world.glide_has(a={"ord00": "2026-01-02T03:04:05Z", "qty00": 3})
    world.sync()
    row = world.in_postgres()["a"]
    assert row["ordered_at"] == datetime(2026, 1, 3, 3, 4, 5, tzinfo=UTC)
    assert (row["active"], row["extra"]) == (True, {"twice": 6})


def test_a_rule_that_fails_holds_its_row_back_and_says_which_cell_and_why(world: World) -> None:
    with_rules(world, prc00="Price * 2.0")
    world.glide_has(a={"Name": "pen", "prc00": "cheap"}, b={"Name": "ink", "prc00": 4})
    report = world.sync()
    (error,) = world.errors()
    assert report.status == "completed_with_errors"
    assert (error["error_type"], error["glide_row_id"], error["column_name"]) == ("TRANSFORM_ERROR", "a", "price")
    assert error["value"] == "cheap"
    assert "Price * 2.0" in error["rule"]
    assert set(world.in_postgres()) == {"b"}


def test_a_result_that_does_not_fit_its_column_is_told_with_the_result(world: World) -> None:
    with_rules(world, prc00='"twelve"')
    world.glide_has(a={"Name": "pen"})
    world.sync()
    (error,) = world.errors()
    assert error["error_type"] == "TRANSFORM_ERROR"
    assert 'the rule "twelve" gave twelve' in error["error_message"]


def test_a_number_with_more_digits_than_rules_hold_is_refused_not_rounded(world: World) -> None:
    with_rules(world, prc00="Price * 1.0")
    world.glide_has(a={"Name": "pen", "prc00": "x"})
    world.glide.edit("native-table-items", set={"a": {"prc00": 1.2345678901234567}})
    world.sync()
    assert "15 digits" in world.errors()[0]["rule"]
    assert world.in_postgres() == {}


def test_a_corrected_rule_settles_the_errors_of_the_old_one(world: World) -> None:
    world.glide_has(a={"Name": "pen", "prc00": None})
    with_rules(world, prc00="Price * 2.0")
    world.sync()
    with_rules(world, prc00="Price == null ? 0.0 : Price * 2.0")
    world.sync()
    assert world.errors() == []
    assert world.in_postgres()["a"]["price"] == 0


def test_a_changed_rule_is_applied_to_rows_that_did_not_change(world: World) -> None:
    world.glide_has(a={"prc00": 2})
    with_rules(world, prc00="Price * 2.0")
    world.sync()
    with_rules(world, prc00="Price * 3.0")
    assert world.sync().counts.updated == 1
    assert world.in_postgres()["a"]["price"] == 6


def test_rows_with_rules_that_say_the_same_are_skipped_like_others(world: World) -> None:
    with_rules(world, prc00="Price * 2.0")
    world.glide_has_many(50)
    world.sync()
    assert world.sync().counts.skipped == 50


# --- the filter ------------------------------------------------------------------------------------------------------


def test_only_rows_the_filter_takes_are_stored(world: World) -> None:
    with_rules(world, filter="Active && Quantity >= 2.0")
    world.glide_has(a={"act00": True, "qty00": 2}, b={"act00": False, "qty00": 9}, c={"act00": True, "qty00": 1})
    report = world.sync()
    assert set(world.in_postgres()) == {"a"}
    assert report.message == "3 rows read: 1 created, 2 left out by the filter"


def test_a_row_that_leaves_the_scope_is_let_go_not_deleted(world: World) -> None:
    world.change_mapping(deletes="delete", delete_grace=0)
    with_rules(world, filter="Active")
    world.glide_has(a={"Name": "pen", "act00": True}, b={"Name": "ink", "act00": True})
    world.sync()
    world.glide_has(a={"act00": False, "Name": "quill"})
    assert world.sync().counts.stored == 0
    assert world.in_postgres()["a"]["name"] == "pen"


def test_a_row_let_go_stays_even_when_it_is_deleted_in_glide_later(world: World) -> None:
    world.change_mapping(deletes="delete", delete_grace=0)
    with_rules(world, filter="Active")
    world.glide_has(a={"act00": True}, b={"act00": True})
    world.sync()
    world.glide_has(a={"act00": False})
    world.sync()
    world.glide_has(a=None)
    assert world.sync().counts.deleted == 0
    assert set(world.in_postgres()) == {"a", "b"}


def test_a_row_in_scope_that_is_deleted_in_glide_is_deleted_as_ever(world: World) -> None:
    world.change_mapping(deletes="delete", delete_grace=0)
    with_rules(world, filter="Active")
    world.glide_has(a={"act00": True}, b={"act00": True}, c={"act00": False})
    world.sync()
    world.glide_has(a=None)
    assert world.sync().counts.deleted == 1
    assert set(world.in_postgres()) == {"b"}


def test_a_row_that_comes_back_into_scope_is_kept_in_step_again(world: World) -> None:
    with_rules(world, filter="Active")
    world.glide_has(a={"Name": "pen", "act00": True})
    world.sync()
    world.glide_has(a={"act00": False})
    world.sync()
    world.glide_has(a={"Name": "quill", "act00": True})
    assert world.sync().counts.updated == 1
    assert world.in_postgres()["a"]["name"] == "quill"


@pytest.mark.parametrize("deletes", ["delete", "mark"])
def test_a_new_filter_lets_rows_go_and_never_looks_like_deletes(world: World, deletes: str) -> None:
    world.change_mapping(deletes=deletes, delete_grace=0)
    world.glide_has_many(40)
    world.sync()
    with_rules(world, filter="Quantity < 10.0")
    report = world.sync()
    assert (report.counts.deleted, report.waiting) == (0, ())
    assert len(world.in_postgres()) == 40
    assert all(row["deleted_at"] is None for row in world.in_postgres().values())


def test_a_filter_that_takes_no_row_at_all_takes_nothing_away(world: World) -> None:
    world.change_mapping(deletes="delete", delete_grace=0)
    world.glide_has_many(12)
    world.sync()
    with_rules(world, filter="false")
    report = world.sync()
    assert (report.status, report.waiting) == ("completed", ())
    assert len(world.in_postgres()) == 12


def test_a_wider_filter_brings_rows_in_that_did_not_change(world: World) -> None:
    with_rules(world, filter="Quantity < 5.0")
    world.glide_has_many(10)
    world.sync()
    with_rules(world, filter="Quantity < 8.0")
    assert world.sync().counts.created == 3


def test_a_row_missing_for_a_while_that_returns_out_of_scope_is_not_deleted_when_its_grace_ends(world: World) -> None:
    world.change_mapping(deletes="delete", delete_grace=0)
    with_rules(world, filter="Active")
    world.glide_has(a={"act00": True}, b={"act00": True})
    world.sync()
    world.change_mapping(delete_grace=3600)
    world.glide_has(a=None)
    world.sync()
    world.glide_has(a={"act00": False})
    world.sync()
    world.change_mapping(delete_grace=0)
    assert world.sync().counts.deleted == 0
    assert "a" in world.in_postgres()


def test_a_row_the_filter_cannot_decide_is_told_and_left_as_it_was(world: World) -> None:
    with_rules(world, filter="Quantity > 2.0")
    world.glide_has(a={"Name": "pen", "qty00": 5}, b={"Name": "ink"})
    world.sync()
    (error,) = world.errors()
    assert (error["error_type"], error["glide_row_id"], error["column_name"]) == ("TRANSFORM_ERROR", "b", "(filter)")
    assert set(world.in_postgres()) == {"a"}


def test_cells_nobody_asked_for_are_no_errors(world: World) -> None:
    with_rules(world, filter="Active")
    world.glide_has(a={"act00": True}, b={"act00": False, "prc00": "not a price"})
    assert world.sync().status == "completed"
    assert world.errors() == []


def test_a_plan_leaves_out_what_the_filter_leaves_out(world: World) -> None:
    with_rules(world, filter="Active")
    world.glide_has(a={"act00": True}, b={"act00": False})
    assert world.plan().postgres.create == 1


# --- what cannot be used ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("Price *", "cannot be read at position 8"),
        ("Prize * 2.0", "'Prize' at position 1"),
        ("system('ls')", "calls 'system' at position 1"),
        ("[1, 2].map(x, x)", "calls 'map'"),
        ("1" * 1001, "longer than 1000"),
    ],
)
def test_a_broken_rule_written_by_sql_is_refused_before_anything_is_read(world: World, rule: str, said: str) -> None:
    with_rules(world, prc00=rule)
    world.glide_has(a={"prc00": 1})
    with pytest.raises(InvalidMapping, match='The rule of Glide column "prc00"') as refused:
        world.sync()
    assert said in str(refused.value)
    assert world.last_log()["error_type"] == "CONFIG_ERROR"
    assert world.in_postgres() == {}


def test_a_broken_filter_is_refused_too(world: World) -> None:
    with_rules(world, filter="Active &&")
    with pytest.raises(InvalidMapping, match="The filter cannot be read at position 10"):
        world.sync()


# --- both directions -------------------------------------------------------------------------------------------------


def both_ways(world: World, **options: Any) -> None:
    world.change_mapping(sync_direction="both", conflict_policy="glide", deletes="delete", delete_grace=0)
    with_rules(world, **options)


def test_in_both_directions_what_a_rule_gives_flows_to_postgres_only(world: World) -> None:
    both_ways(world, Name="upper(Name)")
    world.glide_has(a={"Name": "pen", "qty00": 1})
    world.sync()
    assert world.in_postgres()["a"]["name"] == "PEN"
    world.sql("update items set name = 'mine', quantity = 2")
    world.sync()
    assert world.glide.rows(TABLE)["a"]["Name"] == "pen"
    assert world.glide.rows(TABLE)["a"]["qty00"] == 2
    assert world.in_postgres()["a"]["name"] == "PEN"
    assert world.sync().counts.stored == 0


def test_in_both_directions_rows_out_of_scope_are_left_alone_on_both_sides(world: World) -> None:
    both_ways(world, filter="Active")
    world.glide_has(a={"Name": "pen", "act00": True}, b={"Name": "ink", "act00": False})
    world.sync()
    assert set(world.in_postgres()) == {"a"}
    world.glide_has(a={"Name": "quill", "act00": False})
    world.sql("update items set name = 'feather'")
    assert world.sync().counts.stored == 0
    assert world.in_postgres()["a"]["name"] == "feather"
    assert world.glide.rows(TABLE)["a"]["Name"] == "quill"


def test_in_both_directions_a_row_let_go_is_not_deleted_with_its_row_in_glide(world: World) -> None:
    both_ways(world, filter="Active")
    world.glide_has(a={"Name": "pen", "act00": True}, b={"Name": "ink", "act00": True})
    world.sync()
    world.glide_has(a={"act00": False})
    world.sync()
    world.glide_has(a=None, b=None)
    world.glide_has(c={"Name": "ruler", "act00": True})
    world.sync()
    assert set(world.in_postgres()) == {"a", "c"}
    assert set(world.glide.rows(TABLE)) == {"c"}


def test_in_both_directions_a_row_back_in_scope_is_merged_from_where_both_sides_agreed(world: World) -> None:
    both_ways(world, filter="Active")
    world.glide_has(a={"Name": "pen", "qty00": 1, "act00": True})
    world.sync()
    world.glide_has(a={"act00": False})
    world.sync()
    world.sql("update items set quantity = 5")
    world.glide_has(a={"Name": "quill", "act00": True})
    world.sync()
    row = world.in_postgres()["a"]
    assert (row["name"], row["quantity"]) == ("quill", 5)
    assert world.glide.rows(TABLE)["a"]["qty00"] == 5
    world.glide_has(a=None, b={"Name": "ink", "act00": True})
    world.sync()
    assert set(world.in_postgres()) == {"b"}


def test_in_both_directions_a_write_that_takes_a_row_out_of_scope_is_made_once(world: World) -> None:
    both_ways(world, filter="Active")
    world.glide_has(a={"Name": "pen", "act00": True}, b={"Name": "ink", "act00": True})
    world.sync()
    world.sql("update items set active = false, name = 'quill' where glide_row_id = 'a'")
    report = world.sync()
    assert (report.status, report.counts.updated) == ("completed", 1)
    assert world.glide.rows(TABLE)["a"]["Name"] == "quill"
    assert world.sync().counts.stored == 0
    assert world.sql("select state from glsync.intents where state not in ('done')") == []


def test_in_both_directions_a_row_born_in_postgres_is_made_once_even_if_the_filter_leaves_it_out(world: World) -> None:
    both_ways(world, filter="Active")
    world.glide_has(b={"Name": "ink", "act00": True})
    world.sync()
    world.sql("insert into items (name, active) values ('pen', false)")
    world.sync()
    world.sync()
    assert sorted(row["Name"] for row in world.glide.rows(TABLE).values()) == ["ink", "pen"]
    assert len(world.in_postgres()) == 2


def test_in_both_directions_both_sides_are_equal_over_what_the_filter_takes(world: World) -> None:
    both_ways(world, filter="Active")
    world.glide_has(a={"Name": "pen", "act00": True}, b={"Name": "ink", "act00": False})
    assert world.sync().message.endswith("both sides are equal")
