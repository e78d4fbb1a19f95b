"""The stand-in's own routes, and the same things from Python."""

import pytest

from glsync.standin import StandIn
from glsync.standin.glide import UnknownTable
from tests.standin.conftest import APP, FIXTURE, ITEMS, ORDERS, TOKEN, Client, add


def control(ask, method, path, **how):
    return ask.call(method, "/_standin" + path, **how)


def test_the_overview_says_that_this_is_no_real_glide(ask):
    assert control(ask, "GET", "").json()["standin"] == "Glide"
    assert control(ask, "GET", "/tables").json()["tables"][0] == {
        "app": APP, "id": ITEMS, "name": "Items", "kind": "glide", "rows": 0, "version": 1,
    }  # fmt: skip


def test_rows_are_edited_as_an_editor_in_glide_does(glide, ask):
    reply = control(
        ask, "POST", "/tables/Orders/edits", json={"add": [{"Name": "pen", "Kx9aB": "1,234.50"}, {"$rowID": "b"}]}
    )
    id = reply.json()["rowIDs"][0]
    assert reply.json() == {"rowIDs": [id, "b"], "version": 2}
    edits = {"set": {id: {"Name": "", "zA8cC": True}}, "delete": ["b"]}
    assert control(ask, "POST", f"/tables/{ORDERS}/edits", json=edits).json()["version"] == 3
    assert control(ask, "GET", "/tables/orders/rows").json() == {
        "rows": [{"$rowID": id, "Kx9aB": "1,234.50", "zA8cC": True}]
    }
    assert glide.usage()["updates"] == "0"


@pytest.mark.parametrize(
    ("path", "edits", "status"),
    [
        ("/tables/nowhere/edits", {}, 404), ("/tables/Items/edits", {"set": {"gone": {"Name": "x"}}}, 400),
        ("/tables/Items/edits", {"add": [{"nope": 1}]}, 400), ("/tables/Items/edits", {"insert": []}, 400),
    ],
)  # fmt: skip
def test_an_edit_that_makes_no_sense_changes_nothing(glide, ask, path, edits, status):
    assert control(ask, "POST", path, json={"add": [{"Name": "pen"}]} | edits).status_code == status
    assert glide.rows(ITEMS) == {}


def test_settings_are_read_and_changed(glide, ask):
    assert control(ask, "GET", "/settings").json()["page_rows"] == 10_000
    assert control(ask, "POST", "/settings", json={"page_rows": 5}).json()["page_rows"] == 5
    assert control(ask, "POST", "/settings", json={"nope": 5}).status_code == 400
    assert glide.settings.page_rows == 5


def test_faults_are_switched_on_and_off(glide, ask):
    made = control(ask, "POST", "/faults", json=[{"kind": "status", "site": "rows"}, {"kind": "reset", "count": None}])
    assert [fault["kind"] for fault in made.json()["faults"]] == ["status", "reset"]
    assert ask.page().status_code == 503
    assert control(ask, "GET", "/faults").json()["faults"][0]["hits"] == 1
    second = made.json()["faults"][1]["id"]
    assert len(control(ask, "DELETE", "/faults", params={"id": second}).json()["faults"]) == 1
    assert ask.page().status_code == 200
    assert control(ask, "DELETE", "/faults").json() == {"faults": []}
    assert control(ask, "POST", "/faults", json={"kind": "nope"}).status_code == 400


def test_spending_and_calls_are_told_and_forgotten(glide, ask):
    ask.query(ITEMS)
    ask.page()
    assert control(ask, "GET", "/usage").json()["apps"][APP]["updates"] == "1"
    assert [call["site"] for call in control(ask, "GET", "/log").json()["calls"]] == ["query", "rows"]
    assert [call["n"] for call in control(ask, "GET", "/log", params={"since": 1}).json()["calls"]] == [2]
    assert [call["n"] for call in control(ask, "GET", "/log", params={"site": "query"}).json()["calls"]] == [1]
    assert control(ask, "DELETE", "/usage").json()["apps"][APP]["updates"] == "0"
    control(ask, "DELETE", "/log")
    assert glide.calls() == []


def test_the_queue_is_settled(glide, ask):
    glide.set(queue_delay=60)
    ask.mutate(add(ITEMS, Name="pen"))
    assert control(ask, "GET", "").json()["queued"] == 1
    assert control(ask, "POST", "/settle").json() == {"settled": 1}
    assert len(glide.rows(ITEMS)) == 1


def test_apps_are_added_and_tables_dropped_while_it_runs(glide, ask):
    app = {"id": "new", "name": "New", "tokens": [TOKEN], "tables": [{"id": "t", "name": "T", "kind": "big"}]}
    assert control(ask, "POST", "/apps", json={"apps": [app]}).status_code == 200
    assert ask.page("t").status_code == 200
    assert control(ask, "DELETE", "/tables/t").json() == {}
    assert ask.page("t").json()["error"]["type"] == "table_not_found"
    assert control(ask, "POST", "/apps", json={"apps": [{"id": "x", "tables": [{"kind": "?"}]}]}).status_code == 400


def test_an_address_that_is_not_there_is_a_404_in_json(ask):
    for method, path in [("GET", "/nowhere"), ("DELETE", "/tables"), ("GET", "/api/apps/"), ("GET", "/_standin/x")]:
        reply = ask.call(method, path)
        assert reply.status_code in (404, 405)
        assert "error" in reply.json()


def test_a_fixtures_rows_without_an_id_get_the_same_one_every_time():
    rows = [{"Name": "pen"}, {"$rowID": "kept", "Name": "ink"}, {"Name": "", "Kx9aB": None}]
    fixture = {"apps": [{**FIXTURE["apps"][0], "tables": [{**FIXTURE["apps"][0]["tables"][0], "rows": rows}]}]}
    first, second = StandIn(fixture=fixture), StandIn(fixture=fixture)
    assert first.rows(ITEMS) == second.rows(ITEMS)
    assert list(first.rows(ITEMS).values()) == [{"Name": "pen"}, {"Name": "ink"}, {}]
    assert "kept" in first.rows(ITEMS)
    assert all(len(id) == 22 for id in first.rows(ITEMS) if id != "kept")


def test_a_column_comes_changes_and_goes(glide, ask):
    glide.edit(ITEMS, add=[{"$rowID": "a", "Name": "pen", "Kx9aB": 3}])
    glide.add_column(ITEMS, "nEw01", "Colour", "string")
    glide.add_column(ITEMS, "Kx9aB", "Amount", "string")
    glide.edit(ITEMS, set={"a": {"nEw01": "blue"}})
    glide.drop_column(ITEMS, "Name")
    assert glide.rows(ITEMS) == {"a": {"Kx9aB": 3, "nEw01": "blue"}}
    columns = ask.call("GET", f"/api/apps/{APP}/tables/{ITEMS}/schema").json()["data"]["columns"]
    shown = [(column["id"], column["name"], column["type"]["kind"]) for column in columns]
    assert shown[0] == ("Kx9aB", "Amount", "string")
    assert shown[-1] == ("nEw01", "Colour", "string")


def test_tables_of_one_name_need_their_app(glide):
    glide.load({"apps": [{"id": "twin", "tables": [{"id": ITEMS, "name": "Items"}]}]})
    with pytest.raises(UnknownTable):
        glide.rows(ITEMS)
    assert glide.rows(ITEMS, app="twin") == {}


def test_it_listens_on_loopback_and_tells_where(glide):
    assert glide.host == "127.0.0.1"
    assert glide.url == f"http://127.0.0.1:{glide.port}"
    assert (glide.endpoints.classic_url, glide.endpoints.rest_url, glide.endpoints.bigtables_url) == (
        f"{glide.url}/api/function",
        f"{glide.url}/api",
        glide.url,
    )


def test_two_can_run_side_by_side_and_a_stopped_one_frees_its_port(glide):
    with StandIn(fixture=FIXTURE, page_rows=3) as other:
        other.edit(ITEMS, add=[{}] * 4)
        assert len(Client(other).query(ITEMS).json()[0]["rows"]) == 3
        assert Client(glide).query(ITEMS).json() == [{"rows": []}]
        port = other.port
    with StandIn(port=port, fixture=FIXTURE) as again:
        assert Client(again).query(ITEMS).json() == [{"rows": []}]
