"""Changing the keys that protect secrets at rest."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass

from psycopg2 import extras

from glsync import statements
from glsync.services import access
from glsync.services.access import Actor
from glsync.store import db, rotation
from glsync.store.masterkey import Place


@dataclass(frozen=True, slots=True)
class Rotated:
    """What was done: data keys wrapped with the new master key, secrets sealed anew (None: that was not asked for)."""

    place: Place
    data_keys: int
    secrets: int | None


def rotate(actor: Actor, *, data_keys: bool = False) -> Rotated:
    """A new master key; with `data_keys` also new keys for the secrets themselves.

    Raises:
        ConfigError: no next key where the settings hold the key, or one that cannot be read.
    """
    access.require(actor, "admin", "change the secret key")
    with closing(db.open_connection("glsync keys")) as connection:
        changed = rotation.change_master_key(connection)
        resealed = rotation.change_data_keys(connection) if data_keys else None
        rotated = Rotated(changed.place, changed.data_keys, resealed)
        with db.transaction(connection) as cursor:
            cursor.execute(statements.text("audit_rotated"), _told(actor, rotated))
    return rotated


def _told(actor: Actor, rotated: Rotated) -> dict[str, object]:
    after = {"kept in": rotated.place, "data keys": rotated.data_keys, "secrets": rotated.secrets}
    return {"workspace": actor.workspace_id, "actor": actor.name, "after": extras.Json(after)}
