"""Settings, the part everybody has: tokens of one's own; and those of others, which administrators see."""

from __future__ import annotations

import pandas as pd
import pytest

from glsync.errors import InvalidInput, NotFound
from glsync.services import members, signing_in, tokens
from glsync.services.access import LOCAL, Actor
from tests.pages.conftest import claims


def joined(name: str, role: str) -> Actor:
    """Somebody who was invited and came."""
    members.invite(LOCAL, f"{name}@example.com", role)  # type: ignore[arg-type]
    person = signing_in.person_of(claims(name))
    signing_in.admit(person)
    found = signing_in.actor(person)
    assert found is not None
    return found


def secret(page) -> str:
    """The token that the dialog shows."""
    (clear,) = [code.value for code in page.app.code if code.value.startswith("gls_")]
    return str(clear)


@pytest.mark.parametrize("role", ["viewer", "editor", "admin"])
def test_everybody_makes_sees_and_revokes_tokens_of_their_own(visited, role):
    joined("vera", role)
    page = visited(claims("vera"), "settings").press("New token of mine").set("own_token_name", "my notebook")
    clear = secret(page.press("Make token"))
    found = tokens.actor_of(clear)
    assert found is not None
    assert (found[1].name, found[1].role) == ("token my notebook of vera@example.com", "viewer")
    page.press("I have copied it")
    assert clear not in page.text
    (shown,) = page.grid("settings_own_tokens_table").to_dict("records")
    assert (shown["name"], shown["state"], shown["role"]) == ("my notebook", ["Valid"], "viewer")
    assert str(shown["used"]) != "NaT"
    assert (shown["expires"] - pd.Timestamp.now(shown["expires"].tz)).days == 89
    page.pick("settings_own_tokens_table", 0).press("Revoke")
    assert "my notebook opens nothing any more." in page.text
    assert tokens.actor_of(clear) is None


def test_a_token_of_ones_own_may_have_ones_own_role_at_most(visited):
    joined("olga", "operator")
    page = visited(claims("olga"), "settings").press("New token of mine")
    (role,) = [one for one in page.app.selectbox if one.key == "own_token_role"]
    assert role.options == ["viewer", "operator"]


def test_nobody_sees_or_revokes_a_token_of_somebody_else_but_an_admin(visited):
    vera, olga, ada = joined("vera", "viewer"), joined("olga", "editor"), joined("ada", "admin")
    service, _ = tokens.create(ada, "nightly", "operator")
    hers, clear = tokens.create_own(vera, "nightly", "viewer")  # the name of a service's is no secret, and free
    assert [row.id for row in tokens.listing_own(vera)] == [hers.id]
    assert tokens.listing_own(olga) == []
    for other in (hers, service):
        with pytest.raises(NotFound):
            tokens.revoke_own(olga, other.id)
    page = visited(claims("ada"), "settings")
    assert sorted(page.grid("settings_tokens_table")["of"]) == ["A service", "Their own"]
    row = [one.id for one in tokens.listing(ada)].index(hers.id)
    page.pick("settings_tokens_table", row).press("Revoke")
    assert tokens.actor_of(clear) is None
    assert [one.state for one in tokens.listing(ada) if one.id == service.id] == ["active"]


def test_somebody_has_no_more_tokens_than_they_can_look_after(database):
    vera = joined("vera", "viewer")
    made = [tokens.create_own(vera, f"{number}", "viewer")[0] for number in range(tokens.MOST_OWN)]
    with pytest.raises(InvalidInput, match="20 valid tokens already"):
        tokens.create_own(vera, "one more", "viewer")
    tokens.revoke_own(vera, made[0].id)
    tokens.create_own(vera, "one more", "viewer")


def test_without_a_sign_in_there_are_tokens_of_services_alone(open_page):
    page = open_page("settings")
    assert "New token" in page.buttons
    assert "New token of mine" not in page.buttons
    for act in (lambda: tokens.listing_own(LOCAL), lambda: tokens.create_own(LOCAL, "mine", "viewer")):
        with pytest.raises(InvalidInput):
            act()
