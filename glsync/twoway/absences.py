"""Rows the read of Glide did not meet: which of them are gone, and what a read may say about rows it did not meet.

One read proves little: rows of a classic table move from page to page while people edit, and some are met on none.
"""

from __future__ import annotations

from psycopg2 import extensions

from glsync.engine.prepare import row_ids
from glsync.store import base, links, runs
from glsync.store.db import transaction
from glsync.store.lease import Lease
from glsync.troubles import MOVED
from glsync.twoway.observe import POINT_READ_PRICE, POINT_READS, Run


def proven_gone(connection: extensions.connection, run: Run, lease: Lease | None) -> frozenset[str]:
    """Linked rows that are not in Glide any more, and that is certain.

    A read that moved proves nothing. Away once is not gone: the grace must be over, and a second look must not find the
    row either. A plan (no lease) does not begin anybody's grace.
    """
    mapping = run.job.mapping
    with transaction(connection) as cursor:
        missing = links.missing_in_glide(cursor, mapping.id)
        if lease is not None:
            lease.check(cursor)
            base.forget_back(cursor, mapping.id)
        if run.moved and missing and lease is not None:
            runs.note(cursor, run.job.log_id, MOVED, level="warning")
        if run.moved or not missing:
            return frozenset()
        if lease is not None:
            base.note_absent(cursor, mapping.id, run.job.log_id, missing)
        due = set(missing)
        if mapping.delete_grace:
            due &= set(base.absent_due(cursor, mapping.id, mapping.delete_grace))
    return frozenset(due - _there_after_all(connection, run, due))


def _there_after_all(connection: extensions.connection, run: Run, ids: set[str]) -> set[str]:
    """Which of these a second look finds, or cannot deny."""
    if not ids:
        return set()
    if run.source.kind == "big":
        looked = sorted(ids) if len(ids) <= POINT_READS else []  # no version moved: so many are gone as the read says
        found = {row_id for row_id in looked if run.source.exists(row_id)}
        run.reads += POINT_READ_PRICE * len(found)
        return found
    if run.job.mapping.delete_grace and run.pages == 1:  # whole in one answer, twice, a grace apart
        return set()
    again, is_same = _read_once_more(connection, run)
    return ids & again if is_same else ids


def is_whole(connection: extensions.connection, run: Run) -> bool:
    """Did the last read meet every row? One that moved from page to page meanwhile is there and was not met.

    A Big Table's version says so; a classic table has none, and is read once more unless it came in one answer.
    """
    if run.moved or run.source.kind == "big":
        return not run.moved
    return run.pages == 1 or _read_once_more(connection, run)[1]


def may_miss(connection: extensions.connection, run: Run) -> bool:
    """Do both sides' rows meet for the first time, while the read of Glide may not have met them all?

    A row of Postgres whose counterpart was not met would be made in Glide, where it is already.
    """
    mapping = run.job.mapping
    with transaction(connection) as cursor:
        is_first = not links.count(cursor, mapping.id)
        if not is_first or not run.sides.has_unmet(cursor, by_key=bool(mapping.match_key)):
            return False
    return not is_whole(connection, run)


def _read_once_more(connection: extensions.connection, run: Run) -> tuple[set[str], bool]:
    """The names of Glide's rows by another read, and whether they are those of the last one."""
    again: list[str] = []
    for page in run.source.pages():
        run.reads += page.price
        again += row_ids(page.rows)
    met = set(again)
    with transaction(connection) as cursor:
        return met, run.sides.glide_ids(cursor) == met and len(met) == len(again)
