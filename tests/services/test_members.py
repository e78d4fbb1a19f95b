"""Who comes in: invitations, roles told by a sign-in, members, several workspaces."""

from __future__ import annotations

import json
from typing import Any

import pytest

from glsync.config import settings
from glsync.errors import Forbidden, InvalidInput, NotFound
from glsync.services import connections, members, signing_in, tokens
from glsync.services.access import DEFAULT_WORKSPACE, LOCAL, Actor
from tests.database import run_sql

ISSUER = "https://id.example"


def claims(name: str, **more: Any) -> dict[str, Any]:
    return {
        "iss": ISSUER, "sub": name, "name": name.capitalize(), "email": f"{name}@example.com", "email_verified": True,
    } | more  # fmt: skip


def comes_in(name: str, **more: Any) -> Actor | None:
    """They sign in and open a page."""
    person = signing_in.person_of(claims(name, **more))
    signing_in.admit(person)
    return signing_in.actor(person)


@pytest.fixture
def ada(database: str) -> Actor:
    """The first admin, invited on the command line."""
    members.invite(LOCAL, "Ada@Example.com", "admin")
    found = comes_in("ada")
    assert found is not None
    return found


@pytest.fixture
def told_by_claim(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLSYNC_OIDC_ROLE_CLAIM", "glsync")
    settings.cache_clear()


def trail(database: str) -> list[tuple[Any, ...]]:
    return run_sql(
        database, "select actor, action, subject_type, subject_name, before, after from glsync.audit order by id"
    )


def test_who_was_invited_comes_in_with_that_role_and_who_was_not_does_not(ada):
    assert (ada.name, ada.role, ada.workspace_id) == ("ada@example.com", "admin", DEFAULT_WORKSPACE)
    assert comes_in("eve") is None


def test_an_invitation_opens_once_and_not_after_it_was_withdrawn_or_is_over(ada, database):
    members.invite(ada, "otto@example.com", "operator")
    assert comes_in("otto") is not None
    members.remove(ada, f"{ISSUER}#otto")
    assert comes_in("otto") is None
    members.withdraw(ada, members.invite(ada, "vera@example.com", "viewer").id)
    assert comes_in("vera") is None
    members.invite(ada, "edna@example.com", "editor")
    run_sql(database, "update glsync.invitations set expires_at = now() where email = 'edna@example.com'")
    assert comes_in("edna") is None


@pytest.mark.parametrize(
    "email", [{"email_verified": False}, {"email_verified": None}, {"email": None}, {"email": "ada@example.com.evil"}]
)
def test_an_address_nobody_proved_accepts_no_invitation(database, email):
    members.invite(LOCAL, "ada@example.com", "admin")
    assert comes_in("ada", **email) is None


def test_a_second_invitation_replaces_the_first(ada):
    members.invite(ada, "otto@example.com", "viewer")
    members.invite(ada, "otto@example.com", "editor")
    assert [one.role for one in members.invitations(ada)] == ["editor"]
    found = comes_in("otto")
    assert found is not None
    assert found.role == "editor"


def test_what_is_no_address_role_or_time_cannot_be_invited(ada):
    for email, role, days in (
        ("ada", "viewer", 1),
        ("a b@c.d", "viewer", 1),
        ("o@c.d", "boss", 1),
        ("o@c.d", "viewer", 0),
    ):
        with pytest.raises(InvalidInput):
            members.invite(ada, email, role, days)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="a member already"):
        members.invite(ada, "ADA@example.com", "viewer")


def test_only_an_admin_sees_and_changes_who_belongs(ada):
    members.invite(ada, "edna@example.com", "editor")
    edna = comes_in("edna")
    assert edna is not None
    for act in (
        lambda: members.listing(edna),
        lambda: members.invitations(edna),
        lambda: members.invite(edna, "x@example.com", "viewer"),
        lambda: members.set_role(edna, edna.user_id or "", "admin"),
        lambda: members.remove(edna, ada.user_id or ""),
        lambda: members.rename_workspace(edna, "mine"),
        lambda: members.add_workspace(edna, "mine"),
    ):
        with pytest.raises(Forbidden, match="editor may not"):
            act()


def test_a_role_that_was_changed_counts_at_once(ada):
    members.invite(ada, "otto@example.com", "editor")
    otto = comes_in("otto")
    assert otto is not None
    members.set_role(ada, otto.user_id or "", "viewer")
    assert comes_in("otto").role == "viewer"  # type: ignore[union-attr]
    members.remove(ada, otto.user_id or "")
    assert connections.listing(otto) == []  # the page that was open before


def test_the_last_admin_stays(ada):
    with pytest.raises(InvalidInput, match="only admin"):
        members.set_role(ada, ada.user_id or "", "editor")
    with pytest.raises(InvalidInput, match="only admin"):
        members.remove(ada, ada.user_id or "")


def test_a_name_that_another_workspace_has_is_refused(ada):
    members.add_workspace(ada, "Second")
    for taking in (members.add_workspace, members.rename_workspace):
        with pytest.raises(InvalidInput, match="already a workspace named 'Second'"):
            taking(ada, "Second")


def test_a_member_of_one_workspace_is_nobody_in_another(ada):
    second = members.add_workspace(ada, "Second")
    there = Actor(ada.name, "admin", second, user_id=ada.user_id)
    members.invite(there, "otto@example.com", "admin")
    otto = comes_in("otto")
    assert otto is not None
    assert otto.workspace_id == second
    assert [one.name for one in members.listing(otto)] == ["Ada", "Otto"]
    with pytest.raises(NotFound):
        members.set_role(there, "nobody", "viewer")
    liar = Actor("otto", "admin", DEFAULT_WORKSPACE, user_id=otto.user_id)
    assert members.listing(liar) == []


def test_a_person_of_two_workspaces_comes_to_the_one_they_looked_at_last(ada):
    second = members.add_workspace(ada, "Second")
    person = signing_in.person_of(claims("ada"))
    assert {one.workspace for one in signing_in.workspaces(person)} == {"Default", "Second"}
    for wanted in (second, DEFAULT_WORKSPACE):
        signing_in.look_at(person, wanted)
        assert signing_in.actor(person).workspace_id == wanted  # type: ignore[union-attr]
    assert signing_in.actor(person, second).workspace_id == second  # type: ignore[union-attr]


# Roles told by a claim


@pytest.mark.parametrize(
    "claim", ["editor", ["editor"], ["viewer", "editor", "guest"], ["Default:editor"], {"Default": "editor"}]
)
def test_a_role_comes_from_the_claim(told_by_claim, claim):
    found = comes_in("edna", glsync=claim)
    assert found is not None
    assert (found.role, found.workspace_id) == ("editor", DEFAULT_WORKSPACE)


@pytest.mark.parametrize("claim", [None, "", "boss", ["Elsewhere:admin"], {"Default": "root"}, 7, [{"admin": True}]])
def test_a_claim_that_names_no_role_of_ours_lets_nobody_in(told_by_claim, claim):
    assert comes_in("eve", glsync=claim) is None


def test_a_role_the_claim_no_longer_tells_ends_with_the_next_sign_in(told_by_claim, database):
    comes_in("edna", glsync=["admin"])
    assert comes_in("edna", glsync=["viewer"]).role == "viewer"  # type: ignore[union-attr]
    assert comes_in("edna") is None
    assert [line[1] for line in trail(database)] == ["joined", "changed", "left"]


def test_a_role_of_a_claim_is_changed_where_people_sign_in(told_by_claim, ada):
    comes_in("edna", glsync="editor")
    with pytest.raises(InvalidInput, match="comes with their sign-in"):
        members.set_role(ada, f"{ISSUER}#edna", "viewer")


# Tokens of people


def test_a_persons_own_token_is_worth_no_more_than_the_person(ada, database):
    members.invite(ada, "otto@example.com", "operator")
    otto = comes_in("otto")
    assert otto is not None
    with pytest.raises(Forbidden):
        tokens.create(otto, "for everybody", "viewer")
    with pytest.raises(InvalidInput, match="more than you may"):
        tokens.create_own(otto, "mine", "admin")
    clear = tokens.create_own(otto, "mine", "operator")[1]
    assert tokens.actor_of(clear)[1].role == "operator"  # type: ignore[index]
    members.set_role(ada, otto.user_id or "", "viewer")
    held = tokens.actor_of(clear)[1]  # type: ignore[index]
    assert held.role == "viewer"
    members.remove(ada, otto.user_id or "")
    assert tokens.actor_of(clear) is None
    assert connections.listing(held) == []


# The trail


def test_every_change_is_in_the_trail_with_who_what_before_and_after(ada, database):
    members.invite(ada, "otto@example.com", "viewer")
    comes_in("otto")
    members.set_role(ada, f"{ISSUER}#otto", "operator")
    members.remove(ada, f"{ISSUER}#otto")
    members.rename_workspace(ada, "First")
    told = [(line[0], line[1], line[2], line[3]) for line in trail(database)]
    assert told == [
        ("local", "added", "invitation", "ada@example.com"),
        ("ada@example.com", "joined", "workspace", "Default"),
        ("ada@example.com", "added", "invitation", "otto@example.com"),
        ("otto@example.com", "joined", "workspace", "Default"),
        ("ada@example.com", "changed", "member", "otto@example.com"),
        ("ada@example.com", "removed", "member", "otto@example.com"),
        ("ada@example.com", "changed", "workspace", "First"),
    ]
    changed = next(line for line in trail(database) if line[1] == "changed")
    assert json.loads(json.dumps(changed[4:])) == [{"role": "viewer"}, {"role": "operator"}]
