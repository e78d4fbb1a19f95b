"""Glide's answer to a write is lost: the write happened, or not, or will; nothing is doubled and nothing forgotten."""

from __future__ import annotations

import pytest

SITES = {"glide": "mutate", "big": "add"}


@pytest.fixture
def marked(world):
    world.change_mapping(marker_column="mark0")
    return world


def lose(world, **how) -> None:
    """The answer to the next add is lost."""
    world.glide.fault("reset", site=["mutate", "add"], **how)


def runs(world, count: int = 3) -> None:
    for _ in range(count):
        world.sync()
        world.time_passes()


def rows(world) -> list[str]:
    return sorted(row["Name"] for row in world.glide.rows("Items").values())


@pytest.mark.parametrize("effect", ["applied", "none"])
def test_with_a_marker_column_a_lost_answer_never_doubles_a_row(marked, effect):
    lose(marked, at="request", effect=effect)
    marked.postgres_adds(name="cup")
    marked.postgres_adds(name="mug")
    marked.sync()
    if effect == "applied":
        assert rows(marked) == ["cup", "mug"]
        assert marked.names()[0] == marked.names()[1]
    runs(marked)
    assert rows(marked) == ["cup", "mug"]
    assert marked.names()[0] == marked.names()[1]
    assert marked.is_quiet()


def test_with_a_marker_an_add_that_lands_late_is_waited_for(marked):
    marked.glide.set(late_seconds=3)
    lose(marked, at="request", effect="late")
    marked.postgres_adds(name="cup")
    report = marked.sync()
    assert report.counts.created == 0
    assert rows(marked) == []
    assert "not seen there yet" in report.message
    marked.waits_for(lambda: rows(marked) == ["cup"])
    marked.sync()
    assert rows(marked) == ["cup"]
    assert marked.is_quiet()


def test_with_a_marker_a_row_edited_before_it_was_found_keeps_the_edit(marked):
    lose(marked, at="request", effect="applied")
    marked.glide.fault("status", site=["query", "rows"], status=400, count=None, skip=1)
    marked.postgres_adds(name="cup")
    with pytest.raises(Exception, match="Glide"):
        marked.sync()
    marked.glide.clear_faults()
    (row,) = marked.glide.rows("Items")
    marked.glide_has(**{row: {"Name": "quill"}})
    runs(marked)
    assert marked.names() == ({row: "quill"},) * 2


@pytest.mark.parametrize("spoiled", [{"prc00": "much"}, {"qty00": 10**12}], ids=["no number", "too large"])
def test_with_a_marker_a_row_nobody_can_read_is_waited_for_and_not_added_again(marked, spoiled):
    lose(marked, at="request", effect="applied")
    marked.glide.fault("status", site=["query", "rows"], status=400, count=None, skip=1)
    marked.postgres_adds(name="cup")
    with pytest.raises(Exception, match="Glide"):
        marked.sync()
    marked.glide.clear_faults()
    (row,) = marked.glide.rows("Items")
    marked.glide_has(**{row: spoiled})
    runs(marked)
    assert rows(marked) == ["cup"]
    marked.glide_has(**{row: dict.fromkeys(spoiled, 2)})
    runs(marked)
    assert marked.names() == ({row: "cup"},) * 2
    assert marked.is_quiet()


def test_a_row_made_again_is_not_made_twice_while_its_answer_is_missing(marked):
    marked.change_mapping(conflict_policy="postgres")
    marked.glide_has(a={"Name": "pen"})
    marked.sync()
    marked.glide_has(a=None)
    marked.postgres_has("a", name="ink")
    lose(marked, at="request", effect="none")
    marked.sync()
    sent = marked.writes()
    marked.sync()
    assert marked.writes() == sent
    runs(marked)
    assert rows(marked) == ["ink"]
    assert marked.names()[0] == marked.names()[1]
    assert marked.is_quiet()


def test_an_add_that_a_proxy_sent_twice_is_told_and_not_copied_to_postgres(marked):
    marked.glide.fault("replay", site=["mutate", "add"])
    marked.postgres_adds(name="cup")
    runs(marked, 2)
    assert rows(marked) == ["cup", "cup"]
    assert len(marked.names()[1]) == 1
    assert [error["error_type"] for error in marked.errors()] == ["DUPLICATE_KEY"]
    (copy,) = set(marked.names()[0]) - set(marked.names()[1])
    marked.glide_has(**{copy: None})
    runs(marked, 1)
    assert marked.errors() == []
    assert marked.is_quiet()


def test_without_a_marker_the_row_is_found_by_what_it_says(world):
    lose(world, at="request", effect="applied")
    world.postgres_adds(name="cup", price="1.5", ordered_at="2026-01-02T03:04:05.123456Z")
    world.postgres_adds(name="mug")
    world.sync()
    assert rows(world) == ["cup", "mug"]
    assert world.names()[0] == world.names()[1]
    assert world.is_quiet()


def test_without_a_marker_two_equal_rows_in_doubt_are_two_rows(world):
    lose(world, at="request", effect="applied")
    world.postgres_adds(name="cup")
    world.postgres_adds(name="cup")
    world.sync()
    assert rows(world) == ["cup", "cup"]
    assert set(world.names()[0]) == set(world.names()[1])
    assert world.errors() == []


def test_without_a_marker_a_row_somebody_edited_meanwhile_is_found_by_its_match_key(world):
    world.option(match_key=["mail"])
    lose(world, at="request", effect="applied")
    world.glide.fault("status", site=["query", "rows"], status=400, count=None, skip=1)
    world.postgres_adds(name="cup", mail="a@example.com")
    with pytest.raises(Exception, match="Glide"):
        world.sync()
    world.glide.clear_faults()
    (row,) = world.glide.rows("Items")
    world.glide_has(**{row: {"Name": "quill"}})
    runs(world)
    assert world.names() == ({row: "quill"},) * 2


def test_without_a_marker_a_row_that_cannot_be_found_is_sent_again_and_that_is_told(world):
    lose(world, at="request", effect="applied")
    world.glide.fault("status", site=["query", "rows"], status=400, count=None, skip=1)
    world.postgres_adds(name="cup")
    with pytest.raises(Exception, match="Glide"):
        world.sync()
    world.glide.clear_faults()
    (row,) = world.glide.rows("Items")
    world.glide_has(**{row: {"Name": "quill"}})
    world.sync()
    assert world.names() == ({row: "quill"}, {"-": "cup"})
    runs(world)
    assert rows(world) == ["cup", "quill"]
    said = world.sql("select message from glsync.run_events where level = 'warning'")
    assert any("may come twice" in event["message"] for event in said)


@pytest.mark.parametrize("effect", ["applied", "none"])
@pytest.mark.parametrize("act", ["update", "delete"])
def test_an_update_or_delete_without_an_answer_is_found_out_and_done_once(world, act, effect):
    world.glide_has(a={"Name": "pen"}, b={"Name": "cup"})
    world.sync()
    if act == "update":
        world.postgres_has("a", name="ink")
    else:
        world.postgres_drops("a")
    world.glide.fault("reset", site=["mutate", "patch", "delete"], at="request", effect=effect, count=6)
    world.sync()
    world.glide.clear_faults()
    runs(world, 2)
    assert world.names() == ({"a": "ink", "b": "cup"} if act == "update" else {"b": "cup"},) * 2
    assert world.is_quiet()


def a_row_is_not_met(world) -> None:
    """While the next read of the table is under way, its first row moves to its end: its third is not met."""
    world.glide.set(page_rows=2, paging="offset")
    world.glide.fault("moving_rows", site="query", rows=1, skip=1)


def the_answer_is_lost(world, effect: str) -> None:
    """And the run ends before it can look at the table again."""
    world.glide.fault("reset", site="mutate", at="request", effect=effect)
    world.glide.fault("status", site="query", status=400, count=None, skip=len(world.glide.rows("Items")) // 2 + 1)
    world.glide.set(page_rows=2, paging="offset")
    with pytest.raises(Exception, match="Glide"):
        world.sync()
    world.glide.clear_faults()


FIVE = {row: {"Name": name} for row, name in {"a": "pen", "b": "cup", "c": "mug", "d": "jar", "e": "tin"}.items()}


def test_an_update_in_doubt_whose_row_moved_from_page_to_page_is_not_taken_for_somebodys_edit(classic):
    classic.glide_has(**FIVE)
    classic.sync()
    classic.postgres_has("c", name="ink")
    the_answer_is_lost(classic, "applied")
    classic.postgres_has("c", name="quill")
    a_row_is_not_met(classic)
    runs(classic)
    assert [names["c"] for names in classic.names()] == ["quill", "quill"]
    assert classic.conflicts() == []
    assert classic.is_quiet()


def test_a_delete_in_doubt_whose_row_moved_from_page_to_page_is_not_over(classic):
    classic.glide_has(**FIVE)
    classic.sync()
    classic.postgres_drops("c")
    the_answer_is_lost(classic, "none")
    a_row_is_not_met(classic)
    runs(classic)
    assert [sorted(names) for names in classic.names()] == [["a", "b", "d", "e"]] * 2
    assert classic.is_quiet()


def test_an_add_in_doubt_whose_row_moved_from_page_to_page_is_not_sent_again(classic):
    classic.change_mapping(marker_column="mark0")
    classic.glide_has(a={"Name": "pen"}, b={"Name": "cup"})
    classic.sync()
    classic.postgres_adds(name="mug")
    the_answer_is_lost(classic, "applied")
    classic.time_passes()
    a_row_is_not_met(classic)
    runs(classic)
    assert rows(classic) == ["cup", "mug", "pen"]
    assert classic.is_quiet()


def test_an_update_in_doubt_of_a_row_that_glide_has_lost_is_over(world):
    world.glide_has(a={"Name": "pen"}, b={"Name": "cup"})
    world.sync()
    world.postgres_has("a", name="ink")
    world.glide.fault("reset", site=["mutate", "patch"], at="request", effect="none", count=6)
    world.sync()
    world.glide.clear_faults()
    world.glide_has(a=None)
    runs(world)
    assert [conflict["kind"] for conflict in world.conflicts()] == ["edit_delete"]
    assert world.sql("select from glsync.intents where state in ('sent', 'accepted', 'unknown')") == []


def test_a_delete_in_doubt_is_found_out_though_somebody_edits_the_table_during_every_read(big):
    big.glide_has(a={"Name": "pen"}, b={"Name": "cup"})
    big.sync()
    big.postgres_drops("a")
    big.glide.fault("reset", site="delete", at="request", effect="applied", count=6)
    big.glide.fault("status", site="row", status=400, count=None, skip=1)
    with pytest.raises(Exception, match="Glide"):
        big.sync()
    big.during("rows", 1, lambda: big.glide_has(b={"Name": "mug"}))
    assert "not seen" not in big.sync().message
    assert big.names() == ({"b": "mug"},) * 2


def test_a_united_set_that_never_reached_glide_is_united_again(world):
    world.pair("json0", union=True)
    world.glide_has(a={"Name": "pen"})
    world.sync()
    world.glide_has(a={"json0": ["ink"]})
    world.postgres_has("a", extra='["nib"]')
    world.glide.fault("reset", site=["mutate", "patch"], at="request", effect="none", count=6)
    world.sync()
    world.glide.clear_faults()
    runs(world)
    assert world.glide.rows("Items")["a"]["json0"] == world.in_postgres()["a"]["extra"] == ["ink", "nib"]
    assert world.is_quiet()


def test_what_glide_charged_for_a_write_whose_answer_was_lost_is_counted_once_it_is_seen(world):
    world.glide_has(a={"Name": "pen"})
    world.sync()
    world.glide.reset_usage()
    lose(world, at="request", effect="applied")
    world.glide.fault("reset", site="patch", at="request", effect="applied")
    world.postgres_has("a", name="ink")
    report = world.sync()
    assert str(report.price.writes) == world.glide.usage("shop")["writes"]


def test_a_slow_queue_is_waited_for_and_nothing_is_sent_twice(classic):
    classic.glide.set(queue_delay=10_000)
    classic.postgres_adds(name="cup")
    assert classic.sync().counts.created == 0
    assert classic.sync().counts.created == 0
    classic.glide.settle()
    assert classic.sync().counts.created == 1
    assert rows(classic) == ["cup"]
    assert len(classic.glide.calls("mutate")) == 1
    assert classic.is_quiet()


def test_an_accepted_add_that_never_appears_is_told_and_added_again_under_another_name(classic):
    classic.glide.set(queue_delay=10_000)
    key = classic.postgres_adds(name="cup")
    classic.sync()
    first = classic.sql("select glide_row_id from items where id = %s", key)[0]["glide_row_id"]
    assert first
    classic.glide.state.queue.clear()
    classic.glide.set(queue_delay=0)
    classic.sync()
    classic.time_passes()
    classic.sync()
    assert [error["error_type"] for error in classic.errors()] == ["APPLY_NOT_OBSERVED"]
    assert rows(classic) == ["cup"]
    classic.sync()
    assert rows(classic) == ["cup"]
    assert classic.sql("select glide_row_id from items where id = %s", key)[0]["glide_row_id"] in classic.glide.rows(
        "Items"
    )
    assert classic.errors() == []
    assert classic.is_quiet()


def test_an_update_accepted_and_never_applied_does_not_bring_the_old_value_back_to_postgres(classic):
    classic.glide_has(a={"Name": "pen"})
    classic.sync()
    classic.glide.set(queue_delay=10_000)
    classic.postgres_has("a", name="ink")
    classic.sync()
    classic.glide.state.queue.clear()
    classic.glide.set(queue_delay=0)
    for _ in range(3):
        classic.time_passes()
        classic.sync()
    assert classic.names() == ({"a": "ink"},) * 2


def test_when_glide_is_busy_what_it_did_not_take_goes_out_again(world):
    for number in range(5):
        world.postgres_adds(name=f"cup {number}")
    world.glide.fault("status", site=["mutate", "add"], status=429, retry_after=0.05, count=2)
    report = world.sync()
    assert report.counts.created == 5
    assert rows(world) == [f"cup {number}" for number in range(5)]
    assert world.is_quiet()


def test_a_busy_moment_in_the_middle_of_many_single_writes_repeats_none_of_them(big):
    big.glide_has_many(8)
    big.sync()
    big.sql("update items set mail = 'x' || mail where glide_row_id < 'r000002'")
    big.glide.fault("status", site="patch", status=429, retry_after=0.05, skip=1)
    big.sync()
    patched = [call["path"] for call in big.glide.calls("patch") if call["status"] == 200]
    assert len(patched) == len(set(patched)) == 2
    assert big.is_quiet()


def test_an_edit_made_while_the_table_was_read_is_not_overwritten(big):
    """Somebody in Glide edits a row after its page was read and before the read ended."""
    big.glide_has_many(4)
    big.sync()
    big.glide.set(big_page_rows=2)
    big.glide_has(r000003={"Name": "new"})  # else nothing would be read
    big.postgres_has("r000000", name="ink")
    big.during("rows", 2, lambda: big.glide_has(r000000={"Name": "quill"}))
    big.sync()
    assert (big.names()[0]["r000000"], big.names()[1]["r000000"]) == ("quill", "ink")
    big.sync()
    assert [conflict["column_name"] for conflict in big.conflicts()] == ["name"]


def test_a_row_edited_just_before_its_delete_is_not_deleted(big):
    big.glide_has_many(4)
    big.sync()
    big.postgres_drops("r000000")
    big.during("row", 1, lambda: big.glide_has(r000000={"Name": "quill"}))
    big.sync()
    assert big.names()[0]["r000000"] == "quill"
    big.sync()
    assert [conflict["kind"] for conflict in big.conflicts()] == ["edit_delete"]
