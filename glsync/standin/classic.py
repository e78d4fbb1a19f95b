"""v1 functions: queryTables and mutateTables."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import field

from glsync.standin.columns import fits
from glsync.standin.glide import Glide
from glsync.standin.paging import read_list, read_page
from glsync.standin.replies import Call, Refused, Reply, json_reply
from glsync.standin.sql import refused_table, run
from glsync.standin.tables import ROW_ID, App, Change, Table


class Query(msgspec.Struct, kw_only=True):
    table: str = field(name="tableName")
    start: str | None = field(name="startAt", default=None)
    sql: str | None = None
    params: list[Any] = []
    utc: bool = False


class Queries(msgspec.Struct):
    app: str = field(name="appID")
    queries: list[Query]


class Mutation(msgspec.Struct, kw_only=True):
    kind: str
    table: str = field(name="tableName")
    cells: dict[str, Any] = field(name="columnValues", default_factory=dict)
    row: str | None = field(name="rowID", default=None)
    row_index: int | None = field(name="rowIndex", default=None)


class Mutations(msgspec.Struct):
    app: str = field(name="appID")
    mutations: list[Mutation]


def query(glide: Glide, call: Call) -> Reply:
    """One result for each query, in order: `rows`, and `next` while more remain."""
    asked = call.read(Queries)
    app = glide.app_for(call.token, asked.app)
    glide.refuse_if_spent(app.id)
    results = [_result(glide, call, glide.table_for(app, one.table), one) for one in asked.queries]
    glide.meters[app.id].read_classic(call.rows)
    return Reply(200, b"[" + b",".join(results) + b"]")


def _result(glide: Glide, call: Call, table: Table, asked: Query) -> bytes:
    rows, following = _page(glide, table, asked)
    rows = table.shown(rows, glide.settings, local_dates=glide.settings.classic_dates == "local" and not asked.utc)
    call.app_id, call.table_id = table.app_id, table.id
    call.rows += len(rows)
    end = b"]}" if following is None else b'],"next":' + msgspec.json.encode(following) + b"}"
    return b'{"rows":[' + b",".join(rows) + end


def _page(glide: Glide, table: Table, asked: Query) -> tuple[list[bytes], str | None]:
    if asked.sql is None:
        return read_page(glide, table, glide.settings.page_rows, asked.start)
    if table.kind != "big" and not (table.kind == "small" and glide.settings.sql_on_small_tables):
        raise refused_table(glide.settings)
    found = run(table, asked.sql, asked.params, glide.settings)
    return read_list(glide, table, found, glide.settings.page_rows, asked.start)


def mutate(glide: Glide, call: Call) -> Reply:
    """One result for each mutation, in order; a refused one says `error` and the call is still a 200."""
    asked = call.read(Mutations)
    app = glide.app_for(call.token, asked.app)
    glide.refuse_if_spent(app.id)
    call.app_id = app.id
    if len(asked.mutations) > glide.settings.max_mutations:
        raise Refused(400, f"More than {glide.settings.max_mutations} mutations")
    results: list[dict[str, str]] = []
    accepted: dict[str, list[Change]] = {}
    for mutation in asked.mutations:
        try:
            table, change = _change(glide, app, mutation)
        except Refused as refused:
            results.append({"error": refused.message})
            continue
        accepted.setdefault(table.id, []).append(change)
        call.table_id = table.id
        results.append(_accepted(glide, change))
    failed = any("error" in result for result in results)
    if not (failed and glide.settings.batch_with_errors == "apply_none"):
        for table_id, changes in accepted.items():
            glide.accept(glide.tables[app.id, table_id], changes)
            call.rows += len(changes)
    return json_reply(results, glide.settings.batch_error_status if failed else 200)


def _accepted(glide: Glide, change: Change) -> dict[str, str]:
    if change.op == "add" and glide.settings.add_returns_row_id:
        return {"rowID": change.row_id}
    return {}


def _change(glide: Glide, app: App, mutation: Mutation) -> tuple[Table, Change]:
    table = glide.table_for(app, mutation.table)
    match mutation.kind:
        case "add-row-to-table":
            return table, Change("add", table.new_row_id(), writable(glide, table, mutation.cells))
        case "set-columns-in-row":
            row_id = _row_id(mutation)
            return table, Change("set", row_id, writable(glide, table, mutation.cells))
        case "delete-row":
            return table, Change("delete", _row_id(mutation))
    raise Refused(400, f"Unknown mutation kind {mutation.kind}")


def _row_id(mutation: Mutation) -> str:
    if mutation.row:
        return mutation.row
    if mutation.row_index is not None:
        raise Refused(400, "rowIndex is only supported for Google Sheets tables")
    raise Refused(400, "rowID is missing")


def writable(glide: Glide, table: Table, values: dict[str, Any]) -> dict[str, Any]:
    """A v1 write's cells as they will be applied; `$rowID` among them is overlooked.

    Raises:
        Refused: an unknown or computed column, or a value the settings do not let through.
    """
    settings, cells = glide.settings, {}
    for id, value in values.items():
        if id == ROW_ID:
            continue
        column = table.columns.get(id)
        if column is None or column.computed:
            raise Refused(422, f"Column {id} not found in table {table.id}", "column_id_not_found")
        if value is None and settings.classic_null == "ignored":
            continue
        if (value is None and settings.classic_null == "refused") or (
            settings.classic_wrong_type == "refused" and not fits(value, column)
        ):
            raise Refused(422, f"Column {id} has an invalid value", "column_has_invalid_value")
        cells[id] = value
    return cells
