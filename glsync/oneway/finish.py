"""A one-way run from its first page to its report, and the same read as a plan that writes nothing."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from decimal import Decimal

import numpy as np
import structlog
from psycopg2 import extensions

from glsync.ahead import ahead
from glsync.engine import guard
from glsync.engine.memory import NOT_STORED, Hashes, doubled, no_rows
from glsync.engine.prepare import hash_ids, row_ids
from glsync.errors import ContinuationExpired
from glsync.glide import App
from glsync.oneway.read import Read, how, is_unchanged, open_read, prepared
from glsync.oneway.store import note_page, state, store_page
from glsync.postgres import capture, late
from glsync.postgres.target import Compared
from glsync.store import base, problems, runs
from glsync.store.db import transaction
from glsync.store.lease import Lease
from glsync.troubles import MOVED, orphans, refusals
from glsync.values import Counts, Plan, Price, RunReport, SideWrites, Status, Waiting

POINT_READS = 200
"""Rows of a Big Table looked up one by one; beyond, reading it again is quicker."""
POINT_READ_PRICE = Decimal("0.001")

log = structlog.get_logger(__name__)


def sync(connection: extensions.connection, job: runs.Job, lease: Lease, app: App) -> RunReport:
    """Read, store, remember; once more from the first page when Glide has forgotten where we were."""
    source = app.source(job.mapping.glide_table)
    for is_first in (True, False):
        version = source.version()
        with transaction(connection) as cursor:
            lease.check(cursor)
            read = open_read(cursor, job, source, version, may_resume=is_first)
            if is_unchanged(read, source):
                return _report(read, (), "Nothing changed in Glide since the last run")
            runs.note(cursor, job.log_id, how(read), stage="read")
        try:
            if read.has_soft:
                _begin_waiting(connection)
            _read_all(connection, read, lease)
        except ContinuationExpired as error:
            if not is_first:
                raise
            log.info("read starts again", mapping=job.mapping.name, reason=str(error))
            job = replace(job, done=read.counts, paid=read.paid)
            continue
        return _finish(connection, read, lease)
    raise AssertionError("the second read ends or raises")


def _read_all(connection: extensions.connection, read: Read, lease: Lease) -> None:
    with ahead(read.source.pages(read.start)) as pages, ahead(prepared(read, pages)) as ready:
        for page, one in ready:
            lease.go_on()
            store_page(connection, read, lease, page, one)


def plan(connection: extensions.connection, job: runs.Job, app: App) -> Plan:
    """What a run would do now: everything is read and compared, nothing is written or remembered.

    Rows that wait out their grace count as deletes: they are what approving this plan would approve.
    """
    source = app.source(job.mapping.glide_table)
    version = source.version()
    with transaction(connection) as cursor:
        capture.sign(cursor, job.mapping.id)
        return _planned(cursor, open_read(cursor, job, source, version, dry=True))


def _planned(cursor: extensions.cursor, read: Read) -> Plan:
    found, bad = Compared(), 0
    sample: list[str] = []
    with ahead(read.source.pages()) as pages, ahead(prepared(read, pages)) as ready:
        for page, one in ready:
            compared = read.target.compare(cursor, one.batch, read.layout)
            found += compared
            bad += len({each.row_id for each in one.batch.bad})
            sample += compared.sample
            read.paid += page.price
            note_page(read, one)
    mapping = read.job.mapping
    gone = _gone(cursor, read)
    stop = guard.deletes(mapping.id, gone, base=_base_rows(read, gone), left=read.rows, how=mapping.deletes)
    words = f"plan {found.created} {found.updated}"
    return Plan(
        glide=SideWrites(),
        postgres=SideWrites(found.created, found.updated, len(gone)),
        conflicts=0,
        failed=bad + found.refused,
        price=Price(reads=read.paid),
        hash=stop.hash if stop else guard.plan_hash(mapping.id, words, [*gone, *sample]),
        waiting=(stop,) if stop else (),
        samples=tuple({"glide_row_id": row_id} for row_id in sample[: guard.SAMPLE]),
    )


def _gone(cursor: extensions.cursor, read: Read) -> list[str]:
    """Rows of Postgres that a read missed, this one or one before it, and that did not come back."""
    mapping = read.job.mapping
    if mapping.deletes == "keep":
        return []
    absent = {*_vanished(cursor, read), *base.absent_ids(cursor, mapping.id)}
    return read.target.present(cursor, _not_met(read, absent))


def _begin_waiting(connection: extensions.connection) -> None:
    with transaction(connection) as cursor:
        late.begin(cursor)


def _finish(connection: extensions.connection, read: Read, lease: Lease) -> RunReport:
    """The read is complete: rows that came before their parents, rows that went away, what to remember and to tell."""
    mapping = read.job.mapping
    if read.waits:
        _link(connection, read, lease)
    version = read.source.version()
    moved = version != read.kept.glide_version
    with transaction(connection) as cursor:
        lease.check(cursor)
        capture.sign(cursor, mapping.id)
        vanished = _vanished(cursor, read)
    looks_again = bool(vanished) and mapping.delete_grace == 0 and not moved
    reappeared = _reread(read, lease, vanished) if looks_again else frozenset()
    with transaction(connection) as cursor:
        lease.check(cursor)
        capture.sign(cursor, mapping.id)
        base.note_absent(cursor, mapping.id, read.job.log_id, [each for each in vanished if each not in reappeared])
        waiting = () if moved else _take_away(cursor, read, has_absent=read.has_absent or bool(vanished))
        _remember(cursor, read, None if moved else version)
        read.recorder.close(cursor)
        problems.settle(cursor, mapping.id, read.kept.since)
        capture.settle(cursor, mapping.id, read.kept.touches)
        runs.progress(cursor, read.job.log_id, "finish", read.counts, read.paid, read.counts.read)
        if moved and vanished:
            runs.note(cursor, read.job.log_id, MOVED, level="warning")
    return _report(read, waiting, None)


def _link(connection: extensions.connection, read: Read, lease: Lease) -> None:
    """Rows that were stored before their parents get them; those whose parents did not come are told."""
    with transaction(connection) as cursor:
        lease.check(cursor)
        capture.sign(cursor, read.job.mapping.id)
        refused = late.link(cursor, read.target)
        left = late.left(cursor, read.target)
        read.recorder.note(cursor, [*refusals(refused), *orphans(cursor, left)])
    read.unlinked = {each.row_id for each in refused} | {each.row_id for each in left}
    read.counts += Counts(failed=len(read.unlinked))


def _vanished(cursor: extensions.cursor, read: Read) -> list[str]:
    """Row ids of the base that this complete read did not meet."""
    if read.job.mapping.deletes == "keep" or not read.memory.rows:
        return []
    gone = read.memory.vanished()
    return base.names(cursor, read.job.mapping.id, gone) if gone else []


def _reread(read: Read, lease: Lease, vanished: list[str]) -> frozenset[str]:
    """A second look in the same run, for mappings that give a row no grace: which of these are there after all."""
    if read.source.kind == "big" and len(vanished) <= POINT_READS:
        back = frozenset(row_id for row_id in vanished if read.source.exists(row_id))
        read.paid += POINT_READ_PRICE * len(back)  # a row that is not there is none that is read
        return back
    found: set[str] = set()
    with ahead(read.source.pages()) as pages:
        for page in pages:
            lease.go_on()
            found.update(row_ids(page.rows))
            read.paid += page.price
    return frozenset(found)


def _take_away(cursor: extensions.cursor, read: Read, *, has_absent: bool) -> tuple[Waiting, ...]:
    """Delete or mark the rows whose grace is over, unless a guard wants a person to look first."""
    mapping = read.job.mapping
    if mapping.deletes == "keep" or not has_absent:
        return ()
    due = base.absent_due(cursor, mapping.id, mapping.delete_grace)
    away = _not_met(read, due)
    held_here = read.target.present(cursor, away)
    stop = guard.deletes(mapping.id, held_here, base=_base_rows(read, held_here), left=read.rows, how=mapping.deletes)
    if stop and stop.hash != read.job.approved_hash:
        base.forget_absent(cursor, mapping.id, list({*due} - {*away}))
        return (stop,)
    removed = read.target.remove(cursor, held_here)
    if removed.rows:
        capture.tell_children(cursor, mapping.id)
    read.recorder.note(cursor, refusals(removed.refused))
    base.forget_absent(cursor, mapping.id, list({*due} - {each.row_id for each in removed.refused}))
    read.counts += Counts(deleted=removed.rows, failed=len(removed.refused))
    return ()


def _not_met(read: Read, ids: Collection[str]) -> list[str]:
    """Which of these rows this read did not meet, on any page and in whatever state."""
    met = np.concatenate([no_rows(), *_ids_read(read)])
    return [each for each, is_met in zip(ids, np.isin(hash_ids([*ids]), met).tolist(), strict=True) if not is_met]


def _base_rows(read: Read, gone: list[str]) -> int:
    """Rows both sides held, those on their way out included."""
    return max(read.old.rows or 0, read.rows + len(gone))


def _remember(cursor: extensions.cursor, read: Read, version: str | None) -> None:
    mapping_id = read.job.mapping.id
    if read.waits:
        base.keep_digests(cursor, mapping_id, read.pass_, _linked_digests(read))
    if read.has_changes:
        _forget_doubles(cursor, read)
    if read.has_changes or len(read.memory.pages) != read.last_page + 1:
        base.drop_old_pages(cursor, mapping_id, read.last_page)
    now = replace(state(read, glide_version=version, rows=read.rows - read.not_stored), pass_=read.pass_)
    base.save_state(cursor, mapping_id, now, is_full=not read.kept.trusted)
    base.drop_checkpoint(cursor, mapping_id)


def _linked_digests(read: Read) -> dict[int, Hashes]:
    """Page -> its digests, without those of rows that still wait for a parent: the next run looks at them again."""
    left = hash_ids(sorted(read.unlinked))
    return {
        number: np.where(np.isin(read.seen[number], left), np.uint64(NOT_STORED), digests)
        for number, digests in read.waits.items()
    }


def _forget_doubles(cursor: extensions.cursor, read: Read) -> None:
    """A row met on two pages has its last word stored; the digest of an earlier word must not excuse it again."""
    forgotten: dict[int, list[int]] = {}
    for page, row in doubled(_ids_read(read)):
        forgotten.setdefault(page, []).append(row)
    base.forget_rows(cursor, read.job.mapping.id, forgotten)


def _ids_read(read: Read) -> list[Hashes]:
    """The id hashes of each page as this read found it."""
    before = {page.number: page.id_hashes for page in read.memory.pages}
    found = (read.seen.get(number, before.get(number)) for number in range(read.last_page + 1))
    return [no_rows() if hashes is None else hashes for hashes in found]


def _report(read: Read, waiting: tuple[Waiting, ...], message: str | None) -> RunReport:
    counts = read.counts
    status: Status = "completed_with_errors" if counts.failed else "completed"
    told = message or _told(read, waiting)
    return RunReport(read.job.log_id, status, told, counts, 0.0, Price(read.paid), waiting)


def _told(read: Read, waiting: tuple[Waiting, ...]) -> str:
    counts = read.counts
    parts = [
        f"{number:,} {word}"
        for number, word in (
            (counts.created, "created"),
            (counts.updated, "updated"),
            (counts.deleted, "deleted"),
            (counts.failed, "held back"),
            (read.outside, "left out by the filter"),
        )
        if number
    ]
    said = f"{counts.read:,} rows read: {', '.join(parts) or 'nothing to write'}"
    return f"{said}; {waiting[0].reason}" if waiting else said
