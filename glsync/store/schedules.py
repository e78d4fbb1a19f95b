"""Schedules of mappings: what is due is queued, once; what fails for a passing reason is tried again by itself."""

from __future__ import annotations

from collections.abc import Mapping as ReadOnly
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from psycopg2 import extensions, extras

from glsync import statements
from glsync.engine import schedule
from glsync.engine.schedule import NEEDS_A_PERSON, PAUSE_AFTER
from glsync.store import identity, references

ACTOR = "Glide Sync"
"""Who starts a run that nobody started."""
TICK_LOCK = 7236091
"""The advisory lock that one tick holds to its end."""

log = structlog.get_logger(__name__)

Row = ReadOnly[str, Any]


def tick(cursor: extensions.cursor, now: datetime) -> list[str]:
    """Queue every run that is due at `now`; the ids of their logs. Two ticks at once do what one would do."""
    if identity.is_copy(cursor):  # every run would be refused, and the list of runs full of that
        return []
    cursor.execute("select pg_advisory_xact_lock(%s)", (TICK_LOCK,))
    _wake_errors(cursor, now)
    triggers = dict.fromkeys((str(row["id"]) for row in _rows(cursor, None) if _follow(cursor, row, now)), "schedule")
    triggers |= dict.fromkeys(_retries(cursor, now), "retry")
    logs: dict[str, str] = {}
    for mapping_id, before in references.in_order(cursor, list(triggers)):
        logs[mapping_id] = _enqueue(cursor, mapping_id, triggers[mapping_id], [logs[each] for each in before])
    return list(logs.values())


def _wake_errors(cursor: extensions.cursor, now: datetime) -> None:
    """Errors ignored until now are open again. Asked first: an update of no row would be told to every screen."""
    cursor.execute(statements.text("errors_asleep"), {"now": now})
    if cursor.fetchone() == (True,):
        cursor.execute(statements.text("errors_wake"), {"now": now})


def follow(cursor: extensions.cursor, mapping_id: UUID, now: datetime) -> None:
    """The mapping was saved: know at once when it runs next. Nothing is queued."""
    for row in _rows(cursor, mapping_id):
        if row["wanted"] != row["kept"] or row["next_at"] is None:
            _follow(cursor, row, now)


def _rows(cursor: extensions.cursor, mapping_id: UUID | None) -> list[Row]:
    with cursor.connection.cursor(cursor_factory=extras.RealDictCursor) as named:
        given = {"mapping": str(mapping_id) if mapping_id else None, "last": PAUSE_AFTER}
        named.execute(statements.text("schedules_all"), given)
        return list(named.fetchall())


def _follow(cursor: extensions.cursor, row: Row, now: datetime) -> bool:
    """Bring a mapping's schedule up to date. True: it is due now."""
    if not row["wanted"]:
        cursor.execute("delete from glsync.schedules where mapping_id = %s", (row["id"],))
        return False
    try:
        wanted = schedule.parse(row["wanted"])
    except ValueError as error:  # written by SQL; the mapping's page refuses it
        _save(cursor, row, now, None, reason=str(error))
        return False
    if not row["is_on"]:
        _save(cursor, row, now, None)
        return False
    if reason := _reason_to_pause(row):
        if row["paused_at"] is None:
            log.warning("schedule paused", mapping=row["name"], reason=reason)
            _save(cursor, row, now, None, reason=reason)
        return False
    if row["wanted"] != row["kept"] or row["next_at"] is None:  # new, changed, or on again: nothing was missed
        _save(cursor, row, now, wanted.after(now))
        return False
    if row["next_at"] > now:
        return False
    _save(cursor, row, now, wanted.after(now), last=now)
    return True


def _reason_to_pause(row: Row) -> str | None:
    """Why a schedule would only fail again. Runs of the mapping as it was before its last save do not count."""
    if len(row["ends"]) < PAUSE_AFTER or not all(end in NEEDS_A_PERSON for end in row["ends"]):
        return None
    return (
        f"Paused itself after {PAUSE_AFTER} failed runs, the last with: {row['said']} "
        "Save the mapping, or run it with success, to go on."
    )


def _save(
    cursor: extensions.cursor, row: Row, now: datetime, next_at: datetime | None, *, last: datetime | None = None,
    reason: str | None = None,
) -> None:  # fmt: skip
    cursor.execute(
        statements.text("schedules_save"),
        {
            "mapping": row["id"], "schedule": row["wanted"], "next_at": next_at, "last_at": last, "reason": reason,
            "now": now,
        },
    )  # fmt: skip


def try_again(cursor: extensions.cursor, mapping_id: UUID, log_id: UUID) -> str:
    """A run broke off for a passing reason and its error is noted: when it is tried again by itself, in words."""
    tries = _tries(cursor, mapping_id)
    pause = schedule.retry_after(tries)
    if pause is None:
        return f"Tried again {tries} times in vain; it waits for somebody to run it."
    cursor.execute(
        """update public.gl_sync_errors set next_retry_at = now() + %s
           where mapping_id = %s and log_id = %s and glide_row_id is null and state = 'open'""",
        (pause, str(mapping_id), str(log_id)),
    )
    minutes = pause // timedelta(minutes=1)
    when = "a minute" if minutes == 1 else f"{minutes} minutes"
    return f"It is tried again by itself in {when}, {tries + 1} of {len(schedule.RETRY_AFTER)}."


def over(cursor: extensions.cursor, mapping_id: UUID) -> None:
    """A run succeeded: what broke earlier ones off is over, and nothing of it is tried again."""
    cursor.execute(
        """update public.gl_sync_errors
           set state = 'resolved', resolved_at = now(), resolved_by = 'Glide Sync', next_retry_at = null,
               resolution_notes = 'A later run succeeded.'
           where mapping_id = %s and state in ('open', 'retrying') and glide_row_id is null and column_name is null
             and log_id in (select id from public.gl_sync_logs where mapping_id = %s and status = 'failed')""",
        (str(mapping_id), str(mapping_id)),
    )


def _tries(cursor: extensions.cursor, mapping_id: UUID) -> int:
    """How often runs were tried again by themselves since the last success."""
    cursor.execute(
        """select count(*) from public.gl_sync_logs as l
           where l.mapping_id = %s and l.trigger = 'retry' and l.actor = %s and l.started_at > coalesce((
               select max(g.completed_at) from public.gl_sync_logs as g
               where g.mapping_id = l.mapping_id and g.status in ('completed', 'completed_with_errors')
           ), '-infinity')""",
        (str(mapping_id), ACTOR),
    )
    return int((cursor.fetchone() or (0,))[0])


def _retries(cursor: extensions.cursor, now: datetime) -> list[str]:
    cursor.execute(statements.text("schedules_retries"), {"now": now})
    return [str(found[0]) for found in cursor.fetchall()]


def _enqueue(cursor: extensions.cursor, mapping_id: str, trigger: str, after: list[str]) -> str:
    """Queue a run behind these; the id of its log."""
    options = extras.Json({"after": after} if after else {})
    cursor.execute("select glsync.enqueue_run(%s, %s, %s, %s)", (mapping_id, trigger, ACTOR, options))
    return str((cursor.fetchone() or ("",))[0])
