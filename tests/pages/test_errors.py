"""Errors: grouped by cause, explained, closed with a note, taken back, retried."""

from __future__ import annotations

from uuid import uuid4

import pytest

from glsync.services import errors, runs
from glsync.services.access import LOCAL


@pytest.fixture
def cause(synced):
    """The one cause there is: the price of row b is no number."""
    return errors.groups(LOCAL)[0]


def test_errors_are_grouped_by_cause_with_an_example(open_page, cause):
    row = open_page("errors").grid("errors_groups").iloc[0]
    assert (row["cause"], row["column"], row["count"], row["sample"]) == (
        "The cell is not a number",
        "unit_price",
        1,
        "a lot",
    )


def test_the_menu_counts_the_open_errors(open_page, cause):
    page = open_page("errors")
    assert "Open 1" in page.text


def test_picking_a_cause_explains_it_and_lists_its_rows(open_page, cause):
    page = open_page("errors").pick("errors_groups", 0)
    assert "What to do" in page.text
    assert cause.advice.steps[0] in page.text
    assert page.grid("errors_rows")["row"].tolist() == ["b"]


def test_nothing_is_resolved_without_a_note(open_page, cause):
    page = open_page("errors", group=cause.key).press("Resolve all 1")
    assert "A note is needed" in page.press("Resolve").text
    assert errors.counters(LOCAL)["open"] == 1
    page.set("errors_note", "corrected in Glide").press("Resolve")
    assert "1 error resolved." in page.text
    assert errors.counters(LOCAL)["resolved"] == 1


def test_a_note_at_hand_fills_the_field(open_page, cause):
    page = open_page("errors", group=cause.key).press("Resolve all 1").set("errors_template", "Mapping changed")
    page.press("Resolve")
    assert errors.listing(LOCAL, errors.ErrorFilter(states=("resolved",)))[0].notes == "Mapping changed"


def test_resolving_can_be_undone(open_page, cause):
    page = open_page("errors", group=cause.key).press("Ignore all 1").set("errors_note", "test data").press("Ignore")
    page.press("Undo")
    assert errors.counters(LOCAL)["open"] == 1


def test_a_retry_queues_a_run_that_takes_the_rows_along(open_page, cause):
    page = open_page("errors", group=cause.key).press("Retry all 1")
    assert "1 row will be retried." in page.text
    assert [run.trigger for run in runs.active(LOCAL)] == ["retry"]


def test_only_the_ticked_rows_are_acted_on(open_page, cause):
    page = open_page("errors", group=cause.key).pick("errors_rows", 0)
    assert "Resolve 1 row" in page.buttons


def test_one_error_shows_the_row_as_glide_gave_it_and_its_history(open_page, cause):
    error = errors.listing(LOCAL)[0]
    page = open_page("errors", error=error.id)
    record = next(table.value for table in page.app.dataframe if "Column in Glide" in table.value)
    assert record.iloc[0].tolist() == ["Unit price", "a lot", "unit_price"]
    assert "History" in page.text
    assert "Retry all 1" in page.press("All of this cause").buttons  # as well from a link that names the error alone


@pytest.mark.parametrize("parameter", ["group", "error"])
def test_an_address_that_leads_nowhere_says_so(open_page, synced, parameter):
    text = open_page("errors", **{parameter: uuid4()}).text
    assert "Nothing is left of this cause" in text or "This is no longer here" in text


def test_filters_that_find_nothing_can_be_cleared(open_page, cause):
    page = open_page("errors", errors_search="nothing like this")
    assert "No error fits these filters" in page.text
    page.press("Clear filters")
    assert len(page.grid("errors_groups")) == 1


def test_a_viewer_may_read_but_not_act(open_page, cause, act_as):
    act_as("viewer")
    page = open_page("errors", group=cause.key)
    assert page.buttons["Resolve all 1"].disabled


def answered(page):
    while "Writing the value" in page.text:
        page.run()
    return page.text


def test_a_value_is_corrected_on_the_page_of_its_error(open_page, cause):
    error = errors.listing(LOCAL)[0]
    page = open_page("errors", error=error.id).set(f"errors_value_{error.id}", "3.75").press("Save in Glide and retry")
    assert "Glide took the value" in answered(page)
    assert [run.trigger for run in runs.active(LOCAL)] == ["retry"]


def test_a_value_that_does_not_fit_is_refused_with_the_reason(open_page, cause):
    error = errors.listing(LOCAL)[0]
    page = open_page("errors", error=error.id).set(f"errors_value_{error.id}", "lots").press("Save in Glide and retry")
    assert "does not fit unit_price" in answered(page)


def test_a_cause_is_ignored_with_those_to_come_listed_and_shown_again(open_page, cause):
    page = open_page("errors", group=cause.key).press("Ignore all 1").set("errors_note", "test data")
    page.set("errors_how_long", "7 days").set("errors_also_new", True).press("Ignore")
    assert "The cause is ignored, and 1 error with it." in page.text
    page = open_page("errors")
    assert "test data" in page.text
    page.press("Show again")
    assert errors.counters(LOCAL)["open"] == 1


def test_everything_shown_is_closed_in_three_acts(open_page, cause):
    page = open_page("errors").press("Resolve all 1").set("errors_template", "Corrected in Glide").press("Resolve")
    assert "1 error resolved." in page.text
    assert errors.counters(LOCAL) == {"open": 0, "retrying": 0, "resolved": 1, "ignored": 0}


def test_errors_are_taken_over_and_found_as_mine(open_page, cause):
    open_page("errors", group=cause.key).press("Assign to me")
    assert errors.listing(LOCAL)[0].assigned_to == LOCAL.name
    assert len(open_page("errors", errors_mine="true").grid("errors_groups")) == 1
