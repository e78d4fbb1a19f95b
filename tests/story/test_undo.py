"""A run from Glide into Postgres undone: new rows, changed rows, rows that went away; what was edited since is left."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from glsync import sync
from glsync.errors import ConfigError
from glsync.twoway import undo as undoing
from tests.family import Family


def undo(world, report):
    found = sync.plan_undo(report.log_id)
    return sync.run(world.new_log(options=json.dumps({"undo": str(report.log_id), "approve": found.plan.hash})))


def resume(world):
    world.change_mapping(enabled=True)


@pytest.fixture
def begun(world):
    world.change_mapping(deletes="delete", delete_grace=0)
    world.glide_has(a={"Name": "pen", "prc00": 1.5}, b={"Name": "ink", "prc00": 2}, c={"Name": "cup"})
    world.sync()
    return world


def rows(world):
    return world.sql("select * from items order by glide_row_id")


def test_the_first_load_is_taken_back_but_for_rows_edited_since(begun):
    world = begun
    world.sql("update items set name = 'edited since' where glide_row_id = 'b'")
    first = world.sql("select id from gl_sync_logs")[0]["id"]
    found = sync.plan_undo(first)
    assert (found.plan.postgres.delete, found.plan.price.updates) == (2, 0)
    assert [(left.side, left.row, left.reason) for left in found.left] == [("postgres", "b", "it was edited since")]
    sync.run(world.new_log(options=json.dumps({"undo": str(first), "approve": found.plan.hash})))
    assert world.names() == {"b": "edited since"}


def test_new_changed_and_deleted_rows_go_back_with_every_column(begun):
    world = begun
    before = rows(world)
    world.glide_has(a={"Name": "quill", "prc00": None}, b=None, d={"Name": "new"})
    report = world.sync()
    assert world.names() == {"a": "quill", "c": "cup", "d": "new"}
    done = undo(world, report)
    assert (done.counts.created, done.counts.updated, done.counts.deleted) == (1, 1, 1)
    assert [row | {"updated_at": None} for row in rows(world)] == [row | {"updated_at": None} for row in before]
    assert done.price.updates == 0


def test_rows_marked_as_deleted_are_unmarked(begun):
    world = begun
    world.change_mapping(deletes="mark")
    world.glide_has(b=None)
    report = world.sync()
    assert world.names().keys() == {"a", "c"}
    undo(world, report)
    assert world.names().keys() == {"a", "b", "c"}


def test_a_row_a_later_run_changed_is_left(begun):
    world = begun
    world.glide_has(a={"Name": "quill"}, c={"Name": "mug"})
    report = world.sync()
    world.glide_has(a={"Name": "feather"})
    world.sync()
    undo(world, report)
    assert world.names() == {"a": "feather", "b": "ink", "c": "cup"}


def test_the_next_run_compares_every_row_and_writes_again_what_glide_still_says(begun):
    world = begun
    world.glide_has(a={"Name": "quill"}, b=None)
    undo(world, world.sync())
    with pytest.raises(ConfigError, match="switched off"):
        world.sync()
    resume(world)
    report = world.sync()
    assert (report.counts.updated, world.names()) == (1, {"a": "quill", "b": "ink", "c": "cup"})


def test_an_undo_of_an_undo_brings_back_what_the_run_wrote(begun):
    world = begun
    world.glide_has(a={"Name": "quill"}, b=None, d={"Name": "new"})
    report = world.sync()
    after = world.names()
    done = undo(world, report)
    undo(world, done)
    assert world.names() == after


def test_rows_stored_in_many_pages_are_all_taken_back(world):
    world.glide.set(page_rows=100, big_page_rows=100)
    world.glide_has_many(250)
    world.sync()
    world.glide_has_many(250, start=250)
    report = world.sync()
    assert sync.plan_undo(report.log_id).plan.postgres.delete == 250
    undo(world, report)
    assert set(world.names()) == {f"r{number:06}" for number in range(250)}


def test_a_run_of_more_rows_than_fit_is_refused_and_says_what_to_do(begun, monkeypatch):
    monkeypatch.setattr(undoing, "MOST", 2)
    with pytest.raises(ConfigError, match="at most 2 can be undone"):
        sync.plan_undo(begun.last_log()["id"])


@pytest.fixture
def family(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with Family(database, monkeypatch) as made:
        yield made


def test_rows_that_got_their_parents_late_are_taken_back_too(family):
    family.has("people", "name text, boss uuid references people", boss="people")
    family.edit("people", ann={"name": "Ann", "boss": "zoe"}, zoe={"name": "Zoe"})
    (report,) = family.runs("people")
    assert family.links("people", "boss", "people") == {"ann": "zoe", "zoe": None}
    found = sync.plan_undo(report.log_id)
    assert (found.plan.postgres.delete, found.left) == (2, ())


def test_a_parent_whose_children_hold_on_to_it_stays_and_is_told(family):
    family.has("customers", "name text")
    family.has("orders", "customer uuid not null references customers", customer="customers")
    family.edit("customers", ann={"name": "Ann"}, ben={"name": "Ben"})
    family.edit("orders", o1={"customer": "ann"})
    parents, _ = family.runs("customers", "orders")
    approve = sync.plan_undo(parents.log_id).plan.hash
    options = json.dumps({"undo": str(parents.log_id), "approve": approve})
    done = family.run_of("customers", options=options)
    assert (done.status, done.counts.deleted, done.counts.failed) == ("completed_with_errors", 1, 1)
    assert family.rows("customers").keys() == {"ann"}
