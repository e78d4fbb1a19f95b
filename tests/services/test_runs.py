"""Runs: queued, told apart, cancelled, carried out here, shown and told as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from glsync.errors import AlreadyRunning, Forbidden, InvalidInput, NotFound
from glsync.jobs import worker_in_thread
from glsync.services import connections, mappings, runs
from glsync.services.access import Actor
from glsync.services.mappings import MappingDraft
from glsync.services.runs import RunFilter
from glsync.standin import StandIn
from glsync.store.lease import held
from glsync.values import Plan, Price, SideWrites, Waiting

from .conftest import ADMIN, EDITOR, OPERATOR, VIEWER


def wait_until(holds: Callable[[], bool]) -> None:
    """Look ten times a second, for half a minute at most."""
    Retrying(stop=stop_after_delay(30), wait=wait_fixed(0.1), retry=retry_if_result(lambda held: not held))(holds)


def under_way(ask: Any, items: MappingDraft, *, silent_for: int = 0) -> UUID:
    """A run that a process somewhere works on, last heard of so many seconds ago."""
    [(log_id,)] = ask(
        "insert into gl_sync_logs (mapping_id, status, heartbeat_at) values "
        f"('{items.id}', 'processing', now() - interval '{silent_for} seconds') returning id"
    )
    return UUID(str(log_id))


def test_a_run_is_queued_once_however_often_it_is_asked_for(items: MappingDraft, ask: Any):
    first, second = runs.start(OPERATOR, items.id), runs.start(OPERATOR, items.id)
    assert (first.new, second.new) == (True, False)
    assert first.log_id == second.log_id
    assert ask("select count(*) from glsync_queue.procrastinate_jobs") == [(1,)]
    [run] = runs.active(VIEWER)
    assert (run.id, run.status, run.actor, run.trigger, run.target) == (
        first.log_id, "started", "operator", "manual", "public.items",
    )  # fmt: skip


def test_while_a_run_is_under_way_whoever_waits_for_one_is_told_which(items: MappingDraft, ask: Any):
    running = under_way(ask, items)
    with pytest.raises(AlreadyRunning) as caught:
        runs.start(OPERATOR, items.id)
    assert caught.value.log_id == running


def test_a_retry_queues_behind_the_run_that_is_under_way(items: MappingDraft, ask: Any):
    under_way(ask, items)
    assert runs.retry(OPERATOR, items.id).new


def test_a_run_whose_process_is_gone_stops_nobody(items: MappingDraft, ask: Any):
    under_way(ask, items, silent_for=60)
    assert runs.start(OPERATOR, items.id).new


def test_drafts_and_mappings_that_are_switched_off_are_not_run(items: MappingDraft):
    mappings.set_enabled(EDITOR, items.id, False)
    with pytest.raises(InvalidInput, match="switched off"):
        runs.start(OPERATOR, items.id)
    copy = mappings.duplicate(EDITOR, items.id, "copy")
    with pytest.raises(InvalidInput, match="is a draft"):
        runs.run_here(OPERATOR, copy.id)


def test_an_approval_reaches_the_run_that_already_waits(items: MappingDraft, ask: Any):
    waiting = runs.start(OPERATOR, items.id)
    assert runs.start(OPERATOR, items.id, approve="abc").log_id == waiting.log_id
    assert ask("select options from gl_sync_logs") == [({"approve": "abc"},)]
    assert ask("select action, after from glsync.audit order by id desc limit 1") == [("approved", {"hash": "abc"})]


def test_a_waiting_run_is_cancelled_at_once(items: MappingDraft, ask: Any):
    started = runs.start(OPERATOR, items.id)
    assert runs.cancel(OPERATOR, started.log_id)
    run = runs.get(VIEWER, started.log_id)
    assert (run.status, run.message) == (
        "cancelled", "Cancelled by operator while it waited; nothing was read or written.",
    )  # fmt: skip
    assert ask("select status from glsync_queue.procrastinate_jobs") == [("cancelled",)]
    assert runs.cancel(OPERATOR, started.log_id) is False
    assert runs.start(OPERATOR, items.id).new


def test_a_run_that_is_under_way_is_asked_to_stop(items: MappingDraft, ask: Any):
    running = under_way(ask, items)
    assert runs.cancel(OPERATOR, running)
    run = runs.get(VIEWER, running)
    assert (run.status, run.cancel_requested) == ("processing", True)


def test_a_run_here_stores_the_good_rows_and_tells_of_the_bad_one(items: MappingDraft, ask: Any):
    report = runs.run_here(OPERATOR, items.id)
    assert (report.status, report.counts.read, report.counts.created, report.counts.failed) == (
        "completed_with_errors", 2, 1, 1,
    )  # fmt: skip
    assert ask("select glide_row_id, item, unit_price from items") == [("a", "pen", Decimal("1.5"))]
    run = runs.get(VIEWER, report.log_id)
    assert (run.counts, run.ended, run.trigger, run.actor) == (report.counts, True, "cli", "operator")
    [cause] = runs.causes(VIEWER, run.id)
    assert (cause.type, cause.column, cause.count) == ("VALIDATION_ERROR", "unit_price", 1)
    assert [event.level for event in runs.events(VIEWER, run.id)][:1] == ["info"]


def test_a_run_here_leaves_nothing_behind_when_another_one_is_under_way(items: MappingDraft, ask: Any):
    other = under_way(ask, items)
    with held(items.id, other, "items"), pytest.raises(AlreadyRunning):
        runs.run_here(OPERATOR, items.id)
    assert [run.id for run in runs.history(VIEWER)] == [other]


def test_sync_by_name_runs_here_when_no_worker_is_at_hand(items: MappingDraft):
    assert runs.worker_seen(VIEWER) is None
    run = runs.sync(OPERATOR, "items")
    assert (run.status, run.trigger) == ("completed_with_errors", "cli")


def test_a_run_that_fails_is_returned_with_its_reason(glide: StandIn, items: MappingDraft):
    glide.fault("status", status=401, count=None)
    run = runs.sync(OPERATOR, "items", inline=True)
    assert (run.status, run.error_type) == ("failed", "AUTH_ERROR")
    assert run.hint


def test_sync_by_name_is_done_by_the_worker_where_there_is_one(items: MappingDraft):
    seen: list[str] = []
    with worker_in_thread():
        wait_until(lambda: runs.worker_seen(VIEWER) is not None)
        run = runs.sync(OPERATOR, "items", on_progress=lambda row: seen.append(row.status))
    assert run.status == seen[-1] == "completed_with_errors"
    assert run.mapping_version == items.version


def test_a_run_that_the_last_worker_left_in_the_queue_is_done_here(items: MappingDraft, ask: Any):
    ask(
        "insert into glsync_queue.procrastinate_workers (last_heartbeat) values (now() - interval '8 seconds')"
        " returning id"
    )
    run = runs.sync(OPERATOR, "items")
    assert run.status == "completed_with_errors"
    assert [found.status for found in runs.history(VIEWER)] == ["completed_with_errors", "cancelled"]


def test_a_wait_ends_when_its_time_is_up(items: MappingDraft):
    started = runs.start(OPERATOR, items.id)
    assert runs.wait(VIEWER, started.log_id, timeout=0).status == "started"


def test_a_plan_says_what_a_run_would_do_and_does_nothing(items: MappingDraft, ask: Any):
    plan = runs.plan(OPERATOR, items.id)
    assert (plan.postgres, plan.failed) == (SideWrites(create=1), 1)
    assert ask("select count(*) from items") == [(0,)]
    assert runs.history(VIEWER) == []


def test_history_is_filtered_counted_and_paged(items: MappingDraft, ask: Any):
    ask(
        "insert into gl_sync_logs (mapping_id, status, trigger, started_at, completed_at) "
        f"select '{items.id}', case when n % 2 = 0 then 'failed' else 'completed' end, "
        "case when n % 3 = 0 then 'schedule' else 'manual' end, now() - make_interval(hours => n), now() "
        "from generate_series(1, 12) n returning id"
    )
    failed = RunFilter(status=("failed",))
    assert runs.count(VIEWER, failed) == 6
    assert runs.count(VIEWER, RunFilter(status=("failed", "completed"), trigger=("schedule",))) == 4
    assert runs.count(VIEWER, RunFilter(mapping_id=uuid4())) == 0
    assert runs.count(VIEWER, RunFilter(since=datetime.now(UTC) - timedelta(hours=2, minutes=30))) == 2
    pages = [run.id for offset in (0, 4, 8) for run in runs.history(VIEWER, limit=4, offset=offset)]
    assert pages == [run.id for run in runs.history(VIEWER, limit=12)]
    assert len(set(pages)) == 12


def test_a_run_as_json_is_what_the_contract_says(items: MappingDraft):
    run = runs.sync(OPERATOR, "items", inline=True)
    told = json.loads(json.dumps(runs.as_json(run)))
    assert told == {
        "log_id": str(run.id), "status": "completed_with_errors", "read": 2, "created": 1, "updated": 0, "deleted": 0,
        "skipped": 0, "failed": 1, "conflicts": 0, "records_processed": 1, "seconds": told["seconds"],
        "price": 1.0, "waiting": [],
        "message": "2 rows read: 1 created, 1 held back",
    }  # fmt: skip


def test_a_plan_as_json_is_what_the_contract_says():
    waits = Waiting("All rows would go", "postgres", "delete", 3, "h", ("a",))
    plan = Plan(SideWrites(), SideWrites(1, 2, 3), 0, 0, Price(reads=Decimal("0.5")), "hash", (waits,))
    assert json.loads(json.dumps(runs.plan_json(plan))) == {
        "glide": {"create": 0, "update": 0, "delete": 0},
        "postgres": {"create": 1, "update": 2, "delete": 3},
        "conflicts": 0, "price": 0.5, "hash": "hash",
        "waiting": [{
            "reason": "All rows would go", "side": "postgres", "operation": "delete", "rows": 3, "hash": "h",
            "sample": ["a"],
        }],
    }  # fmt: skip


def test_deletes_that_wait_are_approved_by_their_hash(glide: StandIn, draft: MappingDraft, ask: Any):
    glide.edit("items", add=[{"Name": f"item {n}"} for n in range(60)], delete=["b"])
    deleting = replace(draft, deletes="delete", delete_grace=0)
    mappings.create_table(ADMIN, deleting)
    mapping = mappings.save(ADMIN, deleting, activate=True)
    assert runs.sync(OPERATOR, "items", inline=True).counts.created == 61
    rows = connections.glide_sample(EDITOR, mapping.connection_id, "items", rows=100)
    glide.edit("items", delete=[row["$rowID"] for row in rows[1:]])
    waiting = runs.sync(OPERATOR, "items", inline=True)
    assert (waiting.counts.deleted, waiting.waiting[0]["rows"]) == (0, 60)
    done = runs.sync(OPERATOR, "items", inline=True, approve=waiting.waiting[0]["hash"])
    assert (done.counts.deleted, done.waiting) == (60, [])
    assert ask("select item from items") == [("pen",)]


def test_each_role_stops_where_its_rights_end(items: MappingDraft):
    for act in (
        lambda: runs.start(VIEWER, items.id),
        lambda: runs.cancel(VIEWER, uuid4()),
        lambda: runs.run_here(VIEWER, items.id),
        lambda: runs.plan(VIEWER, items.id),
        lambda: runs.sync(VIEWER, "items"),
    ):
        with pytest.raises(Forbidden):
            act()


def test_nobody_sees_or_starts_a_run_of_another_workspace(items: MappingDraft, ask: Any):
    started = runs.start(OPERATOR, items.id)
    [(other,)] = ask("insert into glsync.workspaces (name) values ('other') returning id")
    stranger = Actor("stranger", "admin", UUID(str(other)))
    assert (runs.active(stranger), runs.history(stranger), runs.count(stranger)) == ([], [], 0)
    assert runs.events(stranger, started.log_id) == []
    for act in (
        lambda: runs.get(stranger, started.log_id),
        lambda: runs.cancel(stranger, started.log_id),
        lambda: runs.start(stranger, items.id),
        lambda: runs.run_here(stranger, items.id),
        lambda: runs.plan(stranger, items.id),
        lambda: runs.sync(stranger, "items"),
    ):
        with pytest.raises(NotFound):
            act()
