"""Columns find each other by name, type and sample."""

from __future__ import annotations

import pytest

from glsync.engine.suggest import Suggestion, free_name, fresh_pairs, likeness, suggest, words
from glsync.values import GlideColumn, Kind, TableColumn


def glide(name: str, kind: Kind | None = "string", id: str = "") -> GlideColumn:
    return GlideColumn(id or f"id of {name}", name, kind or "weird", kind)


def column(name: str, type: str = "text", *, generated: bool = False) -> TableColumn:
    return TableColumn(name, type, nullable=True, has_default=False, generated=generated)


def pairs(found: list[Suggestion]) -> list[tuple[str | None, float]]:
    return [(suggestion.column, suggestion.confidence) for suggestion in found]


@pytest.mark.parametrize(
    "name", ["Unit price", "unitPrice", "UNIT_PRICE", "Unit Prices", " unit-price ", "unit  price?"]
)
def test_the_same_words_are_the_same_name_however_they_are_written(name: str):
    assert pairs(suggest([glide(name)], [column("unit_price")])) == [("unit_price", 1.0)]


@pytest.mark.parametrize(
    ("short", "long"), [("Qty sold", "quantity_sold"), ("Addr", "address"), ("Tel", "phone"), ("Größe", "groesse")]
)
def test_what_people_shorten_is_understood(short: str, long: str):
    assert likeness(short, long) == 1.0


@pytest.mark.parametrize(
    ("one", "other"),
    [("Total", "subtotal"), ("Notes", "note_of_sale_by_vendor_x"), ("", "x"), ("?", "price"), ("Name", "Age")],
)
def test_what_only_looks_alike_is_not_suggested(one: str, other: str):
    assert pairs(suggest([glide(one)], [column(other)])) == [(None, 0.0)]


def test_the_exact_name_wins_over_the_nearly_right_one_whatever_the_order():
    columns = [glide("Name of customer"), glide("Customer name")]
    assert [s.column for s in suggest(columns, [column("customer_name")])] == [None, "customer_name"]


def test_no_column_is_suggested_twice():
    found = suggest([glide("Price"), glide("Price", id="other")], [column("price"), column("unit_price")])
    assert sorted(s.column or "" for s in found) == ["price", "unit_price"]


def test_a_type_that_does_not_fit_halves_the_confidence_below_suggesting():
    assert pairs(suggest([glide("Paid", "boolean")], [column("paid", "numeric")])) == [(None, 0.0)]


def test_text_that_reads_as_numbers_goes_into_a_number_column_as_number():
    [found] = suggest([glide("Price", id="p")], [column("price", "numeric")], [{"p": "1.5"}, {"p": ""}, {}])
    assert (found.column, found.kind) == ("price", "number")
    assert 0.9 < found.confidence < 1


def test_text_whose_sample_does_not_read_as_numbers_does_not():
    assert suggest([glide("Price", id="p")], [column("price", "numeric")], [{"p": "a lot"}])[0].column is None


def test_columns_the_database_fills_are_left_alone():
    targets = [
        column("glide_row_id"),
        column("price", generated=True),
        column("updated_at", "timestamp with time zone"),
    ]
    assert [s.column for s in suggest([glide("Price"), glide("Glide row id"), glide("Updated")], targets)] == [None] * 3


def test_the_row_id_needs_no_suggestion():
    assert suggest([glide("$rowID", id="$rowID")], [column("glide_row_id")]) == []


def test_a_kind_nobody_knows_is_read_as_text():
    assert suggest([glide("Colour", None)], [column("colour")])[0].kind == "string"


def test_names_are_taken_apart_at_case_and_signs():
    assert words("HTTPServer URLs of_theCompanies") == ["http", "server", "url", "of", "the", "company"]


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        ("Unit price (€)", "unit_price"),
        ("Größe", "groesse"),
        ("2nd name", "c_2nd_name"),
        ("日本", "column"),
        ("id", "id_2"),
    ],
)
def test_a_new_column_gets_a_plain_name(wanted: str, name: str):
    assert free_name(wanted, {"id"}) == name


def test_new_columns_never_share_a_name():
    made = fresh_pairs([glide("Price"), glide("price"), glide("PRICE!", "number"), glide("$rowID", id="$rowID")])
    assert [(pair.column, pair.kind) for pair in made] == [
        ("price", "string"),
        ("price_2", "string"),
        ("price_3", "number"),
    ]
