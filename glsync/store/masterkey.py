"""The master key: where it lives, and the one that comes after it while it is changed.

    GLSYNC_SECRET_KEY             an operator's own; GLSYNC_NEXT_SECRET_KEY besides while it is changed
    secret.key in GLSYNC_HOME     else, where that file is; secret.key.next besides while it is changed
    Supabase Vault                else, where Vault is; the database makes the key, so that it stands in no statement
    secret.key                    else made, with the first connection

Source:
    github.com/supabase/vault, README: vault.create_secret, vault.update_secret, vault.decrypted_secrets.
"""

from __future__ import annotations

import os
import secrets
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout
from psycopg2 import extensions

from glsync import statements
from glsync.config import settings
from glsync.errors import ConfigError
from glsync.redaction import never_show

Place = Literal["setting", "file", "vault"]

KEY_BYTES = 32
FILE, NEXT_FILE, LOCK_FILE = "secret.key", "secret.key.next", "secret.key.lock"
IN_VAULT = "glsync_master_key"
"""The name of our secret in Vault."""

Cursor = extensions.cursor


def parse_key(text: str, where: str) -> bytes:
    """32 bytes written in base64 or hex; from now on the logs leave the text out.

    Raises:
        ConfigError: naming where it was read, never what.
    """
    never_show(text.strip())
    for read in (bytes.fromhex, _from_base64):
        try:
            key = read(text.strip())
        except ValueError:
            continue
        if len(key) == KEY_BYTES:
            return key
    raise ConfigError(f"{where} is not a key: {KEY_BYTES} bytes in base64 or hex are wanted", hint=HOW_TO_MAKE)


def _from_base64(text: str) -> bytes:
    try:
        return b64decode(text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4), validate=True)
    except NotBase64 as error:
        raise ValueError("not base64") from error


HOW_TO_MAKE = "Make one with: python -c 'import base64, os; print(base64.b64encode(os.urandom(32)).decode())'"


def id_of(key: bytes) -> str:
    """A name for a key that tells nothing about it."""
    return sha256(b"glsync master key" + key).hexdigest()[:8]


def place(cursor: Cursor) -> Place:
    """Where the master key of this installation lives, or will when there is one."""
    if settings().secret_key:
        return "setting"
    if _file().exists():
        return "file"
    return "vault" if _has_vault(cursor) else "file"


def all_keys(cursor: Cursor, *, create: bool = False) -> list[bytes]:
    """The key in use and, while it is changed, the next one. `create` makes the first key there ever is.

    Raises:
        ConfigError: there is none, it is malformed, or we may not read it.
    """
    match place(cursor):
        case "setting":
            return from_settings()
        case "vault":
            return [_from_vault(cursor, create=create)]
        case "file":
            return from_files(create=create)


# In the settings


def from_settings() -> list[bytes]:
    chosen = settings()
    given = (("GLSYNC_SECRET_KEY", chosen.secret_key), ("GLSYNC_NEXT_SECRET_KEY", chosen.next_secret_key))
    return [parse_key(secret.get_secret_value(), name) for name, secret in given if secret]


# In files


def from_files(*, create: bool = False) -> list[bytes]:
    """The keys in GLSYNC_HOME. The next one is looked for first: it becomes the other by being renamed."""
    following = _read(_file(NEXT_FILE))
    if create and not _file().exists():
        make(_file())
    current = _read(_file())
    if current is None:
        raise ConfigError(
            f"There is no secret key: GLSYNC_SECRET_KEY is not set and {_file()} does not exist",
            hint="Set GLSYNC_SECRET_KEY to the key of the machine that stored the connections, or copy its secret.key.",
        )
    return [current, following] if following else [current]


def _read(file: Path) -> bytes | None:
    try:
        return parse_key(file.read_text(), str(file))
    except FileNotFoundError:
        return None


def _file(name: str = FILE) -> Path:
    return settings().home / name


def make(file: Path) -> None:
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


@contextmanager
def file_changing() -> Iterator[None]:
    """Nobody else changes the key of this home meanwhile.

    Raises:
        ConfigError: somebody does.
    """
    try:
        with FileLock(_file(LOCK_FILE), timeout=10):
            yield
    except Timeout:
        raise ConfigError("The secret key is being changed already", hint="Wait for the other one to end.") from None


def next_file() -> None:
    """Make the next key, unless one was made by a change that was cut short: then that one is carried through."""
    make(_file(NEXT_FILE))


def take_next_file() -> None:
    """The next key is the key from now on, and the old one is gone."""
    _file(NEXT_FILE).replace(_file())


# In Vault


def _has_vault(cursor: Cursor) -> bool:
    """Looked up in the catalogue: to_regprocedure ends the transaction of a role that may not use the schema."""
    cursor.execute(
        "select exists (select from pg_catalog.pg_proc as p join pg_catalog.pg_namespace as n on n.oid = p.pronamespace"
        " where n.nspname = 'vault' and p.proname = 'create_secret')"
    )
    return bool((cursor.fetchone() or (False,))[0])


def _from_vault(cursor: Cursor, *, create: bool) -> bytes:
    """Our key in Vault; of two who make it at once, both go on with the key of one.

    Raises:
        ConfigError: Vault has none, or this role may not read it.
    """
    _require_vault(cursor)
    if (found := _in_vault(cursor)) is None and create:
        cursor.execute("select pg_advisory_xact_lock(hashtext(%s))", (IN_VAULT,))
        if _in_vault(cursor) is None:
            cursor.execute(statements.text("vault_make_key"), {"name": IN_VAULT})
        found = _in_vault(cursor)
    if found is None:
        raise ConfigError(
            f"Supabase Vault holds no secret named {IN_VAULT}, GLSYNC_SECRET_KEY is not set and there is no {_file()}",
            hint="Set GLSYNC_SECRET_KEY to the key the connections were stored with, or copy its secret.key file here.",
        )
    return parse_key(found, f"The secret {IN_VAULT} in Supabase Vault")


def _in_vault(cursor: Cursor) -> str | None:
    cursor.execute("select decrypted_secret from vault.decrypted_secrets where name = %s", (IN_VAULT,))
    found = cursor.fetchone()
    return str(found[0]) if found else None


def _require_vault(cursor: Cursor) -> None:
    """Ask first: a refused statement would end the caller's transaction."""
    cursor.execute(
        "select case when has_schema_privilege('vault', 'usage') then"
        " has_table_privilege('vault.decrypted_secrets', 'select')"
        " and has_function_privilege('vault.create_secret(text,text,text,uuid)', 'execute') else false end"
    )
    if not (cursor.fetchone() or (False,))[0]:
        raise ConfigError(
            "The secret key is kept in Supabase Vault, which this database role may not read",
            hint="Connect as postgres, or set GLSYNC_SECRET_KEY.",
        )


def renew_in_vault(cursor: Cursor) -> None:
    """Put a new key in the old one's place, in the transaction that is open."""
    cursor.execute(statements.text("vault_renew_key"), {"name": IN_VAULT})
