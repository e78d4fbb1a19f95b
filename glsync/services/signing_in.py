"""Coming in: who somebody is by their sign-in, which workspaces that opens, and as whom they act there.

person_of(claims) -> Person     what whoever signed them in says
admit(person)                   once after each sign-in: invitations are accepted, roles told by a claim are taken over
workspaces(person)              where they belong now
actor(person, wanted)           who they are in one of them
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from sqlmodel import Session

from glsync.config import settings
from glsync.errors import InvalidInput
from glsync.services import access, audit, queries
from glsync.services.access import Actor, Role

SUPABASE = ".supabase.co/auth/v1"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who signed in. `email` is lower case and proven, else None.

    `roles` are those a claim tells, each with the name of its workspace: None for the one there is from the start.
    """

    user_id: str
    name: str
    email: str | None
    roles: tuple[tuple[str | None, Role], ...] = ()

    @property
    def shown(self) -> str:
        return self.email or self.name


@dataclass(frozen=True, slots=True)
class Membership:
    workspace_id: UUID
    workspace: str
    role: Role
    last_seen_at: datetime | None


def person_of(claims: Mapping[str, Any]) -> Person:
    """The person behind the claims of an id token.

    Raises:
        InvalidInput: they name nobody.
    """
    subject, issuer = str(claims.get("sub") or ""), str(claims.get("iss") or "")
    if not subject:
        raise InvalidInput(
            "The sign-in names nobody: it has no sub", hint="Check the client's scopes: openid is needed."
        )
    email = _proven_email(claims)
    return Person(
        user_id=subject if issuer.endswith(SUPABASE) else f"{issuer}#{subject}",  # there it is auth.uid() too
        name=str(claims.get("name") or claims.get("preferred_username") or email or subject)[:200],
        email=email,
        roles=tuple(_told_roles(claims.get(settings().oidc_role_claim))) if settings().oidc_role_claim else (),
    )


def _proven_email(claims: Mapping[str, Any]) -> str | None:
    """An invitation opens to whoever has the address, so it must be proven by whoever signed them in."""
    email, proven = str(claims.get("email") or "").strip().lower(), claims.get("email_verified")
    trusted = proven is True or proven == "true" or (proven is None and settings().oidc_trust_email)
    return email if "@" in email and trusted else None


def _told_roles(claim: object) -> Iterator[tuple[str | None, Role]]:
    """A claim may be "editor", "Sales:editor", a list of such, or {"Sales": "editor"}; other words are not for us."""
    if isinstance(claim, Mapping):
        texts = [f"{workspace}:{role}" for workspace, role in claim.items()]
    else:
        texts = [str(one) for one in claim] if isinstance(claim, list | tuple) else [str(claim or "")]
    for text in texts:
        workspace, _, word = text.rpartition(":")
        if (role := next((one for one in access.ROLES if one == word), None)) is not None:
            yield workspace or None, role


def admit(person: Person) -> None:
    """Bring the memberships up to date with the invitations for this person, and with the roles a claim tells."""
    with queries.unrestricted() as session:  # whoever comes for the first time is no member yet
        for found in queries.rows(session, "admit_invitations", email=person.email, person=person.shown):
            _join(session, person, found["workspace_id"], found["role"], "invited")
        if settings().oidc_role_claim:
            _follow_claims(session, person)
        queries.changed(session, "admit_seen", user=person.user_id, email=person.email, name=person.name)


def _follow_claims(session: Session, person: Person) -> None:
    """The highest role the claim tells for each workspace; memberships it no longer tells end."""
    told: dict[UUID, Role] = {}
    ids: dict[str | None, UUID] = {row["name"]: row["id"] for row in queries.rows(session, "admit_workspaces")}
    ids[None] = access.DEFAULT_WORKSPACE
    for workspace, role in sorted(person.roles, key=lambda one: access.ROLES.index(one[1])):
        if workspace in ids:
            told[ids[workspace]] = role
        else:
            log.warning("a claim names a workspace there is not", workspace=workspace)
    for workspace_id, role in told.items():
        _join(session, person, workspace_id, role, "claims")
    for gone in queries.rows(session, "admit_end_claims", user=person.user_id, kept=[str(one) for one in told]):
        _note(session, person, gone["workspace_id"], gone["role"], "left", {"role": gone["role"]}, None)


def _join(session: Session, person: Person, workspace_id: UUID, role: Role, source: str) -> None:
    before = queries.one(session, "admit_member", user=person.user_id, workspace=workspace_id)
    values = {"user": person.user_id, "workspace": workspace_id, "role": role, "source": source}
    if not queries.changed(session, "admit_join", **values, email=person.email, name=person.name):
        return
    after = {"role": role, "source": source}
    _note(session, person, workspace_id, role, "changed" if before else "joined", before, after)


def _note(
    session: Session,
    person: Person,
    workspace_id: UUID,
    role: Role,
    action: str,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
) -> None:
    """The person is the one who did it: they signed in."""
    actor = Actor(person.shown, role, workspace_id, user_id=person.user_id)
    if action == "changed":
        audit.note(session, actor, action, "member", person.user_id, person.shown, before=before, after=after)
    else:
        name = queries.scalar(session, "admit_workspace_name", workspace=workspace_id)
        audit.note(session, actor, action, "workspace", workspace_id, name, before=before, after=after)


def workspaces(person: Person) -> list[Membership]:
    """Where somebody belongs, the workspace they looked at last first."""
    with queries.unrestricted(timeout=settings().page_timeout) as session:  # before a workspace is chosen
        return [Membership(**row) for row in queries.rows(session, "admit_memberships", user=person.user_id)]


def actor(person: Person, wanted: UUID | None = None) -> Actor | None:
    """Who they are in the wanted workspace, else in the one they looked at last; None when they belong nowhere."""
    found = workspaces(person)
    chosen = next((one for one in found if one.workspace_id == wanted), found[0] if found else None)
    return Actor(person.shown, chosen.role, chosen.workspace_id, user_id=person.user_id) if chosen else None


def look_at(person: Person, workspace_id: UUID) -> None:
    """From now on this is the workspace they come to."""
    with queries.unrestricted() as session:
        queries.changed(session, "admit_look_at", user=person.user_id, workspace=workspace_id)
