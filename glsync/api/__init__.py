"""What other programs may ask over HTTP: POST /api/glsync, the resources below /api, webhooks, metrics."""

from __future__ import annotations

from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

PATHS = ("/api/{rest:path}", "/hooks/{rest:path}", "/metrics")


class Api:
    """The API's ASGI app, built by ready() or by its first call: importing it takes a second."""

    def __init__(self) -> None:
        self._app: ASGIApp | None = None

    def ready(self) -> ASGIApp:
        if self._app is None:
            from glsync.api import application

            self._app = application.build()
        return self._app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.ready()(scope, receive, send)

    def routes(self) -> list[BaseRoute]:
        """What another ASGI app mounts, with every method, to have the API beside its own pages."""
        return [Route(path, self) for path in PATHS]
