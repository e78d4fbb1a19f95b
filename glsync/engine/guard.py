"""What a run may not do without a person: empty a side, or take away more than a little."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from uuid import UUID

from glsync.values import Deletes, Waiting

MOST_DELETES = 25
"""Rows a run may take away unasked."""
MOST_SHARE = 0.10
"""Share of the base a run may take away unasked; counted from bases of SMALL_BASE rows up."""
SMALL_BASE = 10
SAMPLE = 10


def deletes(mapping_id: UUID, ids: Sequence[str], *, base: int, left: int, how: Deletes) -> Waiting | None:
    """What must wait before these rows of Postgres are deleted or marked; None when they may go.

    Args:
        ids: rows that are gone from Glide and still in Postgres.
        base: rows both sides held when they last agreed.
        left: rows Glide holds now.
    """
    if not ids:
        return None
    verb = "deleted" if how == "delete" else "marked as deleted"
    if left == 0:
        reason = f"Glide's table is empty: all {len(ids):,} rows would be {verb} in Postgres"
    elif len(ids) > MOST_DELETES:
        reason = f"{len(ids):,} rows would be {verb} in Postgres; more than {MOST_DELETES} need an approval"
    elif base >= SMALL_BASE and len(ids) > base * MOST_SHARE:
        reason = (
            f"{len(ids):,} of {base:,} rows would be {verb} in Postgres; more than {MOST_SHARE:.0%} need an approval"
        )
    else:
        return None
    return Waiting(reason, "postgres", "delete", len(ids), plan_hash(mapping_id, "delete", ids), tuple(ids[:SAMPLE]))


def plan_hash(mapping_id: UUID, operation: str, ids: Sequence[str]) -> str:
    """The name of exactly this operation on exactly these rows: approving it approves nothing else."""
    text = "\n".join([str(mapping_id), operation, *sorted(ids)])
    return sha256(text.encode()).hexdigest()[:16]
