"""The stand-in's own routes, below /_standin: data as an editor sees it, faults, settings, spending, calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from glsync.standin import fixture
from glsync.standin.demo import demo_fixture
from glsync.standin.faults import fault_from
from glsync.standin.flights import FlightsMissing, load_flights
from glsync.standin.glide import Glide, UnknownTable
from glsync.standin.tables import Table


class Edits(msgspec.Struct, forbid_unknown_fields=True):
    """Rows to add, cells to set by row id, rows to delete."""

    add: list[dict[str, Any]] = []
    set: dict[str, dict[str, Any]] = {}
    delete: list[str] = []


class Asked(msgspec.Struct):
    """A control call: the state, the ids in its address, its query, its body."""

    glide: Glide
    path: dict[str, str]
    query: dict[str, str]
    body: bytes

    @property
    def table(self) -> Table:
        """The table of the address; `?app=` where several apps have one of that name."""
        return self.glide.named(self.path["table"], self.query.get("app"))


Work = Callable[[Asked], Any]


def overview(asked: Asked) -> Any:
    """That it runs, and what it holds."""
    glide = asked.glide
    apps = [{"id": app.id, "name": app.name, "tables": len(glide.tables_of(app.id))} for app in glide.apps.values()]
    return {"standin": "Glide", "apps": apps, "queued": len(glide.queue)}


def settings(asked: Asked) -> Any:
    return asked.glide.settings


def change_settings(asked: Asked) -> Any:
    """Some settings by name; the others stay."""
    asked.glide.set(asked.glide.settings.changed(msgspec.json.decode(asked.body, type=dict[str, Any])))
    return asked.glide.settings


def faults(asked: Asked) -> Any:
    return {"faults": asked.glide.faults.all()}


def add_faults(asked: Asked) -> Any:
    """One, or a list."""
    given = msgspec.json.decode(asked.body)
    wanted = [fault_from(one) for one in (given if isinstance(given, list) else [given])]
    return {"faults": [asked.glide.faults.add(fault) for fault in wanted]}


def remove_faults(asked: Asked) -> Any:
    """One by `?id=`, else all."""
    if id := asked.query.get("id"):
        asked.glide.faults.remove(int(id))
    else:
        asked.glide.faults.clear()
    return faults(asked)


def usage(asked: Asked) -> Any:
    """What each app has spent."""
    return {"apps": {id: meter.as_dict() for id, meter in asked.glide.meters.items()}}


def forget_usage(asked: Asked) -> Any:
    asked.glide.reset_usage()
    return usage(asked)


def calls(asked: Asked) -> Any:
    """Those after number `?since=`, of call site `?site=`."""
    since, site = int(asked.query.get("since", 0)), asked.query.get("site")
    return {"calls": [call for call in asked.glide.calls if call["n"] > since and site in (None, call["site"])]}


def forget_calls(asked: Asked) -> Any:
    asked.glide.calls.clear()
    return {}


def settle(asked: Asked) -> Any:
    """All queued writes take effect now."""
    return {"settled": asked.glide.settle(everything=True)}


def add_apps(asked: Asked) -> Any:
    """Apps in the form of a fixture; one of the same id is replaced."""
    fixture.load(asked.glide, asked.body)
    return overview(asked)


def add_demo(asked: Asked) -> Any:
    """The app Demo Wholesale as it is at first."""
    fixture.load(asked.glide, demo_fixture())
    return overview(asked)


def add_flights(asked: Asked) -> Any:
    """The app NYC Flights as it is at first."""
    load_flights(asked.glide)
    return overview(asked)


def tables(asked: Asked) -> Any:
    return {"tables": [_described(table) for table in asked.glide.tables.values()]}


def rows(asked: Asked) -> Any:
    """All rows of a table, free."""
    return {"rows": [msgspec.Raw(row) for row in asked.table.rows.all()]}


def edit(asked: Asked) -> Any:
    """Change rows as an editor in Glide does: free, at once, any value."""
    wanted, table = msgspec.json.decode(asked.body, type=Edits), asked.table
    added = asked.glide.edit(table, add=wanted.add, set=wanted.set, delete=wanted.delete)
    return {"rowIDs": added, "version": table.version}


def drop(asked: Asked) -> Any:
    asked.glide.drop_table(asked.table)
    return {}


ADDRESSES: list[tuple[str, str, Work]] = [
    ("GET", "", overview),
    ("GET", "/settings", settings),
    ("POST", "/settings", change_settings),
    ("GET", "/faults", faults),
    ("POST", "/faults", add_faults),
    ("DELETE", "/faults", remove_faults),
    ("GET", "/usage", usage),
    ("DELETE", "/usage", forget_usage),
    ("GET", "/log", calls),
    ("DELETE", "/log", forget_calls),
    ("POST", "/settle", settle),
    ("POST", "/apps", add_apps),
    ("POST", "/demo", add_demo),
    ("POST", "/flights", add_flights),
    ("GET", "/tables", tables),
    ("DELETE", "/tables/{table}", drop),
    ("GET", "/tables/{table}/rows", rows),
    ("POST", "/tables/{table}/edits", edit),
]


def routes(glide: Glide) -> list[Route]:
    return [_route(glide, *address) for address in ADDRESSES]


def _route(glide: Glide, method: str, path: str, work: Work) -> Route:
    async def endpoint(request: Request) -> Response:
        asked = Asked(glide, request.path_params, dict(request.query_params), await request.body())
        return await run_in_threadpool(_answer, work, asked)

    return Route("/_standin" + path, endpoint, methods=[method])


def _answer(work: Work, asked: Asked) -> Response:
    status = 200
    try:
        with asked.glide.settled():
            content = msgspec.json.encode(work(asked))
    except (ValueError, LookupError, FlightsMissing) as error:
        status = 404 if isinstance(error, UnknownTable) else 400
        content = msgspec.json.encode({"error": {"message": str(error)}})
    return Response(content, status, media_type="application/json")


def _described(table: Table) -> dict[str, Any]:
    return {
        "app": table.app_id,
        "id": table.id,
        "name": table.name,
        "kind": table.kind,
        "rows": len(table.rows),
        "version": table.version,
    }
