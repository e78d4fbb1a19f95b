"""Secrets at rest: AES-256-GCM under a key per workspace, which the master key wraps.

    master key      GLSYNC_SECRET_KEY, the file secret.key in GLSYNC_HOME, or Supabase Vault; see masterkey.py
    data key        one per workspace, in glsync.data_keys, wrapped: "glsync:k1:<master key's id>:<base64>"
    a secret        "glsync:v1:<data key's version>:<base64 of nonce, ciphertext and tag>"

What a secret belongs to (workspace, connection, field, key version) is authenticated with it: copied to another row or
field it cannot be read. No message carries a key or a secret.
"""

from __future__ import annotations

import secrets
from base64 import b64decode, b64encode
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from glsync.errors import ConfigError
from glsync.redaction import never_show
from glsync.store import masterkey
from glsync.store.db import Connection, wrapped

if TYPE_CHECKING:
    from sqlmodel import Session

KEY_BYTES = masterkey.KEY_BYTES
NONCE_BYTES = 12
SECRET, WRAPPED = "glsync:v1", "glsync:k1"
SHOWN = 4
LEAST_TO_SHOW = 12
"""A token shorter than this shows none of its characters."""


def encrypt(database: Session | Connection, workspace_id: UUID, connection_id: UUID, field: str, clear: str) -> str:
    """The secret as it is stored; the first one of a workspace makes its data key in the same transaction.

    Raises:
        ConfigError: the master key is missing, malformed or not the one this workspace's key was wrapped with.
    """
    version, key = _newest_key(database, workspace_id)
    never_show(clear)
    belongs = _belongs(workspace_id, connection_id, field, version)
    return f"{SECRET}:{version}:{_sealed(key, clear.encode(), belongs)}"


def decrypt(database: Session | Connection, workspace_id: UUID, connection_id: UUID, field: str, stored: str) -> str:
    """The secret in clear; from now on the logs leave it out.

    Raises:
        ConfigError: it was altered, belongs to something else, or was encrypted with another key.
    """
    kind, _, text = stored.rpartition(":")
    name, _, version = kind.rpartition(":")
    if name != SECRET or not version.isdigit():
        raise _unreadable(field, "it is not in the form secrets are stored in")
    key = _key(database, workspace_id, int(version))
    try:
        clear = _opened(key, text, _belongs(workspace_id, connection_id, field, int(version))).decode()
    except InvalidTag:
        raise _unreadable(field, "it was altered, or belongs to another connection") from None
    never_show(clear)
    return clear


def last4(clear: str) -> str:
    """The end of a token, by which a person knows it again; "" when it is too short to show any of it."""
    return clear[-SHOWN:] if len(clear) >= LEAST_TO_SHOW else ""


def readable(database: Session | Connection) -> int:
    """How many workspaces have a data key; each can be read with our master key.

    Raises:
        ConfigError: one cannot, or there is no master key.
    """
    found = _query(database, "select workspace_id, version, wrapped_key from glsync.data_keys")
    keys = _masters(database) if found else []
    for workspace_id, version, wrapped_key in found:
        unwrap(keys, workspace_id, version, wrapped_key)
    return len({workspace_id for workspace_id, _, _ in found})


# The data keys


def add_key(database: Session | Connection, workspace_id: UUID, version: int) -> None:
    """Make a data key; nothing happens when there is one of that version already.

    The lock is the one a change of the master key takes: a key is wrapped before it or after it, never during it.
    """
    _query(database, "lock table glsync.data_keys in row exclusive mode")
    masters = _masters(database, create=True)
    used = {
        kind for (kind,) in _query(database, "select distinct split_part(wrapped_key, ':', 3) from glsync.data_keys")
    }
    master = next((key for key in reversed(masters) if masterkey.id_of(key) in used), masters[0])
    _query(
        database,
        "insert into glsync.data_keys (workspace_id, version, wrapped_key) values (%s, %s, %s) on conflict do nothing",
        str(workspace_id), version, wrap(master, workspace_id, version, secrets.token_bytes(KEY_BYTES)),
    )  # fmt: skip


def _newest_key(database: Session | Connection, workspace_id: UUID) -> tuple[int, bytes]:
    newest = "select max(version) from glsync.data_keys where workspace_id = %s"
    [(version,)] = _query(database, newest, str(workspace_id))
    if version is None:
        add_key(database, workspace_id, 1)
        [(version,)] = _query(database, newest, str(workspace_id))  # ours, or that of somebody who was first
    return version, _key(database, workspace_id, version)


def _key(database: Session | Connection, workspace_id: UUID, version: int) -> bytes:
    """A data key. Where the master key was changed between our two looks, we look again."""
    try:
        return unwrap(*_wrapped(database, workspace_id, version))
    except OtherMasterKey:
        return unwrap(*_wrapped(database, workspace_id, version))


def _wrapped(database: Session | Connection, workspace_id: UUID, version: int) -> tuple[list[bytes], UUID, int, str]:
    """(master keys, and what they may open)."""
    find = "select wrapped_key from glsync.data_keys where workspace_id = %s and version = %s"
    found = _query(database, find, str(workspace_id), version)
    if not found:
        raise ConfigError(
            f"The workspace has no key of version {version} to read its secrets with",
            hint="Restore glsync.data_keys from the backup the connections come from, or enter the API keys again.",
        )
    return _masters(database), workspace_id, version, found[0][0]


def _masters(database: Session | Connection, *, create: bool = False) -> list[bytes]:
    with wrapped(), _driver(database).cursor() as cursor:
        return masterkey.all_keys(cursor, create=create)


def wrap(master: bytes, workspace_id: UUID | str, version: int, key: bytes) -> str:
    return f"{WRAPPED}:{masterkey.id_of(master)}:{_sealed(master, key, f'{workspace_id}|{version}'.encode())}"


class OtherMasterKey(ConfigError):
    """A data key was wrapped with a master key that is not at hand."""

    hint = "Set GLSYNC_SECRET_KEY to the key they were stored with, or copy its secret.key file here."


def unwrap(masters: Iterable[bytes], workspace_id: UUID | str, version: int, wrapped_key: str) -> bytes:
    """The data key in clear.

    Raises:
        OtherMasterKey: none of the master keys is the one it was wrapped with.
        ConfigError: it was altered, or belongs to another workspace.
    """
    known = {f"{WRAPPED}:{masterkey.id_of(master)}": master for master in masters}
    kind, _, text = wrapped_key.rpartition(":")
    if kind not in known:
        ours = " or ".join(one.rpartition(":")[2] for one in known)
        theirs = kind.rpartition(":")[2]
        raise OtherMasterKey(
            f"The stored API keys were encrypted with another secret key (its id is {theirs}, ours is {ours})"
        )
    try:
        return _opened(known[kind], text, f"{workspace_id}|{version}".encode())
    except InvalidTag:
        raise ConfigError("A workspace's key was altered in the database", hint=_RESTORE) from None


_RESTORE = "Restore glsync.data_keys from a backup, or enter the API keys again under Connections."


# Small parts


def _belongs(workspace_id: UUID, connection_id: UUID, field: str, version: int) -> bytes:
    return f"{workspace_id}|{connection_id}|{field}|{version}".encode()


def _sealed(key: bytes, clear: bytes, belongs: bytes) -> str:
    """Base64 of nonce, ciphertext and tag."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return b64encode(nonce + AESGCM(key).encrypt(nonce, clear, belongs)).decode()


def _opened(key: bytes, text: str, belongs: bytes) -> bytes:
    """What `_sealed` closed.

    Raises:
        InvalidTag: anything about it is not as it was, its form included.
    """
    try:
        sealed = b64decode(text, validate=True)
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], belongs)
    except ValueError:  # not base64, or too short to hold a nonce
        raise InvalidTag from None


def _unreadable(field: str, why: str) -> ConfigError:
    return ConfigError(f"The stored {field} cannot be read: {why}", hint="Enter it again under Connections.")


def _query(database: Session | Connection, statement: str, *values: Any) -> list[tuple[Any, ...]]:
    """The rows a statement returns, in the transaction that is open."""
    with wrapped(), _driver(database).cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall() if cursor.description else []


def _driver(database: Session | Connection) -> Connection:
    """The psycopg2 connection, which a session has inside."""
    if isinstance(database, Connection):
        return database
    inside: Any = database.connection().connection.driver_connection
    connection: Connection = inside
    return connection
