"""Sending an answer: whole, slowly, by half, or not at all. The only place that touches the connection itself."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Any

from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from glsync.standin.answering import Outcome
from glsync.standin.replies import Reply

TRANSPORT = "glsync.standin.transport"
SLICES = 20


class OpenProtocol(H11Protocol):
    """HTTP/1.1 whose requests know the connection they came by, so that a fault can break it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        app: Any = self.app

        async def with_transport(scope: Scope, receive: Receive, send: Send) -> None:
            await app({**scope, TRANSPORT: transport}, receive, send)

        self.app = with_transport


async def deliver(outcome: Outcome, scope: Scope, receive: Receive, send: Send) -> None:
    match outcome.way:
        case "whole":
            await _send(outcome.reply, send, [outcome.reply.body])
        case "trickle":
            await _trickle(outcome.reply, outcome.seconds, send)
        case "half":
            await _begin(outcome.reply, send)
            await send(_part(outcome.reply.body[: len(outcome.reply.body) // 2], more=True))
            await _reset(scope, receive)
        case "reset":
            await _reset(scope, receive)
        case "hang":
            await _hang(outcome.seconds, receive)
            await _reset(scope, receive)


async def _send(reply: Reply, send: Send, parts: list[bytes]) -> None:
    await _begin(reply, send)
    for part in parts:
        await send(_part(part, more=True))
    await send(_part(b"", more=False))


async def _begin(reply: Reply, send: Send) -> None:
    headers = {"Content-Type": reply.content_type, "Content-Length": str(len(reply.body)), **reply.headers}
    encoded = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": reply.status, "headers": encoded})


def _part(body: bytes, *, more: bool) -> dict[str, Any]:
    return {"type": "http.response.body", "body": body, "more_body": more}


async def _trickle(reply: Reply, seconds: float, send: Send) -> None:
    size = max(1, -(-len(reply.body) // SLICES))
    await _begin(reply, send)
    for at in range(0, len(reply.body), size):
        await asyncio.sleep(seconds / SLICES)
        await send(_part(reply.body[at : at + size], more=True))
    await send(_part(b"", more=False))


async def _hang(seconds: float, receive: Receive) -> None:
    """Stay silent for so long, or until the other side gives up."""
    try:
        async with asyncio.timeout(seconds):
            while (await receive())["type"] != "http.disconnect":
                pass
    except TimeoutError:
        return


async def _reset(scope: Scope, receive: Receive) -> None:
    """Break the connection with a TCP reset: a socket that does not linger is closed by RST."""
    transport: asyncio.Transport = scope[TRANSPORT]
    connection: socket.socket | None = transport.get_extra_info("socket")
    if connection is not None and not transport.is_closing():
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
    await receive()
