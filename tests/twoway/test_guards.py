"""What a two-way run does not do unasked: empty a side, change nearly everything, write into another table."""

from __future__ import annotations

import json
from typing import Any

import pytest

ROWS = 40
LIMITS = {"update": 12, "delete": 4}
"""The most rows of 40 that may be changed (30 %) or taken away (10 %) unasked."""


@pytest.fixture
def many(world):
    world.glide_has_many(ROWS)
    world.sync()
    return world


def ids(count: int) -> list[str]:
    return [f"r{number:06}" for number in range(count)]


def change(world, side: str, operation: str, count: int) -> None:
    """Somebody changes or deletes so many rows on the other side, so that `side` is to be written."""
    if side == "postgres":
        world.glide_has(**{row: {"Name": f"new {row}"} if operation == "update" else None for row in ids(count)})
    elif operation == "update":
        world.sql("update items set name = 'new ' || glide_row_id where glide_row_id = any(%s)", ids(count))
    else:
        world.postgres_drops(*ids(count))


def is_done(world, side: str, operation: str, count: int) -> bool:
    """Are exactly these rows changed on `side`, or is none?"""
    rows = world.names()[0 if side == "glide" else 1]
    done = [row for row in ids(ROWS) if (rows.get(row) == f"new {row}" if operation == "update" else row not in rows)]
    assert done in (ids(count), [])
    return bool(done)


@pytest.mark.parametrize("side", ["glide", "postgres"])
@pytest.mark.parametrize("operation", ["update", "delete"])
@pytest.mark.parametrize("beyond", [-1, 0, 1])
def test_more_than_the_limit_waits_and_nothing_of_it_is_done(many, side, operation, beyond):
    count = LIMITS[operation] + beyond
    change(many, side, operation, count)
    report = many.sync()
    assert is_done(many, side, operation, count) == (beyond < 1)
    assert [(part.side, part.operation, part.rows) for part in report.waiting] == (
        [(side, operation, count)] if beyond > 0 else []
    )


@pytest.mark.parametrize("side", ["glide", "postgres"])
@pytest.mark.parametrize("operation", ["update", "delete"])
def test_exactly_what_was_approved_is_done(many, side, operation):
    change(many, side, operation, 20)
    (part,) = many.sync().waiting
    report = many.sync(approved_hash=part.hash)
    assert report.waiting == ()
    assert is_done(many, side, operation, 20)
    assert many.is_quiet()


@pytest.mark.parametrize("side", ["glide", "postgres"])
@pytest.mark.parametrize("operation", ["update", "delete"])
def test_an_approval_does_not_hold_for_one_row_more(many, side, operation):
    change(many, side, operation, 20)
    (part,) = many.sync().waiting
    if (side, operation) == ("postgres", "delete"):
        many.glide_has(r000020=None)
    else:
        change(many, side, operation, 21)
    report = many.sync(approved_hash=part.hash)
    assert [found.rows for found in report.waiting] == [21]
    assert not is_done(many, side, operation, 21)


def test_an_approval_does_not_hold_for_another_value(many):
    change(many, "postgres", "update", 20)
    (part,) = many.sync().waiting
    many.glide_has(r000003={"Name": "something else"})
    report = many.sync(approved_hash=part.hash)
    assert [found.rows for found in report.waiting] == [20]
    assert many.names()[1]["r000003"] == "Item 3"


def test_a_whole_plan_may_be_approved(many):
    change(many, "postgres", "update", 20)
    many.postgres_drops(*ids(ROWS)[30:])
    assert len(many.sync().waiting) == 2
    report = many.sync(approved_hash=many.plan().hash)
    assert report.waiting == ()
    glide, postgres = many.names()
    assert glide == postgres
    assert len(glide) == 30


def test_rows_of_an_approved_part_are_done_on_both_sides(many):
    """Each row is changed on both sides, so that either part alone would hold the other."""
    change(many, "postgres", "update", 20)
    many.sql("update items set quantity = 7777 where glide_row_id = any(%s)", ids(20))
    first, second = many.sync().waiting
    assert (first.side, second.side) == ("postgres", "glide")
    report = many.sync(approved_hash=first.hash)
    assert report.waiting == ()
    assert {many.glide.rows("Items")[row]["qty00"] for row in ids(20)} == {7777}
    assert many.is_quiet()


def test_what_waits_does_not_hold_up_the_rest(many):
    change(many, "postgres", "delete", 20)
    many.glide_has(r000030={"Name": "quill"}, new={"Name": "new"})
    many.postgres_has("r000031", name="ink")
    report = many.sync()
    assert [part.operation for part in report.waiting] == ["delete"]
    glide, postgres = many.names()
    assert (postgres["r000030"], glide["r000031"], postgres["new"]) == ("quill", "ink", "new")
    assert len(postgres) == ROWS + 1


@pytest.mark.parametrize("rows", [1, 3, ROWS])
@pytest.mark.parametrize("side", ["glide", "postgres"])
def test_a_side_that_became_empty_never_empties_the_other(world, rows, side):
    world.glide_has_many(rows)
    world.sync()
    if side == "glide":
        world.glide_loses(rows)
    else:
        world.sql("truncate items")
    for _ in range(3):
        report = world.sync()
        world.time_passes()
    assert [part.rows for part in report.waiting] == [rows]
    assert "is empty" in report.waiting[0].reason
    assert len(world.names()[0 if side == "postgres" else 1]) == rows


@pytest.mark.parametrize("side", ["glide", "postgres"])
@pytest.mark.parametrize("born", [1, 0], ids=["new rows", "empty"])
def test_a_side_that_holds_none_of_its_rows_gets_and_gives_nothing_however_small_it_is(world, side, born):
    """As when a table was imported anew, or another one stands behind the same name; new rows may be there, too."""
    world.glide_has_many(3)
    world.sync()
    if side == "glide":
        world.change_mapping(delete_grace=60)
        world.glide_loses(3)
        world.glide_has(**{f"x{n}": {"Name": "a stranger"} for n in range(born)})
        world.postgres_adds(name="a new row")
    else:
        world.sql("delete from items")
        for _ in range(born):
            world.postgres_adds(name="a stranger")
        world.glide_has(x={"Name": "a new row"})
    for _ in range(3):
        before = world.names()
        (part,) = world.sync().waiting
        assert ("holds other rows than before" if born else "is empty") in part.reason
        assert world.names() == before
        world.time_passes()
    assert (part.operation, part.rows) == ("delete", 3)
    assert world.sync(approved_hash=part.hash).waiting == ()
    assert world.is_quiet()
    glide, postgres = world.names()
    assert glide == postgres
    assert len(glide) == 1 + born


def test_both_sides_empty_is_nothing_to_do(many):
    many.glide_loses(ROWS)
    many.sql("truncate items")
    report = many.sync()
    assert (report.waiting, report.counts.stored) == ((), 0)
    assert many.sql("select count(*) as n from glsync.links")[0]["n"] == 0


def test_another_table_behind_the_same_name_in_postgres_gets_and_gives_nothing(many):
    many.sql("alter table items rename to items_of_last_year")
    many.sql("create table items (like items_of_last_year including all)")
    many.sql("insert into items (name) values ('a stranger')")
    for _ in range(2):
        report = many.sync()
        assert [part.operation for part in report.waiting] == ["identity"]
    assert len(many.glide.rows("Items")) == ROWS
    assert many.sql("select name, glide_row_id from items") == [{"name": "a stranger", "glide_row_id": None}]
    many.sql("drop table items")
    many.sql("alter table items_of_last_year rename to items")
    assert many.is_quiet()


def test_while_another_table_waits_nothing_is_taken_for_agreed_or_forgotten(many):
    def kept() -> list[dict[str, Any]]:
        return many.sql("select id, base_glide, base_postgres, detached from glsync.links order by id")

    before = kept()
    many.sql("alter table items rename to items_of_last_year")
    many.sql("create table items (like items_of_last_year including all)")
    many.sql("insert into items select * from items_of_last_year where glide_row_id = 'r000001'")
    many.sql("update items set name = 'quill'")
    many.glide_has(r000001={"Name": "quill"}, r000002=None)
    many.sync()
    many.grace_is_over()
    many.sync()
    assert (kept(), many.conflicts()) == (before, [])


def test_a_table_made_anew_on_purpose_is_taken_once_that_is_approved(many):
    many.sql("create table copy (like items including all)")
    many.sql("insert into copy select * from items")
    many.sql("drop table items")
    many.sql("alter table copy rename to items")
    (part,) = many.sync().waiting
    many.sync(approved_hash=part.hash)
    assert many.is_quiet()
    assert many.names()[0] == many.names()[1]


def test_another_glide_table_in_the_mapping_gets_and_gives_nothing(many):
    many.glide_has_table("native-table-others", x={"Name": "a stranger"})
    many.change_mapping(glide_table="native-table-others")
    report = many.sync()
    assert [(part.side, part.operation) for part in report.waiting] == [("glide", "identity")]
    assert len(many.names()[1]) == ROWS
    assert len(many.glide.rows("native-table-others")) == 1


def test_approving_another_table_does_not_approve_the_deletes_that_follow(many):
    many.glide_has_table("native-table-others", x={"Name": "a stranger"})
    many.change_mapping(glide_table="native-table-others")
    (part,) = many.sync().waiting
    report = many.sync(approved_hash=part.hash)
    assert [(found.side, found.operation, found.rows) for found in report.waiting] == [("postgres", "delete", ROWS)]
    assert len(many.names()[1]) == ROWS


@pytest.mark.parametrize("direction", ["to_supabase", "to_glide"])
def test_a_mapping_turned_round_and_back_loses_no_row(many, direction):
    many.postgres_adds(name="born in Postgres")
    many.change_mapping(sync_direction=direction)
    many.sync()
    many.glide_has(r000001={"Name": "quill"})
    many.sync()
    many.change_mapping(sync_direction="both")
    many.sync_until_quiet()
    glide, postgres = many.names()
    assert glide == postgres
    assert len(glide) == ROWS + 1
    assert many.conflicts() == []


def test_a_column_taken_out_of_the_mapping_and_put_back_loses_no_cell(many):
    pairs = many.column_mappings()
    without = {glide_id: pair for glide_id, pair in pairs.items() if glide_id != "qty00"}
    many.change_mapping(column_mappings=json.dumps(without))
    assert many.sync().waiting == ()
    many.glide_has(r000001={"qty00": 501})
    many.postgres_has("r000002", quantity=502)
    many.sync()
    many.change_mapping(column_mappings=json.dumps(pairs))
    many.sync()
    assert {conflict["column_name"] for conflict in many.conflicts()} == {"quantity"}
    assert [many.glide.rows("Items")[row]["qty00"] for row in ("r000001", "r000002", "r000003")] == [501, 2, 3]
    assert [many.in_postgres()[row]["quantity"] for row in ("r000001", "r000002", "r000003")] == [1, 502, 3]


def test_a_read_that_moved_deletes_nothing(big):
    big.glide_has_many(30)
    big.sync()
    big.glide.set(big_page_rows=10, paging="offset")
    big.glide.fault("moving_rows", site="rows", rows=3, count=None, skip=1)
    big.sync()
    assert len(big.in_postgres()) == 30


def test_a_classic_read_that_missed_rows_deletes_nothing(classic):
    """Between its pages somebody moves rows; each read misses some, and no two reads the same."""
    classic.glide_has_many(30)
    classic.sync()
    classic.glide.set(page_rows=10, paging="offset")
    classic.glide.fault("moving_rows", site="query", rows=3, count=None, skip=1)
    for _ in range(4):
        classic.sync()
        assert len(classic.in_postgres()) == 30


def test_a_mapping_turned_round_by_mistake_waits_before_it_overwrites(world):
    world.change_mapping(sync_direction="to_supabase")
    world.glide_has_many(ROWS)
    world.sync()
    world.glide_has(**{row: {"Name": f"new {row}"} for row in ids(ROWS)})
    world.change_mapping(sync_direction="to_glide")
    for _ in range(2):
        report = world.sync()
        assert [(part.side, part.operation, part.rows) for part in report.waiting] == [("glide", "update", ROWS)]
    assert set(world.names()[0].values()) == {f"new {row}" for row in ids(ROWS)}
    world.change_mapping(sync_direction="to_supabase")
    world.sync()
    glide, postgres = world.names()
    assert glide == postgres
    assert glide["r000001"] == "new r000001"


def test_a_mapping_turned_round_over_an_emptied_table_takes_nothing_from_glide(world):
    world.change_mapping(sync_direction="to_supabase")
    world.glide_has_many(ROWS)
    world.sync()
    world.sql("truncate items")
    world.change_mapping(sync_direction="to_glide")
    for _ in range(2):
        world.sync()
        world.time_passes()
    assert len(world.names()[0]) == ROWS


def test_a_narrower_filter_takes_no_row_from_either_side(many):
    many.option(filter="Quantity < 10.0")
    for _ in range(2):
        assert many.sync().counts.stored == 0
        many.time_passes()
    many.glide_has(r000030=None, r000002={"Name": "quill"})
    many.postgres_drops("r000031")
    many.sync()
    glide, postgres = many.names()
    assert ("r000031" in glide, "r000030" in postgres) == (True, True)
    assert (len(glide), len(postgres)) == (ROWS - 1, ROWS - 1)
    assert postgres["r000002"] == "quill"


def test_rows_the_filter_left_out_do_not_loosen_the_limit(many):
    many.option(filter="Quantity < 12.0")
    many.sync()
    many.glide_has(**dict.fromkeys(ids(4)))
    (part,) = many.sync().waiting
    assert part.reason.startswith("4 of 12 rows would be deleted in Postgres")
    assert len(many.names()[1]) == ROWS


def test_a_row_let_go_and_then_lost_by_glide_does_not_keep_the_others_from_being_certified(many):
    many.option(filter="Quantity < 12.0")
    many.sync()
    many.glide_has(r000030=None)
    assert many.sync().message.endswith("both sides are equal")
    assert "r000030" in many.names()[1]


def test_a_row_that_our_own_write_took_out_of_the_filter_is_let_go_at_once(many):
    many.option(filter="Quantity < 12.0")
    many.sync()
    many.postgres_has("r000003", quantity=50)
    many.sync()
    assert many.glide.rows("Items")["r000003"]["qty00"] == 50
    many.glide_has(r000003=None)
    many.sync()
    assert "r000003" in many.names()[1]
    assert many.is_quiet()


@pytest.mark.parametrize("left", [0, 30])
def test_where_postgres_decides_and_has_lost_its_rows_glide_keeps_them(many, left):
    many.change_mapping(sync_direction="to_glide")
    many.sync()
    many.sql("delete from items where quantity >= %s", left)
    for _ in range(2):
        assert [(part.side, part.operation) for part in many.sync().waiting] == [("glide", "delete")]
        many.time_passes()
    assert len(many.names()[0]) == ROWS


def test_where_postgres_decides_another_table_behind_its_name_gives_nothing(many):
    many.change_mapping(sync_direction="to_glide")
    many.sync()
    many.sql("alter table items rename to items_of_last_year")
    many.sql("create table items (like items_of_last_year including all)")
    many.sql("insert into items (name) values ('a stranger')")
    assert [part.operation for part in many.sync().waiting] == ["identity"]
    assert len(many.names()[0]) == ROWS
