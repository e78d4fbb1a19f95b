"""When a mapping runs by itself, read from one line of text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from glsync.engine.schedule import hint, parse, read_price, retry_after, runs_a_month

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize("text", ["every 15m", "every: 15m", "15m", "Every 15 minutes", " every  15 min "])
def test_an_interval_may_be_written_in_many_ways(text: str) -> None:
    assert parse(text).every == timedelta(minutes=15)


@pytest.mark.parametrize(
    ("text", "first", "second"),
    [
        ("every 15m", "2026-03-02T12:15Z", "2026-03-02T12:30Z"),
        ("every 1h30m", "2026-03-02T13:30Z", "2026-03-02T15:00Z"),
        ("every 1d", "2026-03-03T00:00Z", "2026-03-04T00:00Z"),
        ("30 6 * * *", "2026-03-03T06:30Z", "2026-03-04T06:30Z"),
        ("0 6 * * 1-5 Europe/Berlin", "2026-03-03T05:00Z", "2026-03-04T05:00Z"),
        ("*/20 8-18 * * MON-FRI", "2026-03-02T12:20Z", "2026-03-02T12:40Z"),
    ],
)
def test_ticks_follow_each_other(text: str, first: str, second: str) -> None:
    schedule = parse(text)
    assert schedule.after(NOON) == at(first)
    assert schedule.after(at(first)) == at(second)


def test_a_cron_line_keeps_the_hour_of_its_zone_when_the_clocks_change() -> None:
    schedule = parse("0 6 * * * Europe/Berlin")
    assert schedule.after(at("2026-03-28T12:00Z")) == at("2026-03-29T04:00Z")  # summer time began that night
    assert schedule.after(at("2026-10-24T12:00Z")) == at("2026-10-25T05:00Z")


def test_an_hour_that_does_not_exist_is_not_waited_for_till_next_year() -> None:
    schedule = parse("30 2 * * * Europe/Berlin")
    tick = schedule.after(at("2026-03-28T12:00Z"))
    assert at("2026-03-29T00:00Z") < tick < at("2026-03-30T01:00Z")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sometimes", "neither an interval nor a cron line"),
        ("every 30s", 'unknown unit "s"'),
        ("every 0m", "shorter than a minute"),
        ("every 60d", "longer than 31 days"),
        ("every 99999999999m", "longer than 31 days"),
        ("61 * * * *", 'The cron line "61 * * * *" cannot be read'),
        ("0 0 31 2 *", "cannot be read"),
        ("0 6 * * * Europe/Berlim", "no time zone"),
        ("0 6 * * * ../../etc/passwd", "no time zone"),
        ("* * * * * * *", "neither"),
    ],
)
def test_what_is_no_schedule_is_refused_with_what_fits(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=r"schedule|cron line") as refused:
        parse(text)
    assert said in str(refused.value)


def test_a_run_is_tried_again_three_times_further_and_further_apart() -> None:
    minutes = [pause // timedelta(minutes=1) if (pause := retry_after(tries)) else None for tries in range(4)]
    assert minutes == [1, 5, 15, None]


@pytest.mark.parametrize(
    ("text", "runs"), [("every 5m", 8640), ("every 1d", 30), ("*/5 * * * *", 8640), ("0 6 * * *", 30), ("0 0 1 * *", 1)]
)
def test_how_often_a_schedule_runs_in_a_month(text: str, runs: int) -> None:
    assert abs(runs_a_month(parse(text), NOON) - runs) <= 1


def test_what_a_read_costs() -> None:
    assert [read_price("classic", rows) for rows in (0, 1000, 1001)] == [1, 1, 2]
    assert read_price("big", 2500) == Decimal("2.5")


def test_what_every_five_minutes_would_cost_is_said_in_a_sentence() -> None:
    assert hint(parse("every 5m"), NOON, "classic", 12_000) == (
        "8,640 runs a month; reading costs 103,680 updates, 12 for each run"
    )
    assert hint(parse("every 5m"), NOON, "big", 12_000).endswith("none while nothing changes in Glide")
