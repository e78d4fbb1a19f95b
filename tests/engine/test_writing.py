"""What goes to Glide in which form, and what counts as Glide's own form of it and not as somebody's edit."""

from __future__ import annotations

import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from glsync.engine.writing import is_same, to_glide
from glsync.values import Kind


@pytest.mark.parametrize(
    ("kind", "value", "sent"),
    [
        ("string", None, None),
        ("number", None, None),
        ("date-time", None, None),
        ("string", "pen", "pen"),
        ("string", 5, "5"),
        ("uri", Decimal("1.50"), "1.50"),
        ("boolean", True, True),
        ("json", {"a": [1]}, {"a": [1]}),
        ("array", ["a"], ["a"]),
        ("number", 5, 5),
        ("number", Decimal("1.5"), Decimal("1.5")),
        ("number", "1.5", "1.5"),
        ("date-time", 5, 5),
        ("date", "2024-02-29", "2024-02-29"),
    ],
)
def test_a_value_goes_to_glide_as_its_kind_takes_it(kind: Kind, value: Any, sent: Any):
    found = to_glide(kind, value)
    assert (found, type(found)) == (sent, type(sent))


@pytest.mark.parametrize("number", [0, 5, -5, 2**53 - 1, 1 - 2**53])
def test_a_whole_number_that_a_double_holds_goes_without_a_fraction(number: int):
    found = to_glide("number", Decimal(f"{number}.00"))
    assert (found, type(found)) == (number, int)


@pytest.mark.parametrize("number", [2**53, -(2**53), 2**53 + 1])
def test_a_whole_number_beyond_what_a_double_holds_goes_as_it_is(number: int):
    assert isinstance(to_glide("number", Decimal(number)), Decimal)


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("2024-02-29T12:00:00+00:00", "2024-02-29T12:00:00.000Z"),
        ("2024-02-29T12:00:00+02:00", "2024-02-29T10:00:00.000Z"),
        ("2024-02-29T12:00:00", "2024-02-29T12:00:00.000Z"),
        ("2024-02-29T12:00:00.123+00:00", "2024-02-29T12:00:00.123Z"),
        ("2024-02-29T12:00:00.123456+00:00", "2024-02-29T12:00:00.123456Z"),
        ("infinity", "infinity"),
        ("0001-01-01T00:00:00+02:00", "0001-01-01T00:00:00+02:00"),
    ],
)
def test_a_moment_goes_in_utc_and_in_milliseconds_if_they_hold_it(text: str, sent: str):
    assert to_glide("date-time", text) == sent


@pytest.fixture
def in_tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as there:
        there.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("in_tokyo")
def test_a_moment_without_a_zone_is_in_utc_wherever_the_machine_stands():
    assert to_glide("date-time", "2024-02-29T12:00:00") == "2024-02-29T12:00:00.000Z"


@pytest.mark.parametrize(
    ("kind", "sent", "found"),
    [
        ("string", "pen", "pen"),
        ("boolean", True, True),
        ("array", ["a", 1], ["a", Decimal("1.0")]),
        ("string", None, ""),
        ("array", [], None),
        ("string", "", None),
        ("array", None, []),
        ("number", Decimal("0.1"), 0.1),
        ("number", Decimal(2**53 + 1), 2**53),
        ("number", 5, Decimal("5.00")),
        ("string", "pen\r\nink ", "pen\nink"),
        ("string", "e\u0301", "\u00e9"),
        ("date-time", "2024-02-29T12:00:00.123456+00:00", "2024-02-29T12:00:00.123Z"),
        ("date-time", "2024-02-29T12:00:00+02:00", "2024-02-29T10:00:00Z"),
        ("date-time", "2024-02-29T12:00:00", "2024-02-29T12:00:00Z"),
        ("date", "2024-02-29", "2024-02-29T00:00:00Z"),
    ],
)
def test_glides_own_form_of_a_value_is_an_echo(kind: Kind, sent: Any, found: Any):
    assert is_same(kind, sent, found)
    assert is_same(kind, found, sent)


@pytest.mark.parametrize(
    ("kind", "sent", "found"),
    [
        ("string", "pen", "ink"),
        ("string", "pen", "Pen"),
        ("string", None, "pen"),
        ("string", "", "pen"),
        ("number", None, 0),
        ("boolean", None, False),
        ("json", None, {}),
        ("number", 5, 6),
        ("number", 5, "5"),
        ("boolean", True, 2),
        ("json", True, 1),
        ("json", [False], [0]),
        ("array", ["a"], ["a", "b"]),
        ("date-time", "2024-02-29T12:00:00.123Z", "2024-02-29T12:00:00.124Z"),
        ("date-time", "2024-02-29T12:00:00.124Z", "2024-02-29T12:00:00.125Z"),
        ("date-time", "2024-02-29T12:00:00Z", "2024-02-29T13:00:00Z"),
        ("date-time", "2024-02-29T12:00:00Z", "soon"),
        ("date-time", "1969-12-31T23:59:59.999999Z", "1970-01-01T00:00:00Z"),
        ("date", "2024-02-29", "2024-03-01"),
        ("string", "2024-02-29T12:00:00Z", "2024-02-29T12:00:00.000Z"),
    ],
)
def test_a_value_of_another_meaning_is_somebodys_edit(kind: Kind, sent: Any, found: Any):
    assert not is_same(kind, sent, found)
    assert not is_same(kind, found, sent)
