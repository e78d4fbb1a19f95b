"""v2, whole tables: create, overwrite, stashes, jobs."""

import pytest

from tests.standin.conftest import ORDERS
from tests.standin.test_bigtables import ROWS, error_type


def test_a_table_is_created_with_its_columns_and_rows(glide, ask):
    columns = [
        {"id": "full", "displayName": "Full name", "type": "string"},
        {"id": "due", "type": {"kind": "dateTime"}},
    ]
    body = {"name": "People", "schema": {"columns": columns}, "rows": [{"full": "Ada"}], "appsToLink": ["ops", "hr"]}
    reply = ask.call("POST", "/tables", json=body)
    made = reply.json()["data"]
    assert (reply.status_code, made["linkedAppIDs"]) == (201, ["ops"])
    assert ask.call("GET", f"/tables/{made['tableID']}/rows").json()["data"] == [
        {"$rowID": made["rowIDs"][0], "full": "Ada"}
    ]
    schema = ask.call("GET", f"/api/apps/ops/tables/{made['tableID']}/schema").json()["data"]["columns"]
    assert [(column["name"], column["type"]["kind"]) for column in schema] == [
        ("Full name", "string"),
        ("due", "date-time"),
    ]


def test_a_table_created_from_bare_rows_learns_its_columns_from_them(glide, ask):
    reply = ask.call("POST", "/tables?name=Things", json=[{"a": 1, "b": "x"}, {"c": True}])
    assert reply.status_code == 201
    assert list(glide.rows("Things").values()) == [{"a": 1, "b": "x"}, {"c": True}]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ([], (400, "request_validation_error")),
        ({"rows": []}, (400, "request_validation_error")),
        (
            {"name": "T", "rows": [], "schema": {"columns": [{"id": "$a", "type": "string"}]}},
            (422, "column_id_reserved"),
        ),
        (
            {"name": "T", "rows": [], "schema": {"columns": [{"id": "a", "type": "string"}] * 2}},
            (422, "column_id_not_unique"),
        ),
        (
            {"name": "T", "rows": [], "schema": {"columns": [{"id": "a", "type": "colour"}]}},
            (400, "request_validation_error"),
        ),
        (
            {"name": "T", "rows": [{"b": 1}], "schema": {"columns": [{"id": "a", "type": "string"}]}},
            (422, "column_id_not_found"),
        ),
    ],
)
def test_a_table_that_cannot_be_created_leaves_nothing_behind(ask, body, expected):
    assert error_type(ask.call("POST", "/tables", json=body)) == expected
    assert len(ask.call("GET", "/tables").json()["data"]) == 1


def test_overwriting_a_table_gives_every_row_a_new_id(glide, ask):
    glide.edit(ORDERS, add=[{"$rowID": "a", "Name": "pen"}])
    ids = ask.call("PUT", "/tables/orders", json=[{"Name": "pen"}, {"Name": "ink"}]).json()["data"]["rowIDs"]
    assert "a" not in ids
    assert glide.rows(ORDERS) == {ids[0]: {"Name": "pen"}, ids[1]: {"Name": "ink"}}


def test_overwriting_with_a_new_schema_replaces_the_columns(glide, ask):
    body = {"schema": {"columns": [{"id": "only", "type": "number"}]}, "rows": [{"only": 1}]}
    assert ask.call("PUT", "/tables/orders", json=body).status_code == 200
    assert list(glide.rows(ORDERS).values()) == [{"only": 1}]
    assert error_type(ask.call("PUT", "/tables/orders", json=[{"Name": "pen"}])) == (422, "column_id_not_found")
    assert list(glide.rows(ORDERS).values()) == [{"only": 1}]


def test_overwriting_with_if_match_is_refused_once_anything_in_the_table_changed(glide, ask):
    seen = f'"{ask.version()}"'
    glide.edit(ORDERS, add=[{"$rowID": "a"}])
    refused = ask.call("PUT", "/tables/orders", json=[], headers={"If-Match": seen})
    assert error_type(refused) == (412, "precondition_failed")
    assert list(glide.rows(ORDERS)) == ["a"]


def test_stashed_chunks_are_committed_in_the_order_of_their_serials(glide, ask):
    for serial in ("10", "9", "2"):
        assert ask.call("PUT", f"/stashes/load/{serial}", json=[{"Name": serial}]).json() == {}
    assert ask.call("PUT", "/stashes/load/9", json=[{"Name": "nine"}]).status_code == 200
    assert glide.usage()["updates"] == "0"
    reply = ask.call("POST", ROWS, json={"$stashID": "load"})
    assert [glide.rows(ORDERS)[id]["Name"] for id in reply.json()["data"]["rowIDs"]] == ["2", "nine", "10"]
    assert glide.usage()["updates"] == "0.03"


def test_serials_that_are_not_all_numbers_sort_as_text(glide, ask):
    for serial in ("b", "10", "9"):
        ask.call("PUT", f"/stashes/load/{serial}", json=[{"Name": serial}])
    ask.call("PUT", "/tables/orders", json={"rows": {"$stashID": "load"}})
    assert [row["Name"] for row in glide.rows(ORDERS).values()] == ["10", "9", "b"]


def test_committing_a_stash_twice_adds_its_rows_twice_unless_set_otherwise(glide, ask):
    ask.call("PUT", "/stashes/load/1", json=[{"Name": "pen"}])
    for _ in range(2):
        assert ask.call("POST", ROWS, json={"$stashID": "load"}).status_code == 201
    assert len(glide.rows(ORDERS)) == 2
    glide.set(stash_second_commit="refused")
    assert ask.call("POST", ROWS, json={"$stashID": "load"}).status_code == 400


def test_a_stash_is_gone_when_deleted_or_after_48_hours(ask, clock):
    for gone in (lambda: ask.call("DELETE", "/stashes/load"), lambda: clock.forward(48 * 3600)):
        ask.call("PUT", "/stashes/load/1", json=[{"Name": "pen"}])
        gone()
        assert ask.call("POST", ROWS, json={"$stashID": "load"}).status_code == 400


@pytest.mark.parametrize("path", ["/stashes/-load/1", "/stashes/load/a%20b", f"/stashes/{'x' * 257}/1"])
def test_a_stash_needs_a_proper_name(ask, path):
    assert error_type(ask.call("PUT", path, json=[])) == (400, "request_validation_error")


def test_a_stash_belongs_to_the_team_that_made_it(ask, neighbour):
    ask.call("PUT", "/stashes/load/1", json=[{"Name": "pen"}])
    assert neighbour.call("POST", "/tables/staff/rows", json={"$stashID": "load"}).status_code == 400


def test_a_call_that_allows_a_job_gets_one_and_can_follow_it(glide, ask, clock):
    glide.set(job_seconds=5)
    reply = ask.call("PUT", "/tables/orders", json=[{"Name": "pen"}], headers={"x-glide-asynchronous": "true"})
    assert reply.status_code == 202
    job = f"/jobs/{reply.json()['data']['jobID']}"
    assert ask.call("GET", job).json() == {"data": {"status": "running"}}
    clock.forward(5)
    assert ask.call("GET", job).json()["data"]["result"] == {"rowIDs": list(glide.rows(ORDERS))}
    assert error_type(ask.call("GET", "/jobs/none")) == (404, "job_not_found")


def test_a_job_that_fails_says_why(ask):
    reply = ask.call("PUT", "/tables/orders", json=[{"nope": 1}], headers={"x-glide-asynchronous": "true"})
    told = ask.call("GET", f"/jobs/{reply.json()['data']['jobID']}").json()["data"]
    assert (told["status"], told["error"]["type"]) == ("failed", "column_id_not_found")


def test_the_permission_for_a_job_does_not_force_one(glide, ask):
    glide.set(async_jobs=False)
    body = {"name": "New", "rows": []}
    assert ask.call("POST", "/tables", json=body, headers={"x-glide-asynchronous": "true"}).status_code == 201
