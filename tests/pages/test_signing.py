"""What somebody sees who signed in, did not, belongs nowhere, or belongs to two workspaces."""

from __future__ import annotations

import time

import pytest

from glsync.config import settings
from glsync.services import connections, members, signing_in
from glsync.services.access import LOCAL, Actor
from tests.database import run_sql
from tests.pages.conftest import claims


@pytest.mark.parametrize("page", ["dashboard", "mappings", "settings"])
def test_whoever_did_not_sign_in_sees_the_way_to_do_so_and_nothing_else(visited, page):
    seen = visited({"is_logged_in": False}, page)
    assert "Sign in to see your workspaces." in seen.text
    assert [button.label for button in seen.app.button] == ["Sign in"]


@pytest.mark.parametrize("iat", [None, 0, "now"])
def test_a_sign_in_ends_after_its_hours(visited, iat):
    assert "Your sign-in is over" in visited(claims("ada", iat=iat)).text
    assert "Your sign-in is over" in visited(claims("ada", iat=time.time() - 13 * 3600)).text


def test_a_sign_in_that_names_nobody_lets_nobody_in(visited):
    assert "names nobody" in visited(claims("ada", sub="")).text


def test_who_belongs_nowhere_is_told_what_to_do(visited):
    seen = visited(claims("eve"), "mappings")
    assert "no workspace is open to you" in seen.text
    assert [button.label for button in seen.app.button] == ["Sign out"]


def test_an_invited_viewer_reads_and_cannot_change(visited):
    members.invite(LOCAL, "vera@example.com", "viewer")
    seen = visited(claims("vera"), "connections")
    assert "vera@example.com · viewer" in seen.text
    add = next(button for button in seen.app.button if button.label == "Add connection")
    assert add.disabled
    assert "Needs the role editor or higher." in str(add.proto.help)


def test_somebody_of_two_workspaces_switches_and_nothing_of_the_first_stays(visited, database):
    members.invite(LOCAL, "ada@example.com", "admin")
    person = signing_in.person_of(claims("ada"))
    signing_in.admit(person)
    ada = signing_in.actor(person)
    assert ada is not None
    second = members.add_workspace(ada, "Second")
    run_sql(database, "insert into gl_connections (app_id, name) values ('a', 'Of the first')")
    run_sql(
        database, f"insert into gl_connections (workspace_id, app_id, name) values ('{second}', 'b', 'Of the second')"
    )
    signing_in.look_at(person, ada.workspace_id)
    page = visited(claims("ada"), "connections")
    assert list(page.grid("connections_table")["name"]) == ["Of the first"]
    page.app.session_state["connections_draft"] = "half typed"
    page.app.selectbox(key="signing_switch").set_value(second)
    page.run()
    assert list(page.grid("connections_table")["name"]) == ["Of the second"]
    assert "connections_draft" not in page.app.session_state
    assert signing_in.actor(person).workspace_id == second  # type: ignore[union-attr]
    assert [row.name for row in connections.listing(Actor("ada", "admin", second, user_id=person.user_id))] == [
        "Of the second"
    ]


def test_a_member_removed_while_a_page_is_open_sees_nothing_more(visited):
    members.invite(LOCAL, "vera@example.com", "viewer")
    page = visited(claims("vera"))
    (vera,) = members.listing(LOCAL)
    members.remove(LOCAL, vera.user_id)
    page.app.session_state["signing_actor"] = (0.0, None)  # the two seconds are over
    assert "no workspace is open to you" in page.run().text


def test_several_providers_of_streamlits_own_file_are_offered_by_name(visited, tmp_path, monkeypatch):
    from glsync import config

    monkeypatch.delenv("GLSYNC_OIDC_METADATA_URL")
    settings.cache_clear()
    (tmp_path / ".streamlit").mkdir()
    (tmp_path / ".streamlit" / "secrets.toml").write_text(
        '[auth]\nredirect_uri = "x"\n[auth.google]\nclient_id = "a"\n[auth.okta]\nclient_id = "b"\n'
    )
    monkeypatch.setenv("HOME", str(tmp_path))
    config.streamlit_secrets.cache_clear()
    try:
        seen = visited({"is_logged_in": False})
        assert [button.label for button in seen.app.button] == ["Sign in with google", "Sign in with okta"]
    finally:
        config.streamlit_secrets.cache_clear()
