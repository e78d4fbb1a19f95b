"""Copies: of this database, and of mappings. Nothing of a copy runs until somebody says that it may."""

from __future__ import annotations

from contextlib import closing
from uuid import UUID

from psycopg2 import extensions, extras

from glsync import statements
from glsync.errors import CopiedMapping, NotFound
from glsync.services import access, queries
from glsync.services.access import Actor
from glsync.store import db, identity


def is_copy(actor: Actor) -> bool:
    """Is this database a copy that was not re-armed?"""
    access.require(actor, "viewer", "see whether this database is a copy")
    with queries.reading(actor) as session, queries.driver(session).cursor() as cursor:
        return identity.is_copy(cursor)


def rearm(actor: Actor) -> bool:
    """From now on this database is one of its own, and its mappings run as they are set up; False: it was no copy.

    Raises:
        Forbidden: the actor is no admin.
        PermissionMissing: the database's role does not own schema glsync.
    """
    access.require(actor, "admin", "re-arm this database")
    with closing(db.open_connection("glsync rearm")) as connection, db.transaction(connection) as cursor:
        before, here = identity.known(cursor), identity.now(cursor)
        if before is not None and before.is_same(here):
            return False
        identity.write(cursor, here)
        _note(cursor, actor, "database", None, here.name)
    return True


def rearm_mapping(actor: Actor, name: str) -> bool:
    """Let a mapping run that looks like the copy of another; False: it does not look like one.

    Raises:
        NotFound: no such mapping in the actor's workspace.
    """
    access.require(actor, "admin", "re-arm a mapping")
    with closing(db.open_connection("glsync rearm")) as connection, db.transaction(connection) as cursor:
        cursor.execute(
            "select id from public.gl_mappings where name = %s and workspace_id = %s",
            (name, str(actor.workspace_id)),
        )
        if (found := cursor.fetchone()) is None:
            raise NotFound("mapping", name)
        mapping_id = UUID(str(found[0]))
        try:
            identity.refuse_copied_mapping(cursor, mapping_id, name)
            return False
        except CopiedMapping:
            armed = "update public.gl_mappings set options = options || '{\"rearmed\": true}' where id = %s"
            cursor.execute(armed, (str(mapping_id),))
            _note(cursor, actor, "mapping", mapping_id, name)
    return True


def _note(cursor: extensions.cursor, actor: Actor, subject: str, subject_id: UUID | None, name: str) -> None:
    values = {"workspace": str(actor.workspace_id), "actor": actor.name, "action": "re-armed", "subject": subject}
    told = {"id": str(subject_id) if subject_id else None, "name": name, "before": None, "after": extras.Json({})}
    cursor.execute(statements.text("audit_note"), values | told)
