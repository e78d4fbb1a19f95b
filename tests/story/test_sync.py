"""What Glide says stands in Postgres, and a run writes nothing that stands there already."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from glsync.errors import ConfigError, InvalidMapping
from tests.world import TABLE, World


def test_the_first_sync_brings_every_row_and_cell(any_world: World):
    world = any_world
    world.glide_has(
        a={
            "Name": "pen", "prc00": 1.25, "qty00": 3, "act00": True, "ord00": "2026-01-02T03:04:05.678Z",
            "day00": "2026-02-03", "mail0": "a@b.c", "img00": "https://x/y.png", "json0": {"k": [1, None]},
        },
        b={"Name": "ink"},
    )  # fmt: skip
    report = world.sync()
    assert (report.status, report.counts.created, report.counts.read) == ("completed", 2, 2)
    row = world.in_postgres()["a"]
    assert (row["name"], row["price"], row["quantity"], row["active"]) == ("pen", Decimal("1.25"), 3, True)
    assert row["ordered_at"] == datetime(2026, 1, 2, 3, 4, 5, 678000, UTC)
    assert (row["day"], row["mail"], row["extra"]) == (date(2026, 2, 3), "a@b.c", {"k": [1, None]})
    assert world.in_postgres()["b"]["price"] is None


def test_a_second_sync_writes_nothing(any_world: World):
    any_world.glide.set(page_rows=40, big_page_rows=40)
    any_world.glide_has_many(100)
    any_world.sync()
    before = any_world.versions()
    report = any_world.sync()
    assert (report.status, report.counts.stored) == ("completed", 0)
    assert any_world.versions() == before


def test_a_connection_says_when_it_last_synced(world: World):
    asked = "select last_sync, version from gl_connections"
    (before,) = world.sql(asked)
    world.sync()
    (after,) = world.sql(asked)
    assert (before["last_sync"], after["version"]) == (None, before["version"])
    assert after["last_sync"] is not None


def test_only_the_changed_row_is_written(any_world: World):
    any_world.glide.set(page_rows=40, big_page_rows=40)
    any_world.glide_has_many(100)
    any_world.sync()
    before = any_world.versions()
    any_world.glide_has(r000050={"Name": "new name"})
    report = any_world.sync()
    after = any_world.versions()
    assert (report.counts.updated, report.counts.created, report.counts.skipped) == (1, 0, 99)
    assert [row_id for row_id in before if after[row_id] != before[row_id]] == ["r000050"]
    assert any_world.names()["r000050"] == "new name"


def test_a_cleared_cell_travels(any_world: World):
    any_world.glide_has(a={"Name": "pen", "prc00": 1})
    any_world.sync()
    any_world.glide_has(a={"prc00": None})
    assert any_world.sync().counts.updated == 1
    assert any_world.in_postgres()["a"]["price"] is None


def test_updated_at_moves_only_with_the_row(world: World):
    world.glide_has(a={"Name": "pen"}, b={"Name": "ink"})
    world.sync()
    before = {row_id: row["updated_at"] for row_id, row in world.in_postgres().items()}
    world.glide_has(a={"Name": "quill"})
    world.sync()
    after = {row_id: row["updated_at"] for row_id, row in world.in_postgres().items()}
    assert after["a"] > before["a"]
    assert after["b"] == before["b"]


def test_columns_and_rows_that_are_not_mapped_are_never_touched(world: World):
    world.sql("alter table items add note text, add owner text not null default 'us'")
    world.sql("insert into items (name, note) values ('ours alone', 'keep me')")
    world.glide_has(a={"Name": "pen"})
    world.sync()
    world.sql("update items set note = 'written here', owner = 'them' where glide_row_id = 'a'")
    world.glide_has(a={"Name": "quill"})
    world.sync()
    row = world.in_postgres()["a"]
    assert (row["name"], row["note"], row["owner"]) == ("quill", "written here", "them")
    assert world.sql("select note from items where glide_row_id is null")[0]["note"] == "keep me"


@pytest.mark.parametrize("moved", [1, 3])
@pytest.mark.parametrize("skip", [0, 1])
def test_rows_that_move_between_pages_while_glide_is_read_stand_in_postgres_once(world: World, moved: int, skip: int):
    world.glide.set(page_rows=10)
    world.glide_has_many(35)
    world.glide.fault("moving_rows", site="query", rows=moved, skip=skip)
    world.sync()
    world.sync()
    assert world.names() == {f"r{number:06}": f"Item {number}" for number in range(35)}


def test_a_row_edited_while_it_moves_is_stored_at_its_last_word(world: World):
    world.glide.set(page_rows=10)
    world.glide_has_many(35)
    world.sync()
    world.glide.fault("moving_rows", site="query", rows=5, skip=1)
    world.glide_has(r000002={"Name": "last word"})
    for _ in range(3):
        world.sync()
    assert world.names()["r000002"] == "last word"
    assert len(world.names()) == 35


def test_nothing_is_stored_twice_however_glide_shuffles_its_rows(world: World):
    world.glide.set(page_rows=10)
    world.glide_has_many(30)
    world.sync()
    world.glide.state.move_first(world.glide.state.named(TABLE), 17)
    report = world.sync()
    assert (report.counts.stored, len(world.names())) == (0, 30)


def test_an_empty_table_is_a_table(any_world: World):
    report = any_world.sync()
    assert (report.status, report.counts.read) == ("completed", 0)
    any_world.glide_has(a={"Name": "first"})
    assert any_world.sync().counts.created == 1


# --- what a run relies on ------------------------------------------------------------------------------------------


def test_a_changed_mapping_is_applied_to_every_row(world: World):
    world.sql("alter table items add title text")
    world.glide_has(a={"Name": "pen"}, b={"Name": "ink"})
    world.sync()
    pairs = world.column_mappings()
    pairs["Name"]["supabase_column_name"] = "title"
    world.change_mapping(column_mappings=json.dumps(pairs))
    assert world.sync().counts.updated == 2
    assert {row["title"] for row in world.in_postgres().values()} == {"pen", "ink"}


def test_a_changed_column_type_is_applied_to_every_row(world: World):
    world.glide_has(a={"prc00": 1.5}, b={"prc00": 2})
    world.sync()
    world.sql("alter table items alter price type integer using price::integer")
    report = world.sync()
    assert report.status == "completed_with_errors"
    assert [(error["glide_row_id"], error["value"]) for error in world.errors()] == [("a", "1.5")]


def test_a_column_made_anew_is_filled_again(world: World):
    world.glide_has(a={"Name": "pen", "prc00": 1.5})
    world.sync()
    world.sql("alter table items drop price")
    world.sql("alter table items add price numeric")
    world.sync()
    assert world.in_postgres()["a"]["price"] == Decimal("1.5")


def test_a_mapping_pointed_at_another_glide_table_does_not_take_the_old_rows_for_deleted(world: World):
    world.change_mapping(deletes="delete", delete_grace=0)
    world.glide_has(a={"Name": "pen"}, b={"Name": "ink"})
    world.sync()
    world.glide_has_table("other", x={"Name": "nib"}, y={"Name": "cap"}, z={"Name": "lid"})
    world.change_mapping(glide_table="other")
    for _ in range(2):
        world.sync()
        world.grace_is_over()
    assert set(world.names()) == {"a", "b", "x", "y", "z"}


def test_a_pair_that_goes_to_glide_only_is_not_written_here(world: World):
    pairs = world.column_mappings()
    pairs["prc00"]["direction"] = "to_glide"
    world.change_mapping(column_mappings=json.dumps(pairs))
    world.glide_has(a={"Name": "pen", "prc00": 5})
    world.sync()
    world.sql("update items set price = 7")
    world.glide_has(a={"Name": "quill"})
    world.sync()
    assert (world.in_postgres()["a"]["name"], world.in_postgres()["a"]["price"]) == ("quill", 7)


def test_a_mapping_that_does_not_fit_is_refused_before_anything_is_read(world: World):
    world.glide_has(a={"Name": "pen"})
    world.sql("alter table items drop price")
    world.glide.forget_calls()
    with pytest.raises(InvalidMapping, match=r'Column "price" of items does not exist'):
        world.sync()
    assert world.glide.calls("query") == []
    assert world.last_log()["error_type"] == "CONFIG_ERROR"


def test_a_mapping_switched_off_does_not_run(world: World):
    world.change_mapping(enabled=False)
    with pytest.raises(ConfigError, match="switched off"):
        world.sync()
    assert world.last_log()["status"] == "failed"


def test_a_plan_says_what_a_run_would_do_and_does_nothing(any_world: World):
    any_world.change_mapping(deletes="delete", delete_grace=0)
    any_world.glide_has(a={"Name": "pen"}, b={"Name": "ink"}, c={"Name": "nib"})
    any_world.sync()
    before = any_world.versions()
    any_world.glide_has(a={"Name": "quill"}, d={"qty00": 1.5}, e={"Name": "lid"}, c=None)
    plan = any_world.plan()
    assert (plan.postgres.create, plan.postgres.update, plan.postgres.delete, plan.failed) == (1, 1, 1, 1)
    assert any_world.versions() == before
    assert any_world.errors() == []
    report = any_world.sync()
    assert (report.counts.created, report.counts.updated, report.counts.deleted, report.counts.failed) == (1, 1, 1, 1)


def test_a_plan_tells_rows_that_postgres_would_not_take_as_failed(world: World):
    world.sql("alter table items alter name type uuid using null")
    world.glide_has(a={"Name": "not a uuid"}, b={"Name": "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"})
    plan = world.plan()
    assert (plan.postgres.create, plan.failed) == (1, 1)
