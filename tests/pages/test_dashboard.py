"""The dashboard: a first start, a press on Sync, and what stands there afterwards."""

from __future__ import annotations

from glsync.services import mappings, runs
from glsync.services.access import LOCAL


def test_a_first_start_is_one_press_away_from_its_first_sync(open_page, demo_app):
    page = open_page("dashboard")
    assert "12 tables are mapped to Postgres" in page.text
    page.press("Sync all demo tables")
    assert "12 runs queued." in page.text
    assert len(runs.active(LOCAL)) == 12


def test_pressing_again_leads_to_the_runs_that_are_queued_already(open_page, demo_app):
    page = open_page("dashboard").press("Sync all demo tables")
    assert "Syncing now: 12 runs" in page.text
    assert "Sync all demo tables" not in page.buttons


def test_the_steps_of_a_start_from_nothing_are_shown(open_page):
    links = [link.proto.label for link in open_page("dashboard").app.get("page_link")]
    assert links == ["Connect a Glide app", "Map one of its tables to Postgres", "Sync it for the first time"]


def test_a_mapping_with_a_row_held_back_needs_attention(open_page, synced):
    page = open_page("dashboard")
    assert "1 mapping needs your attention" in page.text
    assert "Open errors 1" in page.text
    assert "Rows, 24 h 1" in page.text
    assert page.grid("dashboard_mappings")["state"].tolist() == [["With errors"]]


def test_the_activity_says_who_did_what(open_page, synced):
    assert "local added the mapping items" in open_page("dashboard").text
    assert "items completed with errors" in open_page("dashboard").text


def test_the_mapping_that_is_picked_can_be_synced_from_the_toolbar(open_page, items):
    page = open_page("dashboard").pick("dashboard_mappings", 0).press("Sync items")
    assert "items is queued." in page.text
    assert [run.mapping_name for run in runs.active(LOCAL)] == ["items"]


def test_a_paused_mapping_says_so(open_page, items):
    mappings.set_enabled(LOCAL, items.id, False)
    assert open_page("dashboard").grid("dashboard_mappings")["state"].tolist() == [["Paused"]]
