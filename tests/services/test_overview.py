"""The dashboard's figures, and figures over time."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from glsync.errors import InvalidInput
from glsync.services import errors, metrics, runs
from glsync.services.access import Actor
from glsync.services.connections import ConnectionRow
from glsync.services.mappings import MappingDraft
from glsync.services.overview import overview
from glsync.standin import StandIn

from .conftest import OPERATOR, VIEWER


@pytest.fixture
def ran(items: MappingDraft, ask: Any) -> Any:
    """Note a run that ended some hours ago."""

    def note(hours: float, *, status: str = "completed", stored: int = 0, read: int = 0, failed: int = 0) -> None:
        ask(
            "insert into gl_sync_logs (mapping_id, status, started_at, completed_at, records_processed, created_rows,"
            f" read_rows, failed_rows, price) values ('{items.id}', '{status}', now() - interval '{hours} hours',"
            f" now() - interval '{hours} hours' + interval '10 seconds', {stored}, {stored}, {read}, {failed}, 1.5)"
            " returning 1"
        )

    return note


def test_an_empty_workspace_says_what_to_do_first(glide: StandIn):
    found = overview(VIEWER)
    assert (found.verdict, found.mappings_total, found.success_rate_7d, found.activity) == ("empty", 0, None, ())
    assert found.steps_done == {"connection": False, "database": True, "mapping": False, "sync": False}


def test_a_mapping_that_never_ran_is_neither_well_nor_ill(items: MappingDraft):
    found = overview(VIEWER)
    assert (found.verdict, found.never_run, found.oldest_freshness) == ("not_run", 1, None)
    assert found.steps_done == {"connection": True, "database": True, "mapping": True, "sync": False}


def test_all_is_well_after_a_run_without_errors(ran: Any):
    ran(1, stored=7, read=10)
    found = overview(VIEWER)
    assert (found.verdict, found.attention, found.records_24h, found.success_rate_7d) == ("healthy", 0, 7, 1.0)
    assert (len(found.records_24h_series), sum(found.records_24h_series)) == (24, 7)
    assert found.oldest_freshness is not None


def test_rejected_rows_ask_for_attention(glide: StandIn, items: MappingDraft):
    runs.run_here(OPERATOR, items.id)
    found = overview(VIEWER)
    assert (found.verdict, found.attention, found.open_errors) == ("attention", 1, 1)


def test_a_queued_run_is_syncing(items: MappingDraft):
    runs.start(OPERATOR, items.id)
    assert (overview(VIEWER).verdict, overview(VIEWER).running) == ("syncing", 1)


def test_the_success_rate_counts_runs_that_came_to_an_end_in_a_week(ran: Any):
    for status in ("completed", "completed_with_errors", "failed", "failed", "cancelled"):
        ran(1, status=status)
    ran(24 * 8, status="failed")
    assert overview(VIEWER).success_rate_7d == 0.5


def test_activity_mixes_runs_with_what_people_did(ran: Any):
    ran(0, status="failed")
    newest, *others = overview(VIEWER).activity
    assert {(one.kind, one.action, one.subject_type) for one in (newest, *others)} == {
        ("audit", "added", "connection"), ("audit", "created", "table"), ("audit", "added", "mapping"),
        ("run", "failed", "run"),
    }  # fmt: skip
    assert [one.level for one in (newest, *others) if one.kind == "run"] == ["error"]


def test_every_day_of_the_period_is_there(ran: Any):
    ran(0, stored=4, read=10, failed=2)
    ran(48, status="failed")
    days = metrics.per_day(VIEWER, 7)
    assert list(days["runs"]) == [0, 0, 0, 0, 1, 0, 1]
    assert days.iloc[-1][["completed", "stored", "read", "rejected", "price"]].to_list() == [1, 4, 10, 2, 1.5]
    assert list(metrics.share_of(days)["share"].dropna()) == [0.2]


def test_durations_are_those_of_runs_that_came_to_their_end(ran: Any):
    ran(0)
    ran(0, status="failed")
    [day] = metrics.durations(VIEWER, 1).to_dict("records")
    assert (day["runs"], day["p50"], day["p95"], day["longest"]) == (1, 10.0, 10.0, 10.0)


def test_throughput_has_every_hour(ran: Any):
    ran(0, stored=5, read=20)
    hours = metrics.throughput(VIEWER, 3)
    assert list(hours["stored"])[-1] == 5
    assert list(hours["rows_per_second"])[-1] == 2.0
    assert len(hours) == 3


def test_errors_are_counted_by_cause(glide: StandIn, items: MappingDraft):
    runs.run_here(OPERATOR, items.id)
    errors.resolve(OPERATOR, errors.OPEN)
    assert metrics.by_cause(VIEWER).to_dict("records") == [{"type": "VALIDATION_ERROR", "errors": 1, "open": 0}]


def test_what_glide_was_asked_is_counted_per_connection(glide: StandIn, items: MappingDraft, ops: ConnectionRow):
    runs.run_here(OPERATOR, items.id)
    [day] = metrics.usage(VIEWER).to_dict("records")
    assert (day["connection"], day["updates"]) == ("ops", 1.0)
    assert day["calls"] >= 1


def test_the_stalest_mapping_comes_first(ran: Any):
    assert metrics.freshness(VIEWER)["last_success_at"].isna().all()
    ran(2)
    [only] = metrics.freshness(VIEWER).to_dict("records")
    assert 7_000 < only["age_seconds"] < 7_300


def test_frames_without_rows_have_their_columns(items: MappingDraft):
    for frame in (metrics.durations(VIEWER), metrics.by_cause(VIEWER), metrics.usage(VIEWER)):
        assert len(frame) == 0
        assert len(frame.columns) >= 3


@pytest.mark.parametrize("days", [-1, 100_000])
def test_a_period_nobody_can_show_is_refused(items: MappingDraft, days: int):
    with pytest.raises(InvalidInput):
        metrics.per_day(VIEWER, days)


def test_figures_are_those_of_ones_own_workspace(ran: Any, ask: Any):
    ran(1, stored=7, read=10)
    [(other,)] = ask("insert into glsync.workspaces (name) values ('other') returning id")
    stranger = Actor("stranger", "admin", UUID(str(other)))
    assert (overview(stranger).verdict, overview(stranger).records_24h, overview(stranger).activity) == ("empty", 0, ())
    assert metrics.per_day(stranger, 7)["runs"].sum() == 0
    assert len(metrics.freshness(stranger)) == 0
