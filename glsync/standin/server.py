"""The addresses of the stand-in: both generations of Glide's API, and its own control."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from glsync.standin import bigtables, bulk, classic, control, rest
from glsync.standin.answering import Answering, Handler, Outcome
from glsync.standin.glide import Glide
from glsync.standin.keep import Keeper
from glsync.standin.replies import Call
from glsync.standin.wire import deliver

TABLE = "/api/apps/{app}/tables/{table}"
ADDRESSES: list[tuple[str, str, str, Handler]] = [
    ("POST", "/api/function/queryTables", "query", classic.query),
    ("POST", "/api/function/mutateTables", "mutate", classic.mutate),
    ("GET", "/api/me", "me", rest.me),
    ("GET", "/api/apps", "apps", rest.apps),
    ("GET", "/api/apps/{app}/tables", "tables", rest.tables),
    ("GET", TABLE, "schema", rest.schema),
    ("GET", TABLE + "/schema", "schema", rest.schema),
    ("GET", TABLE + "/rows", "rest_rows", rest.rows),
    ("POST", TABLE + "/rows", "rest_add", rest.add),
    ("DELETE", TABLE + "/rows", "rest_clear", rest.clear),
    ("GET", TABLE + "/rows/{row}", "rest_row", rest.row),
    ("PATCH", TABLE + "/rows/{row}", "rest_set", rest.set_row),
    ("DELETE", TABLE + "/rows/{row}", "rest_delete", rest.delete),
    ("GET", "/tables", "list", bigtables.list_tables),
    ("POST", "/tables", "create", bulk.create),
    ("PUT", "/tables/{table}", "replace", bulk.replace),
    ("HEAD", "/tables/{table}/rows", "head", bigtables.head),
    ("GET", "/tables/{table}/rows", "rows", bigtables.rows),
    ("POST", "/tables/{table}/rows", "add", bigtables.add),
    ("GET", "/tables/{table}/rows/{row}", "row", bigtables.row),
    ("PATCH", "/tables/{table}/rows/{row}", "patch", bigtables.patch),
    ("DELETE", "/tables/{table}/rows/{row}", "delete", bigtables.delete),
    ("GET", "/jobs/{job}", "job", bulk.job),
    ("PUT", "/stashes/{stash}/{serial}", "stash", bulk.stash),
    ("DELETE", "/stashes/{stash}", "unstash", bulk.unstash),
]


def application(glide: Glide, keeper: Keeper | None = None) -> Starlette:
    """The whole server as an ASGI app; with a keeper, changes are kept while it runs and when it stops."""
    answering = Answering(glide)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        if keeper is None:
            yield
            return
        async with keeper.keeping():
            yield

    routes = [
        Route(path, Endpoint(glide, answering, site, handler), methods=[method])
        for method, path, site, handler in ADDRESSES
    ]
    app = Starlette(
        routes=[*routes, *control.routes(glide)], lifespan=lifespan, exception_handlers={HTTPException: _not_here}
    )
    app.router.redirect_slashes = False
    return app


class Endpoint:
    """One call site as an ASGI app."""

    def __init__(self, glide: Glide, answering: Answering, site: str, handler: Handler) -> None:
        self._glide, self._answering, self._site, self._handler = glide, answering, site, handler

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        call = Call(
            self._site,
            request.method,
            request.url.path,
            request.path_params,
            request.query_params,
            request.headers,
            await request.body(),
        )
        begun = time.perf_counter()
        outcome = await self._answering.answer(self._handler, call)
        self._note(call, outcome, time.perf_counter() - begun)
        await deliver(outcome, scope, receive, send)

    def _note(self, call: Call, outcome: Outcome, seconds: float) -> None:
        silent = outcome.way in ("reset", "hang")
        self._glide.note(call, None if silent else outcome.reply.status, seconds, outcome.fault)


async def _not_here(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 404
    message = f"There is no {request.method} {request.url.path} here"
    return JSONResponse({"error": {"type": "request_error", "message": message}}, status)
