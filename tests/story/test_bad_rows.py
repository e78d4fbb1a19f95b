"""A row that cannot be stored waits with its reason, and holds up nobody else."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.world import World


def test_a_bad_cell_holds_its_row_with_row_column_value_and_rule(any_world: World):
    any_world.glide_has(a={"Name": "pen", "qty00": "many"}, b={"Name": "ink", "qty00": 2})
    report = any_world.sync()
    assert (report.status, report.counts.failed, report.counts.created) == ("completed_with_errors", 1, 1)
    (error,) = any_world.errors()
    assert (error["glide_row_id"], error["column_name"], error["value"]) == ("a", "quantity", "many")
    assert (error["error_type"], error["retryable"]) == ("VALIDATION_ERROR", True)
    assert "a number such as 1234.5" in error["rule"]
    assert "Row a, column quantity: 'many' is not a number" in error["error_message"]
    assert error["record_data"] == {"$rowID": "a", "Name": "pen", "qty00": "many"}
    assert set(any_world.names()) == {"b"}


def test_a_mended_cell_is_stored_and_its_error_resolved_by_the_next_run(any_world: World):
    any_world.glide_has(a={"qty00": "many"}, b={"qty00": 2})
    any_world.sync()
    any_world.glide_has(a={"qty00": 5})
    report = any_world.sync()
    assert (report.status, report.counts.created) == ("completed", 1)
    assert any_world.errors() == []
    assert any_world.in_postgres()["a"]["quantity"] == 5


def test_a_row_that_stays_bad_is_tried_by_every_run_and_stays_one_error(world: World):
    world.glide_has(a={"qty00": "many"}, b={"qty00": 2})
    for _ in range(3):
        assert world.sync().counts.failed == 1
    (error,) = world.errors()
    assert (error["attempts"], error["state"]) == (3, "open")


def test_a_row_that_turns_bad_keeps_what_postgres_has(world: World):
    world.glide_has(a={"Name": "pen", "qty00": 2})
    world.sync()
    world.glide_has(a={"Name": "quill", "qty00": 2.5})
    world.sync()
    row = world.in_postgres()["a"]
    assert (row["name"], row["quantity"]) == ("pen", 2)
    assert world.errors()[0]["rule"] == "a whole number, because the column is integer"


def test_a_row_that_turns_bad_is_not_taken_for_deleted(any_world: World):
    any_world.change_mapping(deletes="delete", delete_grace=0)
    any_world.glide_has(a={"Name": "pen", "qty00": 2}, b={"Name": "ink"})
    any_world.sync()
    any_world.glide_has(a={"qty00": "many"})
    for _ in range(3):
        any_world.sync()
        any_world.grace_is_over()
    assert set(any_world.names()) == {"a", "b"}


def test_an_error_ignored_by_a_person_stays_ignored(world: World):
    world.glide_has(a={"qty00": "many"})
    world.sync()
    world.sql("update gl_sync_errors set state = 'ignored'")
    world.sync()
    assert [row["state"] for row in world.sql("select state from gl_sync_errors")] == ["ignored"]


@pytest.mark.parametrize(
    ("constraint", "bad", "kind", "rule"),
    [
        ("add constraint price_above_zero check (price >= 0)", {"prc00": -1}, "CONSTRAINT_ERROR", "price_above_zero"),
        ("alter mail set not null", {"mail0": None}, "CONSTRAINT_ERROR", "null value in column"),
        ("add constraint one_name unique (name)", {"Name": "Item 3"}, "DUPLICATE_KEY", "one_name"),
        ("alter photo type uuid using null", {"img00": "no uuid"}, "VALIDATION_ERROR", "a uuid such as"),
    ],
)
def test_a_row_postgres_refuses_is_found_among_hundreds_and_its_constraint_named(
    world: World, constraint: str, bad: dict[str, object], kind: str, rule: str
):
    world.sql(f"alter table items {constraint}")
    world.glide_has_many(300)
    for row_id in ("r000077", "r000211"):
        world.glide_has(**{row_id: bad})
    report = world.sync()
    assert (report.status, report.counts.created) == ("completed_with_errors", 300 - report.counts.failed)
    errors = world.errors()
    assert {error["error_type"] for error in errors} == {kind}
    assert {error["glide_row_id"] for error in errors} >= {"r000077", "r000211"} - world.names().keys()
    assert all(rule in error["rule"] for error in errors)
    assert report.counts.failed == len(errors) == 2
    assert report.counts.read == 300


def test_a_constraint_that_only_looks_at_the_end_of_a_transaction_holds_only_its_row(world: World):
    world.sql("create table makers (name text primary key)")
    world.sql("insert into makers values ('Item 1'), ('Item 2')")
    world.sql("alter table items add foreign key (name) references makers deferrable initially deferred")
    world.glide_has_many(4)
    report = world.sync()
    assert (report.status, report.counts.created, report.counts.failed) == ("completed_with_errors", 2, 2)
    assert set(world.names()) == {"r000001", "r000002"}
    assert {error["error_type"] for error in world.errors()} == {"RELATIONSHIP"}


def test_a_value_too_long_for_an_index_holds_only_its_row(world: World):
    world.sql("create index on items (name)")
    world.glide_has(a={"Name": "".join(chr(0x4E00 + i % 20000) for i in range(9000))}, b={"Name": "ink"})
    report = world.sync()
    assert (report.counts.created, report.counts.failed) == (1, 1)
    assert "index row" in world.errors()[0]["error_message"]


def test_a_child_whose_parent_comes_later_is_linked_by_a_later_run(world: World):
    world.glide.set(page_rows=2)
    world.sql("alter table items add constraint parent foreign key (mail) references items (glide_row_id)")
    world.glide_has(child={"mail0": "parent@x.y"}, other={"Name": "ink"}, third={"Name": "nib"})
    world.glide.edit("native-table-items", add=[{"$rowID": "parent@x.y", "Name": "late"}])
    first = world.sync()
    assert (first.counts.created, first.counts.failed) == (3, 1)
    (error,) = world.errors()
    assert (error["error_type"], error["glide_row_id"], error["rule"]) == ("RELATIONSHIP", "child", "parent")
    second = world.sync()
    assert (second.status, second.counts.created) == ("completed", 1)
    assert world.errors() == []


def test_a_trigger_that_says_no_holds_only_its_row(world: World):
    world.sql("""create function no_ink() returns trigger language plpgsql as $$ begin
        if new.name = 'ink' then raise exception 'we sell no ink'; end if; return new; end $$""")
    world.sql("create trigger no_ink before insert or update on items for each row execute function no_ink()")
    world.glide_has(a={"Name": "pen"}, b={"Name": "ink"}, c={"Name": "nib"})
    report = world.sync()
    assert (report.counts.created, report.counts.failed) == (2, 1)
    assert world.errors()[0]["error_message"] == "Row b: Postgres refused it: we sell no ink"


def test_a_check_that_speaks_of_columns_glide_does_not_know_is_judged_with_what_stands_there(world: World):
    world.sql("alter table items add closed_by text")
    world.glide_has(a={"Name": "open"})
    world.sync()
    world.sql("update items set closed_by = 'ann'")
    world.sql("alter table items add check (name <> 'closed' or closed_by is not null)")
    world.glide_has(a={"Name": "closed"})
    report = world.sync()
    assert (report.status, report.counts.updated) == ("completed", 1)
    assert world.in_postgres()["a"]["closed_by"] == "ann"


def test_a_changed_row_is_no_new_row_to_triggers_and_sequences(world: World):
    world.sql("alter table items add number serial")
    world.sql("create table heard (what text)")
    world.sql("""create function hear() returns trigger language plpgsql as $$ begin
        insert into heard values (tg_op); return new; end $$""")
    world.sql("create trigger hear before insert or update on items for each row execute function hear()")
    world.glide_has(a={"Name": "pen"})
    world.sync()
    world.glide_has(a={"Name": "quill"})
    world.sync()
    world.glide_has(b={"Name": "ink"})
    world.sync()
    assert [row["what"] for row in world.sql("select what from heard")] == ["INSERT", "UPDATE", "INSERT"]
    assert world.in_postgres()["b"]["number"] == 2


def test_rows_without_an_id_are_told_and_counted(world: World):
    world.glide.edit("native-table-items", add=[{"$rowID": "a", "Name": "pen"}])
    table = world.glide.state.named("native-table-items")
    table.rows.put("b", b'{"Name":"nameless"}', 1)
    table.rows.put("c", b'{"$rowID":null,"Name":"nameless too"}', 1)
    report = world.sync()
    assert (report.counts.read, report.counts.created, report.counts.failed, report.counts.skipped) == (3, 1, 2, 0)
    assert [error["column_name"] for error in world.errors()] == ["$rowID"]


def test_half_an_emoji_holds_only_its_row_and_only_where_it_is_mapped(any_world: World):
    any_world.glide.add_column("native-table-items", "other", "Not mapped")
    table = any_world.glide.state.named("native-table-items")
    table.rows.put("a", rb'{"$rowID":"a","Name":"half \ud83d"}', 1)
    table.rows.put("b", rb'{"$rowID":"b","Name":"whole \ud83d\ude00","other":"\ude00","qty00":1}', 1)
    table.rows.put("c", rb'{"$rowID":"c","Name":"\\ud83d"}', 1)
    report = any_world.sync()
    assert (report.counts.created, report.counts.failed) == (2, 1)
    assert any_world.names() == {"b": "whole 😀", "c": "\\ud83d"}
    assert "halves of characters" in any_world.errors()[0]["rule"]


def test_a_number_beyond_all_range_holds_only_its_row(world: World):
    table = world.glide.state.named("native-table-items")
    table.rows.put("a", b'{"$rowID":"a","prc00":1e999999999999999999999}', 1)
    table.rows.put("b", b'{"$rowID":"b","prc00":12345678901234567890.123456789}', 1)
    report = world.sync()
    assert (report.counts.created, report.counts.failed) == (1, 1)
    assert world.in_postgres()["b"]["price"] == Decimal("12345678901234567890.123456789")


def test_thousands_of_equal_errors_are_told_one_by_one_and_then_together(world: World, monkeypatch):
    monkeypatch.setattr("glsync.store.problems.MOST_PER_RUN", 20)
    world.glide.set(page_rows=15)
    world.glide.edit("native-table-items", add=[{"$rowID": f"r{n}", "qty00": "many"} for n in range(50)])
    report = world.sync()
    assert report.counts.failed == 50
    errors = world.errors()
    assert len(errors) == 21
    assert [error["error_message"] for error in errors if error["glide_row_id"] is None] == [
        "30 more rows fail for the same reason: a number such as 1234.5, without thousands marks, units or words"
    ]


LEAVES_OUT = """
create function leave_out() returns trigger language plpgsql as
    $$begin if new.name = 'unwanted' then return null; end if; return new; end$$;
create trigger leave_out before insert or update on items for each row execute function leave_out()
"""


def test_a_row_that_a_trigger_leaves_out_without_a_word_is_told_and_stored_once_it_may(any_world: World):
    any_world.sql(LEAVES_OUT)
    any_world.glide_has(a={"Name": "pen"}, b={"Name": "unwanted"}, c={"Name": "ink"})
    report = any_world.sync()
    assert (report.status, report.counts.created, report.counts.failed) == ("completed_with_errors", 2, 1)
    any_world.glide_has(c={"Name": "unwanted"})
    assert any_world.sync().counts.failed == 2
    errors = any_world.errors()
    assert {error["glide_row_id"] for error in errors} == {"b", "c"}
    assert all("a trigger of the table left the row out" in error["error_message"] for error in errors)
    any_world.sql("drop trigger leave_out on items")
    assert any_world.sync().counts.stored == 2
    assert any_world.names() == {"a": "pen", "b": "unwanted", "c": "unwanted"}
    assert any_world.errors() == []


@pytest.mark.parametrize("deletes", ["delete", "mark"])
def test_a_row_that_a_trigger_keeps_from_going_away_is_told(world: World, deletes: str):
    world.change_mapping(deletes=deletes, delete_grace=0)
    world.sql("create function keep() returns trigger language plpgsql as $$begin return null; end$$")
    world.glide_has(a={"Name": "pen"}, b={"Name": "ink"})
    world.sync()
    world.sql("create trigger keep before delete or update on items for each row execute function keep()")
    world.glide_has(a=None)
    assert world.sync().counts.failed == 1
    assert [error["glide_row_id"] for error in world.errors()] == ["a"]
    world.sql("drop trigger keep on items")
    assert (world.sync().counts.deleted, world.errors()) == (1, [])
