"""The mapping editor: from nothing to active, its grid, its problems, and somebody else who saved first."""

from __future__ import annotations

from dataclasses import replace

import pytest

from glsync.services import mappings, runs
from glsync.services.access import LOCAL
from glsync.ui import texts

from .conftest import Page


@pytest.fixture
def new(open_page, ops) -> Page:
    """The editor of a new mapping, Items chosen."""
    page = open_page("mappings", mapping="new").set("mappings_glide_table_new", "items")
    while "Reading the table's columns" in page.text:
        page.run()
    return page


def columns(page: Page) -> list[str | None]:
    return [column if isinstance(column, str) else None for column in page.grid("mappings_grid_")["column"]]


def test_a_new_table_is_proposed_shown_as_a_statement_created_and_activated(new, ask):
    new.set("mappings_create_new", "New table")
    assert columns(new) == ["item", "unit_price", "bought_on"]
    new.press("Show the statement and create")
    assert 'CREATE TABLE "public"."items"' in new.text
    assert ask("select to_regclass('public.items')") == [(None,)]
    new.press("Create table")
    assert new.app.session_state["mappings_target_new"] == "public.items"  # from now on a table as any other
    assert "Show the statement and create" not in new.buttons
    new.press("Activate")
    assert "Items is active." in new.text
    assert [(row.name, row.status) for row in mappings.listing(LOCAL)] == [("Items", "active")]


def test_columns_of_an_existing_table_are_paired_by_name_at_once(new, ask):
    ask("create table public.stock (glide_row_id text unique, item text, unit_price numeric, note text)")
    new.run().set("mappings_target_new", "public.stock")
    assert columns(new) == ["item", "unit_price", None]


def test_what_is_typed_into_the_grid_is_what_is_saved(open_page, items, ask):
    ask("alter table public.items add column label text")
    page = open_page("mappings", mapping=items.id).edit("mappings_grid_", 0, column="label")
    assert "1 change not saved" in page.text
    page.press("Save")
    assert {pair.column for pair in mappings.get(LOCAL, items.id).pairs} == {"label", "unit_price", "bought_on"}


def test_a_problem_calls_glide_columns_by_the_names_people_gave_them(open_page, items):
    page = open_page("mappings", mapping=items.id).edit("mappings_grid_", 2, column="item")
    assert 'Both "Item" and "Bought on" write to column "item": keep one of the pairs.' in page.text


def test_the_saved_mapping_is_run_from_its_own_page_which_leads_to_its_runs(open_page, items):
    page = open_page("mappings", mapping=items.id).press("Sync now")
    assert "items is queued." in page.text
    assert runs.active(LOCAL)[0].mapping_name == "items"
    assert page.edit("mappings_grid_", 0, column="label").buttons["Sync now"].disabled


def test_map_same_names_says_so_when_nothing_resembles(open_page, items, ask):
    ask("alter table public.items drop column bought_on")
    page = open_page("mappings", mapping=items.id)
    assert page.buttons["Map same names"].disabled, "all of them are mapped"
    page.edit("mappings_grid_", 2, column=None).press("Map same names")
    assert texts.NOTHING_TO_PAIR in page.text


def test_discarding_brings_back_what_is_stored(open_page, items):
    page = open_page("mappings", mapping=items.id).edit("mappings_grid_", 0, column="")
    page.press("Discard")
    assert columns(page) == ["item", "unit_price", "bought_on"]
    assert "not saved" not in page.text


def test_edits_outlast_a_look_at_another_page(open_page, items):
    from glsync.ui import places

    page = open_page("mappings", mapping=items.id).edit("mappings_grid_", 0, column=None)
    page.app.switch_page(places.file_of("dashboard"))
    page.run()
    page.app.switch_page(places.file_of("mappings"))
    page.app.query_params["mapping"] = str(items.id)
    assert columns(page.run()) == [None, "unit_price", "bought_on"]
    assert "1 change not saved" in page.text


def test_unmap_all_then_map_same_names_comes_back_to_the_pairs(open_page, items):
    page = open_page("mappings", mapping=items.id).press("Unmap all")
    assert columns(page) == [None, None, None]
    page.press("Map same names")
    assert columns(page) == ["item", "unit_price", "bought_on"]


def test_an_error_keeps_a_mapping_from_being_activated_and_has_a_fix(open_page, items):
    page = open_page("mappings", mapping=items.id).edit("mappings_grid_", 0, kind="boolean")
    page.edit("mappings_grid_", 0, column="unit_price")
    assert page.buttons["Save"].disabled
    page.press("Unmap it")
    assert columns(page)[0] is None


def test_a_missing_column_is_added_after_its_statement_was_shown(open_page, items, ask):
    ask("alter table public.items drop column bought_on")
    page = open_page("mappings", mapping=items.id)
    assert page.buttons["Save"].disabled
    page.press("Add the column")
    assert 'ADD COLUMN "bought_on"' in page.text
    page.press("Add columns")
    assert "Added to public.items: bought_on." in page.text
    assert not page.buttons["Save"].disabled


def test_only_unmapped_columns_can_be_shown(open_page, items):
    page = open_page("mappings", mapping=items.id).edit("mappings_grid_", 1, column=None)
    page.set("mappings_view", "Unmapped")
    assert page.grid("mappings_grid_")["glide"].tolist() == ["Unit price"]
    page.edit("mappings_grid_", 0, column="unit_price").set("mappings_view", "All")
    assert columns(page) == ["item", "unit_price", "bought_on"]


def test_the_preview_marks_the_cells_that_do_not_fit(open_page, items):
    page = open_page("mappings", mapping=items.id).press("Preview 20 rows")
    while "Reading 20 rows" in page.text:
        page.run()
    assert "Row b, unit_price: a lot is not a number" in page.text


def test_when_somebody_else_saved_first_both_versions_are_shown(open_page, items):
    page = open_page("mappings", mapping=items.id).edit("mappings_grid_", 0, column=None)
    mappings.save(LOCAL, replace(items, deletes="delete"), activate=True)
    page.press("Save")
    assert "While you edited, somebody else saved this mapping." in page.text
    page.press("Keep yours")
    assert (mappings.get(LOCAL, items.id).deletes, len(mappings.get(LOCAL, items.id).pairs)) == ("keep", 2)


def test_their_version_can_be_taken_instead(open_page, items):
    page = open_page("mappings", mapping=items.id).edit("mappings_grid_", 0, column=None)
    mappings.save(LOCAL, replace(items, deletes="delete"), activate=True)
    page.press("Save").press("Take theirs")
    assert columns(page) == ["item", "unit_price", "bought_on"]
    assert mappings.get(LOCAL, items.id).deletes == "delete"


def test_a_mapping_is_deleted_by_typing_its_name(open_page, items):
    page = open_page("mappings", mapping=items.id)
    choose(page, "Delete").set("mapping_delete_name", "items").press("Delete mapping")
    assert "items is deleted." in page.text
    assert mappings.listing(LOCAL) == []


def test_a_copy_is_a_draft_with_a_table_of_its_own(open_page, items):
    page = open_page("mappings", mapping=items.id)
    choose(page, "Duplicate").press("Duplicate")
    copy = mappings.find(LOCAL, "items copy")
    assert (copy.target, copy.enabled) == ("public.items_copy", False)


def test_a_mapping_can_be_paused(open_page, items):
    choose(open_page("mappings", mapping=items.id), "Pause")
    assert not mappings.get(LOCAL, items.id).enabled


def choose(page: Page, what: str) -> Page:
    page.app.get("menu_button")[0].click(what)
    return page.run()


def test_when_glide_does_not_answer_the_rest_of_the_editor_stays(open_page, glide, items):
    glide.stop()
    page = open_page("mappings", mapping=items.id)
    for _ in range(200):
        if "Try again" in page.buttons:
            break
        page.run()
    assert "Reference " in page.text
    assert "To Postgres" in page.text


def test_picking_a_mapping_opens_it(open_page, items):
    page = open_page("mappings").pick("mappings_table", 0)
    assert page.app.query_params["mapping"] == str(items.id)


def test_a_search_that_finds_nothing_can_be_cleared(open_page, items):
    page = open_page("mappings", mappings_search="zzz")
    assert "No mapping fits this search" in page.text
    assert len(page.press("Clear the search").grid("mappings_table")) == 1


@pytest.mark.parametrize("asked", ["nonsense", "0f0e0d0c-0b0a-4908-8706-050403020100"])
def test_an_address_that_leads_nowhere_says_so(open_page, ops, asked):
    assert "This is no longer here" in open_page("mappings", mapping=asked).text


def test_a_viewer_sees_the_mapping_and_cannot_change_it(open_page, items, act_as):
    act_as("viewer")
    page = open_page("mappings", mapping=items.id)
    assert page.buttons["Save"].disabled
    assert page.buttons["Unmap all"].disabled


def test_a_filter_and_a_schedule_are_edited_and_the_schedule_says_what_it_costs(open_page, items):
    page = open_page("mappings", mapping=items.id).set(f"mappings_filter_{items.id}", "Name != null")
    page.set(f"mappings_schedule_{items.id}", "every 1h")
    while "runs a month" not in page.text:
        page.run()
    assert "720 runs a month; reading costs 720 updates" in page.text
    assert "Next run" in page.press("Save").text
    stored = mappings.get(LOCAL, items.id)
    assert (stored.filter, stored.schedule) == ("Name != null", "every 1h")


def test_a_filter_that_cannot_be_used_is_a_problem_at_once(open_page, items):
    page = open_page("mappings", mapping=items.id).set(f"mappings_filter_{items.id}", "Name ==")
    assert "The filter" in page.text
    assert page.buttons["Save"].disabled


def test_a_rule_of_a_column_is_typed_into_the_grid(open_page, items):
    page = open_page("mappings", mapping=items.id).edit("mappings_grid_", 0, rule='row["Item"] + "!"')
    page.press("Save")
    assert mappings.get(LOCAL, items.id).pairs[0].rule == 'row["Item"] + "!"'


def test_an_older_state_is_brought_back_looked_at_and_saved(open_page, items):
    mappings.save(LOCAL, replace(mappings.get(LOCAL, items.id), deletes="delete", pairs=items.pairs[:1]), activate=True)
    page = open_page("mappings", mapping=items.id)
    page.app.session_state["mappings_history"] = True
    page.run()
    assert "deletes: keep → delete, columns (Bought on, Unit price)" in page.text
    page.press("Restore")
    assert columns(page) == ["item", "unit_price", "bought_on"]
    assert mappings.get(LOCAL, items.id).deletes == "delete"
    page.press("Save")
    assert (mappings.get(LOCAL, items.id).deletes, len(mappings.get(LOCAL, items.id).pairs)) == ("keep", 3)


def test_why_a_schedule_pauses_stands_on_the_page_and_in_the_list(open_page, items, ask):
    mappings.save(LOCAL, replace(mappings.get(LOCAL, items.id), schedule="every 1h"), activate=True)
    ask("update glsync.schedules set paused_at = now(), pause_reason = 'Paused itself after 3 failed runs.'")
    assert "Paused itself after 3 failed runs." in open_page("mappings", mapping=items.id).text
    assert open_page("mappings").grid("mappings_table")["state"].tolist() == [["Schedule paused"]]


def test_whom_a_column_refers_to_is_chosen_in_the_grid_and_previewed_as_a_row_id(open_page, items, ask):
    ask("alter table public.items add column above uuid references public.items")
    page = open_page("mappings", mapping=items.id)
    page.edit("mappings_grid_", 0, column="above", reference="items").press("Save")
    (pair,) = (pair for pair in mappings.get(LOCAL, items.id).pairs if pair.column == "above")
    assert pair.reference == "items"
    assert [row["above"] for row in mappings.preview(LOCAL, mappings.get(LOCAL, items.id)).rows] == ["pen", "ink"]
