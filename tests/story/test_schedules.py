"""Runs that nobody starts: by schedule, and again after a failure that may pass."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from glsync import jobs, sync
from glsync.errors import SyncError
from glsync.services import access, config, mappings
from glsync.store import db, schedules
from tests.world import World

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
ADMIN = access.LOCAL

Tick = Callable[[int], list[str]]


@pytest.fixture
def tick(world: World) -> Tick:
    """The tick of so many minutes after noon; what it queued is done at once, as a worker would."""

    def at(minute: int) -> list[str]:
        queued = tick_only(minute)
        for log_id in queued:
            done(world, log_id)
        return queued

    return at


def tick_only(minute: int) -> list[str]:
    with db.connect("test tick") as connection, connection.cursor() as cursor:
        return schedules.tick(cursor, NOON + timedelta(minutes=minute))


def done(world: World, log_id: str) -> None:
    world.sql("delete from glsync_queue.procrastinate_jobs where args ->> 'log_id' = %s", log_id)
    with suppress(SyncError):  # the log says so
        sync.run(UUID(log_id))


def scheduled(world: World, text: str | None) -> None:
    world.change_mapping(options=json.dumps({"schedule": text} if text else {}))


def kept(world: World) -> dict[str, Any]:
    (row,) = world.sql("select * from glsync.schedules")
    return row


def triggers(world: World) -> list[str]:
    return [row["trigger"] for row in world.sql("select trigger from gl_sync_logs order by started_at")]


# --- when ------------------------------------------------------------------------------------------------------------


def test_a_mapping_runs_when_its_schedule_says(world: World, tick: Tick) -> None:
    scheduled(world, "every 15m")
    world.glide_has(a={"Name": "pen"})
    assert [len(tick(minute)) for minute in (1, 2, 14, 15, 16, 29, 30)] == [0, 0, 0, 1, 0, 0, 1]
    assert triggers(world) == ["schedule", "schedule"]
    assert "a" in world.in_postgres()


def test_a_cron_line_with_a_zone_is_followed(world: World, tick: Tick) -> None:
    scheduled(world, "30 14 * * * Europe/Berlin")
    assert [len(tick(minute)) for minute in (0, 89, 90, 91)] == [0, 0, 1, 0]


def test_ticks_missed_while_nobody_worked_are_made_up_once(world: World, tick: Tick) -> None:
    scheduled(world, "every 5m")
    tick(0)
    assert len(tick(600)) == 1
    assert len(tick(601)) == 0
    assert kept(world)["next_at"] == NOON + timedelta(minutes=605)


def test_many_workers_that_tick_at_once_queue_one_run(world: World) -> None:
    scheduled(world, "every 5m")
    tick_only(0)
    with ThreadPoolExecutor(4) as pool:
        queued = [log_id for found in pool.map(tick_only, [5] * 4) for log_id in found]
    assert len(queued) == 1
    assert triggers(world) == ["schedule"]


def test_a_run_that_still_waits_is_not_queued_a_second_time(world: World) -> None:
    scheduled(world, "every 5m")
    tick_only(0)
    assert tick_only(5) == tick_only(10)
    assert triggers(world) == ["schedule"]


def test_another_schedule_begins_anew(world: World, tick: Tick) -> None:
    scheduled(world, "every 1h")
    tick(0)
    scheduled(world, "every 10m")
    assert [len(tick(minute)) for minute in (59, 60, 61, 69, 70)] == [0, 1, 0, 0, 1]


def test_a_mapping_without_schedule_does_not_run_by_itself(world: World, tick: Tick) -> None:
    scheduled(world, "every 5m")
    tick(0)
    scheduled(world, None)
    assert tick(5) == []
    assert world.sql("select * from glsync.schedules") == []


def test_a_mapping_switched_off_rests_and_makes_up_nothing_when_it_is_on_again(world: World, tick: Tick) -> None:
    scheduled(world, "every 5m")
    tick(0)
    world.change_mapping(enabled=False)
    assert [tick(minute) for minute in (5, 10)] == [[], []]
    world.change_mapping(enabled=True)
    assert [len(tick(minute)) for minute in (12, 14, 15)] == [0, 0, 1]


def test_the_tick_of_a_worker_queues_what_is_due_by_the_clock_of_the_database(world: World) -> None:
    scheduled(world, "every 1m")
    jobs._tick(datetime.now(UTC))
    assert jobs._tick(datetime.now(UTC) - timedelta(hours=1)) == []
    assert len(jobs._tick(datetime.now(UTC) + timedelta(minutes=2))) == 1


# --- what is wrong ---------------------------------------------------------------------------------------------------


def test_a_schedule_that_only_fails_pauses_itself_and_says_why(world: World, tick: Tick) -> None:
    scheduled(world, "every 5m")
    world.sql("alter table items drop column price")
    assert [len(tick(minute)) for minute in (0, 5, 10, 15, 20, 25)] == [0, 1, 1, 1, 0, 0]
    row = mappings.listing(ADMIN)[0]
    assert row.next_run is None
    assert row.pause_reason is not None
    assert row.pause_reason.startswith("Paused itself after 3 failed runs, the last with: Mapping 'items' cannot run")


def test_a_paused_schedule_goes_on_when_the_mapping_is_saved(world: World, tick: Tick) -> None:
    scheduled(world, "every 5m")
    world.sql("alter table items drop column price")
    for minute in (0, 5, 10, 15, 20):
        tick(minute)
    world.sql("alter table items add column price numeric")
    world.change_mapping(delete_grace=61)
    assert [len(tick(minute)) for minute in (21, 25)] == [0, 1]
    assert kept(world)["pause_reason"] is None


def test_a_paused_schedule_goes_on_when_somebody_runs_the_mapping_with_success(world: World, tick: Tick) -> None:
    scheduled(world, "every 5m")
    world.sql("alter table items drop column price")
    for minute in (0, 5, 10, 15, 20):
        tick(minute)
    world.sql("alter table items add column price numeric")
    world.sync()
    assert [len(tick(minute)) for minute in (21, 25)] == [0, 1]


def test_a_schedule_that_sql_wrote_wrong_is_told_on_the_mapping(world: World, tick: Tick) -> None:
    scheduled(world, "every now and then")
    assert tick(0) == []
    reason = mappings.listing(ADMIN)[0].pause_reason
    assert reason is not None
    assert "neither an interval nor a cron line" in reason


# --- as people set it ------------------------------------------------------------------------------------------------


def test_a_saved_schedule_tells_at_once_when_it_runs_next(world: World) -> None:
    draft = mappings.get(ADMIN, world.mapping_id)
    saved = mappings.save(ADMIN, _with(draft, "every 10m"), activate=True)
    next_run = mappings.row(ADMIN, world.mapping_id).next_run
    assert next_run is not None
    assert timedelta() < next_run - datetime.now(UTC) <= timedelta(minutes=10)
    mappings.set_enabled(ADMIN, saved.id or world.mapping_id, False)
    assert mappings.row(ADMIN, world.mapping_id).next_run is None


def test_a_schedule_nobody_can_read_is_a_problem_of_the_mapping(world: World) -> None:
    draft = mappings.get(ADMIN, world.mapping_id)
    (found,) = [each for each in mappings.problems(ADMIN, _with(draft, "0 25 * * *")) if each.severity == "error"]
    assert found.message.startswith('The cron line "0 25 * * *" cannot be read')


def test_a_schedule_is_exported_and_applied(world: World, tmp_path: Any) -> None:
    scheduled(world, "0 6 * * 1-5 Europe/Berlin")
    text = config.export(ADMIN)
    assert "schedule: 0 6 * * 1-5 Europe/Berlin" in text
    (tmp_path / "glsync.yaml").write_text(
        text.replace("schedule: 0 6 * * 1-5 Europe/Berlin", "schedule: every 2h").replace(
            "env:GLIDE_TOKEN_SHOP", "token-of-the-shop"
        )
    )
    assert config.apply(ADMIN, tmp_path / "glsync.yaml") == [
        "mapping items: schedule from 0 6 * * 1-5 Europe/Berlin to every 2h"
    ]


def _with(draft: mappings.MappingDraft, schedule: str) -> mappings.MappingDraft:
    return replace(draft, schedule=schedule)


# --- tried again -----------------------------------------------------------------------------------------------------


def glide_is_busy(world: World) -> None:
    """Glide asks for a pause longer than any run waits."""
    world.glide.fault("status", status=429, retry_after=3600, count=None)


def fail(world: World) -> str:
    """A run that Glide's trouble breaks off; its message."""
    with pytest.raises(SyncError):
        world.sync()
    return str(world.last_log()["message"])


def minutes_to_retry(world: World) -> int | None:
    (row,) = world.sql("select extract(epoch from next_retry_at - now()) / 60 as m from gl_sync_errors")
    return None if row["m"] is None else round(row["m"])


def time_passes(world: World) -> list[str]:
    """The pause is over: what the next tick queues is done."""
    world.sql("update gl_sync_errors set next_retry_at = now() where next_retry_at is not null")
    with db.connect("test tick") as connection, connection.cursor() as cursor:
        queued = schedules.tick(cursor, datetime.now(UTC))
    for log_id in queued:
        done(world, log_id)
    return queued


def test_a_run_that_failed_for_a_passing_reason_is_tried_again_further_and_further_apart(world: World) -> None:
    glide_is_busy(world)
    messages, pauses = [fail(world)], [minutes_to_retry(world)]
    while time_passes(world):
        messages.append(world.last_log()["message"])
        pauses.append(minutes_to_retry(world))
    assert pauses == [1, 5, 15, None]
    assert [message.partition(". ")[2] for message in messages] == [
        "It is tried again by itself in a minute, 1 of 3.",
        "It is tried again by itself in 5 minutes, 2 of 3.",
        "It is tried again by itself in 15 minutes, 3 of 3.",
        "Tried again 3 times in vain; it waits for somebody to run it.",
    ]
    assert triggers(world) == ["manual", "retry", "retry", "retry"]


def test_a_success_ends_the_tries_and_settles_the_error(world: World) -> None:
    glide_is_busy(world)
    fail(world)
    world.glide.clear_faults()
    world.glide_has(a={"Name": "pen"})
    assert len(time_passes(world)) == 1
    assert (world.last_log()["trigger"], world.last_log()["status"]) == ("retry", "completed")
    assert world.errors() == []
    assert time_passes(world) == []


def test_after_a_success_the_next_failure_has_three_tries_again(world: World) -> None:
    glide_is_busy(world)
    fail(world)
    time_passes(world)
    world.glide.clear_faults()
    time_passes(world)
    glide_is_busy(world)
    assert fail(world).endswith("in a minute, 1 of 3.")


def test_a_success_on_a_table_that_did_not_change_settles_the_error_too(big_world: World) -> None:
    big_world.glide_has(a={"Name": "pen"})
    big_world.sync()
    glide_is_busy(big_world)
    fail(big_world)
    big_world.glide.clear_faults()
    assert big_world.sync().message == "Nothing changed in Glide since the last run"
    assert big_world.errors() == []


def test_what_only_a_person_can_mend_is_not_tried_again(world: World) -> None:
    world.sql("alter table items drop column price")
    assert "tried again" not in fail(world)
    assert minutes_to_retry(world) is None
    assert time_passes(world) == []


def test_a_mapping_that_is_switched_off_is_not_tried_again(world: World) -> None:
    glide_is_busy(world)
    fail(world)
    world.change_mapping(enabled=False)
    assert time_passes(world) == []


def test_an_error_somebody_ignores_is_not_tried_again(world: World) -> None:
    glide_is_busy(world)
    fail(world)
    world.sql("update gl_sync_errors set state = 'ignored'")
    assert time_passes(world) == []
