"""Who asks, and what a role may do."""

from __future__ import annotations

import json
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
    """A person or a program, in one workspace. `name` is what the audit trail shows.

    `user_id` is that of a member who signed in, `token_id` that of an API token. With neither it is whoever may use
    this machine: the one user of an installation without sign-in, or the command line.
    """

    name: str
    role: Role
    workspace_id: UUID = DEFAULT_WORKSPACE
    user_id: str | None = None
    token_id: UUID | None = None

    @property
    def claims(self) -> str:
        """Who asks, as the database is told: JSON in the form of a token's claims, see sql/migrations."""
        by = "member" if self.user_id else "token" if self.token_id else "local"
        told: dict[str, str] = {"by": by, "workspace_id": str(self.workspace_id)}
        if by == "local":
            told["role"] = self.role
        if self.token_id:
            told["token_id"] = str(self.token_id)
        return json.dumps({"sub": self.user_id or self.name, "name": self.name, "glsync": told})


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
