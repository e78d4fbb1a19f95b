"""One run, told from top to bottom.

    lease · preflight · observe Glide page by page · store what is new · rows that went away · guard · remember · report

Pages come ready from two threads ahead: one fetches, one reads and compares with the base; this one writes. A page, the
base's memory of it, the counts and the place to go on from are one transaction, so a run may be killed anywhere.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, tzinfo
from decimal import Decimal
from hashlib import sha256
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
import structlog
from psycopg2 import extensions

from glsync.ahead import ahead
from glsync.engine import guard
from glsync.engine.memory import BasePage, Hashes, Memory, doubled, no_rows
from glsync.engine.prepare import Prepared, prepare, row_ids, without
from glsync.engine.transform import Batch, Layout, layout
from glsync.errors import (
    Cancelled,
    ConfigError,
    ContinuationExpired,
    DatabaseError,
    GlideBusy,
    GlideError,
    Interrupted,
    InvalidMapping,
    SyncError,
)
from glsync.glide import App, Page, Source, open_glide
from glsync.postgres import capture
from glsync.postgres.target import Refusal, Stored, Target, open_target
from glsync.store import base, db, problems, runs
from glsync.store.lease import Lease, held
from glsync.values import BadCell, Counts, Plan, Price, Problem, RunReport, SideWrites, Status, Waiting

VERIFY_HOURS = 24.0
"""How long digests excuse a row from being compared with Postgres; then a run compares every row once."""
PROGRESS_SECONDS = 0.5
"""Between two commits of mere progress, while pages bring nothing new."""
PAGE_TRIES = 3
POINT_READS = 200
"""Rows of a Big Table looked up one by one; beyond, reading it again is quicker."""
POINT_READ_PRICE = Decimal("0.001")

log = structlog.get_logger(__name__)


def run(log_id: UUID) -> RunReport:
    """Do the run behind this log and end its log, whatever happens.

    Raises:
        AlreadyRunning: another process works on the mapping; the log is left as it was.
        Interrupted: this process is stopping; the log stays open for whoever carries on.
        SyncError: the run failed; the log says the same.
    """
    started = time.monotonic()
    with closing(db.open_connection("glsync run")) as connection:
        with transaction(connection) as cursor:
            mapping_id, name = runs.mapping_of(cursor, log_id)
        with held(mapping_id, log_id, name) as lease:
            try:
                return _run(connection, log_id, lease, started)
            except Interrupted:  # not an end: the log stays open for the worker that carries on
                raise
            except BaseException as error:
                _fail(log_id, mapping_id, error, time.monotonic() - started)
                raise


def plan(mapping_id: UUID) -> Plan:
    """What a run would do now. Reads Glide and compares; writes nothing, remembers nothing.

    Raises:
        SyncError: as `run`.
    """
    with closing(db.open_connection("glsync plan")) as connection, transaction(connection) as cursor:
        job = runs.of_mapping(cursor, mapping_id)
        _preflight(cursor, job)
        with open_glide(job.connection) as app:
            read = _open_read(cursor, job, app.source(job.mapping.glide_table), dry=True)
            return _planned(cursor, read)


@contextmanager
def transaction(connection: extensions.connection) -> Iterator[extensions.cursor]:
    """One transaction: committed at the end, rolled back by an exception; driver errors become ours."""
    with db.wrapped(), connection, connection.cursor() as cursor:
        yield cursor


# --- the run ---------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Read:
    """A read of Glide under way: what it goes by, and what it has seen and stored so far."""

    job: runs.Job
    source: Source
    target: Target
    layout: Layout
    memory: Memory
    kept: base.ReadState
    pass_: int
    old: base.State
    first_page: int = 0
    start: str | None = None
    is_empty_target: bool = False
    has_absent: bool = False
    counts: Counts = field(default_factory=Counts)
    paid: Decimal = Decimal(0)
    seen: dict[int, Hashes] = field(default_factory=dict)
    rows: int = 0
    last_page: int = -1
    has_changes: bool = False
    committed: float = 0.0
    recorder: problems.Recorder = field(init=False)

    def __post_init__(self) -> None:
        self.recorder = problems.Recorder(self.job.mapping.id, self.job.log_id)


def _run(connection: extensions.connection, log_id: UUID, lease: Lease, started: float) -> RunReport:
    with transaction(connection) as cursor:
        job = runs.load(cursor, log_id)
        if not runs.begin(cursor, job, lease.epoch):
            return RunReport(log_id, job.status, "This run had already ended", job.done, 0.0, Price(job.paid))
    with transaction(connection) as cursor:
        _preflight(cursor, job)
    with open_glide(job.connection, pause=lambda seconds, error: lease.wait(seconds, _waiting(seconds, error))) as app:
        report = _sync(connection, job, lease, app)
        report = replace(report, seconds=time.monotonic() - started)
        with transaction(connection) as cursor:
            runs.end(cursor, report)
            runs.spend(cursor, job.connection.id, report.price, app.client.calls)
    log.info("run ended", log=str(log_id), mapping=job.mapping.name, status=report.status, message=report.message)
    return report


def _preflight(cursor: extensions.cursor, job: runs.Job) -> None:
    """Refuse what cannot work before anything is read or written."""
    mapping = job.mapping
    if not mapping.enabled:
        raise ConfigError(f"Mapping {mapping.name!r} is switched off", hint="Activate it on the mapping's page.")
    if mapping.direction != "to_supabase":
        raise ConfigError(
            f"Mapping {mapping.name!r} writes to Glide, which this version does not do yet",
            hint="Choose the direction to_supabase.",
        )
    cursor.execute("select is_valid, validation_message from public.gl_validate_column_mapping(%s)", (str(mapping.id),))
    found = [Problem("error", message) for is_valid, message in cursor.fetchall() if not is_valid]
    if found:
        raise InvalidMapping(mapping.name, found)


def _sync(connection: extensions.connection, job: runs.Job, lease: Lease, app: App) -> RunReport:
    """Read, store, remember; once more from the first page when Glide has forgotten where we were."""
    source = app.source(job.mapping.glide_table)
    for may_resume in (True, False):
        with transaction(connection) as cursor:
            lease.check(cursor)
            read = _open_read(cursor, job, source, may_resume=may_resume)
            if _is_unchanged(read, source):
                return _report(read, (), "Nothing changed in Glide since the last run")
            runs.note(cursor, job.log_id, _how(read), stage="read")
        try:
            _read_all(connection, read, lease)
        except ContinuationExpired as error:
            if not read.start:
                raise
            log.info("read starts again", mapping=job.mapping.name, reason=str(error))
            job = replace(job, done=read.counts, paid=read.paid)
            continue
        return _finish(connection, read, lease)
    raise AssertionError("the second read has no continuation to lose")


def _read_all(connection: extensions.connection, read: Read, lease: Lease) -> None:
    with ahead(read.source.pages(read.start)) as pages, ahead(_prepared(read, pages)) as ready:
        for page, prepared in ready:
            lease.go_on()
            _store(connection, read, lease, page, prepared)


def _prepared(read: Read, pages: Iterator[Page]) -> Iterator[tuple[Page, Prepared]]:
    for number, page in enumerate(pages, start=read.first_page):
        yield replace(page, rows=[]), prepare(page.rows, number, read.pass_, read.memory, read.layout)


# --- opening a read --------------------------------------------------------------------------------------------------


def _open_read(
    cursor: extensions.cursor, job: runs.Job, source: Source, *, may_resume: bool = True, dry: bool = False
) -> Read:
    """Decide what this read may rely on: where to go on from, which rows are known, whether to compare in full."""
    mapping = job.mapping
    target = open_target(cursor, mapping)
    rows = _layout(job, target)
    scope = _scope(job, target)
    is_watched = capture.watch(cursor, target) if not dry else capture.is_watched(cursor, target)
    touches = capture.touches(cursor, mapping.id)
    old = base.state(cursor, mapping.id, VERIFY_HOURS)
    is_same = old.table_oid == target.oid and old.scope == scope
    pages = base.pages(cursor, mapping.id)
    version = source.version()
    point = base.checkpoint(cursor, mapping.id) if may_resume and not dry else None
    if point and _can_resume(point, old, target, scope, version, touches):
        return _resumed(job, source, target, rows, old, point, pages)
    trusted = is_watched and is_same and old.complete and old.is_fresh and not touches and not job.options.get("full")
    return Read(
        job=job,
        source=source,
        target=target,
        layout=rows,
        memory=Memory(pages, trusted=trusted),
        kept=base.ReadState(runs.moment(cursor), scope, target.oid, trusted, touches, version),
        pass_=old.pass_ + 1,
        old=old,
        is_empty_target=target.is_empty(cursor),
        has_absent=base.absent(cursor, mapping.id) > 0,
        counts=job.done,
        paid=job.paid,
    )


def _can_resume(
    point: base.Checkpoint, old: base.State, target: Target, scope: str, version: str | None, touches: list[str]
) -> bool:
    kept = point.state
    is_same = kept.table_oid == target.oid and kept.scope == scope and kept.glide_version == version
    return is_same and point.pass_ == old.pass_ + 1 and (not kept.trusted or not touches)


def _resumed(
    job: runs.Job,
    source: Source,
    target: Target,
    rows: Layout,
    old: base.State,
    point: base.Checkpoint,
    pages: list[BasePage],
) -> Read:
    """Go on where a run broke off: its pages count as seen, the rest of the base is as it was before it."""
    ours = {page.number: page for page in pages if page.pass_ == point.pass_}
    memory = Memory([page for page in pages if page.pass_ < point.pass_], trusted=point.state.trusted)
    before = {page.number: page for page in memory.pages}
    seen = {}
    for number in range(point.page + 1):
        if number in ours:
            memory.supersede(ours[number].id_hashes)
            seen[number] = ours[number].id_hashes
        elif number in before:
            memory.see_page(number)
            seen[number] = before[number].id_hashes
    is_ours = point.log_id == job.log_id
    return Read(
        job=job, source=source, target=target, layout=rows, memory=memory, kept=point.state, pass_=point.pass_, old=old,
        first_page=point.page + 1, start=point.continuation, counts=job.done if is_ours else Counts(), paid=job.paid,
        seen=seen, rows=sum(map(len, seen.values())), last_page=point.page, has_changes=bool(ours), has_absent=True,
    )  # fmt: skip


def _is_unchanged(read: Read, source: Source) -> bool:
    """Glide's version says that nothing can have changed since a read that met everything and stored all of it."""
    old, version = read.old, read.kept.glide_version
    is_retry = read.job.options.get("full") or read.start or read.has_absent or read.memory.has_gaps
    return bool(
        source.kind == "big" and version and version == old.glide_version and read.kept.trusted and not is_retry
    )


def _layout(job: runs.Job, target: Target) -> Layout:
    try:
        return layout(target.pairs, target.types, _zone(job))
    except ValueError as error:
        raise InvalidMapping(job.mapping.name, [Problem("error", str(error))]) from error


def _scope(job: runs.Job, target: Target) -> str:
    """What the digests were made for: another scope means that equal raw rows may be stored otherwise."""
    pairs = [(pair.glide_id, pair.column, pair.kind, target.types[pair.column], pair.rule) for pair in target.pairs]
    parts = (job.mapping.glide_table, job.connection.app_id, job.mapping.filter, str(_zone(job)), pairs)
    return sha256(msgspec.json.encode(parts)).hexdigest()[:32]


def _zone(job: runs.Job) -> tzinfo:
    """The zone of date-times without an offset, from the connection's settings; UTC when it names none."""
    name = job.connection.settings.get("timezone")
    if not name or name == "UTC":
        return UTC
    try:
        return ZoneInfo(str(name))
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ConfigError(f"Connection {job.connection.name!r} names an unknown time zone: {name!r}") from error


def _how(read: Read) -> str:
    if read.start:
        return f"Carrying on after page {read.first_page:,}, where an earlier run broke off"
    if read.kept.trusted:
        return "Reading Glide; rows that say what they said last time are skipped"
    return "Reading Glide; every row is compared with Postgres"


# --- storing a page --------------------------------------------------------------------------------------------------


def _store(connection: extensions.connection, read: Read, lease: Lease, page: Page, prepared: Prepared) -> None:
    """One page into Postgres, with everything that must not be remembered without it."""
    for tries_left in reversed(range(PAGE_TRIES)):
        try:
            with transaction(connection) as cursor:
                after = _store_once(cursor, read, lease, page, prepared)
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


def _store_once(
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
        base.save_state(cursor, read.job.mapping.id, replace(_state(read), complete=False), is_full=False)
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


def _state(read: Read, *, glide_version: str | None = None, rows: int | None = None) -> base.State:
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


# --- the end of a read -----------------------------------------------------------------------------------------------


def _finish(connection: extensions.connection, read: Read, lease: Lease) -> RunReport:
    """The read is complete: rows that went away, what to remember, what to tell."""
    mapping = read.job.mapping
    version = read.source.version()
    moved = version != read.kept.glide_version
    with transaction(connection) as cursor:
        lease.check(cursor)
        capture.sign(cursor, mapping.id)
        vanished = _vanished(cursor, read)
    reappeared = _reread(read, lease, vanished) if vanished and mapping.delete_grace == 0 else frozenset()
    with transaction(connection) as cursor:
        lease.check(cursor)
        capture.sign(cursor, mapping.id)
        waiting = () if moved else _take_away(cursor, read, [each for each in vanished if each not in reappeared])
        _remember(cursor, read, None if moved else version)
        read.recorder.close(cursor)
        problems.settle(cursor, mapping.id, read.kept.since)
        capture.settle(cursor, mapping.id, read.kept.touches)
        runs.progress(cursor, read.job.log_id, "finish", read.counts, read.paid, read.counts.read)
        if moved and vanished:
            runs.note(
                cursor, read.job.log_id, "Glide changed while it was read: no row counts as gone", level="warning"
            )
    return _report(read, waiting, None)


def _vanished(cursor: extensions.cursor, read: Read) -> list[str]:
    """Row ids of the base that this complete read did not meet."""
    if read.job.mapping.deletes == "keep" or not read.memory.rows:
        return []
    gone = read.memory.vanished()
    return base.names(cursor, read.job.mapping.id, gone) if gone else []


def _reread(read: Read, lease: Lease, vanished: list[str]) -> frozenset[str]:
    """A second look in the same run, for mappings that give a row no grace: which of these are there after all."""
    if read.source.kind == "big" and len(vanished) <= POINT_READS:
        read.paid += POINT_READ_PRICE * len(vanished)
        return frozenset(row_id for row_id in vanished if read.source.exists(row_id))
    found: set[str] = set()
    with ahead(read.source.pages()) as pages:
        for page in pages:
            lease.go_on()
            found.update(row_ids(page.rows))
            read.paid += page.price
    return frozenset(found)


def _take_away(cursor: extensions.cursor, read: Read, vanished: list[str]) -> tuple[Waiting, ...]:
    """Delete or mark the rows whose grace is over, unless a guard wants a person to look first."""
    mapping = read.job.mapping
    if mapping.deletes == "keep":
        return ()
    if vanished:
        base.note_absent(cursor, mapping.id, read.job.log_id, vanished)
    if not vanished and not read.has_absent:
        return ()
    due = base.absent_due(cursor, mapping.id, mapping.delete_grace)
    held_here = read.target.present(cursor, due)
    stop = guard.deletes(mapping.id, held_here, base=_base_rows(read, held_here), left=read.rows, how=mapping.deletes)
    if stop and stop.hash != read.job.approved_hash:
        return (stop,)
    removed = read.target.remove(cursor, held_here)
    base.forget_absent(cursor, mapping.id, due)
    read.counts += Counts(deleted=removed)
    return ()


def _base_rows(read: Read, gone: list[str]) -> int:
    """Rows both sides held, those on their way out included."""
    return max(read.old.rows or 0, read.memory.rows, read.rows + len(gone))


def _remember(cursor: extensions.cursor, read: Read, version: str | None) -> None:
    mapping_id = read.job.mapping.id
    if read.has_changes:
        _forget_doubles(cursor, read)
    if read.has_changes or len(read.memory.pages) != read.last_page + 1:
        base.drop_old_pages(cursor, mapping_id, read.last_page)
    state = _state(read, glide_version=version, rows=read.rows)
    base.save_state(cursor, mapping_id, replace(state, pass_=read.pass_), is_full=not read.kept.trusted)
    base.drop_checkpoint(cursor, mapping_id)


def _forget_doubles(cursor: extensions.cursor, read: Read) -> None:
    """A row met on two pages has its last word stored; the digest of an earlier word must not excuse it again."""
    before = {page.number: page.id_hashes for page in read.memory.pages}
    order = range(read.last_page + 1)
    hashes = [
        found if (found := read.seen.get(number, before.get(number))) is not None else no_rows() for number in order
    ]
    forgotten: dict[int, list[int]] = {}
    for page, row in doubled(hashes):
        forgotten.setdefault(page, []).append(row)
    base.forget_rows(cursor, read.job.mapping.id, forgotten)


# --- how it ended ----------------------------------------------------------------------------------------------------


def _report(read: Read, waiting: tuple[Waiting, ...], message: str | None) -> RunReport:
    counts = read.counts
    status: Status = "completed_with_errors" if counts.failed else "completed"
    return RunReport(read.job.log_id, status, message or _told(counts, waiting), counts, 0.0, Price(read.paid), waiting)


def _told(counts: Counts, waiting: tuple[Waiting, ...]) -> str:
    parts = [
        f"{number:,} {word}"
        for number, word in (
            (counts.created, "created"),
            (counts.updated, "updated"),
            (counts.deleted, "deleted"),
            (counts.failed, "failed"),
        )
        if number
    ]
    said = f"{counts.read:,} rows read: {', '.join(parts) or 'nothing to write'}"
    return f"{said}; {waiting[0].reason}" if waiting else said


def _waiting(seconds: float, error: GlideError) -> str:
    why = "Glide asked us to slow down" if isinstance(error, GlideBusy) else str(error)
    return f"Waiting {seconds:.0f} s before the next try: {why}"


def _fail(log_id: UUID, mapping_id: UUID, error: BaseException, seconds: float) -> None:
    """End the log of a run that broke off, over a connection of its own: the run's may be what broke."""
    known = error if isinstance(error, SyncError) else None
    status: Status = "cancelled" if isinstance(error, Cancelled) else "failed"
    message = str(known) if known else f"Unexpected {type(error).__name__}; see the worker's log"
    report = RunReport(log_id, status, message, Counts(), seconds, Price())
    kind = known.type if known else "INTERNAL_ERROR"
    hint = known.hint if known else "Run again; if it stays, report it with this run's id."
    if known is None:
        log.error("run broke off", log=str(log_id), exc_info=error)
    try:
        with db.connect("glsync run end") as connection, connection.cursor() as cursor:
            runs.end(cursor, report, error_type=kind, hint=hint)
            if status == "failed":
                trouble = problems.Trouble(kind, message, hint=hint, retryable=bool(known and known.retryable))
                problems.Recorder(mapping_id, log_id).note(cursor, [trouble])
    except DatabaseError as unreachable:  # the sweep of a worker ends this log later
        log.exception("run's end not noted", log=str(log_id), reason=str(unreachable))


def _planned(cursor: extensions.cursor, read: Read) -> Plan:
    """Read everything, compare, count; the transaction is rolled back by nobody because nothing was written."""
    created = updated = failed = 0
    sample: list[str] = []
    with ahead(read.source.pages()) as pages, ahead(_prepared(read, pages)) as ready:
        for page, prepared in ready:
            new, changed, some = read.target.compare(cursor, prepared.batch, read.layout)
            created, updated = created + new, updated + changed
            failed += len({each.row_id for each in prepared.batch.bad})
            sample += some
            read.paid += page.price
            read.rows += prepared.rows
    gone = read.target.present(cursor, _vanished(cursor, read))
    mapping = read.job.mapping
    stop = guard.deletes(mapping.id, gone, base=_base_rows(read, gone), left=read.rows, how=mapping.deletes)
    return Plan(
        glide=SideWrites(),
        postgres=SideWrites(created, updated, len(gone)),
        conflicts=0,
        failed=failed,
        price=Price(reads=read.paid),
        hash=stop.hash if stop else guard.plan_hash(mapping.id, f"plan {created} {updated}", [*gone, *sample]),
        waiting=(stop,) if stop else (),
        samples=tuple({"glide_row_id": row_id} for row_id in sample[: guard.SAMPLE]),
    )
