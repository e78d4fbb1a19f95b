"""Without sign-in whoever reaches the pages is their administrator, so they are served to this machine alone."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from glsync.config import Settings
from glsync.errors import ConfigError
from glsync.headers import API_PATHS

REMEDY = (
    'Set up a sign-in (docs/security.md, "Setting up a sign-in"), or let it listen on 127.0.0.1 and reach it from '
    "this machine."
)
SAID = (
    f"Glide Sync has no sign-in set up, so its pages are shown on the machine it runs on and nowhere else. {REMEDY}\n"
)
NAMES = ("localhost", "127.0.0.1", "::1")


def is_loopback(host: str | None) -> bool:
    """Is this an address of this machine for itself alone? None, "" and 0.0.0.0 mean every address."""
    if host is None or host == "localhost":
        return host == "localhost"
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def refuse_openness(chosen: Settings, host: str | None) -> None:
    """Pages that anybody on the network could reach need a sign-in.

    Raises:
        ConfigError: there is none, and the app would listen on more than this machine's own address.
    """
    if not chosen.sign_in and not is_loopback(host):
        where = host or "every address"
        raise ConfigError(f"No sign-in is set up, and the web app would listen on {where}", hint=REMEDY)


class ThisMachineOnly:
    """Refuses pages to other machines as long as nobody signs in, however the server was started.

    The name a browser asked for is looked at too, because any name of the internet may be made to lead to this machine.
    A proxy on this machine that signs people in itself is let through under the name in GLSYNC_PUBLIC_URL. What
    programs ask has doors of its own: tokens, secret addresses.
    """

    def __init__(self, app: ASGIApp, chosen: Settings) -> None:
        self.app, self.sign_in = app, chosen.sign_in
        self.names = {*NAMES, urlsplit(chosen.public_url).hostname or NAMES[0]}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.sign_in or scope["type"] == "lifespan" or scope["path"].startswith(API_PATHS) or self._is_here(scope):
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await WebSocketClose(code=1008, reason="no sign-in is set up")(scope, receive, send)
        else:
            await PlainTextResponse(SAID, 403)(scope, receive, send)

    def _is_here(self, scope: Scope) -> bool:
        client, server = scope.get("client"), scope.get("server")
        asked = urlsplit(f"//{Headers(scope=scope).get('host', '')}").hostname
        ends = [end[0] for end in (client, server) if end]
        return client is not None and all(map(is_loopback, ends)) and asked in self.names
