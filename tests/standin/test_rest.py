"""v1 REST: apps, tables, schemas, rows."""

import pytest

from tests.standin.conftest import APP, ITEMS, ORDERS, OTHER_APP

TABLE = f"/api/apps/{APP}/tables/{ITEMS}"


def test_a_token_lists_its_apps_and_their_tables(ask):
    assert ask.call("GET", "/api/apps").json() == {"data": [{"id": APP, "name": "Operations"}]}
    assert ask.call("GET", f"/api/apps/{APP}/tables").json()["data"] == [
        {"id": ITEMS, "name": "Items"},
        {"id": "native-table-parts", "name": "Parts"},
        {"id": ORDERS, "name": "Orders"},
    ]
    assert set(ask.call("GET", "/api/me").json()) == {"id", "name"}


@pytest.mark.parametrize("path", [TABLE, TABLE + "/schema"])
def test_the_schema_tells_ids_names_and_kinds(ask, path):
    columns = ask.call("GET", path).json()["data"]["columns"]
    assert columns[0] == {"id": "Name", "name": "Item", "type": {"kind": "string"}}
    assert [column["type"]["kind"] for column in columns] == ["string", "number", "date-time", "boolean", "array"]
    assert columns[4]["type"] == {"kind": "array", "items": {"kind": "image-uri"}}


def test_rows_come_in_pages_with_next(glide, ask):
    glide.set(page_rows=2)
    glide.edit(ITEMS, add=[{"Kx9aB": number} for number in range(5)])
    seen, start = [], None
    while True:
        reply = ask.call("GET", TABLE + "/rows", params={"start": start} if start else {}).json()
        seen += [row["Kx9aB"] for row in reply["data"]["rows"]]
        if "next" not in reply:
            break
        start = reply["next"]
    assert seen == [0, 1, 2, 3, 4]


def test_one_row_or_many_are_added_and_their_ids_come_back_in_order(glide, ask):
    one = ask.call("POST", TABLE + "/rows", json={"Name": "pen"}).json()["data"]["rowIDs"]
    two = ask.call("POST", TABLE + "/rows", json=[{"Name": "ink"}, {"Name": "nib"}]).json()["data"]["rowIDs"]
    assert [glide.rows(ITEMS)[id]["Name"] for id in one + two] == ["pen", "ink", "nib"]


def test_an_unknown_column_adds_nothing_and_is_a_422(glide, ask):
    reply = ask.call("POST", TABLE + "/rows", json=[{"Name": "pen"}, {"nope": 1}])
    assert (reply.status_code, list(reply.json()["error"])) == (422, ["message"])
    assert glide.rows(ITEMS) == {}


def test_more_than_500_rows_are_refused(ask):
    reply = ask.call("POST", TABLE + "/rows", json=[{"Name": "pen"}] * 501)
    assert (reply.status_code, reply.json()["error"]["message"]) == (400, "More than 500 mutations")


def test_a_row_is_read_changed_and_deleted_by_its_id(glide, ask):
    glide.edit(ITEMS, add=[{"$rowID": "a", "Name": "pen"}, {"$rowID": "b"}])
    assert ask.call("GET", TABLE + "/rows/a").json() == {"data": {"$rowID": "a", "Name": "pen"}}
    assert ask.call("PATCH", TABLE + "/rows/a", json={"Name": "ink"}).json() == {"data": {"rowIDs": ["a"]}}
    assert ask.call("GET", TABLE + "/rows/a").json()["data"]["Name"] == "ink"
    assert ask.call("DELETE", TABLE + "/rows/a").json() == {"success": True}
    assert list(glide.rows(ITEMS)) == ["b"]


@pytest.mark.parametrize("method", ["GET", "PATCH"])
def test_a_row_that_is_not_there_is_a_404(ask, method):
    assert ask.call(method, TABLE + "/rows/gone", json={}).status_code == 404


def test_all_rows_can_be_deleted_at_once(glide, ask):
    glide.edit(ITEMS, add=[{}, {}, {}])
    assert ask.call("DELETE", TABLE + "/rows").json() == {"success": True}
    assert (glide.rows(ITEMS), glide.usage()["updates"]) == ({}, "3")


def test_a_token_sees_only_its_own_apps(stranger, neighbour):
    assert stranger.call("GET", "/api/apps").status_code == 401
    assert stranger.call("GET", "/api/me").status_code == 401
    assert neighbour.call("GET", "/api/apps").json()["data"] == [{"id": OTHER_APP, "name": "People"}]
    for method, path in [
        ("GET", TABLE),
        ("GET", TABLE + "/rows"),
        ("POST", TABLE + "/rows"),
        ("DELETE", TABLE + "/rows"),
    ]:
        assert neighbour.call(method, path, json=[]).status_code == 404
