"""Runs: started, watched, found again, looked at in full, approved."""

from __future__ import annotations

import json
import re

import pytest

from glsync.services import runs, undoing
from glsync.services.access import LOCAL
from glsync.ui import run_view


def test_sync_now_queues_the_mapping_that_is_chosen(open_page, items):
    page = open_page("runs").press("Sync now")
    assert "items is queued." in page.text
    assert "Running now · 1" in page.text
    assert "It begins as soon as a worker is free." in page.text


def test_pressing_twice_leads_to_the_run_that_waits(open_page, items):
    page = open_page("runs").press("Sync now").press("Sync now")
    assert "items is already queued." in page.text
    assert len(runs.active(LOCAL)) == 1


def test_a_run_that_waits_can_be_cancelled(open_page, items):
    page = open_page("runs").press("Sync now").press("Cancel")
    assert runs.active(LOCAL) == []
    assert page.grid("runs_history")["state"].tolist() == [["Cancelled"]]


def test_a_dry_run_says_what_a_run_would_do_and_writes_nothing(open_page, items, ask):
    page = open_page("runs").press("Dry run")
    while "Reading both sides" in page.text:
        page.run()
    assert "Create 1" in page.text
    assert "1 row held back" in page.text
    assert ask("select count(*) from public.items") == [(0,)]


def test_the_history_counts_what_was_stored_not_what_was_tried(open_page, synced):
    row = open_page("runs").grid("runs_history").iloc[0]
    assert (row["read"], row["created"], row["failed"]) == (2, 1, 1)
    assert row["state"] == ["Completed with errors"]


def test_filters_live_in_the_address(open_page, synced):
    page = open_page("runs", runs_state="Failed")
    assert "No run fits these filters" in page.text
    page.press("Clear filters")
    assert len(page.grid("runs_history")) == 1


def test_picking_a_run_opens_it(open_page, synced):
    page = open_page("runs").pick("runs_history", 0)
    assert page.app.query_params["run"] == str(synced)
    assert "2 rows read: 1 created, 1 held back" in page.text


def test_an_address_with_a_run_opens_it_at_once(open_page, synced):
    page = open_page("runs", run=synced)
    assert "Held back 1" in page.text
    assert "Held back, by cause" in page.text
    assert "The cell is not a number" in page.text


@pytest.mark.parametrize("asked", ["nonsense", "0f0e0d0c-0b0a-4908-8706-050403020100"])
def test_an_address_with_a_run_that_is_not_there_says_so(open_page, asked):
    assert "This is no longer here" in open_page("runs", run=asked).text


def test_a_part_that_waits_is_approved_only_in_a_second_look(open_page, synced, ask):
    part = {
        "reason": "Would delete 128 of 312 rows",
        "side": "postgres",
        "operation": "delete",
        "rows": 128,
        "hash": "h4sh",
        "sample": ["row-1"],
    }
    ask(f"update gl_sync_logs set waiting = '{json.dumps([part])}' where id = '{synced}'")
    page = open_page("runs", run=synced).press("Approve delete of 128 rows")
    assert "128 rows in Postgres: delete." in page.text
    assert runs.active(LOCAL) == []
    page.press("Approve delete")
    assert "items is queued." in page.text
    assert ask("select options ->> 'approve' from gl_sync_logs where completed_at is null") == [("h4sh",)]


def test_a_failed_run_says_why_and_what_to_do(open_page, synced, ask):
    ask(f"update gl_sync_logs set status = 'failed', message = 'It broke', hint = 'Mend it' where id = '{synced}'")
    page = open_page("runs", run=synced)
    assert "It broke" in page.text
    assert "Mend it" in page.text


def test_a_run_under_way_shows_its_steps_its_pace_and_when_it_will_be_done(open_page, synced, ask):
    ask(
        f"update gl_sync_logs set status = 'processing', completed_at = null, stage = 'write', expected_rows = 4000, "
        f"read_rows = 1000, started_at = now() - interval '10 seconds' where id = '{synced}'"
    )
    text = open_page("runs", run=synced).text
    assert "Read and store" in text
    assert re.search(r"1,000 of 4,000 rows · \d+ rows/s · about 3\d s left", text)


def test_the_steps_behind_a_run_are_ticked(synced):
    from dataclasses import replace

    run = replace(runs.get(LOCAL, synced), status="processing", stage="write", direction="to_supabase")
    assert run_view.steps(run).count("check_circle") == 1


# Undo


@pytest.fixture
def changed(synced, glide, items):
    """A run that changed the row a."""
    glide.edit("items", set={"a": {"Name": "quill"}})
    return runs.run_here(LOCAL, items.id).log_id


def shown(page):
    """The page once the plan of the undo is there."""
    while "Looking at the rows the run wrote" in page.text:
        page.run()
    return page


def test_an_undo_is_shown_before_it_is_done(open_page, changed, ask):
    page = shown(open_page("runs", run=changed).press("Undo"))
    assert "Update 1" in page.text
    assert "Glide decides in this mapping" in page.text
    page.press("Undo this run")
    assert "The undo of this run of items is queued." in page.text
    assert [run.undo_of for run in runs.active(LOCAL)] == [changed]
    assert ask("select item from items where glide_row_id = 'a'") == [("quill",)]


def test_rows_an_undo_leaves_are_listed_with_the_reason(open_page, changed, ask):
    ask("update items set item = 'edited since' where glide_row_id = 'a'")
    page = shown(open_page("runs", run=changed).press("Undo"))
    assert "1 row left as they are" in page.text
    frame = next(table.value for table in page.app.dataframe if "Why" in table.value)
    assert frame.values.tolist() == [["postgres", "a", "it was edited since"]]
    assert page.buttons["Undo this run"].disabled


def test_a_run_and_its_undo_lead_to_each_other(open_page, changed):
    done = undoing.here(LOCAL, changed, undoing.plan(LOCAL, changed).plan.hash)
    assert "This run was undone." in open_page("runs", run=changed).text
    page = open_page("runs", run=done.id)
    assert "This run put back what another one had written." in page.text
    assert "The mapping rests" in page.text


def test_a_viewer_may_not_undo_a_run(open_page, changed, act_as):
    act_as("viewer")
    assert open_page("runs", run=changed).buttons["Undo"].disabled


def test_a_run_whose_history_is_gone_says_why_it_cannot_be_undone(open_page, changed, ask):
    ask("delete from glsync.history")
    button = open_page("runs", run=changed).buttons["Undo"]
    assert button.disabled
    assert "30 days" in button.help
