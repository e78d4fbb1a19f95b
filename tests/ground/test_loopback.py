"""Without sign-in the pages are for this machine; with it, the settings must be whole."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient

from glsync import config, loopback, oidc
from glsync.config import Settings
from glsync.errors import ConfigError

SIGN_IN = {
    "oidc_metadata_url": "https://id.example/.well-known/openid-configuration",
    "oidc_client_id": "glide-sync",
    "oidc_client_secret": "hush",
    "public_url": "https://sync.example.com/",
}


@pytest.fixture(autouse=True)
def own_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """No file of Streamlit's in the current folder or the home."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    config.streamlit_secrets.cache_clear()
    yield
    config.streamlit_secrets.cache_clear()


def settings(tmp_path: Path, **given: Any) -> Settings:
    return config.read(home=tmp_path, **given)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "[::1]", "localhost", "127.8.8.8"])
def test_on_an_address_of_this_machine_alone_nobody_needs_to_sign_in(tmp_path, host):
    loopback.refuse_openness(settings(tmp_path), host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.4", "sync.example.com", "", None])
def test_on_any_other_address_the_app_does_not_start_without_a_sign_in(tmp_path, host):
    with pytest.raises(ConfigError, match="No sign-in is set up") as refused:
        loopback.refuse_openness(settings(tmp_path), host)
    assert "docs/security.md" in refused.value.hint
    loopback.refuse_openness(settings(tmp_path, **SIGN_IN), host)


def asked(chosen: Settings, path: str = "/", client: str = "127.0.0.1", host: str = "localhost:8501") -> int:
    app = loopback.ThisMachineOnly(PlainTextResponse("a page"), chosen)
    browser = TestClient(app, base_url="http://127.0.0.1:8501", client=(client, 50_000), headers={"host": host})
    return browser.get(path).status_code


@pytest.mark.parametrize("host", ["localhost:8501", "127.0.0.1:8501", "[::1]:8501", "localhost"])
def test_a_browser_on_this_machine_sees_the_pages(tmp_path, host):
    assert asked(settings(tmp_path), host=host) == 200


@pytest.mark.parametrize(
    ("client", "host"),
    [("192.168.1.9", "localhost:8501"), ("203.0.113.7", "sync.example.com"), ("127.0.0.1", "evil.example:8501")],
)
def test_another_machine_or_another_name_sees_why_not(tmp_path, client, host):
    assert asked(settings(tmp_path), client=client, host=host) == 403
    assert asked(settings(tmp_path, **SIGN_IN), client=client, host=host) == 200


def test_doors_for_programs_stay_open_to_other_machines(tmp_path):
    for path in ("/api/glsync", "/hooks/x", "/metrics", "/healthz", "/readyz"):
        assert asked(settings(tmp_path), path, client="192.168.1.9") == 200


def test_a_proxy_on_this_machine_that_signs_people_in_is_let_through_by_name(tmp_path):
    chosen = settings(tmp_path, public_url="https://sync.example.com")
    assert asked(chosen, host="sync.example.com") == 200
    assert asked(chosen, host="sync.example.com", client="192.168.1.9") == 403


def test_a_socket_of_another_machine_is_closed(tmp_path):
    sent: list[Any] = []
    scope = {"type": "websocket", "path": "/_stcore/stream", "client": ("192.168.1.9", 1), "headers": []}

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    guarded = loopback.ThisMachineOnly(PlainTextResponse("x"), settings(tmp_path))
    with ThreadPoolExecutor(1) as pool:  # in this thread a browser of earlier tests may have left its event loop
        pool.submit(asyncio.run, guarded(scope, receive, send)).result()
    assert sent == [{"type": "websocket.close", "code": 1008, "reason": "no sign-in is set up"}]


# The settings of a sign-in


def test_streamlit_gets_the_sign_in_as_it_reads_it(tmp_path):
    found = oidc.streamlit_auth(settings(tmp_path, **SIGN_IN))
    assert found is not None
    secret = found["auth"].pop("cookie_secret")
    assert found == {
        "auth": {
            "redirect_uri": "https://sync.example.com/oauth2callback",
            "client_id": "glide-sync",
            "client_secret": "hush",
            "server_metadata_url": "https://id.example/.well-known/openid-configuration",
        }
    }
    assert len(secret) >= 32
    assert (tmp_path / oidc.COOKIE).stat().st_mode & 0o777 == 0o600
    again = oidc.streamlit_auth(settings(tmp_path, **SIGN_IN))
    assert again is not None
    assert again["auth"]["cookie_secret"] == secret
    assert oidc.streamlit_auth(settings(tmp_path)) is None


def test_what_a_sign_in_lacks_is_named_at_once(tmp_path):
    with pytest.raises(ConfigError, match="GLSYNC_OIDC_CLIENT_SECRET, GLSYNC_PUBLIC_URL are not set"):
        oidc.streamlit_auth(settings(tmp_path, oidc_metadata_url=SIGN_IN["oidc_metadata_url"], oidc_client_id="x"))


def test_a_sign_in_in_streamlits_own_file_counts_too(tmp_path):
    assert not settings(tmp_path).sign_in
    (tmp_path / ".streamlit").mkdir()
    (tmp_path / ".streamlit" / "secrets.toml").write_text('[auth]\nredirect_uri = "x"\n')
    config.streamlit_secrets.cache_clear()
    assert settings(tmp_path).sign_in
