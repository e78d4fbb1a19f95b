"""The screen follows the database: changes arrive by themselves, disturb nobody, and an outage passes calmly."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import contextmanager

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
LIVE_SECONDS = 30


@contextmanager
def stir(app):
    """Something changes twice a second, as during a run."""
    over = threading.Event()

    def change():
        while not over.wait(0.5):
            app.ask("update gl_mappings set enabled = enabled; update gl_sync_errors set attempts = attempts")

    thread = threading.Thread(target=change)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_a_change_comes_to_the_screen_by_itself_and_soon(look, app):
    reader = look(app).open()
    reader.sees("Live")
    grid = reader.grid("dashboard_mappings")
    row = grid.row_of(1, "invoices")
    app.ask("update gl_mappings set name = 'bills' where name = 'invoices'")
    expect(grid.frame.get_by_text("bills", exact=True)).to_have_count(1, timeout=20_000)  # by time alone: 60 s
    app.ask("update gl_mappings set name = 'invoices' where name = 'bills'")
    grid.has(1, row, "invoices")


def test_what_is_being_written_survives_half_a_minute_of_changes(look, app):
    reader, other = look(app).open("errors"), look(app)
    reader.grid("errors_groups").tick(0)
    reader.press("Resolve", exact=False)
    note = reader.page.get_by_label("Note", exact=True)
    note.fill("half a sente")
    other.open("mappings?mapping=new").choose("Glide table", "Expenses")
    other.page.get_by_text("New table", exact=True).click()
    grid = other.settled().grid("mappings_grid_new")
    row = grid.row_of(0, "Amount")
    grid.edit(3, row, "spent")
    with stir(app):
        reader.page.wait_for_timeout(LIVE_SECONDS * 1000)
    expect(note).to_have_value("half a sente")
    grid.has(3, row, "spent")
    note.fill("a whole sentence")
    reader.page.get_by_role("dialog").get_by_role("button", name="Resolve", exact=True).click()
    reader.sees("resolved.")
    assert ("a whole sentence",) in app.ask("select resolution_notes from gl_sync_errors where state = 'resolved'")
    reader.press("Undo").sees("open again.")


@contextmanager
def away(app):
    """The database is killed as by a power cut, and `up`, which would start it again at once, is held back."""
    pid = int(next(app.home.glob("pg*/postmaster.pid")).read_text().split()[0])
    app.signal(signal.SIGSTOP)
    os.kill(pid, signal.SIGQUIT)
    try:
        yield
    finally:
        app.signal(signal.SIGCONT)


def test_a_database_that_is_killed_and_comes_back_is_told_calmly_and_forgotten(look, app):
    reader = look(app).open()
    reader.sees("Live")
    with away(app):
        reader.sees("Database unreachable").sees("Check that the database is up and reachable")
        reader.follow("Errors").sees("Check that the database is up and reachable")
        reader.sees_no("Traceback").sees_no("Something went wrong")
    reader.sees("Live").sees("pick a cause to see what it means")
    reader.sees_no("unreachable")
    reader.follow("Sync runs").choose("Mapping", "accounts").press("Sync now", exact=False)
    history = reader.grid("runs_history").has(1, 0, "accounts")
    expect(history.cell(2, 0)).to_contain_text("Completed")
