"""Signing in, with a provider on this machine: who gets in, as what, into which workspace, and out again."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from playwright.sync_api import expect

from .conftest import PATIENCE, App, Reader, installation

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it still uses what Authlib calls old
    import oidc_provider_mock

pytestmark = pytest.mark.browser
SECRETIVE = "Of nobody else"


def person(name: str, **claims: Any) -> oidc_provider_mock.User:
    known = {"name": name.capitalize(), "email": f"{name}@example.com", "email_verified": True}
    return oidc_provider_mock.User(sub=name, claims=known | claims)


PEOPLE = (
    person("edna", glsync_roles=["editor"]),
    person("ida"),
    person("eve"),
    person("mallory", email="ida@example.com", email_verified=False),
)


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    with oidc_provider_mock.run_server_in_thread(user_claims=PEOPLE) as server:
        yield f"http://localhost:{server.server_port}"


@pytest.fixture(scope="module")
def guarded(provider: str) -> Iterator[App]:
    """The demo, in the first workspace; a mapping of a second one beside it, to which ida is invited."""
    settings = {
        "GLSYNC_OIDC_METADATA_URL": f"{provider}/.well-known/openid-configuration",
        "GLSYNC_OIDC_CLIENT_ID": "glide-sync",
        "GLSYNC_OIDC_CLIENT_SECRET": "a secret of this test",
        "GLSYNC_OIDC_ROLE_CLAIM": "glsync_roles",
    }
    with installation(**settings) as app:
        app.glsync("workspace", "add", "Second")
        app.ask(
            "insert into gl_connections (workspace_id, app_id, name) "
            f"select id, 'other', '{SECRETIVE}' from glsync.workspaces where name = 'Second'"
        )
        app.ask(
            "insert into gl_mappings (connection_id, glide_table, supabase_table, name) "
            f"select id, 't', 'gl_expenses', '{SECRETIVE}' from gl_connections where name = '{SECRETIVE}'"
        )
        app.glsync("member", "invite", "ida@example.com", "--role", "viewer", "--workspace", "Second")
        yield app


def shown(name: str) -> str:
    """An address as pages show it: a mark that takes no room keeps browsers from making a link of it."""
    return f"{name}@\u2060example.com"


def sign_in(reader: Reader, name: str, path: str = "") -> Reader:
    """From one of our pages to the provider's, one press there, and back."""
    reader.open(path).sees("Sign in to see your workspaces.")
    reader.page.get_by_role("button", name="Sign in", exact=True).click()
    reader.page.get_by_role("button", name=name, exact=True).click()
    reader.page.wait_for_url(f"{reader.app.address}/**")
    return reader.settled()


def test_a_role_comes_from_the_claim_and_nothing_of_another_workspace_is_seen(
    guarded: App, look: Callable[..., Reader]
):
    edna = sign_in(look(guarded), "edna").sees(f"{shown('edna')} · editor").sees("Default")
    edna.open("mappings").sees("New mapping")
    assert edna.grid("mappings_table").rows() == 12
    (other,) = guarded.ask(f"select id from gl_mappings where name = '{SECRETIVE}'")[0]
    edna.open(f"mappings?mapping={other}").sees("This is no longer here").sees_no(SECRETIVE)
    edna.open("connections").sees("Add connection").sees_no(SECRETIVE)
    edna.open("settings").sees("Your API tokens").sees_no("Webhooks in").sees_no("Members")


def test_a_link_into_the_app_outlives_the_sign_in(guarded: App, look: Callable[..., Reader]):
    (mapping,) = guarded.ask("select id from gl_mappings where name = 'invoices'")[0]
    edna = sign_in(look(guarded), "edna", f"mappings?mapping={mapping}")
    assert edna.page.url == f"{guarded.address}/mappings?mapping={mapping}"
    expect(edna.page.get_by_label("Name of the mapping")).to_have_value("invoices")


def test_whoever_signs_out_is_asked_to_sign_in_again(guarded: App, look: Callable[..., Reader]):
    edna = sign_in(look(guarded), "edna").sees(shown("edna"))
    edna.page.get_by_role("button", name="Sign out").click()
    edna.page.wait_for_url("**/oauth2/end_session**")
    edna.open("mappings").sees("Sign in to see your workspaces.").sees_no("accounts")


def test_somebody_invited_comes_into_that_workspace_and_may_do_what_the_invitation_says(
    guarded: App, look: Callable[..., Reader]
):
    mallory = sign_in(look(guarded), "mallory").sees("no workspace is open to you")
    mallory.sees("did not say that your e-mail address is proven")
    ida = sign_in(look(guarded), "ida").sees(f"{shown('ida')} · viewer").sees("Second")
    ida.open("mappings").sees("Search")
    assert ida.grid("mappings_table").has(1, 0, SECRETIVE).rows() == 1
    expect(ida.page.get_by_role("button", name="New mapping")).to_be_disabled()
    ida.open("settings").press("New token of mine").type("Name", "my notebook").press("Make token")
    clear = ida.page.get_by_test_id("stCode").inner_text().strip()
    found = requests.get(f"{guarded.address}/api/mappings", headers={"apikey": clear}, timeout=PATIENCE).json()
    assert [mapping["name"] for mapping in found["items"]] == [SECRETIVE]
    told = guarded.ask("select actor, action from glsync.audit where action = 'joined'")
    assert ("ida@example.com", "joined") in told


def test_somebody_nobody_invited_sees_nothing(guarded: App, look: Callable[..., Reader]):
    eve = sign_in(look(guarded), "eve").sees("no workspace is open to you").sees(shown("eve"))
    for page in ("mappings", "runs", "settings"):
        eve.open(page).sees("no workspace is open to you").sees_no("accounts")


def test_a_forged_cookie_is_no_sign_in(guarded: App, look: Callable[..., Reader]):
    eve = look(guarded)
    eve.page.context.add_cookies([{"name": "_streamlit_user", "value": "2|1:0|10:1|x|eyJ9|0", "url": guarded.address}])
    eve.open("mappings").sees("Sign in to see your workspaces.")
