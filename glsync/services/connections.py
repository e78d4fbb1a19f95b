"""Glide apps and the keys to them: listed, checked, added, changed; what tables and columns they offer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID, uuid4

from sqlalchemy.orm import defer
from sqlmodel import Session, select
from sqlmodel.sql.expression import SelectOfScalar

from glsync import glide
from glsync.errors import ConfigError, InvalidInput, NotFound, StaleVersion
from glsync.services import access, audit, checking, mapping_rows, queries
from glsync.services.access import Actor
from glsync.services.checking import ConnectionDraft as ConnectionDraft
from glsync.services.checking import Step as Step
from glsync.services.checking import checked, checked_settings, endpoints_of, filled
from glsync.services.mapping_rows import MappingRow
from glsync.store import secrets, tables
from glsync.values import ROW_ID, Connection, GlideColumn, GlideTable

KEY = "api_key"


@dataclass(frozen=True, slots=True)
class ConnectionRow:
    """A connection as lists show it: of its key only the last four characters."""

    id: UUID
    name: str
    app_id: str
    app_name: str | None
    status: Literal["active", "inactive", "error"]
    status_message: str | None
    key_last4: str | None
    last_checked_at: datetime | None
    last_sync: datetime | None
    used_by: int
    settings: dict[str, Any]
    version: int
    created_at: datetime


# Reading


def listing(actor: Actor) -> list[ConnectionRow]:
    """All connections, by name."""
    access.require(actor, "viewer", "see connections")
    with queries.reading(actor) as session:
        return _rows(session, actor)


def get(actor: Actor, connection_id: UUID) -> ConnectionRow:
    """One connection.

    Raises:
        NotFound: no such connection in the actor's workspace.
    """
    access.require(actor, "viewer", "see connections")
    with queries.reading(actor) as session:
        return _row(session, actor, id=connection_id)


def find(actor: Actor, name: str) -> ConnectionRow:
    """The connection of that name.

    Raises:
        NotFound: no such connection in the actor's workspace.
    """
    access.require(actor, "viewer", "see connections")
    with queries.reading(actor) as session:
        return _row(session, actor, name=name)


def used_by(actor: Actor, connection_id: UUID) -> list[MappingRow]:
    """The mappings that use a connection."""
    access.require(actor, "viewer", "see mappings")
    with queries.reading(actor) as session:
        return mapping_rows.rows(session, actor, connection=connection_id, limit=1000)


def _rows(session: Session, actor: Actor, id: UUID | None = None, name: str | None = None) -> list[ConnectionRow]:
    found = queries.rows(session, "connections_list", workspace=actor.workspace_id, id=id, name=name)
    return [ConnectionRow(**row) for row in found]


def _row(session: Session, actor: Actor, id: UUID | None = None, name: str | None = None) -> ConnectionRow:
    found = _rows(session, actor, id, name)
    if not found:
        raise NotFound("connection", name or id)
    return found[0]


# Glide behind a connection


def glide_tables(actor: Actor, connection_id: UUID) -> list[GlideTable]:
    """Every table of the app."""
    access.require(actor, "viewer", "see what Glide holds")
    with _app(actor, connection_id) as app:
        return app.tables()


def glide_columns(actor: Actor, connection_id: UUID, table_id: str) -> list[GlideColumn]:
    """The columns of a Glide table, without the row id."""
    access.require(actor, "viewer", "see what Glide holds")
    with _app(actor, connection_id) as app:
        return [column for column in app.columns(table_id) if column.id != ROW_ID]


def glide_sample(actor: Actor, connection_id: UUID, table_id: str, rows: int = 20) -> list[dict[str, Any]]:
    """The first rows as Glide gives them, column id -> cell. Reads one page, which costs Glide updates."""
    access.require(actor, "editor", "read rows from Glide")
    with _app(actor, connection_id) as app:
        return app.sample(table_id, rows)


@contextmanager
def _app(actor: Actor, connection_id: UUID) -> Iterator[glide.App]:
    with glide.open_glide(opened(actor, connection_id)) as app:
        yield app


def opened(actor: Actor, connection_id: UUID) -> Connection:
    """The connection with its token in clear, to talk to Glide with.

    Raises:
        NotFound: no such connection in the actor's workspace.
        InvalidInput: it has no token.
        ConfigError: its token cannot be read with this installation's key.
    """
    with queries.reading(actor) as session:
        row = stored(session, actor, connection_id)
        return _connection(row.id, row.workspace_id, row.name, row.app_id, token_of(session, row), row.settings)


def stored(session: Session, actor: Actor, connection_id: UUID, *, lock: bool = False) -> tables.ConnectionRow:
    """The connection's row itself; `lock` keeps others from changing it until the transaction ends.

    Raises:
        NotFound: no such connection in the actor's workspace.
    """
    wanted = without_key(actor).where(tables.ConnectionRow.id == connection_id)
    found = session.exec(wanted.with_for_update() if lock else wanted).first()
    if found is None:
        raise NotFound("connection", connection_id)
    return found


def without_key(actor: Actor) -> SelectOfScalar[tables.ConnectionRow]:
    """The connections of the workspace. A person's session may not read the sealed key, so it is left where it is."""
    key = tables.ConnectionRow.api_key
    mine = select(tables.ConnectionRow).where(tables.ConnectionRow.workspace_id == actor.workspace_id)
    return mine.options(defer(key))  # type: ignore[arg-type]  # a column, which mypy takes for its value


def token_of(session: Session, row: tables.ConnectionRow) -> str:
    """The token in clear.

    Raises:
        InvalidInput: the connection has none.
        ConfigError: it cannot be read with this installation's key.
    """
    with queries.stepped_up(session):
        if not row.api_key:
            raise InvalidInput(
                f"Connection {row.name!r} has no API token",
                hint="Enter it under Connections, or use the command apply.",
            )
        return secrets.decrypt(session, row.workspace_id, row.id, KEY, row.api_key)


def has_token(session: Session, row: tables.ConnectionRow) -> bool:
    with queries.stepped_up(session):
        return bool(row.api_key)


def _connection(
    id: UUID, workspace_id: UUID, name: str, app_id: str, token: str, settings: dict[str, Any]
) -> Connection:
    return Connection(id, workspace_id, name, app_id, token, endpoints_of(settings), settings)


# Checking


def check(actor: Actor, what: ConnectionDraft | UUID) -> list[Step]:
    """Try a connection in four steps, for some ten seconds at most; the first that fails says why and ends the check.

    A stored connection becomes active or error by it.
    """
    if isinstance(what, UUID):
        access.require(actor, "operator", "test a connection")
        return _check_stored(actor, what)
    access.require(actor, "editor", "test a connection")
    draft = checked(what)
    connection = _connection(uuid4(), actor.workspace_id, draft.name, draft.app_id, draft.token, draft.settings)
    return checking.tried(connection).steps


def _check_stored(actor: Actor, connection_id: UUID) -> list[Step]:
    try:
        found = checking.tried(opened(actor, connection_id))
    except (InvalidInput, ConfigError) as error:  # no token, or one that cannot be read
        found = checking.failed("sign in", error)
    with queries.writing(actor) as session, queries.stepped_up(session):  # an operator changes nothing else of it
        row = stored(session, actor, connection_id, lock=True)
        failure = found.failure
        row.status = "error" if failure else "active"
        row.status_message = f"{failure.name}: {failure.detail}" if failure else None
        row.last_checked_at = datetime.now(UTC)
        row.app_name = found.app_name or row.app_name
        session.add(row)
    return found.steps


# Changing


def add(actor: Actor, draft: ConnectionDraft) -> ConnectionRow:
    """Store a new connection, its token sealed.

    Raises:
        InvalidInput: a field is empty or wrong, or the name is taken.
        SecurityBlocked: an address connections may not name.
    """
    access.require(actor, "editor", "add a connection")
    with queries.writing(actor) as session:
        row = insert(session, actor, draft)
    return get(actor, row.id)


def insert(session: Session, actor: Actor, draft: ConnectionDraft) -> tables.ConnectionRow:
    """`add`, in a transaction that is open."""
    draft = checked(draft)
    _check_free(session, actor, draft.name)
    row = tables.ConnectionRow(
        id=uuid4(), workspace_id=actor.workspace_id, name=draft.name, app_id=draft.app_id, settings=draft.settings
    )
    seal(session, row, draft.token)
    session.add(row)
    session.flush()
    audit.note(session, actor, "added", "connection", row.id, row.name, after=_told_of(row))
    return row


def edit(
    actor: Actor,
    connection_id: UUID,
    *,
    version: int,
    name: str | None = None,
    app_id: str | None = None,
    settings: dict[str, Any] | None = None,
) -> ConnectionRow:
    """Change what is given; the rest stays.

    Raises:
        StaleVersion: somebody else saved since `version` was read.
    """
    access.require(actor, "editor", "change a connection")
    with queries.writing(actor) as session:
        row = stored(session, actor, connection_id, lock=True)
        if row.version != version:
            raise StaleVersion("Connection", row.name)
        update(session, actor, row, name=name, app_id=app_id, settings=settings)
    return get(actor, connection_id)


def update(
    session: Session,
    actor: Actor,
    row: tables.ConnectionRow,
    *,
    name: str | None = None,
    app_id: str | None = None,
    settings: dict[str, Any] | None = None,
) -> None:
    """`edit`, in a transaction that is open."""
    before = _told_of(row)
    if name is not None and name.strip() != row.name:
        _check_free(session, actor, name.strip())
        row.name = filled(name, "name")
    if app_id is not None:
        row.app_id = filled(app_id, "app ID")
    if settings is not None:
        row.settings = checked_settings(settings)
    if before != (after := _told_of(row)):
        session.add(row)
        audit.note(session, actor, "changed", "connection", row.id, row.name, before=before, after=after)


def rotate(actor: Actor, connection_id: UUID, token: str) -> ConnectionRow:
    """Replace the token; the old one is gone."""
    access.require(actor, "admin", "replace an API token")
    with queries.writing(actor) as session:
        row = stored(session, actor, connection_id, lock=True)
        replace_token(session, actor, row, token)
    return get(actor, connection_id)


def replace_token(session: Session, actor: Actor, row: tables.ConnectionRow, token: str) -> None:
    """`rotate`, in a transaction that is open."""
    before = {"key_last4": row.api_key_last4}
    seal(session, row, checking.checked_token(token))
    row.status, row.status_message, row.last_checked_at = "active", None, None
    session.add(row)
    audit.note(
        session, actor, "rotated", "connection", row.id, row.name,
        before=before, after={"key_last4": row.api_key_last4},
    )  # fmt: skip


def seal(session: Session, row: tables.ConnectionRow, token: str) -> None:
    """Put the token into the row, encrypted."""
    with queries.stepped_up(session):
        row.api_key = secrets.encrypt(session, row.workspace_id, row.id, KEY, token)
    row.api_key_last4 = secrets.last4(token)


def remove(actor: Actor, connection_id: UUID, typed_name: str) -> None:
    """Delete a connection that no mapping uses.

    Raises:
        InvalidInput: the typed name differs, or mappings use it (they are named).
    """
    access.require(actor, "admin", "delete a connection")
    with queries.writing(actor) as session:
        row = stored(session, actor, connection_id, lock=True)
        if typed_name.strip() != row.name:
            raise InvalidInput(f"{typed_name!r} is not the name of this connection", hint=f"Type {row.name}.")
        users = session.exec(select(tables.MappingRow.name).where(tables.MappingRow.connection_id == row.id)).all()
        if users:
            raise InvalidInput(
                f"Connection {row.name!r} is used by {', '.join(sorted(users))}",
                hint="Delete these mappings first, or point them at another connection.",
            )
        audit.note(session, actor, "deleted", "connection", row.id, row.name, before=_told_of(row))
        session.delete(row)


def _check_free(session: Session, actor: Actor, name: str) -> None:
    if _rows(session, actor, name=name):
        raise InvalidInput(f"There is already a connection named {name!r}", hint="Choose another name.")


def _told_of(row: tables.ConnectionRow) -> dict[str, Any]:
    """What the audit trail may know of a connection."""
    return {"name": row.name, "app_id": row.app_id, "settings": dict(row.settings), "key_last4": row.api_key_last4}
