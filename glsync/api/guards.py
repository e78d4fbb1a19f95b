"""What every call passes: an id for the log, a limit for its body, and calm when something nobody foresaw happens."""

from __future__ import annotations

import re
import secrets

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from glsync.api.failures import TooLarge, answer, failure

HEADER = "X-Request-Id"
_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")

log = structlog.get_logger("glsync.api")


class RequestIds:
    """Gives every call an id, its own where it brings a plain one, and answers with it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).get(HEADER, "")
        request_id = given if _ID.fullmatch(given) else secrets.token_hex(8)

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[HEADER] = request_id
            await send(message)

        with structlog.contextvars.bound_contextvars(request=request_id):
            await self.app(scope, receive, send_with_id)


class Calm:
    """An exception nobody foresaw: the log has all of it under the request's id, the caller a failure."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def send_and_note(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, send_and_note)
        except Exception as error:
            log.exception("a call failed", path=_shown(scope), exc_info=error)
            if started:
                raise
            hint = f"It is in the log; the request's id is in the header {HEADER}."
            await failure("INTERNAL_ERROR", "Something went wrong on our side", hint, 500)(scope, receive, send)


class BodyLimit:
    """Reads a body before anybody else does, and refuses one that is too large without reading on."""

    def __init__(self, app: ASGIApp, largest: int) -> None:
        self.app, self.largest = app, largest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        announced = Headers(scope=scope).get("content-length", "0")
        body = bytearray()
        if not announced.isdigit() or int(announced) > self.largest:
            await self._refuse(scope, receive, send)
            return
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > self.largest:
                await self._refuse(scope, receive, send)
                return
        whole: list[Message] = [{"type": "http.request", "body": bytes(body), "more_body": False}]

        async def receive_whole() -> Message:
            return whole.pop() if whole else await receive()

        await self.app(scope, receive_whole, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        error = TooLarge(f"The body is larger than {self.largest:,} bytes", hint="Send less.")
        await answer(error)(scope, receive, send)


def _shown(scope: Scope) -> str:
    """The path as a log may hold it: that of a webhook is a secret."""
    path = str(scope.get("path", ""))
    return "/hooks/..." if path.startswith("/hooks/") else path
