"""Tables that change under a mapping: told, read by new kinds, or stopped before anything is lost."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from glsync.errors import GlideTableMissing, InvalidMapping, SchemaDrift
from glsync.services import access, mappings
from tests.world import COLUMNS, TABLE, World

ADMIN = access.LOCAL


def glide_columns(world: World, *, without: str = "", **types: str) -> None:
    """Somebody changes the Items table in Glide: these columns get other types or are new, and one goes away."""
    if without:
        world.glide.drop_column(TABLE, without)
    names = {glide_id: name for glide_id, name, *_ in COLUMNS}
    for glide_id, type_ in types.items():
        world.glide.add_column(TABLE, glide_id, names.get(glide_id, glide_id), type_)


def notices(world: World) -> list[str]:
    found = world.sql(
        "select message from glsync.run_events where level = 'warning' and log_id = %s order by id",
        str(world.last_log()["id"]),
    )
    return [row["message"] for row in found]


def warnings(world: World) -> list[tuple[str | None, str]]:
    """What the mapping's page warns of, but for the column that holds whole numbers only."""
    found = mappings.problems(ADMIN, mappings.get(ADMIN, world.mapping_id))
    return [(each.column, each.message) for each in found if each.severity == "warning" and each.column != "qty00"]


# --- columns that appear ---------------------------------------------------------------------------------------------


def test_tables_that_stay_as_they_are_are_not_worth_a_word(world: World) -> None:
    world.sync()
    world.sync()
    assert (notices(world), warnings(world)) == ([], [])


def test_a_column_that_appears_in_glide_is_told_on_the_run_and_on_the_mapping(world: World) -> None:
    world.glide_has(a={"Name": "pen"})
    world.sync()
    glide_columns(world, clr00="string")
    assert world.sync().status == "completed"
    said = 'Column "clr00" appeared in Glide and is not mapped.'
    assert notices(world) == [said]
    assert warnings(world) == [("clr00", said)]


def test_a_column_that_appears_in_postgres_is_told(world: World) -> None:
    world.sync()
    world.sql("alter table items add column colour text")
    world.sync()
    assert notices(world) == ["Column colour appeared in Postgres."]


def test_what_was_told_is_known_once_the_mapping_is_saved(world: World) -> None:
    world.sync()
    glide_columns(world, clr00="string")
    world.sync()
    mappings.save(ADMIN, mappings.get(ADMIN, world.mapping_id), activate=True)
    world.change_mapping(delete_grace=61)
    assert warnings(world) == []
    world.sync()
    assert notices(world) == []


# --- columns that go away --------------------------------------------------------------------------------------------


def test_a_mapped_column_that_goes_away_never_clears_a_whole_column(world: World) -> None:
    world.glide_has(a={"Name": "pen", "prc00": 2}, b={"Name": "ink"})
    world.sync()
    glide_columns(world, without="prc00")
    with pytest.raises(
        SchemaDrift, match=r'"Price" .prc00. is gone from Glide, and every cell of price would be cleared'
    ):
        world.sync()
    assert world.last_log()["error_type"] == "SCHEMA_DRIFT"
    assert world.in_postgres()["a"]["price"] == 2
    assert [column for column, _ in warnings(world)] == ["prc00"]
    with pytest.raises(SchemaDrift):
        world.plan()


def test_a_stop_is_over_when_the_column_is_back_or_its_pair_is_removed(world: World) -> None:
    world.glide_has(a={"Name": "pen", "prc00": 2})
    world.sync()
    glide_columns(world, without="prc00")
    with pytest.raises(SchemaDrift):
        world.sync()
    draft = mappings.get(ADMIN, world.mapping_id)
    draft.pairs[:] = [pair for pair in draft.pairs if pair.glide_id != "prc00"]
    mappings.save(ADMIN, draft, activate=True)
    assert world.sync().status == "completed"
    assert world.in_postgres()["a"]["price"] == 2


def test_saving_the_mapping_for_another_reason_does_not_lift_the_stop(world: World) -> None:
    world.glide_has(a={"Name": "pen", "prc00": 2})
    world.sync()
    glide_columns(world, without="prc00")
    world.change_mapping(delete_grace=61)
    with pytest.raises(SchemaDrift):
        world.sync()


def test_a_mapped_column_that_held_nothing_may_go_away(world: World) -> None:
    world.glide_has(a={"Name": "pen"})
    world.sync()
    glide_columns(world, without="prc00")
    assert world.sync().status == "completed"
    assert notices(world) == ['Column "Price" (prc00) is gone from Glide: remove its pair from the mapping.']


def test_in_both_directions_a_column_that_goes_away_stops_too(world: World) -> None:
    world.change_mapping(sync_direction="both")
    world.glide_has(a={"Name": "pen", "prc00": 2})
    world.sync()
    glide_columns(world, without="prc00")
    with pytest.raises(SchemaDrift):
        world.sync()
    assert world.in_postgres()["a"]["price"] == 2


# --- columns that change ---------------------------------------------------------------------------------------------


def test_a_changed_kind_that_fits_its_column_is_read_by_the_new_rules(world: World) -> None:
    world.glide_has(a={"Name": "5"})
    world.sync()
    glide_columns(world, Name="number")
    world.glide_has(a={"Name": 5.50})
    assert world.sync().status == "completed"
    assert world.in_postgres()["a"]["name"] == "5.5"
    assert notices(world) == [
        'Column "Name" was of the type string in Glide and is number; it is read as number until the mapping says '
        "otherwise."
    ]


def test_a_changed_kind_that_does_not_fit_stops_and_says_what_to_do(world: World) -> None:
    world.glide_has(a={"prc00": 2})
    world.sync()
    glide_columns(world, prc00="dateTime")
    with pytest.raises(SchemaDrift, match="a date-time does not fit a column of type numeric"):
        world.sync()
    assert world.in_postgres()["a"]["price"] == 2


def test_a_kind_the_mapping_reads_otherwise_on_purpose_stays_as_the_mapping_says(world: World) -> None:
    pairs: dict[str, dict[str, Any]] = dict(world.column_mappings())
    pairs["Name"] = pairs["Name"] | {"data_type": "markdown"}
    world.change_mapping(column_mappings=json.dumps(pairs))
    world.glide_has(a={"Name": "pen"})
    world.sync()
    glide_columns(world, Name="uri")
    assert world.sync().status == "completed"
    assert notices(world)[0].endswith("it is read as the mapping says.")


def test_saving_the_mapping_for_another_reason_keeps_the_new_kind(world: World) -> None:
    world.glide_has(a={"Name": "5"})
    world.sync()
    glide_columns(world, Name="number")
    world.sync()
    world.change_mapping(delete_grace=61)
    world.sync()
    assert "it is read as number" in notices(world)[0]


def test_a_postgres_column_of_another_type_is_told_and_read_anew(world: World) -> None:
    world.glide_has(a={"prc00": 2.5})
    world.sync()
    world.sql("alter table items alter column price type numeric(10,2)")
    world.sync()
    assert notices(world) == ["Column price was of the type numeric in Postgres and is numeric(10,2)."]
    assert world.in_postgres()["a"]["price"] == Decimal("2.50")


# --- what identity hangs on ------------------------------------------------------------------------------------------


def test_another_primary_key_stops_a_mapping_that_knows_rows_by_it(world: World) -> None:
    world.change_mapping(sync_direction="both")
    world.glide_has(a={"Name": "pen"})
    world.sync()
    world.sql("alter table items drop constraint items_pkey")
    with pytest.raises(SchemaDrift, match="primary key in Postgres was id and is none"):
        world.sync()


def test_a_lost_row_id_column_always_stops(world: World) -> None:
    world.glide_has(a={"Name": "pen"})
    world.sync()
    world.sql("alter table items drop constraint items_glide_row_id_key")
    with pytest.raises(InvalidMapping, match="glide_row_id"):
        world.sync()


def test_a_lost_table_always_stops_and_takes_nothing_away(world: World) -> None:
    world.change_mapping(deletes="delete", delete_grace=0)
    world.glide_has(a={"Name": "pen"})
    world.sync()
    world.glide.drop(TABLE)
    with pytest.raises(GlideTableMissing):
        world.sync()
    assert "a" in world.in_postgres()


def test_a_token_that_may_not_read_the_schema_still_syncs_and_the_run_says_what_it_cannot_see(world: World) -> None:
    world.glide_has(a={"Name": "pen"})
    world.glide.fault("status", site="schema", status=422, message="no schema for you", count=None)
    assert world.sync().status == "completed"
    (row,) = world.sql("select message from glsync.run_events where message like 'Changes of Glide%%'")
    assert "cannot be seen" in row["message"]
