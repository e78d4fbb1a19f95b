"""Settings, the part about people: members, invitations, the workspace, the list of changes."""

from __future__ import annotations

import pytest

from glsync.services import members, signing_in
from glsync.services.access import LOCAL


def joined(name: str, role: str = "operator") -> str:
    """Somebody was invited and came; their id."""
    members.invite(LOCAL, f"{name}@example.com", role)  # type: ignore[arg-type]
    person = signing_in.Person(f"https://id.example#{name}", name.capitalize(), f"{name}@example.com")
    signing_in.admit(person)
    return person.user_id


def pick(page, row: int):
    page.app.session_state["people_members"] = {"selection": {"rows": [row], "columns": [], "cells": []}}
    return page.run()


def test_without_a_sign_in_the_page_says_who_may_do_what_and_how_to_change_that(open_page):
    assert "Nobody signs in here yet" in open_page("settings").text


def test_somebody_is_invited_and_the_invitation_withdrawn(open_page):
    page = open_page("settings")
    page.app.text_input(key="people_email").set_value("Ida@Example.com")
    page.app.selectbox(key="people_new_role").set_value("editor")
    next(one for one in page.app.button if one.label == "Invite").click()
    page.run()
    assert "may come in as editor" in page.text
    (waiting,) = members.invitations(LOCAL)
    assert (waiting.email, waiting.role) == ("ida@example.com", "editor")
    page.app.button(key=f"people_withdraw_{waiting.id}").click()
    page.run()
    assert members.invitations(LOCAL) == []


def test_what_is_no_address_is_refused_with_a_word(open_page):
    page = open_page("settings")
    page.app.text_input(key="people_email").set_value("ida")
    next(one for one in page.app.button if one.label == "Invite").click()
    assert "is not an e-mail address" in page.run().text


def test_a_member_gets_another_role(open_page):
    user = joined("otto")
    page = pick(open_page("settings"), 0)
    assert page.app.button(key="people_change").disabled
    page.app.selectbox(key=f"people_role_{user}").set_value("viewer")
    page.run().app.button(key="people_change").click()
    assert "is now viewer" in page.run().text
    assert [one.role for one in members.listing(LOCAL)] == ["viewer"]


def test_a_member_is_removed_after_a_question(open_page):
    joined("otto")
    page = pick(open_page("settings"), 0)
    page.app.button(key="people_remove").click()
    assert "sees nothing of this workspace from now on" in page.run().text
    page.app.button(key="people_removing_yes").click()
    assert "is no member any more" in page.run().text
    assert members.listing(LOCAL) == []


def test_the_only_admin_stays_and_the_page_says_why(open_page):
    user = joined("ada", "admin")
    page = pick(open_page("settings"), 0)
    page.app.selectbox(key=f"people_role_{user}").set_value("viewer")
    page.run().app.button(key="people_change").click()
    assert "is the only admin" in page.run().text


def test_the_workspace_is_renamed(open_page):
    page = open_page("settings")
    page.app.text_input(key="people_workspace_name").set_value("Wholesale")
    page.run().app.button(key="people_rename").click()
    page.run()
    assert members.workspace_name(LOCAL) == "Wholesale"


def test_every_change_is_listed_with_who_made_it(open_page):
    joined("otto")
    page = open_page("settings")
    (found,) = [one.value for one in page.app.get("dataframe") if "act" in one.value.columns]
    assert list(found["actor"]) == ["otto@example.com", "local"]
    assert list(found["act"]) == ["joined workspace", "added invitation"]
    assert found["change"][0] == "role: operator, source: invited"


@pytest.mark.parametrize("name", ["<img src=x onerror=alert(1)>", "[click](javascript:alert(1))", "`$x$`"])
def test_names_of_people_are_shown_as_they_are(open_page, name):
    person = signing_in.Person("https://id.example#x", name, "x@example.com")
    members.invite(LOCAL, "x@example.com", "viewer")
    signing_in.admit(person)
    page = pick(open_page("settings"), 0)
    assert name in page.text
