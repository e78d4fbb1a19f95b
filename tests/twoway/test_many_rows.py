"""Rows that are only to be made in Postgres are not all held: their cells are looked up again when they are made."""

from __future__ import annotations

import json

import pytest

from glsync.twoway import decide


@pytest.fixture
def many(world, monkeypatch):
    """Two rows are held, thirty are new in Glide; one of them cannot be read, one is refused by Postgres."""
    monkeypatch.setattr(decide, "KEPT", 2)
    world.glide_has_many(30)
    world.glide_has(r000007={"Name": "odd", "qty00": "no number"})
    world.sql("alter table items add check (name <> 'refused')")
    world.glide_has(r000009={"Name": "refused"})
    return world


def test_all_of_them_are_made_and_what_cannot_be_is_told_by_row(many):
    planned = many.plan()
    assert planned.postgres.create == 29
    report = many.sync()
    assert (report.counts.created, report.counts.failed) == (28, 2)
    assert {error["glide_row_id"] for error in many.errors()} == {"r000007", "r000009"}
    many.glide_has(r000007={"qty00": 7}, r000009={"Name": "fine"})
    assert many.sync().counts.created == 2
    assert many.names()[0] == many.names()[1]
    assert many.is_quiet()


def test_they_wait_with_the_others_when_nothing_may_be_written(many):
    many.sync()
    many.sql("update glsync.linked_tables set glide_table = 'Another'")
    many.glide_has(**{f"n{number}": {"Name": f"new {number}"} for number in range(5)})
    report = many.sync()
    assert (report.counts.stored, [each.operation for each in report.waiting]) == (0, ["identity"])
    assert report.waiting[0].rows == 6  # and the row that Postgres refuses
    report = many.sync(approved_hash=report.waiting[0].hash)
    assert report.counts.created == 5


def test_a_plan_is_approved_with_all_of_them(many):
    many.sync()
    many.glide_has(**{f"n{number}": {"Name": f"new {number}"} for number in range(5)})
    many.sql("update items set name = name || '!'")
    before = many.plan()
    many.glide_has(n4={"Name": "other"})
    assert many.plan().hash != before.hash
    assert many.sync(options=json.dumps({"approve": many.plan().hash})).counts.created == 5
