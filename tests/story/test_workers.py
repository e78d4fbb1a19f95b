"""Workers take runs from the queue; what one leaves behind, another one finishes."""

from __future__ import annotations

import signal
from typing import Any
from uuid import UUID

import pytest

from glsync import jobs
from tests.story.processes import QUICK, WORK, running, until
from tests.world import TABLE, World


@pytest.fixture
def paged(world: World) -> World:
    world.glide.set(page_rows=10)
    world.glide_has_many(60)
    return world


def enqueue(world: World, **named: Any) -> UUID:
    return UUID(str(world.sql("select glsync.enqueue_run(%s) as id", str(world.mapping_id))[0]["id"]))


def log(world: World, log_id: UUID) -> dict[str, Any]:
    return world.sql("select * from gl_sync_logs where id = %s", str(log_id))[0]


def has_ended(world: World, log_id: UUID) -> bool:
    return log(world, log_id)["completed_at"] is not None


def whole(world: World) -> bool:
    return world.names() == {row_id: row.get("Name") for row_id, row in world.glide.rows(TABLE).items()}


def jobs_left(world: World) -> list[str]:
    found = world.sql("select status from glsync_queue.procrastinate_jobs where task_name = 'sync'")
    return [row["status"] for row in found]


def test_a_queued_run_is_done_by_a_worker(paged: World):
    with running(QUICK + WORK):
        log_id = enqueue(paged)
        until(lambda: has_ended(paged, log_id))
    assert (log(paged, log_id)["status"], log(paged, log_id)["created_rows"]) == ("completed", 60)
    assert whole(paged)


def test_a_run_asked_for_twice_while_it_waits_is_one_run(paged: World):
    first, second = enqueue(paged), enqueue(paged)
    assert first == second
    assert paged.sql("select count(*) as n from gl_sync_logs")[0]["n"] == 1


def test_behind_a_run_under_way_one_more_may_wait(paged: World):
    paged.glide.fault("latency", site="query", skip=1, count=None, seconds=0.5)
    first = enqueue(paged)
    with running(QUICK + WORK):
        until(lambda: log(paged, first)["status"] == "processing")
        second, third = enqueue(paged), enqueue(paged)
        paged.glide.clear_faults()
        assert second == third != first
        until(lambda: has_ended(paged, second))
    assert [log(paged, each)["status"] for each in (first, second)] == ["completed", "completed"]


def test_a_run_of_a_killed_worker_is_finished_by_another_one(paged: World):
    paged.glide.fault("latency", site="query", skip=2, count=None, seconds=0.5)
    log_id = enqueue(paged)
    with running(QUICK + WORK) as worker:
        until(lambda: paged.names(), what="for the first page")
        worker.kill()
        worker.wait()
    stored = len(paged.names())
    paged.glide.clear_faults()
    paged.glide.forget_calls()
    with running(QUICK + WORK):
        until(lambda: has_ended(paged, log_id), what="for the rescue")
        until(lambda: jobs_left(paged) == [], what="until nothing is queued")
    ended = log(paged, log_id)
    assert (ended["status"], ended["created_rows"]) == ("completed", 60)
    assert 10 <= stored < 60
    assert all("startAt" in call["body"] for call in paged.glide.calls("query")), "no page is read from the beginning"
    assert whole(paged)


def test_a_worker_told_to_stop_leaves_its_run_to_the_next_one(paged: World):
    paged.glide.fault("latency", site="query", skip=2, count=None, seconds=0.5)
    log_id = enqueue(paged)
    with running(QUICK + WORK) as worker:
        until(lambda: paged.names(), what="for the first page")
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(20) == 0
    assert log(paged, log_id)["completed_at"] is None
    assert jobs_left(paged) == ["todo"]
    paged.glide.clear_faults()
    with running(QUICK + WORK):
        until(lambda: has_ended(paged, log_id))
    assert log(paged, log_id)["status"] == "completed"
    assert whole(paged)


def test_a_run_whose_worker_died_with_no_other_at_hand_is_ended_by_the_sweep(paged: World):
    paged.glide.fault("latency", site="query", skip=2, count=None, seconds=0.5)
    log_id = paged.new_log()
    with running(QUICK + f"from uuid import UUID; from glsync import sync; sync.run(UUID('{log_id}'))") as process:
        until(lambda: paged.names(), what="for the first page")
        process.kill()
        process.wait()
    paged.sql("update gl_sync_logs set heartbeat_at = now() - interval '1 minute'")
    paged.sql("update glsync.leases set until = now() - interval '1 second'")
    assert jobs._sweep() == [str(log_id)]
    ended = log(paged, log_id)
    assert (ended["status"], ended["error_type"]) == ("failed", "LEASE_LOST")
    assert paged.sql("select updates from glsync.usage")[0]["updates"] == ended["price"] > 0


def test_the_sweep_leaves_a_run_alone_that_is_at_work(paged: World):
    paged.glide.fault("latency", site="query", skip=1, count=None, seconds=0.5)
    log_id = enqueue(paged)
    with running(QUICK + WORK):
        until(lambda: paged.names())
        assert jobs._sweep() == []
        paged.glide.clear_faults()
        until(lambda: has_ended(paged, log_id))
    assert log(paged, log_id)["status"] == "completed"


def test_a_failed_run_is_done_as_far_as_the_queue_is_concerned(paged: World):
    paged.glide.drop(TABLE)
    log_id = enqueue(paged)
    with running(QUICK + WORK):
        until(lambda: has_ended(paged, log_id))
        until(lambda: jobs_left(paged) == [])
    assert (log(paged, log_id)["status"], log(paged, log_id)["error_type"]) == ("failed", "NOT_FOUND")
