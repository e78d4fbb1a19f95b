"""Storing a page: its rows, their errors, what to remember of it, the counts and the place, in one transaction."""

from __future__ import annotations

import time
from dataclasses import replace
from decimal import Decimal

import structlog
from psycopg2 import extensions

from glsync.engine.memory import Hashes
from glsync.engine.prepare import Prepared, without
from glsync.engine.transform import Batch
from glsync.errors import DatabaseError
from glsync.glide import Page
from glsync.oneway.read import Read
from glsync.postgres import capture, late
from glsync.postgres.target import Stored
from glsync.store import base, runs, together
from glsync.store.lease import Lease
from glsync.troubles import bad_cells, orphans, refusals
from glsync.values import Counts

PROGRESS_SECONDS = 0.5
"""Between two commits of mere progress, while pages bring nothing new."""
PAGE_TRIES = 3

log = structlog.get_logger(__name__)


def store_page(connection: extensions.connection, read: Read, lease: Lease, page: Page, prepared: Prepared) -> None:
    """One page into Postgres, with everything that must not be remembered without it."""
    for tries_left in reversed(range(PAGE_TRIES)):
        try:
            with together.transaction(connection) as cursor:
                after = _once(cursor, read, lease, page, prepared)
        except DatabaseError as error:
            if not tries_left or not error.retryable or connection.closed:
                raise
            log.info("page is tried again", page=prepared.number, reason=str(error))
            continue
        read.not_stored += after[0].failed - read.counts.failed + len(prepared.batch.outside)
        read.outside += len(prepared.batch.outside)
        read.counts, read.paid = after[:2]
        if after[2] is not None:
            read.waits[prepared.number] = after[2]
        break
    note_page(read, prepared)


def note_page(read: Read, prepared: Prepared) -> None:
    """This page was met."""
    read.rows += prepared.rows
    read.last_page = prepared.number
    if prepared.page is not None:
        read.seen[prepared.number] = prepared.page.id_hashes
        read.has_changes = True


def _once(
    cursor: extensions.cursor, read: Read, lease: Lease, page: Page, prepared: Prepared
) -> tuple[Counts, Decimal, Hashes | None]:
    """One page; the counts and the price after it, and its digests where rows on it wait for a parent."""
    paid = read.paid + page.price
    if prepared.page is None:
        counts = read.counts + Counts(read=prepared.rows, skipped=prepared.rows)
        if time.monotonic() - read.committed > PROGRESS_SECONDS:
            lease.check(cursor)
            _mark_place(cursor, read, lease, page, prepared, counts, paid)
        return counts, paid, None
    capture.sign(cursor, read.job.mapping.id)
    lease.check(cursor)
    stored = _write(cursor, read, prepared.batch)
    batch = prepared.batch
    held = [each for each in stored.unlinked if each.is_held]
    read.recorder.note(cursor, [*bad_cells(batch), *refusals(stored.refused), *orphans(cursor, held)])
    failed = {each.row_id for each in batch.bad} | {each.row_id for each in stored.refused}
    failed |= {each.row_id for each in held}
    failures = len(failed - {""}) + sum(not each.row_id for each in batch.bad)  # rows without an id are one each
    if not read.has_changes:
        base.save_state(cursor, read.job.mapping.id, replace(state(read), complete=False), is_full=False)
    known = without(prepared, failed)
    waiting = {each.row_id for each in stored.unlinked} - failed
    base.save_page(cursor, read.job.mapping.id, without(prepared, failed | waiting) if waiting else known)
    if read.has_soft:
        late.add(cursor, read.target, batch.ids, [each for each in stored.unlinked if each.row_id not in failed])
    if read.has_absent:
        base.forget_absent(cursor, read.job.mapping.id, [*batch.ids, *batch.outside])
    skipped = prepared.rows - stored.created - stored.updated - failures
    counts = read.counts + Counts(prepared.rows, stored.created, stored.updated, 0, skipped, failures)
    _mark_place(cursor, read, lease, page, prepared, counts, paid)
    return counts, paid, known.digests if waiting else None


def _write(cursor: extensions.cursor, read: Read, batch: Batch) -> Stored:
    if not batch.lines:
        return Stored()
    if read.is_empty_target and (loaded := read.target.load(cursor, batch, read.layout)):
        return loaded
    return read.target.store(cursor, batch, read.layout)


def _mark_place(
    cursor: extensions.cursor, read: Read, lease: Lease, page: Page, prepared: Prepared, counts: Counts, paid: Decimal
) -> None:
    expected = max(read.old.rows or 0, counts.read) or None
    runs.progress(cursor, read.job.log_id, "write", counts, paid, expected)
    if page.next:
        base.save_checkpoint(
            cursor, read.job.mapping.id, read.job.log_id, lease.epoch, read.pass_, prepared.number, page.next, read.kept
        )
    read.committed = time.monotonic()


def state(read: Read, *, glide_version: str | None = None, rows: int | None = None) -> base.State:
    return base.State(
        read.target.oid, read.kept.scope, read.pass_ - 1, complete=True, glide_version=glide_version, rows=rows
    )
