"""Tables that refer to each other, from Glide into a Postgres whose foreign keys are real."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from glsync import sync
from glsync.errors import InvalidMapping
from tests.family import Family
from tests.twoway.crash import Point, crashed_at


@pytest.fixture
def family(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Family]:
    with Family(database, monkeypatch) as made:
        yield made


@pytest.fixture
def shop(family: Family) -> Family:
    """Customers, their orders, and the orders' lines, each line bound to its order from the first moment."""
    family.has("customers")
    family.has("orders", "number integer, customer uuid references customers", customer="customers")
    family.has("lines", "item text, of_order uuid not null references orders", of_order="orders")
    family.edit("customers", ann={"name": "Ann"}, ben={"name": "Ben"})
    family.edit("orders", o1={"number": 1, "customer": "ann"}, o2={"number": 2, "customer": "ben"}, o3={"number": 3})
    family.edit(
        "lines", l1={"item": "pen", "of_order": "o1"}, l2={"item": "ink", "of_order": "o1"}, l3={"of_order": "o2"}
    )
    return family


def test_row_ids_of_glide_become_the_keys_of_the_parents(shop: Family):
    reports = shop.runs("customers", "orders", "lines")
    assert [report.status for report in reports] == ["completed"] * 3
    assert shop.links("orders", "customer", "customers") == {"o1": "ann", "o2": "ben", "o3": None}
    assert shop.links("lines", "of_order", "orders") == {"l1": "o1", "l2": "o1", "l3": "o2"}


def test_a_second_run_of_children_writes_nothing(shop: Family):
    shop.runs("customers", "orders", "lines")
    shop.sql("update glsync.base_state set verified_at = null")  # compared in full, row by row
    assert [report.counts.stored for report in shop.runs("customers", "orders", "lines")] == [0, 0, 0]
    shop.runs("customers", "orders", "lines")
    assert [report.counts.stored for report in shop.runs("customers", "orders", "lines")] == [0, 0, 0]


def test_a_child_that_moves_to_another_parent_moves_in_postgres(shop: Family):
    shop.runs("customers", "orders", "lines")
    shop.edit("lines", l1={"of_order": "o3"})
    shop.edit("orders", o1={"customer": None})
    assert [report.counts.updated for report in shop.runs("orders", "lines")] == [1, 1]
    assert shop.links("lines", "of_order", "orders")["l1"] == "o3"
    assert shop.links("orders", "customer", "customers")["o1"] is None


def test_children_may_hold_the_row_id_itself_with_a_foreign_key_on_it(family: Family):
    family.has("customers")
    family.has("orders", "customer text references customers (glide_row_id)", customer="customers")
    family.edit("customers", ann={"name": "Ann"})
    family.edit("orders", o1={"customer": "ann"}, o2={"customer": "zoe"})
    family.runs("customers", "orders")
    assert {row: cells["customer"] for row, cells in family.rows("orders").items()} == {"o1": "ann"}
    assert family.troubles("orders") == [("RELATIONSHIP", "o2", "customer", "zoe")]


@pytest.mark.parametrize("key", ["number bigint unique", "number text unique"])
def test_children_may_hold_another_unique_column_of_the_parent(family: Family, key: str):
    family.has("customers", key)
    type_ = key.split()[1]
    family.has("orders", f"customer {type_}", mapped=False)
    family.maps("orders", {"customer": type_}, customer="customers")
    pairs = family.sql("select column_mappings from gl_mappings where name = 'orders'")[0]["column_mappings"]
    pairs["customer"]["reference_column"] = "number"
    family.change("orders", column_mappings=json.dumps(pairs))
    family.edit("customers", ann={"number": "7"})
    family.edit("orders", o1={"customer": "ann"})
    family.runs("customers", "orders")
    assert str(family.rows("orders")["o1"]["customer"]) == "7"


# --- late parents ----------------------------------------------------------------------------------------------------


def test_a_child_waits_for_its_parent_as_one_error_that_names_it_and_ends_by_itself(shop: Family):
    shop.edit("orders", o1={"customer": "cyd"})
    shop.runs("customers")
    (report,) = shop.runs("orders")
    assert (report.status, report.counts.created, report.counts.failed) == ("completed_with_errors", 2, 1)
    assert shop.troubles("orders") == [("RELATIONSHIP", "o1", "customer", "cyd")]
    error = shop.sql("select * from gl_sync_errors where resolved_at is null")[0]
    assert error["error_message"] == "Row o1, column customer: refers to row cyd of customers, and no such row is there"
    shop.edit("customers", cyd={"name": "Cyd"})
    assert [report.counts.created for report in shop.runs("customers", "orders")] == [1, 1]
    assert shop.troubles("orders") == []
    assert shop.links("orders", "customer", "customers")["o1"] == "cyd"


def test_the_error_tells_that_the_parent_is_held_back_itself(shop: Family):
    shop.edit("orders", o1={"number": "one"})
    shop.runs("customers", "orders", "lines")
    messages = {row["glide_row_id"]: row["error_message"] for row in shop.errors()}
    assert messages["l1"].startswith("Row l1, column of_order: refers to row o1 of orders, and that row is held back")
    assert "'one' is not" in messages["l1"]


def test_a_child_of_a_table_that_says_the_same_is_linked_all_the_same(family: Family, monkeypatch):
    """A Big Table whose version did not move is read again while a row of it waits."""
    for kind in ("customers", "orders"):
        family._kind = "big"
        family.has(kind, *(["customer uuid references customers"] if kind == "orders" else []), **(
            {"customer": "customers"} if kind == "orders" else {}
        ))  # fmt: skip
    family.edit("orders", o1={"customer": "ann"}, o2={})
    family.runs("customers", "orders", "orders")
    family.edit("customers", ann={"name": "Ann"})
    family.runs("customers", "orders")
    assert family.links("orders", "customer", "customers") == {"o1": "ann", "o2": None}
    assert family.troubles("orders") == []
    spent = family.spent()
    family.runs("customers", "orders")
    assert family.spent() == spent


def test_a_plan_counts_children_without_parents_as_held_back(shop: Family):
    plan = sync.plan(shop.ids["orders"])
    assert (plan.postgres.create, plan.failed) == (1, 2)
    assert shop.errors() == []


# --- circles ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def staff(family: Family) -> Family:
    """People and whom they answer to, the boss last, on several pages."""
    family.glide.set(page_rows=3)
    family.has("staff", "name text, manager uuid references staff", manager="staff")
    family.edit("staff", **{f"s{n}": {"name": str(n), "manager": f"s{n + 1}"} for n in range(1, 8)}, s8={"name": "8"})
    return family


ALL_LINKED = {**{f"s{n}": f"s{n + 1}" for n in range(1, 8)}, "s8": None}


def test_rows_that_refer_to_rows_of_their_own_table_are_linked_in_one_run(staff: Family):
    report = staff.run_of("staff")
    assert (report.status, report.counts.created, report.counts.failed) == ("completed", 8, 0)
    assert staff.links("staff", "manager", "staff") == ALL_LINKED
    before = staff.sql("select xmin::text from staff order by id")
    assert staff.run_of("staff").counts.stored == 0
    staff.sql("update glsync.base_state set verified_at = null")
    assert staff.run_of("staff").counts.stored == 0
    assert staff.sql("select xmin::text from staff order by id") == before


def test_the_second_run_of_a_big_table_of_such_rows_costs_nothing(family: Family):
    family._kind = "big"
    family.has("staff", "name text, manager uuid references staff", manager="staff")
    family.edit("staff", a={"manager": "b"}, b={"manager": "a"}, c={"manager": "c"})
    family.run_of("staff")
    assert family.links("staff", "manager", "staff") == {"a": "b", "b": "a", "c": "c"}
    spent = family.spent()
    assert family.run_of("staff").message == "Nothing changed in Glide since the last run"
    assert family.spent() == spent


def test_a_row_that_answers_to_nobody_known_is_there_without_and_told(staff: Family):
    staff.edit("staff", s3={"name": "3", "manager": "nobody"})
    report = staff.run_of("staff")
    assert (report.status, report.counts.created, report.counts.failed) == ("completed_with_errors", 8, 1)
    assert staff.troubles("staff") == [("RELATIONSHIP", "s3", "manager", "nobody")]
    assert staff.links("staff", "manager", "staff") == ALL_LINKED | {"s3": None}
    assert staff.run_of("staff").counts.stored == 0
    staff.edit("staff", nobody={"name": "new"})
    assert staff.run_of("staff").status == "completed"
    assert staff.links("staff", "manager", "staff")["s3"] == "nobody"
    assert staff.troubles("staff") == []


def test_a_changed_reference_within_the_table_is_followed(staff: Family):
    staff.run_of("staff")
    staff.edit("staff", s1={"name": "1", "manager": "s8"}, s2={"manager": None}, s9={"manager": "s10"}, s10={})
    staff.run_of("staff")
    assert staff.links("staff", "manager", "staff") == ALL_LINKED | {"s1": "s8", "s2": None, "s9": "s10", "s10": None}


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_run_killed_among_rows_that_refer_to_each_other_is_finished_by_the_next(staff: Family, when: str):
    rows = staff.glide_of("staff")
    number, tried = 3 if when == "before" else 5, 0
    while crashed_at(staff.begun("staff"), Point("any", number), when):
        staff.run_of("staff")
        assert staff.links("staff", "manager", "staff") == ALL_LINKED, f"killed {when} point {number}"
        assert (staff.run_of("staff").counts.stored, staff.errors()) == (0, [])
        staff.begins_anew("staff")
        staff.edit("staff", **rows)
        number, tried = number + 4, tried + 1
    assert tried >= 2


@pytest.fixture
def teams(family: Family) -> Family:
    """Teams have a lead, who may be missing for a while; people have a team, always."""
    family.sql("create table people (id uuid primary key default gen_random_uuid(), glide_row_id text unique)")
    family.has("teams", "name text, lead uuid references people", lead="people")
    family.sql("alter table people add name text, add team uuid not null references teams")
    family.glide_server_has("people", [])
    family.maps("people", {"name": "text", "team": "uuid"}, team="teams")
    for name in ("name", "team"):
        family.glide.add_column("native-table-people", name, name, "string")
    family.edit("teams", red={"lead": "ann"}, blue={"lead": "ben"})
    family.edit("people", ann={"team": "red"}, ben={"team": "red"})
    return family


def test_a_circle_of_two_opens_where_a_column_may_be_empty(teams: Family):
    teams.runs("teams", "people", "teams")
    assert teams.links("teams", "lead", "people") == {"red": "ann", "blue": "ben"}
    assert teams.links("people", "team", "teams") == {"ann": "red", "ben": "red"}
    assert teams.errors() == []


def test_a_circle_that_no_row_could_begin_is_refused(teams: Family):
    teams.sql("alter table teams alter lead set not null")
    with pytest.raises(InvalidMapping, match="no row could ever be the first"):
        teams.runs("teams")
    teams.sql("alter table people alter team drop not null")
    teams.runs("people")


# --- parents that go -------------------------------------------------------------------------------------------------


@pytest.fixture
def going(shop: Family) -> Family:
    """The shop, in step, where rows that go away in Glide go in Postgres."""
    for name in ("customers", "orders", "lines"):
        shop.change(name, deletes="delete", delete_grace=0)
    shop.runs("customers", "orders", "lines")
    return shop


def test_a_parent_that_others_hold_on_to_stays_and_is_told_until_they_are_gone(going: Family):
    going.edit("orders", o2=None)
    going.run_of("orders")
    assert "o2" in going.rows("orders")
    assert [trouble[:2] for trouble in going.troubles("orders")] == [("RELATIONSHIP", "o2")]
    going.edit("lines", l3=None)
    going.runs("lines", "orders")
    assert set(going.rows("orders")) == {"o1", "o3"}
    assert going.troubles("orders") == []


@pytest.mark.parametrize("type_", ["uuid", "text"])
def test_a_child_left_in_glide_without_its_parent_is_told(family: Family, type_: str):
    """Nothing but we watches over the reference, and the child's own row says in Glide what it always said."""
    family.has("orders")
    family.has("lines", f"of_order {type_}", of_order="orders")
    family.change("orders", deletes="delete", delete_grace=0)
    family.edit("orders", o1={}, o2={}, o3={})
    family.edit("lines", l1={"of_order": "o1"}, l2={"of_order": "o2"}, l3={})
    family.runs("orders", "lines", "lines")
    family.edit("orders", o2=None)
    family.runs("orders", "lines")
    assert family.troubles("lines") == [("RELATIONSHIP", "l2", "of_order", "o2")]
    family.edit("lines", l2={"of_order": "o3"})
    family.run_of("lines")
    assert family.links("lines", "of_order", "orders", "id" if type_ == "uuid" else "glide_row_id")["l2"] == "o3"
    assert family.troubles("lines") == []


@pytest.mark.parametrize("deletes", ["keep", "mark"])
def test_children_of_a_parent_that_stays_in_postgres_stay_linked(family: Family, deletes: str):
    family.has("orders", "name text, deleted_at timestamptz", mapped=False)
    family.maps("orders", {"name": "text"})
    family.has("lines", "of_order uuid not null references orders", of_order="orders")
    family.change("orders", deletes=deletes, delete_grace=0)
    family.edit("orders", o1={}, o2={})
    family.edit("lines", l1={"of_order": "o1"})
    family.runs("orders", "lines")
    family.edit("orders", o1=None)
    family.runs("orders", "lines")
    assert family.links("lines", "of_order", "orders") == {"l1": "o1"}
    assert family.errors() == []


# --- what cannot be --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("columns", "refers", "change", "said"),
    [
        ("customer uuid", "nobody", "", 'refers to the mapping "nobody", and this workspace has none of that name'),
        ("customer integer", "customers", "", "whose type is uuid: give both the same type"),
        ("customer uuid", "customers", "alter table customers drop constraint customers_pkey", "cannot be told"),
        (
            "customer text",
            "customers",
            "alter table customers alter glide_row_id type uuid using null",
            "the same type",
        ),
    ],
    ids=["no such mapping", "types differ", "no key", "row ids of another type"],
)
def test_a_reference_that_cannot_be_is_refused_by_name(family: Family, columns, refers, change, said):
    family.has("customers")
    family.has("orders", columns, customer=refers)
    if change:
        family.sql(change)
    with pytest.raises(InvalidMapping, match=said):
        family.runs("orders")


def test_a_mapping_of_another_workspace_is_nobody_to_refer_to(family: Family):
    family.has("customers")
    family.sql("insert into glsync.workspaces (id, name) values ('00000000-0000-0000-0000-0000000000bb', 'Theirs')")
    (theirs,) = family.sql(
        "insert into gl_connections (name, app_id, workspace_id)"
        " values ('theirs', 'app', '00000000-0000-0000-0000-0000000000bb') returning id"
    )
    family.map(name="strangers", connection_id=str(theirs["id"]))
    family.has("orders", "customer uuid", customer="strangers")
    with pytest.raises(InvalidMapping, match="this workspace has none of that name"):
        family.runs("orders")
