"""Who asks, and what a role may do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from glsync.errors import Forbidden

Role = Literal["viewer", "operator", "editor", "admin"]
ROLES: tuple[Role, ...] = ("viewer", "operator", "editor", "admin")
"""Each role may do what the ones before it may: read; run, retry and resolve; map and connect; secrets and deletes."""

DEFAULT_WORKSPACE = UUID("00000000-0000-0000-0000-000000000001")
"""The workspace every installation begins with."""


@dataclass(frozen=True, slots=True)
class Actor:
    """A person or a program, in one workspace. `name` is what the audit trail shows."""

    name: str
    role: Role
    workspace_id: UUID = DEFAULT_WORKSPACE


LOCAL = Actor("local", "admin")
"""The one user of an installation without sign-in."""


def allowed(actor: Actor, role: Role) -> bool:
    return ROLES.index(actor.role) >= ROLES.index(role)


def require(actor: Actor, role: Role, act: str) -> None:
    """Refuse unless the actor has at least `role`. `act` ends the sentence "A viewer may not ...".

    Raises:
        Forbidden: naming the role that is needed.
    """
    if not allowed(actor, role):
        raise Forbidden(act, actor.role, role)
