"""Columns of types the user made: lists of words, domains over them, text that overlooks case."""

from __future__ import annotations

import json

import pytest

from glsync.standin.columns import Column

TABLE = "Orders"
KINDS = {"state": "string", "mood": "string", "mail": "email-address"}


@pytest.fixture
def orders(world):
    """Two-way; the types stand in a schema that nobody searches."""
    world.sql("create schema if not exists kept_apart")
    world.sql("create extension if not exists citext with schema kept_apart")
    world.sql("""create type kept_apart.state as enum ('new', 'on its way', 'said "no"', 'paid')""")
    world.sql("create type kept_apart.mood as enum ('good', 'bad')")
    world.sql("create domain kept_apart.some_mood as kept_apart.mood default 'good'")
    world.sql(
        """create table orders (
            id uuid primary key default gen_random_uuid(), glide_row_id text unique,
            state kept_apart.state, mood kept_apart.some_mood, mail kept_apart.citext
        )"""
    )
    kind = world.glide.state.named("Items").kind
    world.glide.state.add_table("shop", TABLE, TABLE, kind, [Column(name, name, type) for name, type in KINDS.items()])
    pairs = {"$rowID": {"glide_column_name": "$rowID", "supabase_column_name": "glide_row_id", "data_type": "string"}}
    for name, type_ in KINDS.items():
        pairs[name] = {"glide_column_name": name, "supabase_column_name": name, "data_type": type_}
    world.mapping_id = world.map(
        name="orders", glide_table=TABLE, glide_table_display_name=TABLE, supabase_table="orders",
        column_mappings=json.dumps(pairs),
    )  # fmt: skip
    world.glide.edit(
        TABLE,
        add=[
            {"$rowID": "a", "state": "new", "mood": "good", "mail": "Ann@example.com"},
            {"$rowID": "b", "state": 'said "no"'},
            {"$rowID": "c", "state": "", "mood": "bad"},
        ],
    )
    return world


def postgres(world) -> dict[str, tuple[str | None, ...]]:
    rows = world.sql("select glide_row_id, state::text, mood::text, mail::text from orders")
    return {row["glide_row_id"]: (row["state"], row["mood"], row["mail"]) for row in rows}


def glide(world) -> dict[str, tuple[str | None, ...]]:
    rows = world.glide.rows(TABLE)
    return {row_id: tuple(row.get(name) or None for name in KINDS) for row_id, row in rows.items()}


def test_words_travel_both_ways_and_a_second_run_writes_nothing(orders):
    assert orders.sync().counts.created == 3
    assert postgres(orders) == glide(orders)
    orders.sql("update orders set state = 'on its way', mood = null where glide_row_id = 'a'")
    orders.sql("insert into orders (state) values ('paid')")
    orders.glide.edit(TABLE, set={"c": {"state": "paid", "mood": ""}})
    assert orders.sync().counts.stored == 3
    assert postgres(orders) == glide(orders)
    assert orders.sync().counts.stored == 0


@pytest.mark.parametrize("direction", ["both", "to_supabase"])
def test_a_word_the_type_does_not_know_is_an_error_that_names_those_it_knows(orders, direction):
    orders.change_mapping(sync_direction=direction)
    orders.glide.edit(TABLE, set={"a": {"state": "New"}})
    report = orders.sync()
    assert (report.counts.created, report.counts.failed) == (2, 1)
    (error,) = orders.errors()
    assert error["error_message"].count("New") == 1
    assert 'one of new, on its way, said "no", paid, as kept_apart.state takes' in error["error_message"]
    orders.glide.edit(TABLE, set={"a": {"state": "new"}})
    orders.sync()
    assert postgres(orders) == glide(orders)


@pytest.mark.parametrize("direction", ["both", "to_supabase"])
def test_a_change_of_case_alone_arrives_in_a_column_that_overlooks_case(orders, direction):
    orders.change_mapping(sync_direction=direction)
    orders.sync()
    orders.glide.edit(TABLE, set={"a": {"mail": "ANN@example.com"}})
    assert orders.sync().counts.updated == 1
    assert postgres(orders)["a"][2] == "ANN@example.com"


def test_a_new_word_is_taken_as_soon_as_the_type_knows_it(orders):
    orders.glide.edit(TABLE, set={"a": {"state": "lost"}})
    assert orders.sync().counts.failed == 1
    orders.sql("alter type kept_apart.state add value 'lost'")
    assert orders.sync().counts.created == 1
    assert postgres(orders) == glide(orders)
