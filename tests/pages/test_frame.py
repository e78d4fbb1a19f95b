"""Every page: empty, without its database, and for somebody who may only look."""

from __future__ import annotations

import pytest

from glsync.services.access import LOCAL
from glsync.ui import shell, texts

PAGES = tuple(texts.TITLES)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_opens_on_an_empty_database_under_its_own_title(open_page, name):
    assert texts.TITLES[name].name in [title.value for title in open_page(name).app.title]


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("dashboard", "dashboard"),
        ("runs", "runs"),
        ("errors", "errors"),
        ("metrics", "metrics"),
        ("connections", "connections"),
        ("mappings", "mappings_unconnected"),
    ],
)
def test_an_empty_page_says_what_belongs_there_and_what_to_do(open_page, name, what):
    found = texts.EMPTY[what]
    assert found.body in open_page(name).text


@pytest.mark.parametrize("name", PAGES)
def test_without_its_database_a_page_stays_calm_and_says_what_to_do(open_page, database_gone, name):
    page = open_page(name)
    assert texts.TITLES[name].name in [title.value for title in page.app.title]
    assert "Check that the database is up and reachable" in page.text or name == "settings"
    assert "Reference " in page.text or name == "settings"


def test_the_frame_says_since_when_the_database_is_away(open_page, database_gone):
    assert "Database unreachable" in open_page("dashboard").text


def test_the_frame_says_that_no_worker_is_there(open_page):
    assert "No worker yet" in open_page("dashboard").text


@pytest.mark.parametrize("role", ["viewer", "operator", "editor"])
def test_the_installation_is_shown_to_administrators_alone(open_page, act_as, role):
    act_as(role)
    page = open_page("settings")
    assert list(page.buttons) == []
    assert page.app.get("download_button") == []
    assert "This installation" not in page.text


def test_a_button_that_is_not_for_the_reader_says_who_may_press_it(open_page, act_as, items):
    act_as("viewer")
    button = open_page("runs").buttons["Sync now"]
    assert button.disabled
    assert button.help == "Needs the role operator or higher."


ACTS = {
    "runs": ("Sync now", "operator"),
    "connections": ("Add connection", "editor"),
    "mappings": ("New mapping", "editor"),
}
ROLES = ("viewer", "operator", "editor", "admin")


@pytest.mark.parametrize("role", ROLES)
def test_every_page_shows_every_role_its_data_and_lets_it_do_what_it_may(open_page, act_as, synced, role):
    act_as(role)
    for name in PAGES:
        page = open_page(name)
        assert texts.TITLES[name].name in [title.value for title in page.app.title]
        act, least = ACTS.get(name, (None, "viewer"))
        if act is not None:
            assert page.buttons[act].disabled == (ROLES.index(role) < ROLES.index(least)), name


def test_a_name_that_looks_like_markup_is_shown_as_it_is(open_page, items, ask):
    ask("update gl_mappings set name = '**a** :red[b] [c](http://x) $d$'")
    page = open_page("mappings", mapping=items.id)
    page.app.session_state["mappings_more"] = None
    assert page.run()
    run = open_page("runs")
    assert "**a**" not in [markdown.value for markdown in run.app.markdown]


def test_without_sign_in_the_reader_is_the_one_local_user():
    assert shell.who() == LOCAL
