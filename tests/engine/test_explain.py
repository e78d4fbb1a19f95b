"""The sentences about one row follow what merge decides, whatever that is."""

from __future__ import annotations

from itertools import product

import pytest

from glsync.engine.explain import of_column, of_row
from glsync.engine.merge import merge
from glsync.values import Base, FieldRule, Seen

NAME = FieldRule("name", "both", "ask")
AGREED = Base({"name": "pen"}, {"name": "pen"})


def said(seen, rule=NAME, *, direction="both", policy="ask", deletes="delete"):
    """(about the row, about the column)."""
    decision = merge(seen, [rule], direction=direction, policy=policy, deletes=deletes)
    return of_row(seen, decision), of_column(rule, direction, seen, decision)


@pytest.mark.parametrize(
    ("seen", "row", "column"),
    [
        (Seen(AGREED, {"name": "pen"}, {"name": "pen"}), "In step", "Unchanged on both sides"),
        (Seen(AGREED, {"name": "ink"}, {"name": "pen"}), "changed in Postgres", "Changed in Glide since"),
        (Seen(AGREED, {"name": "pen"}, {"name": "ink"}), "changed in Glide", "Changed in Postgres since"),
        (Seen(AGREED, {"name": "ink"}, {"name": "ink"}), "In step", "to the same value"),
        (
            Seen(AGREED, {"name": "ink"}, {"name": "cup"}),
            "wait for somebody",
            "nothing is written until somebody picks",
        ),
        (Seen(None, {"name": "ink"}, {"name": "ink"}), "In step", "Equal on both sides"),
        (Seen(None, {"name": "ink"}, {"name": "cup"}), "wait for somebody", "never agreed on; the mapping asks"),
        (Seen(None, {"name": "ink"}, None), "made in Postgres", "The row is in Glide only: new in Glide"),
        (Seen(AGREED, {}, {"name": "pen"}), "In step", "could not be read"),
        (Seen(AGREED, {"name": "pen"}, None, postgres_gone=True), "deleted in Glide", "in Glide only: deleted in"),
        (Seen(AGREED, {"name": "ink"}, None, postgres_gone=True), "deleted in Postgres; somebody", "in Glide only"),
        (Seen(None, {"name": "pen"}, None, detached="glide"), "let go: it stays in Glide", "in Glide only"),
        (Seen(None, None, None), "In step", "on neither side"),
    ],
)
def test_every_case_has_its_sentence(seen, row, column):
    about_row, about_column = said(seen)
    assert row in about_row
    assert column in about_column


def test_a_policy_that_decides_and_a_direction_that_decides_are_named():
    both = Seen(AGREED, {"name": "ink"}, {"name": "cup"})
    assert "Glide wins: Postgres gets Glide's value" in said(both, FieldRule("name", "both", "glide"))[1]
    assert "Postgres decides about this column" in said(both, FieldRule("name", "to_glide", "ask"))[1]
    assert "written on neither side" in said(both, FieldRule("name", "to_glide", "ask"), direction="to_supabase")[1]


def test_lists_that_both_sides_changed_are_said_to_be_united():
    tags = FieldRule("name", "both", "ask", is_set=True)
    seen = Seen(Base({"name": ["a"]}, {"name": ["a"]}), {"name": ["a", "b"]}, {"name": ["a", "c"]})
    assert "the lists are united" in said(seen, tags)[1]


@pytest.mark.parametrize("policy", ["glide", "postgres", "newest", "ask"])
@pytest.mark.parametrize("direction", ["to_supabase", "to_glide", "both"])
def test_whatever_is_decided_is_told_and_nothing_else(direction, policy):
    rule = FieldRule("name", direction, policy)
    values = [None, {"name": "a"}, {"name": "b"}]
    for base, glide, postgres in product([None, AGREED, Base({}, {})], values, values):
        seen = Seen(base, glide, postgres, glide_gone=True, postgres_gone=True)
        decision = merge(seen, [rule], direction=direction, policy=policy, deletes="delete")
        row, column = of_row(seen, decision), of_column(rule, direction, seen, decision)
        assert row.endswith(".")
        assert column.endswith(".")
        assert ("The next run writes it" in row) == bool(
            decision.changes and not any(conflict.column is None for conflict in decision.conflicts)
        )
