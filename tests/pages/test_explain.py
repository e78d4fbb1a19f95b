"""A row looked up from the page of a run, of an error and of a mapping."""

from __future__ import annotations

import pytest

from glsync.services import errors
from glsync.services.access import LOCAL


def explained(page):
    """The page once the row was looked at."""
    while "Looking at the row on both sides" in page.text:
        page.run()
    return page


def test_a_row_is_looked_up_from_the_page_of_a_run(open_page, synced, glide):
    glide.edit("items", set={"a": {"Name": "quill"}})
    page = open_page("runs", run=synced).set("explain_row", "a")
    page = explained(page.press("Explain"))
    assert "The next run writes it: changed in Postgres." in page.text
    frame = next(table.value for table in page.app.dataframe if "Why" in table.value).set_index("Column")
    assert frame.loc["item", ["Glide", "Postgres"]].tolist() == ["quill", "pen"]
    assert frame.loc["item", "Why"] == "Glide decides about this column: Postgres gets its value."
    assert "Postgres: create" in page.text


def test_an_error_explains_its_row(open_page, synced):
    error = errors.listing(LOCAL)[0]
    page = explained(open_page("errors", error=error.id).press("Explain the row"))
    assert "Glide's cells cannot be read" in page.text
    frame = next(table.value for table in page.app.dataframe if "Why" in table.value)
    assert set(frame["Why"]) == {"Waits: a cell of this row in Glide cannot be read."}
    assert "unit_price" in page.text


def test_a_mapping_looks_up_its_rows_and_says_when_there_is_none(open_page, synced, items):
    page = open_page("mappings", mapping=items.id).set("explain_row", "nobody")
    page = explained(page.press("Explain"))
    assert "Neither Glide nor Postgres has a row 'nobody'" in page.text


@pytest.mark.parametrize(("role", "may"), [("viewer", False), ("operator", True)])
def test_looking_up_needs_a_role_that_may_spend(open_page, synced, act_as, role, may):
    act_as(role)
    assert open_page("runs", run=synced).buttons["Explain"].disabled is not may
