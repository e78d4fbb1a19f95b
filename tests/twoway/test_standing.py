"""Where neither side of a Big Table moved since both were in step, nothing is looked at; whatever may have moved is."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from glsync.errors import GlideRefusedToken
from tests.twoway.test_undo import resume, undo

STOOD = "neither side moved"


@pytest.fixture
def still(big):
    """Twenty rows in step."""
    big.glide_has_many(20)
    big.sync()
    return big


def test_where_neither_side_moved_a_run_asks_for_the_version_and_for_no_rows(still):
    still.glide.forget_calls()
    report = still.sync()
    assert STOOD in report.message
    assert (report.counts.read, report.counts.skipped, report.counts.stored) == (20, 20, 0)
    assert report.price.updates == 0
    assert still.glide.calls("head")
    assert not still.glide.calls("rows")
    assert STOOD in still.sync().message


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", ""),
        ("alter table items disable trigger glsync_touch", ""),
        ("alter table items disable trigger all", "alter table items enable trigger all"),
        ("drop trigger glsync_touch on items", ""),
        ("set session_replication_role = replica", "reset session_replication_role"),
        ("create table kept as select * from items; truncate items; insert into items select * from kept", ""),
        ("alter table items rename to was; create table items (like was including all); "
         "insert into items select * from was", ""),
    ],
    ids=["noted", "trigger off", "off for a while", "no trigger", "replayed", "truncated and filled", "another table"],
)  # fmt: skip
def test_an_edit_in_postgres_is_never_missed(still, before, after):
    still.sync()
    still.sql(f"{before}; update items set name = 'ink' where glide_row_id = 'r000003'; {after}")
    report = still.sync()
    if report.waiting:  # another table: somebody has to say that it is meant
        report = still.sync(approved_hash=report.waiting[0].hash)
    assert still.names()[0] == still.names()[1]
    assert still.names()[0]["r000003"] == "ink"


@pytest.mark.parametrize("direction", ["to_supabase", "both"])
def test_runs_go_on_over_a_table_whose_triggers_somebody_switched_off(still, direction):
    still.change_mapping(sync_direction=direction)
    still.sql("alter table items disable trigger all")
    for name in ("ink", "pen"):
        still.glide_has(r000003={"Name": name})
        still.sync()
        assert still.names()[1]["r000003"] == name


def test_an_edit_in_glide_is_never_missed(still):
    still.sync()
    still.glide_has(r000003={"Name": "ink"})
    still.sync()
    assert still.names()[1]["r000003"] == "ink"


def test_our_own_writes_of_a_run_that_was_undone_are_not_taken_for_both_sides_in_step(still):
    still.glide_has(r000003={"Name": "ink"})
    report = still.sync()
    assert STOOD in still.sync().message
    assert undo(still, report).status == "completed"
    resume(still)
    report = still.sync()
    assert STOOD not in report.message
    assert still.names()[0] == still.names()[1] or still.conflicts()


def test_a_run_that_broke_off_leaves_nobody_believing_that_the_sides_are_in_step(still):
    still.glide.fault(site="head", kind="status", status=401, count=1)
    with pytest.raises(GlideRefusedToken):
        still.sync()
    assert STOOD not in still.sync().message
    assert STOOD in still.sync().message


@pytest.mark.parametrize("option", ["full", "a day has passed"])
def test_both_sides_are_compared_when_somebody_asks_for_it_and_once_a_day(still, option):
    if option == "full":
        report = still.sync(options=json.dumps({"full": True}))
    else:
        still.sql("update glsync.certificates set read_at = read_at - interval '25 hours'")
        report = still.sync()
    assert STOOD not in report.message
    assert report.price.reads == Decimal("0.020")


def test_a_conflict_that_was_picked_is_carried_out_though_neither_side_moved(still):
    still.change_mapping(conflict_policy="ask")
    still.postgres_has("r000003", name="ink")
    still.glide_has(r000003={"Name": "quill"})
    still.sync()
    assert STOOD not in still.sync().message
    still.sql("update gl_conflicts set state = 'resolved', resolution = 'glide', resolved_at = now()")
    still.sync()
    assert still.names()[1]["r000003"] == "quill"
