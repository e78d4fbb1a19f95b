"""What an expression may say, what it sees of a row, and what it gives back."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from glsync.engine.expressions import RuleError
from glsync.engine.rules import rules_of
from glsync.values import ColumnPair

PAIRS = (
    ColumnPair("Name", "Item", "name", "string"),
    ColumnPair("prc00", "Price", "price", "number"),
    ColumnPair("tags0", "Tags", "tags", "array"),
    ColumnPair("a1", "Twice", "a", "string"),
    ColumnPair("a2", "Twice", "b", "string"),
    ColumnPair("b1", "in", "c", "string"),
)


def give(expression: str, **row: Any) -> Any:
    """What the expression gives for this row, as a filter sees it: without a column of its own."""
    rules = rules_of(expression, PAIRS)
    assert rules is not None
    assert rules.filter is not None
    return rules.filter.value(row)


@pytest.mark.parametrize("name", ["Name", "Item", 'row["Name"]', 'row["Item"]', "row['Item']"])
def test_a_column_goes_by_its_id_and_by_its_name(name: str) -> None:
    assert give(name, Name="pen") == "pen"


def test_a_name_two_columns_have_is_nobodys() -> None:
    assert give("a1 + a2", a1="x", a2="y") == "xy"
    with pytest.raises(RuleError, match="'Twice' at position 1, which is no column, or of two columns"):
        give("Twice")


def test_a_word_of_the_language_is_a_column_in_row_only() -> None:
    assert give('row["in"]', b1="x") == "x"
    with pytest.raises(RuleError):
        give("in")


@pytest.mark.parametrize(
    ("cell", "given"),
    [
        (5, Decimal(5)),
        (0.1, Decimal("0.1")),
        (Decimal("12.10"), Decimal("12.1")),
        (-0.0001, Decimal("-0.0001")),
        (123456789012345, Decimal(123456789012345)),
        (12345678901234567, 12345678901234567),
        (1e200, Decimal("1e200")),
    ],
)
def test_a_number_passes_through_with_every_digit(cell: Any, given: Any) -> None:
    assert give("Price", prc00=cell) == given


@pytest.mark.parametrize("cell", [Decimal("1.2345678901234567"), 10**30 + 1, Decimal("1e999")])
def test_a_number_of_more_digits_fails_rather_than_lose_one(cell: Any) -> None:
    with pytest.raises(ValueError, match="rules calculate with 15 digits"):
        give("Price", prc00=cell)


@pytest.mark.parametrize(
    ("expression", "given"),
    [
        ("Price + 0.2", Decimal("0.3")),
        ("round(Price * 25.0, 0)", Decimal(3)),
        ('Price > 0.05 ? "more" : "less"', "more"),
        ('Tags.exists(tag, tag == "new")', True),
        ("size(Tags)", 2),
        ('join(Tags, "/")', "new/red"),
        ('split("a,b", ",")', ["a", "b"]),
        ('Name.replace("e", "i").upper().substring(1)', "IN"),
        ('timestamp("2026-01-02T00:00:00Z") + duration("90m")', "2026-01-02T01:30:00Z"),
        ('duration("90m")', "PT5400.000000S"),
        ('{"price": Price}', {"price": Decimal("0.1")}),
        ("trim(a1)", None),
        ("null", None),
    ],
)
def test_what_rules_can_work_out(expression: str, given: Any) -> None:
    assert give(expression, Name="pen", prc00=0.1, tags0=["new", "red"]) == given


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("Price * 2", "a number is written 2.0, not 2"),
        ("a1 + Name", "an empty cell is null"),
        ("size(a1)", "size cannot take what it was given"),
        ("Price / 0.0", "a number without end"),
        ("1 / 0", "division by zero"),
        ("trim(Price)", "a text is needed"),
        ('b"pen"', "form that rules do not take"),
        ("Tags[7]", ""),
    ],
)
def test_what_fails_says_why(expression: str, said: str) -> None:
    with pytest.raises(ValueError) as failed:
        give(expression, Name="pen", prc00=0.1, tags0=["new"])
    assert said in str(failed.value)


@pytest.mark.parametrize(
    "expression",
    [
        "Tags.map(tag, tag + tag)",
        "cel.bind(x, Name + Name, x + x)",
        "Tags.all(a, Tags.all(b, Tags.all(c, a == b)))",
        "Name /* hidden */",
        "Name // map(",
        '"""a"""',
        'r"a"',
        "`Name`",
        "Name.__class__",
        "(" * 200 + "1" + ")" * 200,
        '"' + "x" * 1000 + '"',
        "import os",
    ],
)
def test_what_could_grow_without_end_or_hide_something_is_refused(expression: str) -> None:
    with pytest.raises((RuleError, ValueError)):
        give(expression, Name="pen", tags0=["a"])


def test_texts_and_lists_stay_within_bounds() -> None:
    grow = 'Name.replace("x", Name).replace("x", Name)'
    with pytest.raises(ValueError, match="longer than 1,000,000 characters"):
        give(grow, Name="x" * 200)
    with pytest.raises(ValueError, match="more than 1,000 items"):
        give("size(Tags)", tags0=["a"] * 1001)


def test_a_mapping_without_rules_has_none() -> None:
    assert rules_of(None, PAIRS) is None
    assert rules_of("  ", PAIRS) is None
