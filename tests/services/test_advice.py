"""Advice: there is some for everything that can go wrong, in a calm voice."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from glsync import errors
from glsync.engine import types
from glsync.services.advice import _RULES, ADVICE, Advice, advice


def kinds_of_error(kind: type[errors.SyncError]) -> Iterator[str]:
    yield kind.type
    for below in kind.__subclasses__():
        yield from kinds_of_error(below)


EVERYTHING = [*ADVICE.values(), *(exact for _, exact in _RULES), advice("SOMETHING_NEW")]


@pytest.mark.parametrize("kind", sorted(set(kinds_of_error(errors.SyncError))))
def test_every_error_we_raise_has_advice(kind: str):
    assert kind in ADVICE


@pytest.mark.parametrize(
    "kind",
    ["VALIDATION_ERROR", "TRANSFORM_ERROR", "API_ERROR", "RATE_LIMIT", "NETWORK_ERROR", "DATABASE_ERROR", "CONFLICT",
     "RELATIONSHIP", "CONSTRAINT_ERROR", "DUPLICATE_KEY"],
)  # fmt: skip
def test_every_error_of_a_row_has_advice(kind: str):
    assert kind in ADVICE


@pytest.mark.parametrize("given", EVERYTHING, ids=lambda given: given.title)
def test_advice_is_complete_and_calm(given: Advice):
    texts = [given.title, given.meaning, *given.causes, *given.steps]
    assert given.causes
    assert given.steps
    for text in texts:
        assert text == text.strip()
        assert not re.search(
            r"!|\b(invalid|illegal|fatal|wrongly|you (must|failed|should have)|sorry|please)\b", text, re.I
        )
    for sentence in (given.meaning, *given.causes, *given.steps):
        assert sentence.endswith((".", "?"))
    assert not given.title.endswith(".")


@pytest.mark.parametrize(
    ("kind", "type_name", "cell", "title"),
    [
        ("number", "numeric", "a lot", "The cell is not a number"),
        ("number", "integer", "1.5", "The number has a fraction"),
        ("number", "smallint", 99999, "The number does not fit its column"),
        ("number", "numeric(6,2)", "1.234", "The number does not fit its column"),
        ("number", "numeric(6,2)", "12345.5", "The number does not fit its column"),
        ("number", "double precision", "1e999", "The number does not fit its column"),
        ("string", "character varying(3)", "word", "The text is too long for its column"),
        ("string", "text", "a\x00b", "The cell holds an invisible character"),
        ("string", "text", ["a"], "The cell holds a list"),
        ("duration", "interval", 5, "The cell is not a duration"),
        ("date-time", "timestamp with time zone", 5, "The cell is not a date or time"),
        ("boolean", "boolean", "maybe", "The cell is neither true nor false"),
        ("date-time", "timestamp with time zone", "7/29/2024", "The cell is not a date or time"),
        ("date", "date", "soon", "The cell is not a date or time"),
        ("time", "time without time zone", "noon", "The cell is not a date or time"),
        ("email-address", "text", "Ann", "The cell is not an email address"),
        ("array", "jsonb", 5, "The cell is not a list or JSON"),
    ],
)
def test_the_rule_a_cell_broke_makes_the_advice_exact(kind: types.Kind, type_name: str, cell: object, title: str):
    with pytest.raises(ValueError) as broken:
        types.reader(kind, type_name)(cell)
    assert advice("VALIDATION_ERROR", str(broken.value)).title == title


def test_a_type_nobody_knows_gets_advice_too():
    assert advice("SOMETHING_NEW").title == "An error of an unknown kind"
