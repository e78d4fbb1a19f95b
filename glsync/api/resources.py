"""The resources below /api: connections, mappings, runs, errors, conflicts. What GET shows is what the pages show."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.encoders import jsonable_encoder
from pydantic import BaseModel, ConfigDict, Field

from glsync.api import actions
from glsync.api.callers import Caller
from glsync.api.failures import RESPONSES
from glsync.api.words import Listed, Success, Text
from glsync.services import conflicts, connections, errors, explaining, mappings, runs
from glsync.services.runs import RunFilter, RunRow
from glsync.values import Status

router = APIRouter(prefix="/api", responses=RESPONSES)

Limit = Annotated[int, Query(ge=1, le=500)]
Offset = Annotated[int, Query(ge=0, le=10_000_000)]


class NewRun(BaseModel):
    """`approve` is the hash of a plan that waits, which this run then carries out."""

    model_config = ConfigDict(extra="forbid")

    approve: Annotated[Text, Field(max_length=100)] | None = None


@router.get("/connections", response_model=Listed, operation_id="list_connections")
def list_connections(actor: Caller) -> Any:
    """All connections, by name; of their keys only the last four characters."""
    found = connections.listing(actor)
    return _listed(found, len(found))


@router.get("/connections/{connection_id}", response_model=Success, operation_id="get_connection")
def get_connection(connection_id: UUID, actor: Caller) -> Any:
    """One connection."""
    return _one("connection", connections.get(actor, connection_id))


@router.get("/mappings", response_model=Listed, operation_id="list_mappings")
def list_mappings(
    actor: Caller, search: Annotated[Text, Query(max_length=200)] = "", limit: Limit = 100, offset: Offset = 0
) -> Any:
    """Mappings by name, with how they stand."""
    return _listed(mappings.listing(actor, search=search, limit=limit, offset=offset), mappings.count(actor, search))


@router.get("/mappings/{mapping_id}", response_model=Success, operation_id="get_mapping")
def get_mapping(mapping_id: UUID, actor: Caller) -> Any:
    """One mapping: how it stands, and its column pairs."""
    pairs = [asdict(pair) for pair in mappings.get(actor, mapping_id).pairs]
    return _one("mapping", asdict(mappings.row(actor, mapping_id)) | {"pairs": pairs})


@router.get("/mappings/{mapping_id}/explanation", response_model=Success, operation_id="explain_row")
def explain_row(
    mapping_id: UUID,
    actor: Caller,
    row: Annotated[Text, Query(min_length=1, max_length=1000)],
    column: Annotated[Text, Query(max_length=200)] | None = None,
) -> Any:
    """Why a row is as it is; `row` is its id in Glide or its key in Postgres. Looking in Glide may cost updates."""
    return _one("explanation", explaining.explain(actor, mapping_id, row, column))


@router.post("/mappings/{mapping_id}/runs", response_model=Success, status_code=202, operation_id="start_run")
def start_run(mapping_id: UUID, actor: Caller, body: NewRun | None = None) -> Any:
    """Queue a run; GET /api/runs/{logId} tells how it goes."""
    log_id = actions.start(actor, mapping_id, body.approve if body else None)
    return {"success": True, "logId": str(log_id)}


@router.get("/runs", response_model=Listed, operation_id="list_runs")
def list_runs(
    actor: Caller,
    mapping_id: UUID | None = None,
    status: Annotated[list[Status] | None, Query()] = None,
    limit: Limit = 50,
    offset: Offset = 0,
) -> Any:
    """Runs, newest first."""
    wanted = RunFilter(status=tuple(status or ()), mapping_id=mapping_id)
    found = runs.history(actor, wanted, limit, offset)
    return {"success": True, "items": [_run(run) for run in found], "total": runs.count(actor, wanted)}


@router.get("/runs/{log_id}", response_model=Success, operation_id="get_run")
def get_run(log_id: UUID, actor: Caller) -> Any:
    """One run."""
    return {"success": True, "run": _run(runs.get(actor, log_id))}


@router.get("/runs/{log_id}/events", response_model=Listed, operation_id="list_run_events")
def list_run_events(log_id: UUID, actor: Caller, limit: Limit = 200) -> Any:
    """The last lines a run logged, oldest first."""
    return _listed(runs.events(actor, runs.get(actor, log_id).id, limit))


@router.get("/errors", response_model=Listed, operation_id="list_errors")
def list_errors(
    actor: Caller,
    mapping_id: UUID | None = None,
    state: Annotated[list[Literal["open", "retrying", "resolved", "ignored"]] | None, Query()] = None,
    limit: Limit = 50,
    offset: Offset = 0,
) -> Any:
    """Rows that were held back, newest first; the open ones unless states are named."""
    wanted = errors.ErrorFilter(states=tuple(state or ("open",)), mapping_id=mapping_id)
    return _listed(errors.listing(actor, wanted, limit, offset), errors.count(actor, wanted))


@router.get("/errors/{error_id}", response_model=Success, operation_id="get_error")
def get_error(error_id: UUID, actor: Caller) -> Any:
    """One error."""
    return _one("error", errors.get(actor, error_id))


@router.get("/conflicts", response_model=Listed, operation_id="list_conflicts")
def list_conflicts(
    actor: Caller,
    mapping_id: UUID | None = None,
    state: Annotated[list[conflicts.State] | None, Query()] = None,
    limit: Limit = 50,
    offset: Offset = 0,
) -> Any:
    """What both sides changed, the oldest first; the open ones unless states are named."""
    wanted = conflicts.ConflictFilter(states=tuple(state or ("open",)), mapping_id=mapping_id)
    return _listed(conflicts.listing(actor, wanted, limit, offset), conflicts.count(actor, wanted))


@router.get("/conflicts/{conflict_id}", response_model=Success, operation_id="get_conflict")
def get_conflict(conflict_id: UUID, actor: Caller) -> Any:
    """One conflict: what both sides last agreed on, and what each says now."""
    return _one("conflict", conflicts.get(actor, conflict_id))


def _listed(found: list[Any], total: int | None = None) -> dict[str, Any]:
    return {"success": True, "items": jsonable_encoder(found), "total": total}


def _one(name: str, found: Any) -> dict[str, Any]:
    return {"success": True, name: jsonable_encoder(found)}


def _run(run: RunRow) -> dict[str, Any]:
    """A run as the command line tells it, and what lists show besides."""
    shown: dict[str, Any] = jsonable_encoder(run)
    del shown["counts"]
    return shown | runs.as_json(run)
