"""Queueing a run: what both the runs and the errors do."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlmodel import Session

from glsync.errors import AlreadyRunning
from glsync.services import audit, mappings, queries
from glsync.services.access import Actor
from glsync.services.here import refuse_what_rests
from glsync.store import identity, tables
from glsync.values import Trigger

AT_ONCE: frozenset[Trigger] = frozenset({"manual", "cli", "api"})
"""Started by somebody who waits for it: while another run is under way they are told so. The rest queue behind it."""


@dataclass(frozen=True, slots=True)
class Started:
    """A run that was asked for. `new` is False when one was already waiting: then it is that one."""

    log_id: UUID
    new: bool


def enqueue(
    session: Session,
    actor: Actor,
    mapping_id: UUID,
    trigger: Trigger,
    *,
    approve: str | None = None,
    after: Sequence[UUID] = (),
) -> Started:
    """Queue a run of an active mapping, in a transaction that is open. It begins when the runs `after` have ended.

    Raises:
        NotFound: no such mapping in the actor's workspace.
        InvalidInput: it is a draft or switched off.
        CopiedDatabase, CopiedMapping: a copy that was not re-armed.
        AlreadyRunning: a run of it is under way, and the trigger is one of AT_ONCE.
    """
    mapping = runnable(mappings.stored(session, actor, mapping_id))
    refuse_copies(session, mapping)
    if trigger in AT_ONCE and (running := queries.scalar(session, "runs_under_way", mapping=mapping.id)) is not None:
        raise AlreadyRunning(mapping.name, running)
    options: dict[str, Any] = {"approve": approve} if approve else {}
    if after:
        options["after"] = [str(each) for each in after]
    log_id = queries.scalar(
        session, "runs_enqueue", mapping=mapping.id, trigger=trigger, actor=actor.name, options=json.dumps(options)
    )
    started = Started(log_id, queries.scalar(session, "runs_is_new", log=log_id))
    if approve:
        if not started.new:
            queries.changed(session, "runs_approve", log=started.log_id, approve=approve)
        audit.note(session, actor, "approved", "mapping", mapping.id, mapping.name, after={"hash": approve})
    return started


def runnable(mapping: tables.MappingRow) -> tables.MappingRow:
    """The mapping, when it may run.

    Raises:
        InvalidInput: it is a draft or switched off.
    """
    pause = (mapping.options or {}).get("pause")
    refuse_what_rests(mapping.name, mapping.status, enabled=mapping.enabled, pause=pause)
    return mapping


def refuse_copies(session: Session, mapping: tables.MappingRow) -> None:
    """Refuse at once what a run would be refused for.

    Raises:
        CopiedDatabase, CopiedMapping: a copy that was not re-armed.
    """
    assert mapping.id is not None  # it is stored
    with queries.driver(session).cursor() as cursor:
        identity.refuse_copy(cursor)
        identity.refuse_copied_mapping(cursor, mapping.id, mapping.name)
