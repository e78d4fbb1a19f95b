"""Conflicts on the Errors page: all three values side by side, picked by field, by row, for all alike, taken back."""

from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

import pytest

from glsync.services import conflicts, runs
from glsync.services.access import LOCAL
from glsync.services.mappings import MappingDraft
from glsync.values import ColumnPair
from tests.dispute import dispute


@pytest.fixture
def disputed(ops, glide, ask, monkeypatch):
    """Items, kept equal both ways; both sides changed the name and price of both rows."""
    pairs = [ColumnPair("Name", "Item", "item", "string"), ColumnPair("pr1ce", "Unit price", "unit_price", "number")]
    draft = MappingDraft("items", ops.id, "items", "Items", "public.items", pairs)
    return dispute(replace(draft, name="items"), glide, ask, monkeypatch)


def of(row, column):
    return next(one for one in conflicts.listing(LOCAL) if (one.glide_row_id, one.column) == (row, column))


def button(page, key):
    return next(one for one in page.app.button if one.key == key)


def test_nothing_of_conflicts_is_drawn_while_there_are_none(open_page, synced):
    assert "Changed on both sides" not in open_page("errors").text


def test_the_errors_page_counts_conflicts_by_column_and_opens_them(open_page, disputed):
    page = open_page("errors")
    assert "4 conflicts" in page.text
    frame = page.grid("conflicts_groups")
    assert frame[["column", "count"]].values.tolist() == [["item", 2], ["unit_price", 2]]
    page.pick("conflicts_groups", 1)
    assert "2 conflicts to decide" in page.text


def test_a_card_shows_what_was_agreed_and_what_each_side_says(open_page, disputed):
    page = open_page("errors", conflict=of("a", "item").id)
    assert all(value in page.text for value in ("pen", "a by Glide", "a by Postgres", "Changed on both sides", "row a"))
    assert {"Take Glide's value", "Take Postgres's value", "Apply to all 2 like this"} <= page.buttons.keys()


@pytest.mark.parametrize("side", ["glide", "postgres"])
def test_one_press_picks_a_side_and_the_card_goes_once_a_run_carried_it_out(open_page, disputed, side):
    one = of("a", "item")
    page = open_page("errors", conflicts="all")
    button(page, f"conflict_{side}_{one.id}").click()
    page.run()
    assert "was picked for 1 conflict." in page.text
    assert "the next run carries it out" in page.text
    assert conflicts.get(LOCAL, one.id).resolution == side
    runs.run_here(LOCAL, disputed.id)
    page.run()
    assert "3 conflicts to decide" in page.text
    assert f"conflict_{side}_{one.id}" not in {one.key for one in page.app.button}


def test_a_pick_is_taken_back_from_its_card(open_page, disputed):
    page = open_page("errors", conflict=of("a", "item").id).press("Take Glide's value").press("Take back")
    assert "1 conflict open again." in page.text
    assert conflicts.counters(LOCAL)["open"] == 4


def test_all_alike_are_picked_at_once_after_a_look_at_how_many(open_page, disputed):
    page = open_page("errors", conflict=of("a", "item").id).press("Apply to all 2 like this")
    assert "2 conflicts: item of items." in page.text
    page.press("Postgres for all 2")
    assert "Postgres was picked for 2 conflicts." in page.text
    assert {one.column for one in conflicts.listing(LOCAL)} == {"unit_price"}


def test_a_whole_row_is_picked_at_once(open_page, disputed):
    page = open_page("errors", conflict=of("b", "item").id).press("The whole row, 2 fields").press("Glide for all 2")
    assert {one.glide_row_id for one in conflicts.listing(LOCAL)} == {"a"}
    assert "Glide was picked for 2 conflicts." in page.text


def test_a_row_deleted_on_one_side_says_what_each_pick_does(open_page, disputed, glide):
    glide.edit("items", delete=["a"])
    runs.run_here(LOCAL, disputed.id)
    (one,) = conflicts.listing(LOCAL, conflicts.ConflictFilter(kinds=("edit_delete",)))
    page = open_page("errors", conflict=one.id)
    assert "No such row" in page.text
    assert {"Delete it in Postgres", "Keep it, make it in Glide"} <= page.buttons.keys()


@pytest.mark.parametrize(("role", "may"), [("viewer", False), ("operator", True), ("editor", True), ("admin", True)])
def test_whoever_may_run_may_decide_and_everybody_may_look(open_page, disputed, act_as, role, may):
    one = of("a", "item")
    act_as(role)
    page = open_page("errors", conflict=one.id)
    assert "a by Postgres" in page.text
    assert page.buttons["Take Glide's value"].disabled is not may


@pytest.mark.parametrize("parameter", ["conflict", "conflicts"])
def test_an_address_that_leads_nowhere_says_so(open_page, disputed, parameter):
    assert "Nothing is left to decide here" in open_page("errors", **{parameter: uuid4()}).text


@pytest.mark.parametrize("parameters", [{}, {"conflicts": "all"}], ids=["the list", "the cards"])
def test_without_a_database_each_part_says_so_and_the_page_stays(open_page, disputed, request, parameters):
    request.getfixturevalue("database_gone")
    page = open_page("errors", **parameters)
    assert "Errors" in page.text
    assert "Try again" in page.buttons


def test_the_page_of_a_run_leads_to_its_conflicts(open_page, disputed):
    run = runs.history(LOCAL)[0]
    page = open_page("runs", run=run.id)
    assert "4 conflicts" in page.text
    assert f"conflicts={disputed.id}" in str([link.proto for link in page.app.get("page_link")])
