"""v1 REST: the apps, tables, schemas and rows the official client asks for."""

from __future__ import annotations

from typing import Any

import msgspec

from glsync.standin.classic import writable
from glsync.standin.glide import Glide
from glsync.standin.paging import read_page
from glsync.standin.replies import Call, Refused, Reply, json_reply, rows_reply
from glsync.standin.tables import ROW_ID, Change, Table


def me(glide: Glide, call: Call) -> Reply:
    """Whose token this is: the stand-in names its first app."""
    apps = glide.apps_of(call.token)
    if not apps:
        raise Refused(glide.settings.bad_token_status, "Invalid API token")
    return json_reply({"id": f"user-of-{apps[0].id}", "name": f"Owner of {apps[0].name}"})


def apps(glide: Glide, call: Call) -> Reply:
    found = glide.apps_of(call.token)
    if not found:
        raise Refused(glide.settings.bad_token_status, "Invalid API token")
    return json_reply({"data": [{"id": app.id, "name": app.name} for app in found]})


def tables(glide: Glide, call: Call) -> Reply:
    app = glide.app_for(call.token, call.path["app"])
    return json_reply({"data": [{"id": table.id, "name": table.name} for table in glide.tables_of(app.id)]})


def schema(glide: Glide, call: Call) -> Reply:
    table = _table(glide, call)
    settings = glide.settings
    columns: list[dict[str, Any]] = [
        {"id": column.id, "name": column.name, "type": column.v1_type}
        for column in table.columns.values()
        if settings.computed_in_schema or not column.computed
    ]
    if settings.row_id_in_schema:
        columns.insert(0, {"id": ROW_ID, "name": "Row ID", "type": {"kind": "string"}})
    return json_reply({"data": {"columns": columns}})


def rows(glide: Glide, call: Call) -> Reply:
    table = _spending(glide, call)
    found, following = read_page(glide, table, glide.settings.page_rows, call.query.get("start"))
    call.rows = len(found)
    glide.meters[table.app_id].read_classic(len(found))
    end = b"]}}" if following is None else b']},"next":' + msgspec.json.encode(following) + b"}"
    return rows_reply(b'{"data":{"rows":[', _shown(glide, table, found), end)


def add(glide: Glide, call: Call) -> Reply:
    """An object or an array of them; all are added or none is."""
    table = _spending(glide, call)
    given = call.read(dict[str, Any] | list[dict[str, Any]])  # type: ignore[arg-type]
    wanted = given if isinstance(given, list) else [given]
    if len(wanted) > glide.settings.max_mutations:
        raise Refused(400, f"More than {glide.settings.max_mutations} mutations")
    cells = [writable(glide, table, row) for row in wanted]
    changes = [Change("add", table.new_row_id(), row) for row in cells]
    ids = [change.row_id for change in changes]
    glide.accept(table, changes)
    call.rows = len(ids)
    return json_reply({"data": {"rowIDs": ids}})


def clear(glide: Glide, call: Call) -> Reply:
    table = _spending(glide, call)
    call.rows = len(table.rows)
    glide.accept(table, [Change("delete", row_id) for row_id in table.rows])
    return json_reply({"success": True})


def row(glide: Glide, call: Call) -> Reply:
    table = _spending(glide, call)
    found = table.rows.get(call.path["row"])
    if found is None:
        raise Refused(404, f"Row {call.path['row']} not found", "row_not_found")
    call.rows = 1
    glide.meters[table.app_id].read_classic(1)
    return rows_reply(b'{"data":', _shown(glide, table, [found]), b"}")


def set_row(glide: Glide, call: Call) -> Reply:
    table = _spending(glide, call)
    cells = writable(glide, table, call.read(dict[str, Any]))
    if call.path["row"] not in table.rows:
        raise Refused(404, f"Row {call.path['row']} not found", "row_not_found")
    glide.accept(table, [Change("set", call.path["row"], cells)])
    call.rows = 1
    return json_reply({"data": {"rowIDs": [call.path["row"]]}})


def delete(glide: Glide, call: Call) -> Reply:
    table = _spending(glide, call)
    glide.accept(table, [Change("delete", call.path["row"])])
    call.rows = 1
    return json_reply({"success": True})


def _table(glide: Glide, call: Call) -> Table:
    app = glide.app_for(call.token, call.path["app"])
    table = glide.table_for(app, call.path["table"])
    call.app_id, call.table_id = table.app_id, table.id
    return table


def _spending(glide: Glide, call: Call) -> Table:
    """The table of a call that costs updates."""
    table = _table(glide, call)
    glide.refuse_if_spent(table.app_id)
    return table


def _shown(glide: Glide, table: Table, found: list[bytes]) -> list[bytes]:
    return table.shown(found, glide.settings, local_dates=glide.settings.classic_dates == "local")
