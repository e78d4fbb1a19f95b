"""Numbers, times and data as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from glsync.ui import words

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "said"),
    [(None, "–"), (0, "0"), (999, "999"), (1000, "1,000"), (1234567, "1,234,567")],
)
def test_numbers_are_grouped_by_thin_spaces(value, said):
    assert words.number(value) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (None, "–"), (0.42, "0.4 s"), (12.4, "12 s"), (72, "1 min 12 s"), (59.7, "1 min 0 s"), (3600, "1 h 0 min"),
        (11100, "3 h 5 min"), (187200, "2 d 4 h"),
    ],
)  # fmt: skip
def test_durations_name_their_two_largest_units(seconds, said):
    assert words.duration(seconds) == said


@pytest.mark.parametrize(
    ("before", "said"),
    [
        (timedelta(seconds=1), "just now"), (timedelta(seconds=30), "30 s ago"), (timedelta(minutes=3), "3 min ago"),
        (timedelta(hours=2), "2 h ago"), (timedelta(days=5), "5 d ago"), (timedelta(minutes=-4), "in 4 min"),
    ],
)  # fmt: skip
def test_moments_are_told_by_their_distance(before, said):
    assert words.ago(NOW - before, NOW) == said


def test_a_moment_that_never_was_is_never():
    assert words.ago(None) == "never"


@pytest.mark.parametrize(("value", "said"), [(None, "–"), (0.0, "0 %"), (1.0, "100 %"), (0.947, "94.7 %")])
def test_shares_are_percentages(value, said):
    assert words.share(value) == said


@pytest.mark.parametrize("data", ["**bold**", ":red[x]", "[a](http://b)", "`code`", "$x$", "# head", "<b>", "a_b_c"])
def test_no_data_formats_anything(data):
    shown = words.plain(data)
    assert all(f"\\{mark}" in shown for mark in data if mark in "*:[]()`$#<>_")


@pytest.mark.parametrize("data", ["ada@example.org", "https://example.org", "www.example.org", ":material/home:"])
def test_what_links_itself_is_broken_up_without_a_mark(data):
    assert words.JOINER in words.plain(data)


def test_long_text_is_shortened_to_one_line():
    assert words.shortened("a\nb " + "c" * 90, 10) == "a b ccccc…"
