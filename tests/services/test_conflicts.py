"""Conflicts: listed, grouped, picked by field, by row and by kind, taken back, carried out by the run that follows."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest

from glsync.errors import Forbidden, InvalidInput, NotFound
from glsync.services import conflicts, mappings, overview, runs
from glsync.services.conflicts import STATES, ConflictFilter, Picked
from glsync.services.mappings import MappingDraft
from glsync.standin import StandIn

from .conftest import ADMIN, OPERATOR, VIEWER


def of(row: str, column: str) -> conflicts.ConflictRow:
    return next(one for one in conflicts.listing(VIEWER) if (one.glide_row_id, one.column) == (row, column))


def carried_out(picked: Picked) -> None:
    """The run that a pick queued is done here, as a worker would."""
    (queued,) = picked.started
    runs.run_here(ADMIN, runs.get(VIEWER, queued.log_id).mapping_id)


def in_both(glide: StandIn, ask: Any, row: str) -> tuple[Any, Any]:
    """(item in Glide, item in Postgres)."""
    return glide.rows("items")[row]["Name"], ask(f"select item from items where glide_row_id = '{row}'")[0][0]


def test_every_state_is_counted_even_when_there_is_nothing(items: MappingDraft):
    assert conflicts.counters(VIEWER) == dict.fromkeys(STATES, 0)
    assert conflicts.listing(VIEWER) == conflicts.groups(VIEWER) == []


def test_a_conflict_shows_what_was_agreed_and_what_each_side_says_now(disputed: MappingDraft):
    one = of("a", "item")
    assert (one.kind, one.base, one.glide, one.postgres) == ("field", "pen", "a by Glide", "a by Postgres")
    assert (one.state, one.mapping_name, one.row) == ("open", "items", "a")
    assert one.created_at <= one.last_seen_at
    assert conflicts.get(VIEWER, one.id) == one


def test_conflicts_of_one_mapping_column_and_kind_are_one_group(disputed: MappingDraft):
    found = conflicts.groups(VIEWER)
    assert [(g.column, g.kind, g.count) for g in found] == [("item", "field", 2), ("unit_price", "field", 2)]
    rows = conflicts.listing(VIEWER, ConflictFilter(group=found[0].key))
    assert [row.glide_row_id for row in rows] == ["a", "b"]
    assert {row.group for row in rows} == {found[0].key}


def test_a_long_list_comes_in_pages(disputed: MappingDraft):
    whole = conflicts.listing(VIEWER)
    assert conflicts.count(VIEWER) == len(whole) == 4
    assert [*conflicts.listing(VIEWER, limit=3), *conflicts.listing(VIEWER, limit=3, offset=3)] == whole


def test_conflicts_are_found_by_mapping_row_column_and_words(disputed: MappingDraft):
    assert conflicts.count(VIEWER, ConflictFilter(mapping_id=disputed.id)) == 4
    assert conflicts.count(VIEWER, ConflictFilter(mapping_id=uuid4())) == 0
    assert conflicts.count(VIEWER, ConflictFilter(row="a")) == 2
    assert conflicts.count(VIEWER, ConflictFilter(column="item")) == 2
    assert conflicts.count(VIEWER, ConflictFilter(search="A BY GLIDE")) == 1


@pytest.mark.parametrize("key", ["x", "W10", "e30", "bnVsbA", "WzEsMiwzLDRd", "ä"])
def test_a_key_that_names_no_group_is_refused(items: MappingDraft, key: str):
    with pytest.raises(InvalidInput, match="names no group"):
        conflicts.listing(VIEWER, ConflictFilter(group=key))


@pytest.mark.parametrize("side", ["glide", "postgres"])
def test_the_side_picked_for_a_field_stands_on_both_after_the_run(
    disputed: MappingDraft, glide: StandIn, ask: Any, side: str
):
    picked = conflicts.resolve(OPERATOR, [of("a", "item").id], side, " asked the shop ")  # type: ignore[arg-type]
    assert (picked.count, picked.resting) == (1, ())
    assert conflicts.counters(VIEWER) == {"open": 3, "picked": 1, "applied": 0, "gone": 0}
    carried_out(picked)
    name = {"glide": "a by Glide", "postgres": "a by Postgres"}[side]
    assert in_both(glide, ask, "a") == (name, name)
    assert in_both(glide, ask, "b") == ("b by Glide", "b by Postgres")
    (done,) = conflicts.listing(VIEWER, ConflictFilter(states=("applied",)))
    assert (done.resolution, done.resolved_by, done.notes) == (side, "operator", "asked the shop")


def test_a_whole_row_is_picked_at_once(disputed: MappingDraft, glide: StandIn, ask: Any):
    picked = conflicts.resolve_row(OPERATOR, of("a", "item").id, "postgres")
    assert picked.count == 2
    carried_out(picked)
    assert glide.rows("items")["a"] | {"b0ght": None} == {"Name": "a by Postgres", "pr1ce": 20, "b0ght": None}
    assert {one.glide_row_id for one in conflicts.listing(VIEWER)} == {"b"}


def test_all_conflicts_like_one_are_picked_at_once_and_no_others(disputed: MappingDraft, glide: StandIn, ask: Any):
    picked = conflicts.resolve_alike(OPERATOR, of("a", "item").id, "glide")
    assert (picked.count, len(picked.started)) == (2, 1)
    carried_out(picked)
    assert [in_both(glide, ask, row) for row in "ab"] == [("a by Glide",) * 2, ("b by Glide",) * 2]
    assert {one.column for one in conflicts.listing(VIEWER)} == {"unit_price"}


def test_a_side_that_changed_after_the_pick_is_not_overwritten(disputed: MappingDraft, glide: StandIn, ask: Any):
    picked = conflicts.resolve(OPERATOR, [of("a", "item").id], "glide")
    ask("update items set item = 'a once more' where glide_row_id = 'a'")
    carried_out(picked)
    assert in_both(glide, ask, "a") == ("a by Glide", "a once more")
    assert of("a", "item").postgres == "a once more"


def test_a_pick_is_taken_back_until_a_run_carries_it_out(disputed: MappingDraft):
    one = of("a", "item")
    picked = conflicts.resolve(OPERATOR, [one.id], "glide")
    assert conflicts.leave(OPERATOR, [one.id]) == 1
    assert conflicts.get(VIEWER, one.id).state == "open"
    carried_out(picked)
    assert of("a", "item").postgres == "a by Postgres"
    carried_out(conflicts.resolve(OPERATOR, [one.id], "glide"))
    assert conflicts.leave(OPERATOR, [one.id]) == 0


def test_the_last_pick_of_a_field_is_the_one_that_counts(disputed: MappingDraft, glide: StandIn, ask: Any):
    one = of("a", "item")
    conflicts.resolve(OPERATOR, [one.id], "glide")
    picked = conflicts.resolve(OPERATOR, [one.id], "postgres")
    carried_out(picked)
    assert in_both(glide, ask, "a") == ("a by Postgres", "a by Postgres")


def test_an_edit_against_a_delete_is_one_conflict_of_the_whole_row(disputed: MappingDraft, glide: StandIn, ask: Any):
    glide.edit("items", delete=["a"])
    runs.run_here(ADMIN, mapping_of(disputed))
    (one,) = conflicts.listing(VIEWER, ConflictFilter(kinds=("edit_delete",)))
    assert (one.column, one.glide, one.postgres["item"]) == (None, None, "a by Postgres")
    carried_out(conflicts.resolve(OPERATOR, [one.id], "postgres"))
    assert "a by Postgres" in {row["Name"] for row in glide.rows("items").values()}


def mapping_of(draft: MappingDraft) -> UUID:
    assert draft.id is not None
    return draft.id


def test_a_pick_for_a_mapping_that_is_switched_off_waits_until_it_runs_again(
    disputed: MappingDraft, glide: StandIn, ask: Any
):
    mappings.set_enabled(ADMIN, mapping_of(disputed), False)
    picked = conflicts.resolve(OPERATOR, [of("a", "item").id], "glide")
    assert (picked.count, picked.started, picked.resting) == (1, (), ("items",))
    mappings.set_enabled(ADMIN, mapping_of(disputed), True)
    runs.run_here(ADMIN, mapping_of(disputed))
    assert in_both(glide, ask, "a") == ("a by Glide", "a by Glide")


def test_picks_stand_in_the_audit_trail_with_their_side(disputed: MappingDraft, ask: Any):
    one = of("a", "item")
    conflicts.resolve(OPERATOR, [one.id], "glide", "right")
    conflicts.resolve_alike(OPERATOR, of("a", "unit_price").id, "postgres")
    conflicts.leave(OPERATOR, [one.id])
    found = ask(
        "select action, subject_type, after ->> 'side' from glsync.audit where subject_type ~ 'conflict' order by id"
    )
    assert found == [
        ("resolved", "conflict", "glide"),
        ("resolved", "conflicts", "postgres"),
        ("left open", "conflict", None),
    ]


def test_a_viewer_sees_conflicts_and_may_not_decide_them(disputed: MappingDraft):
    one = conflicts.listing(VIEWER)[0]
    for act in (
        lambda: conflicts.resolve(VIEWER, [one.id], "glide"),
        lambda: conflicts.resolve_row(VIEWER, one.id, "glide"),
        lambda: conflicts.resolve_alike(VIEWER, one.id, "glide"),
        lambda: conflicts.leave(VIEWER, [one.id]),
    ):
        with pytest.raises(Forbidden, match="viewer may not"):
            act()
    assert conflicts.counters(VIEWER)["open"] == 4


def test_conflicts_of_another_workspace_are_not_there(disputed: MappingDraft, ask: Any):
    from glsync.services.access import Actor

    ask("insert into glsync.workspaces (id, name) values ('11111111-1111-1111-1111-111111111111', 'Other')")
    stranger = Actor("stranger", "admin", UUID("11111111-1111-1111-1111-111111111111"))
    one = conflicts.listing(VIEWER)[0]
    assert conflicts.listing(stranger) == []
    assert conflicts.resolve(stranger, [one.id], "glide").count == 0
    with pytest.raises(NotFound):
        conflicts.get(stranger, one.id)


def test_a_side_that_is_none_is_refused(disputed: MappingDraft):
    with pytest.raises(InvalidInput, match="no side"):
        conflicts.resolve(OPERATOR, ConflictFilter(), "newest")  # type: ignore[arg-type]


def test_open_conflicts_count_where_people_look_first(disputed: MappingDraft):
    whole = overview.overview(VIEWER)
    assert (whole.open_conflicts, whole.attention, whole.verdict) == (4, 1, "attention")
    assert mappings.row(VIEWER, mapping_of(disputed)).open_conflicts == 4
