"""Secrets at rest: AES-256-GCM under a key per workspace, which the master key wraps.

    master key      GLSYNC_SECRET_KEY, or the file secret.key in GLSYNC_HOME; never in the database
    data key        one per workspace, in glsync.data_keys, wrapped: "glsync:k1:<master key's id>:<base64>"
    a secret        "glsync:v1:<data key's version>:<base64 of nonce, ciphertext and tag>"

What a secret belongs to (workspace, connection, field, key version) is authenticated with it: copied to another row or
field it cannot be read. No message carries a key or a secret.
"""

from __future__ import annotations

import os
import secrets
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from glsync.config import settings
from glsync.errors import ConfigError
from glsync.logs import never_show
from glsync.store.db import Connection, wrapped

if TYPE_CHECKING:
    from sqlmodel import Session

KEY_BYTES = 32
NONCE_BYTES = 12
FILE = "secret.key"
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


def rewrap(database: Session | Connection, old: bytes, new: bytes) -> int:
    """Wrap every data key with a new master key and return how many; the secrets themselves stay as they are."""
    found = _query(database, "select workspace_id, version, wrapped_key from glsync.data_keys for update")
    for workspace_id, version, wrapped_key in found:
        again = _wrap(new, workspace_id, version, _unwrap(old, workspace_id, version, wrapped_key))
        _query(
            database,
            "update glsync.data_keys set wrapped_key = %s where workspace_id = %s and version = %s returning 1",
            again, str(workspace_id), version,
        )  # fmt: skip
    return len(found)


def readable(database: Session | Connection) -> int:
    """How many workspaces have a data key; each can be read with our master key.

    Raises:
        ConfigError: one cannot, or there is no master key.
    """
    found = _query(database, "select workspace_id, version, wrapped_key from glsync.data_keys")
    for workspace_id, version, wrapped_key in found:
        _unwrap(master_key(), workspace_id, version, wrapped_key)
    return len({workspace_id for workspace_id, _, _ in found})


# The master key


def parse_key(text: str, where: str) -> bytes:
    """32 bytes written in base64 or hex.

    Raises:
        ConfigError: naming where it was read, never what.
    """
    for read in (bytes.fromhex, _from_base64):
        try:
            key = read(text.strip())
        except ValueError:
            continue
        if len(key) == KEY_BYTES:
            return key
    raise ConfigError(f"{where} is not a key: {KEY_BYTES} bytes in base64 or hex are wanted", hint=_HOW_TO_MAKE)


def _from_base64(text: str) -> bytes:
    try:
        return b64decode(text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4), validate=True)
    except NotBase64 as error:
        raise ValueError("not base64") from error


_HOW_TO_MAKE = "Make one with: python -c 'import base64, os; print(base64.b64encode(os.urandom(32)).decode())'"


def master_key(*, create: bool = False) -> bytes:
    """The key of this installation: the setting, else the file, made when `create` says so and there is none.

    Raises:
        ConfigError: there is none, or it is malformed.
    """
    if given := settings().secret_key:
        return parse_key(given.get_secret_value(), "GLSYNC_SECRET_KEY")
    file = settings().home / FILE
    if create and not file.exists():
        _make(file)
    try:
        return parse_key(file.read_text(), str(file))
    except FileNotFoundError:
        raise ConfigError(
            f"There is no secret key: GLSYNC_SECRET_KEY is not set and {file} does not exist",
            hint="Set GLSYNC_SECRET_KEY to the key of the machine that stored the connections, or copy its secret.key.",
        ) from None


def _make(file: Path) -> None:
    """Write a new key, whole or not at all; of two who do so at once, both go on with the key of one."""
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_name(f"{FILE}.{secrets.token_hex(8)}")
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as out:
        out.write(b64encode(secrets.token_bytes(KEY_BYTES)).decode() + "\n")
        out.flush()
        os.fsync(out.fileno())
    try:
        os.link(new, file)
    except FileExistsError:
        pass  # the other one's
    finally:
        new.unlink()


def _id(key: bytes) -> str:
    """A name for a key that tells nothing about it."""
    return sha256(b"glsync master key" + key).hexdigest()[:8]


# The data keys


def _newest_key(database: Session | Connection, workspace_id: UUID) -> tuple[int, bytes]:
    newest = "select version, wrapped_key from glsync.data_keys where workspace_id = %s order by version desc limit 1"
    found = _query(database, newest, str(workspace_id))
    if not found:
        first = _wrap(master_key(create=True), workspace_id, 1, secrets.token_bytes(KEY_BYTES))
        _query(
            database,
            "insert into glsync.data_keys (workspace_id, version, wrapped_key) values (%s, 1, %s)"
            " on conflict do nothing returning version",
            str(workspace_id), first,
        )  # fmt: skip
        found = _query(database, newest, str(workspace_id))  # ours, or that of somebody who was first
    version, wrapped_key = found[0]
    return version, _unwrap(master_key(), workspace_id, version, wrapped_key)


def _key(database: Session | Connection, workspace_id: UUID, version: int) -> bytes:
    find = "select wrapped_key from glsync.data_keys where workspace_id = %s and version = %s"
    found = _query(database, find, str(workspace_id), version)
    if not found:
        raise ConfigError(
            f"The workspace has no key of version {version} to read its secrets with",
            hint="Restore glsync.data_keys from the backup the connections come from, or enter the API keys again.",
        )
    return _unwrap(master_key(), workspace_id, version, found[0][0])


def _wrap(master: bytes, workspace_id: UUID | str, version: int, key: bytes) -> str:
    return f"{WRAPPED}:{_id(master)}:{_sealed(master, key, f'{workspace_id}|{version}'.encode())}"


def _unwrap(master: bytes, workspace_id: UUID | str, version: int, wrapped_key: str) -> bytes:
    kind, _, text = wrapped_key.rpartition(":")
    if kind == f"{WRAPPED}:{_id(master)}":
        try:
            return _opened(master, text, f"{workspace_id}|{version}".encode())
        except InvalidTag:
            raise ConfigError("A workspace's key was altered in the database", hint=_RESTORE) from None
    theirs = kind.rpartition(":")[2]
    raise ConfigError(
        f"The stored API keys were encrypted with another secret key (its id is {theirs}, ours is {_id(master)})",
        hint="Set GLSYNC_SECRET_KEY to the key they were stored with, or copy its secret.key file here.",
    )


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
        return cursor.fetchall()


def _driver(database: Session | Connection) -> Connection:
    """The psycopg2 connection, which a session has inside."""
    if isinstance(database, Connection):
        return database
    inside: Any = database.connection().connection.driver_connection
    connection: Connection = inside
    return connection
