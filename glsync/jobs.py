"""The queue, in procrastinate: what a worker does, and how it looks after what others left behind.

A run is queued by the SQL function glsync.enqueue_run, log and job in one transaction; this is the other end. One run
per mapping at a time (the job's lock), one more may wait (its queueing lock). Any number of workers may work.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit
from uuid import UUID

import procrastinate
import psycopg
import structlog
from procrastinate import exceptions
from procrastinate import jobs as queue_jobs
from psycopg import errors as pg_errors

from glsync import delivery, followers, sync
from glsync.config import settings
from glsync.errors import AlreadyRunning, ConfigError, Interrupted, ParentsFirst, SyncError
from glsync.store import db, history, lease, runs, schedules

QUEUE_SCHEMA = "glsync_queue"
QUEUES = ["sync", "control", "webhooks"]

HEARTBEAT_SECONDS = 3.0
STALLED_SECONDS = 10.0
"""A worker silent for longer is dead: its jobs go to others."""
POLL_SECONDS = 1.0
GRACE_SECONDS = 10.0
"""How long a stopping worker waits for its runs to reach the end of a page."""
PATIENCE_SECONDS = 2.0
"""Between two tries to reach a database that is away."""
BUSY_SECONDS = 5
"""Until a run that met another one on its mapping asks again."""
FIRST_SECONDS = 1
"""Until a run that was queued behind others asks again whether they have ended."""
TROUBLE_SECONDS = 300
"""Until a webhook is tried again that our own side could not send: database away, key missing."""

log = structlog.get_logger(__name__)


def sync_mapping(log_id: str) -> None:
    """One run. Its failures are in its log, so the job itself has done its work either way.

    Raises:
        ParentsFirst: it was queued behind runs that are yet to end.
    """
    _let_parents_first(UUID(log_id))
    try:
        sync.run(UUID(log_id))
    except (AlreadyRunning, Interrupted):
        raise
    except SyncError as error:
        log.warning("run failed", log=log_id, type=error.type, reason=str(error))
    else:
        _let_others_go_on(UUID(log_id))


def _let_parents_first(log_id: UUID) -> None:
    with db.connect("glsync order") as connection, connection.cursor() as cursor:
        if first := runs.first(cursor, log_id):
            raise ParentsFirst(f"{len(first)} runs that this one was queued behind are yet to end")


def _let_others_go_on(log_id: UUID) -> None:
    """Rows of other mappings may have waited for what this run brought."""
    with db.connect("glsync order") as connection, connection.cursor() as cursor:
        mapping_id, name = runs.mapping_of(cursor, log_id)
        for queued in followers.enqueue(cursor, mapping_id):
            log.info("run queued for what waited", log=queued, after=name)


async def rescue(context: procrastinate.JobContext, timestamp: int) -> None:  # noqa: ARG001  # procrastinate's signature
    """Give the runs of dead workers to living ones, and end the logs of those nobody will take up."""
    manager = context.app.job_manager
    for job in await manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_SECONDS):
        await _take_back(manager, job)
    for log_id in await asyncio.to_thread(_sweep):
        log.warning("run ended for a process that is gone", log=log_id)


async def _take_back(manager: Any, job: queue_jobs.Job) -> None:
    try:
        await manager.retry_job(job)
        log.info("job of a dead worker is queued again", job=job.id, task=job.task_name)
    except (exceptions.ConnectorException, pg_errors.UniqueViolation):
        # A newer run of the mapping waits already: that one carries on from the last page.
        await manager.finish_job_by_id_async(job.id, status=queue_jobs.Status.FAILED, delete_job=False)


def _sweep() -> list[str]:
    with db.connect("glsync sweep") as connection, connection.cursor() as cursor:
        return runs.sweep(cursor)


async def tick(timestamp: int) -> None:
    """Queue what is due by schedule, and what is to be tried again."""
    for log_id in await asyncio.to_thread(_tick, datetime.fromtimestamp(timestamp, UTC)):
        log.info("run queued by itself", log=log_id)


async def forget(timestamp: int) -> None:  # noqa: ARG001  # procrastinate's signature
    """Drop what history keeps longer than it may, some lines at a time."""
    while await asyncio.to_thread(_forget) == history.FORGET_AT_ONCE:
        log.info("old history is dropped", days=settings().history_days)


def _forget() -> int:
    with db.connect("glsync forget") as connection, connection.cursor() as cursor:
        return history.forget_old(cursor, settings().history_days)


def _tick(planned: datetime) -> list[str]:
    """By the clock of the database, which all workers share, and not before the minute this tick was planned for."""
    with db.connect("glsync tick") as connection, connection.cursor() as cursor:
        return schedules.tick(cursor, max(planned, runs.moment(cursor)))


# --- the worker ------------------------------------------------------------------------------------------------------


def run_worker(concurrency: int = 2) -> None:
    """Work until SIGTERM or SIGINT; runs then stop at the end of their page and wait for another worker."""
    asyncio.run(_work(concurrency, stop=None))


@contextmanager
def worker_in_thread(concurrency: int = 2) -> Iterator[threading.Thread]:
    """A worker inside this process, for hosts that allow only one."""
    stop = threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(_work(concurrency, stop=stop)), name="worker", daemon=True)
    thread.start()
    try:
        yield thread
    finally:
        stop.set()
        thread.join(GRACE_SECONDS)


async def _work(concurrency: int, stop: threading.Event | None) -> None:
    """Work, and go on working when the database was away for a while."""
    is_over = asyncio.Event()
    loop = asyncio.get_running_loop()
    if stop is None:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, is_over.set)
    else:
        watching = loop.create_task(_when(stop, is_over))
        watching.add_done_callback(lambda _: None)  # holds it
    while not is_over.is_set():
        try:
            await _work_once(concurrency, is_over)
        except ConfigError:
            raise  # waiting mends no setting
        except (exceptions.ConnectorException, SyncError) as error:
            reason = error.__cause__ or error
            log.warning("worker waits for the database", reason=str(reason).strip())
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(is_over.wait(), PATIENCE_SECONDS)


async def _work_once(concurrency: int, is_over: asyncio.Event) -> None:
    app = queue()
    async with app.open_async():
        worker = asyncio.create_task(
            app.run_worker_async(
                queues=QUEUES,
                concurrency=concurrency + 1,  # one place for the rescue, so that runs never keep it waiting
                fetch_job_polling_interval=POLL_SECONDS,
                update_heartbeat_interval=HEARTBEAT_SECONDS,
                stalled_worker_timeout=STALLED_SECONDS,
                shutdown_graceful_timeout=GRACE_SECONDS,
                install_signal_handlers=False,
                delete_jobs="successful",
            )
        )
        ending = asyncio.create_task(is_over.wait())
        await asyncio.wait({worker, ending}, return_when=asyncio.FIRST_COMPLETED)
        ending.cancel()
        if is_over.is_set():
            lease.interrupt_all()
            worker.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await worker


async def _when(stop: threading.Event, is_over: asyncio.Event) -> None:
    while not stop.is_set():
        await asyncio.sleep(0.2)
    is_over.set()


class _Again(procrastinate.BaseRetryStrategy):
    """When a run that could not begin asks again."""

    def get_retry_decision(
        self,
        *,
        exception: BaseException,
        job: queue_jobs.Job,  # noqa: ARG002  # procrastinate's signature
    ) -> procrastinate.RetryDecision | None:
        if isinstance(exception, ParentsFirst):
            return procrastinate.RetryDecision(retry_in={"seconds": FIRST_SECONDS})
        if isinstance(exception, AlreadyRunning | Interrupted):
            return procrastinate.RetryDecision(retry_in={"seconds": BUSY_SECONDS})
        return None


def queue() -> procrastinate.App:
    """The queue over our database, for a worker of this process.

    Raises:
        ConfigError: a transaction pooler stands before it.
        DatabaseError: it does not answer.
    """
    url = db.database_url()
    db.refuse_transaction_pooler(url, "a worker")
    app = procrastinate.App(
        connector=procrastinate.PsycopgConnector(conninfo=_named(url), min_size=1, max_size=4, configure=_in_schema)
    )
    app.task(name="sync", queue="sync", retry=_Again())(sync_mapping)
    later = procrastinate.RetryStrategy(wait=TROUBLE_SECONDS, max_attempts=1000, retry_exceptions={SyncError})
    app.task(name="deliver", queue="webhooks", retry=later)(delivery.deliver)
    task = app.task(name="rescue", queue="control", queueing_lock="rescue", pass_context=True)(rescue)
    app.periodic(cron="* * * * * */5")(task)
    app.periodic(cron="* * * * *")(app.task(name="tick", queue="control", queueing_lock="tick")(tick))
    app.periodic(cron="23 * * * *")(app.task(name="forget", queue="control", queueing_lock="forget")(forget))
    return app


def _named(url: str) -> str:
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query)) | {"application_name": "glsync queue"}
    return parts._replace(query=urlencode(query).replace("+", "%20")).geturl()


async def _in_schema(connection: psycopg.AsyncConnection) -> None:
    """The queue's statements name no schema. Said by a statement: poolers refuse options, or drop them."""
    await connection.execute(f"set search_path = {QUEUE_SCHEMA}")
    await connection.commit()
