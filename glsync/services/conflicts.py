"""Conflicts: what both sides changed and nobody may guess. A person picks a value, and a run carries it out.

A pick holds only while both sides still say what the person saw: the run compares before it writes. Where a side was
changed once more, the pick is over and the conflict is shown again with the values of now.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlmodel import Session

from glsync.errors import InvalidInput, NotFound
from glsync.services import access, audit, mappings, queries, starting
from glsync.services.access import Actor
from glsync.services.errors import NOTED
from glsync.services.starting import Started
from glsync.values import Policy, Side

Kind = Literal["field", "edit_delete", "first_match"]
State = Literal["open", "picked", "applied", "gone"]
STATES: tuple[State, ...] = ("open", "picked", "applied", "gone")
"""Waits for a person; picked and not carried out yet; carried out; over because the sides came to agree."""
SIDES: tuple[Side, Side] = ("glide", "postgres")


@dataclass(frozen=True, slots=True)
class ConflictRow:
    """One conflict. `base`, `glide` and `postgres` are cells; without a column they are whole rows, None for no row."""

    id: UUID
    mapping_id: UUID
    mapping_name: str
    policy: Policy
    kind: Kind
    column: str | None
    glide_row_id: str | None
    pg_key: str | None
    base: Any
    glide: Any
    postgres: Any
    state: State
    resolution: Side | None
    created_at: datetime
    last_seen_at: datetime
    resolved_at: datetime | None
    resolved_by: str | None
    notes: str | None
    applied_at: datetime | None
    log_id: UUID | None

    @property
    def row(self) -> str:
        """How people name the row: by Glide's id, else by its key in Postgres."""
        return self.glide_row_id or f"Postgres key {self.pg_key}"

    @property
    def group(self) -> str:
        """The key of all conflicts like this one: same mapping, column and kind."""
        return _key(self.mapping_id, self.column, self.kind)


@dataclass(frozen=True, slots=True)
class ConflictGroup:
    """Conflicts that are alike: same mapping, column and kind. `key` names the group in ConflictFilter.group."""

    key: str
    mapping_id: UUID
    mapping_name: str
    kind: Kind
    column: str | None
    count: int
    first_seen: datetime
    last_seen: datetime


@dataclass(frozen=True, slots=True)
class ConflictFilter:
    """Which conflicts are meant; an empty field filters nothing. `row` is its id in Glide or its key in Postgres."""

    states: tuple[State, ...] = ("open",)
    mapping_id: UUID | None = None
    kinds: tuple[Kind, ...] = ()
    column: str | None = None
    row: str | None = None
    group: str | None = None
    search: str = ""
    log_id: UUID | None = None


OPEN = ConflictFilter()
Selection = Sequence[UUID] | ConflictFilter
"""The conflicts an act is about: ids, or everything a filter means."""


@dataclass(frozen=True, slots=True)
class Picked:
    """What a pick did: how many conflicts, the runs that carry it out, and the mappings that rest and run later."""

    count: int
    started: tuple[Started, ...] = ()
    resting: tuple[str, ...] = ()


# Looking


def counters(actor: Actor) -> dict[State, int]:
    """How many conflicts are in each state; every state is there."""
    access.require(actor, "viewer", "see conflicts")
    with queries.reading(actor) as session:
        found = queries.rows(session, "conflicts_counters", workspace=actor.workspace_id)
    by_state = {row["state"]: int(row["count"]) for row in found}
    return {state: by_state.get(state, 0) for state in STATES}


def groups(actor: Actor, filter: ConflictFilter = OPEN, limit: int = 50, offset: int = 0) -> list[ConflictGroup]:
    """Conflicts that are alike, the largest group first."""
    access.require(actor, "viewer", "see conflicts")
    with queries.reading(actor) as session:
        found = queries.rows(session, "conflicts_groups", **_values(actor, filter), limit=limit, offset=offset)
    return [ConflictGroup(**row, key=_key(row["mapping_id"], row["column"], row["kind"])) for row in found]


def listing(actor: Actor, filter: ConflictFilter = OPEN, limit: int = 50, offset: int = 0) -> list[ConflictRow]:
    """Conflicts, the oldest first."""
    access.require(actor, "viewer", "see conflicts")
    with queries.reading(actor) as session:
        return _rows(session, _values(actor, filter), limit, offset)


def count(actor: Actor, filter: ConflictFilter = OPEN) -> int:
    access.require(actor, "viewer", "see conflicts")
    with queries.reading(actor) as session:
        return int(queries.scalar(session, "conflicts_count", **_values(actor, filter)))


def get(actor: Actor, conflict_id: UUID) -> ConflictRow:
    """One conflict.

    Raises:
        NotFound: no such conflict in the actor's workspace.
    """
    access.require(actor, "viewer", "see conflicts")
    with queries.reading(actor) as session:
        found = _rows(session, _values(actor, [conflict_id]), 1, 0)
    if not found:
        raise NotFound("conflict", conflict_id)
    return found[0]


# Deciding


def resolve(actor: Actor, selection: Selection, side: Side, notes: str = "") -> Picked:
    """Pick a side's value for conflicts and queue the runs that carry it out. What is over is left out.

    Raises:
        InvalidInput: no such side.
    """
    access.require(actor, "operator", "resolve conflicts")
    if side not in SIDES:
        raise InvalidInput(f"{side!r} is no side of a conflict", hint="Pick glide or postgres.")
    said = {"side": side, "actor": actor.name, "notes": notes.strip() or None}
    with queries.writing(actor) as session:
        values = _values(actor, selection, among=("open", "picked"))
        found = queries.rows(session, "conflicts_resolve", **values, **said)
        _note(session, actor, "resolved", found, selection, {"side": side, "notes": said["notes"]})
        return _carried_out(session, actor, found)


def resolve_row(actor: Actor, conflict_id: UUID, side: Side, notes: str = "") -> Picked:
    """Pick one side for every conflict of the row that this one is about."""
    one = get(actor, conflict_id)
    row = one.glide_row_id or one.pg_key
    return resolve(actor, ConflictFilter(mapping_id=one.mapping_id, row=row), side, notes)


def resolve_alike(actor: Actor, conflict_id: UUID, side: Side, notes: str = "") -> Picked:
    """Pick one side for all conflicts like this one: same mapping, column and kind."""
    return resolve(actor, ConflictFilter(group=get(actor, conflict_id).group), side, notes)


def leave(actor: Actor, selection: Selection) -> int:
    """Take back picks that no run has carried out yet: their conflicts are open again. How many were."""
    access.require(actor, "operator", "resolve conflicts")
    with queries.writing(actor) as session:
        found = queries.rows(session, "conflicts_leave", **_values(actor, selection, among=("picked",)))
        _note(session, actor, "left open", found, selection, {})
    return len(found)


def _carried_out(session: Session, actor: Actor, found: Iterable[dict[str, Any]]) -> Picked:
    """Queue a run of each mapping; one that is switched off carries the picks out once it runs again."""
    started, resting, picked = [], [], list(found)
    for mapping_id in sorted({row["mapping_id"] for row in picked}, key=str):
        mapping = mappings.stored(session, actor, mapping_id)
        if mapping.status == "active" and mapping.enabled:
            started.append(starting.enqueue(session, actor, mapping_id, "retry"))
        else:
            resting.append(mapping.name)
    return Picked(len(picked), tuple(started), tuple(resting))


def _note(
    session: Session,
    actor: Actor,
    action: str,
    found: list[dict[str, Any]],
    selection: Selection,
    after: dict[str, Any],
) -> None:
    """One line in the audit trail, whatever the number of conflicts."""
    if not found:
        return
    ids = [str(row["id"]) for row in found]
    told: dict[str, Any] = {"count": len(ids), **after}
    if isinstance(selection, ConflictFilter):
        told["filter"] = asdict(selection)
    if len(ids) == 1:
        audit.note(session, actor, action, "conflict", ids[0], "1 conflict", after=told)
    else:
        told |= {"ids": ids} if len(ids) <= NOTED else {}
        audit.note(session, actor, action, "conflicts", None, f"{len(ids):,} conflicts", after=told)


# Parts


def _rows(session: Session, values: dict[str, Any], limit: int, offset: int) -> list[ConflictRow]:
    found = queries.rows(session, "conflicts_list", **values, limit=limit, offset=offset)
    return [ConflictRow(**row) for row in found]


def _values(actor: Actor, selection: Selection, *, among: tuple[State, ...] = STATES) -> dict[str, Any]:
    """What sql/queries/conflicts_filter.sql asks for, of conflicts in a state `among` these."""
    if isinstance(selection, ConflictFilter):
        filter, ids = selection, None
    else:
        filter, ids = ConflictFilter(states=among), [str(one) for one in selection]
    values = {
        "workspace": actor.workspace_id,
        "states": [state for state in filter.states or STATES if state in among],
        "mapping": filter.mapping_id,
        "log": filter.log_id,
        "kinds": list(filter.kinds),
        "column": filter.column,
        "row": filter.row,
        "ids": ids,
        "search": filter.search.strip(),
    }
    return values | _parts(filter.group) if filter.group else values


# A group's key is its parts, so that opening it needs no look-up


def _key(mapping_id: UUID, column: str | None, kind: str) -> str:
    parts = json.dumps([str(mapping_id), column, kind], ensure_ascii=False)
    return base64.urlsafe_b64encode(parts.encode()).decode().rstrip("=")


def _parts(key: str) -> dict[str, Any]:
    try:
        mapping_id, column, kind = json.loads(base64.urlsafe_b64decode(key + "=" * (-len(key) % 4)))
        return {"mapping": UUID(mapping_id), "kinds": [str(kind)], "column": str(column or "")}
    except (binascii.Error, ValueError, TypeError, AttributeError):
        raise InvalidInput(f"{key!r} names no group of conflicts", hint="Open it from the list again.") from None
