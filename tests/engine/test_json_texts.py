"""Glide's API may hand an object over as JSON or as the text of it; both are the same value."""

from __future__ import annotations

import msgspec
import pytest

from glsync.engine import types
from glsync.engine.transform import layout, transform
from glsync.values import ColumnPair


@pytest.mark.parametrize(
    ("cell", "stored"),
    [('{"a": 1.50}', '{"a":1.50}'), ("[1, 2]", "[1,2]"), ("hello", '"hello"'), ("[oops", '"[oops"'), ("5", '"5"')],
)
def test_an_object_that_came_as_its_text_is_that_object_and_any_other_text_a_text(cell, stored):
    assert types.reader("json", "jsonb")(cell) == stored


def test_both_ways_of_reading_a_page_unpack_the_same_texts():
    made = layout([ColumnPair("extra", "Extra", "extra", "json")], {"extra": "jsonb"})
    rows = [
        msgspec.json.encode({"$rowID": "a", "extra": '{"b":1}'}),
        msgspec.json.encode({"$rowID": "c", "extra": {"b": 1}}),
    ]
    first, second = transform([msgspec.Raw(row) for row in rows], made).lines
    assert first.partition("\x1f")[2] == second.partition("\x1f")[2] == '\x1e{"b":1}\x1e'
