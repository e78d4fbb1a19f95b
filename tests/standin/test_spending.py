"""What calls cost, the quota, the rate limit and the log."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
import requests

from tests.standin.conftest import ITEMS, ORDERS, OTHER_APP, add, delete, set_row

ROWS = "/tables/orders/rows"


@pytest.mark.parametrize(("rows", "updates"), [(1, "1"), (500, "1"), (1_000, "1"), (1_001, "2"), (5_800, "6")])
def test_a_v1_read_costs_one_update_for_each_started_thousand_rows(glide, ask, rows, updates):
    glide.edit(ITEMS, add=[{}] * rows)
    ask.rows(ITEMS)
    assert glide.usage()["updates"] == updates


def test_a_v1_write_costs_one_update_for_each_changed_row(glide, ask):
    glide.edit(ITEMS, add=[{"$rowID": "a"}, {"$rowID": "b"}])
    ask.mutate(add(ITEMS, Name="pen"), set_row(ITEMS, "a", Name="ink"), delete(ITEMS, "b"), delete(ITEMS, "gone"))
    assert (glide.usage()["writes"], glide.usage()["rows_written"]) == ("3", 3)


def test_v2_reads_cost_a_thousandth_and_writes_a_hundredth_of_an_update_a_row(glide, ask):
    glide.edit(ORDERS, add=[{"$rowID": str(number)} for number in range(12_345)])
    ask.pages()
    assert glide.usage()["reads"] == "12.345"
    ask.call("POST", ROWS, json=[{}] * 30)
    ask.call("PATCH", ROWS + "/1", json={"Name": "pen"})
    ask.call("DELETE", ROWS + "/2")
    ask.call("GET", ROWS + "/3")
    assert (glide.usage()["reads"], glide.usage()["writes"]) == ("12.346", "0.32")


def test_lists_schemas_versions_stashes_and_refusals_are_free(glide, ask, stranger):
    for method, path in [
        ("GET", "/tables"), ("HEAD", ROWS), ("GET", "/api/apps"), ("GET", "/api/apps/ops/tables"),
        ("GET", f"/api/apps/ops/tables/{ITEMS}/schema"), ("DELETE", "/stashes/x"), ("GET", ROWS + "/gone"),
    ]:  # fmt: skip
        ask.call(method, path)
    ask.call("PUT", "/stashes/x/1", json=[{}])
    ask.call("POST", ROWS, json=[{"nope": 1}])
    ask.mutate(add(ITEMS, nope=1))
    stranger.page()
    glide.edit(ITEMS, add=[{}] * 100)
    assert glide.usage()["updates"] == "0"


def test_each_app_pays_for_itself(glide, ask, neighbour):
    ask.query(ITEMS)
    neighbour.page("staff")
    assert (glide.usage("ops")["updates"], glide.usage(OTHER_APP)["updates"]) == ("1", "0")
    assert glide.usage("ops")["calls"] == {"query": 1}
    glide.reset_usage()
    assert glide.usage()["updates"] == "0"


def test_a_spent_quota_is_a_402_until_it_is_raised(glide, ask):
    glide.set(quota=1)
    assert ask.query(ITEMS).status_code == 200
    refused = ask.page()
    assert (refused.status_code, refused.json()["error"]["type"]) == (402, "payment_required")
    for reply in (ask.query(ITEMS), ask.mutate(add(ITEMS)), ask.call("POST", ROWS, json=[{}])):
        assert reply.status_code == 402
    assert ask.call("HEAD", ROWS).status_code == 200
    glide.set(quota=None)
    assert ask.page().status_code == 200


@pytest.mark.parametrize(
    ("form", "header"), [("seconds", "1"), ("date", "Tue, 14 Nov 2023 22:13:21 GMT"), ("none", None)]
)
def test_more_requests_a_second_than_allowed_are_a_429(glide, ask, clock, form, header):
    glide.set(requests_per_second=2, retry_after=form)
    assert [ask.call("HEAD", ROWS).status_code for _ in range(4)] == [200, 200, 429, 429]
    assert ask.page().headers.get("Retry-After") == header
    clock.forward(0.5)
    assert [ask.call("HEAD", ROWS).status_code for _ in range(2)] == [200, 429]
    clock.forward(60)
    assert [ask.call("HEAD", ROWS).status_code for _ in range(3)] == [200, 200, 429]


def test_more_requests_at_one_time_than_allowed_are_a_429(glide, ask):
    glide.set(concurrency=2, latency=0.3)
    headers = dict(ask.session.headers)
    with ThreadPoolExecutor(5) as callers:
        done = callers.map(lambda _: requests.get(glide.url + ROWS, headers=headers, timeout=5).status_code, range(5))
        assert sorted(done) == [200, 200, 429, 429, 429]
    assert ask.page().status_code == 200


def test_control_calls_are_neither_counted_nor_limited(glide, ask):
    glide.set(requests_per_second=1)
    assert [ask.call("GET", "/_standin/usage").status_code for _ in range(5)] == [200] * 5
    assert glide.calls() == []


def test_the_log_tells_every_call_its_cost_and_what_struck_it(glide, ask):
    glide.edit(ORDERS, add=[{}] * 7)
    glide.fault("status", site="head", status=500)
    ask.page(limit=5)
    ask.call("HEAD", ROWS)
    ask.mutate(add(ITEMS, Name="pen"))
    told = [(call["site"], call["status"], call["rows"], call["updates"], call["fault"]) for call in glide.calls()]
    assert told == [("rows", 200, 5, "0.005", None), ("head", 500, 0, "0", "status"), ("mutate", 200, 1, "1", None)]
    assert [call["n"] for call in glide.calls()] == [1, 2, 3]
    assert '"Name": "pen"' in glide.calls("mutate")[0]["body"]
    assert sum(Decimal(call["updates"]) for call in glide.calls()) == Decimal(glide.usage()["updates"])
    assert "token-of-ops" not in str(glide.calls())


def test_a_call_without_an_answer_is_logged_without_a_status(glide, ask):
    glide.fault("reset", site="rows")
    with pytest.raises(requests.ConnectionError):
        ask.page()
    assert (glide.calls()[0]["status"], glide.calls()[0]["fault"]) == (None, "reset")
