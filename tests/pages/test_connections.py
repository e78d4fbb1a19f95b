"""Connections: tried before they are saved, changed, and deleted only by name."""

from __future__ import annotations

import pytest

from glsync.services import connections
from glsync.services.access import LOCAL

from .conftest import TOKEN, Page, addresses


def fill(page: Page, glide, *, name="Field operations", token=TOKEN) -> Page:
    """Type a whole connection into the drawer."""
    page.press("Add connection")
    for key, value in {"name": name, "app_id": "ops1", **addresses(glide)}.items():
        page.set(f"connections_form_{key}", value)
    return page.set("connections_token", token)


def wait_for_test(page: Page) -> Page:
    while "Testing: reach" in page.text:
        page.run()
    return page


def test_a_connection_is_tested_step_by_step_and_then_saved(open_page, glide):
    page = fill(open_page("connections"), glide)
    assert page.buttons["Save connection"].disabled
    wait_for_test(page.press("Test connection"))
    assert all(step in page.text for step in ("**Reach**", "**Sign in**", "**List tables**", "**Read a row**"))
    page.press("Save connection")
    assert "Field operations is connected." in page.text
    assert [row.name for row in connections.listing(LOCAL)] == ["Field operations"]


def test_a_wrong_token_fails_at_the_step_it_concerns_and_is_not_saved(open_page, glide):
    page = wait_for_test(fill(open_page("connections"), glide, token="wrong-token").press("Test connection"))
    assert ":red[:material/error:] **Sign in**" in page.text
    assert page.buttons["Save connection"].disabled


def test_what_was_changed_after_the_test_has_to_be_tested_again(open_page, glide):
    page = wait_for_test(fill(open_page("connections"), glide).press("Test connection"))
    page.set("connections_token", "another-token")
    assert "The form changed since the test" in page.text
    assert page.buttons["Save connection"].disabled


def test_saving_without_a_test_has_to_be_asked_for(open_page, glide):
    fill(open_page("connections"), glide).press("Save without test")
    assert open_page("connections").grid("connections_table")["state"].tolist() == [["Not tested"]]


def test_a_name_that_is_taken_is_refused_inside_the_drawer(open_page, glide, ops):
    page = fill(open_page("connections"), glide, name="ops").press("Save without test")
    assert "There is already a connection named 'ops'" in page.text
    assert "Save without test" in page.buttons


def test_the_token_is_never_shown_again(open_page, ops):
    page = open_page("connections", connection=ops.id)
    assert TOKEN not in page.text
    assert "•••• 1234" in page.text


def test_no_word_of_the_token_stays_in_the_tab_once_it_is_saved(open_page, glide):
    page = fill(open_page("connections"), glide).press("Save without test")
    assert "connections_token" not in page.app.session_state


def test_a_new_token_replaces_the_old_one_and_is_tested(open_page, ops):
    page = open_page("connections", connection=ops.id).press("Rotate token")
    page.set("connections_token", "another-token-9876").press("Replace token")
    assert "The token of ops now ends in 9876." in page.text
    assert "**Sign in**" in wait_for_test(page).text


def test_a_connection_says_who_uses_it_and_cannot_be_deleted_meanwhile(open_page, ops, items):
    page = open_page("connections", connection=ops.id)
    assert page.grid("connections_used")["route"].tolist() == ["Items → items"]
    page.press("Delete").set("connections_delete_name", "ops")
    assert page.buttons["Delete connection"].disabled


def test_a_connection_is_deleted_by_typing_its_name(open_page, ops):
    page = open_page("connections", connection=ops.id).press("Delete").set("connections_delete_name", "op")
    assert page.buttons["Delete connection"].disabled
    page.set("connections_delete_name", "ops").press("Delete connection")
    assert "ops is deleted." in page.text
    assert connections.listing(LOCAL) == []


def test_a_connection_can_be_renamed(open_page, ops):
    page = open_page("connections", connection=ops.id).press("Edit")
    page.set("connections_form_name", "operations").press("Save")
    assert connections.get(LOCAL, ops.id).name == "operations"


def test_a_failing_test_leaves_the_connection_marked_with_what_is_wrong(open_page, glide, ops):
    glide.stop()
    page = wait_for_test(open_page("connections", connection=ops.id).press("Test again"))
    assert ":red[:material/error:] **Reach**" in page.text
    assert open_page("connections").grid("connections_table")["state"].tolist() == [["Action needed"]]


@pytest.mark.parametrize("asked", ["nonsense", "0f0e0d0c-0b0a-4908-8706-050403020100"])
def test_an_address_that_leads_nowhere_says_so(open_page, asked):
    assert "This is no longer here" in open_page("connections", connection=asked).text


def test_a_viewer_cannot_add(open_page, ops, act_as):
    act_as("viewer")
    assert open_page("connections").buttons["Add connection"].disabled
