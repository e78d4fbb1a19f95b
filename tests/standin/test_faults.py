"""Faults on request: what strikes, whom, how often, and what becomes of the write."""

import time

import pytest
import requests

from tests.standin.conftest import APP, ITEMS, ORDERS, add

ROWS = "/tables/orders/rows"
CALLS = {
    "query": ("POST", "/api/function/queryTables", {"appID": APP, "queries": [{"tableName": ITEMS}]}),
    "mutate": ("POST", "/api/function/mutateTables", {"appID": APP, "mutations": [add(ITEMS, Name="pen")]}),
    "me": ("GET", "/api/me", None),
    "apps": ("GET", "/api/apps", None),
    "tables": ("GET", f"/api/apps/{APP}/tables", None),
    "schema": ("GET", f"/api/apps/{APP}/tables/{ITEMS}/schema", None),
    "rest_rows": ("GET", f"/api/apps/{APP}/tables/{ITEMS}/rows", None),
    "rest_add": ("POST", f"/api/apps/{APP}/tables/{ITEMS}/rows", [{"Name": "pen"}]),
    "rest_clear": ("DELETE", f"/api/apps/{APP}/tables/{ITEMS}/rows", None),
    "rest_row": ("GET", f"/api/apps/{APP}/tables/{ITEMS}/rows/a", None),
    "rest_set": ("PATCH", f"/api/apps/{APP}/tables/{ITEMS}/rows/a", {"Name": "ink"}),
    "rest_delete": ("DELETE", f"/api/apps/{APP}/tables/{ITEMS}/rows/a", None),
    "list": ("GET", "/tables", None),
    "create": ("POST", "/tables", {"name": "New", "rows": []}),
    "replace": ("PUT", "/tables/orders", [{"Name": "pen"}]),
    "head": ("HEAD", ROWS, None),
    "rows": ("GET", ROWS, None),
    "add": ("POST", ROWS, [{"Name": "pen"}]),
    "row": ("GET", ROWS + "/b", None),
    "patch": ("PATCH", ROWS + "/b", {"Name": "ink"}),
    "delete": ("DELETE", ROWS + "/b", None),
    "job": ("GET", "/jobs/none", None),
    "stash": ("PUT", "/stashes/load/1", [{"Name": "pen"}]),
    "unstash": ("DELETE", "/stashes/load", None),
}
"""One request for each call site."""
WRITES = {"mutate", "rest_add", "rest_clear", "rest_set", "rest_delete", "create", "replace", "add", "patch", "delete"}


def ring(ask, site, **how):
    method, path, body = CALLS[site]
    return ask.call(method, path, json=body, **how)


def state(glide):
    """All rows of all tables, and which tables there are."""
    return {table.id: glide.rows(table.id) for table in list(glide.state.tables.values())}


@pytest.fixture(autouse=True)
def _two_rows(glide):
    glide.edit(ITEMS, add=[{"$rowID": "a", "Name": "old"}])
    glide.edit(ORDERS, add=[{"$rowID": "b", "Name": "old"}])


@pytest.mark.parametrize("site", CALLS)
def test_a_503_strikes_its_call_before_anything_happens_and_only_once(glide, ask, site):
    before = state(glide)
    fault = glide.fault("status", site=site, status=503)
    assert ring(ask, site).status_code == 503
    assert (state(glide), fault.hits, glide.usage()["updates"]) == (before, 1, "0")
    assert ring(ask, site).status_code != 503
    assert (state(glide) == before) == (site not in WRITES)


@pytest.mark.parametrize("site", sorted(WRITES))
def test_a_502_may_come_after_the_effect(glide, ask, site):
    before = state(glide)
    glide.fault("status", site=site, status=502, effect="applied")
    assert ring(ask, site).status_code == 502
    assert state(glide) != before


@pytest.mark.parametrize("site", CALLS)
def test_a_connection_is_reset_instead_of_an_answer(glide, ask, site):
    glide.fault("reset", site=site)
    with pytest.raises(requests.ConnectionError) as broken:
        ring(ask, site)
    assert "reset" in str(broken.value).lower()


@pytest.mark.parametrize("site", sorted(set(CALLS) - {"head"}))
def test_a_connection_is_reset_in_the_middle_of_the_body(glide, ask, site):
    glide.fault("reset", site=site, at="body")
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        ring(ask, site)
    assert ask.call("GET", "/tables").status_code == 200


@pytest.mark.parametrize("site", sorted(WRITES))
@pytest.mark.parametrize(("lost", "done"), [("lands", True), ("lost", False)])
def test_a_write_whose_answer_is_lost_lands_or_not_as_set(glide, ask, site, lost, done):
    glide.set(timed_out_write=lost)
    before = state(glide)
    glide.fault("reset", site=site)
    with pytest.raises(requests.ConnectionError):
        ring(ask, site)
    assert (state(glide) != before) == done


def test_a_write_whose_answer_is_lost_may_land_late(glide, ask):
    glide.set(timed_out_write="lands_late", late_seconds=0.2)
    before = state(glide)
    glide.fault("reset", site="add")
    with pytest.raises(requests.ConnectionError):
        ring(ask, "add")
    assert state(glide) == before
    wait_until(lambda: state(glide) != before)


def test_an_error_may_be_answered_although_the_effect_comes_later(glide, ask):
    glide.set(late_seconds=0.2)
    before = state(glide)
    glide.fault("status", site="mutate", status=504, effect="late")
    assert ring(ask, "mutate").status_code == 504
    assert state(glide) == before
    wait_until(lambda: state(glide) != before)


def test_a_call_hangs_until_the_caller_gives_up(glide, ask):
    glide.fault("hang", site="add", seconds=60)
    method, path, body = CALLS["add"]
    with pytest.raises(requests.ReadTimeout):
        ask.session.request(method, glide.url + path, json=body, timeout=0.2)
    assert len(glide.rows(ORDERS)) == 2
    wait_until(lambda: glide.state.rates.running == 0)


def test_a_call_that_hangs_ends_without_an_answer(glide, ask):
    glide.fault("hang", site="rows", seconds=0.1)
    with pytest.raises(requests.ConnectionError):
        ring(ask, "rows")


@pytest.mark.parametrize("site", ["query", "rows", "mutate", "apps", "list"])
@pytest.mark.parametrize("kind", ["truncated", "html", "wrong_type"])
def test_a_200_may_hold_something_other_than_promised(glide, ask, site, kind):
    whole = ring(ask, site).json()
    glide.fault(kind, site=site)
    reply = ring(ask, site)
    assert reply.status_code == 200
    if kind == "wrong_type":
        assert type(reply.json()) is not type(whole)
    else:
        with pytest.raises(requests.JSONDecodeError):
            reply.json()
        assert reply.headers["Content-Type"].startswith("text/html" if kind == "html" else "application/json")


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ({}, None),
        ({"retry_after": 7}, "7"),
        ({"retry_after": 60, "retry_after_form": "date"}, "Tue, 14 Nov 2023 22:14:20 GMT"),
    ],
)
def test_a_429_names_a_time_to_wait_in_either_form_or_none(glide, ask, how, expected):
    glide.fault("status", site="rows", status=429, **how)
    reply = ring(ask, "rows")
    assert (reply.status_code, reply.headers.get("Retry-After")) == (429, expected)


@pytest.mark.parametrize("status", [401, 402, 403, 404, 409, 500, 504])
def test_any_error_can_be_answered_in_the_shape_of_its_api(glide, ask, status):
    glide.fault("status", site="*", status=status, count=3)
    assert "message" in ring(ask, "query").json()
    assert "message" in ring(ask, "apps").json()["error"]
    error = ring(ask, "rows").json()["error"]
    assert error["type"] == ("payment_required" if status == 402 else "request_error")


def test_an_error_can_be_given_other_words(glide, ask):
    glide.fault("status", site="row", status=404, type="row_not_found", message="gone")
    assert ring(ask, "row").json() == {"error": {"type": "row_not_found", "message": "gone"}}
    glide.fault("status", site="row", status=404)
    assert ring(ask, "row").json()["error"]["message"].startswith("API key not found")


def test_a_continuation_can_expire_in_the_middle_of_a_read(glide, ask):
    glide.set(page_rows=1, big_page_rows=1)
    glide.edit(ITEMS, add=[{}])
    glide.edit(ORDERS, add=[{}])
    glide.fault("expired_continuation", count=2)
    big, classic = ask.page(), ask.query(ITEMS)
    assert (big.status_code, classic.status_code) == (200, 200)
    assert ask.page(continuation=big.json()["continuation"]).status_code == 400
    assert ask.query(ITEMS, startAt=classic.json()[0]["next"]).status_code == 400
    assert ask.page(continuation=big.json()["continuation"]).status_code == 200


@pytest.mark.parametrize(("site", "table"), [("rows", ORDERS), ("query", ITEMS), ("rest_rows", ITEMS)])
def test_rows_can_move_while_they_are_read(glide, ask, site, table):
    glide.edit(table, add=[{"$rowID": "z", "Name": "new"}])
    before = glide.version(table)
    glide.fault("moving_rows", site=site, rows=1)
    ring(ask, site)
    assert next(iter(glide.rows(table))) == "z"
    assert len(glide.rows(table)) == 2
    assert glide.version(table) > before


def test_a_write_can_be_replayed(glide, ask):
    glide.fault("replay", site="add")
    reply = ring(ask, "add")
    assert reply.status_code == 201
    assert [row["Name"] for row in glide.rows(ORDERS).values()] == ["old", "pen", "pen"]


@pytest.mark.parametrize("kind", ["latency", "trickle"])
def test_an_answer_can_be_slow(glide, ask, kind):
    glide.fault(kind, site="rows", seconds=0.3)
    began = time.monotonic()
    assert ring(ask, "rows").json()["data"] == [{"$rowID": "b", "Name": "old"}]
    assert time.monotonic() - began >= 0.25  # twenty short sleeps may each end a little early


def test_a_fault_strikes_the_first_every_so_many_th_or_all_calls(glide, ask):
    def outcome(calls=8):
        found = "".join("x" if ring(ask, "list").status_code == 503 else "." for _ in range(calls))
        glide.clear_faults()
        return found

    glide.fault("status", site="list", count=3)
    assert outcome() == "xxx....."
    glide.fault("status", site="list", count=2, skip=3)
    assert outcome() == "...xx..."
    glide.fault("status", site="list", count=None, every=3)
    assert outcome() == "..x..x.."
    glide.fault("status", site="list", count=None)
    assert outcome() == "xxxxxxxx"


def test_chance_is_seeded(glide, ask):
    def outcome(seed):
        glide.fault("status", site="list", count=None, probability=0.5, seed=seed)
        found = "".join("x" if ring(ask, "list").status_code == 503 else "." for _ in range(30))
        glide.clear_faults()
        return found

    assert outcome(1) == outcome(1) != outcome(2)
    assert set(outcome(3)) == {"x", "."}


@pytest.mark.parametrize(
    ("site", "struck"),
    [("v1", "query"), ("v2", "rows"), ("read", "rows"), ("write", "patch"), (["head", "rows"], "head")],
)
def test_calls_are_named_by_groups_too(glide, ask, site, struck):
    fault = glide.fault("status", site=site, count=None)
    ring(ask, struck)
    ring(ask, "list" if site == "v1" else "query" if site in ("v2", ["head", "rows"]) else "list")
    assert fault.hits == (2 if site == "read" else 1)


def test_a_fault_may_strike_one_table_only(glide, ask):
    fault = glide.fault("status", table=ITEMS, count=None)
    assert ask.query(ORDERS).status_code == 200
    assert (ask.query(ITEMS).status_code, ring(ask, "schema").status_code, fault.hits) == (503, 503, 2)
    glide.fault("status", table=ORDERS, count=None)
    assert (ask.page().status_code, ask.query("orders").status_code) == (503, 503)


def test_a_delay_and_an_error_may_strike_the_same_call(glide, ask):
    glide.fault("latency", site="rows", seconds=0.2)
    glide.fault("status", site="rows", status=500)
    glide.fault("status", site="rows", status=502)
    began = time.monotonic()
    assert [ring(ask, "rows").status_code for _ in range(3)] == [500, 502, 200]
    assert time.monotonic() - began >= 0.15


@pytest.mark.parametrize("how", [{"kind": "nope"}, {"kind": "status", "site": "nowhere"}, {"kind": "hang", "secs": 1}])
def test_a_fault_that_makes_no_sense_is_refused(glide, how):
    with pytest.raises(ValueError):
        glide.fault(**how)


def wait_until(true):
    """Until it is so; a minute at most, for machines that are busy."""
    until = time.monotonic() + 60
    while not true():
        assert time.monotonic() < until
        time.sleep(0.01)
