"""What a run may not do without a person: empty a side, or take away more than a little."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from hashlib import sha256
from uuid import UUID

from glsync.values import Deletes, Operation, Side, Waiting

MOST_DELETES = 25
"""Rows a run may take away unasked."""
MOST_SHARE = 0.10
"""Share of the base a run may take away unasked; counted from bases of SMALL_BASE rows up."""
SMALL_BASE = 10
OTHERS = 3
"""Rows of which none is left: as many, and it may be another table behind the same name."""
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
    return Waiting(reason, "postgres", "delete", len(ids), plan_hash(mapping_id, how, ids), tuple(ids[:SAMPLE]))


def plan_hash(mapping_id: UUID, operation: str, ids: Sequence[str]) -> str:
    """The name of exactly this operation on exactly these rows: approving it approves nothing else."""
    text = json.dumps([str(mapping_id), operation, *sorted(ids)])
    return sha256(text.encode()).hexdigest()[:16]


TAKES_AWAY = frozenset[Operation]({"delete", "mark"})
MOST_UPDATE_SHARE = 0.30
"""Share of the rows a run may change unasked on one side of a two-way mapping."""


def writes(
    mapping_id: UUID, side: Side, operation: Operation, ids: Sequence[str], *, base: int, left: int
) -> Waiting | None:
    """What of a two-way plan must wait: an emptied side, many deletes, a change of nearly everything.

    Args:
        ids: the rows `side` would lose or see changed.
        base: rows both sides held when they last agreed; on a first match those that both may share.
        left: rows the other side holds now.
    """
    if not ids or operation == "create":
        return None
    name = "Glide" if side == "glide" else "Postgres"
    other = "Postgres" if side == "glide" else "Glide"
    count = len(ids)
    if operation in TAKES_AWAY and left == 0:
        reason = f"{other}'s table is empty: all {count:,} rows would be deleted in {name}"
    elif operation in TAKES_AWAY and count > MOST_DELETES:
        reason = f"{count:,} rows would be deleted in {name}; more than {MOST_DELETES} need an approval"
    elif operation in TAKES_AWAY and base >= SMALL_BASE and count > base * MOST_SHARE:
        reason = f"{count:,} of {base:,} rows would be deleted in {name}; more than {MOST_SHARE:.0%} need an approval"
    elif operation == "update" and base >= SMALL_BASE and count > base * MOST_UPDATE_SHARE:
        share = f"{MOST_UPDATE_SHARE:.0%}"
        reason = f"{count:,} of {base:,} rows would be changed in {name}; more than {share} need an approval"
    else:
        return None
    return Waiting(
        reason, side, operation, count, plan_hash(mapping_id, f"{side} {operation}", ids), tuple(ids[:SAMPLE])
    )


def lost(side: Side, *, missing: int, left: int) -> str | None:
    """What is strange about a side that holds none of the rows it held: emptied, or another table; None: nothing.

    Args:
        missing: rows the other side still holds of those that were kept equal.
        left: rows `side` holds now.
    """
    if missing < (OTHERS if left else 1):
        return None
    return (
        f"{'Glide' if side == 'glide' else 'Postgres'}'s table {'holds other rows than before' if left else 'is empty'}"
    )


def spending(mapping_id: UUID, ids: Sequence[str], price: Decimal, spent: Decimal, budget: Decimal) -> Waiting | None:
    """What must wait because it would cost more Glide updates than the connection may spend this month."""
    if not ids or spent + price <= budget:
        return None
    left = max(budget - spent, Decimal(0))
    reason = f"Writing to Glide costs {price:,} updates; {left:,} of {budget:,} are left this month"
    return Waiting(reason, "glide", "budget", len(ids), plan_hash(mapping_id, "budget", ids), tuple(ids[:SAMPLE]))
