"""v1 functions: queryTables and mutateTables."""

import pytest

from tests.standin.conftest import APP, ITEMS, ORDERS, OTHER_APP, PARTS, add, delete, set_row


def test_a_query_answers_an_array_with_one_result_for_each_query(glide, ask):
    glide.edit(ITEMS, add=[{"$rowID": "a", "Name": "pen"}])
    glide.edit(ORDERS, add=[{"$rowID": "b", "Name": "ink"}])
    body = {"appID": APP, "queries": [{"tableName": ITEMS}, {"tableName": ORDERS}]}
    assert ask.call("POST", "/api/function/queryTables", json=body).json() == [
        {"rows": [{"$rowID": "a", "Name": "pen"}]},
        {"rows": [{"$rowID": "b", "Name": "ink"}]},
    ]


@pytest.mark.parametrize("count", [0, 1, 9_999, 10_000, 10_001, 20_000])
def test_a_table_is_read_in_pages_of_ten_thousand_and_the_last_one_names_no_next(glide, ask, count):
    glide.edit(ITEMS, add=[{"Kx9aB": number} for number in range(count)])
    assert [row["Kx9aB"] for row in ask.rows(ITEMS)] == list(range(count))
    assert len(ask.glide.calls("query")) == max(1, -(-count // 10_000))
    assert "next" not in ask.query(ITEMS).json()[0] if count <= 10_000 else "next" in ask.query(ITEMS).json()[0]


def test_a_start_outside_the_query_object_is_overlooked(glide, ask):
    glide.set(page_rows=1)
    glide.edit(ITEMS, add=[{"Name": "first"}, {"Name": "second"}])
    following = ask.query(ITEMS).json()[0]["next"]
    body = {"appID": APP, "queries": [{"tableName": ITEMS}], "startAt": following}
    assert ask.call("POST", "/api/function/queryTables", json=body).json()[0]["rows"][0]["Name"] == "first"


def test_empty_cells_are_left_out_of_rows(glide, ask):
    glide.edit(ITEMS, add=[{"$rowID": "a", "Name": "pen", "Kx9aB": None, "pQ2rT": "", "zA8cC": False}])
    assert ask.rows(ITEMS) == [{"$rowID": "a", "Name": "pen", "zA8cC": False}]


def test_a_big_table_answers_to_its_short_id_too(glide, ask):
    glide.edit(ORDERS, add=[{"$rowID": "a"}])
    assert ask.rows("orders") == ask.rows(ORDERS) == [{"$rowID": "a"}]


def test_an_added_row_gets_an_id_of_22_letters_digits_dashes_and_underlines(ask):
    results = ask.mutate(add(ITEMS, Name="pen"), add(ITEMS, Name="ink")).json()
    ids = [result["rowID"] for result in results]
    assert {row["$rowID"]: row["Name"] for row in ask.rows(ITEMS)} == dict(zip(ids, ["pen", "ink"], strict=True))
    assert all(len(id) == 22 and set(id) <= set("-_") | set(map(chr, range(48, 123))) for id in ids)


@pytest.mark.parametrize("empty", ["", None])
def test_a_set_touches_only_the_columns_named_and_an_empty_value_clears(glide, ask, empty):
    glide.edit(ITEMS, add=[{"$rowID": "a", "Name": "pen", "Kx9aB": 3, "zA8cC": True}])
    assert ask.mutate(set_row(ITEMS, "a", Kx9aB=empty, zA8cC=False)).json() == [{}]
    assert glide.rows(ITEMS) == {"a": {"Name": "pen", "zA8cC": False}}


def test_a_row_id_among_the_cells_is_tolerated(glide, ask):
    glide.edit(ITEMS, add=[{"$rowID": "a", "Name": "pen"}])
    assert ask.mutate(set_row(ITEMS, "a", **{"$rowID": "a", "Name": "ink"})).json() == [{}]
    assert glide.rows(ITEMS) == {"a": {"Name": "ink"}}


def test_deleting_and_setting_rows_that_are_not_there_is_accepted_and_does_nothing(glide, ask):
    assert ask.mutate(delete(ITEMS, "gone"), set_row(ITEMS, "gone", Name="pen")).json() == [{}, {}]
    assert glide.rows(ITEMS) == {}
    assert glide.usage()["updates"] == "0"


def test_a_refused_mutation_says_so_inside_a_200_and_the_others_are_done(glide, ask):
    reply = ask.mutate(add(ITEMS, Name="pen"), add(ITEMS, nope=1), {"kind": "explode", "tableName": ITEMS})
    assert (reply.status_code, ["error" in result for result in reply.json()]) == (200, [False, True, True])
    assert "nope" in reply.json()[1]["error"]
    assert [row["Name"] for row in glide.rows(ITEMS).values()] == ["pen"]


def test_more_than_500_mutations_are_refused_in_glides_words(glide, ask):
    assert ask.mutate(*[add(ITEMS, Name="pen")] * 500).status_code == 200
    reply = ask.mutate(*[add(ITEMS, Name="pen")] * 501)
    assert (reply.status_code, reply.json()) == (400, {"message": "More than 500 mutations"})
    assert len(glide.rows(ITEMS)) == 500


def test_queued_writes_of_classic_tables_take_effect_later_those_of_other_tables_at_once(glide, ask, clock):
    glide.set(queue_delay=2)
    for table in (ITEMS, PARTS, ORDERS):
        assert "rowID" in ask.mutate(add(table, Name="pen")).json()[0]
    assert [len(ask.rows(table)) for table in (ITEMS, PARTS, ORDERS)] == [0, 1, 1]
    clock.forward(2)
    assert [len(ask.rows(table)) for table in (ITEMS, PARTS, ORDERS)] == [1, 1, 1]


def test_the_queue_can_be_settled_by_hand(glide, ask):
    glide.set(queue_delay=3600)
    ask.mutate(add(ITEMS, Name="pen"), add(ITEMS, Name="ink"))
    assert (glide.settle(), len(glide.rows(ITEMS))) == (2, 2)


def test_mutations_of_one_request_come_in_no_promised_order(glide, ask):
    glide.edit(ITEMS, add=[{"$rowID": "a"}])
    seen = set()
    for _ in range(20):
        ask.mutate(*[set_row(ITEMS, "a", Kx9aB=number) for number in range(5)])
        seen.add(glide.rows(ITEMS)["a"]["Kx9aB"])
    assert len(seen) > 1
    glide.set(queue_order="as_sent")
    ask.mutate(*[set_row(ITEMS, "a", Kx9aB=number) for number in range(5)])
    assert glide.rows(ITEMS)["a"]["Kx9aB"] == 4


@pytest.mark.parametrize("path", ["/api/function/queryTables", "/api/function/mutateTables"])
def test_a_token_sees_only_its_own_apps(ask, stranger, neighbour, path):
    body = {"appID": APP, "queries": [{"tableName": ITEMS}], "mutations": [add(ITEMS, Name="pen")]}
    assert ask.call("POST", path, json=body).status_code == 200
    assert stranger.call("POST", path, json=body).status_code == 401
    assert neighbour.call("POST", path, json=body).status_code == 404
    assert "message" in neighbour.call("POST", path, json=body).json()


def test_a_table_of_another_app_is_not_found(ask, neighbour):
    assert ask.query("native-table-staff").status_code == 404
    assert neighbour.query("native-table-staff", app=OTHER_APP).status_code == 200


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"appID": 3, "queries": []}', b'{"queries": []}'])
def test_a_body_that_is_no_query_is_a_400_with_a_message(ask, body):
    reply = ask.call("POST", "/api/function/queryTables", data=body)
    assert (reply.status_code, list(reply.json())) == (400, ["message"])


def test_a_continuation_that_was_made_up_or_is_of_another_table_is_refused(glide, ask):
    glide.set(page_rows=1)
    glide.edit(ITEMS, add=[{}, {}])
    following = ask.query(ITEMS).json()[0]["next"]
    assert ask.query(PARTS, startAt=following).status_code == 400
    assert ask.query(ITEMS, startAt="bm9uc2Vuc2U").status_code == 400
    assert ask.query(ITEMS, startAt="é").status_code == 400


def test_a_row_index_is_refused_for_it_is_for_sheets_only(ask):
    mutation = {"kind": "delete-row", "tableName": ITEMS, "rowIndex": 0}
    assert "error" in ask.mutate(mutation).json()[0]
