"""The contract's functions for errors and retries, called by name as any Postgres client does."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import procrastinate
import psycopg2.errors
import pytest
from tenacity import Retrying, retry_if_not_result, stop_after_delay, wait_fixed


@pytest.fixture
def record(db, mapping):
    """gl_record_sync_error for the mapping, with the rest of what is known by name."""

    def record_it(error_type="VALIDATION_ERROR", message="Not a number.", **known):
        names = "".join(f", p_{name} => %s" for name in known)
        return db.one(
            f"select gl_record_sync_error(%s, %s, %s{names})", mapping.id, error_type, message, *known.values()
        )

    return record_it


@pytest.fixture
def errors(db, mapping):
    def of_the_mapping(limit=100, include_resolved=False):
        return db("select * from gl_get_sync_errors(%s, %s, %s)", mapping.id, limit, include_resolved)

    return of_the_mapping


# gl_record_sync_error


def test_an_error_is_recorded_with_what_the_contract_names(db, mapping, errors):
    error_id = db.one(
        "select gl_record_sync_error(%s, 'RATE_LIMIT', 'Too many calls.', %s, true)",
        mapping.id,
        {"$rowID": "row-1", "Price": "cheap"},
    )
    (error,) = errors()
    assert (error.id, error.mapping_id, error.error_type) == (error_id, mapping.id, "RATE_LIMIT")
    assert (error.error_message, error.retryable) == ("Too many calls.", True)
    assert error.record_data == {"$rowID": "row-1", "Price": "cheap"}
    assert (error.resolved_at, error.resolution_notes, error.state) == (None, None, "open")


def test_an_error_needs_no_record_and_is_not_retryable_unless_said(record, errors):
    record()
    (error,) = errors()
    assert (error.record_data, error.retryable) == (None, False)


def test_an_error_knows_its_row_from_the_record(record, errors):
    record(record_data={"$rowID": "row-1"})
    record(record_data={"glide_row_id": "row-2"})
    assert {error.glide_row_id for error in errors()} == {"row-1", "row-2"}


def test_a_cell_that_breaks_the_same_rule_again_is_one_error_with_more_attempts(record, errors):
    known = {"glide_row_id": "row-1", "column_name": "Price", "rule": "must be a number"}
    first = record(message='"abc" is not a number.', value="abc", **known)
    second = record(message='"xyz" is not a number.', value="xyz", **known)
    (error,) = errors()
    assert first == second == error.id
    assert (error.attempts, error.value, error.error_message) == (2, "xyz", '"xyz" is not a number.')
    assert error.last_seen_at > error.created_at


@pytest.mark.parametrize(
    "other",
    [
        {"glide_row_id": "row-2"}, {"column_name": "Cost"}, {"rule": "must not be empty"},
        {"error_type": "TRANSFORM_ERROR"},
    ],
)  # fmt: skip
def test_another_row_column_rule_or_type_is_another_error(record, errors, other):
    known = {"glide_row_id": "row-1", "column_name": "Price", "rule": "must be a number"}
    record(**known)
    record(**(known | other))
    assert len(errors()) == 2


def test_two_messages_that_name_no_cell_are_two_errors(record, errors):
    record(message="Glide did not answer.")
    record(message="The table is gone.")
    record(message="Glide did not answer.")
    assert sorted(error.attempts for error in errors()) == [1, 2]


def test_an_error_that_was_tried_again_and_failed_is_open_again(db, record, errors):
    record()
    db("update gl_sync_errors set state = 'retrying'")
    record()
    assert [error.state for error in errors()] == ["open"]


def test_an_ignored_error_stays_ignored_when_it_is_met_again(db, record, errors):
    record()
    db("update gl_sync_errors set state = 'ignored'")
    record()
    (error,) = errors(include_resolved=True)
    assert (error.state, error.attempts) == ("ignored", 2)


def test_a_resolved_error_that_comes_back_is_a_new_one_and_its_history_stays(db, record, errors):
    first = record()
    db.one("select gl_resolve_sync_error(%s, 'fixed in Glide')", first)
    second = record()
    assert [error.id for error in errors()] == [second]
    assert {error.id for error in errors(include_resolved=True)} == {first, second}


def test_an_error_of_no_mapping_is_refused(db):
    with pytest.raises(psycopg2.errors.ForeignKeyViolation):
        db.one("select gl_record_sync_error(%s, 'API_ERROR', 'x')", uuid4())


def test_many_who_meet_the_same_error_at_once_record_it_once(db, mapping, errors, open_database):
    def record_twenty(connection):
        for _ in range(20):
            connection.one("select gl_record_sync_error(%s, 'API_ERROR', 'Glide is down.')", mapping.id)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(record_twenty, [open_database(db.url) for _ in range(4)]))
    assert [error.attempts for error in errors()] == [80]


# gl_get_sync_errors


def test_errors_come_newest_first_and_no_more_than_asked(db, record, errors):
    for hour in range(3):
        error_id = record(glide_row_id=f"row-{hour}")
        db("update gl_sync_errors set created_at = now() - %s * interval '1 hour' where id = %s", hour, error_id)
    assert [error.glide_row_id for error in errors()] == ["row-0", "row-1", "row-2"]
    assert [error.glide_row_id for error in errors(limit=2)] == ["row-0", "row-1"]


def test_errors_leave_out_the_resolved_ones_unless_asked(db, mapping, record):
    db.one("select gl_resolve_sync_error(%s)", record())
    assert db("select * from gl_get_sync_errors(%s)", mapping.id) == []
    assert len(db("select * from gl_get_sync_errors(%s, p_include_resolved => true)", mapping.id)) == 1


def test_a_hundred_errors_come_unless_asked_for_more(db, mapping):
    db(
        "insert into gl_sync_errors (mapping_id, error_type, error_message, glide_row_id) "
        "select %s, 'API_ERROR', 'x', n::text from generate_series(1, 130) as n",
        mapping.id,
    )
    assert len(db("select * from gl_get_sync_errors(%s)", mapping.id)) == 100


# gl_resolve_sync_error


def test_an_error_is_resolved_with_a_note_of_whom_and_when(db, record, errors):
    error_id = record()
    assert db.one("select gl_resolve_sync_error(%s, 'Corrected in Glide.')", error_id) is True
    (error,) = errors(include_resolved=True)
    assert (error.state, error.resolution_notes, error.resolved_by) == ("resolved", "Corrected in Glide.", "postgres")
    assert error.resolved_at is not None


def test_an_error_that_is_resolved_or_not_there_cannot_be_resolved(db, record):
    error_id = record()
    assert db.one("select gl_resolve_sync_error(%s)", error_id) is True
    assert db.one("select gl_resolve_sync_error(%s, 'again')", error_id) is False
    assert db.one("select gl_resolve_sync_error(%s)", uuid4()) is False


# glsync_retry_failed_sync and the queue behind it


def until(happened):
    """Wait for something that is about to happen."""
    Retrying(retry=retry_if_not_result(bool), stop=stop_after_delay(30), wait=wait_fixed(0.02))(happened)


def worker(url: str, runs: list[str]) -> procrastinate.App:
    """A worker of the queue that notes which runs it was given."""
    options = {"options": "-c search_path=glsync_queue"}
    app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=url, kwargs=options))

    @app.task(name="sync", queue="sync")
    async def sync(log_id: str) -> None:
        runs.append(log_id)

    return app


def work_off(url: str) -> list[UUID]:
    """Let a worker take whatever waits, and get the logs it was given, in order."""
    runs: list[str] = []

    async def work() -> None:
        app = worker(url, runs)
        async with app.open_async():
            await app.run_worker_async(queues=["sync"], wait=False, install_signal_handlers=False)

    with ThreadPoolExecutor(1) as pool:  # in this thread a browser of earlier tests may have left its event loop
        pool.submit(asyncio.run, work()).result()
    return [UUID(run) for run in runs]


def test_a_retry_is_a_new_run_that_a_worker_takes_up(db, mapping):
    log_id = db.one("select glsync_retry_failed_sync(%s)", mapping.id)
    (log,) = db("select * from gl_sync_logs")
    assert (log.id, log.mapping_id, log.status, log.trigger) == (log_id, mapping.id, "started", "retry")
    assert log.job_id is not None
    assert work_off(db.url) == [log_id]


def test_a_retry_of_a_mapping_that_waits_in_the_queue_is_the_run_that_waits(db, mapping):
    waiting = db.one("select glsync.enqueue_run(%s, 'schedule', 'clock')", mapping.id)
    assert db.one("select glsync_retry_failed_sync(%s)", mapping.id) == waiting
    assert db.one("select count(*) from gl_sync_logs") == 1
    assert work_off(db.url) == [waiting]


def test_behind_a_run_under_way_one_more_may_wait(db, mapping):
    running = db.one("select glsync.enqueue_run(%s)", mapping.id)
    db("update glsync_queue.procrastinate_jobs set status = 'doing'")
    waiting = db.one("select glsync_retry_failed_sync(%s)", mapping.id)
    assert waiting != running
    assert db.one("select glsync_retry_failed_sync(%s)", mapping.id) == waiting
    assert work_off(db.url) == []  # the one that waits keeps waiting
    db("update glsync_queue.procrastinate_jobs set status = 'succeeded' where status = 'doing'")
    assert work_off(db.url) == [waiting]


def test_a_run_carries_who_started_it_how_and_with_what(db, mapping):
    db.one("select glsync.enqueue_run(%s, 'api', 'eve@example.com', %s)", mapping.id, {"dry_run": True})
    (log,) = db("select * from gl_sync_logs")
    assert (log.trigger, log.actor, log.options) == ("api", "eve@example.com", {"dry_run": True})


def test_a_run_that_is_not_committed_leaves_neither_log_nor_job(db, mapping):
    db("begin")
    db.one("select glsync.enqueue_run(%s)", mapping.id)
    db("rollback")
    assert db.one("select count(*) from gl_sync_logs") == 0
    assert db.one("select count(*) from glsync_queue.procrastinate_jobs") == 0


def test_a_queued_run_wakes_the_workers(db, mapping):
    db('listen "procrastinate_queue_v1#sync"')
    db.one("select glsync_retry_failed_sync(%s)", mapping.id)
    db.connection.poll()
    assert "job_inserted" in db.connection.notifies[0].payload


def test_who_presses_sync_now_while_another_is_at_it_gets_the_run_of_the_other(db, mapping, open_database):
    first, second = open_database(db.url), open_database(db.url)
    first("begin")
    run = first.one("select glsync.enqueue_run(%s)", mapping.id)
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(second.one, "select glsync.enqueue_run(%s)", mapping.id)
        until(lambda: db("select 1 from pg_locks where not granted and pid = %s", second.connection.info.backend_pid))
        first("commit")
        assert answer.result(timeout=30) == run
    assert db.one("select count(*) from gl_sync_logs") == 1
    assert work_off(db.url) == [run]


def test_a_retry_of_no_mapping_says_so(db):
    with pytest.raises(psycopg2.errors.NoDataFound, match="There is no mapping"):
        db.one("select glsync_retry_failed_sync(%s)", uuid4())


# The notes of foreign writes

WATCH = (
    "create trigger glsync_touch after insert or update or delete or truncate on gl_products "
    "for each statement execute function glsync.note_touch()"
)


def test_foreign_writes_to_a_watched_table_are_noted_once_a_transaction(db, mapping):
    db.add("glsync.watched", mapping_id=mapping.id, table_oid=db.one("select 'gl_products'::regclass::oid"))
    db(WATCH)
    db("begin; insert into gl_products default values; delete from gl_products; commit")
    db("truncate gl_products")
    assert db.one("select count(*) from glsync.touched where mapping_id = %s", mapping.id) == 2


def test_a_run_does_not_note_its_own_writes_but_those_of_another_mapping(db, mapping, connection):
    other = db.add("gl_mappings", connection_id=connection.id, glide_table="others", supabase_table="gl_products")
    for watching in (mapping, other):
        db.add("glsync.watched", mapping_id=watching.id, table_oid=db.one("select 'gl_products'::regclass::oid"))
    db(WATCH)
    db("select set_config('glsync.origin', %s, false)", str(mapping.id))
    db("insert into gl_products default values")
    assert [row.mapping_id for row in db("select * from glsync.touched")] == [other.id]


def test_someone_who_knows_nothing_of_us_may_write_to_a_watched_table(db, mapping):
    db.add("glsync.watched", mapping_id=mapping.id, table_oid=db.one("select 'gl_products'::regclass::oid"))
    db(WATCH)
    db("create role clerk_of_test; grant insert on gl_products to clerk_of_test")
    db("create policy clerk on gl_products to clerk_of_test using (true)")
    try:
        with db.acting_as("clerk_of_test"):
            db("insert into gl_products (cost) values (1)")
        assert db.one("select count(*) from glsync.touched") == 1
    finally:
        db("drop owned by clerk_of_test; drop role clerk_of_test")
