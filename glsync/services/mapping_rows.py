"""Mappings as lists show them, with how they stand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from glsync.services import queries
from glsync.services.access import Actor
from glsync.values import Direction, Status


@dataclass(frozen=True, slots=True)
class MappingRow:
    """A mapping as lists show it. `records` are the rows in step, `current_status` is that of its last run.

    `next_run` is when its schedule is due; `pause_reason` says why the mapping rests or its schedule paused itself;
    `next_retry` is when a run that broke off for a passing reason is tried again by itself.
    """

    id: UUID
    name: str
    connection_id: UUID
    connection_name: str
    glide_table: str
    glide_table_name: str
    target: str
    direction: Direction
    enabled: bool
    status: str
    current_status: Status | None
    last_success: datetime | None
    last_started: datetime | None
    next_run: datetime | None
    records: int | None
    open_errors: int
    version: int
    last_log_id: UUID | None = None
    last_message: str | None = None
    last_error_type: str | None = None
    schedule: str | None = None
    pause_reason: str | None = None
    open_conflicts: int = 0
    next_retry: datetime | None = None


def rows(
    session: Session,
    actor: Actor,
    *,
    id: UUID | None = None,
    connection: UUID | None = None,
    search: str = "",
    limit: int = 1,
    offset: int = 0,
) -> list[MappingRow]:
    """Mappings of the actor's workspace by name; one by its id, those of one connection, or those a search finds."""
    values = {"id": id, "connection": connection, "search": search, "limit": limit, "offset": offset}
    return [MappingRow(**row) for row in queries.rows(session, "mappings_list", workspace=actor.workspace_id, **values)]
