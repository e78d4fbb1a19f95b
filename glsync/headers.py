"""Headers that tell a browser what our pages may do: load nothing from elsewhere, stand in no frame, guess no types."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable
from functools import cache
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

API_PATHS = ("/api/", "/hooks/", "/metrics", "/healthz", "/readyz")
"""What answers programs: nothing in it may act as a page."""

EVERYWHERE = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


class SecurityHeaders:
    """Adds them to every response; what a response says itself stays."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        is_api = scope["path"].startswith(API_PATHS)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in EVERYWHERE.items():
                    headers.setdefault(name, value)
                headers.setdefault("Content-Security-Policy", API_POLICY if is_api else page_policy())
                if is_api:
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self.app(scope, receive, send_with_headers)


API_POLICY = "default-src 'none'; frame-ancestors 'none'"


@cache
def page_policy() -> str:
    """Everything from our own host; Streamlit's index page has inline scripts, which are allowed by their hashes."""
    scripts = " ".join(f"'sha256-{digest}'" for digest in _inline_scripts())
    rules = {
        "default-src": "'self'",
        # WebAssembly of Streamlit's own, and blobs: it hands our own part of the page over as one; eval stays off
        "script-src": f"'self' 'wasm-unsafe-eval' blob: {scripts}".strip(),
        "style-src": "'self' 'unsafe-inline'",
        "img-src": "'self' data: blob:",
        "font-src": "'self' data:",
        "connect-src": "'self'",
        "worker-src": "'self' blob:",
        "object-src": "'none'",
        "base-uri": "'self'",
        "form-action": "'self'",
        "frame-src": "'none'",
        "frame-ancestors": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def _inline_scripts() -> Iterable[str]:
    """The hashes of the scripts that stand in Streamlit's own page."""
    package = find_spec("streamlit")
    if package is None or package.origin is None:
        return []
    page = (Path(package.origin).parent / "static" / "index.html").read_text(encoding="utf-8")
    bodies = re.findall(r"<script(?![^>]*\ssrc=)[^>]*>(.*?)</script>", page, re.DOTALL)
    return [b64encode(sha256(body.encode()).digest()).decode() for body in bodies if body.strip()]
