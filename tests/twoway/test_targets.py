"""Tables that people divided, or gave triggers of their own, as one side of two."""

from __future__ import annotations

import pytest

from tests.twoway.world import TwoWay

DIVIDED = """
alter table items rename to whole;
create table items (like whole including defaults) partition by hash (glide_row_id);
alter table items add unique (glide_row_id);
create table items_0 partition of items for values with (modulus 3, remainder 0);
create table items_1 partition of items for values with (modulus 3, remainder 1);
create table items_2 partition of items for values with (modulus 3, remainder 2);
drop table whole
"""
ROWS = {f"r{number:02}": {"Name": f"Item {number}"} for number in range(40)}


@pytest.mark.parametrize("deletes", ["delete", "mark"])
def test_writes_to_a_divided_table_meet_their_own_row_and_none_of_another_part(world: TwoWay, deletes: str):
    world.sql(DIVIDED)
    world.change_mapping(deletes=deletes, delete_grace=0)
    world.glide_has(**ROWS)
    world.sync()
    world.glide_has(r03={"Name": "quill"}, r04={"Name": "nib"}, r07=None, r08=None, r09=None)
    report = world.sync()
    assert (report.counts.updated, report.counts.deleted) == (2, 3)
    left = {row: cells["Name"] for row, cells in ROWS.items() if row not in ("r07", "r08", "r09")}
    expected = left | {"r03": "quill", "r04": "nib"}
    kept = {row["glide_row_id"]: row["name"] for row in world.sql("select * from items where deleted_at is null")}
    assert kept == expected
    assert world.names()[0] == expected
    assert world.sync().counts.stored == 0


def test_what_a_trigger_leaves_out_without_a_word_is_told_and_done_once_it_may(world: TwoWay):
    world.change_mapping(deletes="delete", delete_grace=0)
    world.glide_has(**ROWS)
    world.sync()
    world.sql("create function leave_out() returns trigger language plpgsql as $$begin return null; end$$")
    world.sql("create trigger t before insert or update or delete on items for each row execute function leave_out()")
    world.glide_has(new={"Name": "pen"}, r01={"Name": "quill"}, r02=None)
    report = world.sync()
    assert (report.counts.stored, report.counts.failed) == (0, 3)
    assert {error["glide_row_id"] for error in world.errors()} == {"new", "r01", "r02"}
    world.sql("drop trigger t on items")
    assert world.sync().counts.stored == 3
    names = world.names()
    assert (names[0], world.errors()) == (names[1], [])


UNTELLABLE = {
    "ordered_at": "infinity",
    "day": "0044-03-15 BC",
    "price": "NaN",
    "quantity": 9223372036854775807,
    "mail": "3 days 04:05:06",
}


@pytest.mark.parametrize("column", UNTELLABLE)
def test_a_value_that_could_not_be_read_from_glide_again_is_told_and_never_written_there(world: TwoWay, column: str):
    world.sql("alter table items alter column mail type interval using null, alter column quantity type bigint")
    world.pair("mail0", data_type="duration")
    key = world.postgres_adds(name="pen", **{column: UNTELLABLE[column]})
    world.postgres_adds(name="ink")
    plan = world.plan()
    assert (plan.glide.create, plan.failed, len(plan.samples)) == (1, 1, 1)
    report = world.sync()
    assert (report.counts.created, report.counts.failed) == (1, 1)
    assert report.price.writes == plan.price.writes
    (error,) = world.errors()
    assert (error["column_name"], error["rule"] in error["error_message"]) == (column, True)
    spent = world.glide_spent()
    assert world.sync().counts.failed == 1
    assert world.glide_spent() - spent <= 1
    assert [row["Name"] for row in world.glide.rows("Items").values()] == ["ink"]
    world.sql(f"update items set {column} = null where id = %s", key)
    assert (world.sync().counts.created, world.errors()) == (1, [])
    assert world.is_quiet()
