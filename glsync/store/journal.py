"""Writes to Glide in flight: sent → accepted, done, unknown or failed; pending when Glide was too busy to take them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import msgspec
from psycopg2 import extensions

from glsync import statements
from glsync.redaction import hidden
from glsync.values import Cells, Operation

OPEN = ("sent", "accepted", "unknown")

Mark = tuple[str, str, str | None, str, bool]
"""(intent, state, Glide's row id when it became known, what Glide said, did it change Glide just now)."""

_encode = msgspec.json.Encoder(decimal_format="number").encode


class Intent(msgspec.Struct, frozen=True):
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


def lines(intents: Sequence[Intent]) -> str:
    """These as `send` takes them; made apart from it, because it can be done ahead."""
    return _encode(intents).decode()


def send(cursor: extensions.cursor, mapping_id: UUID, log_id: UUID, epoch: int, call_id: str, lines: str) -> None:
    """These leave now, in one call. Committed before it: from then on a crash leaves them in doubt."""
    given = {"mapping": str(mapping_id), "log": str(log_id), "epoch": epoch, "call": call_id, "rows": lines}
    cursor.execute(statements.text("journal_add"), given)


def send_again(cursor: extensions.cursor, mapping_id: UUID, call_id: str, ids: Sequence[str]) -> None:
    """These, which Glide did not take, leave once more, in another call."""
    given = {"mapping": str(mapping_id), "call": call_id, "ids": list(ids)}
    cursor.execute(statements.text("journal_again"), given)


def accepted(cursor: extensions.cursor, call_id: str) -> None:
    """Glide accepted all of this call, and had no names to give. `keep_past` is still to be called."""
    cursor.execute("update glsync.calls set accepted_at = clock_timestamp() where id = %s", (call_id,))


def keep_past(cursor: extensions.cursor, mapping_id: UUID) -> None:
    """Let history know what accepted calls replaced; every look at writes in doubt, or at history, begins with this."""
    cursor.execute(statements.text("journal_keep"), {"mapping": str(mapping_id)})


def forget_calls(cursor: extensions.cursor, mapping_id: UUID) -> None:
    """Nothing is in doubt, and history knows all: which writes left together does not matter any more."""
    cursor.execute("delete from glsync.calls where mapping_id = %s", (str(mapping_id),))


def seen(cursor: extensions.cursor, mapping_id: UUID) -> dict[Operation, int]:
    """Settle the accepted writes that this session's read shows word for word; how many of each kind."""
    cursor.execute(statements.text("journal_seen"), {"mapping": str(mapping_id)})
    return dict(cursor.fetchall())


def mark(cursor: extensions.cursor, log_id: UUID, marks: Sequence[Mark]) -> None:
    """What became of these; what was taken from Glide by it is kept in history."""
    if marks:
        ids, states, row_ids, said, taken = zip(*marks, strict=True)
        given = {
            "log": str(log_id), "ids": list(ids), "states": list(states), "row_ids": list(row_ids),
            "said": [text and hidden(text) for text in said], "taken": list(taken),
        }  # fmt: skip
        cursor.execute(statements.text("journal_mark"), given)


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
        """select i.id::text, i.link_id::text, i.operation, i.glide_row_id, i.pg_key, i.cells, i.raw, i.before,
                  i.base_glide, i.base_postgres, i.if_match,
                  case when i.state = 'sent' and c.accepted_at is not null then 'accepted' else i.state end,
                  i.scans, i.price, clock_timestamp() - i.sent_at
           from glsync.intents as i left join glsync.calls as c on c.id = i.call_id
           where i.mapping_id = %s and i.state = any(%s)
           order by i.created_at, i.glide_row_id, i.pg_key, i.id""",
        (str(mapping_id), list(OPEN)),
    )
    return [Intent(*row) for row in cursor.fetchall()]


def rows_open(cursor: extensions.cursor, mapping_id: UUID) -> list[str | None]:
    """Glide's name, as far as it has one, of the row of each write that may or may not have happened."""
    cursor.execute(
        "select glide_row_id from glsync.intents where mapping_id = %s and state = any(%s) order by 1",
        (str(mapping_id), list(OPEN)),
    )
    return [row[0] for row in cursor.fetchall()]


def unmet(cursor: extensions.cursor, mapping_id: UUID, settle: timedelta) -> list[str | None]:
    """Glide's name, as far as it has one, of each row whose absence from this session's read decides a doubt."""
    cursor.execute(statements.text("journal_unmet"), {"mapping": str(mapping_id), "settle": settle})
    return [row[0] for row in cursor.fetchall()]


def seen_again(cursor: extensions.cursor, ids: Sequence[str]) -> None:
    """One more complete read did not show these yet."""
    cursor.execute("update glsync.intents set scans = scans + 1 where id = any(%s::uuid[])", (list(ids),))
