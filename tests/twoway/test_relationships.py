"""Tables that refer to each other, kept equal in both directions: row ids in Glide, real foreign keys in Postgres."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from glsync import sync
from tests.family import Family
from tests.twoway.crash import Point, crashed_at

TWO_WAY = {"sync_direction": "both", "deletes": "delete", "delete_grace": 0}


class Both(Family):
    def map(self, **changes):
        return super().map(**(TWO_WAY | changes))

    def adds(self, table: str, /, **cells) -> str:
        """A row born in Postgres; its key."""
        columns, marks = ", ".join(cells), ", ".join(["%s"] * len(cells))
        return str(self.sql(f"insert into {table} ({columns}) values ({marks}) returning id", *cells.values())[0]["id"])

    def named(self, name: str, key: str) -> str:
        """What Glide calls the row."""
        return self.sql(f"select glide_row_id from {name} where id = %s", key)[0]["glide_row_id"]

    def cells(self, name: str, column: str) -> dict[str, object]:
        """Row of Glide -> its cell, the empty ones as None."""
        return {row: cells.get(column) or None for row, cells in self.glide_of(name).items()}

    def is_quiet(self, *names: str) -> bool:
        """Does a further run of each write nothing anywhere?"""
        before = self.sql("select count(*) as n from glsync.history"), self.writes()
        reports = self.runs(*names)
        after = self.sql("select count(*) as n from glsync.history"), self.writes()
        return before == after and all(report.counts.stored == 0 for report in reports)

    def writes(self) -> int:
        return sum(len(self.glide.calls(site)) for site in ("mutate", "add", "patch", "delete"))


@pytest.fixture(params=["glide", "big"], ids=["classic", "big"])
def family(
    request: pytest.FixtureRequest, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Both]:
    with Both(database, monkeypatch, request.param) as made:
        yield made


@pytest.fixture
def shop(family: Both) -> Both:
    family.has("customers")
    family.has("orders", "number integer, customer uuid not null references customers", customer="customers")
    family.edit("customers", ann={"name": "Ann"}, ben={"name": "Ben"})
    family.edit("orders", o1={"number": 1, "customer": "ann"}, o2={"number": 2, "customer": "ben"})
    return family


def test_references_are_row_ids_in_glide_and_keys_in_postgres_and_an_echo_is_no_edit(shop: Both):
    shop.runs("customers", "orders")
    assert shop.links("orders", "customer", "customers") == {"o1": "ann", "o2": "ben"}
    assert shop.cells("orders", "customer") == {"o1": "ann", "o2": "ben"}
    assert shop.is_quiet("customers", "orders")


def test_rows_born_in_postgres_bring_their_parents_row_ids_to_glide(shop: Both):
    shop.runs("customers", "orders")
    cyd = shop.adds("customers", name="Cyd")
    order = shop.adds("orders", number=3, customer=cyd)
    shop.runs("customers", "orders")
    assert shop.cells("orders", "customer")[shop.named("orders", order)] == shop.named("customers", cyd)
    assert shop.is_quiet("customers", "orders")


def test_a_child_moves_to_another_parent_from_either_side(shop: Both):
    shop.runs("customers", "orders")
    shop.edit("orders", o1={"customer": "ben"})
    shop.sql("update orders set customer = (select id from customers where glide_row_id = 'ann') where number = 2")
    shop.runs("orders")
    assert shop.links("orders", "customer", "customers") == {"o1": "ben", "o2": "ann"}
    assert shop.cells("orders", "customer") == {"o1": "ben", "o2": "ann"}
    assert shop.is_quiet("customers", "orders")


@pytest.mark.parametrize("column", ["text references customers (glide_row_id)", "text"], ids=["bound", "free"])
def test_children_may_hold_the_row_id_itself(family: Both, column: str):
    family.has("customers")
    family.has("orders", f"customer {column}", customer="customers")
    family.edit("customers", ann={"name": "Ann"})
    family.edit("orders", o1={"customer": "ann"})
    family.runs("customers", "orders")
    family.adds("orders", customer="ann")
    family.runs("orders")
    assert set(family.cells("orders", "customer").values()) == {"ann"}
    assert {row["customer"] for row in family.rows("orders").values()} == {"ann"}
    assert family.is_quiet("customers", "orders")


def test_where_postgres_decides_a_reference_of_glide_that_leads_nowhere_is_put_right(shop: Both):
    shop.runs("customers", "orders")
    shop.change("orders", sync_direction="to_glide")
    shop.edit("orders", o1={"customer": "nobody"}, o2={"customer": "ann"})
    (report,) = shop.runs("orders")
    assert (report.status, report.counts.updated) == ("completed", 2)
    assert shop.cells("orders", "customer") == {"o1": "ann", "o2": "ben"}
    assert shop.errors() == []


# --- late parents ----------------------------------------------------------------------------------------------------


def test_a_child_in_glide_waits_for_a_parent_that_is_not_in_postgres(shop: Both):
    shop.edit("orders", o2={"customer": "cyd"})
    shop.runs("customers")
    (report,) = shop.runs("orders")
    assert (report.status, report.counts.created, report.counts.failed) == ("completed_with_errors", 1, 1)
    assert shop.troubles("orders") == [("RELATIONSHIP", "o2", "customer", "cyd")]
    shop.edit("customers", cyd={"name": "Cyd"})
    shop.runs("customers", "orders")
    assert shop.links("orders", "customer", "customers") == {"o1": "ann", "o2": "cyd"}
    assert shop.troubles("orders") == []
    assert shop.is_quiet("customers", "orders")


def test_a_child_in_postgres_waits_for_a_parent_that_glide_does_not_know(shop: Both):
    shop.runs("customers", "orders")
    cyd = shop.adds("customers", name="Cyd")
    order = shop.adds("orders", number=3, customer=cyd)
    assert sync.plan(shop.ids["orders"]).failed == 1
    (report,) = shop.runs("orders")
    assert (report.counts.created, report.counts.failed) == (0, 1)
    ((kind, _, column, value),) = shop.troubles("orders")
    assert (kind, column, value) == ("RELATIONSHIP", "customer", cyd)
    assert "Glide does not know that row" in shop.errors()[0]["error_message"]
    shop.runs("customers", "orders")
    assert shop.cells("orders", "customer")[shop.named("orders", order)] == shop.named("customers", cyd)
    assert shop.troubles("orders") == []


# --- circles ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def staff(family: Both) -> Both:
    family.has("staff", "name text, manager uuid references staff", manager="staff")
    return family


def test_rows_of_glide_that_refer_to_each_other_are_linked_in_one_run(staff: Both):
    staff.edit("staff", **{f"s{n:02}": {"name": str(n), "manager": f"s{(n + 1) % 12:02}"} for n in range(12)})
    report = staff.run_of("staff")
    assert (report.status, report.waiting) == ("completed", ())
    assert staff.links("staff", "manager", "staff") == {f"s{n:02}": f"s{(n + 1) % 12:02}" for n in range(12)}
    assert staff.is_quiet("staff")


def test_rows_of_postgres_that_refer_to_each_other_are_linked_in_one_run(staff: Both):
    ann = staff.adds("staff", name="Ann")
    ben = staff.adds("staff", name="Ben", manager=ann)
    staff.sql("update staff set manager = %s where id = %s", ben, ann)
    report = staff.run_of("staff")
    assert (report.status, report.waiting) == ("completed", ())
    names = {staff.named("staff", ann): staff.named("staff", ben), staff.named("staff", ben): staff.named("staff", ann)}
    assert staff.cells("staff", "manager") == names
    assert staff.is_quiet("staff")


def test_rows_of_both_sides_that_meet_for_the_first_time_are_no_conflict(staff: Both):
    ann = staff.adds("staff", name="Ann")
    staff.adds("staff", name="Ben", manager=ann)
    staff.edit("staff", a={"name": "Ann"}, b={"name": "Ben", "manager": "a"})
    staff.sql("update gl_mappings set options = options || '{\"match_key\": [\"name\"]}' where name = 'staff'")
    report = staff.run_of("staff")
    assert (report.status, report.counts.conflicts) == ("completed", 0)
    assert staff.links("staff", "manager", "staff") == {"a": None, "b": "a"}
    assert staff.is_quiet("staff")


def test_a_row_that_answers_to_nobody_known_is_kept_without_until_that_row_comes(staff: Both):
    staff.edit("staff", a={"name": "Ann", "manager": "zoe"})
    report = staff.run_of("staff")
    assert (report.counts.created, report.counts.failed) == (1, 1)
    assert staff.troubles("staff") == [("RELATIONSHIP", "a", "manager", "zoe")]
    assert staff.cells("staff", "manager") == {"a": "zoe"}
    staff.edit("staff", zoe={"name": "Zoe"})
    staff.run_of("staff")
    assert staff.links("staff", "manager", "staff") == {"a": "zoe", "zoe": None}
    assert staff.troubles("staff") == []
    assert staff.is_quiet("staff")


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_run_killed_between_its_halves_is_finished_by_the_next_ones(staff: Both, when: str):
    number, tried = 6 if when == "before" else 9, 0
    while True:
        staff.edit("staff", a={"name": "a", "manager": "b"}, b={"name": "b", "manager": "a"})
        cat, dan = staff.adds("staff", name="cat"), staff.adds("staff", name="dan")
        staff.sql("update staff set manager = %s where id = %s", cat, dan)
        staff.sql("update staff set manager = %s where id = %s", dan, cat)
        if not crashed_at(staff.begun("staff"), Point("any", number), when):
            break
        for _ in range(2):
            staff.sql("update glsync.intents set sent_at = sent_at - interval '1 hour'")
            staff.run_of("staff")
        cat, dan = staff.named("staff", cat), staff.named("staff", dan)
        expected = {"a": "b", "b": "a", cat: dan, dan: cat}
        assert staff.links("staff", "manager", "staff") == expected, f"killed {when} point {number}"
        assert staff.cells("staff", "manager") == expected, f"killed {when} point {number}"
        assert staff.errors() == []
        assert staff.is_quiet("staff")
        staff.begins_anew("staff")
        number, tried = number + 7, tried + 1
    assert tried >= 2


@pytest.fixture
def teams(family: Both) -> Both:
    """Teams have a lead, who may be missing for a while; people have a team, always."""
    family.sql("create table people (id uuid primary key default gen_random_uuid(), glide_row_id text unique)")
    family.has("teams", "name text, lead uuid references people", lead="people")
    family.sql("alter table people add name text, add team uuid not null references teams")
    family.glide_server_has("people", [])
    family.maps("people", {"name": "text", "team": "uuid"}, team="teams")
    for name in ("name", "team"):
        family.glide.add_column("native-table-people", name, name, "string")
    return family


def test_a_circle_of_two_is_linked_from_both_sides(teams: Both):
    teams.edit("teams", **{f"t{n:02}": {"name": str(n), "lead": f"p{n:02}"} for n in range(12)})
    teams.edit("people", **{f"p{n:02}": {"name": str(n), "team": f"t{n:02}"} for n in range(12)})
    red = teams.adds("teams", name="red")
    eve = teams.adds("people", name="Eve", team=red)
    teams.sql("update teams set lead = %s where id = %s", eve, red)
    reports = teams.runs("teams", "people", "teams")
    assert reports[-1].waiting == ()
    assert teams.links("teams", "lead", "people") == {f"t{n:02}": f"p{n:02}" for n in range(12)} | {
        teams.named("teams", red): teams.named("people", eve)
    }
    assert teams.cells("teams", "lead")[teams.named("teams", red)] == teams.named("people", eve)
    assert teams.errors() == []
    assert teams.is_quiet("teams", "people")


# --- parents that go -------------------------------------------------------------------------------------------------


def test_a_parent_deleted_in_glide_stays_while_children_hold_on_to_it(shop: Both):
    shop.runs("customers", "orders")
    shop.edit("customers", ann=None)
    shop.runs("customers", "orders")
    assert [trouble[:2] for trouble in shop.troubles("customers")] == [("RELATIONSHIP", "ann")]
    assert shop.links("orders", "customer", "customers") == {"o1": "ann", "o2": "ben"}
    shop.edit("orders", o1=None)
    shop.runs("orders", "customers")
    assert set(shop.rows("customers")) == {"ben"}
    assert shop.errors() == []


def test_a_child_whose_parent_is_deleted_in_postgres_is_told_until_somebody_gives_it_another(family: Both):
    family.has("customers")
    family.has("orders", "number integer, customer uuid references customers on delete set null", customer="customers")
    family.edit("customers", ann={"name": "Ann"}, ben={})
    family.edit("orders", o1={"number": 1, "customer": "ann"})
    family.runs("customers", "orders")
    family.sql("delete from customers where glide_row_id = 'ann'")
    family.runs("customers", "orders")
    assert set(family.glide_of("customers")) == {"ben"}
    assert family.troubles("orders") == [("RELATIONSHIP", "o1", "customer", "ann")]
    family.edit("orders", o1={"customer": "ben"})
    family.change("orders", conflict_policy="glide")  # Postgres emptied the cell, Glide filled it anew
    family.runs("orders")
    assert family.links("orders", "customer", "customers") == {"o1": "ben"}
    assert family.errors() == []


def test_a_reference_sent_to_glide_survives_a_lost_answer(shop: Both):
    shop.runs("customers", "orders")
    order = shop.adds("orders", number=3, customer=str(shop.rows("customers")["ann"]["id"]))
    shop.glide.fault("reset", site=["mutate", "add"], at="body", effect="applied")
    shop.runs("orders")
    shop.sql("update glsync.intents set sent_at = sent_at - interval '1 hour'")
    shop.runs("orders")
    assert sorted(str(cell) for cell in shop.cells("orders", "customer").values()) == ["ann", "ann", "ben"]
    assert shop.named("orders", order) in shop.glide_of("orders")
    assert shop.is_quiet("orders")
