"""Changing keys: a new master key over the same data keys, and new data keys under the same secrets.

Whoever reads at the same time reads on: until the last data key is wrapped anew, both master keys are at hand. A
change cut short at any point leaves everything readable, and the next one carries it through.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg2 import extensions, extras

from glsync.errors import ConfigError
from glsync.store import masterkey, secrets
from glsync.store.db import Connection, transaction
from glsync.store.masterkey import Place

SEALED = (
    ("public.gl_connections", "api_key", "api_key"),
    ("glsync.hooks", "signing_keys", "hook_key"),
    ("glsync.subscriptions", "signing_keys", "subscription_key"),
)
"""Where sealed secrets stand: table, column (a text, or a jsonb list of texts), and the field they were sealed for."""

_LOCK = "lock table glsync.data_keys in share row exclusive mode"
"""Nobody adds a data key meanwhile; reading goes on."""

Cursor = extensions.cursor


@dataclass(frozen=True, slots=True)
class Changed:
    """What a change did: where the master key lives, and how many data keys were wrapped anew."""

    place: Place
    data_keys: int


def change_master_key(connection: Connection) -> Changed:
    """Wrap every data key with a new master key and let that one take over.

    Raises:
        ConfigError: there is no next key in the settings, or a data key cannot be read.
    """
    with transaction(connection) as cursor:
        place = masterkey.place(cursor)
    match place:
        case "setting":
            return Changed(place, _in_settings(connection))
        case "file":
            return Changed(place, _in_files(connection))
        case "vault":
            return Changed(place, _in_vault(connection))


def _in_settings(connection: Connection) -> int:
    """An operator's keys: both are in the settings of every process until this is done."""
    keys = masterkey.from_settings()
    if len(keys) != 2 or keys[0] == keys[1]:
        raise ConfigError(
            "GLSYNC_NEXT_SECRET_KEY is not set to a new key",
            hint=f"Set it for every process of Glide Sync, beside GLSYNC_SECRET_KEY. {masterkey.HOW_TO_MAKE}",
        )
    with transaction(connection) as cursor:
        return _rewrap(cursor, keys, keys[1])


def _in_files(connection: Connection) -> int:
    """The next key is on disk before the first data key needs it, and takes over after the last one was wrapped."""
    with masterkey.file_changing():
        masterkey.from_files()  # without a key of now there is none to follow it
        masterkey.next_file()
        done = 0
        while True:
            with transaction(connection) as cursor:
                keys = masterkey.from_files()
                found = _rewrap(cursor, keys, keys[-1])
                if not found:  # committed before, so that nothing depends on the old key any more
                    masterkey.take_next_file()
                    return done
            done += found


def _in_vault(connection: Connection) -> int:
    """Vault is in the same database, so that one transaction does it all."""
    with transaction(connection) as cursor:
        cursor.execute(_LOCK)
        [old] = masterkey.all_keys(cursor, create=True)
        masterkey.renew_in_vault(cursor)
        [new] = masterkey.all_keys(cursor)
        return _rewrap(cursor, [old, new], new)


def _rewrap(cursor: Cursor, masters: Sequence[bytes], new: bytes) -> int:
    """Wrap with `new` what is not yet, and return how many that were. The secrets themselves stay as they are."""
    cursor.execute(_LOCK)
    cursor.execute(
        "select workspace_id, version, wrapped_key from glsync.data_keys where split_part(wrapped_key, ':', 3) <> %s",
        (masterkey.id_of(new),),
    )
    found = cursor.fetchall()
    for workspace_id, version, wrapped_key in found:
        key = secrets.unwrap(masters, workspace_id, version, wrapped_key)
        cursor.execute(
            "update glsync.data_keys set wrapped_key = %s where workspace_id = %s and version = %s",
            (secrets.wrap(new, workspace_id, version, key), str(workspace_id), version),
        )
    return len(found)


def change_data_keys(connection: Connection) -> int:
    """Give every workspace a new data key and seal its secrets with it; how many secrets there were.

    One transaction: cut short, nothing has happened. The old keys stay, for whoever reads a secret at this moment.
    """
    with transaction(connection) as cursor:
        cursor.execute(_LOCK)
        cursor.execute("select workspace_id, max(version) from glsync.data_keys group by workspace_id")
        for workspace_id, version in cursor.fetchall():
            secrets.add_key(connection, UUID(str(workspace_id)), version + 1)
        return sum(_reseal(connection, cursor, *sealed) for sealed in SEALED)


def _reseal(connection: Connection, cursor: Cursor, table: str, column: str, field: str) -> int:
    cursor.execute(f"select id, workspace_id, {column} from {table} where {column} is not null for update")  # noqa: S608 - names of ours
    found = cursor.fetchall()
    for row_id, workspace_id, stored in found:
        belongs = (UUID(str(workspace_id)), UUID(str(row_id)), field)
        several = stored if isinstance(stored, list) else [stored]
        anew = [secrets.encrypt(connection, *belongs, secrets.decrypt(connection, *belongs, one)) for one in several]
        value: Any = extras.Json(anew) if isinstance(stored, list) else anew[0]
        cursor.execute(f"update {table} set {column} = %s where id = %s", (value, str(row_id)))  # noqa: S608 - as above
    return sum(len(stored) if isinstance(stored, list) else 1 for _, _, stored in found)
