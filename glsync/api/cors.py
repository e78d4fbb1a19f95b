"""Which web pages may call the API: those of the origins an operator allowed, and no others.

Our own because the answer to a preflight is fixed to the letter, and a foreign origin is refused in our form.
"""

from __future__ import annotations

from collections.abc import Collection

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from glsync.api.failures import failure

ALLOWED_HEADERS = "authorization, x-client-info, apikey, content-type"
ALLOWED_METHODS = "GET, POST, OPTIONS"
SHOWN_HEADERS = "x-request-id, retry-after"
MAX_AGE = 600
"""Seconds a browser may remember a preflight's answer."""


class Cors:
    def __init__(self, app: ASGIApp, origins: Collection[str]) -> None:
        self.app, self.origins = app, frozenset(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        origin = Headers(scope=scope).get("origin")
        allowed = origin if origin is not None and origin.lower() in self.origins else None
        if scope["method"] == "OPTIONS":
            await _preflight(origin, allowed)(scope, receive, send)
            return

        async def send_with_origin(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.add_vary_header("Origin")
                if allowed:
                    headers["Access-Control-Allow-Origin"] = allowed
                    headers["Access-Control-Expose-Headers"] = SHOWN_HEADERS
            await send(message)

        await self.app(scope, receive, send_with_origin)


def _preflight(origin: str | None, allowed: str | None) -> Response:
    if origin is not None and allowed is None:
        hint = "An operator adds the origins of web pages with GLSYNC_CORS_ORIGINS."
        return failure("PERMISSION_ERROR", "Web pages of this origin may not call", hint, 403, {"Vary": "Origin"})
    headers = {
        "Access-Control-Allow-Headers": ALLOWED_HEADERS,
        "Access-Control-Allow-Methods": ALLOWED_METHODS,
        "Access-Control-Max-Age": str(MAX_AGE),
        "Vary": "Origin",
    }
    if allowed:
        headers["Access-Control-Allow-Origin"] = allowed
    return Response(status_code=204, headers=headers)
