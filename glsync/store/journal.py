"""Writes to Glide in flight: sent → accepted, done, unknown or failed; pending when Glide was too busy to take them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from psycopg2 import extensions

from glsync import statements
from glsync.redaction import hidden
from glsync.store.links import as_json
from glsync.values import Cells, Operation

OPEN = ("sent", "accepted", "unknown")


@dataclass(frozen=True, slots=True)
class Intent:
    """One row we want in Glide. `cells` is canonical, `raw` what is sent (Glide column id -> value).

    `base_glide` and `base_postgres` are what the base becomes when the write is seen to have happened.
    """

    id: str
    link_id: str
    operation: Operation
    glide_row_id: str | None
    pg_key: str | None
    cells: Cells
    raw: Cells
    before: Cells | None
    base_glide: Cells | None
    base_postgres: Cells | None
    if_match: str | None = None
    state: str = "pending"
    scans: int = 0
    price: Decimal = Decimal(0)
    age: timedelta = timedelta()
    """Since it was sent."""


def send(cursor: extensions.cursor, mapping_id: UUID, log_id: UUID, epoch: int, intents: Sequence[Intent]) -> None:
    """These leave now. Committed before the call: from then on a crash leaves them in doubt."""
    rows = [
        {
            "id": each.id, "link_id": each.link_id, "operation": each.operation, "glide_row_id": each.glide_row_id,
            "pg_key": each.pg_key, "cells": each.cells, "raw": each.raw, "before": each.before,
            "base_glide": each.base_glide, "base_postgres": each.base_postgres, "if_match": each.if_match,
            "price": each.price,
        }
        for each in intents
    ]  # fmt: skip
    given = {"mapping": str(mapping_id), "log": str(log_id), "epoch": epoch, "rows": as_json(rows)}
    cursor.execute(statements.text("journal_add"), given)


def mark(cursor: extensions.cursor, outcomes: Sequence[tuple[str, str, str | None, str]]) -> None:
    """(id, state, Glide's row id when it became known, what Glide said)."""
    if outcomes:
        told = [(id_, state, row_id, said and hidden(said)) for id_, state, row_id, said in outcomes]
        cursor.execute(statements.text("journal_mark"), [list(column) for column in zip(*told, strict=True)])


def unsent(cursor: extensions.cursor, ids: Sequence[str]) -> None:
    """Glide did not take these: they may be sent again."""
    if not ids:
        return
    cursor.execute(
        "update glsync.intents set state = 'pending', sent_at = null where id = any(%s::uuid[])", (list(ids),)
    )


def cancel_pending(cursor: extensions.cursor, mapping_id: UUID) -> int:
    """What an earlier run wanted and never sent is planned anew."""
    cursor.execute(
        "update glsync.intents set state = 'cancelled', ended_at = now() where mapping_id = %s and state = 'pending'",
        (str(mapping_id),),
    )
    return cursor.rowcount


def still_open(cursor: extensions.cursor, mapping_id: UUID) -> list[Intent]:
    """What may or may not have happened, oldest first."""
    cursor.execute(
        """select id::text, link_id::text, operation, glide_row_id, pg_key, cells, raw, before, base_glide,
                  base_postgres, if_match, state, scans, price, clock_timestamp() - sent_at
           from glsync.intents where mapping_id = %s and state = any(%s)
           order by created_at, glide_row_id, pg_key, id""",
        (str(mapping_id), list(OPEN)),
    )
    return [Intent(*row) for row in cursor.fetchall()]


def seen_again(cursor: extensions.cursor, ids: Sequence[str]) -> None:
    """One more complete read did not show these yet."""
    cursor.execute("update glsync.intents set scans = scans + 1 where id = any(%s::uuid[])", (list(ids),))
