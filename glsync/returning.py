"""Back to the page somebody stood on when they went away to sign in: a link into the app outlives the sign-in."""

from __future__ import annotations

from collections.abc import Collection
from http.cookies import SimpleCookie
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from glsync.oidc import CALLBACK

LOGIN = "/auth/login"
"""Where Streamlit sends a browser that is to sign in; it comes back to CALLBACK, and from there to the app's root."""
COOKIE = "glsync_return"
COOKIE_SECONDS = 900
LONGEST = 2000
"""Characters of an address that is remembered with its details; of a longer one only the page is."""


class BackAfterSignIn:
    """Remembers in a cookie where the press on "Sign in" came from, and leads there when the provider sends them back.

    The browser names the page itself (Referer, which our own policy sends to our own host alone). Only `pages` are
    places to go to, so a forged Referer or cookie leads nowhere else.
    """

    def __init__(self, app: ASGIApp, pages: Collection[str]) -> None:
        self.app, self.pages = app, pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        change = {LOGIN: self._remember, CALLBACK: self._lead}.get(scope.get("path", ""))
        if scope["type"] != "http" or change is None:
            await self.app(scope, receive, send)
            return
        asked = Headers(scope=scope)

        async def send_changed(message: Message) -> None:
            if message["type"] == "http.response.start":
                change(asked, MutableHeaders(scope=message))
            await send(message)

        await self.app(scope, receive, send_changed)

    def _remember(self, asked: Headers, answer: MutableHeaders) -> None:
        where = place(asked.get("referer", ""), self.pages)
        answer.append("Set-Cookie", _cookie(where, COOKIE_SECONDS) if where else _cookie("", 0))

    def _lead(self, asked: Headers, answer: MutableHeaders) -> None:
        """Also when the sign-in failed: the next press on that page begins where this one did."""
        kept = SimpleCookie(asked.get("cookie", "")).get(COOKIE)
        where = place(unquote(kept.value), self.pages) if kept else None
        if where and "location" in answer:
            answer["location"] = where
        answer.append("Set-Cookie", _cookie("", 0))


def place(address: str, pages: Collection[str]) -> str | None:
    """The page of ours that an address names, with its details, written anew; None when it names none."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    if parts.path not in pages:
        return None
    details = urlencode(parse_qsl(parts.query, keep_blank_values=True)) if len(parts.query) <= LONGEST else ""
    return f"{parts.path}?{details}" if 0 < len(details) <= LONGEST else parts.path


def _cookie(where: str, seconds: int) -> str:
    """For the callback alone, and out of the reach of scripts; Lax, because the provider's page leads there."""
    return f"{COOKIE}={quote(where, safe='')}; Path={CALLBACK}; Max-Age={seconds}; HttpOnly; SameSite=Lax"
