"""Settings: what this installation is, its configuration as a file, and the demo."""

from __future__ import annotations

import glsync


def test_the_installation_is_described(open_page):
    text = open_page("settings").text
    assert glsync.__version__ in text
    assert "migrations applied" in text
    assert "No worker is running" in text


def test_without_a_demo_the_page_says_how_to_start_one(open_page):
    assert "No demo is set up here." in open_page("settings").text


def test_the_configuration_can_be_taken_along_as_a_file(open_page, items):
    page = open_page("settings")
    assert [button.proto.label for button in page.app.get("download_button")] == ["Export configuration"]


def test_without_its_database_the_page_says_that_it_is_not_ready(open_page, database_gone):
    assert "Not ready" in open_page("settings").text
