"""What people do with the app from beginning to end, in a real browser, against a real app."""

from __future__ import annotations

import re
import subprocess

import pytest
import requests
from playwright.sync_api import expect

from .conftest import until

pytestmark = pytest.mark.browser
DEMO_APP, DEMO_TOKEN = "dW7hoLesaleOps4Demo1", "demo-wholesale-token"


def test_from_the_first_start_to_a_synced_demo_takes_one_press(look, fresh_app):
    reader = look(fresh_app).open()
    reader.sees("12 tables are mapped to Postgres").press("Sync all demo tables")
    reader.sees("12 runs queued.")
    table = reader.grid("dashboard_mappings")
    states = "Healthy|With errors"
    row = table.row_of(1, "purchase_orders")
    expect(table.cell(2, row)).to_contain_text(re.compile(states))
    expect(table.cell(4, row)).to_contain_text(re.compile(r"\d{4}-\d\d-\d\d"))
    assert fresh_app.ask("select count(*) from gl_purchase_orders")[0][0] == len(fresh_app.rows("purchase_orders"))
    reader.follow("Sync runs").sees("Runs show here while they work.")
    assert reader.grid("runs_history").rows() in (12, 13)  # two tables refer to each other: one of them runs twice


def test_a_new_connection_and_a_new_mapping_end_in_rows_in_postgres(look, app):
    reader = look(app).open("connections").press("Add connection")
    reader.type("Name", "Mine").type("App id", app.ask("select app_id from gl_connections limit 1")[0][0])
    reader.page.get_by_text("Addresses and time zone").click()
    reader.settled()
    reader.type("Address of the classic API", f"{app.glide}/api/function")
    reader.type("Address of its tables", f"{app.glide}/api").type("Address of Big Tables", app.glide)
    reader.type("API token", DEMO_TOKEN).press("Test connection")
    reader.sees("Sign in").sees("12 tables").press("Save connection")
    reader.sees("Mine is connected.").follow("Map a table")

    reader.choose("Glide table", "Expenses")
    reader.page.get_by_text("New table", exact=True).click()
    reader.settled()
    grid = reader.grid("mappings_grid_new")
    row = grid.row_of(0, "Amount")
    grid.edit(3, row, "spent")
    grid.has(3, row, "spent")
    reader.press("Show the statement and create").sees('"spent"').press("Create table")
    reader.sees("Table public.expenses is created.").press("Activate", exact=False)
    reader.sees("Expenses is active.").press("Sync now").sees("Expenses is queued.")
    until(lambda: app.ask("select count(*) from public.expenses where spent is not null")[0][0] > 0, "rows in Postgres")
    reader.follow("Open the run").sees("Completed")


def test_a_cell_that_does_not_fit_is_shown_fixed_in_glide_and_retried(look, app):
    reader = look(app).open("errors")
    table = reader.grid("errors_groups")
    table.tick(table.row_of(1, "The cell is not a date or time"))
    reader.sees("What to do").sees("has to be")
    column, row_id, value = app.ask(
        "select column_name, glide_row_id, value from gl_sync_errors e join gl_mappings m on m.id = e.mapping_id "
        "where m.name = 'shipping_records' and state = 'open' and column_name = 'ship_date'"
    )[0]
    assert (column, value) == ("ship_date", "last Tuesday")
    reader.open("errors")
    table = reader.grid("errors_groups")
    table.tick(table.row_of(3, "ship_date"))
    reader.grid("errors_rows").has(2, 0, "last Tuesday")

    glide_column = next(name for name, cell in row_in_glide(app, row_id).items() if cell == "last Tuesday")
    app.in_glide(f"/tables/{app.table('shipping_records')}/edits", {"set": {row_id: {glide_column: "2026-03-03"}}})
    reader.press("Retry all 1").sees("1 row will be retried.")
    until(lambda: state_of(app, row_id) == ["resolved"], "the error is resolved")
    stored = app.ask(f"select ship_date::date::text from gl_shipping_records where glide_row_id = '{row_id}'")
    assert stored == [("2026-03-03",)]
    reader.open("errors?errors_state=Resolved").sees("1 error")


def row_in_glide(app, row_id):
    return next(row for row in app.rows("shipping_records") if row["$rowID"] == row_id)


def state_of(app, row_id):
    found = app.ask(f"select state from gl_sync_errors where glide_row_id = '{row_id}' and column_name = 'ship_date'")
    return [state for (state,) in found]


def test_forty_errors_of_a_cause_are_reviewed_in_at_most_five_acts(look, app):
    app.ask(
        "select gl_record_sync_error(id, 'VALIDATION_ERROR', 'Row ' || n || ' does not fit', null, true, 'row ' || n, "
        "'box_weight', 'heavy', 'a number of kilos') "
        "from gl_mappings cross join generate_series(1, 40) as n where name = 'shipping_records'"
    )
    reader = look(app).open("errors")
    table = reader.grid("errors_groups")
    acts = (
        lambda: table.tick(table.row_of(4, "40")),
        lambda: reader.sees("What to do").press("Resolve all 40"),
        lambda: reader.choose("A note at hand", "Corrected in Glide"),
        lambda: reader.page.get_by_role("dialog").get_by_role("button", name="Resolve", exact=True).click(),
    )
    for act in acts:
        act()
    reader.sees("40 errors resolved.")
    assert len(acts) <= 5
    assert app.ask("select count(*) from gl_sync_errors where rule = 'a number of kilos' and state = 'open'") == [(0,)]


SLOW = [{"kind": "latency", "seconds": 0.7, "count": None}]
"""Every answer of Glide comes late, so that a run can be watched."""


@pytest.fixture
def slow_glide(app):
    app.in_glide("/settings", {"page_rows": 100, "big_page_rows": 100})
    app.in_glide("/faults", SLOW)
    yield
    app.in_glide("/settings", {"page_rows": 10_000, "big_page_rows": 10_000})
    requests.delete(f"{app.glide}/_standin/faults", timeout=30)


def test_a_run_is_seen_to_move_and_to_end_without_a_touch(look, app, slow_glide):
    reader = look(app).open("runs").choose("Mapping", "customer_payments").press("Sync now", exact=False)
    card = reader.page.locator('[class*="st-key-runs_card_"]').first
    seen = set()
    until(lambda: seen.add(rows_read(card)) or len(seen - {""}) >= 3, "three different counts on the screen")
    reader.sees("Runs show here while they work.")
    table = reader.grid("runs_history").has(1, 0, "customer_payments")
    expect(table.cell(2, 0)).to_contain_text("Completed")


def rows_read(card):
    """The rows read so far as the card tells them, "" while it tells none."""
    found = re.search(r"([\d,]+)( of [\d,]+)? rows", card.text_content() or "") if card.count() else None
    return found[1] if found else ""


def test_a_link_to_a_run_opens_it_as_the_first_page_of_a_fresh_server(look, app):
    run = app.ask("select id from gl_sync_logs order by started_at limit 1")[0][0]
    app.stop()
    app.start()
    reader = look(app).open(f"runs?run={run}")
    reader.sees("All runs").sees("Log")
    expect(reader.page.get_by_role("link", name="Dashboard")).to_be_visible()
    reader.sees_no("Page not found")


def test_conflicts_picked_by_field_and_all_alike_end_equal_on_both_sides(look, app):
    mapping = "customer_credits"
    app.ask(f"update gl_mappings set sync_direction = 'both' where name = '{mapping}'")
    app.glsync("sync", mapping, "--json")
    found = app.ask("select glide_row_id from gl_customer_credits where payment_note is not null limit 3")
    rows = [row for (row,) in found]
    theirs = "where glide_row_id in ('" + "', '".join(rows) + "')"
    column = app.ask(
        "select key from gl_mappings, jsonb_each(column_mappings) "
        f"where name = '{mapping}' and value ->> 'supabase_column_name' = 'payment_note'"
    )[0][0]
    app.in_glide(f"/tables/{app.table(mapping)}/edits", {"set": {row: {column: "said in Glide"} for row in rows}})
    app.ask(f"update gl_customer_credits set payment_note = 'said in Postgres' {theirs}")
    with_conflict(app, mapping)

    def both() -> set[str]:
        stored = app.ask(f"select payment_note from gl_customer_credits {theirs}")
        return {cells[column] for cells in app.rows(mapping) if cells["$rowID"] in rows} | {said for (said,) in stored}

    reader = look(app).open("errors").sees("Changed on both sides").press("Decide 3", exact=False)
    reader.sees("said in Glide").sees("said in Postgres").press("Take Postgres's value")
    reader.sees("Postgres was picked for 1 conflict.").sees("2 conflicts to decide")
    reader.press("Apply to all 2 like this", exact=False).press("Postgres for all 2")
    reader.sees("Postgres was picked for 2 conflicts.")
    until(lambda: both() == {"said in Postgres"}, "both sides say what was picked")
    reader.sees("Nothing is left to decide here")


def with_conflict(app, mapping):
    """Run it; the command line ends with 3 because somebody has to decide."""
    with pytest.raises(subprocess.CalledProcessError) as ended:
        app.glsync("sync", mapping, "--json")
    assert ended.value.returncode == 3


def test_a_grid_offers_no_file_of_its_own_whose_cells_could_act_as_formulas(look, app):
    reader = look(app).open("mappings")
    reader.grid("mappings_table").frame.hover()
    toolbar = reader.page.get_by_test_id("stElementToolbar").first
    expect(toolbar.get_by_role("button", name="Search")).to_be_visible()
    expect(toolbar.get_by_role("button", name="Download as CSV")).to_have_count(0)
