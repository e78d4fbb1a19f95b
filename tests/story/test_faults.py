"""Whatever goes wrong on the way to Glide, at whichever call: a run ends, says why, and the next one has everything."""

from __future__ import annotations

from typing import Any

import pytest

from glsync.errors import ContinuationExpired, GlideBusy, GlideError, GlideRefusedToken
from glsync.glide import client
from tests.world import TABLE, World

FAULTS: list[dict[str, Any]] = [
    *({"kind": "status", "status": status} for status in (400, 401, 402, 403, 404, 409, 412, 422, 500, 502, 503, 504)),
    {"kind": "status", "status": 429},
    {"kind": "status", "status": 429, "retry_after": 0},
    {"kind": "status", "status": 429, "retry_after": 3600},
    {"kind": "reset"},
    {"kind": "reset", "at": "body"},
    {"kind": "hang", "seconds": 0.4},
    {"kind": "truncated"},
    {"kind": "html"},
    {"kind": "wrong_type"},
    {"kind": "expired_continuation"},
    {"kind": "latency", "seconds": 0.05},
    {"kind": "trickle", "seconds": 0.1},
    {"kind": "moving_rows", "rows": 3},
    {"kind": "replay"},
]
CALLS = {"glide": {"list": 1, "schema": 1, "query": 4}, "big": {"list": 1, "schema": 1, "head": 2, "rows": 4}}
"""Every call of a run over 100 rows in pages of 30."""


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pauses between two tries are the client's own business and tested there."""
    monkeypatch.setattr(client, "wait_random_exponential", lambda **_: lambda _: 0.0)


def named(value: object) -> str:
    return "-".join(map(str, value.values())) if isinstance(value, dict) else {1: "once", None: "lasting"}[value]


def broken_off(world: World) -> GlideError | None:
    """Run; the error it ended with, if any."""
    try:
        world.sync()
    except GlideError as error:
        return error
    return None


LASTING: list[dict[str, Any]] = [
    *({"kind": "status", "status": status} for status in (401, 404, 503)),
    *({"kind": kind} for kind in ("reset", "truncated", "expired_continuation")),
]
CELLS = [*((fault, 1) for fault in FAULTS), *((fault, None) for fault in LASTING)]


@pytest.mark.parametrize(("fault", "often"), CELLS, ids=named)
def test_a_fault_at_any_call_loses_guesses_and_doubles_nothing(
    any_world: World, fault: dict[str, Any], often: int | None
):
    world = any_world
    world.sql("update gl_connections set settings = settings || '{\"timeout\": 0.3}'")
    world.change_mapping(deletes="delete", delete_grace=60)
    world.glide.set(page_rows=30, big_page_rows=30)
    world.glide_has_many(100)
    world.sync()
    kind = world.glide.state.named(TABLE).kind
    for site, calls in CALLS[kind].items():
        for skip in sorted({0, calls // 2, calls - 1}):
            number = sum(map(ord, f"{site}{skip}"))
            world.glide_has(r000004={"Name": f"{site} {skip}"}, **{f"new {site} {skip}": {"Name": f"{number}"}})
            world.glide_has(**{next(iter(set(world.glide.rows(TABLE)) - {"r000004"})): None})
            world.glide.fault(site=site, skip=skip, count=often, **fault)
            failed = broken_off(world)
            log = world.last_log()
            assert (log["status"], log["error_type"]) == ("failed", failed.type) if failed else ("completed", None)
            assert bool(log["hint"]) is bool(failed)
            assert {row_id for row_id in world.glide.rows(TABLE) if row_id.startswith("r")} <= world.names().keys()
            world.glide.clear_faults()
    for _ in range(2):
        world.sync()
        world.grace_is_over()
    world.sync()
    assert world.names() == {row_id: row["Name"] for row_id, row in world.glide.rows(TABLE).items()}
    assert world.sql("select status from gl_sync_logs where completed_at is null") == []
    assert world.errors() == []


def test_a_storm_of_429_passes(any_world: World):
    any_world.glide.set(page_rows=10, big_page_rows=10)
    any_world.glide_has_many(35)
    any_world.glide.fault("status", site=["query", "rows"], status=429, retry_after=0, every=2, count=None)
    assert any_world.sync().counts.created == 35


def test_a_storm_of_429_that_does_not_pass_ends_the_run_and_is_told(world: World):
    world.glide_has_many(5)
    world.glide.fault("status", site="query", status=429, retry_after=0, count=None)
    with pytest.raises(GlideBusy):
        world.sync()
    (error,) = world.errors()
    assert (error["error_type"], error["retryable"], error["glide_row_id"]) == ("RATE_LIMIT", True, None)
    world.glide.clear_faults()
    world.sync()
    assert world.errors() == []


def test_a_continuation_that_expires_in_the_middle_begins_the_read_again(any_world: World):
    any_world.glide.set(page_rows=10, big_page_rows=10)
    any_world.glide_has_many(35)
    any_world.glide.fault("expired_continuation", site=["query", "rows"], skip=1, count=1)
    report = any_world.sync()
    assert (report.status, report.counts.created, len(any_world.names())) == ("completed", 35, 35)


def test_a_continuation_that_always_expires_ends_the_run(world: World):
    world.glide.set(page_rows=10)
    world.glide_has_many(35)
    world.glide.fault("expired_continuation", site="query", count=None)
    with pytest.raises(ContinuationExpired):
        world.sync()
    assert world.last_log()["status"] == "failed"


def test_a_run_goes_on_from_the_page_where_the_one_before_broke_off(any_world: World):
    any_world.glide.set(page_rows=10, big_page_rows=10)
    any_world.glide_has_many(35)
    any_world.glide.fault("status", site=["query", "rows"], status=400, skip=2, count=1)
    with pytest.raises(GlideError):
        any_world.sync()
    assert len(any_world.names()) == 20
    any_world.glide.forget_calls()
    report = any_world.sync()
    assert (report.counts.created, len(any_world.names())) == (15, 35)
    assert len(any_world.glide.calls("query") + any_world.glide.calls("rows")) == 2


def test_a_big_table_that_changed_since_is_not_gone_on_with(big_world: World):
    big_world.glide.set(big_page_rows=10)
    big_world.glide_has_many(35)
    big_world.glide.fault("status", site="rows", status=400, skip=2, count=1)
    with pytest.raises(GlideError):
        big_world.sync()
    big_world.glide_has(r000001={"Name": "changed"})
    assert big_world.sync().counts.read == 35
    assert big_world.names()["r000001"] == "changed"


def test_a_place_to_go_on_from_is_forgotten_when_the_mapping_changed(world: World):
    world.sql("alter table items add title text")
    world.glide.set(page_rows=10)
    world.glide_has_many(35)
    world.glide.fault("status", site="query", status=400, skip=2, count=1)
    with pytest.raises(GlideError):
        world.sync()
    pairs = world.column_mappings()
    pairs["Name"]["supabase_column_name"] = "title"
    world.change_mapping(column_mappings=world.json(pairs))
    world.sync()
    assert {row["title"] for row in world.in_postgres().values()} == {f"Item {number}" for number in range(35)}


def test_a_connection_whose_token_glide_refuses_says_so_until_glide_takes_it_again(any_world: World):
    def standing() -> list[dict[str, Any]]:
        return any_world.sql("select status, status_message is null as is_silent from gl_connections")

    any_world.glide_has_many(3)
    any_world.glide.fault("status", site=["query", "rows"], status=401, count=None)
    assert isinstance(broken_off(any_world), GlideRefusedToken)
    assert standing() == [{"status": "error", "is_silent": False}]
    any_world.glide.clear_faults()
    any_world.sync()
    assert standing() == [{"status": "active", "is_silent": True}]
