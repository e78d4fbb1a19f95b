"""What a run says it cost is what Glide charges."""

from __future__ import annotations

import threading
from decimal import Decimal

import pytest

from glsync.errors import GlideError
from tests.world import APP, World


def used(world: World) -> Decimal:
    return sum((row["updates"] for row in world.sql("select updates from glsync.usage")), Decimal(0))


@pytest.mark.parametrize("rows", [0, 999, 1000, 1001, 2500])
@pytest.mark.parametrize("page", [400, 10_000])
def test_a_read_costs_what_glide_charges(any_world: World, rows: int, page: int):
    any_world.glide.set(page_rows=page, big_page_rows=page)
    any_world.glide_has_many(rows)
    report = any_world.sync()
    assert report.price.updates == any_world.glide_spent() == used(any_world) == any_world.log(report)["price"]


def test_an_unchanged_big_table_costs_one_look_and_nothing_else(big_world: World):
    big_world.glide_has_many(50)
    big_world.sync()
    big_world.sync()
    big_world.glide.reset_usage()
    big_world.glide.forget_calls()
    report = big_world.sync()
    assert report.message == "Nothing changed in Glide since the last run"
    assert (len(big_world.glide.calls("head")), big_world.glide.calls("rows")) == (1, [])
    assert report.price.updates == big_world.glide_spent() == 0


@pytest.mark.parametrize(
    "deed",
    [
        "update items set name = 'spoilt'",
        "delete from items where glide_row_id = 'r000001'",
        "truncate items",
    ],
)
def test_an_unchanged_big_table_is_read_when_postgres_changed(big_world: World, deed: str):
    big_world.glide_has_many(5)
    big_world.sync()
    big_world.sync()
    big_world.sql(deed)
    assert big_world.sync().counts.stored > 0
    assert len(big_world.names()) == 5
    assert big_world.names()["r000001"] == "Item 1"


def test_a_big_table_is_read_again_while_something_is_left_to_do(big_world: World):
    big_world.change_mapping(deletes="delete", delete_grace=60)
    big_world.glide_has(a={"Name": "pen"}, b={"Name": "ink"}, c={"qty00": "no number"})
    big_world.sync()
    big_world.glide_has(b=None)
    big_world.sync()
    big_world.grace_is_over()
    assert big_world.sync().counts.deleted == 1


def test_a_full_run_reads_everything_whatever_the_version(big_world: World):
    big_world.glide_has_many(5)
    big_world.sync()
    big_world.sync()
    assert big_world.sync(options='{"full": true}').counts.read == 5


def test_a_second_look_and_pages_read_twice_are_charged_as_well(any_world: World):
    any_world.change_mapping(deletes="delete", delete_grace=0)
    any_world.glide.set(page_rows=10, big_page_rows=10)
    any_world.glide_has_many(35)
    reports = [any_world.sync()]
    any_world.glide_loses(2)
    reports.append(any_world.sync())
    assert sum(report.price.updates for report in reports) == any_world.glide_spent() == used(any_world)


def test_a_run_that_broke_off_has_paid_for_the_pages_it_stored(any_world: World):
    any_world.glide.set(page_rows=10, big_page_rows=10)
    any_world.glide_has_many(35)
    any_world.glide.fault("status", site=["query", "rows"], status=400, skip=2, count=1)
    with pytest.raises(GlideError):
        any_world.sync()
    any_world.sync()
    logged = any_world.sql("select sum(price) as updates from gl_sync_logs")[0]["updates"]
    assert logged == used(any_world) == any_world.glide_spent()


def test_a_plan_tells_what_a_run_costs(any_world: World):
    any_world.glide_has_many(1500)
    assert any_world.plan().price.updates == any_world.sync().price.updates


def test_two_mappings_of_one_connection_are_charged_to_it_together(world: World):
    world.glide_has(a={"Name": "pen"})
    world.glide_has_table("other", x={"Name": "nib"})
    world.sql("create table others (like items including all)")
    first, second = world.mapping_id, world.map(name="others", glide_table="other", supabase_table="others")

    def sync(mapping: object) -> None:
        world.run(world.new_log(mapping_id=str(mapping)))

    threads = [threading.Thread(target=sync, args=(mapping,)) for mapping in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert used(world) == world.glide_spent() == Decimal(world.glide.usage(APP)["updates"]) == 2
