"""Rows that were held back: grouped by cause, shown, resolved, ignored, retried, exported."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

from sqlmodel import Session

from glsync.errors import InvalidInput, NotFound
from glsync.services import access, audit, mappings, queries, sheets, starting
from glsync.services.access import Actor
from glsync.services.advice import Advice, advice
from glsync.services.events import Event
from glsync.services.starting import Started

if TYPE_CHECKING:
    import pandas as pd

State = Literal["open", "retrying", "resolved", "ignored"]
STATES: tuple[State, ...] = ("open", "retrying", "resolved", "ignored")
LIVE: tuple[State, ...] = ("open", "retrying")

NOTED = 500
"""Of a bulk act the audit trail keeps at most this many ids; the group or filter is always kept."""


@dataclass(frozen=True, slots=True)
class ErrorRow:
    """One error. `record` is the row as Glide gave it, `value` the cell as people see it, shortened."""

    id: UUID
    mapping_id: UUID
    mapping_name: str
    type: str
    message: str
    column: str | None
    glide_row_id: str | None
    value: str | None
    rule: str | None
    hint: str | None
    record: dict[str, Any] | None
    retryable: bool | None
    attempts: int
    created_at: datetime
    last_seen_at: datetime
    next_retry_at: datetime | None
    state: State
    resolved_at: datetime | None
    resolved_by: str | None
    notes: str | None
    log_id: UUID | None
    assigned_to: str | None = None
    ignored_until: datetime | None = None
    returned: bool = False
    """The same thing was resolved before."""

    @property
    def advice(self) -> Advice:
        return advice(self.type, self.rule)

    @property
    def group(self) -> str:
        """The key of the group of errors of its cause."""
        return _key({"mapping_id": self.mapping_id, "type": self.type, "column": self.column, "rule": self.rule})


@dataclass(frozen=True, slots=True)
class ErrorGroup:
    """Errors of one cause: same mapping, type, column and rule. `key` names the group in ErrorFilter.group."""

    key: str
    mapping_id: UUID
    mapping_name: str
    type: str
    column: str | None
    rule: str | None
    count: int
    first_seen: datetime
    last_seen: datetime
    sample_value: str | None
    sample_message: str
    trend: list[int]
    """Errors first seen on each of the last seven days, the last one up to now."""
    advice: Advice


@dataclass(frozen=True, slots=True)
class IgnoredCause:
    """Errors of this cause begin as ignored, `until` then or, None, always."""

    id: UUID
    mapping_id: UUID
    mapping_name: str
    type: str
    column: str | None
    rule: str | None
    until: datetime | None
    notes: str | None
    created_by: str
    created_at: datetime

    @property
    def advice(self) -> Advice:
        return advice(self.type, self.rule)


@dataclass(frozen=True, slots=True)
class ErrorFilter:
    """Which errors are meant; an empty field filters nothing. `column` "" means errors of no column."""

    states: tuple[State, ...] = ("open",)
    mapping_id: UUID | None = None
    types: tuple[str, ...] = ()
    column: str | None = None
    group: str | None = None
    search: str = ""
    log_id: UUID | None = None
    assignee: str | None = None


OPEN = ErrorFilter()
Selection = Sequence[UUID] | ErrorFilter
"""The errors an act is about: ids picked by hand, or everything a filter means."""


@dataclass(frozen=True, slots=True)
class Retried:
    """What a retry did. `started` is None when nothing could be retried; `reasons` says why some could not."""

    started: Started | None
    retried: int
    not_retryable: int
    reasons: tuple[str, ...] = ()


def counters(actor: Actor) -> dict[State, int]:
    """How many errors are in each state; every state is there."""
    return standing(actor)[0]


def oldest(actor: Actor) -> datetime | None:
    """When the oldest open error was first seen."""
    return standing(actor)[1]


def standing(actor: Actor) -> tuple[dict[State, int], datetime | None]:
    """Both of these at once."""
    access.require(actor, "viewer", "see errors")
    with queries.reading(actor) as session:
        found = queries.rows(session, "errors_counters", workspace=actor.workspace_id)
    by_state = {row["state"]: int(row["count"]) for row in found}
    waits = min((row["oldest"] for row in found if row["state"] == "open"), default=None)
    return {state: by_state.get(state, 0) for state in STATES}, waits


def groups(actor: Actor, filter: ErrorFilter = OPEN, limit: int = 50, offset: int = 0) -> list[ErrorGroup]:
    """Errors by cause, the largest group first."""
    access.require(actor, "viewer", "see errors")
    with queries.reading(actor) as session:
        found = queries.rows(session, "errors_groups", **_values(actor, filter), limit=limit, offset=offset)
    return [ErrorGroup(**row, key=_key(row), advice=advice(row["type"], row["rule"])) for row in found]


def listing(actor: Actor, filter: ErrorFilter = OPEN, limit: int = 50, offset: int = 0) -> list[ErrorRow]:
    """Errors, the newest first."""
    access.require(actor, "viewer", "see errors")
    with queries.reading(actor) as session:
        return _rows(session, _values(actor, filter), limit, offset)


def count(actor: Actor, filter: ErrorFilter = OPEN) -> int:
    access.require(actor, "viewer", "see errors")
    with queries.reading(actor) as session:
        return int(queries.scalar(session, "errors_count", **_values(actor, filter)))


def get(actor: Actor, error_id: UUID) -> ErrorRow:
    """One error.

    Raises:
        NotFound: no such error in the actor's workspace.
    """
    access.require(actor, "viewer", "see errors")
    with queries.reading(actor) as session:
        found = _rows(session, _values(actor, [error_id]), 1, 0)
    if not found:
        raise NotFound("error", error_id)
    return found[0]


def history(actor: Actor, error_id: UUID) -> list[Event]:
    """What happened to one error, oldest first: first seen, seen again, and what people did with it."""
    found = get(actor, error_id)
    with queries.reading(actor) as session:
        acts = queries.rows(session, "errors_history", workspace=actor.workspace_id, id=str(error_id))
        earlier = queries.rows(session, "errors_before", workspace=actor.workspace_id, id=error_id)
    events = [line for past in earlier for line in _past(past)]
    events.append(Event(found.created_at, "error", f"{'Returned' if earlier else 'First seen'}: {found.message}"))
    if found.attempts > 1:
        events.append(Event(found.last_seen_at, "error", f"Seen again, {found.attempts} times in all"))
    events += [Event(act["at"], "info", _act(act["action"], act["actor"], act["notes"])) for act in acts]
    if found.resolved_at and not any(act["action"] == found.state for act in acts):
        events.append(Event(found.resolved_at, "info", _act(found.state, found.resolved_by, found.notes)))
    return sorted(events, key=lambda event: event.at)


def _past(one: queries.Row) -> list[Event]:
    """An earlier error of the same thing: when it was seen, and how it ended."""
    return [
        Event(one["created_at"], "error", "Seen before"),
        Event(one["resolved_at"], "info", _act("resolved", one["resolved_by"], one["notes"])),
    ]


def _act(action: str, by: str | None, notes: str | None) -> str:
    said = f"{action.capitalize()} by {by or 'somebody'}"
    return f"{said}: {notes}" if notes else said


# Acting


def resolve(actor: Actor, selection: Selection, notes: str = "") -> int:
    """Mark errors as dealt with; how many were. One that is met again comes back as a new error."""
    return _close(actor, "resolved", selection, notes, ("open", "retrying", "ignored"))


def ignore(actor: Actor, selection: Selection, notes: str = "", until: datetime | None = None) -> int:
    """Stop showing errors, always or until then; how many were. One that is met again stays ignored.

    Raises:
        InvalidInput: until a moment that is past.
    """
    _refuse_past(until)
    return _close(actor, "ignored", selection, notes, LIVE, until)


def ignore_cause(actor: Actor, group: str, notes: str = "", until: datetime | None = None) -> int:
    """Ignore every error of a group, and those of its cause that are met from now on; how many there were.

    Raises:
        NotFound: its mapping is not in the actor's workspace.
        InvalidInput: no such group, or until a moment that is past.
    """
    access.require(actor, "operator", "ignore a cause")
    _refuse_past(until)
    named = _group(group)
    cause = {"mapping": named["mapping"], "type": named["types"][0]}
    cause |= {"column": named["column"] or None, "rule": named["rule"] or None}
    with queries.writing(actor) as session:
        mapping = mappings.stored(session, actor, named["mapping"])
        given = {"until": until, "notes": notes.strip() or None, "actor": actor.name}
        queries.one(session, "causes_ignore", **cause, **given)
        title = advice(cause["type"], cause["rule"]).title
        audit.note(session, actor, "ignored", "errors", None, f"{mapping.name}: {title}", after=cause | given)
    return _close(actor, "ignored", ErrorFilter(states=LIVE, group=group), notes, LIVE, until)


def ignored_causes(actor: Actor) -> list[IgnoredCause]:
    """The causes whose errors begin as ignored, newest first."""
    access.require(actor, "viewer", "see errors")
    with queries.reading(actor) as session:
        return [IgnoredCause(**row) for row in queries.rows(session, "causes_ignored", workspace=actor.workspace_id)]


def heed_cause(actor: Actor, cause_id: UUID) -> int:
    """Ignore a cause no longer and open its ignored errors again; how many were.

    Raises:
        NotFound: it is not ignored any more.
    """
    access.require(actor, "operator", "reopen errors")
    with queries.writing(actor) as session:
        found = queries.one(session, "causes_heed", workspace=actor.workspace_id, id=cause_id)
    if found is None:
        raise NotFound("ignored cause", cause_id)
    return reopen(actor, ErrorFilter(states=("ignored",), group=_key(found)))


def assign(actor: Actor, selection: Selection, to: str | None) -> int:
    """Say who takes care of open errors, nobody for None; how many that changed."""
    access.require(actor, "operator", "assign errors")
    with queries.writing(actor) as session:
        found = queries.rows(session, "errors_assign", **_values(actor, selection), assignee_now=to)
        _note(session, actor, f"assigned to {to}" if to else "unassigned", found, selection, None)
    return len(found)


def _refuse_past(until: datetime | None) -> None:
    if until is not None and until <= datetime.now(UTC):
        raise InvalidInput("That moment is past already", hint="Choose a day to come, or ignore them always.")


def reopen(actor: Actor, selection: Selection) -> int:
    """Open resolved or ignored errors again; how many were."""
    access.require(actor, "operator", "reopen errors")
    with queries.writing(actor) as session:
        found = queries.rows(session, "errors_reopen", **_values(actor, selection))
        _note(session, actor, "reopened", found, selection, None)
    return len(found)


def retry(actor: Actor, mapping_id: UUID, selection: Selection) -> Retried:
    """Mark a mapping's open errors for the next run and queue it; those no retry can help stay as they are.

    Raises:
        NotFound: no such mapping in the actor's workspace.
        InvalidInput: the mapping is a draft or switched off.
    """
    access.require(actor, "operator", "retry errors")
    with queries.writing(actor) as session:
        mappings.stored(session, actor, mapping_id)
        values = _values(actor, selection) | {"mapping": mapping_id}
        refused = queries.rows(session, "errors_not_retryable", **values)
        found = queries.rows(session, "errors_retry", **values)
        started = starting.enqueue(session, actor, mapping_id, "retry") if found else None
        _note(session, actor, "retried", found, selection, None)
    return Retried(
        started=started,
        retried=len(found),
        not_retryable=sum(row["count"] for row in refused),
        reasons=tuple(f"{advice(row['type']).title} ({row['count']:,})" for row in refused),
    )


def _close(
    actor: Actor,
    to: State,
    selection: Selection,
    notes: str,
    states: tuple[State, ...],
    until: datetime | None = None,
) -> int:
    access.require(actor, "operator", "close errors")
    closing = {"to": to, "actor": actor.name, "notes": notes.strip() or None, "from": list(states), "until": until}
    with queries.writing(actor) as session:
        found = queries.rows(session, "errors_close", **_values(actor, selection), **closing)
        _note(session, actor, to, found, selection, notes.strip() or None)
    return len(found)


def _note(
    session: Session, actor: Actor, action: str, found: list[dict[str, Any]], selection: Selection, notes: str | None
) -> None:
    """One line in the audit trail, whatever the number of errors."""
    if not found:
        return
    ids = [str(row["id"]) for row in found]
    name = f"{len(ids):,} error{'' if len(ids) == 1 else 's'}"
    after: dict[str, Any] = {"count": len(ids), "notes": notes}
    if isinstance(selection, ErrorFilter):
        after["filter"] = asdict(selection)
    if len(ids) == 1:
        audit.note(session, actor, action, "error", ids[0], name, after=after)
    else:
        after |= {"ids": ids} if len(ids) <= NOTED else {}
        audit.note(session, actor, action, "errors", None, name, after=after)


# Exporting

EXPORTED = (
    "created_at", "last_seen_at", "state", "mapping_name", "type", "column", "glide_row_id", "value", "rule", "message",
    "attempts", "resolved_at", "resolved_by", "notes", "id",
)  # fmt: skip


def export(actor: Actor, filter: ErrorFilter = OPEN) -> pd.DataFrame:
    """All errors a filter means, ready for a CSV file: no cell can act as a formula in a spreadsheet."""
    import pandas as pd  # only here: it takes longer to load than a short run takes

    access.require(actor, "viewer", "export errors")
    with queries.writing(actor) as session:  # a screen's time limit would cut a large export short
        found = queries.rows(session, "errors_list", **_values(actor, filter), limit=None, offset=0)
    return sheets.guard(pd.DataFrame(found, columns=EXPORTED))


# Parts


def _rows(session: Session, values: dict[str, Any], limit: int, offset: int) -> list[ErrorRow]:
    return [ErrorRow(**row) for row in queries.rows(session, "errors_list", **values, limit=limit, offset=offset)]


def _values(actor: Actor, selection: Selection) -> dict[str, Any]:
    """What sql/queries/errors_filter.sql asks for. Ids picked by hand are meant whatever their state."""
    if isinstance(selection, ErrorFilter):
        filter, ids = selection, None
    else:
        filter, ids = ErrorFilter(states=STATES), [str(error_id) for error_id in selection]
    values = {
        "workspace": actor.workspace_id,
        "live": set(filter.states) <= set(LIVE),
        "states": list(filter.states or STATES),
        "mapping": filter.mapping_id,
        "log": filter.log_id,
        "types": list(filter.types),
        "column": filter.column,
        "rule": None,
        "ids": ids,
        "search": filter.search.strip(),
        "assignee": filter.assignee,
    }
    return values | _group(filter.group) if filter.group else values


# A group's key is its four parts, so that opening it needs no look-up


def _key(row: dict[str, Any]) -> str:
    parts = json.dumps([str(row["mapping_id"]), row["type"], row["column"], row["rule"]], ensure_ascii=False)
    return base64.urlsafe_b64encode(parts.encode()).decode().rstrip("=")


def _group(key: str) -> dict[str, Any]:
    try:
        mapping_id, error_type, column, rule = json.loads(base64.urlsafe_b64decode(key + "=" * (-len(key) % 4)))
        return {"mapping": UUID(mapping_id), "types": [error_type], "column": column or "", "rule": rule or ""}
    except (binascii.Error, ValueError, TypeError, AttributeError):
        raise InvalidInput(f"{key!r} names no group of errors", hint="Open the group from the list again.") from None
