"""Writes to Glide in flight: pending → sent → accepted, done, unknown or failed; committed before and after a call."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from psycopg2 import extensions, extras

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


def add(cursor: extensions.cursor, mapping_id: UUID, log_id: UUID, epoch: int, intents: Iterable[Intent]) -> None:
    extras.execute_values(
        cursor,
        """insert into glsync.intents (id, mapping_id, log_id, epoch, link_id, operation, glide_row_id, pg_key, cells,
           raw, before, base_glide, base_postgres, if_match, price) values %s""",
        [
            (
                each.id, str(mapping_id), str(log_id), epoch, each.link_id, each.operation, each.glide_row_id,
                each.pg_key, as_json(each.cells), as_json(each.raw), as_json(each.before), as_json(each.base_glide),
                as_json(each.base_postgres), each.if_match, each.price,
            )
            for each in intents
        ],
        page_size=500,
    )  # fmt: skip


def mark_sent(cursor: extensions.cursor, ids: Sequence[str]) -> None:
    """Committed before the call: from now on a crash leaves these in doubt."""
    cursor.execute(
        """update glsync.intents set state = 'sent', sent_at = clock_timestamp(), attempts = attempts + 1
           where id = any(%s::uuid[])""",
        (list(ids),),
    )


def mark(cursor: extensions.cursor, outcomes: Sequence[tuple[str, str, str | None, str]]) -> None:
    """(id, state, Glide's row id when it became known, what Glide said)."""
    if not outcomes:
        return
    extras.execute_values(
        cursor,
        """update glsync.intents as i
           set state = v.state, glide_row_id = coalesce(v.row_id, i.glide_row_id), said = nullif(v.said, ''),
               ended_at = case when v.state in ('done', 'failed', 'cancelled') then clock_timestamp() end
           from (values %s) as v (id, state, row_id, said) where i.id = v.id::uuid""",
        outcomes,
        page_size=1000,
    )


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
