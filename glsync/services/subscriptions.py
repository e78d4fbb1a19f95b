"""Webhooks that go out: addresses that are told when a run ended or opened errors. No row ever goes along."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args
from urllib.parse import urlsplit
from uuid import UUID

from sqlmodel import Session, col, select

from glsync import delivery, outward, signing
from glsync.config import settings
from glsync.errors import InvalidInput, NotFound
from glsync.services import access, audit, queries
from glsync.services.access import Actor
from glsync.store import secrets as sealing
from glsync.store import tables

Event = Literal["run.completed", "run.failed", "errors.opened"]
EVENTS: tuple[Event, ...] = get_args(Event)
MOST_KEYS = 2
"""Keys that sign at once: a receiver changes to the new one while the old one still signs."""


@dataclass(frozen=True, slots=True)
class SubscriptionRow:
    """An address that is told. `disabled_reason` says why it is not any more."""

    id: UUID
    url: str
    events: tuple[str, ...]
    enabled: bool
    disabled_reason: str | None
    created_by: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """One message to one address. `status` is the HTTP status of the last attempt, `said` what went wrong."""

    id: UUID
    event: str
    state: str
    attempts: int
    status: int | None
    said: str | None
    created_at: datetime
    next_at: datetime | None
    ended_at: datetime | None


def add(actor: Actor, url: str, events: Sequence[str] = EVENTS) -> tuple[SubscriptionRow, str]:
    """A new address and the key its messages are signed with, which is shown this once.

    Raises:
        SecurityBlocked: an address that leads into this network, or is not https.
        InvalidInput: an event there is not.
    """
    access.require(actor, "admin", "have an address told of events")
    delivery.keep_secret(url)
    outward.checked(url, trusted=settings().webhook_hosts)
    with queries.writing(actor) as session:
        row = tables.Subscription(
            workspace_id=actor.workspace_id, url=url, events=_known(events), signing_keys=[], created_by=actor.name
        )
        session.add(row)
        session.flush()
        key = _new_key(session, row)
        session.refresh(row)
        audit.note(
            session, actor, "added", "subscription", row.id, host_of(row.url), after={"events": list(row.events)}
        )
        return _row(row), key


def listing(actor: Actor) -> list[SubscriptionRow]:
    """All addresses of the workspace, the oldest first."""
    access.require(actor, "admin", "see who is told of events")
    with queries.reading(actor) as session:
        mine = tables.Subscription.workspace_id == actor.workspace_id
        found = session.exec(select(tables.Subscription).where(mine).order_by(col(tables.Subscription.created_at)))
        return [_row(row) for row in found]


def deliveries(actor: Actor, subscription_id: UUID, limit: int = 50) -> list[DeliveryRow]:
    """What was sent to an address of late, newest first."""
    access.require(actor, "admin", "see who is told of events")
    with queries.reading(actor) as session:
        _stored(session, actor, subscription_id)
        found = queries.rows(session, "deliveries_list", subscription=subscription_id, limit=limit)
    return [DeliveryRow(**row) for row in found]


def new_key(actor: Actor, subscription_id: UUID) -> str:
    """One more key; messages are signed with it and the one before."""
    access.require(actor, "admin", "change who is told of events")
    with queries.writing(actor) as session:
        row = _stored(session, actor, subscription_id)
        audit.note(session, actor, "rotated", "subscription", row.id, host_of(row.url))
        return _new_key(session, row)


def set_enabled(actor: Actor, subscription_id: UUID, *, enabled: bool) -> None:
    """Tell an address again, or no more."""
    access.require(actor, "admin", "change who is told of events")
    with queries.writing(actor) as session:
        row = _stored(session, actor, subscription_id)
        row.enabled, row.disabled_reason = enabled, None if enabled else f"Switched off by {actor.name}"
        session.add(row)
        audit.note(session, actor, "resumed" if enabled else "paused", "subscription", row.id, host_of(row.url))


def remove(actor: Actor, subscription_id: UUID) -> None:
    """Forget an address, with what is still on its way to it."""
    access.require(actor, "admin", "change who is told of events")
    with queries.writing(actor) as session:
        row = _stored(session, actor, subscription_id)
        audit.note(session, actor, "deleted", "subscription", row.id, host_of(row.url))
        session.delete(row)


def _new_key(session: Session, row: tables.Subscription) -> str:
    key = signing.new_key()
    with queries.stepped_up(session):
        sealed = sealing.encrypt(session, row.workspace_id, row.id, delivery.KEY_FIELD, key)
    row.signing_keys = [*row.signing_keys, sealed][-MOST_KEYS:]
    session.add(row)
    session.flush()
    return key


def host_of(url: str) -> str:
    """What may be told of an address: the rest of it is often a secret, as with chat programs."""
    return urlsplit(url).netloc


def _known(events: Sequence[str]) -> list[str]:
    if not events or (unknown := sorted(set(events) - set(EVENTS))):
        named = f"There is no event {unknown[0]!r}" if events else "No event was named"
        raise InvalidInput(named, hint=f"Events are {', '.join(EVENTS)}.")
    return [event for event in EVENTS if event in events]


def _stored(session: Session, actor: Actor, subscription_id: UUID) -> tables.Subscription:
    found = session.exec(
        select(tables.Subscription).where(
            tables.Subscription.id == subscription_id, tables.Subscription.workspace_id == actor.workspace_id
        )
    ).first()
    if found is None:
        raise NotFound("subscription", subscription_id)
    return found


def _row(row: tables.Subscription) -> SubscriptionRow:
    return SubscriptionRow(
        row.id, row.url, tuple(row.events), row.enabled, row.disabled_reason, row.created_by, row.created_at
    )
