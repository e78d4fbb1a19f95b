"""What runs replaced on either side: kept for a while, read back to undo a run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from psycopg2 import extensions

from glsync import statements
from glsync.store.links import Link
from glsync.values import Cells, Operation, Side

ROW_MARK = "\x1f"
"""Between the row ids of a page of new rows, which is one line of history."""
FORGET_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True)
class Entry:
    """What a run did to one row of one side. `before` is None for a row it made, `after` for one it took away.

    In Postgres `before` is the row with all its columns, in Glide its mapped ones; `after` are mapped ones in canonical
    form. Of a row that was streamed in only `written_by` is known, the transaction that made it.
    """

    side: Side
    operation: Operation
    link_id: str | None
    glide_row_id: str | None
    pg_key: str | None
    before: Cells | None
    after: Cells | None
    written_by: str | None = None


def size(cursor: extensions.cursor, log_id: UUID) -> int:
    """How many rows a run wrote, as far as history still knows."""
    cursor.execute(statements.text("history_size"), {"log": str(log_id)})
    return int((cursor.fetchone() or (0,))[0])


def of_run(cursor: extensions.cursor, log_id: UUID) -> list[Entry]:
    """What a run did to each row, once a side: a row it wrote twice counts from its first to its last state."""
    cursor.execute(statements.text("history_of"), {"log": str(log_id)})
    found: dict[tuple[Side, str], Entry] = {}
    for entry in _entries(cursor.fetchall()):
        key = (entry.side, entry.link_id or entry.glide_row_id or entry.pg_key or "")
        found[key] = _joined(found[key], entry) if key in found else entry
    return [entry for entry in found.values() if entry.before is not None or entry.operation == "create"]


def _entries(rows: Iterable[Sequence[Any]]) -> Iterator[Entry]:
    for side, operation, link_id, glide_row_id, pg_key, before, after in rows:
        entry = Entry(side, operation, link_id, glide_row_id, pg_key, before, after)
        if operation == "create" and glide_row_id is None and after and "written_by" in after:
            page = replace(entry, after=None, written_by=after["written_by"])
            yield from (replace(page, glide_row_id=row_id) for row_id in after["rows"].split(ROW_MARK))
        else:
            yield entry


def _joined(first: Entry, last: Entry) -> Entry:
    """Made and taken away again is nothing at all: a delete without a before."""
    is_new = first.operation == "create"
    ended = last.operation in ("delete", "mark")
    operation: Operation = last.operation if ended else "create" if is_new else "update"
    before = None if is_new else first.before
    return replace(
        last,
        operation=operation,
        before=before,
        link_id=last.link_id or first.link_id,
        glide_row_id=last.glide_row_id or first.glide_row_id,
        pg_key=last.pg_key or first.pg_key,
    )


def links_among(cursor: extensions.cursor, mapping_id: UUID, entries: Sequence[Entry]) -> list[Link]:
    """The links these rows have now."""
    given = {
        "mapping": str(mapping_id),
        "links": [each.link_id for each in entries if each.link_id],
        "ids": [each.glide_row_id for each in entries if each.glide_row_id],
        "keys": [each.pg_key for each in entries if each.pg_key],
    }
    cursor.execute(statements.text("links_among"), given)
    return [Link(*row) for row in cursor.fetchall()]


def accept(cursor: extensions.cursor, mapping_id: UUID, log_id: UUID, undone: UUID, reason: str) -> None:
    """The undo of a run begins: from now on it is carried on whatever happens, and the mapping rests."""
    given = {"mapping": str(mapping_id), "log": str(log_id), "undone": str(undone), "reason": reason}
    cursor.execute(statements.text("undo_accept"), given)


def forget_old(cursor: extensions.cursor, days: int) -> int:
    """Drop lines older than so many days, at most FORGET_AT_ONCE; how many were dropped."""
    cursor.execute(statements.text("history_forget"), {"days": days, "most": FORGET_AT_ONCE})
    return cursor.rowcount
