"""Webhooks that come in: addresses that say "this mapping's table changed", and what a call does.

A call is a hint and no more: nothing of its body is stored or believed, it only brings the next run forward.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from time import time
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select

from glsync import signing
from glsync.errors import InvalidInput, NotFound, SyncError
from glsync.redaction import never_show
from glsync.services import access, audit, mappings, queries
from glsync.services.access import Actor
from glsync.services.here import refuse_what_rests
from glsync.services.tokens import hashed
from glsync.store import identity, tables
from glsync.store import secrets as sealing

HEADER = "x-webhook-secret"
KEY_FIELD = "hook_key"
MOST_KEYS = 3
"""Signing keys in use at once: enough to change one without losing a message."""
PAUSE_SECONDS = 5
"""From the first call to the run it brings about; calls in between are one with it."""
LONGEST_ID = 200


class NotProven(SyncError):
    """The sender of a webhook did not prove who it is."""

    type = "AUTH_ERROR"
    hint = "Send the secret header or the signature this webhook was set up with."


@dataclass(frozen=True, slots=True)
class HookRow:
    """A webhook as lists show it. `proof` is what its senders show besides knowing the address."""

    id: UUID
    mapping_id: UUID
    mapping_name: str
    name: str
    proof: str
    created_by: str
    created_at: datetime
    last_called_at: datetime | None


@dataclass(frozen=True, slots=True)
class NewHook:
    """A webhook just made: the only time its secrets are seen. `path` comes after the address of the web app."""

    row: HookRow
    path: str
    header: str | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """What a call did. A signed message that came before does nothing, so it has no run."""

    log_id: UUID | None


# Setting up


def create(
    actor: Actor,
    mapping_id: UUID,
    name: str,
    *,
    with_header: bool = False,
    signed: bool = False,
    key: str | None = None,
) -> NewHook:
    """A new address for a mapping; `key` is the sender's own signing key where it makes one itself.

    Raises:
        NotFound: no such mapping in the actor's workspace.
        InvalidInput: no name, a name in use on this mapping, or a key that is none.
    """
    access.require(actor, "editor", "set up a webhook")
    token = secrets.token_urlsafe(32)
    header = secrets.token_urlsafe(32) if with_header else None
    never_show(token)
    never_show(header or "")
    key = _usable(key) if key else signing.new_key() if signed else None
    with queries.writing(actor) as session:
        mapping = mappings.stored(session, actor, mapping_id)
        row = tables.Hook(
            mapping_id=mapping.id, workspace_id=mapping.workspace_id, name=_name(name), path_hash=hashed(token),
            header_hash=hashed(header) if header else None, signing_keys=[], created_by=actor.name,
        )  # fmt: skip
        _add(session, row)
        if key:
            _set_keys(session, row, [_sealed(session, row, key)])
        audit.note(session, actor, "added", "hook", row.id, f"{mapping.name}/{row.name}", after={"proof": _proof(row)})
        return NewHook(_row(row, mapping.name), f"/hooks/{token}", header, key)


def listing(actor: Actor) -> list[HookRow]:
    """All webhooks of the workspace, by mapping and name."""
    access.require(actor, "editor", "see webhooks")
    with queries.reading(actor) as session:
        found = session.exec(
            select(tables.Hook, tables.MappingRow.name)
            .join(tables.MappingRow)
            .where(tables.Hook.workspace_id == actor.workspace_id)
            .order_by(tables.MappingRow.name, tables.Hook.name)
        )
        return [_row(row, mapping) for row, mapping in found]


def new_key(actor: Actor, hook_id: UUID) -> str:
    """One more signing key; those before it stay good until there are more than MOST_KEYS."""
    access.require(actor, "editor", "change a webhook")
    with queries.writing(actor) as session:
        row = _stored(session, actor, hook_id)
        key = signing.new_key()
        _set_keys(session, row, [*row.signing_keys, _sealed(session, row, key)][-MOST_KEYS:])
        audit.note(session, actor, "rotated", "hook", row.id, row.name)
    return key


def drop_old_keys(actor: Actor, hook_id: UUID) -> None:
    """From now on only the newest signing key is good."""
    access.require(actor, "editor", "change a webhook")
    with queries.writing(actor) as session:
        row = _stored(session, actor, hook_id)
        _set_keys(session, row, row.signing_keys[-1:])
        audit.note(session, actor, "pruned", "hook", row.id, row.name)


def revoke(actor: Actor, hook_id: UUID) -> None:
    """Take an address away; calls to it find nothing from now on."""
    access.require(actor, "editor", "revoke a webhook")
    with queries.writing(actor) as session:
        row = _stored(session, actor, hook_id)
        audit.note(session, actor, "revoked", "hook", row.id, row.name)
        session.delete(row)


# Being called


def received(token: str, headers: Mapping[str, str], body: bytes) -> Taken:
    """A call came to /hooks/<token>: see that a run follows. `headers` have lower-case names.

    Raises:
        NotFound: no webhook has this address.
        NotProven: a header or signature is missing, wrong or too old.
        InvalidInput: the mapping is a draft or switched off.
        CopiedDatabase: nothing of it runs.
    """
    # a webhook has no role: its address alone says what it may
    with queries.unrestricted(timeout=queries.CALL_SECONDS) as session:
        found = queries.one(session, "hook_find", hash=hashed(token))
        if found is None:
            raise NotFound("webhook", "at this address", hint="It may have been revoked; set up a new one.")
        if found["header_hash"] and not _is(found["header_hash"], headers.get(HEADER, "")):
            raise NotProven("The secret header is missing or wrong")
        if found["signing_keys"] and not _is_new(session, found, headers, body):
            return Taken(None)
        refuse_what_rests(found["mapping_name"], found["mapping_status"], enabled=found["enabled"])
        with queries.driver(session).cursor() as cursor:
            identity.refuse_copy(cursor)
        log_id = queries.scalar(
            session, "hook_hint", mapping=found["mapping_id"], actor=f"webhook {found['name']}", seconds=PAUSE_SECONDS
        )
    return Taken(log_id)


def _is(wanted_hash: str, given: str) -> bool:
    return hmac.compare_digest(wanted_hash, hashed(given))


def _is_new(session: Session, found: queries.Row, headers: Mapping[str, str], body: bytes) -> bool:
    """Is this signed message good and here for the first time?"""
    message_id, sent = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    given = headers.get("webhook-signature", "")
    if not message_id or len(message_id) > LONGEST_ID or not sent.isascii() or not sent.isdigit() or not given:
        raise NotProven("webhook-id, webhook-timestamp and webhook-signature are needed")
    if len(sent) > 12 or abs(time() - int(sent)) > signing.TOLERANCE:
        raise NotProven("The message is too old, or its clock is wrong")
    hook = found["id"]
    keys = [sealing.decrypt(session, found["workspace_id"], hook, KEY_FIELD, key) for key in found["signing_keys"]]
    if not signing.is_signed(keys, message_id, int(sent), body, given):
        raise NotProven("The signature is wrong")
    return queries.changed(session, "hook_message", hook=hook, message=message_id, workspace=found["workspace_id"]) > 0


# Parts


def _add(session: Session, row: tables.Hook) -> None:
    session.add(row)
    try:
        session.flush()
    except IntegrityError:
        raise InvalidInput(
            f"This mapping already has a webhook named {row.name!r}", hint="Choose another name."
        ) from None
    session.refresh(row)


def _set_keys(session: Session, row: tables.Hook, keys: list[str]) -> None:
    row.signing_keys = list(keys)  # a new list: a changed one would not be noticed
    session.add(row)
    session.flush()


def _sealed(session: Session, row: tables.Hook, key: str) -> str:
    with queries.stepped_up(session):
        return sealing.encrypt(session, row.workspace_id, row.id, KEY_FIELD, key)


def _stored(session: Session, actor: Actor, hook_id: UUID) -> tables.Hook:
    found = session.exec(
        select(tables.Hook)
        .where(tables.Hook.id == hook_id, tables.Hook.workspace_id == actor.workspace_id)
        .with_for_update()
    ).first()
    if found is None:
        raise NotFound("webhook", hook_id)
    return found


def _row(row: tables.Hook, mapping_name: str) -> HookRow:
    return HookRow(
        row.id, row.mapping_id, mapping_name, row.name, _proof(row), row.created_by, row.created_at, row.last_called_at
    )


def _proof(row: tables.Hook) -> str:
    proofs = [word for word, has in (("header", row.header_hash), ("signature", row.signing_keys)) if has]
    return " and ".join(proofs) or "address"


def _usable(key: str) -> str:
    try:
        signing.key_bytes(key)
    except ValueError as error:
        raise InvalidInput(f"This key cannot be used: {error}", hint="Copy it from the sender again.") from None
    return key.strip()


def _name(text: str) -> str:
    if not (name := text.strip()) or len(name) > 100 or not name.isprintable():
        raise InvalidInput("A webhook needs a name of 1 to 100 characters", hint="Name it after its sender.")
    return name
