"""One call to Glide: tried again where that helps and is allowed, ended in time, every failure told for what it is."""

from __future__ import annotations

import socket
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import responses

from glsync.errors import (
    Cancelled,
    ConfigError,
    GlideBusy,
    GlideError,
    GlideGarbled,
    GlideQuotaSpent,
    GlideRefusedToken,
    GlideRejected,
    GlideTableMissing,
    GlideUnavailable,
    GlideUnreachable,
    SecurityBlocked,
)
from glsync.glide import App, check_endpoints, client
from glsync.glide.client import Reply, refusal
from glsync.standin import StandIn
from glsync.values import Endpoints
from tests.glide.conftest import ITEMS, QUERY, STOCK, TOKEN, Pauses

Connect = Callable[..., App]


def read(app: App, table: str = ITEMS) -> list[bytes]:
    return [bytes(row) for page in app.source(table).pages() for row in page.rows]


# --- trying again ----------------------------------------------------------------------------------------------------

PASSING = [
    {"kind": "status", "status": 500},
    {"kind": "status", "status": 502},
    {"kind": "status", "status": 503},
    {"kind": "status", "status": 504},
    {"kind": "status", "status": 429},
    {"kind": "reset"},
    {"kind": "reset", "at": "body"},
    {"kind": "hang", "seconds": 0.3},
    {"kind": "truncated"},
    {"kind": "html"},
    {"kind": "wrong_type"},
]


@pytest.mark.parametrize("fault", PASSING, ids=lambda fault: "-".join(map(str, fault.values())))
@pytest.mark.parametrize(("table", "site"), [(ITEMS, "query"), (STOCK, "rows")])
def test_a_read_is_tried_again_after_what_may_pass(
    glide: StandIn, connect: Connect, pauses: Pauses, table: str, site: str, fault: dict[str, object]
):
    glide.edit(table, add=[{"$rowID": "a", "Name": "pen"}])
    glide.fault(site=site, count=2, **fault)
    app = connect(glide.endpoints, timeout=0.2) if fault["kind"] == "hang" else connect(glide.endpoints)
    assert read(app, table) == [b'{"$rowID":"a","Name":"pen"}']
    assert len(glide.calls(site)) == 3
    assert len(pauses.seconds) == 2


def test_a_body_that_is_cut_short_is_no_short_table(glide: StandIn, app: App):
    glide.edit(ITEMS, add=[{"Name": "x" * 100} for _ in range(50)])
    glide.fault("reset", site="query", at="body", count=None)
    with pytest.raises(GlideUnreachable, match="gave no whole answer for table 'native-table-items'"):
        read(app)


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 409, 412, 422])
def test_what_will_not_pass_is_asked_once(glide: StandIn, app: App, pauses: Pauses, status: int):
    glide.fault("status", site="query", status=status, count=None)
    with pytest.raises(GlideError):
        read(app)
    assert (len(glide.calls("query")), pauses.seconds) == (1, [])


@pytest.mark.parametrize("fault", PASSING[:8], ids=lambda fault: "-".join(map(str, fault.values())))
def test_what_may_not_happen_twice_is_sent_once_whatever_the_answer(
    glide: StandIn, connect: Connect, pauses: Pauses, fault: dict[str, object]
):
    glide.fault(site="mutate", count=None, **fault)
    app = connect(glide.endpoints, timeout=0.2)
    body = {"appID": "shop", "mutations": []}
    with pytest.raises(GlideError):
        app.client.call("POST", f"{glide.classic_url}/mutateTables", what="a row", json=body, repeat=False)
    assert (len(glide.calls("mutate")), pauses.seconds) == (1, [])


def test_six_tries_are_enough(glide: StandIn, app: App, pauses: Pauses):
    glide.fault("status", site="query", status=503, count=None)
    with pytest.raises(GlideUnavailable, match=r"Glide failed on table 'native-table-items' \(HTTP 503\)"):
        read(app)
    assert (len(glide.calls("query")), len(pauses.seconds)) == (6, 5)
    assert all(0 < seconds <= 10.05 for seconds in pauses.seconds)


def test_every_try_is_counted(glide: StandIn, app: App):
    glide.fault("status", site="query", status=503, count=2)
    read(app)
    assert app.client.calls == len(glide.calls())


def test_a_pause_that_is_cancelled_ends_the_call(glide: StandIn, connect: Connect, monkeypatch: pytest.MonkeyPatch):
    def cancelled(seconds: float, error: GlideError) -> None:
        raise Cancelled("Somebody cancelled this run")

    glide.fault("status", site="query", status=503, count=None)
    app = connect(glide.endpoints)
    monkeypatch.setattr(app.client, "_pause", cancelled)
    with pytest.raises(Cancelled):
        read(app)
    assert len(glide.calls("query")) == 1


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_a_busy_glide_is_given_the_time_it_asks_for(glide: StandIn, app: App, pauses: Pauses, form: str):
    glide.fault("status", site="query", status=429, retry_after=7, retry_after_form=form)
    read(app)
    assert len(pauses.seconds) == 1
    assert 4 < pauses.seconds[0] <= 7
    assert isinstance(pauses.errors[0], GlideBusy)


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_a_glide_that_asks_for_longer_than_a_minute_ends_the_run(glide: StandIn, app: App, pauses: Pauses, form: str):
    glide.fault("status", site="query", status=429, retry_after=3600, retry_after_form=form, count=None)
    with pytest.raises(GlideBusy) as told:
        read(app)
    assert pauses.seconds == []
    assert told.value.retry_after is not None
    assert 3590 < told.value.retry_after <= 3600


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 0.0), ("12", 12.0), ("1.5", 1.5), (" 3 ", 3.0), ("-5", None), ("soon", None), ("", None), ("²", None),
        ("nan", None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
        ("Wed, 21 Oct 2015 07:28:00 -0000", None),
    ],
)  # fmt: skip
def test_any_retry_after_is_read_or_overlooked(header: str, seconds: float | None):
    error = refusal(Reply(429, {"Retry-After": header}, b""), "table 'x'")
    assert isinstance(error, GlideBusy)
    assert error.retry_after == seconds


# --- in time -------------------------------------------------------------------------------------------------------


def test_an_answer_that_trickles_past_the_deadline_is_given_up(
    glide: StandIn, connect: Connect, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(client, "DEADLINE_SECONDS", 0.3)
    glide.edit(ITEMS, add=[{"Name": "pen"} for _ in range(100)])
    glide.fault("trickle", site="query", seconds=4, count=None)
    began = time.monotonic()
    with pytest.raises(GlideUnreachable, match="was not complete after"):
        connect(glide.endpoints, timeout=0.3).client.call(
            "POST", f"{glide.classic_url}/queryTables", what="table 'x'", repeat=False,
            json={"appID": "shop", "queries": [{"tableName": ITEMS}]},
        )  # fmt: skip
    assert time.monotonic() - began < 3


def test_an_answer_that_trickles_in_time_is_whole(glide: StandIn, app: App):
    glide.edit(ITEMS, add=[{"Name": "pen"} for _ in range(100)])
    glide.fault("trickle", site="query", seconds=0.3)
    assert len(read(app)) == 100


def test_a_silent_glide_is_given_up_after_the_connection_s_own_timeout(glide: StandIn, connect: Connect):
    glide.fault("hang", site="query", seconds=5, count=None)
    began = time.monotonic()
    with pytest.raises(GlideUnreachable, match="timed out"):
        read(connect(glide.endpoints, timeout=0.1))
    assert time.monotonic() - began < 4


def test_an_answer_without_end_is_given_up(glide: StandIn, app: App, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(client, "LARGEST_ANSWER", 1 << 20)
    glide.edit(ITEMS, add=[{"Name": "x" * 1000} for _ in range(3000)])
    with pytest.raises(GlideGarbled, match="is larger than 1 MB"):
        read(app)


def test_nobody_there_is_told_with_the_host(connect: Connect, monkeypatch: pytest.MonkeyPatch):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        monkeypatch.setenv("GLSYNC_ALLOWED_GLIDE_HOSTS", f"127.0.0.1:{port}")
        client.settings.cache_clear()
        url = f"http://127.0.0.1:{port}"
        app = connect(Endpoints(url, url, url))
        with pytest.raises(GlideUnreachable, match=f"127.0.0.1:{port} gave no whole answer for .*refused") as told:
            app.client.call("GET", url, what="table 'x'", repeat=False)
    assert (told.value.type, told.value.retryable) == ("NETWORK_ERROR", True)


# --- what refusals mean ----------------------------------------------------------------------------------------------

REFUSALS: list[tuple[int, str, type[GlideError]]] = [
    (401, "", GlideRefusedToken),
    (403, "<html>Forbidden</html>", GlideRefusedToken),
    (404, '{"error":{"type":"request_error","message":"API key not found, or duplicate"}}', GlideRefusedToken),
    (404, '{"message":"API key not found"}', GlideRefusedToken),
    (400, '{"message":"Invalid API token"}', GlideRefusedToken),
    (400, '{"error":"Unauthorized"}', GlideRefusedToken),
    (402, "", GlideQuotaSpent),
    (400, '{"error":{"type":"payment_required","message":"Upgrade"}}', GlideQuotaSpent),
    (404, "", GlideTableMissing),
    (404, '{"error":{"type":"table_not_found","message":"Table t not found"}}', GlideTableMissing),
    (404, '{"error":{"type":"table_not_found","message":"Unknown table native-table-token"}}', GlideTableMissing),
    (404, '{"error":{"type":"table_not_big_table","message":"not a Big Table"}}', GlideTableMissing),
    (400, '{"message":"Table native-table-x not found"}', GlideTableMissing),
    (400, '{"error":{"message":"No such table"}}', GlideTableMissing),
    (422, '{"error":"App abc does not exist"}', GlideTableMissing),
    (400, '[{"error":"Unknown table tokens: table unknown"}]', GlideTableMissing),
    (400, '{"message":"More than 500 mutations"}', GlideRejected),
    (412, '{"error":{"type":"precondition_failed","message":"changed"}}', GlideRejected),
    (422, '{"error":{"type":"column_id_not_found","message":"Column \'token\' not found"}}', GlideRejected),
    (400, "[]", GlideRejected),
    (400, "[[]]", GlideRejected),
    (400, '"text"', GlideRejected),
    (400, "null", GlideRejected),
    (400, '{"error":null}', GlideRejected),
    (400, "\xff\xfe not UTF-8", GlideRejected),
    (429, "", GlideBusy),
    (500, '{"message":"Table x not found"}', GlideUnavailable),
    (503, "<html><title>Service Unavailable</title></html>", GlideUnavailable),
    (599, "", GlideUnavailable),
    (301, "", GlideGarbled),
    (304, "", GlideGarbled),
]  # fmt: skip


@pytest.mark.parametrize(("status", "body", "kind"), REFUSALS)
def test_a_refusal_is_told_by_its_status_and_its_words(status: int, body: str, kind: type[GlideError]):
    error = refusal(Reply(status, {}, body.encode("latin-1")), "table 'Items'")
    assert type(error) is kind
    assert (error.status, f"HTTP {status}" in str(error)) == (status, True)
    assert error.hint
    assert error.type in {
        "AUTH_ERROR", "QUOTA_EXCEEDED", "NOT_FOUND", "API_ERROR", "RATE_LIMIT",
    }  # fmt: skip


def test_a_refusal_repeats_what_glide_said():
    error = refusal(
        Reply(422, {}, b'{"error":{"type":"column_has_invalid_value","message":"Not a number"}}'), "row 'a'"
    )
    assert str(error) == "Glide rejected row 'a' (HTTP 422): Not a number"
    assert (error.said, error.kind) == ("Not a number", "column_has_invalid_value")


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_bad_token_on_the_classic_api_is_a_refused_token(glide: StandIn, connect: Connect, status: int):
    glide.set(bad_token_status=status)
    with pytest.raises(GlideRefusedToken) as told:
        read(connect(glide.endpoints, token="wrong"))
    assert (told.value.type, told.value.retryable) == ("AUTH_ERROR", False)
    assert "Copy the API token again" in told.value.hint


def test_a_bad_token_on_v2_is_a_refused_token_although_glide_says_404(glide: StandIn, connect: Connect):
    app = connect(glide.endpoints, token="wrong")
    with pytest.raises(GlideRefusedToken, match="API key not found"):
        app.client.call("GET", f"{glide.bigtables_url}/tables", what="Big Tables")


@pytest.mark.parametrize("status", [404, 400])
def test_a_missing_table_is_told_on_the_classic_api(glide: StandIn, app: App, status: int):
    glide.set(unknown_app_status=status)
    with pytest.raises(GlideTableMissing) as told:
        read(app, "native-table-gone")
    assert (told.value.type, told.value.retryable) == ("NOT_FOUND", False)
    assert "Nothing was deleted here" in told.value.hint


def test_a_missing_big_table_is_told_on_v2(glide: StandIn, app: App):
    source = app.source(STOCK)
    glide.drop(STOCK)
    with pytest.raises(GlideTableMissing):
        list(source.pages())
    with pytest.raises(GlideTableMissing):
        source.version()
    with pytest.raises(GlideTableMissing):
        source.exists("a")


# --- single answers ------------------------------------------------------------------------------------------------


@pytest.fixture
def answered(glides_own: App, answers: responses.RequestsMock) -> Callable[[str | bytes], list[bytes]]:
    """The rows read from this answer."""

    def rows(body: str | bytes) -> list[bytes]:
        answers.add("GET", "https://api.glideapps.com/tables", body='{"data":[]}')
        answers.add("POST", QUERY, body=body)
        return read(glides_own)

    return rows


Answered = Callable[[str | bytes], list[bytes]]


@pytest.mark.parametrize("said", ["Table x not found", "Unknown table", "No such table 'x'", "It does not exist"])
def test_an_answer_of_success_that_holds_an_error_is_an_error(answered: Answered, said: str):
    with pytest.raises(GlideTableMissing, match=said):
        answered(f'[{{"error":"{said}"}}]')


def test_an_error_of_another_kind_in_an_answer_of_success_is_a_refusal(answered: Answered):
    with pytest.raises(GlideRejected, match="Something else"):
        answered('[{"message":"Something else"}]')


@pytest.mark.parametrize(
    "body",
    [
        "", "null", "{}", "[]", "[null]", "[{}]", '[{"rows":null}]', '[{"rows":{}}]', '[{"rows":"many"}]',
        '{"rows":[]}', '[{"rows":[{"a":1}]', "<!doctype html><html>Just a moment</html>", b"\x80\x81",
        b"\xef\xbb\xbf[]", '[{"rows":[1,]}]', "[" * 100_000,
    ],
)  # fmt: skip
def test_an_answer_that_is_not_what_the_api_promises_is_told_and_is_no_empty_table(
    answered: Answered, pauses: Pauses, body: str
):
    with pytest.raises(GlideGarbled) as told:
        answered(body)
    assert len(pauses.seconds) == 5
    assert (told.value.type, told.value.retryable) == ("API_ERROR", True)


@pytest.mark.parametrize("end", ["", ',"next":null', ',"next":""'])
def test_a_read_ends_where_glide_names_no_next_page(answered: Answered, end: str):
    assert answered(f'[{{"rows":[{{"$rowID":"a"}}]{end}}}]') == [b'{"$rowID":"a"}']


def test_an_entry_without_rows_beside_none_asked_for_is_overlooked(answered: Answered):
    assert answered('[{"rows":[]},{"error":"not ours"}]') == []


def test_half_a_character_is_shown_as_nul_and_everything_else_as_it_is(answered: Answered):
    body = rb'[{"rows":[{"$rowID":"a","t":"\ud83d \ud83d\ude00 \\ud83d \ude00\n","o":"\\\udc00"}]}]'
    assert answered(body) == [rb'{"$rowID":"a","t":"\u0000 \ud83d\ude00 \\ud83d \u0000\n","o":"\\\u0000"}']


# --- redirects, tokens, hosts ----------------------------------------------------------------------------------------


@contextmanager
def listening(answer: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """A server that gives every request the same answer and keeps what it was sent."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    heard.append(connection.recv(65536))
                    connection.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}", heard
        server.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def at(host: str, connect: Connect, monkeypatch: pytest.MonkeyPatch, **more: object) -> App:
    monkeypatch.setenv("GLSYNC_ALLOWED_GLIDE_HOSTS", host)
    client.settings.cache_clear()
    url = f"http://{host}"
    return connect(Endpoints(url, url, url), **more)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed_and_takes_the_token_nowhere(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, pauses: Pauses, status: int
):
    with listening(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}") as (elsewhere, heard):
        lines = [f"HTTP/1.1 {status} Moved", f"Location: http://{elsewhere}/", "Content-Length: 0", "Connection: close"]
        with listening("\r\n".join([*lines, "", ""]).encode()) as (host, _):
            app = at(host, connect, monkeypatch)
            with pytest.raises(GlideGarbled, match="redirect"):
                app.client.call("GET", f"http://{host}/x", what="table 'x'")
        assert heard == []
    assert pauses.seconds == []


@pytest.mark.parametrize(
    "status", ["200 OK", "400 Bad Request", "401 Unauthorized", "404 Not Found", "500 Oh", "429 Slow"]
)
@pytest.mark.parametrize(
    "form", ["Bearer {}", '{{"message":"token {} is bad"}}', "<html>{}</html>", '[{{"error":"{}"}}]']
)
def test_a_server_that_echoes_the_token_does_not_get_it_into_messages_or_tracebacks(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, status: str, form: str
):
    body = form.format(TOKEN).encode()
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
    with listening(head + body) as (host, _):
        app = at(host, connect, monkeypatch)
        with pytest.raises(GlideError) as told:
            read(app)
    shown = "".join(traceback.format_exception(told.value)) + repr(told.value) + told.value.said + told.value.hint
    assert TOKEN not in shown


@pytest.mark.parametrize("token", ["", "with blank ", "line\nbreak", "tab\there", "ümlaut", "emoji😀", "nul\x00"])
def test_a_token_that_cannot_be_one_is_refused_before_it_is_sent_and_not_shown(connect: Connect, token: str):
    with pytest.raises(GlideRefusedToken) as told:
        connect(token=token)
    assert not token or token not in "".join(traceback.format_exception(told.value))


def test_the_token_is_in_no_repr_of_the_connection(app: App):
    assert TOKEN not in repr(app.connection)
    assert TOKEN not in str(vars(app.connection) if hasattr(app.connection, "__dict__") else app.connection)


@pytest.mark.parametrize(
    "url",
    [
        "http://api.glideapp.io", "https://api.glideapp.io:8443", "https://api.glideapp.io.evil.example", "https://evil.example",
        "https://evilapi.glideapp.io", "https://api.glideapp.io.", "https://127.0.0.1", "https://localhost", "https://[::1]",
        "https://169.254.169.254", "https://2130706433", "https://0x7f000001", "https://0177.0.0.1", "https://[::ffff:127.0.0.1]",
        "https://api.glideapp.io@evil.example", "https://evil.example#@api.glideapp.io", "https://evil.example?api.glideapp.io",
        "https://api.glideapp.io\\@evil.example", "https://:x@api.glideapp.io", "https://user:pw@api.glideapp.io",
        "https://api.glideapp。io", "https://аpi.glideapp.io", "https://api.glideapp.io%2eevil.example", "ftp://api.glideapp.io",
        "file:///etc/passwd", "gopher://api.glideapp.io", "//api.glideapp.io", "api.glideapp.io", "", " ", "https://",
        "https://[::1", "https://api.glideapp.io:port", "https://api.glideapp.io:0", "https://api.glideapp.io:443443",
        "https://api.glideapp.io/x?y=1", "https://api.glideapp.io/#x", "https://api.glide\napp.io", "https://api.glideapp.io\t",
        "javascript:alert(1)", "https://api.glideapp.io:443@evil.example", "http://0.0.0.0", "https://0", "https://evil.example:443",
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["classic_url", "rest_url", "bigtables_url"])
def test_a_connection_may_only_name_glides_own_hosts(name: str, url: str):
    with pytest.raises((ConfigError, SecurityBlocked)) as told:
        check_endpoints(Endpoints(**{name: url}))
    assert name in str(told.value)


@pytest.mark.parametrize(
    "url", ["https://api.glideapp.io", "https://API.GLIDEAPP.IO/api/function", "https://api.glideapps.com:443"]
)
def test_glides_own_hosts_may_be_named_in_any_form(url: str):
    check_endpoints(Endpoints(classic_url=url))


def test_a_host_the_operator_added_may_be_plain_http_at_its_port_only(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GLSYNC_ALLOWED_GLIDE_HOSTS", "glide.lan:8080, other.lan")
    client.settings.cache_clear()
    for url in ("http://glide.lan:8080", "http://GLIDE.lan:8080/x", "http://other.lan", "https://other.lan:1"):
        check_endpoints(Endpoints(classic_url=url))
    for url in ("http://glide.lan", "http://glide.lan:8081", "http://more.glide.lan:8080"):
        with pytest.raises(SecurityBlocked):
            check_endpoints(Endpoints(classic_url=url))


@pytest.mark.parametrize("table", ["../../apps", "a/b", "a?b=c", "a#b", "a b", "ü", "%2e%2e", "..;"])
def test_a_table_id_cannot_lead_to_another_address(glide: StandIn, app: App, table: str):
    with pytest.raises(GlideTableMissing):
        app.columns(table)
    assert {call["site"] for call in glide.calls()} <= {"schema"}
