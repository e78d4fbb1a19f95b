"""A row that is gone from Glide goes from Postgres as the mapping says, and never by mistake."""

from __future__ import annotations

import pytest

from glsync.errors import GlideError
from tests.world import TABLE, World


def with_deletes(world: World, how: str, grace: int = 0) -> World:
    world.change_mapping(deletes=how, delete_grace=grace)
    return world


# --- keep, mark, delete --------------------------------------------------------------------------------------------


def test_a_mapping_that_keeps_rows_keeps_them(any_world: World):
    with_deletes(any_world, "keep")
    any_world.glide_has(a={"Name": "pen"}, b={"Name": "ink"})
    any_world.sync()
    any_world.glide_has(b=None)
    for _ in range(2):
        assert any_world.sync().counts.deleted == 0
    assert set(any_world.names()) == {"a", "b"}


def test_without_grace_a_row_goes_in_the_run_that_misses_it_after_a_second_look(any_world: World):
    with_deletes(any_world, "delete")
    any_world.glide_has(a={"Name": "pen"}, b={"Name": "ink"})
    any_world.sync()
    any_world.glide_has(b=None)
    any_world.glide.forget_calls()
    report = any_world.sync()
    assert report.counts.deleted == 1
    assert set(any_world.names()) == {"a"}
    second_look = any_world.glide.calls("row") or any_world.glide.calls("query")[1:]
    assert len(second_look) == 1


def test_with_grace_a_row_goes_when_it_stayed_away_that_long(any_world: World):
    with_deletes(any_world, "delete", grace=60)
    any_world.glide_has(a={"Name": "pen"}, b={"Name": "ink"})
    any_world.sync()
    any_world.glide_has(b=None)
    assert any_world.sync().counts.deleted == 0
    assert any_world.sync().counts.deleted == 0
    any_world.grace_is_over()
    assert any_world.sync().counts.deleted == 1
    assert set(any_world.names()) == {"a"}


@pytest.mark.parametrize("back_as", [{"Name": "ink"}, {"Name": "changed"}, {"Name": "ink", "qty00": "no number"}])
def test_a_row_that_comes_back_within_its_grace_stays(any_world: World, back_as: dict[str, object]):
    with_deletes(any_world, "delete", grace=60)
    any_world.glide_has(a={"Name": "pen"}, b={"Name": "ink"}, c={"Name": "nib"})
    any_world.sync()
    any_world.glide_has(b=None)
    any_world.sync()
    any_world.glide_has(b=back_as)
    any_world.grace_is_over()
    for _ in range(3):
        assert any_world.sync().counts.deleted == 0
        any_world.grace_is_over()
    assert set(any_world.names()) == {"a", "b", "c"}


def test_a_marked_row_is_marked_once_and_no_longer_counts(world: World):
    with_deletes(world, "mark")
    world.glide_has(a={"Name": "pen"}, b={"Name": "ink"})
    world.sync()
    world.glide_has(b=None)
    assert world.sync().counts.deleted == 1
    marked = world.in_postgres()["b"]["deleted_at"]
    assert marked is not None
    assert world.sync().counts.deleted == 0
    assert world.in_postgres()["b"]["deleted_at"] == marked


@pytest.mark.parametrize("back_as", [{"Name": "ink"}, {"Name": "changed"}])
def test_a_marked_row_that_comes_back_loses_its_mark(any_world: World, back_as: dict[str, object]):
    with_deletes(any_world, "mark")
    any_world.glide_has(a={"Name": "pen"}, b={"Name": "ink"})
    any_world.sync()
    any_world.glide_has(b=None)
    any_world.sync()
    any_world.glide_has(b=back_as)
    assert any_world.sync().counts.updated == 1
    assert any_world.names()["b"] == back_as["Name"]


def test_rows_that_only_postgres_has_are_not_deleted(world: World):
    with_deletes(world, "delete")
    world.sql("insert into items (glide_row_id, name) values ('ours', 'x'), (null, 'y')")
    world.glide_has(a={"Name": "pen"}, b={"Name": "ink"})
    world.sync()
    world.glide_has(b=None)
    world.sync()
    assert set(world.names()) == {"a", "ours", None}


# --- never by mistake ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("grace", [0, 60])
def test_a_read_that_breaks_off_deletes_nothing(any_world: World, grace: int):
    with_deletes(any_world, "delete", grace)
    any_world.glide.set(page_rows=10, big_page_rows=10)
    any_world.glide_has_many(30)
    any_world.sync()
    any_world.glide.fault("status", site=["query", "rows"], status=400, skip=1, count=None)
    any_world.glide_has(r000000={"Name": "changed"})
    for _ in range(2):
        with pytest.raises(GlideError):
            any_world.sync()
        any_world.grace_is_over()
    any_world.glide.clear_faults()
    assert any_world.sync().counts.deleted == 0
    assert len(any_world.names()) == 30


def test_a_missing_table_is_no_empty_table(any_world: World):
    with_deletes(any_world, "delete")
    any_world.glide_has(a={"Name": "pen"})
    any_world.sync()
    any_world.glide.drop(TABLE)
    with pytest.raises(GlideError):
        any_world.sync()
    assert any_world.last_log()["error_type"] == "NOT_FOUND"
    assert set(any_world.names()) == {"a"}


@pytest.mark.parametrize("skip", [0, 1, 2])
def test_rows_that_move_while_glide_is_read_are_never_deleted(any_world: World, skip: int):
    with_deletes(any_world, "delete", grace=60)
    any_world.glide.set(page_rows=10, big_page_rows=10)
    any_world.glide_has_many(35)
    any_world.sync()
    for _ in range(4):
        any_world.glide.fault("moving_rows", site=["query", "rows"], rows=3, skip=skip)
        any_world.sync()
        any_world.grace_is_over()
    for _ in range(3):
        any_world.sync()
        any_world.grace_is_over()
    assert len(any_world.names()) == 35


def test_a_row_that_a_read_missed_because_others_went_is_not_deleted(world: World):
    """Glide may count rows: when one before the page goes, the read misses the one that moved up."""
    with_deletes(world, "delete", grace=60)
    world.glide.set(page_rows=10, paging="offset")
    world.glide_has_many(40)
    world.sync()
    world.glide.fault("latency", site="query", skip=1, seconds=0.01)
    table = world.glide.state.named(TABLE)
    world.glide.state.move_first(table, 1)
    world.glide.fault("moving_rows", site="query", rows=1, skip=2)
    for _ in range(4):
        world.sync()
        world.grace_is_over()
    assert len(world.names()) == 40


def test_a_deleted_row_goes_even_when_glide_changed_while_it_was_read(big_world: World):
    with_deletes(big_world, "delete", grace=60)
    big_world.glide.set(big_page_rows=10)
    big_world.glide_has_many(30)
    big_world.sync()
    big_world.glide_has(r000003=None)
    big_world.glide.fault("moving_rows", site="rows", rows=1, skip=1)
    assert big_world.sync().counts.deleted == 0
    big_world.grace_is_over()
    assert big_world.sync().counts.deleted == 1
    assert "r000003" not in big_world.names()
    assert len(big_world.names()) == 29


def test_a_deleted_row_goes_even_when_the_run_that_missed_it_was_broken_off(world: World):
    with_deletes(world, "delete", grace=60)
    world.glide.set(page_rows=10)
    world.glide_has_many(35)
    world.sync()
    world.glide_has(r000003=None)
    world.glide.fault("status", site="query", status=400, skip=2, count=1)
    with pytest.raises(GlideError):
        world.sync()
    for _ in range(2):
        world.sync()
        world.grace_is_over()
    world.sync()
    assert world.names().keys() == {f"r{number:06}" for number in range(35)} - {"r000003"}


def test_no_other_row_is_named_gone_after_a_read_was_broken_off_and_another_began_anew(world: World):
    with_deletes(world, "delete", grace=60)
    world.glide.set(page_rows=10)
    world.glide_has_many(35)
    world.sync()
    world.glide_has(r000003={"Name": "changed"}, r000013={"Name": "changed"})
    world.glide.fault("status", site="query", status=400, skip=2, count=1)
    with pytest.raises(GlideError):
        world.sync()
    world.sql("delete from glsync.checkpoints")
    world.glide_has(r000002=None, new={"Name": "new"})
    for _ in range(3):
        world.sync()
        world.grace_is_over()
    assert world.names().keys() == {f"r{number:06}" for number in range(35)} - {"r000002"} | {"new"}


# --- the guard -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("gone", "waits"), [(24, False), (25, False), (26, True)])
def test_more_rows_than_a_handful_wait_for_a_person(world: World, gone: int, waits: bool):
    with_deletes(world, "delete")
    world.glide_has_many(400)
    world.sync()
    world.glide_loses(gone)
    report = world.sync()
    assert (bool(report.waiting), len(world.names())) == (waits, 400 if waits else 400 - gone)


@pytest.mark.parametrize(("gone", "waits"), [(9, False), (10, False), (11, True)])
def test_a_larger_share_than_a_tenth_waits_for_a_person(world: World, gone: int, waits: bool):
    with_deletes(world, "delete")
    world.glide_has_many(100)
    world.sync()
    world.glide_loses(gone)
    assert bool(world.sync().waiting) is waits


def test_the_share_is_that_of_the_table_even_after_a_run_broke_off(world: World):
    with_deletes(world, "delete")
    world.glide.set(page_rows=50)
    world.glide_has_many(100)
    world.sync()
    world.glide_has(r000010={"Name": "changed"}, r000090={"Name": "changed"})
    world.sql("alter table items add constraint broken check (name <> 'x') not valid")
    world.glide_loses(11)
    world.glide.fault("status", site="query", status=400, skip=1, count=1)
    with pytest.raises(GlideError):
        world.sync()
    world.sql("delete from glsync.checkpoints")
    assert world.sync().waiting


@pytest.mark.parametrize("how", ["mark", "delete"])
def test_an_emptied_table_waits_whatever_its_size(any_world: World, how: str):
    with_deletes(any_world, how)
    any_world.glide_has(a={"Name": "pen"}, b={"Name": "ink"})
    any_world.sync()
    any_world.glide_has(a=None, b=None)
    report = any_world.sync()
    assert "Glide's table is empty" in report.waiting[0].reason
    assert set(any_world.names()) == {"a", "b"}
    log = any_world.log(report)
    assert (log["status"], log["plan_hash"]) == ("completed", report.waiting[0].hash)
    assert log["waiting"][0]["sample"] == ["a", "b"]


def test_while_deletes_wait_everything_else_goes_on(world: World):
    with_deletes(world, "delete")
    world.glide_has_many(100)
    world.sync()
    world.glide_loses(50)
    world.glide_has(r000099={"Name": "changed"}, new={"Name": "new"})
    report = world.sync()
    assert (report.counts.created, report.counts.updated, report.counts.deleted) == (1, 1, 0)
    assert report.waiting[0].rows == 50


def test_approving_exactly_this_lets_exactly_this_happen(any_world: World):
    with_deletes(any_world, "delete")
    any_world.glide_has_many(100)
    any_world.sync()
    any_world.glide_loses(50)
    waiting = any_world.sync().waiting[0]
    assert any_world.sync(options='{"approve": "0123456789abcdef"}').waiting == (waiting,)
    report = any_world.sync(options=f'{{"approve": "{waiting.hash}"}}')
    assert (report.counts.deleted, report.waiting) == (50, ())
    assert len(any_world.names()) == 50


def test_an_approval_does_not_cover_a_row_that_went_away_later(world: World):
    with_deletes(world, "delete")
    world.glide_has_many(100)
    world.sync()
    world.glide_loses(50)
    old = world.sync().waiting[0]
    world.glide_loses(1)
    report = world.sync(options=f'{{"approve": "{old.hash}"}}')
    assert (report.counts.deleted, report.waiting[0].rows) == (0, 51)
    assert len(world.names()) == 100


def test_rows_that_came_back_while_they_waited_are_not_part_of_it_any_more(world: World):
    with_deletes(world, "delete")
    world.glide_has_many(100)
    world.sync()
    world.glide_loses(50)
    world.sync()
    world.glide_has_many(45)
    report = world.sync()
    assert (report.waiting, report.counts.deleted) == ((), 5)
    assert len(world.names()) == 95


def test_a_plan_shows_what_waits_under_the_hash_a_run_would_ask_for(any_world: World):
    with_deletes(any_world, "delete")
    any_world.glide_has_many(100)
    any_world.sync()
    any_world.glide_loses(50)
    before = any_world.plan()
    asked = any_world.sync().waiting[0]
    after = any_world.plan()
    assert [part.hash for part in before.waiting] == [asked.hash] == [part.hash for part in after.waiting]
    assert (before.postgres.delete, after.postgres.delete) == (50, 50)


# --- rows that cannot go -------------------------------------------------------------------------------------------


def test_a_row_that_others_refer_to_waits_and_the_others_go(world: World):
    with_deletes(world, "delete")
    world.glide_has_many(30)
    world.sync()
    world.sql("create table parts (item text references items (glide_row_id))")
    world.sql("insert into parts values ('r000001')")
    world.glide_loses(3)
    report = world.sync()
    assert (report.status, report.counts.deleted, report.counts.failed) == ("completed_with_errors", 2, 1)
    (error,) = world.errors()
    assert (error["error_type"], error["glide_row_id"], error["rule"]) == ("RELATIONSHIP", "r000001", "parts_item_fkey")
    assert world.sync().counts.failed == 1
    world.sql("delete from parts")
    last = world.sync()
    assert (last.status, last.counts.deleted) == ("completed", 1)
    assert world.errors() == []
