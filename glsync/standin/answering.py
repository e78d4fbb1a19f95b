"""From a request to an answer: the rate limit, the faults that strike, the handler, the log."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Literal

import msgspec

from glsync.standin.classic import Queries
from glsync.standin.faults import COMPANIONS, Fault
from glsync.standin.glide import Glide
from glsync.standin.paging import expired
from glsync.standin.rates import TooMany, retry_after
from glsync.standin.replies import Call, Refused, Reply, json_reply
from glsync.standin.sites import is_v2
from glsync.standin.tables import Table

Handler = Callable[[Glide, Call], Reply]
Way = Literal["whole", "trickle", "half", "reset", "hang"]
PAGE = b"<!doctype html><html><title>Just a moment</title><body><h1>Checking your browser</h1></body></html>"


class Outcome(msgspec.Struct):
    """What to send, and how far: all of it, slowly, half of it, or nothing at all."""

    reply: Reply
    way: Way = "whole"
    seconds: float = 0.0
    fault: str | None = None


class Answering:
    """Answers calls for one stand-in. `_late` are effects that come after their answer was lost."""

    def __init__(self, glide: Glide) -> None:
        self._glide = glide
        self._late: set[asyncio.Task[Reply]] = set()

    async def answer(self, handler: Handler, call: Call) -> Outcome:
        """The outcome of a call. Everything that may go wrong on purpose goes wrong here."""
        glide = self._glide
        try:
            with glide.lock:
                glide.rates.admit(glide.settings, glide.clock())
                struck = glide.faults.strike(call)
        except TooMany as many:
            return Outcome(refusal(call, many))
        glide.rates.running += 1
        try:
            return await self._outcome(handler, call, struck)
        finally:
            glide.rates.running -= 1

    async def _outcome(self, handler: Handler, call: Call, struck: list[Fault]) -> Outcome:
        trickled = 0.0
        if self._glide.settings.latency:
            await asyncio.sleep(self._glide.settings.latency)
        for fault in struck:
            match fault.kind:
                case "latency":
                    await asyncio.sleep(fault.seconds)
                case "trickle":
                    trickled = fault.seconds
                case "moving_rows":
                    move_rows(self._glide, call, fault.rows)
                case "replay":
                    self._run(handler, call)
        for fault in struck:
            if fault.kind not in COMPANIONS:
                return self._struck(handler, call, fault)
        named = ", ".join(fault.kind for fault in struck) or None
        reply = await self._run_with_etag(handler, call)
        return Outcome(reply, "trickle" if trickled else "whole", trickled, named)

    def _struck(self, handler: Handler, call: Call, fault: Fault) -> Outcome:
        reply = self._effect(handler, call, fault)
        match fault.kind:
            case "reset" if fault.at == "request":
                return Outcome(reply, "reset", 0.0, "reset")
            case "reset":
                return Outcome(reply, "half", 0.0, "reset")
            case "hang":
                return Outcome(reply, "hang", fault.seconds, "hang")
            case "truncated":
                reply = msgspec.structs.replace(reply, body=reply.body[: len(reply.body) // 2])
            case "html":
                reply = Reply(200, PAGE, {}, "text/html; charset=utf-8")
            case "wrong_type":
                reply = json_reply([42] if reply.body.startswith(b"{") else {"unexpected": True})
            case "expired_continuation":
                reply = refusal(call, expired(self._glide))
            case _:
                reply = self._error(call, fault)
        return Outcome(reply, "whole", 0.0, fault.kind)

    def _effect(self, handler: Handler, call: Call, fault: Fault) -> Reply:
        """Let the call do to the data what the fault leaves of it; its own reply, or an empty one."""
        match fault.effect_on(call, self._glide.settings):
            case "applied":
                return self._run(handler, call)
            case "late":
                task = asyncio.create_task(self._run_later(handler, call))
                self._late.add(task)
                task.add_done_callback(self._late.discard)
        return json_reply({})

    def _error(self, call: Call, fault: Fault) -> Reply:
        reply = refusal(call, fault.refusal())
        if fault.retry_after is not None:
            moment = retry_after(fault.retry_after_form, fault.retry_after, self._glide.clock())
            reply.headers = {"Retry-After": str(moment)}
        return reply

    async def _run_later(self, handler: Handler, call: Call) -> Reply:
        await asyncio.sleep(self._glide.settings.late_seconds)
        return self._run(handler, call)

    async def _run_with_etag(self, handler: Handler, call: Call) -> Reply:
        """Run the call; a page's ETag may be older or younger than its rows, if the settings want it so."""
        when, gap = self._glide.settings.page_etag, self._glide.settings.page_etag_gap
        if call.site != "rows" or when == "with_rows":
            return self._run(handler, call)
        table = self._table(call)
        before = table.version if table else 0
        if when == "before_rows":
            await asyncio.sleep(gap)
        reply = self._run(handler, call)
        if when == "after_rows":
            await asyncio.sleep(gap)
        if table and "ETag" in reply.headers:
            reply.headers = {"ETag": f'"{before if when == "before_rows" else table.version}"'}
        return reply

    def _table(self, call: Call) -> Table | None:
        tables = tables_of(self._glide, call)
        return tables[0] if tables else None

    def _run(self, handler: Handler, call: Call) -> Reply:
        return run(self._glide, handler, call)


def run(glide: Glide, handler: Handler, call: Call) -> Reply:
    """The handler's reply, or the error it refuses the call with."""
    with glide.settled():
        if len(call.body) > glide.settings.max_body:
            return refusal(call, Refused(413, "The request is too large"))
        before = glide.spent()
        try:
            return handler(glide, call)
        except Refused as refused:
            return refusal(call, refused)
        except msgspec.DecodeError as error:
            return refusal(
                call, Refused(400, f"The body is not what it should be: {error}", "request_validation_error")
            )
        finally:
            call.cost += glide.spent() - before


def refusal(call: Call, refused: Refused) -> Reply:
    """An error in the shape of the API it comes from: v1 functions, v1 REST and v2 have one each."""
    body: dict[str, object] = {"error": {"message": refused.message}}
    if is_v2(call.site):
        body = {"error": {"type": refused.type, "message": refused.message}}
    elif call.site in ("query", "mutate"):
        body = {"message": refused.message}
    reply = json_reply(body, refused.status)
    if call.method == "HEAD":
        reply.body = b""
    if isinstance(refused, TooMany) and refused.retry_after is not None:
        reply.headers = {"Retry-After": refused.retry_after}
    return reply


def move_rows(glide: Glide, call: Call, count: int) -> None:
    """What other people do to a table while it is read: its first rows become its last ones."""
    with glide.lock:
        for table in tables_of(glide, call):
            glide.move_first(table, count)


def tables_of(glide: Glide, call: Call) -> list[Table]:
    """The tables a call names, as far as they exist."""
    names = [call.path.get("table")]
    if call.site == "query":
        try:
            names = [one.table for one in call.read(Queries).queries]
        except msgspec.DecodeError:
            return []
    apps = {app.id for app in glide.apps_of(call.token)}
    return [t for t in glide.tables.values() if t.app_id in apps and any(name and t.answers_to(name) for name in names)]
