"""Mappings: listed, edited as drafts, checked, previewed, saved, switched on and off, deleted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlmodel import Session, select

from glsync.engine import rules, transform, types
from glsync.engine.rules import Rules
from glsync.errors import AlreadyRunning, InvalidInput, InvalidMapping, NotFound, StaleVersion
from glsync.postgres import tables as catalogue
from glsync.services import access, audit, connections, drafts, mapping_rows, queries, shapes, targets
from glsync.services.access import Actor
from glsync.services.drafts import MappingDraft as MappingDraft
from glsync.services.drafts import draft_of, stored_fields
from glsync.services.mapping_rows import MappingRow as MappingRow
from glsync.services.targets import add_columns as add_columns
from glsync.services.targets import add_columns_ddl as add_columns_ddl
from glsync.services.targets import create_table as create_table
from glsync.services.targets import create_table_ddl as create_table_ddl
from glsync.services.targets import likely_references as likely_references
from glsync.services.targets import suggest as suggest
from glsync.services.targets import target_columns as target_columns
from glsync.services.targets import target_tables as target_tables
from glsync.store import runs, schedules, tables
from glsync.values import BadCell, ColumnPair, Problem

LONGEST_HISTORY = 1000
"""Saves of one mapping that are gone back over at most."""
PAUSE = "pause"
"""The option that says why a mapping was switched off by itself; it goes when the mapping is switched on."""


@dataclass(frozen=True, slots=True)
class Preview:
    """Converted rows: Postgres column -> text as it would be stored, None for an empty cell; cells that do not fit.

    `outside` counts the rows that the filter leaves out; they are not among the others.
    """

    columns: tuple[str, ...]
    rows: list[dict[str, str | None]]
    bad: list[BadCell]
    outside: int = 0


@dataclass(frozen=True, slots=True)
class Change:
    """One save of a mapping: who changed what from what to what. `before` is None where it was added."""

    at: datetime
    actor: str
    action: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None


# Reading


def listing(actor: Actor, *, search: str = "", limit: int = 100, offset: int = 0) -> list[MappingRow]:
    """Mappings by name; `search` looks into names, connections and tables."""
    access.require(actor, "viewer", "see mappings")
    with queries.reading(actor) as session:
        return mapping_rows.rows(session, actor, search=search.strip(), limit=limit, offset=offset)


def count(actor: Actor, search: str = "") -> int:
    access.require(actor, "viewer", "see mappings")
    with queries.reading(actor) as session:
        found = queries.scalar(session, "mappings_count", workspace=actor.workspace_id, search=search.strip())
        return int(found)


def names(actor: Actor, *, active: bool = False) -> dict[UUID, str]:
    """Every mapping's name, by name, for lists to choose from; only those that may run when `active`."""
    access.require(actor, "viewer", "see mappings")
    with queries.reading(actor) as session:
        found = queries.rows(session, "mappings_names", workspace=actor.workspace_id)
    return {row["id"]: row["name"] for row in found if not active or row["status"] == "active"}


def row(actor: Actor, mapping_id: UUID) -> MappingRow:
    """One mapping as lists show it.

    Raises:
        NotFound: no such mapping in the actor's workspace.
    """
    access.require(actor, "viewer", "see mappings")
    with queries.reading(actor) as session:
        found = mapping_rows.rows(session, actor, id=mapping_id)
    if not found:
        raise NotFound("mapping", mapping_id)
    return found[0]


def get(actor: Actor, mapping_id: UUID) -> MappingDraft:
    """A mapping ready to be edited.

    Raises:
        NotFound: no such mapping in the actor's workspace.
    """
    access.require(actor, "viewer", "see mappings")
    with queries.reading(actor) as session:
        return draft_of(stored(session, actor, mapping_id))


def find(actor: Actor, name: str) -> MappingDraft:
    """The mapping of that name, ready to be edited.

    Raises:
        NotFound: no such mapping in the actor's workspace.
    """
    access.require(actor, "viewer", "see mappings")
    with queries.reading(actor) as session:
        return draft_of(named(session, actor, name))


def history(actor: Actor, mapping_id: UUID, limit: int = 50) -> list[Change]:
    """Who changed what, newest first."""
    access.require(actor, "viewer", "see mappings")
    with queries.reading(actor) as session:
        found = queries.rows(
            session, "audit_of", workspace=actor.workspace_id, subject="mapping", id=str(mapping_id), limit=limit
        )
    return [Change(**line) for line in found]


def as_before(actor: Actor, mapping_id: UUID, change: Change) -> MappingDraft:
    """The mapping as it stood before a change of its history, ready to be looked at and saved again.

    Raises:
        NotFound: no such mapping in the actor's workspace.
    """
    access.require(actor, "viewer", "see mappings")
    with queries.reading(actor) as session:
        now = stored(session, actor, mapping_id)
        values = told(now)
    for later in history(actor, mapping_id, LONGEST_HISTORY):
        if later.at < change.at:
            break
        values |= {name: value for name, value in (later.before or {}).items() if name in values}
    values["connection_id"] = UUID(str(values["connection_id"]))
    return draft_of(tables.MappingRow(id=now.id, version=now.version, **values))


def stored(session: Session, actor: Actor, mapping_id: UUID, *, lock: bool = False) -> tables.MappingRow:
    """The mapping's row itself; `lock` keeps others from changing it until the transaction ends.

    Raises:
        NotFound: no such mapping in the actor's workspace.
    """
    wanted = select(tables.MappingRow).where(
        tables.MappingRow.id == mapping_id, tables.MappingRow.workspace_id == actor.workspace_id
    )
    found = session.exec(wanted.with_for_update() if lock else wanted).first()
    if found is None:
        raise NotFound("mapping", mapping_id)
    return found


def named(session: Session, actor: Actor, name: str) -> tables.MappingRow:
    found = session.exec(
        select(tables.MappingRow).where(
            tables.MappingRow.name == name, tables.MappingRow.workspace_id == actor.workspace_id
        )
    ).first()
    if found is None:
        raise NotFound("mapping", name, hint="python -m glsync status lists the mappings there are.")
    return found


# Looking at a draft


def problems(actor: Actor, draft: MappingDraft) -> list[Problem]:
    """Everything wrong with a draft, errors first; the live table is looked at."""
    access.require(actor, "viewer", "check a mapping")
    with queries.reading(actor) as session:
        return drafts.problems(session, actor, draft)


def preview(actor: Actor, draft: MappingDraft, rows: int = 20) -> Preview:
    """The first rows of the Glide table as they would be stored. Pairs with a problem of their own are left out."""
    access.require(actor, "editor", "read rows from Glide")
    with queries.reading(actor) as session:
        found = catalogue.find(queries.driver(session), draft.schema, draft.table) or []
        connection = connections.stored(session, actor, draft.connection_id)
        zone = ZoneInfo(str(connection.settings.get("timezone") or "UTC"))
    known = {column.name: column.type for column in found}
    pairs = [pair for pair in draft.pairs if _readable(pair, known)]
    kinds = {pair.column: _type(pair, known) for pair in pairs}
    layout = transform.layout(pairs, kinds, zone, _rules(draft))
    raw = connections.glide_sample(actor, draft.connection_id, draft.glide_table, rows)
    read = [one for each in raw if (one := transform.looked_at(each, layout)) is not None]
    return Preview(
        columns=layout.columns,
        rows=[dict(zip(layout.columns, cells, strict=False)) for cells, _ in read],
        bad=[cell for _, cells in read for cell in cells],
        outside=len(raw) - len(read),
    )


def _rules(draft: MappingDraft) -> Rules | None:
    """What can be used of the draft's rules: what cannot be used is told by `problems`, and the preview goes on."""
    sound = [pair for pair in draft.pairs if pair.rule]
    broken = {glide_id for glide_id, _ in rules.problems(draft.filter, draft.pairs, draft.direction)}
    pairs = [replace(pair, rule=None) if pair.glide_id in broken else pair for pair in draft.pairs]
    return rules.rules_of(None if None in broken else draft.filter, pairs) if sound or draft.filter else None


def _readable(pair: ColumnPair, known: dict[str, str]) -> bool:
    return pair.kind in types.KINDS and types.fits(pair.kind, _type(pair, known)) is None


def _type(pair: ColumnPair, known: dict[str, str]) -> str:
    """The column's type; for one that is still to be made, the type it will get. References are shown as row ids."""
    return "text" if pair.reference else known.get(pair.column) or types.postgres_type(pair.kind)


# Changing


def save(actor: Actor, draft: MappingDraft, *, activate: bool) -> MappingDraft:
    """Store a draft; an active mapping may run, another waits for its activation.

    Raises:
        StaleVersion: somebody else saved since the draft was read.
        InvalidMapping: it is to be activated and has errors.
        InvalidInput: what cannot even be stored: no name, a name that is taken, the same tables paired twice.
    """
    access.require(actor, "editor", "change a mapping")
    with queries.writing(actor) as session:
        return draft_of(put(session, actor, draft, activate=activate))


def put(
    session: Session, actor: Actor, draft: MappingDraft, *, activate: bool, options: dict[str, Any] | None = None
) -> tables.MappingRow:
    """`save`, in a transaction that is open; `options` are further ones to set, a None removes one."""
    _refuse_unstorable(session, actor, draft)
    found = stored(session, actor, draft.id, lock=True) if draft.id else None
    if found is not None and found.version != draft.version:
        raise StaleVersion("Mapping", found.name)
    draft = _self_named(draft, found)
    if activate:
        _refuse_errors(session, actor, draft)
    before = told(found) if found else None
    kept = found or tables.MappingRow(workspace_id=actor.workspace_id)
    if found is not None and found.name != draft.name.strip():
        names = {"was": found.name, "now": draft.name.strip()}
        queries.changed(session, "references_rename", workspace=actor.workspace_id, **names)
        session.refresh(found)
    _fill(kept, draft, options or {})
    kept.status = "active" if activate else "draft"
    session.add(kept)
    session.flush()
    session.refresh(kept)
    if activate:
        targets.let_worker_in(session, kept.supabase_table)
    _follow_schedule(session, kept.id)
    if before != (after := told(kept)):
        audit.note(
            session, actor, "saved" if found else "added", "mapping", kept.id, kept.name, before=before, after=after
        )
    return kept


def _self_named(draft: MappingDraft, found: tables.MappingRow | None) -> MappingDraft:
    """A mapping that refers to its own rows does so by its new name, too."""
    if found is None or found.name == draft.name.strip():
        return draft
    pairs = [
        replace(pair, reference=draft.name.strip()) if pair.reference == found.name else pair for pair in draft.pairs
    ]
    return replace(draft, pairs=pairs)


def _fill(kept: tables.MappingRow, draft: MappingDraft, options: dict[str, Any]) -> None:
    fields = stored_fields(draft)
    if kept.supabase_table and shapes.same_target(kept.supabase_table, draft.target):
        fields["supabase_table"] = kept.supabase_table  # another spelling is no change
    merged = (kept.options or {}) | {name: fields.pop(name) for name in ("filter", "schedule")} | options
    for name, value in fields.items():
        setattr(kept, name, value)
    kept.options = {
        key: value for key, value in merged.items() if value is not None and not (key == PAUSE and kept.enabled)
    }


def _refuse_unstorable(session: Session, actor: Actor, draft: MappingDraft) -> None:
    for text, what in ((draft.name, "name"), (draft.glide_table, "Glide table"), (draft.target, "Postgres table")):
        if not text.strip():
            raise InvalidInput(f"The mapping has no {what}", hint=f"Choose its {what}, then save again.")
    catalogue.split(draft.target)
    if repeated := [p.message for p in drafts.doubled_columns(draft)]:
        raise InvalidInput(" ".join(repeated), hint="Keep one pair for each Glide column.")
    connections.stored(session, actor, draft.connection_id)
    others = session.exec(
        select(tables.MappingRow).where(
            tables.MappingRow.workspace_id == actor.workspace_id, tables.MappingRow.id != draft.id
        )
    ).all()
    for other in others:
        if other.name == draft.name.strip():
            raise InvalidInput(f"There is already a mapping named {other.name!r}", hint="Choose another name.")
        if (other.connection_id, other.glide_table) == (draft.connection_id, draft.glide_table) and shapes.same_target(
            other.supabase_table, draft.target
        ):
            raise InvalidInput(f"Mapping {other.name!r} already pairs these two tables", hint="Edit that one instead.")


def _refuse_errors(session: Session, actor: Actor, draft: MappingDraft) -> None:
    found = drafts.problems(session, actor, draft)
    if any(problem.severity == "error" for problem in found):
        raise InvalidMapping(draft.name, found)


def duplicate(actor: Actor, mapping_id: UUID, name: str) -> MappingDraft:
    """A copy under another name, saved as a draft that is switched off and targets a table of its own."""
    access.require(actor, "editor", "copy a mapping")
    with queries.writing(actor) as session:
        original = draft_of(stored(session, actor, mapping_id))
        taken = {shapes.qualified(one) for one in session.exec(select(tables.MappingRow.supabase_table)).all()}
        copies = (f"{original.target}_copy{number}" for number in ("", *range(2, len(taken) + 3)))
        copy = replace(
            original,
            id=None,
            version=0,
            name=name,
            enabled=False,
            target=next(one for one in copies if one not in taken),
        )
        return draft_of(put(session, actor, copy, activate=False))


def set_enabled(actor: Actor, mapping_id: UUID, enabled: bool) -> MappingDraft:
    """Switch a mapping on or off; one that is off is not run."""
    access.require(actor, "editor", "switch a mapping on or off")
    with queries.writing(actor) as session:
        found = stored(session, actor, mapping_id, lock=True)
        if found.enabled != enabled:
            found.enabled = enabled
            if enabled:
                found.options = {key: value for key, value in (found.options or {}).items() if key != PAUSE}
            session.add(found)
            audit.note(session, actor, "resumed" if enabled else "paused", "mapping", found.id, found.name)
            session.flush()
            session.refresh(found)
            _follow_schedule(session, found.id)
        return draft_of(found)


def _follow_schedule(session: Session, mapping_id: UUID) -> None:
    """Lists show at once when the mapping runs next."""
    with queries.driver(session).cursor() as cursor:
        schedules.follow(cursor, mapping_id, runs.moment(cursor))


def remove(actor: Actor, mapping_id: UUID, typed_name: str) -> None:
    """Delete a mapping with its runs and errors. The rows in both tables stay.

    Raises:
        InvalidInput: the typed name differs, or other mappings refer to its rows.
        AlreadyRunning: a run of it is under way.
    """
    access.require(actor, "admin", "delete a mapping")
    with queries.writing(actor) as session:
        found = stored(session, actor, mapping_id, lock=True)
        if typed_name.strip() != found.name:
            raise InvalidInput(f"{typed_name!r} is not the name of this mapping", hint=f"Type {found.name}.")
        if (running := queries.scalar(session, "runs_under_way", mapping=found.id)) is not None:
            raise AlreadyRunning(found.name, running)
        if children := queries.rows(session, "references_to", workspace=actor.workspace_id, name=found.name):
            names = ", ".join(child["name"] for child in children)
            raise InvalidInput(f"{names} refers to the rows of {found.name}", hint="Remove that reference first.")
        audit.note(session, actor, "deleted", "mapping", found.id, found.name, before=told(found))
        session.delete(found)


def told(found: tables.MappingRow) -> dict[str, Any]:
    """What the audit trail keeps of a mapping: enough to see, and to restore, every setting."""
    names = (
        "name", "connection_id", "glide_table", "glide_table_display_name", "supabase_table", "column_mappings",
        "sync_direction", "deletes", "delete_grace", "conflict_policy", "marker_column", "options", "enabled", "status",
    )  # fmt: skip
    return {name: getattr(found, name) for name in names}
