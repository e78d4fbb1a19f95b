"""What a two-way mapping does, told on a real Postgres and the stand-in's wire, for classic tables and Big Tables."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

# --- both legs -------------------------------------------------------------------------------------------------------


def test_one_run_carries_what_changed_on_either_side_to_the_other(world):
    world.glide_has(a={"Name": "pen"}, b={"Name": "cup"})
    world.sync()
    world.glide_has(a={"Name": "quill"})
    world.postgres_has("b", name="mug")
    report = world.sync()
    assert world.names() == ({"a": "quill", "b": "mug"},) * 2
    assert (report.status, report.counts.updated) == ("completed", 2)
    assert world.is_quiet()


def test_a_row_born_in_postgres_is_added_to_glide_and_gets_its_name_at_once(world):
    key = world.postgres_adds(name="cup", price=2.5, active=True)
    world.sync()
    (row,) = world.glide.rows("Items").values()
    assert (row["Name"], row["prc00"], row["act00"]) == ("cup", 2.5, True)
    assert world.sql("select glide_row_id from items where id = %s", key)[0]["glide_row_id"] in world.glide.rows(
        "Items"
    )
    assert world.is_quiet()


def test_edits_of_different_fields_of_one_row_both_live(world):
    world.glide_has(a={"Name": "pen", "prc00": 1})
    world.sync()
    world.glide_has(a={"Name": "quill"})
    world.postgres_has("a", price=9)
    world.sync()
    row = world.glide.rows("Items")["a"]
    assert (row["Name"], row["prc00"]) == ("quill", 9)
    assert (world.in_postgres()["a"]["name"], world.in_postgres()["a"]["price"]) == ("quill", 9)
    assert world.conflicts() == []


@pytest.mark.parametrize("empty", [None, ""])
def test_a_cell_cleared_in_glide_is_cleared_in_postgres(world, empty):
    world.glide_has(a={"Name": "pen", "qty00": 3})
    world.sync()
    world.glide_has(a={"Name": empty, "qty00": None})
    world.sync()
    assert (world.in_postgres()["a"]["name"], world.in_postgres()["a"]["quantity"]) == (None, None)
    assert world.is_quiet()


@pytest.mark.parametrize("empty_text", ["clears", "kept"])
def test_a_cell_cleared_in_postgres_is_cleared_in_glide(world, empty_text):
    world.glide.set(empty_text=empty_text)
    world.glide_has(a={"Name": "pen", "qty00": 3, "ord00": "2026-01-02T03:04:05Z"})
    world.sync()
    world.postgres_has("a", name=None, quantity=None, ordered_at=None)
    world.sync()
    row = world.glide.rows("Items")["a"]
    assert not any(row.get(column) for column in ("Name", "qty00", "ord00"))
    assert world.is_quiet()


def test_a_run_tells_when_both_sides_are_equal_and_keeps_the_proof(world):
    world.glide_has(a={"Name": "pen"})
    report = world.sync()
    assert report.message.endswith("both sides are equal")
    (proof,) = world.sql("select * from glsync.certificates")
    assert proof["glide_digest"] == proof["postgres_digest"]
    assert proof["rows"] == 1


# --- keys ------------------------------------------------------------------------------------------------------------


def rekeyed(world, key: str) -> None:
    """The table with another primary key."""
    world.sql("alter table items drop constraint items_pkey, drop column id")
    world.sql(f"alter table items add primary key ({key})")


def test_rows_with_a_text_key_travel_both_ways(world):
    rekeyed(world, "name")
    world.glide_has(a={"Name": "pen"})
    world.sql("insert into items (name, price) values ('o''clock \"12\"', 4)")
    world.sync()
    assert {row["Name"] for row in world.glide.rows("Items").values()} == {"pen", 'o\'clock "12"'}
    assert set(world.in_postgres()) == set(world.glide.rows("Items"))
    assert world.is_quiet()


def test_rows_with_a_composite_key_travel_both_ways(world):
    world.sql("alter table items drop constraint items_pkey, drop column id")
    world.sql("alter table items add primary key (name, day)")
    world.glide_has(a={"Name": "pen", "day00": "2026-02-03"})
    world.sql("insert into items (name, day, price) values ('pen', '2026-02-04', 4)")
    world.sync()
    world.sql("update items set price = 5 where day = '2026-02-04'")
    world.glide_has(a={"prc00": 7})
    world.sync()
    assert {row["day"].isoformat(): row["price"] for row in world.in_postgres().values()} == {
        "2026-02-03": 7,
        "2026-02-04": 5,
    }
    assert sorted(row["prc00"] for row in world.glide.rows("Items").values()) == [5, 7]
    assert world.is_quiet()


def test_a_row_whose_key_changes_stays_the_same_row_even_when_another_takes_the_old_key(world):
    rekeyed(world, "name")
    world.glide_has(a={"Name": "pen", "qty00": 1})
    world.sync()
    world.sql("update items set name = 'quill' where name = 'pen'")
    world.sql("insert into items (name, quantity) values ('pen', 2)")
    world.sync()
    glide = world.glide.rows("Items")
    assert glide["a"] == {"Name": "quill", "qty00": 1}
    assert sorted(row["Name"] for row in glide.values()) == ["pen", "quill"]
    assert world.is_quiet()


def test_two_rows_that_swap_their_keys_stay_the_same_rows(world):
    rekeyed(world, "name")
    world.glide_has(a={"Name": "pen", "qty00": 1}, b={"Name": "cup", "qty00": 2})
    world.sync()
    world.sql("update items set name = 'temporary' where name = 'pen'")
    world.sql("update items set name = 'pen' where name = 'cup'")
    world.sql("update items set name = 'cup' where name = 'temporary'")
    world.sync()
    assert world.names() == ({"a": "cup", "b": "pen"},) * 2
    assert world.is_quiet()


def test_a_key_freed_by_a_delete_goes_to_the_row_that_wants_it_in_the_same_run(world):
    rekeyed(world, "name")
    world.glide_has(a={"Name": "pen"})
    world.sync()
    world.glide_has(a=None, b={"Name": "pen"})
    report = world.sync()
    assert world.names() == ({"b": "pen"},) * 2
    assert report.status == "completed"
    assert world.is_quiet()


def test_a_name_somebody_erased_or_spoiled_in_postgres_is_put_back(world):
    world.glide_has(a={"Name": "pen"}, b={"Name": "cup"})
    world.sync()
    world.sql("update items set glide_row_id = null where name = 'pen'")
    world.sql("update items set glide_row_id = 'nonsense', price = 3 where name = 'cup'")
    world.sync()
    assert world.names() == ({"a": "pen", "b": "cup"},) * 2
    assert world.glide.rows("Items")["b"]["prc00"] == 3
    assert world.is_quiet()


# --- the same field on both sides ------------------------------------------------------------------------------------


def both_edit(world) -> None:
    world.glide_has(a={"Name": "pen", "qty00": 1})
    world.sync()
    world.glide_has(a={"Name": "quill"})
    world.postgres_has("a", name="ink")


@pytest.mark.parametrize(("policy", "name"), [("glide", "quill"), ("postgres", "ink")])
def test_the_mapping_s_policy_decides_a_field_both_sides_changed(world, policy, name):
    world.change_mapping(conflict_policy=policy)
    both_edit(world)
    world.sync()
    assert world.names() == ({"a": name},) * 2
    assert world.conflicts() == []
    assert world.is_quiet()


@pytest.mark.parametrize(("policy", "name"), [("glide", "quill"), ("postgres", "ink")])
def test_a_column_s_own_policy_goes_before_the_mapping_s(world, policy, name):
    world.change_mapping(conflict_policy="ask")
    world.pair("Name", policy=policy)
    both_edit(world)
    world.sync()
    assert world.names() == ({"a": name},) * 2


@pytest.mark.parametrize(("changed", "name"), [("2026-05-01T00:00:00Z", "quill"), ("2026-01-01T00:00:00Z", "ink")])
def test_the_newest_edit_wins_where_both_sides_tell_their_time(world, changed, name):
    world.change_mapping(conflict_policy="newest")
    world.option(newest=["ordered_at", "updated_at"])
    both_edit(world)
    world.glide_has(a={"ord00": changed})
    world.postgres_has("a", updated_at="2026-03-01T00:00:00Z")
    world.sync()
    assert world.names() == ({"a": name},) * 2


def test_the_newest_wins_by_people_s_edits_and_not_by_our_writes(world):
    world.change_mapping(conflict_policy="newest")
    world.option(newest=["ordered_at", "updated_at"])
    world.glide_has(a={"Name": "pen", "qty00": 1})
    world.sync()
    world.postgres_has("a", updated_at="2026-01-01T00:00:00Z")
    world.glide_has(a={"qty00": 2})
    world.sync()
    assert world.in_postgres()["a"]["updated_at"].isoformat().startswith("2026-01-01")


def test_a_conflict_is_kept_with_both_values_and_the_rest_of_the_row_flows(world):
    both_edit(world)
    world.glide_has(a={"qty00": 5})
    report = world.sync()
    assert world.names() == ({"a": "quill"}, {"a": "ink"})
    assert world.in_postgres()["a"]["quantity"] == 5
    (conflict,) = world.conflicts()
    assert (conflict["column_name"], conflict["kind"]) == ("name", "field")
    assert (conflict["base_value"], conflict["glide_value"], conflict["postgres_value"]) == ("pen", "quill", "ink")
    assert (report.status, report.counts.conflicts) == ("completed_with_errors", 1)
    assert world.is_quiet()
    assert len(world.conflicts()) == 1


@pytest.mark.parametrize(("side", "name"), [("glide", "quill"), ("postgres", "ink")])
def test_what_a_person_picks_is_done_by_the_next_run(world, side, name):
    both_edit(world)
    world.sync()
    world.pick(side, "name")
    world.sync()
    assert world.names() == ({"a": name},) * 2
    (conflict,) = world.conflicts("resolved")
    assert conflict["applied_at"] is not None
    assert world.is_quiet()


def test_a_pick_is_not_done_when_a_side_changed_since_and_the_conflict_comes_back(world):
    both_edit(world)
    world.sync()
    world.pick("glide", "name")
    world.postgres_has("a", name="chalk")
    world.sync()
    assert world.names() == ({"a": "quill"}, {"a": "chalk"})
    assert [conflict["postgres_value"] for conflict in world.conflicts()] == ["chalk"]
    world.pick("postgres", "name")
    world.sync()
    assert world.names() == ({"a": "chalk"},) * 2


def test_a_conflict_that_people_end_themselves_goes_away(world):
    both_edit(world)
    world.sync()
    world.glide_has(a={"Name": "ink"})
    world.sync()
    assert world.conflicts() == []
    assert [conflict["column_name"] for conflict in world.conflicts("gone")] == ["name"]


# --- deletes ---------------------------------------------------------------------------------------------------------


def three(world) -> None:
    world.glide_has(a={"Name": "pen"}, b={"Name": "cup"}, c={"Name": "box"})
    world.sync()


def test_a_row_deleted_on_one_side_is_deleted_on_the_other_and_kept_in_history(world):
    three(world)
    world.glide_has(a=None)
    world.postgres_drops("b")
    report = world.sync()
    assert world.names() == ({"c": "box"},) * 2
    assert report.counts.deleted == 2
    assert [found["before"]["name"] for found in world.history("postgres") if found["operation"] == "delete"] == ["pen"]
    assert [found["before"]["name"] for found in world.history("glide") if found["operation"] == "delete"] == ["cup"]
    assert world.is_quiet()
    assert world.sql("select count(*) as n from glsync.links")[0]["n"] == 1


def test_a_row_away_from_glide_is_deleted_only_after_its_grace(world):
    world.change_mapping(delete_grace=60)
    three(world)
    world.glide_has(a=None)
    world.sync()
    assert "a" in world.in_postgres()
    world.time_passes(61)
    world.sync()
    assert "a" not in world.in_postgres()
    assert world.is_quiet()


def test_a_row_that_comes_back_within_its_grace_is_left_alone(world):
    world.change_mapping(delete_grace=60)
    three(world)
    world.glide_has(a=None)
    world.sync()
    world.glide_has(a={"Name": "pen"})
    world.sync()
    world.time_passes(61)
    assert world.is_quiet()
    assert "a" in world.in_postgres()


def test_with_deletes_kept_a_deleted_row_stays_on_the_other_side_and_is_let_go(world):
    world.change_mapping(deletes="keep")
    three(world)
    world.glide_has(a=None)
    world.postgres_drops("b")
    world.sync()
    assert world.names() == ({"b": "cup", "c": "box"}, {"a": "pen", "c": "box"})
    assert world.is_quiet()


def test_with_deletes_marked_postgres_marks_the_row_and_glide_loses_it(world):
    world.change_mapping(deletes="mark")
    three(world)
    world.glide_has(a=None)
    world.sql("update items set deleted_at = now() where glide_row_id = 'b'")
    world.sync()
    assert world.in_postgres()["a"]["deleted_at"] is not None
    assert world.names() == ({"c": "box"},) * 2
    assert world.is_quiet()


@pytest.mark.parametrize("deletes", ["keep", "mark"])
@pytest.mark.parametrize("grace", [0, 60])
def test_nobody_asks_glide_again_for_a_row_that_was_let_go(world, deletes, grace):
    world.change_mapping(deletes=deletes, delete_grace=grace)
    three(world)
    world.sync()
    world.glide_has(a=None)
    for _ in range(2):
        world.sync()
        world.time_passes()
    world.glide.forget_calls()
    report = world.sync()
    assert (len(world.glide.calls("query")) <= 1, world.glide.calls("row")) == (True, [])
    assert report.price.updates <= 1
    assert world.sql("select * from glsync.absent_rows") == []


@pytest.mark.parametrize("editor", ["glide", "postgres"])
def test_an_edit_against_a_delete_is_never_silent(world, editor):
    three(world)
    if editor == "glide":
        world.glide_has(a={"Name": "quill"})
        world.postgres_drops("a")
    else:
        world.postgres_has("a", name="quill")
        world.glide_has(a=None)
    world.sync()
    (conflict,) = world.conflicts()
    assert (conflict["kind"], conflict["column_name"]) == ("edit_delete", None)
    assert conflict[f"{editor}_value"]["name"] == "quill"
    assert conflict["postgres_value" if editor == "glide" else "glide_value"] is None
    assert "a" in (world.names()[0] if editor == "glide" else world.names()[1])
    assert world.is_quiet()


@pytest.mark.parametrize("editor", ["glide", "postgres"])
@pytest.mark.parametrize("picked", ["glide", "postgres"])
def test_a_person_picks_the_edit_or_the_delete(world, editor, picked):
    test_an_edit_against_a_delete_is_never_silent(world, editor)
    world.pick(picked)
    world.sync()
    glide, postgres = world.names()
    assert (
        sorted(glide.values())
        == sorted(postgres.values())
        == (["box", "cup", "quill"] if picked == editor else ["box", "cup"])
    )
    assert set(glide) == set(postgres)
    assert world.is_quiet()


@pytest.mark.parametrize("editor", ["glide", "postgres"])
def test_a_delete_that_was_picked_takes_no_cell_that_was_edited_since(world, editor):
    test_an_edit_against_a_delete_is_never_silent(world, editor)
    world.pick("postgres" if editor == "glide" else "glide")
    if editor == "glide":
        world.glide_has(a={"Name": "quill", "prc00": 5})
    else:
        world.postgres_has("a", price=5)
    world.sync()
    assert "a" in (world.names()[0] if editor == "glide" else world.names()[1])
    assert [conflict[f"{editor}_value"]["price"] for conflict in world.conflicts()] == [5]


@pytest.mark.parametrize("editor", ["glide", "postgres"])
def test_the_policy_may_say_that_the_edit_stands(world, editor):
    world.change_mapping(conflict_policy=editor)
    three(world)
    if editor == "glide":
        world.glide_has(a={"Name": "quill"})
        world.postgres_drops("a")
    else:
        world.postgres_has("a", name="quill")
        world.glide_has(a=None)
    world.sync()
    glide, postgres = world.names()
    assert glide == postgres
    assert sorted(glide.values()) == ["box", "cup", "quill"]
    assert world.is_quiet()


# --- first match -----------------------------------------------------------------------------------------------------


def test_rows_that_know_each_other_by_glide_row_id_become_one_row(world):
    world.glide_has(a={"Name": "pen", "qty00": 1})
    world.sql("insert into items (glide_row_id, name, quantity) values ('a', 'pen', 1)")
    assert world.sync().counts.stored == 0
    world.glide_has(a={"Name": "quill"})
    world.sync()
    assert world.names() == ({"a": "quill"},) * 2


def test_rows_that_differ_when_they_first_meet_wait_for_a_person(world):
    world.glide_has(a={"Name": "pen"})
    world.sql("insert into items (glide_row_id, name) values ('a', 'ink')")
    world.sync()
    assert [conflict["kind"] for conflict in world.conflicts()] == ["first_match"]
    world.pick("postgres", "name")
    world.sync()
    assert world.names() == ({"a": "ink"},) * 2


@pytest.mark.parametrize("picked", ["glide", "postgres"])
def test_a_row_named_after_one_that_glide_lost_waits_for_a_person(world, picked):
    world.glide_has(b={"Name": "cup"})
    world.sql("insert into items (glide_row_id, name) values ('old', 'pen')")
    world.sync()
    assert [conflict["kind"] for conflict in world.conflicts()] == ["first_match"]
    assert world.names() == ({"b": "cup"}, {"b": "cup", "old": "pen"})
    world.pick(picked)
    world.sync()
    glide, postgres = world.names()
    assert glide == postgres
    assert sorted(glide.values()) == (["cup", "pen"] if picked == "postgres" else ["cup"])
    assert world.is_quiet()


def test_rows_meet_by_their_match_key(world):
    world.option(match_key=["mail"])
    world.glide_has(a={"Name": "pen", "mail0": "a@example.com"}, b={"Name": "cup", "mail0": "b@example.com"})
    world.postgres_adds(name="pen", mail="a@example.com", price=4)
    world.sync()
    assert world.names() == ({"a": "pen", "b": "cup"},) * 2
    assert [conflict["column_name"] for conflict in world.conflicts()] == ["price"]
    assert world.is_quiet()


def test_a_row_that_moved_from_page_to_page_during_the_first_match_is_not_made_twice(classic):
    classic.option(match_key=["mail"])
    for row in "abcde":
        classic.glide_has(**{row: {"Name": row, "mail0": f"{row}@example.com"}})
        classic.postgres_adds(name=row, mail=f"{row}@example.com")
    classic.postgres_adds(name="cup", mail="cup@example.com")
    classic.glide.set(page_rows=2, paging="offset")
    classic.glide.fault("moving_rows", site="query", rows=1, skip=1)
    report = classic.sync()
    assert report.message.endswith("2 rows are to be made in Glide once a read of it has met all its rows")
    classic.sync()
    assert sorted(classic.names()[0].values()) == ["a", "b", "c", "cup", "d", "e"]
    assert classic.names()[0] == classic.names()[1]
    assert classic.is_quiet()


def test_a_row_that_moved_from_page_to_page_when_two_ways_begin_is_not_made_again(classic):
    classic.change_mapping(sync_direction="to_supabase", conflict_policy="postgres")
    classic.glide_has(**{row: {"Name": row} for row in "abcde"})
    classic.sync()
    classic.change_mapping(sync_direction="both")
    classic.glide.set(page_rows=2, paging="offset")
    classic.glide.fault("moving_rows", site="query", rows=1, skip=1)
    for _ in range(2):
        classic.sync()
    assert classic.names() == ({row: row for row in "abcde"},) * 2
    assert classic.is_quiet()


def test_rows_with_more_than_one_candidate_are_told_and_left_alone(world):
    world.option(match_key=["mail"])
    world.glide_has(a={"Name": "pen", "mail0": "x@example.com"}, b={"Name": "cup", "mail0": "x@example.com"})
    world.postgres_adds(name="ink", mail="x@example.com")
    report = world.sync()
    assert world.names() == ({"a": "pen", "b": "cup"}, {"-": "ink"})
    assert {error["error_type"] for error in world.errors()} == {"MATCH_AMBIGUOUS"}
    assert report.status == "completed_with_errors"
    world.glide_has(b={"mail0": "b@example.com"})
    world.sync_until_quiet()
    assert set(world.in_postgres()) == {"a", "b"}
    assert world.errors() == []


# --- echoes ----------------------------------------------------------------------------------------------------------

LOSSY = {
    "microseconds": ("ordered_at", "2026-01-02T03:04:05.123456Z", {"dates": "utc_milliseconds"}),
    "beyond doubles": ("price", 2**53 + 1, {"numbers": "double"}),
    "many digits": ("price", "0.12345678901234567890123", {"numbers": "double"}),
    "trailing blanks": ("name", "pen  ", {}),
    "an object": ("extra", json.dumps({"a": [1, {"b": None}], "ä": "ß"}), {}),
    "a date before 1000": ("day", "0987-06-05", {}),
}


@pytest.mark.parametrize("case", LOSSY)
def test_a_value_that_glide_keeps_less_exactly_is_not_taken_for_an_edit(world, case):
    column, value, settings = LOSSY[case]
    world.glide.set(**settings)
    key = world.postgres_adds(name="box", **({column: value} if column != "name" else {}))
    world.sql(f"update items set {column} = %s where id = %s", value, key)
    before = world.sql(f"select {column}::text as cell from items where id = %s", key)[0]["cell"]
    world.sync()
    assert world.is_quiet()
    world.glide_has(**{next(iter(world.glide.rows("Items"))): {"qty00": 7}})
    world.sync()
    assert world.sql(f"select {column}::text as cell, quantity from items where id = %s", key)[0] == {
        "cell": before,
        "quantity": 7,
    }
    assert world.is_quiet()


def test_what_a_trigger_of_postgres_makes_of_a_cell_is_not_an_edit_of_it(world):
    world.sql(
        "create function loud() returns trigger language plpgsql as 'begin new.name = upper(new.name); return new; end'"
    )
    world.sql("create trigger loud before insert or update on items for each row execute function loud()")
    world.glide_has(a={"Name": "pen", "qty00": 1})
    world.sync()
    assert world.names() == ({"a": "pen"}, {"a": "PEN"})
    world.glide_has(a={"Name": "quill"})
    world.postgres_has("a", quantity=3)
    world.sync()
    assert world.names() == ({"a": "quill"}, {"a": "QUILL"})
    assert world.glide.rows("Items")["a"]["qty00"] == 3
    assert world.is_quiet()


def test_columns_nobody_mapped_are_never_touched(world):
    world.glide_has(a={"Name": "pen", "note0": "mine", "calc0": "1"})
    world.sql("alter table items add column private text")
    world.sync()
    world.sql("update items set private = 'ours'")
    world.postgres_has("a", name="ink")
    world.sync()
    world.glide_has(a={"qty00": 8})
    world.sync()
    row = world.glide.rows("Items")["a"]
    assert (row["note0"], row["calc0"], row["Name"], row["qty00"]) == ("mine", "1", "ink", 8)
    assert world.in_postgres()["a"]["private"] == "ours"


def test_a_column_postgres_computes_flows_to_glide_and_is_never_written(world):
    world.sql("alter table items drop column photo")
    world.sql("alter table items add column photo text generated always as ('p/' || name) stored")
    world.pair("img00", direction="to_glide")
    world.glide_has(a={"Name": "pen"})
    world.sync_until_quiet()
    world.glide_has(a={"Name": "quill"})
    world.sync_until_quiet()
    assert world.glide.rows("Items")["a"]["img00"] == "p/quill"
    assert world.errors() == []


def test_a_column_that_glide_decides_is_not_written_in_glide(world):
    world.pair("qty00", direction="to_supabase")
    world.glide_has(a={"Name": "pen", "qty00": 1})
    world.sync()
    world.postgres_has("a", quantity=5, name="ink")
    world.sync()
    world.sync()
    assert world.glide.rows("Items")["a"] == {"Name": "ink", "qty00": 1}
    assert world.in_postgres()["a"]["quantity"] == 1


# --- rows that fail --------------------------------------------------------------------------------------------------


def test_a_row_glide_refuses_is_told_and_the_others_are_written(world):
    """The column was a number in Postgres's eyes; in Glide it became one that takes no such value."""
    world.glide.set(classic_wrong_type="refused")
    world.glide.add_column("Items", "qty00", "Quantity", "boolean")
    world.postgres_adds(name="good")
    world.postgres_adds(name="bad", quantity=5)
    world.postgres_adds(name="fine")
    report = world.sync()
    assert sorted(row["Name"] for row in world.glide.rows("Items").values()) == ["fine", "good"]
    assert (report.counts.created, report.counts.failed) == (2, 1)
    assert [error["error_type"] for error in world.errors()] == ["API_ERROR"]
    world.glide.add_column("Items", "qty00", "Quantity", "number")
    world.sync()
    assert sorted(row["Name"] for row in world.glide.rows("Items").values()) == ["bad", "fine", "good"]
    assert world.is_quiet()
    assert world.errors() == []


@pytest.mark.parametrize("others", ["apply_others", "apply_none"])
@pytest.mark.parametrize("status", [200, 400, 422])
def test_every_entry_of_a_classic_answer_is_read_whatever_its_status(classic, others, status):
    classic.glide.set(classic_wrong_type="refused", batch_with_errors=others, batch_error_status=status)
    classic.glide.add_column("Items", "qty00", "Quantity", "boolean")
    classic.postgres_adds(name="good")
    classic.postgres_adds(name="bad", quantity=5)
    classic.sync()
    classic.time_passes()
    classic.glide.set(batch_with_errors="apply_others")
    for _ in range(4):
        classic.sync()
    assert sorted(row["Name"] for row in classic.glide.rows("Items").values()) == ["good"]
    assert set(classic.names()[1].values()) == {"good", "bad"}


def test_a_row_postgres_refuses_waits_whole_and_the_others_flow(world):
    world.sql("alter table items add constraint cheap check (price < 100)")
    world.glide_has(a={"Name": "pen", "prc00": 1}, b={"Name": "cup", "prc00": 1})
    world.sync()
    world.glide_has(a={"prc00": 500}, b={"prc00": 50})
    world.postgres_has("a", name="ink")
    report = world.sync()
    assert report.counts.failed == 1
    assert world.in_postgres()["b"]["price"] == 50
    assert world.names() == ({"a": "pen", "b": "cup"}, {"a": "ink", "b": "cup"})
    world.glide_has(a={"prc00": 5})
    world.sync()
    assert world.names() == ({"a": "ink", "b": "cup"},) * 2
    assert (world.in_postgres()["a"]["price"], world.errors()) == (5, [])


def test_a_cell_that_cannot_be_read_holds_its_row_and_no_other(world):
    world.glide_has(a={"Name": "pen", "qty00": 1}, b={"Name": "cup", "qty00": 1})
    world.sync()
    world.glide_has(a={"qty00": "many"}, b={"qty00": 2})
    world.postgres_has("a", name="ink")
    world.sync()
    assert world.names()[0]["a"] == "pen"
    assert (world.in_postgres()["a"]["quantity"], world.in_postgres()["b"]["quantity"]) == (1, 2)
    world.glide_has(a={"qty00": 3})
    world.sync()
    assert (world.names(), world.in_postgres()["a"]["quantity"]) == (({"a": "ink", "b": "cup"},) * 2, 3)


# --- what it costs ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("born", [1, 250], ids=["few", "many"])
def test_a_plan_names_the_price_that_glide_charges(world, born):
    """Few writes are looked at again one by one, many by reading the table with what is new in it."""
    world.glide_has_many(20)
    world.sync()
    world.postgres_has("r000003", name="ink")
    world.postgres_drops("r000004")
    world.sql("insert into items (name) select 'new ' || n from generate_series(1, %s) as n", born)
    planned = world.plan()
    world.glide.reset_usage()
    report = world.sync()
    charged = world.glide.usage("shop")
    assert (report.price.reads, report.price.writes) == (Decimal(charged["reads"]), Decimal(charged["writes"]))
    assert planned.price == report.price
    assert (planned.glide.create, planned.glide.update, planned.glide.delete) == (born, 1, 1)


def spent(world) -> tuple[Decimal, Decimal]:
    """(Updates that reads cost, and writes) of the next run, as Glide counts; the run says the same."""
    world.glide.reset_usage()
    report = world.sync()
    charged = world.glide.usage("shop")
    assert (report.price.reads, report.price.writes) == (Decimal(charged["reads"]), Decimal(charged["writes"]))
    return report.price.reads, report.price.writes


def test_a_big_table_that_stands_still_is_not_paid_for_twice(big):
    big.glide_has_many(20)
    big.sync()
    assert spent(big) == (0, 0)
    assert big.plan().price.updates == 0
    big.glide_has(r000003={"Name": "ink"})
    assert spent(big) == (Decimal("0.020"), 0)
    assert big.names()[1]["r000003"] == "ink"
    assert spent(big) == (0, 0)


def test_edits_in_postgres_alone_cost_their_writes_and_a_look_at_them(big):
    big.glide_has_many(20)
    big.sync()
    big.postgres_has("r000003", name="ink")
    big.postgres_drops("r000004")
    planned = big.plan()
    assert spent(big) == (Decimal("0.002"), Decimal("0.02"))
    assert planned.price.updates == Decimal("0.022")
    glide, postgres = big.names()
    assert glide == postgres
    assert glide["r000003"] == "ink"
    assert len(glide) == 19
    assert spent(big) == (Decimal("0.019"), 0)  # our own writes moved the version: what else did, only a read can tell
    assert spent(big) == (0, 0)


def test_an_edit_in_glide_after_the_version_was_asked_is_not_overwritten(big):
    """Nothing was read in this run: the version that guards the write is the one both sides were in step at."""
    big.glide_has_many(20)
    big.sync()
    big.postgres_has("r000003", name="ink")
    big.during("patch", 1, lambda: big.glide_has(r000003={"Name": "quill"}))
    big.sync()
    assert (big.names()[0]["r000003"], big.names()[1]["r000003"]) == ("quill", "ink")
    big.sync()
    assert [conflict["column_name"] for conflict in big.conflicts()] == ["name"]


@pytest.mark.parametrize(
    "unsettle",
    [
        "update glsync.certificates set read_at = read_at - interval '25 hours'",
        "update glsync.certificates set glide_version = null",
        "update glsync.links set base_postgres = base_postgres || '{\"name\": \"x\"}' where glide_row_id = 'r000001'",
        "delete from glsync.links where glide_row_id = 'r000001'",
        "alter table items alter column quantity type bigint",
    ],
    ids=["a day has passed", "nobody knows the version", "the base changed", "a row is forgotten", "a column changed"],
)
def test_a_big_table_is_read_again_when_what_is_remembered_may_not_be_relied_on(big, unsettle):
    big.glide_has_many(20)
    big.sync()
    before = big.names()
    big.sql(unsettle)
    big.sql("update items set name = name where false")  # a foreign statement, so that the sides are compared
    assert spent(big) == (Decimal("0.020"), 0)
    assert big.names() == before
    assert spent(big) == (0, 0)


def test_a_plan_writes_and_remembers_nothing(world):
    three(world)
    world.glide_has(a=None, d={"Name": "new"})
    world.postgres_has("b", name="ink")
    before, links = world.names(), world.sql("select * from glsync.links order by id")
    found = world.plan()
    assert (found.postgres.create, found.postgres.delete, found.glide.update) == (1, 1, 1)
    assert (world.names(), world.sql("select * from glsync.links order by id")) == (before, links)
    assert world.sql("select * from glsync.absent_rows") == []


def test_what_would_cost_more_than_the_month_allows_waits_and_the_rest_flows(world):
    settings = world.sql("select settings from gl_connections")[0]["settings"]
    three(world)
    world.sql("update gl_connections set settings = %s", json.dumps(settings | {"monthly_updates": 0}))
    world.glide_has(a={"Name": "quill"})
    world.postgres_has("b", name="mug")
    report = world.sync()
    assert world.names() == ({"a": "quill", "b": "cup", "c": "box"}, {"a": "quill", "b": "mug", "c": "box"})
    assert [part.operation for part in report.waiting] == ["budget"]
    world.sql("update gl_connections set settings = %s", json.dumps(settings | {"monthly_updates": 1000}))
    world.sync()
    assert world.names() == ({"a": "quill", "b": "mug", "c": "box"},) * 2


def test_what_a_run_has_paid_for_reading_counts_before_it_writes(world):
    settings = world.sql("select settings from gl_connections")[0]["settings"]
    three(world)
    world.glide_has(a={"Name": "quill"})
    world.postgres_has("b", name="mug")
    (spent,) = world.sql("select sum(updates) as updates from glsync.usage")
    budget = float(spent["updates"] + world.plan().price.writes)
    world.sql("update gl_connections set settings = %s", json.dumps(settings | {"monthly_updates": budget}))
    assert [part.operation for part in world.sync().waiting] == ["budget"]
    assert world.names()[0]["b"] == "cup"


# --- one direction of the same machinery -----------------------------------------------------------------------------


def test_to_glide_postgres_decides_and_is_never_written_but_for_names(world):
    world.change_mapping(sync_direction="to_glide")
    key = world.postgres_adds(name="pen")
    world.sync()
    (row,) = world.glide.rows("Items")
    world.sql("create function no() returns trigger language plpgsql as 'begin raise ''written''; end'")
    world.sql("create trigger no before insert or delete or update on items for each row execute function no()")
    world.glide_has(**{row: {"Name": "quill"}, "x": {"Name": "stray"}})
    world.sync()
    assert world.glide.rows("Items")[row]["Name"] == "pen"
    assert world.sql("select glide_row_id from items where id = %s", key) == [{"glide_row_id": row}]
    world.glide_has(**{row: None})
    world.sql("drop trigger no on items")
    world.sync()
    assert [cells["Name"] for cells in world.glide.rows("Items").values() if cells["Name"] != "stray"] == ["pen"]


def test_a_marked_row_comes_back_when_the_edit_of_the_other_side_stands(world):
    world.change_mapping(deletes="mark", conflict_policy="glide")
    three(world)
    world.sql("update items set deleted_at = now(), price = 12 where glide_row_id = 'a'")
    world.glide_has(a={"Name": "quill"})
    world.sync()
    assert world.names() == ({"a": "quill", "b": "cup", "c": "box"},) * 2
    assert [found["before"]["price"] for found in world.history("postgres") if found["before"]] == [12]
    assert world.is_quiet()
