"""Who belongs to a workspace: members and their roles, invitations, and the workspace itself."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from glsync.errors import InvalidInput, NotFound
from glsync.services import access, audit, queries
from glsync.services.access import Actor, Role
from glsync.store import tables

DAYS = 14
"""An invitation is open for so long, unless somebody says otherwise."""
LONGEST_DAYS = 90
_EMAIL = re.compile(r"[^@\s<>\"']{1,64}@[^@\s<>\"']+\.[^@\s<>\"']+")


@dataclass(frozen=True, slots=True)
class MemberRow:
    """`source` tells how they came: invited, or claims of whoever signs them in, which then decide the role too."""

    user_id: str
    name: str
    email: str | None
    role: Role
    source: Literal["invited", "claims"]
    created_at: datetime
    last_seen_at: datetime | None


@dataclass(frozen=True, slots=True)
class InvitationRow:
    id: UUID
    email: str
    role: Role
    created_by: str
    created_at: datetime
    expires_at: datetime

    @property
    def is_over(self) -> bool:
        return self.expires_at <= datetime.now(UTC)


# Members


def listing(actor: Actor) -> list[MemberRow]:
    """All members, by name."""
    access.require(actor, "admin", "see the members")
    with queries.reading(actor) as session:
        found = [_member(row) for row in session.exec(_members(actor))]
    return sorted(found, key=lambda one: one.name.casefold())


def set_role(actor: Actor, user_id: str, role: Role) -> MemberRow:
    """Give a member another role, from the next thing they do on.

    Raises:
        NotFound: no such member.
        InvalidInput: the role comes from their sign-in, or nobody would be an admin any more.
    """
    access.require(actor, "admin", "change a role")
    role = checked_role(role)
    with queries.writing(actor) as session:
        row = _changeable(session, actor, user_id)
        before = {"role": row.role}
        if role != "admin":
            _refuse_the_last_admin(session, actor, row)
        row.role = role
        session.add(row)
        audit.note(session, actor, "changed", "member", row.user_id, _shown(row), before=before, after={"role": role})
        return _member(row)


def remove(actor: Actor, user_id: str) -> MemberRow:
    """End a membership; the person sees nothing of the workspace from the next thing they do on.

    Raises:
        NotFound, InvalidInput: as for `set_role`.
    """
    access.require(actor, "admin", "remove a member")
    with queries.writing(actor) as session:
        row = _changeable(session, actor, user_id)
        _refuse_the_last_admin(session, actor, row)
        audit.note(session, actor, "removed", "member", row.user_id, _shown(row), before={"role": row.role})
        session.delete(row)
        return _member(row)


def _changeable(session: Session, actor: Actor, user_id: str) -> tables.Member:
    row = session.exec(_members(actor).where(tables.Member.user_id == user_id).with_for_update()).first()
    if row is None:
        raise NotFound("member", user_id)
    if row.source == "claims":
        raise InvalidInput(
            f"The role of {_shown(row)} comes with their sign-in",
            hint="Change it where people sign in; it counts from their next sign-in on.",
        )
    return row


def _refuse_the_last_admin(session: Session, actor: Actor, row: tables.Member) -> None:
    admins = session.exec(_members(actor).where(tables.Member.role == "admin").with_for_update()).all()
    if [one.user_id for one in admins] == [row.user_id]:
        raise InvalidInput(f"{_shown(row)} is the only admin", hint="Make somebody else an admin first.")


# Invitations


def invitations(actor: Actor) -> list[InvitationRow]:
    """Those nobody has accepted yet, the newest first."""
    access.require(actor, "admin", "see invitations")
    with queries.reading(actor) as session:
        newest = col(tables.Invitation.created_at).desc()
        return [_invitation(row) for row in session.exec(_open(actor).order_by(newest))]


def invite(actor: Actor, email: str, role: Role, days: int = DAYS) -> InvitationRow:
    """Let in whoever signs in with this e-mail address; one that was open for it before is replaced.

    Raises:
        InvalidInput: no e-mail address, an unknown role, a number of days out of range, or a member already.
    """
    access.require(actor, "admin", "invite somebody")
    address, role = _address(email), checked_role(role)
    if not 1 <= days <= LONGEST_DAYS:
        raise InvalidInput(f"An invitation cannot be open for {days} days", hint=f"Choose 1 to {LONGEST_DAYS}.")
    with queries.writing(actor) as session:
        if session.exec(_members(actor).where(tables.Member.email == address)).first():
            raise InvalidInput(f"{address} is a member already", hint="Change their role in the list of members.")
        for old in session.exec(_open(actor).where(tables.Invitation.email == address)).all():
            _take_back(session, old)
        row = tables.Invitation(
            workspace_id=actor.workspace_id, email=address, role=role, created_by=actor.name,
            expires_at=datetime.now(UTC) + timedelta(days=days),
        )  # fmt: skip
        session.add(row)
        session.flush()
        session.refresh(row)
        audit.note(
            session, actor, "added", "invitation", row.id, address, after={"role": role, "until": row.expires_at}
        )
        return _invitation(row)


def withdraw(actor: Actor, invitation_id: UUID) -> str:
    """Take an invitation back that nobody has accepted; the address it was for.

    Raises:
        NotFound: there is no such invitation, or it was accepted.
    """
    access.require(actor, "admin", "withdraw an invitation")
    with queries.writing(actor) as session:
        row = session.exec(_open(actor).where(tables.Invitation.id == invitation_id).with_for_update()).first()
        if row is None:
            raise NotFound("open invitation", invitation_id)
        _take_back(session, row)
        audit.note(session, actor, "revoked", "invitation", row.id, row.email, before={"role": row.role})
        return row.email


def _take_back(session: Session, row: tables.Invitation) -> None:
    row.revoked_at = datetime.now(UTC)
    session.add(row)
    session.flush()


# The workspace


def workspace_name(actor: Actor) -> str:
    access.require(actor, "viewer", "see the workspace")
    with queries.reading(actor) as session:
        return session.exec(select(tables.Workspace.name).where(tables.Workspace.id == actor.workspace_id)).one()


def rename_workspace(actor: Actor, name: str) -> str:
    """Call the workspace something else; roles that a claim tells for the old name end with the next sign-in.

    Raises:
        InvalidInput: no name, or a name in use.
    """
    access.require(actor, "admin", "rename the workspace")
    with queries.writing(actor) as session, queries.stepped_up(session):  # no member writes the table of workspaces
        row = session.exec(select(tables.Workspace).where(tables.Workspace.id == actor.workspace_id)).one()
        before, row.name = {"name": row.name}, _workspace_name(name)
        session.add(row)
        _flush_new_name(session, row.name)
        audit.note(session, actor, "changed", "workspace", row.id, row.name, before=before, after={"name": row.name})
        return row.name


def add_workspace(actor: Actor, name: str) -> UUID:
    """A new workspace, empty but for the actor as its admin; on the command line, empty altogether.

    Raises:
        InvalidInput: no name, or a name in use.
    """
    access.require(actor, "admin", "add a workspace")
    with queries.writing(actor) as session, queries.stepped_up(session):  # it is in no workspace of the actor's yet
        row = tables.Workspace(name=_workspace_name(name))
        session.add(row)
        _flush_new_name(session, row.name)
        if actor.user_id:
            member = tables.Member(workspace_id=row.id, user_id=actor.user_id, role="admin")
            session.add(member)
            session.flush()
            queries.changed(session, "member_called", user=actor.user_id, workspace=row.id, like=actor.workspace_id)
        audit.note(session, actor, "added", "workspace", row.id, row.name)
        return row.id


def find_workspace(name: str) -> UUID:
    """The workspace of that name, for the command line, which belongs to none.

    Raises:
        NotFound: there is none.
    """
    with queries.unrestricted() as session:
        found = session.exec(select(tables.Workspace.id).where(tables.Workspace.name == name)).first()
    if found is None:
        raise NotFound("workspace", name, hint="python -m glsync workspace list shows those there are.")
    return found


def workspaces() -> list[str]:
    """The names of all workspaces, for the command line."""
    with queries.unrestricted() as session:
        return list(session.exec(select(tables.Workspace.name).order_by(tables.Workspace.name)))


# Parts


def _members(actor: Actor) -> SelectOfScalar[tables.Member]:
    return select(tables.Member).where(tables.Member.workspace_id == actor.workspace_id)


def _open(actor: Actor) -> SelectOfScalar[tables.Invitation]:
    return select(tables.Invitation).where(
        tables.Invitation.workspace_id == actor.workspace_id,
        col(tables.Invitation.accepted_at).is_(None),
        col(tables.Invitation.revoked_at).is_(None),
    )


def _shown(row: tables.Member) -> str:
    return row.email or row.name or row.user_id


def _member(row: tables.Member) -> MemberRow:
    source: Literal["invited", "claims"] = "claims" if row.source == "claims" else "invited"
    return MemberRow(
        row.user_id, row.name or row.email or row.user_id, row.email, checked_role(row.role), source, row.created_at,
        row.last_seen_at,
    )  # fmt: skip


def _invitation(row: tables.Invitation) -> InvitationRow:
    return InvitationRow(row.id, row.email, checked_role(row.role), row.created_by, row.created_at, row.expires_at)


def _address(text: str) -> str:
    address = text.strip().lower()
    if not _EMAIL.fullmatch(address) or not address.isprintable() or len(address) > 254:
        raise InvalidInput(f"{text.strip()!r} is not an e-mail address", hint="Write it like ada@example.com.")
    return address


def checked_role(text: str) -> Role:
    """The role of that name.

    Raises:
        InvalidInput: there is none.
    """
    for role in access.ROLES:
        if role == text:
            return role
    raise InvalidInput(f"{text!r} is not a role", hint=f"Roles are {', '.join(access.ROLES)}.")


def _workspace_name(text: str) -> str:
    if not (name := text.strip()) or len(name) > 100 or not name.isprintable() or ":" in name:
        raise InvalidInput("A workspace needs a name of 1 to 100 characters, without a colon", hint="Choose another.")
    return name


def _flush_new_name(session: Session, name: str) -> None:
    try:
        session.flush()
    except IntegrityError:
        raise InvalidInput(f"There is already a workspace named {name!r}", hint="Choose another name.") from None
