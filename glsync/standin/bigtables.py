"""v2, row by row: Big Tables, their versions and their rows."""

from __future__ import annotations

import re
from typing import Any, cast

import msgspec

from glsync.standin.glide import Glide
from glsync.standin.paging import read_page
from glsync.standin.replies import Call, Refused, Reply, json_reply, rows_reply
from glsync.standin.schema import OnSchemaError, accepted, tabular
from glsync.standin.tables import Change, Table

VERSION = re.compile(r'"(\d+)"')
Given = list[dict[str, Any]]


class Stashed(msgspec.Struct):
    """In place of rows: the stash that holds them."""

    stash: str = msgspec.field(name="$stashID")


def list_tables(glide: Glide, call: Call) -> Reply:
    return json_reply({"data": [{"id": table.v2_id, "name": table.name} for table in glide.big_tables(call.token)]})


def head(glide: Glide, call: Call) -> Reply:
    """Only the version; free."""
    return Reply(200, b"", etag(table_of(glide, call)))


def rows(glide: Glide, call: Call) -> Reply:
    """A page. `limit` is a ceiling: only the absence of `continuation` means the end."""
    table = table_of(glide, call)
    glide.refuse_if_spent(table.app_id)
    found, following = read_page(glide, table, _limit(glide, call), call.query.get("continuation"))
    call.rows = len(found)
    glide.meters[table.app_id].read_big(len(found))
    end = b"]}" if following is None else b'],"continuation":' + msgspec.json.encode(following) + b"}"
    return rows_reply(b'{"data":[', table.shown(found, glide.settings), end, etag(table))


def row(glide: Glide, call: Call) -> Reply:
    table = table_of(glide, call)
    glide.refuse_if_spent(table.app_id)
    found = table.rows.get(call.path["row"])
    if found is None:
        raise _no_row(call)
    call.rows = 1
    glide.meters[table.app_id].read_big(1)
    return rows_reply(b'{"data":', table.shown([found], glide.settings), b"}", etag(table))


def add(glide: Glide, call: Call) -> Reply:
    """A bare array, or a stash to commit; all rows or none."""
    table = table_of(glide, call)
    glide.refuse_if_spent(table.app_id)
    given = tabular(call, table)
    if given is None:
        named: Stashed | Given = call.read(Stashed | Given)  # type: ignore[arg-type]  # a union is no type to mypy
        given, stash = rows_of(glide, call, named)
    else:
        stash = None
    ids = add_rows(glide, call, table, given)
    committed(glide, call, stash)
    return json_reply({"data": {"rowIDs": ids}}, 201, etag(table))


def patch(glide: Glide, call: Call) -> Reply:
    """Only the columns named; refused when If-Match is older than the row's own last change."""
    table = table_of(glide, call)
    glide.refuse_if_spent(table.app_id)
    row_id = call.path["row"]
    if row_id not in table.rows:
        raise _no_row(call)
    check_version(call, table.rows.version(row_id))
    cells = accepted(table, [call.read(dict[str, Any])], on_schema_error(call))[0]
    call.rows = glide.write(table, [Change("set", row_id, cells)])
    glide.meters[table.app_id].wrote_big(call.rows)
    return json_reply({}, headers=etag(table))


def delete(glide: Glide, call: Call) -> Reply:
    """200 whether or not the row was there."""
    table = table_of(glide, call)
    glide.refuse_if_spent(table.app_id)
    call.rows = glide.write(table, [Change("delete", call.path["row"])])
    glide.meters[table.app_id].wrote_big(call.rows)
    return json_reply({}, headers=etag(table))


def etag(table: Table) -> dict[str, str]:
    return {"ETag": f'"{table.version}"'}


def table_of(glide: Glide, call: Call) -> Table:
    table = glide.big_table(call.token, call.path["table"])
    call.app_id, call.table_id = table.app_id, table.id
    return table


def check_version(call: Call, current: int) -> None:
    """Refuse the call if what it changes is newer than its If-Match."""
    given = call.headers.get("if-match")
    if given is None:
        return
    found = VERSION.fullmatch(given)
    if found is None:
        raise Refused(400, "If-Match must be a quoted whole number", "request_validation_error")
    if current > int(found[1]):
        raise Refused(412, "The data has changed since that version", "precondition_failed")


def on_schema_error(call: Call) -> OnSchemaError:
    asked = call.query.get("onSchemaError", "abort")
    if asked not in ("abort", "dropColumns", "updateSchema"):
        raise Refused(400, f"onSchemaError cannot be {asked}", "request_validation_error")
    return cast(OnSchemaError, asked)


def rows_of(glide: Glide, call: Call, named: Given | Stashed) -> tuple[Given, str | None]:
    """Rows as given, or those of the stash that is named, with its id."""
    if not isinstance(named, Stashed):
        return named, None
    owner = glide.team(call.token)[0].id
    glide.stashes.expire(glide.settings, glide.clock())
    return glide.stashes.commit(owner, named.stash, glide.settings), named.stash


def add_rows(glide: Glide, call: Call, table: Table, given: Given) -> list[str]:
    """The new rows' ids, in the order given."""
    cells = accepted(table, given, on_schema_error(call))
    changes = [Change("add", table.new_row_id(), row) for row in cells]
    glide.write(table, changes)
    call.app_id, call.table_id, call.rows = table.app_id, table.id, len(changes)
    glide.meters[table.app_id].wrote_big(len(changes))
    return [change.row_id for change in changes]


def committed(glide: Glide, call: Call, stash: str | None) -> None:
    if stash is not None:
        glide.stashes.committed(glide.team(call.token)[0].id, stash)


def _no_row(call: Call) -> Refused:
    return Refused(404, f"Row {call.path['row']} not found", "row_not_found")


def _limit(glide: Glide, call: Call) -> int:
    ceiling = glide.settings.big_page_rows
    asked = call.query.get("limit", str(ceiling))
    if not asked.isdecimal() or int(asked) < 1:
        raise Refused(400, "limit must be a positive number", "request_validation_error")
    limit = min(int(asked), ceiling)
    return glide.chance.randint(1, limit) if glide.settings.short_pages else limit
