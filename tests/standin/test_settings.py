"""What Glide leaves unsaid, switched one way and the other."""

import socket

import msgspec
import pytest
import requests
from uvicorn.protocols.http.h11_impl import H11Protocol

from glsync.standin import StandIn
from glsync.standin.settings import UNKNOWN, Settings
from tests.standin.conftest import FIXTURE, ITEMS, ORDERS, PARTS, add, set_row

ROWS = "/tables/orders/rows"


@pytest.mark.parametrize("which", UNKNOWN)
@pytest.mark.parametrize("position", [0, 1])
def test_every_unknown_behaviour_has_two_positions_that_can_be_set(glide, which, position):
    settings = glide.set(**UNKNOWN[which][position])
    assert all(getattr(settings, name) == value for name, value in UNKNOWN[which][position].items())


def test_the_defaults_are_the_first_positions_but_for_numbers():
    for first, _ in UNKNOWN.values():
        for name, value in first.items():
            assert getattr(Settings(), name) == value or name == "numbers"


@pytest.mark.parametrize("changes", [{"nope": 1}, {"paging": "sideways"}, {"page_rows": 0}, {"queue_delay": "soon"}])
def test_a_setting_that_is_unknown_or_does_not_fit_changes_nothing(glide, changes):
    with pytest.raises(msgspec.ValidationError):
        glide.set(page_rows=3, **{**changes}) if "page_rows" not in changes else glide.set(**changes)
    assert glide.settings == Settings()


def test_computed_columns_move_the_version_or_not_and_cannot_be_written(glide, ask):
    columns = [{"id": "Name", "name": "Name"}, {"id": "sum", "name": "Sum", "type": "number", "computed": True}]
    rows = [{"$rowID": "a", "Name": "pen", "sum": 3}]
    table = {"id": "native-table-calc", "name": "Calc", "kind": "big", "columns": columns, "rows": rows}
    glide.load({"apps": [{"id": "calc", "tokens": ["token-of-ops"], "tables": [table]}]})
    before = ask.version("calc")
    glide.edit("Calc", set={"a": {"sum": 4}})
    assert ask.version("calc") == before + 1
    glide.set(version_moves_on_computed=False)
    glide.edit("Calc", set={"a": {"sum": 5}})
    assert (ask.version("calc"), glide.rows("Calc")["a"]["sum"]) == (before + 1, 5)
    glide.edit("Calc", set={"a": {"sum": 6, "Name": "ink"}})
    assert ask.version("calc") == before + 2
    assert ask.call("PATCH", "/tables/calc/rows/a", json={"sum": 7}).status_code == 422
    assert "error" in ask.mutate(set_row("calc", "a", sum=7), app="calc").json()[0]
    glide.set(computed_in_rows=False, computed_in_schema=False)
    assert ask.pages("calc") == [{"$rowID": "a", "Name": "ink"}]
    schema = ask.call("GET", "/api/apps/calc/tables/calc/schema").json()["data"]["columns"]
    assert [column["id"] for column in schema] == ["Name"]


def test_the_schema_may_list_the_row_id(glide, ask):
    glide.set(row_id_in_schema=True)
    assert ask.call("GET", f"/api/apps/ops/tables/{ITEMS}/schema").json()["data"]["columns"][0]["id"] == "$rowID"


def test_a_write_moves_the_version_by_one_by_its_rows_or_by_chance(glide, ask):
    def moved_by_two_rows():
        before = ask.version()
        ask.call("POST", ROWS, json=[{"Name": "pen"}, {"Name": "ink"}])
        return ask.version() - before

    assert moved_by_two_rows() == 1
    glide.set(version_steps="per_row")
    assert moved_by_two_rows() == 2
    glide.set(version_steps="irregular")
    assert len({moved_by_two_rows() for _ in range(30)}) > 2


@pytest.mark.parametrize(("paging", "seen"), [("slots", "cdef"), ("offset", "def"), ("snapshot", "cde")])
def test_a_read_over_which_the_table_changes_sees_what_its_continuation_points_at(glide, ask, paging, seen):
    glide.set(paging=paging, big_page_rows=2)
    glide.edit(ORDERS, add=[{"$rowID": id} for id in "abcde"])
    reply = ask.page().json()
    glide.edit(ORDERS, delete=["a"], add=[{"$rowID": "f"}])
    rest = []
    while "continuation" in reply:
        reply = ask.page(continuation=reply["continuation"]).json()
        rest += reply["data"]
    assert "".join(row["$rowID"] for row in rest) == seen


def test_a_pages_etag_may_be_younger_or_older_than_its_rows(glide, ask):
    from threading import Thread

    for when, expected in [("before_rows", ('"2"', True)), ("after_rows", ('"4"', False))]:
        glide.reset(FIXTURE)
        glide.edit(ORDERS, add=[{"$rowID": "a"}])
        glide.set(page_etag=when, page_etag_gap=0.4)
        read = []
        reader = Thread(target=lambda read=read: read.append(ask.page()))
        reader.start()
        while not glide.state.rates.running:
            pass
        glide.edit(ORDERS, add=[{"$rowID": "b"}])
        glide.edit(ORDERS, add=[{"$rowID": "c"}])
        reader.join()
        seen_later_rows = len(read[0].json()["data"]) == 3
        assert (read[0].headers["ETag"], seen_later_rows) == expected


@pytest.mark.parametrize("paging", ["slots", "offset", "snapshot"])
def test_a_continuation_expires(glide, ask, clock, paging):
    glide.set(paging=paging, big_page_rows=1, page_rows=1, continuation_seconds=60, expired_continuation_status=410)
    for table in (ORDERS, ITEMS):
        glide.edit(table, add=[{}, {}])
    big, classic = ask.page().json()["continuation"], ask.query(ITEMS).json()[0]["next"]
    clock.forward(59)
    assert (ask.page(continuation=big).status_code, ask.query(ITEMS, startAt=classic).status_code) == (200, 200)
    clock.forward(1)
    assert (ask.page(continuation=big).status_code, ask.query(ITEMS, startAt=classic).status_code) == (410, 410)


def test_an_empty_text_may_stay(glide, ask):
    glide.set(empty_text="kept")
    ask.mutate(add(ITEMS, Name=""))
    ask.call("POST", ROWS, json=[{"Name": "", "Kx9aB": None}])
    assert list(glide.rows(ITEMS).values()) == list(glide.rows(ORDERS).values()) == [{"Name": ""}]


def test_null_in_v1_may_be_overlooked_or_refused(glide, ask):
    glide.edit(ITEMS, add=[{"$rowID": "a", "Name": "pen"}])
    glide.set(classic_null="ignored")
    assert ask.mutate(set_row(ITEMS, "a", Name=None)).json() == [{}]
    glide.set(classic_null="refused")
    assert "error" in ask.mutate(set_row(ITEMS, "a", Name=None)).json()[0]
    assert glide.rows(ITEMS) == {"a": {"Name": "pen"}}


def test_v1_takes_values_of_another_type_or_refuses_them(glide, ask):
    assert "rowID" in ask.mutate(add(ITEMS, Kx9aB="three")).json()[0]
    glide.set(classic_wrong_type="refused")
    assert "error" in ask.mutate(add(ITEMS, Kx9aB="three")).json()[0]


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (2**53, 2**53),
        (2**53 + 1, 2**53),
        (3.0, 3),
        (-0.0, 0),
        (0.1, 0.1),
        (1e308, 1e308),
        (10**400, 1.7976931348623157e308),
    ],
)
def test_numbers_are_kept_as_javascript_keeps_them(glide, ask, sent, read):
    ask.call("POST", ROWS, json=[{"Kx9aB": sent}])
    assert ask.pages()[0]["Kx9aB"] == read


def test_numbers_may_be_kept_exactly(glide, ask):
    glide.set(numbers="exact")
    ask.call("POST", ROWS, json=[{"Kx9aB": 2**53 + 1}])
    assert ask.pages()[0]["Kx9aB"] == 2**53 + 1


@pytest.mark.parametrize(
    ("dates", "sent", "read"),
    [
        ("as_sent", "2024-07-29T16:04:15+02:00", "2024-07-29T16:04:15+02:00"),
        ("utc_milliseconds", "2024-07-29T16:04:15.5617+02:00", "2024-07-29T14:04:15.561Z"),
        ("utc_seconds", "2024-07-29T14:04:15.561Z", "2024-07-29T14:04:15Z"),
        ("utc_milliseconds", "2024-07-29", "2024-07-29T00:00:00.000Z"),
        ("utc_seconds", "7/29/2024", "7/29/2024"),
    ],
)
def test_a_date_may_be_read_back_in_another_spelling(glide, ask, dates, sent, read):
    glide.set(dates=dates)
    ask.call("POST", ROWS, json=[{"pQ2rT": sent}])
    assert ask.pages()[0]["pQ2rT"] == read


def test_v1_may_show_dates_as_people_write_them_unless_utc_is_asked_for(glide, ask):
    glide.set(classic_dates="local")
    glide.edit(ITEMS, add=[{"$rowID": "a", "Name": "2024-07-29", "pQ2rT": "2024-07-29T14:04:15.561Z"}])
    assert ask.rows(ITEMS) == [{"$rowID": "a", "Name": "2024-07-29", "pQ2rT": "7/29/2024, 2:04:15 PM"}]
    assert ask.rows(ITEMS, utc=True)[0]["pQ2rT"] == "2024-07-29T14:04:15.561Z"


def test_one_refused_mutation_may_refuse_them_all(glide, ask):
    glide.set(batch_with_errors="apply_none", batch_error_status=400)
    reply = ask.mutate(add(ITEMS, Name="pen"), add(ITEMS, nope=1))
    assert (reply.status_code, ["error" in result for result in reply.json()]) == (400, [False, True])
    assert glide.rows(ITEMS) == {}


def test_an_add_may_keep_its_row_id_to_itself(glide, ask):
    glide.set(add_returns_row_id=False)
    assert ask.mutate(add(ITEMS, Name="pen")).json() == [{}]


def test_v2_may_serve_small_tables(glide, ask):
    glide.set(small_tables_in_v2=True)
    assert [table["name"] for table in ask.call("GET", "/tables").json()["data"]] == ["Parts", "Orders"]
    assert ask.call("GET", f"/tables/{PARTS}/rows").status_code == 200


def test_later_mutations_may_overtake_earlier_ones(glide, ask, clock):
    glide.set(queue_delay=1, queue_jitter=10, queue_order="as_sent")
    ask.mutate(*[add(ITEMS, Kx9aB=number) for number in range(20)])
    clock.forward(6)
    early = [row["Kx9aB"] for row in glide.rows(ITEMS).values()]
    assert 0 < len(early) < 20
    assert early != sorted(early)


def test_a_bad_token_may_be_a_403(glide):
    glide.set(bad_token_status=403)
    assert requests.get(glide.rest_url + "/apps", timeout=5).status_code == 403


def test_a_small_answer_leaves_at_once(monkeypatch):
    """Head and body leave in two pieces; the second would wait 40 ms for the first to be acknowledged."""
    delays = []
    made = H11Protocol.connection_made

    def watched(protocol, transport):
        connection = transport.get_extra_info("socket")
        delays.append(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 0)
        made(protocol, transport)

    monkeypatch.setattr(H11Protocol, "connection_made", watched)
    with StandIn() as glide:
        requests.get(f"{glide.url}/_standin", timeout=60)
    assert delays == [False]
