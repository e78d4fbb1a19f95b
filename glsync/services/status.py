"""How a mapping stands: its row of the view gl_mapping_status."""

from __future__ import annotations

from uuid import UUID

from glsync.config import settings
from glsync.errors import NotFound
from glsync.services import access, queries
from glsync.services.access import Actor


def of_mapping(actor: Actor, mapping_id: UUID) -> queries.Row:
    """Column -> value.

    Raises:
        NotFound: no such mapping in the actor's workspace.
    """
    access.require(actor, "viewer", "see mappings")
    with queries.reading(actor) as session:
        found = queries.one(session, "mapping_status", workspace=actor.workspace_id, mapping=mapping_id)
    if found is None:
        raise NotFound("mapping", mapping_id)
    return found


def figures(workspace_id: UUID | None) -> dict[str, list[queries.Row]]:
    """What /metrics tells, of one workspace or of all: runs, rows, errors, queue, worker, deliveries."""
    names = ("runs", "rows", "errors", "queue", "worker", "deliveries")
    with queries.unrestricted(timeout=settings().page_timeout) as session:  # people read no queue; workspace filters it
        return {name: queries.rows(session, f"figures_{name}", workspace=workspace_id) for name in names}
