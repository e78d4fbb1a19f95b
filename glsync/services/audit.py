"""Who did what: one line in glsync.audit per change, in the transaction of the change. Never a secret."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from sqlmodel import Session

from glsync.services import access, queries
from glsync.services.access import Actor

Subject = Literal[
    "connection", "mapping", "run", "error", "errors", "conflict", "conflicts", "table", "token", "hook",
    "subscription", "member", "invitation", "workspace"
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """One change: who did what to which thing; `before` and `after` are what it moved."""

    at: datetime
    actor: str
    action: str
    subject_type: str
    subject_name: str | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None


def trail(actor: Actor, limit: int = 50, offset: int = 0) -> list[Line]:
    """Everything that was changed in the workspace, newest first."""
    access.require(actor, "admin", "read the audit trail")
    with queries.reading(actor) as session:
        values = {"workspace": actor.workspace_id, "limit": limit, "offset": offset}
        return [Line(**line) for line in queries.rows(session, "audit_trail", **values)]


def note(
    session: Session,
    actor: Actor,
    action: str,
    subject: Subject,
    subject_id: object,
    name: str,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Add one line. `action` is a past participle: added, saved, rotated; equal fields of both sides are left out."""
    was, now = _changes(before, after)
    queries.scalar(
        session,
        "audit_note",
        workspace=actor.workspace_id,
        actor=actor.name,
        action=action,
        subject=subject,
        id=None if subject_id is None else str(subject_id),
        name=name,
        before=_plain(was),
        after=_plain(now),
    )


def _changes(
    before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
) -> tuple[Mapping[str, Any] | None, Mapping[str, Any] | None]:
    if before is None or after is None:
        return before, after
    moved = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    return {k: v for k, v in before.items() if k in moved}, {k: v for k, v in after.items() if k in moved}


def _plain(value: Mapping[str, Any] | None) -> str | None:
    """The same as JSON."""
    return None if value is None else json.dumps(dict(value), default=_text)


def _text(value: object) -> str:
    if isinstance(value, UUID | Decimal):
        return str(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} does not belong into the audit trail")
