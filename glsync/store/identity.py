"""Does this database know itself? A copy of it, restored or cloned, must not write to the original's Glide app.

    what we are      the server's own number, the database's number on it, the project where Supabase says one
    what we were     the same, written down at the first start: the comment on schema glsync, which every copy has too

The same database: the same project, or the same two numbers, whatever name or address it is reached by. A new major
version in the old one's place changes the numbers: it is known by its address, and where that is one every machine has,
such as localhost, also by the home it was started from.
"""

from __future__ import annotations

import json
import re
import secrets
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from ipaddress import ip_address
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

import structlog
from psycopg2 import extensions

from glsync import statements
from glsync.config import settings
from glsync.errors import CopiedDatabase, CopiedMapping
from glsync.store import db

HOME_FILE = "installation.id"
PREFIX = "Glide Sync keeps its memory here. Identity: "

log = structlog.get_logger(__name__)

Cursor = extensions.cursor


@dataclass(frozen=True, slots=True)
class Identity:
    """`server` None: we may not ask. `place` is the address without user and password, as a hash. `home` names
    GLSYNC_HOME, "" where that has no name; None where the address alone says which machine is meant."""

    server: str | None
    number: int
    version: int
    name: str
    project: str | None
    place: str
    home: str | None

    def is_same(self, other: Identity) -> bool:
        """Is `other` this database, seen later?"""
        if self.project or other.project:
            return (self.project, self.name) == (other.project, other.name)
        if self.server is None or other.server is None:
            return (self.number, self.place) == (other.number, other.place)
        if (self.server, self.number) == (other.server, other.number):
            return True
        is_there = (self.place, self.home) == (other.place, other.home) and self.home != ""
        return is_there and other.version > self.version


def now(cursor: Cursor) -> Identity:
    """What the database of this connection is."""
    server, number, version, name = _row(cursor, "identity_now")
    url = db.database_url()
    return Identity(server, number, version, name, project_of(url), _place(url), _home(url))


def known(cursor: Cursor) -> Identity | None:
    """What it was when it was started last; None: nobody wrote that down."""
    found = _row(cursor, "identity_known")
    text = str(found[0] or "") if found else ""
    try:
        return Identity(**json.loads(text.removeprefix(PREFIX))) if text.startswith(PREFIX) else None
    except (ValueError, TypeError):
        return None


def is_copy(cursor: Cursor) -> bool:
    before = known(cursor)
    return before is not None and not before.is_same(now(cursor))


def refuse_copy(cursor: Cursor) -> None:
    """Let nothing be written from a copied database.

    Raises:
        CopiedDatabase: it is one.
    """
    if is_copy(cursor):
        raise CopiedDatabase


def refuse_copied_mapping(cursor: Cursor, mapping_id: UUID, name: str) -> None:
    """Let nothing be written by a mapping that another one, which is at work, looks like.

    Raises:
        CopiedMapping: it is one.
    """
    cursor.execute(statements.text("mapping_original"), {"mapping": str(mapping_id)})
    if found := cursor.fetchone():
        raise CopiedMapping(name, found[0])


def remember() -> None:
    """At a start: write down what this database is, where nobody did, and what has changed of it without harm.

    Only the schema's owner can; for others there is nothing to do.
    """
    _make_home()
    with db.connect("glsync identity") as connection, connection.cursor() as cursor:
        before, here = known(cursor), now(cursor)
        if before is not None and not before.is_same(here):
            log.warning("this database is a copy; nothing runs until it is re-armed", hint=CopiedDatabase.hint)
        elif (kept := _with_home_of(before, here)) != before and _may_write(cursor):
            write(cursor, kept)


def _with_home_of(before: Identity | None, here: Identity) -> Identity:
    """The first home that a database was started from stays its own: others are more machines with workers."""
    is_known = before is not None and before.server == here.server and before.home
    return replace(here, home=before.home) if before and is_known else here


def write(cursor: Cursor, identity: Identity) -> None:
    """From now on this is the database we know."""
    cursor.execute("comment on schema glsync is %s", (PREFIX + json.dumps(asdict(identity), sort_keys=True),))


def _may_write(cursor: Cursor) -> bool:
    cursor.execute("select pg_has_role(n.nspowner, 'usage') from pg_namespace as n where n.nspname = 'glsync'")
    return bool((cursor.fetchone() or (False,))[0])


# Small parts


def _row(cursor: Cursor, query: str) -> tuple[Any, ...]:
    """The only row of a query, as a tuple whatever kind of rows the caller's cursor gives; () when there is none."""
    with cursor.connection.cursor(cursor_factory=extensions.cursor) as plain:
        plain.execute(statements.text(query))
        return plain.fetchone() or ()


def project_of(url: str) -> str | None:
    """The project in a Supabase address: db.<project>.supabase.co, or the pooler's user postgres.<project>."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if direct := re.fullmatch(r"db\.([a-z0-9]+)\.supabase\.co", host):
        return direct[1]
    if host.endswith(".pooler.supabase.com") and (pooled := re.search(r"\.([a-z0-9]+)$", parts.username or "")):
        return pooled[1]
    return None


def _place(url: str) -> str:
    """The address as a hash. That of the embedded database is its home, wherever the version puts its socket."""
    where = "embedded" if settings().url is None else f"{_host(url)}:{urlsplit(url).port or 5432}"
    return sha256(f"{where}{urlsplit(url).path}".encode()).hexdigest()[:16]


def _host(url: str) -> str:
    parts = urlsplit(url)
    return parts.hostname or dict(parse_qsl(parts.query)).get("host", "")


def is_everywhere_the_same(host: str) -> bool:
    """Does this address mean the same machine wherever it is asked? Not localhost, a socket, or 10.0.0.5."""
    try:
        return ip_address(host).is_global
    except ValueError:
        last = host.rpartition(".")[2].lower()
        return "." in host and "/" not in host and last not in ("localhost", "local", "internal", "lan", "home")


def _home(url: str) -> str | None:
    if is_everywhere_the_same(_host(url)):
        return None
    try:
        return (settings().home / HOME_FILE).read_text().strip()
    except OSError:
        return ""


def _make_home() -> None:
    file = settings().home / HOME_FILE
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("x") as out:
            out.write(secrets.token_hex(8) + "\n")
    except OSError:  # there is one, or the home is not ours to write: then it is not known by it
        return
