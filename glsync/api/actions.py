"""POST /api/glsync: one address, an action in the body. Each action is a few lines over the services."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import cache
from time import monotonic
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.encoders import jsonable_encoder
from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from glsync.api.callers import Caller
from glsync.api.failures import RESPONSES, RunFailed, TooManyCalls
from glsync.api.words import Flag, Success, TableId, Text
from glsync.errors import InvalidMapping
from glsync.services import access, conflicts, connections, errors, mappings, runs, status, undoing
from glsync.services.access import Actor
from glsync.services.checking import StepName
from glsync.services.runs import RunRow
from glsync.values import GlideColumn, GlideTable, Side

router = APIRouter()

Answer = dict[str, Any]
LONGEST_WAIT = 300.0
"""Seconds a call with `wait` lasts at most; the run itself goes on."""
MOST_WAITING = 20
LOOK_SECONDS = 0.25
SHOWN_ERRORS = 100
TYPE_OF_STEP: dict[StepName, str] = {
    "reach": "NETWORK_ERROR", "sign in": "AUTH_ERROR", "list tables": "API_ERROR", "read a row": "API_ERROR",
}  # fmt: skip

_waiting = asyncio.Semaphore(MOST_WAITING)


class Action(BaseModel):
    """What a body says, in the words of the contract: camelCase there, snake_case here.

    A word of another action may stand there too, but for a dryRun that would not be dry; a word of none is a mistake.
    """

    model_config = ConfigDict(alias_generator=to_camel)

    @model_validator(mode="before")
    @classmethod
    def _is_understood(cls, body: Any) -> Any:
        if strange := sorted(str(word) for word in body.keys() - words()):
            raise ValueError(f"no action knows {', '.join(strange)}; there are {', '.join(sorted(words()))}")
        if body.get("dryRun") and "dry_run" not in cls.model_fields:
            raise ValueError(f"{body['action']} is never dry: dryRun is for syncData and undoSync")
        return body


class TestConnection(Action):
    action: Literal["testConnection"]
    connection_id: UUID


class ListGlideTables(Action):
    action: Literal["listGlideTables", "getTableNames"]
    connection_id: UUID


class GetColumnMappings(Action):
    """Of a table of a connection, or of the table a mapping reads."""

    action: Literal["getColumnMappings"]
    connection_id: UUID | None = None
    table_id: TableId | None = None
    mapping_id: UUID | None = None

    @model_validator(mode="after")
    def _names_a_table(self) -> GetColumnMappings:
        if self.mapping_id is None and (self.connection_id is None or self.table_id is None):
            raise ValueError("connectionId and tableId are needed, or mappingId")
        return self


class ValidateMapping(Action):
    action: Literal["validateMapping"]
    mapping_id: UUID


class SyncData(Action):
    """`dryRun` only plans; `wait` answers when the run has ended; `approve` is the hash of a plan that waits."""

    action: Literal["syncData", "syncMapping"]
    mapping_id: UUID
    dry_run: Flag = False
    wait: Flag = False
    approve: Annotated[Text, Field(max_length=100)] | None = None


class RetryFailedSync(Action):
    action: Literal["retryFailedSync"]
    mapping_id: UUID


class ResolveError(Action):
    action: Literal["resolveError"]
    error_id: UUID
    notes: Annotated[Text, Field(max_length=2000)] | None = None


class ResolveConflict(Action):
    """Pick a side; `scope` field is this conflict, row all of its row, alike all of its mapping, column and kind."""

    action: Literal["resolveConflict"]
    conflict_id: UUID
    side: Side
    scope: Literal["field", "row", "alike"] = "field"
    notes: Annotated[Text, Field(max_length=2000)] | None = None


class LeaveConflict(Action):
    """Take a pick back that no run has carried out yet."""

    action: Literal["leaveConflict"]
    conflict_id: UUID


class CancelSync(Action):
    action: Literal["cancelSync"]
    log_id: UUID


class UndoSync(Action):
    """With `dryRun` what undoing a run would do; else `approve` is the hash of that plan, which is then carried out."""

    action: Literal["undoSync"]
    log_id: UUID
    dry_run: Flag = False
    approve: Annotated[Text, Field(max_length=100)] | None = None

    @model_validator(mode="after")
    def _is_looked_at(self) -> UndoSync:
        if not self.dry_run and not self.approve:
            raise ValueError("approve is needed: the hash that dryRun answers")
        return self


class GetSyncStatus(Action):
    action: Literal["getSyncStatus"]
    mapping_id: UUID


@cache
def words() -> frozenset[str]:
    """Every key a body may hold."""
    return frozenset(field.alias or name for action in ACTIONS for name, field in action.model_fields.items())


Body = Annotated[
    TestConnection
    | ListGlideTables
    | GetColumnMappings
    | ValidateMapping
    | SyncData
    | RetryFailedSync
    | ResolveError
    | ResolveConflict
    | LeaveConflict
    | CancelSync
    | UndoSync
    | GetSyncStatus,
    Field(discriminator="action"),
]


@router.post("/api/glsync", responses=RESPONSES, response_model=Success, operation_id="glsync")
async def glsync(body: Body, actor: Caller, request: Request) -> Any:
    """Do one action. What it answers besides `success` is told by its name in the documentation."""
    if isinstance(body, SyncData) and body.wait and not body.dry_run:
        return _said(await _synced(actor, body, request))
    return _said(await run_in_threadpool(_act, actor, body))


def _said(answer: Answer) -> JSONResponse:
    return JSONResponse({"success": True, **jsonable_encoder(answer)})


def _act(actor: Actor, body: Action) -> Answer:
    return ACTIONS[type(body)](actor, body)


# Connections


def test_connection(actor: Actor, body: TestConnection) -> Answer:
    steps = connections.check(actor, body.connection_id)
    failed = next((step for step in steps if step.state == "failed"), None)
    if failed is not None:
        raise RunFailed(TYPE_OF_STEP[failed.name], f"{failed.name}: {failed.detail}", "Correct it under Connections.")
    return {"message": "; ".join(step.detail for step in steps if step.detail)}


def list_glide_tables(actor: Actor, body: ListGlideTables) -> Answer:
    found = connections.glide_tables(actor, body.connection_id)
    return {"tables": [_table(table) for table in found]}


def get_column_mappings(actor: Actor, body: GetColumnMappings) -> Answer:
    connection, table = body.connection_id, body.table_id
    if body.mapping_id is not None:
        mapping = mappings.get(actor, body.mapping_id)
        connection, table = mapping.connection_id, mapping.glide_table
    assert connection is not None
    assert table is not None
    return {"columns": [_column(column) for column in connections.glide_columns(actor, connection, table)]}


def _table(table: GlideTable) -> Answer:
    return {"id": table.id, "display_name": table.name}


def _column(column: GlideColumn) -> Answer:
    return {"id": column.id, "name": column.name, "type": column.kind or column.type}


# Mappings and runs


def validate_mapping(actor: Actor, body: ValidateMapping) -> Answer:
    found = mappings.problems(actor, mappings.get(actor, body.mapping_id))
    return {
        "isValid": all(problem.severity != "error" for problem in found),
        "messages": [f"Warning: {p.message}" if p.severity == "warning" else p.message for p in found],
    }


def sync_data(actor: Actor, body: SyncData) -> Answer:
    if body.dry_run:
        return runs.plan_json(runs.plan(actor, body.mapping_id))
    return {"logId": start(actor, body.mapping_id, body.approve)}


def start(actor: Actor, mapping_id: UUID, approve: str | None = None) -> UUID:
    """Queue a run of a mapping that fits its tables.

    Raises:
        InvalidMapping: it does not fit.
        SyncError: what runs.start refuses.
    """
    access.require(actor, "operator", "start a run")
    draft = mappings.get(actor, mapping_id)
    found = mappings.problems(actor, draft)
    if any(problem.severity == "error" for problem in found):
        raise InvalidMapping(draft.name, found)
    return runs.start(actor, mapping_id, trigger="api", approve=approve).log_id


async def _synced(actor: Actor, body: SyncData, request: Request) -> Answer:
    """Start a run and answer when it has ended, or after LONGEST_WAIT with how far it is."""
    if _waiting.locked():
        raise TooManyCalls(5)
    async with _waiting:
        log_id = await run_in_threadpool(start, actor, body.mapping_id, body.approve)
        until = monotonic() + LONGEST_WAIT
        while True:
            run = await run_in_threadpool(runs.get, actor, log_id)
            if run.ended or monotonic() > until or await request.is_disconnected():
                return await run_in_threadpool(_outcome, actor, run)
            await asyncio.sleep(LOOK_SECONDS)


def _outcome(actor: Actor, run: RunRow) -> Answer:
    """What became of a run.

    Raises:
        RunFailed: it failed or was cancelled.
    """
    if run.status in ("failed", "cancelled"):
        type = "CANCELLED" if run.status == "cancelled" else run.error_type or "INTERNAL_ERROR"
        raise RunFailed(type, run.message or f"The run was {run.status}", run.hint or f"See run {run.id}.")
    found = errors.listing(actor, errors.ErrorFilter(states=errors.STATES, log_id=run.id), limit=SHOWN_ERRORS)
    return {
        "logId": run.id,
        "status": run.status,
        "finished": run.ended,
        "recordsProcessed": run.counts.stored,
        "failedRecords": run.counts.failed,
        "waiting": run.waiting,
        "errors": [_error(error) for error in found],
    }


def _error(error: errors.ErrorRow) -> Answer:
    return {
        "id": error.id,
        "type": error.type,
        "message": error.message,
        "record": error.record,
        "timestamp": error.last_seen_at,
        "retryable": error.retryable,
    }


def retry_failed_sync(actor: Actor, body: RetryFailedSync) -> Answer:
    return {"logId": runs.retry(actor, body.mapping_id).log_id}


def resolve_error(actor: Actor, body: ResolveError) -> Answer:
    error = errors.get(actor, body.error_id)
    return {"resolved": error.state != "resolved" and errors.resolve(actor, [error.id], body.notes or "") == 1}


def resolve_conflict(actor: Actor, body: ResolveConflict) -> Answer:
    one = conflicts.get(actor, body.conflict_id)
    notes = body.notes or ""
    if body.scope == "row":
        found = conflicts.resolve_row(actor, one.id, body.side, notes)
    elif body.scope == "alike":
        found = conflicts.resolve_alike(actor, one.id, body.side, notes)
    else:
        found = conflicts.resolve(actor, [one.id], body.side, notes)
    return {"resolved": found.count, "logIds": [one.log_id for one in found.started], "resting": found.resting}


def leave_conflict(actor: Actor, body: LeaveConflict) -> Answer:
    return {"left": conflicts.leave(actor, [conflicts.get(actor, body.conflict_id).id]) == 1}


def cancel_sync(actor: Actor, body: CancelSync) -> Answer:
    return {"cancelled": runs.cancel(actor, body.log_id)}


def undo_sync(actor: Actor, body: UndoSync) -> Answer:
    if body.dry_run or body.approve is None:
        return undoing.undo_json(actor, undoing.plan(actor, body.log_id))
    return {"logId": undoing.start(actor, body.log_id, body.approve, trigger="api").log_id}


def get_sync_status(actor: Actor, body: GetSyncStatus) -> Answer:
    return {"status": status.of_mapping(actor, body.mapping_id)}


ACTIONS: dict[type[Action], Callable[[Actor, Any], Answer]] = {
    TestConnection: test_connection,
    ListGlideTables: list_glide_tables,
    GetColumnMappings: get_column_mappings,
    ValidateMapping: validate_mapping,
    SyncData: sync_data,
    RetryFailedSync: retry_failed_sync,
    ResolveError: resolve_error,
    ResolveConflict: resolve_conflict,
    LeaveConflict: leave_conflict,
    CancelSync: cancel_sync,
    UndoSync: undo_sync,
    GetSyncStatus: get_sync_status,
}
