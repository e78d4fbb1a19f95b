"""A run undone: every row goes back to what it was, on the side it was written on; what people did since stays."""

from __future__ import annotations

import json
from uuid import UUID

import pytest

from glsync import sync
from glsync.errors import ConfigError
from glsync.values import RunReport, UndoPlan
from tests.twoway.crash import Point, crashed_at

TABLE = "Items"
DEATHS = {
    "a page of Postgres is written": Point("write._write", 2),
    "a row is made in Glide again": Point("write"),
    "Glide's second answer is recorded": Point("sending._note", 4),
}


def plan(world, report: RunReport) -> UndoPlan:
    return sync.plan_undo(report.log_id)


def undo(world, report: RunReport, approve: str | None = None) -> RunReport:
    """Plan it, approve exactly that, do it."""
    found = plan(world, report)
    options = {"undo": str(report.log_id), "approve": approve or found.plan.hash}
    return sync.run(world.new_log(options=json.dumps(options)))


def resume(world) -> None:
    world.sql("update gl_mappings set enabled = true, options = options - 'pause'")


def sides(world):
    """What both sides hold: in Glide by name, because a row that comes back has another id; in Postgres all columns."""
    glide = sorted(
        (str(row.get("Name")), row.get("prc00"), row.get("qty00")) for row in world.glide.rows(TABLE).values()
    )
    postgres = world.sql("select id, name, price, quantity, deleted_at is null as here from items order by id")
    return glide, postgres


@pytest.fixture
def begun(world):
    """Twelve rows on both sides, in step."""
    world.glide_has(**{f"g{n}": {"Name": f"name {n}", "prc00": n, "qty00": 1} for n in range(8)})
    for n in range(4):
        world.postgres_adds(name=f"born here {n}", price=n, quantity=2)
    world.sync()
    return world


def everything(world) -> RunReport:
    """Creates, updates and deletes from both sides, in one run."""
    world.glide_has(g0={"Name": "by Glide"}, g1=None, new={"Name": "new in Glide", "prc00": 7})
    world.postgres_has("g2", name="by Postgres", price=22)
    world.sql("delete from items where name = 'born here 1'")
    world.postgres_adds(name="new in Postgres", price=8)
    return world.sync(approved_hash=world.plan().hash)


def test_a_run_of_creates_updates_and_deletes_is_taken_back_on_both_sides(begun):
    world = begun
    before = {row["name"]: row for row in world.sql("select id, name, price, quantity, created_at from items")}
    glide_before = {row["Name"]: (row.get("prc00"), row.get("qty00")) for row in world.glide.rows(TABLE).values()}
    report = everything(world)
    assert (report.counts.created, report.counts.updated, report.counts.deleted) == (2, 2, 2)
    found = plan(world, report)
    assert (found.plan.postgres.create, found.plan.postgres.update, found.plan.postgres.delete) == (1, 1, 1)
    assert (found.plan.glide.create, found.plan.glide.update, found.plan.glide.delete) == (1, 1, 1)
    done = undo(world, report)
    assert (done.status, done.counts.created, done.counts.updated, done.counts.deleted) == ("completed", 2, 2, 2)
    # Postgres is as it was, but for what people changed there themselves: one row edited, one deleted, one added
    now = {row["name"]: row for row in world.sql("select id, name, price, quantity, created_at from items")}
    assert now.keys() == (before.keys() - {"name 2", "born here 1"}) | {"by Postgres", "new in Postgres"}
    assert {name: now[name] for name in now.keys() & before.keys()} == {
        name: before[name] for name in now.keys() & before.keys()
    }
    glide = {row["Name"]: (row.get("prc00"), row.get("qty00")) for row in world.glide.rows(TABLE).values()}
    assert glide.keys() == (glide_before.keys() - {"name 0", "name 1"}) | {"by Glide", "new in Glide"}
    assert {name: glide[name] for name in glide.keys() & glide_before.keys()} == {
        name: glide_before[name] for name in glide.keys() & glide_before.keys()
    }


def test_a_run_that_only_writes_to_glide_is_taken_back(begun):
    world = begun
    world.change_mapping(sync_direction="to_glide")
    before = {row["Name"]: row.get("prc00") for row in world.glide.rows(TABLE).values()}
    world.postgres_has("g2", price=22)
    world.postgres_adds(name="new in Postgres", price=8)
    world.sql("delete from items where name = 'born here 1'")
    postgres = sides(world)[1]
    report = world.sync()
    done = undo(world, report)
    assert (done.counts.created, done.counts.updated, done.counts.deleted) == (1, 1, 1)
    assert {row["Name"]: row.get("prc00") for row in world.glide.rows(TABLE).values()} == before
    assert sides(world)[1] == postgres


def test_a_plan_of_an_undo_writes_nothing_and_costs_what_it_says(begun):
    world = begun
    report = everything(world)
    before, spent, history = sides(world), world.glide_spent(), world.sql("select count(*) as n from glsync.history")
    found = plan(world, report)
    assert sides(world) == before
    assert world.sql("select count(*) as n from glsync.history") == history
    assert world.glide_spent() - spent == found.plan.price.reads
    price = found.plan.price.writes
    spent = world.glide_spent()
    done = undo(world, report)
    assert done.price.writes == price > 0
    assert world.glide_spent() - spent >= done.price.writes


def test_what_people_edited_since_is_left_and_listed(begun):
    world = begun
    report = everything(world)
    world.postgres_has("g0", name="edited since")
    (born,) = [row for row, cells in world.glide.rows(TABLE).items() if cells["Name"] == "new in Postgres"]
    world.glide_has(**{born: {"Name": "edited in Glide since"}, "g2": {"prc00": 99}})
    found = plan(world, report)
    assert {(left.side, left.row, left.reason) for left in found.left} == {
        ("postgres", "g0", "it was edited since"),
        ("glide", born, "it was edited since"),
        ("glide", "g2", "it was edited since"),
    }
    done = undo(world, report)
    assert world.in_postgres()["g0"]["name"] == "edited since"
    assert world.glide.rows(TABLE)[born]["Name"] == "edited in Glide since"
    assert world.glide.rows(TABLE)["g2"]["prc00"] == 99
    assert "3 left, because they changed since" in done.message
    told = world.sql("select message from glsync.run_events where log_id = %s and level = 'warning'", str(done.log_id))
    assert len(told) == 3


def test_an_edit_of_another_column_since_is_no_hindrance_and_is_kept(begun):
    world = begun
    report = everything(world)
    world.postgres_has("g0", quantity=77)
    undo(world, report)
    row = world.in_postgres()["g0"]
    assert (row["name"], row["quantity"]) == ("name 0", 77)


def test_an_edit_between_plan_and_undo_makes_it_wait_for_another_approval(begun):
    world = begun
    report = everything(world)
    approved = plan(world, report).plan.hash
    world.postgres_has("g0", name="edited since")
    before = sides(world)
    done = undo(world, report, approve=approved)
    assert sides(world) == before
    assert [part.operation for part in done.waiting] == ["undo"]
    assert done.waiting[0].hash == plan(world, report).plan.hash != approved
    assert world.sql("select enabled from gl_mappings") == [{"enabled": True}]


def test_an_undo_that_takes_much_away_says_so_before(world):
    world.glide_has(**{f"g{n:02}": {"Name": f"name {n}"} for n in range(30)})
    report = world.sync()
    found = plan(world, report)
    assert found.plan.postgres.delete == 30
    assert "30 rows would be deleted in Postgres" in found.plan.waiting[0].reason
    assert found.plan.waiting[0].hash == found.plan.hash
    undo(world, report)
    assert world.in_postgres() == {}


def test_an_undo_can_be_undone_itself(begun):
    world = begun
    report = everything(world)
    after = sides(world)
    done = undo(world, report)
    assert sides(world) != after
    again = undo(world, done)
    assert again.counts.stored == done.counts.stored == 6
    assert sides(world) == after
    resume(world)
    assert world.sync().message.endswith("both sides are equal")
    assert world.conflicts() == []
    assert world.is_quiet()


def test_the_mapping_rests_after_an_undo_and_says_why(begun):
    world = begun
    undo(world, everything(world))
    (mapping,) = world.sql("select enabled, options ->> 'pause' as reason from gl_mappings")
    assert mapping["enabled"] is False
    assert "was undone by" in mapping["reason"]
    with pytest.raises(ConfigError, match="switched off"):
        world.sync()


def test_where_a_mapping_asks_the_next_run_makes_a_conflict_of_what_was_undone_and_writes_nothing(begun):
    world = begun
    undo(world, everything(world))
    before = sides(world)
    resume(world)
    report = world.sync(approved_hash=world.plan().hash)
    assert sides(world) == before
    assert report.counts.stored == 0
    found = {(one["column_name"], one["kind"]) for one in world.conflicts()}
    assert found == {("name", "first_match"), ("price", "first_match"), (None, "edit_delete")}
    assert report.counts.conflicts == 7


def test_where_one_side_decides_the_next_run_writes_its_value_again_and_a_dry_run_says_so(begun):
    world = begun
    world.change_mapping(conflict_policy="glide")
    world.glide_has(g0={"Name": "by Glide"})
    report = world.sync()
    undo(world, report)
    assert world.in_postgres()["g0"]["name"] == "name 0"
    resume(world)
    assert world.plan().postgres.update == 1
    world.sync()
    assert world.in_postgres()["g0"]["name"] == "by Glide"


def test_where_the_cause_was_corrected_nothing_is_written_again(begun):
    world = begun
    world.glide_has(g0={"Name": "a mistake"})
    report = world.sync()
    undo(world, report)
    world.glide_has(g0={"Name": "name 0"})
    resume(world)
    assert world.sync().counts.stored == 0
    assert world.conflicts() == []


def test_a_row_restored_in_postgres_has_all_its_columns_and_its_key_again(begun):
    world = begun
    world.sql("alter table items add column note text, add column nth int generated always as identity")
    world.sql("update items set note = 'ours alone' where glide_row_id = 'g1'")
    world.sync()
    (before,) = world.sql("select * from items where glide_row_id = 'g1'")
    world.glide_has(g1=None)
    report = world.sync()
    assert "g1" not in world.in_postgres()
    undo(world, report)
    assert world.sql("select * from items where glide_row_id = 'g1'") == [before]


def test_a_row_marked_as_deleted_is_unmarked(begun):
    world = begun
    world.change_mapping(deletes="mark")
    world.glide_has(g1=None)
    report = world.sync()
    assert world.in_postgres()["g1"]["deleted_at"] is not None
    undo(world, report)
    assert world.in_postgres()["g1"]["deleted_at"] is None


def test_nothing_else_that_waits_for_people_is_closed_by_an_undo(begun):
    world = begun
    world.glide_has(g3={"Name": "Glide"})
    world.postgres_has("g3", name="Postgres")
    world.glide_has(g4={"prc00": "no number"})
    report = everything(world)
    errors, conflicts = len(world.errors()), len(world.conflicts())
    assert (errors, conflicts) == (1, 1)
    undo(world, report)
    assert (len(world.errors()), len(world.conflicts())) == (errors, conflicts)


def test_a_run_that_history_does_not_know_cannot_be_undone(begun):
    world = begun
    quiet = world.sync()
    with pytest.raises(ConfigError, match="nothing to undo"):
        plan(world, quiet)
    report = everything(world)
    world.sql("delete from glsync.history")
    with pytest.raises(ConfigError, match="nothing to undo"):
        plan(world, report)


def test_an_undo_is_a_run_with_a_log_of_its_own(begun):
    world = begun
    report = everything(world)
    done = undo(world, report)
    log = world.log(done)
    assert UUID(log["options"]["undo"]) == report.log_id
    assert (log["created_rows"], log["updated_rows"], log["deleted_rows"]) == (2, 2, 2)
    assert log["records_processed"] == 6
    assert log["message"].startswith("Undo: ")


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("point", DEATHS)
def test_an_undo_killed_anywhere_is_finished_by_whoever_takes_it_up(begun, point, when):
    world = begun
    glide, postgres = sides(world)
    report = everything(world)
    options = {"undo": str(report.log_id), "approve": plan(world, report).plan.hash}
    log_id = world.new_log(options=json.dumps(options))
    assert crashed_at(log_id, DEATHS[point], when)
    world.time_passes()
    for _ in range(2):  # what is still in doubt may take one more
        undo_rest(world, report) if ended(world, log_id) else sync.run(log_id)
    now_glide, now_postgres = sides(world)
    people_in_glide = {"by Glide", "new in Glide"}
    people_in_postgres = {"by Postgres", "new in Postgres"}
    assert [row for row in now_glide if row[0] not in people_in_glide] == [
        row for row in glide if row[0] not in ("name 0", "name 1")
    ]
    assert [row for row in now_postgres if row["name"] not in people_in_postgres] == [
        row for row in postgres if row["name"] not in ("name 2", "born here 1")
    ]


def ended(world, log_id) -> bool:
    return world.sql("select completed_at from gl_sync_logs where id = %s", str(log_id))[0]["completed_at"] is not None


def undo_rest(world, report) -> None:
    """What an undo left in doubt is put back by undoing the run once more."""
    undo(world, report)


def test_an_undo_sends_glide_nothing_that_it_could_not_give_back(begun):
    begun.postgres_has("g2", name="22")
    report = begun.sync()
    begun.pair("Name", data_type="number")
    assert plan(begun, report).plan.failed == 1
    assert undo(begun, report).counts.failed == 1
    assert begun.names()[0]["g2"] == "22"
    assert "name 2" in begun.errors()[0]["error_message"]
