"""Settings: what this installation is, its configuration as a file, and the demo."""

from __future__ import annotations

import glsync
from glsync import startup
from glsync.services import hooks, subscriptions, tokens
from glsync.services.access import LOCAL

COPIED = """
do $$ begin
    execute format('comment on schema glsync is %L', regexp_replace(
        obj_description('glsync'::regnamespace, 'pg_namespace'), '"number": [0-9]+', '"number": 1'));
end $$
"""
"""What a database knows of itself after it was cloned."""


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


def test_a_token_is_made_shown_once_and_revoked(open_page):
    page = open_page("settings").press("New token").set("token_name", "nightly").set("token_role", "operator")
    page.press("Make token")
    (clear,) = [code.value for code in page.app.code if code.value.startswith("gls_")]
    found = tokens.actor_of(clear)
    assert found is not None
    assert found[1].role == "operator"
    page.press("I have copied it")
    assert clear not in page.text
    page.pick("settings_tokens_table", 0).press("Revoke")
    assert tokens.actor_of(clear) is None


def test_a_token_without_a_name_is_refused_in_the_dialog(open_page):
    page = open_page("settings").press("New token").press("Make token")
    assert "A token needs a name" in page.text
    assert "New token" in page.buttons


def test_an_address_for_a_mapping_is_made_and_taken_away(open_page, items):
    page = open_page("settings").press("New address").set("hook_name", "Glide").press("Make address")
    (path,) = [code.value for code in page.app.code if code.value.startswith("/hooks/")]
    assert hooks.listing(LOCAL)[0].proof == "header"
    page.press("I have copied it").pick("settings_hooks_table", 0).press("Revoke address")
    assert hooks.listing(LOCAL) == []
    assert path not in page.text


def test_an_address_is_told_of_events_paused_and_removed(open_page):
    page = open_page("settings").press("Tell an address").set("subscription_url", "https://93.184.216.34/hook")
    page.press("Tell it").press("I have copied it").pick("settings_subscriptions_table", 0).press("Pause")
    assert subscriptions.listing(LOCAL)[0].disabled_reason == "Switched off by local"
    page.press("Remove")
    assert subscriptions.listing(LOCAL) == []


def test_a_copied_database_says_so_on_every_page_and_is_re_armed_here(open_page, items, ask):
    startup.migrate()
    ask(COPIED)
    assert "A copy: nothing runs" in open_page("runs").text
    refused = open_page("runs").press("Sync now")
    assert "This database is a copy of another one" in refused.text
    page = open_page("settings").press("Re-arm")
    assert "its mappings run from now on" in page.text
    assert "A copy: nothing runs" not in page.text
    assert "items is queued." in open_page("runs").press("Sync now").text
