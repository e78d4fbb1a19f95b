"""Hearing of foreign writes to a target: a statement trigger notes their transactions, our own writes are left out."""

from __future__ import annotations

from uuid import UUID

import psycopg2
from psycopg2 import extensions

from glsync import statements
from glsync.postgres.statement import statement
from glsync.postgres.target import Target


def watch(cursor: extensions.cursor, target: Target) -> str | None:
    """See to it that the trigger stands. None where it did not, so that digests are not to be trusted; else its mark.

    A divided table is not watched, because writes that name a partition pass its trigger by. A table somebody else owns
    is not ours to put a trigger on, and a trigger that somebody switched off stays off.
    """
    if target.is_divided:
        return None
    has_trigger, is_noted, mark = _standing(cursor, target)
    if not has_trigger and (mark or not _install(cursor, target)):
        return None
    if not is_noted:
        cursor.execute(statement("watch_note"), {"oid": target.oid, "mapping": str(target.mapping.id)})
    return mark if is_noted else None


def mark(cursor: extensions.cursor, target: Target) -> str | None:
    """What tells that the trigger stood all the time between two looks; None where it does not."""
    has_trigger, is_noted, mark = _standing(cursor, target)
    return mark if has_trigger and is_noted else None


def is_watched(cursor: extensions.cursor, target: Target) -> bool:
    """Has every foreign write since the last run been noted?"""
    return not target.is_divided and all(_standing(cursor, target)[:2])


def _standing(cursor: extensions.cursor, target: Target) -> tuple[bool, bool, str | None]:
    """(the trigger stands on this table, we know the table by this oid, the trigger's mark)."""
    cursor.execute(statement("watch_state"), {"oid": target.oid, "mapping": str(target.mapping.id)})
    found: tuple[bool, bool, str | None] = cursor.fetchone() or (False, False, None)
    return found


def _install(cursor: extensions.cursor, target: Target) -> bool:
    cursor.execute("savepoint watch; set local lock_timeout = '2s'")
    try:
        cursor.execute(statement("watch_trigger", target=target.name))
    except psycopg2.Error as error:
        if error.pgcode not in ("42501", "55P03"):  # not the owner; somebody holds the table for long
            raise
        cursor.execute("rollback to savepoint watch")
        return False
    cursor.execute("release savepoint watch; set local lock_timeout = 0")
    return True


def touches(cursor: extensions.cursor, mapping_id: UUID) -> list[str]:
    """Foreign transactions noted and visible now."""
    cursor.execute("select xid::text from glsync.touched where mapping_id = %s", (str(mapping_id),))
    return [row[0] for row in cursor.fetchall()]


def tell_children(cursor: extensions.cursor, mapping_id: UUID) -> None:
    """Rows of this mapping went away: whoever refers to them looks at all its rows again."""
    cursor.execute(statements.text("touch_children"), {"mapping": str(mapping_id)})


def settle(cursor: extensions.cursor, mapping_id: UUID, xids: list[str]) -> None:
    """These are dealt with: the table was compared in full after they were noted."""
    cursor.execute(
        "delete from glsync.touched where mapping_id = %s and xid = any(%s::xid8[])", (str(mapping_id), xids)
    )


def sign(cursor: extensions.cursor, mapping_id: UUID) -> None:
    """What this transaction writes is our own; in it a date-time without an offset is UTC, whatever the server says."""
    cursor.execute(
        """select set_config('glsync.origin', %s, true), set_config('TimeZone', 'UTC', true),
                  set_config('DateStyle', 'ISO, YMD', true), set_config('IntervalStyle', 'postgres', true)""",
        (str(mapping_id),),
    )
