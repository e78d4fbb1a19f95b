"""Keys to the HTTP API: made, shown once, kept as a hash, taken back."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID

from sqlalchemy import Text, and_, cast, or_
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from glsync.errors import InvalidInput, NotFound
from glsync.redaction import never_show
from glsync.services import access, audit, members, queries
from glsync.services.access import Actor, Role
from glsync.store import tables

PREFIX = "gls_"
"""What every token begins with, so that people and scanners of leaked secrets know one when they see it."""
RANDOM_BYTES = 32
LONGEST_DAYS = 3650
MOST_OWN = 20
"""Valid tokens a person may have: each may call as often as GLSYNC_API_RATE says."""


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A token as lists show it; the token itself is nowhere any more. `user_id`: whose own it is, None a service's."""

    id: UUID
    name: str
    role: Role
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None
    user_id: str | None

    @property
    def state(self) -> str:
        if self.revoked_at:
            return "revoked"
        return "expired" if self.expires_at and self.expires_at <= datetime.now(UTC) else "active"


def create(actor: Actor, name: str, role: Role, days: int | None = None) -> tuple[TokenRow, str]:
    """A new token and its text, which nobody can show a second time. `days` None: it does not expire.

    Raises:
        InvalidInput: no name, a name in use, an unknown role, or a number of days out of range.
        Forbidden: the actor is no admin.
    """
    access.require(actor, "admin", "make an API token")
    with queries.writing(actor) as session:
        return _made(session, actor, name, role, days, owner=None)


def create_own(actor: Actor, name: str, role: Role, days: int | None = None) -> tuple[TokenRow, str]:
    """A token of somebody's own: worth no more than they are, and nothing once they are no member.

    Raises:
        InvalidInput: as for `create`; a role above their own, too many of them, or nobody signs in here.
    """
    owner = _person(actor)
    if not access.allowed(actor, members.checked_role(role)):
        raise InvalidInput(f"The role {role} is more than you may", hint=f"Choose {actor.role} or less.")
    with queries.writing(actor) as session, queries.stepped_up(session):  # only admins write the table of tokens
        if sum(row.state == "active" for row in _own(session, actor, owner)) >= MOST_OWN:
            raise InvalidInput(f"You have {MOST_OWN} valid tokens already", hint="Revoke one you no longer need.")
        return _made(session, actor, name, role, days, owner=owner)


def _person(actor: Actor) -> str:
    """Whose own tokens these are; programs and the one local user have none."""
    access.require(actor, "viewer", "have an API token of their own")
    if actor.user_id is None:
        raise InvalidInput("A token of one's own is for people who signed in", hint="Make one for a service instead.")
    return actor.user_id


def _own(session: Session, actor: Actor, owner: str) -> list[TokenRow]:
    return _found(session, _of_workspace(actor).where(tables.ApiToken.user_id == owner))


def _made(
    session: Session, actor: Actor, name: str, role: Role, days: int | None, owner: str | None
) -> tuple[TokenRow, str]:
    clear = PREFIX + secrets.token_urlsafe(RANDOM_BYTES)
    never_show(clear)
    row = tables.ApiToken(
        workspace_id=actor.workspace_id,
        name=_name(name),
        role=members.checked_role(role),
        token_hash=hashed(clear),
        created_by=actor.name,
        expires_at=_expiry(days),
        user_id=owner,
    )
    session.add(row)
    try:
        session.flush()
    except IntegrityError:
        raise InvalidInput(f"There is already a token named {row.name!r}", hint="Choose another name.") from None
    session.refresh(row)
    audit.note(session, actor, "added", "token", row.id, row.name, after={"role": role, "expires": row.expires_at})
    return _row(row), clear


def listing(actor: Actor) -> list[TokenRow]:
    """All tokens of the workspace, those of people too, those still valid first, then by name."""
    access.require(actor, "admin", "see API tokens")
    with queries.reading(actor) as session:
        return _found(session, _of_workspace(actor))


def listing_own(actor: Actor) -> list[TokenRow]:
    """Somebody's own tokens in this workspace, in the same order.

    Raises:
        InvalidInput: nobody signs in here.
    """
    owner = _person(actor)
    with queries.reading(actor) as session, queries.stepped_up(session):  # only admins read the table of tokens
        return _own(session, actor, owner)


def revoke(actor: Actor, which: str) -> TokenRow:
    """Take a token back: a service's by its name, anybody's by its id. From the next call on it opens nothing.

    Raises:
        NotFound: no such token that is not revoked already.
    """
    access.require(actor, "admin", "revoke an API token")
    is_named = and_(col(tables.ApiToken.name) == which.strip(), col(tables.ApiToken.user_id).is_(None))
    is_it = or_(is_named, cast(tables.ApiToken.id, Text) == which.strip())
    with queries.writing(actor) as session:
        return _revoked(session, actor, _of_workspace(actor).where(is_it), which)


def revoke_own(actor: Actor, token_id: UUID) -> TokenRow:
    """Take back a token of one's own.

    Raises:
        NotFound: it is somebody else's, or revoked already.
        InvalidInput: nobody signs in here.
    """
    mine = _of_workspace(actor).where(tables.ApiToken.user_id == _person(actor), tables.ApiToken.id == token_id)
    with queries.writing(actor) as session, queries.stepped_up(session):  # only admins write the table of tokens
        return _revoked(session, actor, mine, str(token_id))


def _of_workspace(actor: Actor) -> SelectOfScalar[tables.ApiToken]:
    return select(tables.ApiToken).where(tables.ApiToken.workspace_id == actor.workspace_id)


def _found(session: Session, asked: SelectOfScalar[tables.ApiToken]) -> list[TokenRow]:
    order = (col(tables.ApiToken.revoked_at).is_not(None), col(tables.ApiToken.name), col(tables.ApiToken.created_at))
    return [_row(row) for row in session.exec(asked.order_by(*order))]


def _revoked(session: Session, actor: Actor, asked: SelectOfScalar[tables.ApiToken], which: str) -> TokenRow:
    row = session.exec(asked.where(col(tables.ApiToken.revoked_at).is_(None)).with_for_update()).first()
    if row is None:
        raise NotFound("valid token", which, hint="It may be revoked already: look at the list.")
    row.revoked_at, row.revoked_by = datetime.now(UTC), actor.name
    session.add(row)
    audit.note(session, actor, "revoked", "token", row.id, row.name)
    return _row(row)


def actor_of(clear: str) -> tuple[UUID, Actor] | None:
    """Whoever holds this token, with its id; None when it is unknown, expired or revoked."""
    if not clear.startswith(PREFIX) or len(clear) > 100:
        return None
    with queries.unrestricted(timeout=queries.CALL_SECONDS) as session:  # nobody is known yet
        found = queries.one(session, "token_use", hash=hashed(clear))
    if found is None:
        return None
    shown = f"token {found['name']}" + (f" of {found['person']}" if found["person"] else "")
    return found["id"], Actor(shown, found["role"], found["workspace_id"], token_id=found["id"])


def hashed(clear: str) -> str:
    """SHA-256 in hex. Enough for what is random over 32 bytes: there is nothing to guess, so nothing to slow down."""
    return sha256(clear.encode()).hexdigest()


def _row(row: tables.ApiToken) -> TokenRow:
    return TokenRow(
        row.id, row.name, members.checked_role(row.role), row.created_by, row.created_at, row.expires_at,
        row.last_used_at, row.revoked_at, row.user_id,
    )  # fmt: skip


def _name(text: str) -> str:
    if not (name := text.strip()) or len(name) > 100 or not name.isprintable():
        raise InvalidInput("A token needs a name of 1 to 100 characters", hint="Name it after who will use it.")
    return name


def _expiry(days: int | None) -> datetime | None:
    if days is None:
        return None
    if not 1 <= days <= LONGEST_DAYS:
        raise InvalidInput(f"A token cannot be valid for {days} days", hint=f"Choose 1 to {LONGEST_DAYS}.")
    return datetime.now(UTC) + timedelta(days=days)
