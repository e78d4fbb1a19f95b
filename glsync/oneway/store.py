"""Storing a page: its rows, their errors, what to remember of it, the counts and the place, in one transaction."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import structlog
from psycopg2 import extensions

from glsync.engine.prepare import Prepared, without
from glsync.engine.transform import Batch
from glsync.errors import DatabaseError
from glsync.glide import Page
from glsync.oneway.read import Read
from glsync.postgres import capture
from glsync.postgres.target import Refusal, Stored
from glsync.store import base, problems, runs
from glsync.store.db import transaction
from glsync.store.lease import Lease
from glsync.values import BadCell, Counts

PROGRESS_SECONDS = 0.5
"""Between two commits of mere progress, while pages bring nothing new."""
PAGE_TRIES = 3

log = structlog.get_logger(__name__)


def store_page(connection: extensions.connection, read: Read, lease: Lease, page: Page, prepared: Prepared) -> None:
    """One page into Postgres, with everything that must not be remembered without it."""
    for tries_left in reversed(range(PAGE_TRIES)):
        try:
            with transaction(connection) as cursor:
                after = _once(cursor, read, lease, page, prepared)
        except DatabaseError as error:
            if not tries_left or not error.retryable or connection.closed:
                raise
            log.info("page is tried again", page=prepared.number, reason=str(error))
            continue
        read.counts, read.paid = after
        break
    read.rows += prepared.rows
    read.last_page = prepared.number
    if prepared.page is not None:
        read.seen[prepared.number] = prepared.page.id_hashes
        read.has_changes = True


def _once(
    cursor: extensions.cursor, read: Read, lease: Lease, page: Page, prepared: Prepared
) -> tuple[Counts, Decimal]:
    paid = read.paid + page.price
    if prepared.page is None:
        counts = read.counts + Counts(read=prepared.rows, skipped=prepared.rows)
        if time.monotonic() - read.committed > PROGRESS_SECONDS:
            lease.check(cursor)
            _mark_place(cursor, read, lease, page, prepared, counts, paid)
        return counts, paid
    lease.check(cursor)
    capture.sign(cursor, read.job.mapping.id)
    stored = _write(cursor, read, prepared.batch)
    batch = prepared.batch
    troubles = [*_bad_cells(batch), *_refusals(stored.refused)]
    read.recorder.note(cursor, troubles)
    failed = {each.row_id for each in batch.bad} | {each.row_id for each in stored.refused}
    if not read.has_changes:
        base.save_state(cursor, read.job.mapping.id, replace(state(read), complete=False), is_full=False)
    base.save_page(cursor, read.job.mapping.id, without(prepared.page, failed))
    if read.has_absent:
        base.forget_absent(cursor, read.job.mapping.id, batch.ids)
    skipped = prepared.rows - stored.created - stored.updated - len(failed)
    counts = read.counts + Counts(prepared.rows, stored.created, stored.updated, 0, skipped, len(failed))
    _mark_place(cursor, read, lease, page, prepared, counts, paid)
    return counts, paid


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


def _bad_cells(batch: Batch) -> Iterator[problems.Trouble]:
    for bad in batch.bad:
        said = f"Row {bad.row_id or '(without an id)'}, column {bad.column}: {bad.value!r} is not {bad.rule}"
        yield _trouble(bad, said, batch.bad_rows.get(bad.row_id))


def _trouble(bad: BadCell, message: str, record: object) -> problems.Trouble:
    return problems.Trouble(
        type=bad.type,
        message=message,
        row_id=bad.row_id or None,
        column_name=bad.column,
        value=bad.value,
        rule=bad.rule,
        hint="Correct the cell in Glide, or map the column to a type that holds it; then press Retry.",
        retryable=True,
        record=record,
    )


def _refusals(refused: list[Refusal]) -> Iterator[problems.Trouble]:
    for row in refused:
        yield problems.Trouble(
            type=row.type,
            message=f"Row {row.row_id}: Postgres refused it: {row.message}",
            row_id=row.row_id,
            column_name=row.column,
            rule=row.rule,
            hint="The row waits and is tried again by every run."
            if row.type == "RELATIONSHIP"
            else "Correct the row in Glide or the rule in Postgres; then press Retry.",
            retryable=True,
            record={"$rowID": row.row_id},
        )
