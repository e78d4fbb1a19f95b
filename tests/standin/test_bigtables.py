"""v2, row by row."""

import pytest

from tests.standin.conftest import ITEMS, ORDERS, PARTS

ROWS = "/tables/orders/rows"


def error_type(reply):
    return reply.status_code, reply.json()["error"]["type"]


def test_only_the_big_tables_of_the_tokens_apps_are_listed(ask, neighbour):
    assert ask.call("GET", "/tables").json() == {"data": [{"id": "orders", "name": "Orders"}]}
    assert neighbour.call("GET", "/tables").json() == {"data": [{"id": "staff", "name": "Staff"}]}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/tables"), ("GET", ROWS), ("POST", ROWS), ("GET", ROWS + "/a"), ("PATCH", ROWS + "/a"),
        ("DELETE", ROWS + "/a"), ("PUT", "/tables/orders"), ("POST", "/tables?name=New"), ("GET", "/jobs/a"),
        ("PUT", "/stashes/a/1"), ("DELETE", "/stashes/a"),
    ],
)  # fmt: skip
def test_an_unknown_token_is_a_404_that_speaks_of_the_api_key(stranger, method, path):
    reply = stranger.call(method, path, json=[])
    assert error_type(reply) == (404, "request_error")
    assert reply.json()["error"]["message"].startswith("API key not found")


def test_a_missing_token_is_the_same_as_an_unknown_one(ask):
    ask.session.headers.pop("Authorization")
    assert error_type(ask.call("GET", "/tables")) == (404, "request_error")


@pytest.mark.parametrize(
    ("table", "type"),
    [("nowhere", "table_not_found"), ("staff", "table_not_found"), (ITEMS, "table_not_big_table"),
     (PARTS, "table_not_big_table")],
)  # fmt: skip
def test_a_table_that_v2_does_not_serve_is_a_404_that_says_why(ask, table, type):
    assert error_type(ask.call("GET", f"/tables/{table}/rows")) == (404, type)
    assert ask.call("HEAD", f"/tables/{table}/rows").status_code == 404


@pytest.mark.parametrize("count", [0, 1, 10_000, 10_001, 25_000])
def test_a_table_is_read_in_pages_until_none_is_left(glide, ask, count):
    glide.edit(ORDERS, add=[{"Kx9aB": number} for number in range(count)])
    assert [row["Kx9aB"] for row in ask.pages()] == list(range(count))


def test_a_limit_makes_smaller_pages_but_never_larger_ones(glide, ask):
    glide.edit(ORDERS, add=[{"Kx9aB": number} for number in range(7)])
    assert len(ask.page(limit=3).json()["data"]) == 3
    assert [row["Kx9aB"] for row in ask.pages(limit=3)] == list(range(7))
    glide.set(big_page_rows=2)
    assert len(ask.page(limit=3).json()["data"]) == 2
    assert error_type(ask.page(limit="many")) == (400, "request_validation_error")


def test_fewer_rows_than_asked_for_do_not_mean_the_end(glide, ask):
    glide.set(short_pages=True)
    glide.edit(ORDERS, add=[{"Kx9aB": number} for number in range(200)])
    assert len(ask.page(limit=100).json()["data"]) < 100
    assert [row["Kx9aB"] for row in ask.pages(limit=100)] == list(range(200))


def test_a_row_is_read_by_its_id(glide, ask):
    glide.edit(ORDERS, add=[{"$rowID": "a", "Name": "pen"}])
    assert ask.call("GET", ROWS + "/a").json() == {"data": {"$rowID": "a", "Name": "pen"}}
    assert error_type(ask.call("GET", ROWS + "/gone")) == (404, "row_not_found")


def test_added_rows_are_named_in_the_order_given(glide, ask):
    reply = ask.call("POST", ROWS, json=[{"Name": "pen"}, {"Name": "ink"}])
    assert reply.status_code == 201
    assert [glide.rows(ORDERS)[id]["Name"] for id in reply.json()["data"]["rowIDs"]] == ["pen", "ink"]


def test_rows_wrapped_in_an_object_are_no_longer_taken(ask):
    assert error_type(ask.call("POST", ROWS, json={"rows": [{"Name": "pen"}]})) == (400, "request_validation_error")


@pytest.mark.parametrize(
    ("row", "type"),
    [
        ({"nope": 1}, "column_id_not_found"), ({"$rowID": "x"}, "column_id_reserved"),
        ({"Kx9aB": "three"}, "column_has_invalid_value"), ({"Kx9aB": True}, "column_has_invalid_value"),
        ({"zA8cC": 1}, "column_has_invalid_value"), ({"Name": 3}, "column_has_invalid_value"),
        ({"iM4gE": "one.png"}, "column_has_invalid_value"),
    ],
)  # fmt: skip
def test_a_row_that_does_not_fit_adds_none_of_its_fellows(glide, ask, row, type):
    assert error_type(ask.call("POST", ROWS, json=[{"Name": "pen"}, row])) == (422, type)
    assert glide.rows(ORDERS) == {}


def test_cells_that_do_not_fit_can_be_dropped(glide, ask):
    row = {"Name": "pen", "nope": 1, "Kx9aB": "three"}
    assert ask.call("POST", ROWS, json=[row], params={"onSchemaError": "dropColumns"}).status_code == 201
    assert list(glide.rows(ORDERS).values()) == [{"Name": "pen"}]


def test_the_schema_can_be_widened_to_fit(glide, ask):
    row = {"extra": 1.5, "Kx9aB": "three"}
    assert ask.call("POST", ROWS, json=[row], params={"onSchemaError": "updateSchema"}).status_code == 201
    assert list(glide.rows(ORDERS).values()) == [row]
    columns = ask.call("GET", f"/api/apps/ops/tables/{ORDERS}/schema").json()["data"]["columns"]
    kinds = {column["id"]: column["type"]["kind"] for column in columns}
    assert (kinds["extra"], kinds["Kx9aB"]) == ("number", "string")


def test_rows_may_come_as_csv_or_tsv(glide, ask):
    for type, text in [
        ("text/csv", "Name,Kx9aB,zA8cC\npen,3,true\n7,,\n"),
        ("text/tab-separated-values", "Name\tKx9aB\nink\t4"),
    ]:
        assert ask.call("POST", ROWS, data=text, headers={"Content-Type": type}).status_code == 201
    assert list(glide.rows(ORDERS).values()) == [
        {"Name": "pen", "Kx9aB": 3, "zA8cC": True},
        {"Name": "7"},
        {"Name": "ink", "Kx9aB": 4},
    ]
    assert ask.call("POST", ROWS, data="Name\na,b", headers={"Content-Type": "text/csv"}).status_code == 400


def test_a_patch_changes_only_what_it_names_and_clears_with_null(glide, ask):
    glide.edit(ORDERS, add=[{"$rowID": "a", "Name": "pen", "Kx9aB": 3}])
    reply = ask.call("PATCH", ROWS + "/a", json={"Kx9aB": None, "zA8cC": True})
    assert (reply.status_code, reply.json()) == (200, {})
    assert glide.rows(ORDERS) == {"a": {"Name": "pen", "zA8cC": True}}
    assert error_type(ask.call("PATCH", ROWS + "/gone", json={})) == (404, "row_not_found")
    assert error_type(ask.call("PATCH", ROWS + "/a", json={"nope": 1})) == (422, "column_id_not_found")


def test_a_deleted_row_may_be_deleted_again(glide, ask):
    glide.edit(ORDERS, add=[{"$rowID": "a"}])
    for _ in range(2):
        reply = ask.call("DELETE", ROWS + "/a")
        assert (reply.status_code, reply.json()) == (200, {})
    assert (glide.rows(ORDERS), glide.usage()["updates"]) == ({}, "0.01")


def test_the_version_grows_with_every_change_by_whichever_door(glide, ask):
    from tests.standin.conftest import add

    seen = [ask.version()]
    glide.edit(ORDERS, add=[{"$rowID": "a"}])
    seen.append(ask.version())
    for write in (
        lambda: ask.call("POST", ROWS, json=[{"Name": "pen"}]),
        lambda: ask.call("PATCH", ROWS + "/a", json={"Name": "ink"}),
        lambda: ask.mutate(add(ORDERS, Name="nib")),
        lambda: ask.call("DELETE", ROWS + "/a"),
    ):
        write()
        seen.append(ask.version())
    assert seen == list(range(1, 7))
    ask.page()
    ask.call("DELETE", ROWS + "/a")
    assert ask.version() == 6


def test_answers_carry_the_tables_version(glide, ask):
    id = ask.call("POST", ROWS, json=[{"Name": "pen"}]).json()["data"]["rowIDs"][0]
    for method, path in [("GET", ROWS), ("GET", f"{ROWS}/{id}"), ("HEAD", ROWS)]:
        assert ask.call(method, path).headers["ETag"] == '"2"'
    assert ask.call("PATCH", f"{ROWS}/{id}", json={"Name": "ink"}).headers["ETag"] == '"3"'


def test_a_patch_with_if_match_looks_at_the_row_and_not_at_the_table(glide, ask):
    glide.edit(ORDERS, add=[{"$rowID": "a"}, {"$rowID": "b"}])
    seen = f'"{ask.version()}"'
    glide.edit(ORDERS, set={"b": {"Name": "ink"}})
    assert ask.call("PATCH", ROWS + "/a", json={"Name": "pen"}, headers={"If-Match": seen}).status_code == 200
    refused = ask.call("PATCH", ROWS + "/b", json={"Name": "pen"}, headers={"If-Match": seen})
    assert error_type(refused) == (412, "precondition_failed")
    assert {id: row["Name"] for id, row in glide.rows(ORDERS).items()} == {"a": "pen", "b": "ink"}
    odd = ask.call("PATCH", ROWS + "/a", json={}, headers={"If-Match": "W/3"})
    assert error_type(odd) == (400, "request_validation_error")


def test_a_request_of_more_than_15_megabytes_is_a_413(ask):
    assert ask.call("POST", ROWS, data=b"[" + b" " * 15_000_000 + b"]").status_code == 413
