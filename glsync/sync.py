"""One run, told from top to bottom.

    lease · preflight · observe Glide page by page · store what is new · rows that went away · guard · remember · report

Pages come ready from two threads ahead: one fetches, one reads and compares with the base; this one writes. A page, the
base's memory of it, the counts and the place to go on from are one transaction, so a run may be killed anywhere.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from uuid import UUID

import structlog
from psycopg2 import extensions

from glsync import oneway, shapes, twoway
from glsync.engine import rules
from glsync.errors import (
    Cancelled,
    ConfigError,
    DatabaseError,
    GlideBusy,
    GlideError,
    GlideRefusedToken,
    Interrupted,
    InvalidMapping,
    SyncError,
)
from glsync.glide import App, open_glide
from glsync.store import certificates, db, identity, problems, runs, schedules
from glsync.store.db import transaction
from glsync.store.lease import Lease, held, sign
from glsync.values import Counts, Plan, Price, Problem, RowWhy, RunReport, Status, UndoPlan

log = structlog.get_logger(__name__)

Way = Callable[[extensions.connection, runs.Job, Lease, App], RunReport]


def run(log_id: UUID) -> RunReport:
    """Do the run behind this log and end its log, whatever happens.

    Raises:
        AlreadyRunning: another process works on the mapping; the log is left as it was.
        Interrupted: this process is stopping; the log stays open for whoever carries on.
        SyncError: the run failed; the log says the same.
    """
    started = time.monotonic()
    with closing(db.own_connection("glsync run", "a run")) as connection:
        with transaction(connection) as cursor:
            mapping_id, name = runs.mapping_of(cursor, log_id)
            sign(cursor, mapping_id)
        with held(mapping_id, log_id, name) as lease:
            try:
                return _run(connection, log_id, lease, started)
            except Interrupted:  # not an end: the log stays open for the worker that carries on
                raise
            except BaseException as error:
                _fail(lease, error, time.monotonic() - started)
                raise


def plan(mapping_id: UUID) -> Plan:
    """What a run would do now. Reads Glide and compares; writes nothing, remembers nothing.

    Raises:
        SyncError: as `run`.
    """
    with closing(db.own_connection("glsync plan", "a plan")) as connection:
        with transaction(connection) as cursor:
            job = runs.of_mapping(cursor, mapping_id)
            _preflight(cursor, job)
        with open_glide(job.connection) as app:
            job = shapes.adapted(connection, job, app, dry=True)
            if is_streamed(job):
                return oneway.plan(connection, job, app)
            return twoway.plan(connection, job, app)


def plan_undo(log_id: UUID) -> UndoPlan:
    """What undoing this run would do now. Looks at the rows it wrote; writes nothing, remembers nothing.

    Raises:
        SyncError: as `run`; ConfigError when history does not know the run any more.
    """
    with closing(db.own_connection("glsync plan", "a plan")) as connection:
        with transaction(connection) as cursor:
            job = runs.of_mapping(cursor, runs.mapping_of(cursor, log_id)[0])
        with open_glide(job.connection) as app:
            return twoway.undo.plan(connection, shapes.adapted(connection, job, app, dry=True), app, log_id)


def explain(mapping_id: UUID, row: str) -> RowWhy:
    """One row, by its id in Glide or its key in Postgres, as a run would see it now; nothing is written.

    Raises:
        SyncError: as `run`.
    """
    with closing(db.own_connection("glsync explain", "an explanation")) as connection:
        with transaction(connection) as cursor:
            job = runs.of_mapping(cursor, mapping_id)
        with open_glide(job.connection) as app:
            return twoway.explain.look(connection, shapes.adapted(connection, job, app, dry=True), app, row)


def _run(connection: extensions.connection, log_id: UUID, lease: Lease, started: float) -> RunReport:
    with transaction(connection) as cursor:
        job = runs.load(cursor, log_id)
        if not runs.begin(cursor, job, lease.epoch):
            return RunReport(log_id, job.status, "This run had already ended", job.done, 0.0, Price(job.paid))
    with transaction(connection) as cursor:
        identity.refuse_copy(cursor)
        identity.refuse_copied_mapping(cursor, job.mapping.id, job.mapping.name)
        _preflight(cursor, job)
        job = replace(job, stood=certificates.doubt(cursor, job.mapping.id))
    with open_glide(job.connection, pause=lambda seconds, error: lease.wait(seconds, _waiting(seconds, error))) as app:
        job = shapes.adapted(connection, job, app)
        report = _way(job)(connection, job, lease, app)
        app_name = None if job.connection.app_name else _app_name(app)
        report = replace(report, seconds=time.monotonic() - started)
        with transaction(connection) as cursor:
            runs.end(cursor, report, lease.epoch)
            if not is_undo(job):
                schedules.over(cursor, job.mapping.id)
            runs.spend(cursor, job.connection.id, report.price, app.client.calls)
            runs.told_of_token(cursor, log_id, None)
            if app_name:
                runs.name_app(cursor, job.connection.id, app_name)
    log.info("run ended", log=str(log_id), mapping=job.mapping.name, status=report.status, message=report.message)
    return report


def _app_name(app: App) -> str | None:
    """Asked once, for a connection nobody has tested; it only decorates, so a run does without."""
    try:
        return app.name(repeat=False)
    except GlideError as error:
        log.info("the app's name is not told", connection=app.connection.name, reason=str(error))
        return None


def _way(job: runs.Job) -> Way:
    if is_undo(job):
        return twoway.undo.sync
    return oneway.sync if is_streamed(job) else twoway.sync


def is_undo(job: runs.Job) -> bool:
    """Does it take back what another run wrote?"""
    return bool(job.options.get("undo"))


def is_streamed(job: runs.Job) -> bool:
    """Does one side decide? Then it is streamed. Both decide, or Postgres does: they are compared."""
    return job.mapping.direction == "to_supabase"


def _preflight(cursor: extensions.cursor, job: runs.Job) -> None:
    """Refuse what cannot work before anything is read or written."""
    mapping = job.mapping
    if not mapping.enabled and not is_undo(job):
        raise ConfigError(f"Mapping {mapping.name!r} is switched off", hint="Activate it on the mapping's page.")
    cursor.execute("select is_valid, validation_message from public.gl_validate_column_mapping(%s)", (str(mapping.id),))
    found = [Problem("error", message) for is_valid, message in cursor.fetchall() if not is_valid]
    found += [
        Problem("error", message, column)
        for column, message in rules.problems(mapping.filter, mapping.pairs, mapping.direction)
    ]
    if found:
        raise InvalidMapping(mapping.name, found)


def _waiting(seconds: float, error: GlideError) -> str:
    why = "Glide asked us to slow down" if isinstance(error, GlideBusy) else str(error)
    return f"Waiting {seconds:.0f} s before the next try: {why}"


def _fail(lease: Lease, error: BaseException, seconds: float) -> None:
    """End the log of a run that broke off, over a connection of its own: the run's may be what broke.

    Where another process has taken up this very run, the log is that one's to end.
    """
    log_id, mapping_id = lease.log_id, lease.mapping_id
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
            if not runs.is_ours(cursor, log_id, lease.epoch):
                return
            is_passing = bool(known and known.retryable)
            if status == "failed":
                trouble = problems.Trouble(kind, message, hint=hint, retryable=is_passing)
                problems.Recorder(mapping_id, log_id).note(cursor, [trouble])
            if status == "failed" and is_passing:
                report = replace(report, message=f"{message}. {schedules.try_again(cursor, mapping_id, log_id)}")
            runs.end(cursor, report, lease.epoch, error_type=kind, hint=hint)
            if isinstance(known, GlideRefusedToken):
                runs.told_of_token(cursor, log_id, message)
            runs.spend_of(cursor, log_id)
    except DatabaseError as unreachable:  # the sweep of a worker ends this log later
        log.exception("run's end not noted", log=str(log_id), reason=str(unreachable))
