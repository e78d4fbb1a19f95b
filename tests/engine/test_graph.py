"""Which mapping comes before which."""

from __future__ import annotations

import pytest

from glsync.engine.graph import Edge, closes_circle, parents_first

SHOP = [Edge("lines", "orders"), Edge("orders", "customers"), Edge("lines", "products"), Edge("products", "customers")]


def test_parents_come_before_their_children_and_free_ones_by_the_alphabet():
    assert parents_first(["lines", "orders", "customers", "products", "zoo", "ants"], SHOP) == [
        "ants", "customers", "orders", "products", "lines", "zoo",
    ]  # fmt: skip


def test_only_the_asked_for_are_ordered_and_the_way_may_lead_through_others():
    assert parents_first(["lines", "customers"], SHOP) == ["customers", "lines"]


@pytest.mark.parametrize("names", [["a", "b", "c"], ["c", "b", "a"], ["b", "c", "a"]])
def test_a_circle_opens_at_the_column_that_may_be_empty(names):
    circle = [Edge("a", "b", needed=True), Edge("b", "c", needed=True), Edge("c", "a")]
    assert parents_first(names, circle) == ["c", "b", "a"]


def test_a_circle_does_not_hide_whom_its_members_need():
    assert parents_first(["a", "b", "z"], [Edge("a", "b"), Edge("b", "a"), Edge("a", "z"), Edge("b", "z")])[0] == "z"


def test_a_table_that_refers_to_itself_is_a_circle_of_one():
    own = Edge("staff", "staff")
    assert closes_circle(own, [own])
    assert not closes_circle(Edge("lines", "staff"), [own])
    assert parents_first(["staff"], [own]) == ["staff"]
