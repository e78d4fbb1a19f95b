"""Explaining one row: base, both values now, what decides and why, who wrote it last, what is open, what to do."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from glsync import sync
from glsync.errors import InvalidInput
from glsync.services import access, conflicts, errors, mappings, queries
from glsync.services.access import Actor
from glsync.services.conflicts import ConflictFilter, ConflictRow
from glsync.services.errors import ErrorFilter, ErrorRow
from glsync.values import Operation, RowWhy, Side

WRITES = 5
"""Runs that wrote the row, the last so many."""


@dataclass(frozen=True, slots=True)
class Wrote:
    """A run wrote the row."""

    side: Side
    operation: Operation
    at: datetime
    log_id: UUID | None
    actor: str | None
    trigger: str | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything there is to say about one row."""

    mapping_id: UUID
    mapping_name: str
    row: RowWhy
    wrote: tuple[Wrote, ...]
    errors: tuple[ErrorRow, ...]
    conflicts: tuple[ConflictRow, ...]
    next: str


def explain(actor: Actor, mapping_id: UUID, row: str, column: str | None = None) -> Explanation:
    """Look at one row, by its id in Glide or its key in Postgres. Glide is asked, which may cost updates.

    Raises:
        NotFound: no such mapping in the actor's workspace.
        InvalidInput: neither side nor our memory knows the row, or the mapping has no such column.
    """
    access.require(actor, "operator", "look up a row")
    mapping = mappings.row(actor, mapping_id)
    found = sync.explain(mapping_id, row.strip())
    if not (found.in_glide or found.in_postgres or found.is_linked) and found.in_glide is not None:
        raise InvalidInput(
            f"Neither Glide nor Postgres has a row {row!r}", hint="Give its row id in Glide, or its key in Postgres."
        )
    if column is not None:
        found = replace(found, columns=tuple(one for one in found.columns if column in (one.column, one.glide_name)))
        if not found.columns:
            raise InvalidInput(
                f"Mapping {mapping.name!r} has no column {column!r}", hint="Name it as Glide or Postgres does."
            )
    wrote = _wrote(actor, mapping_id, found)
    wrong, open_ = _errors(actor, mapping_id, found, column), _conflicts(actor, mapping_id, found, column)
    step = _next(mapping, found, wrong, open_)
    return Explanation(mapping_id, mapping.name, found, wrote, wrong, open_, step)


def _wrote(actor: Actor, mapping_id: UUID, found: RowWhy) -> tuple[Wrote, ...]:
    given = {"row": found.glide_row_id, "key": found.pg_key, "written_by": found.written_by, "limit": WRITES}
    with queries.reading(actor) as session:
        return tuple(Wrote(**one) for one in queries.rows(session, "history_of_row", mapping=mapping_id, **given))


def _errors(actor: Actor, mapping_id: UUID, found: RowWhy, column: str | None) -> tuple[ErrorRow, ...]:
    names = {found.glide_row_id, f"pg:{found.pg_key}"} - {None}
    shown = ErrorFilter(states=errors.LIVE, mapping_id=mapping_id, search=found.glide_row_id or found.pg_key or "")
    near = [one for one in errors.listing(actor, shown, limit=100) if one.glide_row_id in names]
    return tuple(one for one in near if column is None or one.column in (None, column))


def _conflicts(actor: Actor, mapping_id: UUID, found: RowWhy, column: str | None) -> tuple[ConflictRow, ...]:
    shown = ConflictFilter(("open", "picked"), mapping_id, row=found.glide_row_id or found.pg_key)
    return tuple(one for one in conflicts.listing(actor, shown) if column is None or one.column in (None, column))


def _next(
    mapping: mappings.MappingRow, found: RowWhy, wrong: tuple[ErrorRow, ...], open_: tuple[ConflictRow, ...]
) -> str:
    """What to do, the most pressing first."""
    if any(one.state == "open" for one in open_):
        return "Pick a value under Errors, Changed on both sides; the run that follows carries it out."
    if wrong:
        return wrong[0].hint or wrong[0].advice.steps[0]
    if not mapping.enabled:
        return f"The mapping is switched off. {mapping.pause_reason or 'Switch it on to keep this row in step.'}"
    if found.in_glide is None:
        return "Correct the cell in Glide that cannot be read, then run the mapping."
    if found.told.startswith("The next run"):
        return "Nothing: the next run does it."
    return "Nothing."
