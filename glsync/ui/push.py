"""How a browser hears that something changed: a socket that tells, of each topic, how often it changed."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from glsync.services.changes import CHANGES

PATH = "/live"
TOGETHER = 0.25
"""Seconds after one telling in which further changes are gathered; the first of them is told at once."""
NOT_FROM_HERE = 1008


async def tell(socket: WebSocket) -> None:
    """The numbers now, and again after every change, until the browser goes."""
    if not _from_our_page(socket):
        await socket.close(NOT_FROM_HERE)
        return
    await socket.accept()
    changed, loop = asyncio.Event(), asyncio.get_running_loop()
    gone = asyncio.create_task(_gone(socket))
    try:
        with CHANGES.heard_by(lambda: _wake(loop, changed)):
            while not gone.done():
                changed.clear()
                await socket.send_json(CHANGES.versions())
                await asyncio.sleep(TOGETHER)
                heard = asyncio.create_task(changed.wait())
                await asyncio.wait((heard, gone), return_when=asyncio.FIRST_COMPLETED)
                heard.cancel()
    except (WebSocketDisconnect, RuntimeError):
        return  # it went while we spoke
    finally:
        gone.cancel()


def _wake(loop: asyncio.AbstractEventLoop, changed: asyncio.Event) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(changed.set)


async def _gone(socket: WebSocket) -> None:
    """Browsers say nothing here; this ends when they leave."""
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass


def _from_our_page(socket: WebSocket) -> bool:
    """Pages of other sites may open sockets to us too: browsers leave the refusing to the server."""
    return urlsplit(socket.headers.get("origin", "")).netloc == socket.headers.get("host", "")


ROUTE = WebSocketRoute(PATH, tell)
