"""v2, whole tables: create, overwrite, stashes and the jobs long calls become."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from typing import Any
from uuid import UUID

import msgspec

from glsync.standin.bigtables import (
    Given,
    Stashed,
    add_rows,
    check_version,
    committed,
    etag,
    on_schema_error,
    rows_of,
    table_of,
)
from glsync.standin.glide import Glide, Job
from glsync.standin.replies import Call, Refused, Reply, json_reply
from glsync.standin.rows import row_id
from glsync.standin.schema import accepted, columns_from, inferred, tabular
from glsync.standin.tables import PREFIX, Change, Table


class Schema(msgspec.Struct):
    columns: list[dict[str, Any]]


class Whole(msgspec.Struct):
    """The body of POST and PUT table in its full form."""

    rows: Given | Stashed
    name: str | None = None
    schema: Schema | None = None
    apps: list[str] = msgspec.field(name="appsToLink", default_factory=list)


def create(glide: Glide, call: Call) -> Reply:
    """A new Big Table, in the first app to link, else in the token's first app."""
    team = glide.team(call.token)
    body = _whole(call)
    name = body.name or call.query.get("name")
    if not name or (body.name and "name" in call.query):
        raise Refused(400, "Pass the name of the table, once", "request_validation_error")
    linked = [app.id for app in team if app.id in body.apps]
    home = linked[0] if linked else team[0].id
    glide.refuse_if_spent(home)
    id = _free_id(glide, home, name)

    def make() -> dict[str, Any]:
        given, stash = rows_of(glide, call, body.rows)
        columns = columns_from(body.schema.columns) if body.schema else inferred(given)
        table = glide.add_table(home, id, name, "big", columns)
        try:
            ids = add_rows(glide, call, table, given)
        except Refused:
            glide.drop_table(table)
            raise
        committed(glide, call, stash)
        return {"tableID": table.v2_id, "rowIDs": ids} | ({"linkedAppIDs": linked} if linked else {})

    if wants_job(glide, call):
        return json_reply({"data": {"tableID": id.removeprefix(PREFIX), "jobID": _job(glide, call, make)}}, 202)
    return json_reply({"data": make()}, 201)


def replace(glide: Glide, call: Call) -> Reply:
    """All rows go, the given ones come under new ids; columns the API cannot write are emptied with them."""
    table = table_of(glide, call)
    glide.refuse_if_spent(table.app_id)
    check_version(call, table.version)
    body = _whole(call, table)

    def overwrite() -> dict[str, Any]:
        given, stash = rows_of(glide, call, body.rows)
        ids = _overwrite(glide, call, table, given, body.schema)
        committed(glide, call, stash)
        return {"rowIDs": ids}

    if wants_job(glide, call):
        return json_reply({"data": {"jobID": _job(glide, call, overwrite)}}, 202)
    return json_reply({"data": overwrite()}, headers=etag(table))


def _overwrite(glide: Glide, call: Call, table: Table, given: Given, schema: Schema | None) -> list[str]:
    before = table.columns
    if schema:
        table.columns = {column.id: column for column in columns_from(schema.columns)}
    try:
        cells = accepted(table, given, on_schema_error(call))
    except Refused:
        table.columns = before
        raise
    gone = [Change("delete", row_id) for row_id in table.rows]
    come = [Change("add", table.new_row_id(), row) for row in cells]
    glide.write(table, gone + come)
    call.rows = len(come)
    glide.meters[table.app_id].wrote_big(len(come))
    return [change.row_id for change in come]


def job(glide: Glide, call: Call) -> Reply:
    """running, succeeded with the result, or failed with the error."""
    found = glide.jobs.get((glide.team(call.token)[0].id, call.path["job"]))
    if found is None:
        raise Refused(404, f"Job {call.path['job']} not found", "job_not_found")
    if glide.clock() < found.due:
        return json_reply({"data": {"status": "running"}})
    if found.error is not None:
        return json_reply({"data": {"status": "failed", "error": found.error}})
    return json_reply({"data": {"status": "succeeded", "result": found.result}})


def wants_job(glide: Glide, call: Call) -> bool:
    return glide.settings.async_jobs and call.headers.get("x-glide-asynchronous", "").lower() == "true"


def _job(glide: Glide, call: Call, work: Callable[[], dict[str, Any]]) -> str:
    """Do the work now, and let a job tell of it when its time has come; the job's id."""
    owner = glide.team(call.token)[0].id
    made = Job(owner, row_id("job", owner, len(glide.jobs)), glide.clock() + glide.settings.job_seconds)
    try:
        made.result = work()
    except Refused as refused:
        made.error = {"type": refused.type, "message": refused.message}
    glide.jobs[owner, made.id] = made
    glide.changed += 1
    return made.id


def stash(glide: Glide, call: Call) -> Reply:
    """Put a chunk aside; the same serial again replaces it."""
    owner = glide.team(call.token)[0].id
    given = tabular(call)
    given = call.read(Given) if given is None else given
    glide.stashes.expire(glide.settings, glide.clock())
    glide.stashes.put(owner, call.path["stash"], call.path["serial"], given, glide.clock())
    glide.changed += 1
    call.rows = len(given)
    return json_reply({})


def unstash(glide: Glide, call: Call) -> Reply:
    glide.stashes.drop(glide.team(call.token)[0].id, call.path["stash"])
    glide.changed += 1
    return json_reply({})


def _whole(call: Call, table: Table | None = None) -> Whole:
    rows = tabular(call, table)
    if rows is not None:
        return Whole(rows)
    given: Whole | Given = call.read(Whole | Given)  # type: ignore[arg-type]  # a union is no type to mypy
    return given if isinstance(given, Whole) else Whole(given)


def _free_id(glide: Glide, app_id: str, name: str) -> str:
    """The look of a UUID; the same history gives the same ids."""
    number = 0
    while True:
        id = PREFIX + str(UUID(bytes=blake2b(f"{app_id}/{name}/{number}".encode(), digest_size=16).digest()))
        if (app_id, id) not in glide.tables:
            return id
        number += 1
