"""The base of a one-way mapping: what Glide said when we stored it, and how far a read has come."""

from __future__ import annotations

from collections.abc import Mapping as ReadOnly
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import numpy as np
from psycopg2 import Binary, extensions, extras

from glsync import statements
from glsync.engine.memory import BasePage, Hashes

RESUME_MINUTES = 10
"""How long Glide's continuation is trusted after a crash; nothing is published about its life."""
VERIFY_HOURS = 24.0
"""How long what is remembered excuses rows from being read and compared; then a run looks at each of them once."""


@dataclass(frozen=True, slots=True)
class State:
    """What the base as a whole is worth. `is_fresh`: it was compared with the table in full not long ago."""

    table_oid: int | None = None
    scope: str | None = None
    pass_: int = 0
    complete: bool = False
    is_fresh: bool = False
    glide_version: str | None = None
    rows: int | None = None


class ReadState(msgspec.Struct, frozen=True):
    """What a broken-off read must know to go on. `touches` are the foreign writes it has yet to deal with."""

    since: datetime
    scope: str
    table_oid: int
    trusted: bool
    touches: list[str]
    glide_version: str | None = None


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The read came to `page` and goes on at `continuation`."""

    log_id: UUID | None
    pass_: int
    page: int
    continuation: str
    state: ReadState


def state(cursor: extensions.cursor, mapping_id: UUID, verify_hours: float) -> State:
    cursor.execute(
        """select table_oid::bigint, scope, pass, complete,
                  coalesce(verified_at > now() - %s * interval '1 hour', false), glide_version, rows
           from glsync.base_state where mapping_id = %s""",
        (verify_hours, str(mapping_id)),
    )
    found = cursor.fetchone()
    return State(*found) if found else State()


def pages(cursor: extensions.cursor, mapping_id: UUID) -> list[BasePage]:
    """Every page kept, oldest pass first within a page."""
    cursor.execute(statements.text("base_load"), {"mapping": str(mapping_id)})
    return [
        BasePage(number, pass_, np.frombuffer(digests, np.uint64), np.frombuffer(id_hashes, np.uint64))
        for number, pass_, digests, id_hashes in cursor.fetchall()
    ]


def names(cursor: extensions.cursor, mapping_id: UUID, places: Sequence[tuple[int, int, int]]) -> list[str]:
    """The row ids at these (page, pass, row)."""
    wanted: dict[tuple[int, int], list[int]] = {}
    for page, pass_, row in places:
        wanted.setdefault((page, pass_), []).append(row)
    found: set[str] = set()
    for (page, pass_), rows in wanted.items():
        cursor.execute(
            "select ids from glsync.base_pages where mapping_id = %s and page = %s and pass = %s",
            (str(mapping_id), page, pass_),
        )
        ids = msgspec.json.decode(bytes((cursor.fetchone() or (b"[]",))[0]), type=list[str])
        found.update(ids[row] for row in rows)
    return sorted(found)


def save_page(cursor: extensions.cursor, mapping_id: UUID, page: BasePage) -> None:
    """Of a page that renews an older one only the digests are sent: ids are most of what there is to store."""
    known = {
        "mapping": str(mapping_id),
        "pass": page.pass_,
        "page": page.number,
        "digests": Binary(page.digests.tobytes()),
    }
    if page.renews is not None:
        cursor.execute(statements.text("base_renew_page"), known | {"renews": page.renews})
        return
    named = {
        "rows": len(page.digests),
        "id_hashes": Binary(page.id_hashes.tobytes()),
        "ids": Binary(msgspec.json.encode(page.ids)),
    }
    cursor.execute(statements.text("base_save_page"), known | named)


def forget_rows(cursor: extensions.cursor, mapping_id: UUID, pages: ReadOnly[int, Sequence[int]]) -> None:
    """Rows whose digest must not excuse them any more: page -> rows. In each page's newest state."""
    for page, rows in pages.items():
        cursor.execute(
            """select pass, digests from glsync.base_pages
               where mapping_id = %s and page = %s order by pass desc limit 1 for update""",
            (str(mapping_id), page),
        )
        pass_, stored = cursor.fetchone() or (None, b"")
        digests = np.frombuffer(stored, np.uint64).copy()
        digests[list(rows)] = 0
        cursor.execute(
            "update glsync.base_pages set digests = %s where mapping_id = %s and page = %s and pass = %s",
            (Binary(digests.tobytes()), str(mapping_id), page, pass_),
        )


def keep_digests(cursor: extensions.cursor, mapping_id: UUID, pass_: int, pages: ReadOnly[int, Hashes]) -> None:
    """Other digests for pages of this pass: page -> digests."""
    for page, digests in pages.items():
        cursor.execute(
            "update glsync.base_pages set digests = %s where mapping_id = %s and page = %s and pass = %s",
            (Binary(digests.tobytes()), str(mapping_id), page, pass_),
        )


def drop_old_pages(cursor: extensions.cursor, mapping_id: UUID, last_page: int) -> None:
    cursor.execute(statements.text("base_forget_old"), {"mapping": str(mapping_id), "last_page": last_page})


def save_state(cursor: extensions.cursor, mapping_id: UUID, now: State, *, is_full: bool) -> None:
    """`is_full`: every row was compared with the table, so the base is verified as of now."""
    known: dict[str, Any] = asdict(now)
    cursor.execute(
        statements.text("base_state_save"),
        {
            "mapping": str(mapping_id),
            "oid": known["table_oid"],
            "scope": known["scope"],
            "pass": known["pass_"],
            "complete": known["complete"],
            "glide_version": known["glide_version"],
            "rows": known["rows"],
            "is_full": is_full,
        },
    )


def checkpoint(cursor: extensions.cursor, mapping_id: UUID) -> Checkpoint | None:
    """Where a read broke off not long ago; None when there is nothing to go on from."""
    cursor.execute(
        """select log_id, pass, page, continuation, counts from glsync.checkpoints
           where mapping_id = %s and continuation is not null and saved_at > now() - %s * interval '1 minute'""",
        (str(mapping_id), RESUME_MINUTES),
    )
    found = cursor.fetchone()
    if found is None:
        return None
    log_id, pass_, page, continuation, kept = found
    return Checkpoint(
        UUID(str(log_id)) if log_id else None, pass_, page, continuation, msgspec.convert(kept, ReadState)
    )


def save_checkpoint(
    cursor: extensions.cursor, mapping_id: UUID, log_id: UUID, epoch: int, pass_: int, page: int,
    continuation: str | None, kept: ReadState,
) -> None:  # fmt: skip
    cursor.execute(
        statements.text("checkpoint_save"),
        {
            "mapping": str(mapping_id),
            "log": str(log_id),
            "epoch": epoch,
            "pass": pass_,
            "page": page,
            "continuation": continuation,
            "state": extras.Json(msgspec.to_builtins(kept)),
        },
    )


def drop_checkpoint(cursor: extensions.cursor, mapping_id: UUID) -> None:
    cursor.execute("delete from glsync.checkpoints where mapping_id = %s", (str(mapping_id),))


# --- rows that went away ---------------------------------------------------------------------------------------------


def note_absent(cursor: extensions.cursor, mapping_id: UUID, log_id: UUID, ids: Sequence[str]) -> None:
    """These were not in a complete read. The first time counts; a row noted before keeps its time."""
    cursor.execute(statements.text("absent_note"), {"mapping": str(mapping_id), "log": str(log_id), "ids": list(ids)})


def forget_back(cursor: extensions.cursor, mapping_id: UUID) -> None:
    """Rows of a two-way mapping whose absence is over: they were met again, or nothing is linked to them any more."""
    cursor.execute(statements.text("absent_forget_back"), {"mapping": str(mapping_id)})


def absent(cursor: extensions.cursor, mapping_id: UUID) -> int:
    """How many rows wait out their grace."""
    cursor.execute("select count(*) from glsync.absent_rows where mapping_id = %s", (str(mapping_id),))
    return int((cursor.fetchone() or (0,))[0])


def absent_due(cursor: extensions.cursor, mapping_id: UUID, grace_seconds: int) -> list[str]:
    """Rows away for at least this long."""
    cursor.execute(statements.text("absent_due"), {"mapping": str(mapping_id), "grace": grace_seconds})
    return [row[0] for row in cursor.fetchall()]


def forget_all_absent(cursor: extensions.cursor, mapping_id: UUID) -> None:
    """None of them matters any more: the mapping reads another table now."""
    cursor.execute("delete from glsync.absent_rows where mapping_id = %s", (str(mapping_id),))


def absent_ids(cursor: extensions.cursor, mapping_id: UUID) -> list[str]:
    """Every row noted as absent, whatever its grace."""
    return absent_due(cursor, mapping_id, 0)


def forget_absent(cursor: extensions.cursor, mapping_id: UUID, ids: Sequence[str]) -> None:
    """These came back, or were dealt with."""
    cursor.execute(statements.text("absent_forget"), {"mapping": str(mapping_id), "ids": list(ids)})
