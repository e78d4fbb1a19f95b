"""The table in Postgres belongs to people who may do with it what they like; the next run puts right what is mapped."""

from __future__ import annotations

import psycopg2
import pytest

from glsync.errors import InvalidMapping
from tests.world import World


@pytest.fixture
def synced(any_world: World) -> World:
    any_world.glide.set(page_rows=10, big_page_rows=10)
    any_world.glide_has_many(35)
    any_world.sync()
    any_world.sync()
    return any_world


WHOLE = {f"r{number:06}": f"Item {number}" for number in range(35)}


@pytest.mark.parametrize(
    "deed",
    [
        "update items set name = 'spoilt' where glide_row_id = 'r000012'",
        "update items set name = 'spoilt'",
        "delete from items where glide_row_id in ('r000001', 'r000030')",
        "delete from items",
        "truncate items",
        "alter table items alter column name type text using 'spoilt'",
        "update items set glide_row_id = null where glide_row_id = 'r000003'",
        "update items set deleted_at = now() where glide_row_id = 'r000003'; update items set name = 'x'",
    ],
)
def test_what_somebody_did_to_the_table_is_put_right(synced: World, deed: str):
    synced.change_mapping(deletes="mark")
    synced.sync()
    synced.sql(deed)
    synced.sync()
    assert {row_id: name for row_id, name in synced.names().items() if row_id} == WHOLE
    assert synced.sync().counts.stored == 0


def test_a_foreign_write_makes_only_one_run_compare_everything(synced: World):
    synced.sql("update items set name = 'spoilt' where glide_row_id = 'r000012'")
    assert synced.sync().counts.updated == 1
    assert synced.sql("select * from glsync.touched") == []
    synced.sync()
    events = synced.sql("select message from glsync.run_events order by id")
    assert sum("every row is compared" in event["message"] for event in events) == 2


def test_a_write_that_was_rolled_back_was_none(synced: World):
    synced.connection.autocommit = False
    with synced.connection.cursor() as cursor:
        cursor.execute("update items set name = 'spoilt'")
    synced.connection.rollback()
    synced.connection.autocommit = True
    assert synced.sql("select * from glsync.touched") == []


def test_a_table_dropped_and_made_again_is_filled_again(synced: World):
    synced.sql("create table again (like items including all)")
    synced.sql("drop table items")
    synced.sql("alter table again rename to items")
    report = synced.sync()
    assert (report.counts.created, synced.names()) == (35, WHOLE)


def test_a_table_that_is_gone_is_told(synced: World):
    synced.sql("drop table items")
    with pytest.raises(InvalidMapping, match="There is no table items"):
        synced.sync()
    assert synced.last_log()["status"] == "failed"


def test_a_table_restored_from_an_old_copy_is_brought_up_to_date(synced: World):
    synced.sql("create table copy as select * from items")
    synced.glide_has(r000001={"Name": "newer"}, r000036={"Name": "newest"})
    synced.sync()
    synced.sql("truncate items")
    synced.sql("insert into items select * from copy")
    synced.sync()
    assert synced.names() == WHOLE | {"r000001": "newer", "r000036": "newest"}


def test_state_lost_while_the_table_lives_on_costs_a_compare_and_no_write(synced: World):
    before = synced.versions()
    synced.sql("truncate glsync.base_pages, glsync.base_state, glsync.checkpoints, glsync.watched, glsync.touched")
    assert synced.sync().counts.stored == 0
    assert synced.versions() == before


def test_rows_already_there_are_adopted_by_their_row_id(world: World):
    world.sql("insert into items (glide_row_id, name) values ('a', 'pen'), ('b', 'old')")
    world.glide_has(a={"Name": "pen"}, b={"Name": "ink"})
    report = world.sync()
    assert (report.counts.created, report.counts.updated, report.counts.skipped) == (0, 1, 1)


def test_two_mappings_may_keep_different_columns_of_one_table(world: World):
    world.glide_has(a={"Name": "pen", "mail0": "a@b.c"})
    world.sync()
    world.sql("alter table items add label text")
    world.glide_has_table("labels", a={"Name": "first"}, b={"Name": "second"})
    pairs = {key: pair for key, pair in world.column_mappings().items() if key in ("$rowID", "Name")}
    pairs["Name"]["supabase_column_name"] = "label"
    first = world.mapping_id
    world.mapping_id = second = world.map(name="labels", glide_table="labels", column_mappings=world.json(pairs))
    world.sync()
    for _ in range(2):
        for world.mapping_id in (first, second):
            world.sync()
    rows = world.in_postgres()
    assert {row_id: (row["name"], row["label"]) for row_id, row in rows.items()} == {
        "a": ("pen", "first"), "b": (None, "second")
    }  # fmt: skip
    assert world.sync().counts.stored == 0


def test_a_database_in_another_time_zone_and_style_stores_the_same_instants(world: World):
    (name,) = world.sql("select current_database() as name")
    for setting in ("timezone = 'Asia/Kolkata'", "datestyle = 'German, DMY'", "intervalstyle = 'sql_standard'"):
        world.sql(f"alter database {name['name']} set {setting}")
    world.glide_has(a={"ord00": "2026-01-02T03:04:05"}, b={"ord00": "2026-01-02T03:04:05Z"}, c={"day00": "2026-03-04"})
    world.sync()
    rows = world.in_postgres()
    assert rows["a"]["ordered_at"] == rows["b"]["ordered_at"]
    assert str(rows["c"]["day"]) == "2026-03-04"
    world.sql("update items set name = 'touched'")
    assert world.sync().counts.updated == 3


def test_a_database_that_speaks_latin_to_its_clients_stores_the_same_letters(world: World):
    (name,) = world.sql("select current_database() as name")
    world.sql(f"alter database {name['name']} set client_encoding = 'LATIN1'")
    world.glide_has(a={"Name": "Käse – 😀"})
    world.sync()
    assert world.names() == {"a": "Käse – 😀"}


def test_a_change_of_case_only_is_a_change_where_case_does_not_count_for_postgres(world: World):
    try:
        world.sql("create collation nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false)")
    except psycopg2.errors.FeatureNotSupported:
        pytest.skip("this build of Postgres comes without ICU")
    world.sql("alter table items alter name type text collate nocase")
    world.glide_has(a={"Name": "pen"})
    world.sync()
    world.glide_has(a={"Name": "PEN"})
    assert world.sync().counts.updated == 1
    assert world.names() == {"a": "PEN"}
