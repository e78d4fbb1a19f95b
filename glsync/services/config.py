"""Configuration as code: a YAML file made true, all of it or nothing, and the same file written from what is there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any
from uuid import UUID

import structlog
from sqlmodel import Session, select

from glsync.engine import graph
from glsync.engine.graph import Edge
from glsync.errors import ConfigError, DatabaseUnavailable, InvalidMapping, SyncError
from glsync.postgres import tables as catalogue
from glsync.services import access, connections, drafts, form, mappings, queries, shapes, targets
from glsync.services.access import Actor
from glsync.services.checking import checked, checked_settings, checked_token
from glsync.services.drafts import MappingDraft, draft_of
from glsync.services.form import ConnectionForm, Form, MappingForm
from glsync.store import db, tables
from glsync.values import Problem

log = structlog.get_logger(__name__)

HINT = "Correct the lines named above and apply the file again; nothing was changed."

CREATE_TABLE = "create_table"
"""The option that remembers that a mapping makes its own table, so that an export says so too."""


def apply(actor: Actor, path: Path | str, dry_run: bool = False) -> list[str]:
    """Make what the file says true and return what changed, in words; an empty list: nothing to change.

    What the file does not name stays as it is. With `dry_run` the changes are only told.

    Raises:
        ConfigError: the file cannot be read, or something in it is wrong: one line per problem, each with its place.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}", hint="Check the name of the file.") from None
    found = form.read(text, path.name)
    for one in found.connections:
        if one.key.where == "clear" and one.key.text:
            log.warning("an API key stands in clear in the file; use env:NAME or file:PATH", connection=one.name)
    return apply_form(actor, found, path.resolve().parent, dry_run=dry_run)


def apply_form(actor: Actor, found: Form, folder: Path, *, dry_run: bool = False) -> list[str]:
    """`apply` for a form that was read; paths of key files begin at `folder`."""
    access.require(actor, "editor", "apply a configuration")
    changes: list[str] = []
    with queries.writing(actor) as session:
        for connection in found.connections:
            changes += _apply_connection(session, actor, connection, folder)
        given = {connection.name for connection in found.connections}
        sound = _parents_first([mapping for mapping in found.mappings if mapping.is_sound])
        changes += (begun := _begin_circles(session, actor, sound))
        for mapping in sound:
            made = _apply_mapping(session, actor, mapping, given)
            is_begun = f"mapping {mapping.name}: added" in begun
            changes += [change for change in made if not (is_begun and change.endswith(": activated"))]
        found.problems.stop(HINT)
        if dry_run:
            session.rollback()
    return changes


@contextmanager
def _by_itself(session: Session) -> Iterator[None]:
    """What the database refuses inside is undone and an error of ours; the transaction goes on to what is left to name.

    Raises:
        SyncError: the refusal.
    """
    with db.wrapped(), session.begin_nested():
        yield


def _name(wanted: ConnectionForm | MappingForm, error: SyncError) -> None:
    """A mistake at its place of the file; that the database went away is none of the file's."""
    if isinstance(error, DatabaseUnavailable):
        raise error
    wanted.place.wrong(str(error))


# Connections


def _apply_connection(session: Session, actor: Actor, wanted: ConnectionForm, folder: Path) -> list[str]:
    token, settings = _token(wanted, folder), _settings_of(wanted)
    if token is None or settings is None or not wanted.is_sound:
        return []
    try:
        with _by_itself(session):
            row = _connection(session, actor, wanted.name)
            if row is None:
                draft = connections.ConnectionDraft(wanted.name, wanted.app_id, token, settings)
                connections.insert(session, actor, checked(draft))
                return [f"connection {wanted.name}: added"]
            return list(_change_connection(session, actor, row, wanted.app_id, token, settings))
    except SyncError as error:
        _name(wanted, error)
        return []


def _token(wanted: ConnectionForm, folder: Path) -> str | None:
    """None when it is wrong, which is then named, or left out, which was."""
    if not wanted.key.text:
        return None
    try:
        return checked_token(wanted.key.read(folder))
    except SyncError as error:
        wanted.place.wrong(str(error))
        return None


def _settings_of(wanted: ConnectionForm) -> dict[str, Any] | None:
    """None when one of them is wrong; each is looked at by itself, so that all that are wrong are named."""
    found: dict[str, Any] = {}
    is_sound = True
    for name, place in wanted.settings.items():
        try:
            found |= checked_settings({name: place.text()})
        except SyncError as error:
            place.wrong(str(error))
            is_sound = False
    return found if is_sound else None


def _connection(session: Session, actor: Actor, name: str) -> tables.ConnectionRow | None:
    return session.exec(connections.without_key(actor).where(tables.ConnectionRow.name == name)).first()


def _change_connection(
    session: Session, actor: Actor, row: tables.ConnectionRow, app_id: str, token: str, settings: dict[str, Any]
) -> Iterator[str]:
    if row.app_id != app_id:
        yield f"connection {row.name}: app_id from {row.app_id} to {app_id}"
    for key in sorted(row.settings.keys() | settings.keys()):
        if (was := row.settings.get(key)) != (now := settings.get(key)):
            yield f"connection {row.name}: {key} from {_said(was)} to {_said(now)}"
    connections.update(session, actor, row, app_id=app_id, settings=settings)
    if not connections.has_token(session, row) or connections.token_of(session, row) != token:
        access.require(actor, "admin", "replace an API token")
        connections.replace_token(session, actor, row, token)
        yield f"connection {row.name}: API key replaced"


# Mappings


def _parents_first(forms: list[MappingForm]) -> list[MappingForm]:
    """In the file's order, but for parents, which come before those that refer to them."""
    place = {one.name: f"{number:09}" for number, one in enumerate(forms)}
    edges = [
        Edge(place[one.name], place[pair.reference]) for one in forms for pair in one.pairs if pair.reference in place
    ]
    return [forms[int(number)] for number in graph.parents_first(place.values(), edges)]


def _begin_circles(session: Session, actor: Actor, forms: list[MappingForm]) -> list[str]:
    """Where new mappings refer to each other in a circle, somebody is referred to before they are there: as a draft."""
    changes: list[str] = []
    later = {one.name: one for one in forms}
    for one in forms:
        later.pop(one.name, None)
        for name in sorted({pair.reference for pair in one.pairs if pair.reference} & later.keys()):
            connection = _connection(session, actor, later[name].connection)
            if connection is None or _stored(session, actor, name) is not None:
                continue
            draft = _draft(later[name], connection.id, None)
            try:
                with _by_itself(session):
                    made = _fit_table(session, actor, later[name], draft)
                    mappings.put(session, actor, draft, activate=False)
                changes += [*made, f"mapping {name}: added"]
            except SyncError as error:
                _name(later[name], error)
    return changes


def _stored(session: Session, actor: Actor, name: str) -> tables.MappingRow | None:
    return session.exec(
        select(tables.MappingRow).where(
            tables.MappingRow.name == name, tables.MappingRow.workspace_id == actor.workspace_id
        )
    ).first()


def _apply_mapping(session: Session, actor: Actor, wanted: MappingForm, given: set[str]) -> list[str]:
    connection = _connection(session, actor, wanted.connection)
    row = _stored(session, actor, wanted.name)
    if connection is None:
        if wanted.connection not in given:  # one of the file that is wrong was named already
            wanted.place.wrong(f"there is no connection {wanted.connection}")
        if not wanted.create_table:
            _name_errors(wanted, drafts.problems(session, actor, _draft(wanted, drafts.NO_CONNECTION, row)))
        return []
    draft = _draft(wanted, connection.id, row)
    try:
        with _by_itself(session):
            made = _fit_table(session, actor, wanted, draft)
        options = {CREATE_TABLE: True if wanted.create_table else None}
        changes = list(_differences(row, draft, connection.name, session)) if row else [f"mapping {draft.name}: added"]
        if row is None or changes or row.options.get(CREATE_TABLE) != options[CREATE_TABLE]:
            with _by_itself(session):
                mappings.put(session, actor, draft, activate=True, options=options)
        else:
            _name_errors(
                wanted, drafts.problems(session, actor, draft)
            )  # the mapping is the same, its table may not be
    except InvalidMapping as error:
        _name_errors(wanted, error.problems)
        return []
    except SyncError as error:
        _name(wanted, error)
        return []
    return [*made, *changes]


def _draft(wanted: MappingForm, connection_id: UUID, row: tables.MappingRow | None) -> MappingDraft:
    return MappingDraft(
        id=row.id if row else None,
        version=row.version if row else 0,
        name=wanted.name,
        connection_id=connection_id,
        glide_table=wanted.glide_table,
        glide_table_name=wanted.glide_table_name,
        target=wanted.target,
        pairs=list(wanted.pairs),
        direction=wanted.direction,
        deletes=wanted.deletes,
        delete_grace=wanted.delete_grace,
        conflict_policy=wanted.conflict_policy,
        marker_column=wanted.marker_column,
        filter=wanted.filter,
        schedule=wanted.schedule,
        enabled=wanted.enabled,
    )


def _name_errors(wanted: MappingForm, found: Iterable[Problem]) -> None:
    for problem in found:
        if problem.severity == "error":
            wanted.columns.get(problem.column or "", wanted.place).wrong(problem.message)


def _fit_table(session: Session, actor: Actor, wanted: MappingForm, draft: MappingDraft) -> list[str]:
    """With `create_table`, make the table, or add the columns it lacks."""
    if not wanted.create_table:
        return []
    if catalogue.find(queries.driver(session), draft.schema, draft.table) is None:
        targets.make_table(session, actor, draft)
        return [f"table {shapes.qualified(draft.target)}: created"]
    if not targets.missing(session, draft):
        return []
    added = targets.make_columns(session, actor, draft)
    return [f"table {shapes.qualified(draft.target)}: column {name} added" for name in added]


NAMES = {
    "glide_table": "glide_table",
    "glide_table_name": "glide_table_display_name",
    "direction": "sync_direction",
    "deletes": "deletes",
    "delete_grace": "delete_grace",
    "conflict_policy": "conflict_policy",
    "marker_column": "marker_column",
    "filter": "filter",
    "schedule": "schedule",
    "enabled": "enabled",
}
"""Field of a draft -> its key in the file."""


def _differences(row: tables.MappingRow, wanted: MappingDraft, connection: str, session: Session) -> Iterator[str]:
    """What differs between what is stored and what is wanted, in words."""
    stored, name = draft_of(row), f"mapping {row.name}"
    if stored.connection_id != wanted.connection_id:
        before = session.get(tables.ConnectionRow, stored.connection_id)
        yield f"{name}: connection from {before.name if before else 'another'} to {connection}"
    if not shapes.same_target(stored.target, wanted.target):
        yield f"{name}: supabase_table from {stored.target} to {shapes.qualified(wanted.target)}"
    for field, key in NAMES.items():
        if (was := getattr(stored, field)) != (now := getattr(wanted, field)):
            yield f"{name}: {key} from {_said(was)} to {_said(now)}"
    yield from _pair_differences(name, stored, wanted)
    if row.status != "active":
        yield f"{name}: activated"


def _pair_differences(name: str, stored: MappingDraft, wanted: MappingDraft) -> Iterator[str]:
    before = {pair.glide_id: pair for pair in stored.pairs}
    after = {pair.glide_id: pair for pair in wanted.pairs}
    for glide_id in sorted(before.keys() - after.keys()):
        yield f"{name}: column {glide_id} no longer mapped"
    for glide_id, pair in after.items():
        if glide_id not in before:
            yield f"{name}: column {glide_id} mapped to {pair.column}"
            continue
        for field in fields(pair):
            was, now = getattr(before[glide_id], field.name), getattr(pair, field.name)
            if was != now:
                key = PAIR_NAMES.get(field.name, field.name)
                yield f"{name}: column {glide_id}: {key} from {_said(was)} to {_said(now)}"


PAIR_NAMES = {"glide_name": "glide_column_name", "column": "supabase_column_name", "kind": "data_type"}


def _said(value: object) -> str:
    if value is None:
        return "nothing"
    return str(value).lower() if isinstance(value, bool) else str(value)


# Exporting


def export(actor: Actor) -> str:
    """All connections and active mappings in the form `apply` reads, keys as `env:GLIDE_TOKEN_<NAME>`.

    Drafts are left out: applying a file activates what it names.
    """
    access.require(actor, "viewer", "export the configuration")
    with queries.reading(actor) as session:
        found = session.exec(connections.without_key(actor).order_by(tables.ConnectionRow.name)).all()
        mapped = session.exec(
            select(tables.MappingRow)
            .where(tables.MappingRow.workspace_id == actor.workspace_id, tables.MappingRow.status == "active")
            .order_by(tables.MappingRow.name)
        ).all()
    keys = form.key_references([row.name for row in found])
    names = {row.id: row.name for row in found}
    return form.write(
        ({"name": row.name, "app_id": row.app_id, "api_key": keys[row.name]} | _settings(row) for row in found),
        (_exported(row, names[row.connection_id]) for row in mapped),
    )


def _settings(row: tables.ConnectionRow) -> dict[str, Any]:
    return {"settings": dict(row.settings)} if row.settings else {}


def _exported(row: tables.MappingRow, connection: str) -> dict[str, Any]:
    """One mapping; what is as it would be without saying it is left out."""
    draft = draft_of(row)
    told = {
        "name": row.name,
        "connection": connection,
        "glide_table": row.glide_table,
        "glide_table_display_name": row.glide_table_display_name,
        "supabase_table": row.supabase_table,
        "create_table": bool(row.options.get(CREATE_TABLE)),
        "sync_direction": row.sync_direction,
        "deletes": row.deletes,
        "delete_grace": row.delete_grace,
        "conflict_policy": row.conflict_policy,
        "marker_column": row.marker_column,
        "filter": draft.filter,
        "schedule": draft.schedule,
        "enabled": row.enabled,
        "column_mappings": shapes.column_mappings_of(draft.pairs),
    }
    left_out = {"create_table": False, "marker_column": None, "filter": None, "schedule": None, "enabled": True}
    return {key: value for key, value in told.items() if left_out.get(key, ...) != value}
