"""One run per mapping, whatever happens to the processes and connections that do it."""

from __future__ import annotations

import os
import random
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import psycopg2
import pytest

from glsync import sync
from glsync.errors import AlreadyRunning, Cancelled, DatabaseUnavailable, LeaseLost, SyncError
from glsync.store import lease
from tests.story.processes import run, running, until
from tests.world import TABLE, World

KILLS = int(os.environ.get("KILLS_OF_GLSYNC", "8"))
ROWS = int(os.environ.get("KILLED_ROWS_OF_GLSYNC", "20000"))


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leases that run out while a test waits."""
    monkeypatch.setattr(lease, "SECONDS", 1.5)
    monkeypatch.setattr(lease, "BEAT_SECONDS", 0.1)


class Running(threading.Thread):
    """A run in a thread, and how it ended."""

    def __init__(self, log_id: UUID) -> None:
        super().__init__(daemon=True)
        self.log_id, self.ended = log_id, None
        self.start()

    def run(self) -> None:
        try:
            self.ended: Any = sync.run(self.log_id)
        except SyncError as error:
            self.ended = error

    def end(self) -> Any:
        self.join(60)
        assert not self.is_alive()
        return self.ended


@contextmanager
def under_way(world: World, log_id: UUID | None = None) -> Iterator[Running]:
    """A run that has stored its first page and waits for Glide's second one; it may go on at the end of the block."""
    world.glide.fault("latency", site="query", skip=1, count=None, seconds=0.7)
    running = Running(log_id or world.new_log())
    until(lambda: world.names() or running.ended, what="for the first page")
    assert running.ended is None, running.ended
    yield running
    world.glide.clear_faults()


@pytest.fixture
def paged(world: World) -> World:
    world.glide.set(page_rows=10)
    world.glide_has_many(60)
    return world


def whole(world: World) -> bool:
    return world.names() == {row_id: row.get("Name") for row_id, row in world.glide.rows(TABLE).items()}


def unfinished(world: World) -> list[dict[str, Any]]:
    return world.sql("select id, status, message from gl_sync_logs where completed_at is null")


# --- two at once ---------------------------------------------------------------------------------------------------


def test_of_two_runs_at_once_one_is_refused_and_names_the_other(paged: World):
    with under_way(paged) as first:
        second = paged.new_log()
        with pytest.raises(AlreadyRunning) as told:
            paged.run(second)
        assert told.value.log_id == first.log_id
        assert paged.sql("select status from gl_sync_logs where id = %s", str(second))[0]["status"] == "started"
    assert first.end().status == "completed"
    assert paged.run(second).counts.stored == 0
    assert whole(paged)


def test_many_runs_at_once_store_every_row_once(paged: World):
    runs = [Running(paged.new_log()) for _ in range(6)]
    ended = [each.end() for each in runs]
    assert {type(each).__name__ for each in ended} <= {"RunReport", "AlreadyRunning"}
    assert sum(each.counts.created for each in ended if not isinstance(each, SyncError)) == 60
    assert whole(paged)


def test_another_mapping_runs_meanwhile(paged: World):
    paged.sql("create table others (like items including all)")
    paged.glide_has_table("other", x={"Name": "nib"})
    other = paged.map(name="others", glide_table="other", supabase_table="others")
    with under_way(paged) as first:
        paged.glide.clear_faults()
        assert paged.run(paged.new_log(mapping_id=str(other))).counts.created == 1
    first.end()


def test_a_run_that_ended_does_not_run_again(paged: World):
    report = paged.sync()
    again = paged.run(report.log_id)
    assert (again.status, again.message) == ("completed", "This run had already ended")


# --- told to stop --------------------------------------------------------------------------------------------------


def test_a_cancelled_run_stops_after_its_page_and_the_next_one_goes_on_from_there(paged: World):
    with under_way(paged) as first:
        paged.sql("update gl_sync_logs set cancel_requested = true")
        error = first.end()
    assert isinstance(error, Cancelled)
    log = paged.last_log()
    assert (log["status"], log["error_type"]) == ("cancelled", "CANCELLED")
    assert 10 <= len(paged.names()) < 60
    assert paged.errors() == []
    assert paged.sync().counts.created == 60 - log["created_rows"]
    assert whole(paged)


def test_a_run_that_waits_for_glide_says_so_and_can_be_cancelled(paged: World):
    paged.glide.fault("status", site="query", status=429, retry_after=30, skip=1, count=None)
    first = Running(paged.new_log())
    until(lambda: "Glide asked us to slow down" in str(paged.last_log()["message"]))
    assert paged.last_log()["message"].startswith("Waiting 30 s before the next try")
    paged.sql("update gl_sync_logs set cancel_requested = true")
    assert isinstance(first.end(), Cancelled)


def test_a_wait_at_the_very_first_look_can_be_cancelled_too(big_world: World):
    big_world.glide_has_many(5)
    big_world.glide.fault("status", site="head", status=429, retry_after=30, count=None)
    first = Running(big_world.new_log())
    until(lambda: "slow down" in str(big_world.last_log()["message"]))
    big_world.sql("update gl_sync_logs set cancel_requested = true")
    assert isinstance(first.end(), Cancelled)


def test_a_wait_leaves_no_words_behind(paged: World):
    paged.glide.fault("status", site="query", status=429, retry_after=1, skip=1, count=1)
    first = Running(paged.new_log())
    until(lambda: "slow down" in str(paged.last_log()["message"]))
    until(lambda: paged.last_log()["message"] is None or first.ended)
    assert first.end().message == "60 rows read: 60 created"


# --- connections and locks -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("lost", ["glsync run", "glsync lease"])
def test_a_run_that_loses_its_connection_ends_and_the_next_one_goes_on(paged: World, lost: str):
    with under_way(paged) as first:
        killed = paged.sql(
            """select pg_terminate_backend(pid) from pg_stat_activity
               where application_name like %s and datname = current_database()""",
            lost + "%",
        )
        assert killed
        error = first.end()
    assert isinstance(error, DatabaseUnavailable), error
    log = paged.last_log()
    assert (log["status"], log["error_type"]) == ("failed", "DATABASE_ERROR")
    assert len(paged.names()) >= 10
    assert paged.sync().status == "completed"
    assert whole(paged)
    assert paged.errors() == []


def test_a_page_that_waits_for_somebody_s_lock_keeps_its_run_alive(paged: World):
    """Longer than a lease lasts: nobody takes the run for dead, and nobody else starts."""
    paged.sync()
    with psycopg2.connect(paged.connection.dsn) as other, other.cursor() as cursor:
        cursor.execute("select from items where glide_row_id = 'r000005' for update")
        paged.glide_has(r000005={"Name": "changed"})
        first = Running(paged.new_log())
        until(lambda: paged.sql("select 1 from pg_locks where not granted"), what="for the lock")
        threading.Event().wait(2 * lease.SECONDS)
        beats = "select 1 from gl_sync_logs where id = %s and heartbeat_at > now() - interval '1 second'"
        assert paged.sql(beats, str(first.log_id))
        with pytest.raises(AlreadyRunning):
            paged.sync()
        other.rollback()
    other.close()
    assert first.end().counts.updated == 1


def test_a_page_caught_in_a_deadlock_is_tried_again(paged: World):
    paged.sync()
    for row_id in ("r000001", "r000002"):
        paged.glide_has(**{row_id: {"Name": "changed"}})
    paged.sql("set deadlock_timeout = '10s'")
    with psycopg2.connect(paged.connection.dsn) as other, other.cursor() as cursor:
        cursor.execute("select from items where glide_row_id = 'r000002' for update")
        first = Running(paged.new_log())
        until(lambda: paged.sql("select 1 from pg_locks where not granted"), what="for the lock")
        cursor.execute("set lock_timeout = '5s'")
        try:
            cursor.execute("select from items where glide_row_id = 'r000001' for update")
        except psycopg2.Error:
            other.rollback()
        other.rollback()
    other.close()
    assert first.end().counts.updated == 2


# --- killed and frozen ---------------------------------------------------------------------------------------------


def test_a_run_killed_at_any_moment_is_finished_by_the_next_one(world: World):
    """kill -9 of a real process, again and again, each time somewhere else."""
    chance = random.Random(7)
    world.glide.set(page_rows=2000, latency=0.01)
    world.glide_has_many(ROWS)
    for number in range(KILLS):
        for row in range(0, ROWS, ROWS // 50):
            world.glide_has(**{f"r{row:06}": {"Name": f"round {number}"}})
        log_id = world.new_log()
        with running(run(log_id)) as process:
            if number % 2:
                until(lambda: world.last_log()["read_rows"] or process.poll() is not None)
            else:
                until(lambda: world.last_log()["status"] != "started" or process.poll() is not None)
            threading.Event().wait(chance.random() * 0.5)
            process.kill()
    report = world.sync()
    assert report.status == "completed"
    assert unfinished(world) == []
    assert world.sql("select count(*) as n, count(distinct glide_row_id) as ids from items") == [
        {"n": ROWS, "ids": ROWS}
    ]
    world.sync()  # what changed on pages that the broken run had read
    assert whole(world)
    assert world.sync().counts.stored == 0
    assert {row["status"] for row in world.sql("select status from gl_sync_logs")} <= {"completed", "failed"}
    failed = world.sql("select error_type from gl_sync_logs where status = 'failed'")
    assert {row["error_type"] for row in failed} <= {"LEASE_LOST"}


def test_nobody_waits_for_a_killed_run(paged: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(lease, "SECONDS", 3600.0)
    paged.glide.fault("latency", site="query", skip=2, count=None, seconds=0.5)
    with running(run(paged.new_log()).replace("1.5", "3600.0")) as process:
        until(lambda: paged.names())
        process.kill()
        process.wait()
        paged.glide.clear_faults()
        assert paged.sync().status == "completed"
    assert whole(paged)
    assert paged.sql("select status, error_type from gl_sync_logs order by started_at")[0] == {
        "status": "failed", "error_type": "LEASE_LOST"
    }  # fmt: skip


def frozen_past_its_lease(world: World, process: Any) -> None:
    until(lambda: world.names(), what="for the first page")
    process.send_signal(signal.SIGSTOP)
    until(lambda: world.sql("select 1 from glsync.leases where until < now()"), what="for the lease to run out")
    until(lambda: gone_quiet(world), what="for the heartbeat to grow old")


def gone_quiet(world: World) -> object:
    """The lease and the heartbeat of the run that works are older than both live."""
    return world.sql(
        """select 1 from gl_sync_logs as l inner join glsync.leases as h on h.log_id = l.id
           where l.heartbeat_at < now() - interval '1.6 seconds' and h.until < now() and l.status = 'processing'"""
    )


def test_a_run_frozen_past_its_lease_writes_nothing_when_it_wakes(paged: World):
    paged.glide.fault("latency", site="query", skip=2, count=None, seconds=0.5)
    first = paged.new_log()
    with running(run(first)) as process:
        frozen_past_its_lease(paged, process)
        paged.glide.clear_faults()
        assert paged.sync().status == "completed"
        paged.glide_has(r000001={"Name": "newer"})
        paged.sync()
        process.send_signal(signal.SIGCONT)
        assert process.wait(90) != 0
        said = process.communicate()[1]
        assert "LeaseLost" in said or "DatabaseUnavailable" in said  # frozen between transactions, or within one
    assert whole(paged)
    assert paged.sql("select status from gl_sync_logs where id = %s", str(first))[0]["status"] == "failed"
    assert unfinished(paged) == []


def test_a_run_frozen_while_another_process_took_up_the_same_run_does_not_end_it(paged: World):
    paged.glide.fault("latency", site="query", skip=2, count=None, seconds=0.5)
    log_id = paged.new_log()
    with running(run(log_id)) as process:
        frozen_past_its_lease(paged, process)
        paged.glide.clear_faults()
        paged.glide.fault("latency", site="query", skip=1, count=None, seconds=1)
        second = Running(log_id)
        until(lambda: paged.sql("select 1 from gl_sync_logs where epoch = 2"), what="for the second process")
        process.send_signal(signal.SIGCONT)
        assert process.wait(90) != 0
        assert paged.last_log()["status"] == "processing"
        paged.glide.clear_faults()
        assert second.end().status == "completed"
    log = paged.last_log()
    assert (log["status"], log["error_type"], log["created_rows"]) == ("completed", None, 60)
    assert whole(paged)
    assert paged.errors() == []


def test_a_run_frozen_in_the_middle_of_storing_a_page_holds_up_nobody(paged: World):
    """Its transaction is open and would hold the lease and the page's rows still for ever."""
    paged.sql(
        """create sequence storings;
           create function dawdle() returns trigger language plpgsql as $$ begin
               if nextval('storings') = 1 then perform pg_sleep(0.5); end if; return new;
           end $$;
           create trigger dawdle before insert on items for each row execute function dawdle()"""
    )
    with running(run(paged.new_log())) as process:
        asleep = "select 1 from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database()"
        until(lambda: paged.sql(asleep), what="for a page to be stored")
        process.send_signal(signal.SIGSTOP)
        until(lambda: gone_quiet(paged), what="for the heartbeat to grow old")
        assert Running(paged.new_log()).end().status == "completed"
        assert whole(paged)
        process.send_signal(signal.SIGCONT)
        assert process.wait(90) != 0
    assert whole(paged)
    assert [log["status"] for log in paged.sql("select status from gl_sync_logs order by started_at")] == [
        "failed", "completed"
    ]  # fmt: skip


def test_a_run_that_took_over_from_a_frozen_one_is_not_robbed_when_that_one_dies(
    paged: World, monkeypatch: pytest.MonkeyPatch
):
    paged.glide.fault("latency", site="query", skip=2, count=None, seconds=0.5)
    with running(run(paged.new_log())) as process:
        frozen_past_its_lease(paged, process)
        second = Running(paged.new_log())
        until(lambda: paged.sql("select 1 from glsync.leases where epoch = 2"), what="for the second run")
        monkeypatch.setattr(lease, "SECONDS", 60.0)
        paged.glide.fault("latency", site="query", count=1, seconds=8)
        process.kill()
        process.wait()
        with pytest.raises(AlreadyRunning):
            paged.sync()
        paged.glide.clear_faults()
        assert second.end().status == "completed"
    assert whole(paged)


def test_a_stale_holder_is_refused_by_the_database(paged: World):
    paged.sync()
    with lease.held(paged.mapping_id, paged.new_log(), "items") as held:
        paged.sql("update glsync.leases set epoch = epoch + 1")
        with paged.connection.cursor() as cursor, pytest.raises(LeaseLost):
            held.check(cursor)
