"""Where a browser comes out after a sign-in: on the page it came from, and never anywhere but on a page of ours."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from glsync.returning import COOKIE, BackAfterSignIn
from glsync.ui import places

APP = "http://sync.example"


def to_the_provider(_request: Request) -> RedirectResponse:
    return RedirectResponse("https://id.example/authorize")


def to_the_root(_request: Request) -> RedirectResponse:
    return RedirectResponse("/")


@pytest.fixture
def browser() -> TestClient:
    """A browser that follows nothing by itself, before an app that signs people in as Streamlit does."""
    routes = [Route("/auth/login", to_the_provider), Route("/oauth2callback", to_the_root), Route("/", to_the_root)]
    middleware = [Middleware(BackAfterSignIn, pages=places.addresses())]
    return TestClient(Starlette(routes=routes, middleware=middleware), base_url=APP, follow_redirects=False)


def lands(browser: TestClient, referer: str | None) -> str:
    """Press "Sign in" on the page with this address and come back from the provider."""
    browser.get("/auth/login?provider=p", headers=[] if referer is None else [(b"referer", referer.encode("latin-1"))])
    return browser.get("/oauth2callback?code=c&state=s").headers["location"]


@pytest.mark.parametrize(
    "page",
    ["/", "/runs?run=6f2c", "/errors?group=a%2Fb+c%3D%26&state=open", "/figures", "/mappings?mapping=new&empty="],
)
def test_a_sign_in_leads_back_to_the_page_it_began_on(browser, page):
    assert lands(browser, f"{APP}{page}") == page


@pytest.mark.parametrize(
    "referer",
    [
        None, "", "https://evil.example", "https://evil.example//evil.example/runs", f"{APP}//evil.example/",
        f"{APP}/\\evil.example", "javascript:alert(1)", f"{APP}/runs/../../x", f"{APP}/runs/", f"{APP}/api/runs",
        f"{APP}/auth/logout", f"{APP}/oauth2callback?code=1", f"{APP}/%2F%2Fevil.example", "http://[/runs", "//runs",
    ],
)  # fmt: skip
def test_what_is_no_page_of_ours_is_no_place_to_go_to(browser, referer):
    assert lands(browser, referer) == "/"


@pytest.mark.parametrize(
    "forged",
    ["https://evil.example/runs", "//evil.example", "/\\evil.example", "/runs\r\nSet-Cookie: a=b", "/x", "\x00", "%"],
)
def test_a_forged_cookie_leads_to_a_page_of_ours_or_nowhere(browser, forged):
    answer = browser.get("/oauth2callback", headers={"cookie": f"{COOKIE}={quote(forged, safe='')}"})
    assert answer.headers["location"] in ("/", "/runs")
    assert "a" not in answer.cookies


def test_details_cannot_end_the_header_and_too_many_are_left_out(browser):
    assert lands(browser, f"{APP}/runs?run=%0d%0aSet-Cookie:%20a=b") == "/runs?run=%0D%0ASet-Cookie%3A+a%3Db"
    assert lands(browser, f"{APP}/runs?run={'x' * 3000}") == "/runs"
    assert lands(browser, f"{APP}/runs?run={'é' * 400}") == "/runs"


def test_a_place_is_used_once_and_kept_from_scripts_and_other_pages(browser):
    kept = browser.get("/auth/login", headers={"referer": f"{APP}/runs?run=1"}).headers["set-cookie"]
    assert "Path=/oauth2callback;" in kept
    assert "HttpOnly" in kept
    assert lands(browser, f"{APP}/runs?run=1") == "/runs?run=1"
    assert browser.get("/oauth2callback").headers["location"] == "/"
    assert browser.get("/").headers["location"] == "/"
