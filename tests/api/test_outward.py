"""Addresses people may set never lead into the network this machine stands in."""

from __future__ import annotations

import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

import pytest
import requests

from glsync import glide, outward
from glsync.config import settings
from glsync.errors import ConfigError, GlideError, SecurityBlocked
from glsync.values import Connection, Endpoints

PUBLIC = "93.184.216.34"

INSIDE = [
    # this machine, in every spelling
    "https://127.0.0.1/", "https://127.0.0.1:8501/", "https://127.1/", "https://127.0.1/", "https://2130706433/",
    "https://0x7f000001/", "https://0x7f.0.0.1/", "https://0x7f.1/", "https://0177.0.0.1/", "https://0177.1/",
    "https://017700000001/", "https://127.0.0.01/", "https://127.000.000.001/", "https://127.0.0.1./",
    "https://localhost/", "https://LOCALHOST/", "https://localhost./", "https://a.localhost/", "https://0/",
    "https://0.0.0.0/", "https://[::1]/", "https://[::]/", "https://[0:0:0:0:0:0:0:1]/",
    "https://[::ffff:127.0.0.1]/", "https://[::ffff:7f00:1]/", "https://[::127.0.0.1]/", "https://[64:ff9b::7f00:1]/",
    "https://[2002:7f00:1::]/", "https://[fe80::1%25eth0]/",
    # its neighbours
    "https://10.0.0.1/", "https://172.16.0.1/", "https://172.31.255.255/", "https://192.168.1.1/",
    "https://100.64.0.1/", "https://198.18.0.1/", "https://[fc00::1]/", "https://[fd12:3456::1]/", "https://[fe80::1]/",
    "https://[fec0::1]/", "https://[::ffff:10.0.0.1]/", "https://[2002:a00:1::]/", "https://router/",
    "https://printer.local/", "https://db.internal/", "https://nas.lan/", "https://1.0.0.10.in-addr.arpa/",
    # metadata, and what nobody is
    "https://169.254.169.254/latest/meta-data/", "https://[::ffff:a9fe:a9fe]/", "https://2852039166/",
    "https://metadata.google.internal/", "https://224.0.0.1/", "https://255.255.255.255/", "https://240.0.0.1/",
    "https://[ff02::1]/", "https://192.0.2.1/", "https://[2001:db8::1]/", "https://168.63.129.16/",
    "https://[::ffff:168.63.129.16]/", "https://192.0.0.8/", "https://192.88.99.1/", "https://[3fff::1]/",
    "https://[5f00::1]/", "https://[64:ff9b:1::a9fe:a9fe]/", "https://[::ffff:0:7f00:1]/", "https://[2001:0:7f00:1::]/",
    # who reads this how?
    "https://example.com@127.0.0.1/", "https://127.0.0.1@example.com/", "https://a:b@example.com/",
    "https://@example.com/", "https://example.com\\@127.0.0.1/", "https://example.com%2f@127.0.0.1/",
    "https://exam%70le.com/", "https://１２７.0.0.1/", "https://ⓛocalhost/", "https://example.com /",
    "https://exa\tmple.com/", "https://example.com\r\nHost: a/", "https://example.com:0/", "https://example.com:99999/",
    "https://example.com:port/", "https://", "https:///path", "https:example.com", "//example.com/", "example.com",
    "http://example.com/", "ftp://example.com/", "file:///etc/passwd", "gopher://example.com/", "javascript:alert(1)",
    "data:text/plain,x", "", " https://example.com/", "https://-example.com/", "https://example..com/",
    "https://" + "a" * 64 + ".com/", "https://example.com/" + "a" * 2000,
]  # fmt: skip


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[list[str]]]:
    """The internet's names: host -> its addresses, at each look-up the next list; the last one stays."""
    known: dict[str, list[list[str]]] = {"example.com": [[PUBLIC]]}
    real = socket.getaddrinfo

    def asked(host: Any, port: Any, *args: Any, **named: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else str(host)
        if name not in known:
            return real(host, port, *args, **named) if name.replace(".", "").isdigit() or ":" in name else _unknown()
        answers = known[name]
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        kind = socket.SOCK_STREAM
        return [(socket.AF_INET6 if ":" in one else socket.AF_INET, kind, 6, "", (one, port)) for one in found]

    def _unknown() -> Any:
        raise socket.gaierror("unknown")

    monkeypatch.setattr(socket, "getaddrinfo", asked)
    return known


@pytest.mark.parametrize("url", INSIDE)
def test_an_address_that_leads_inside_or_may_be_read_two_ways_is_refused(names, url):
    with pytest.raises(SecurityBlocked):
        outward.checked(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com", "https://example.com/", "https://example.com:8443/a/b?c=d&e=f", "https://EXAMPLE.com/",
        f"https://{PUBLIC}/", "https://[2606:2800:220:1:248:1893:25c8:1946]/",
    ],
)  # fmt: skip
def test_an_address_on_the_internet_is_let_through(names, url):
    names["EXAMPLE.com"] = names["example.com"]
    assert outward.checked(url).scheme == "https"


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"], ["10.0.0.5"], ["169.254.169.254"], ["::1"], ["::ffff:127.0.0.1"], ["fd00::1"],
        [PUBLIC, "127.0.0.1"], ["10.0.0.1", PUBLIC], [],
    ],
)  # fmt: skip
def test_a_name_is_as_private_as_the_most_private_of_its_addresses(names, addresses):
    names["example.com"] = [addresses]
    with pytest.raises(SecurityBlocked) as caught:
        outward.checked("https://example.com/")
    assert not [address for address in addresses if address in str(caught.value)]


def test_a_name_nobody_knows_is_refused(names):
    with pytest.raises(SecurityBlocked):
        outward.checked("https://nowhere.example.org/")


def test_a_name_that_changes_its_mind_after_the_check_is_not_called(names):
    names["example.com"] = [[PUBLIC], ["127.0.0.1"]]
    outward.checked("https://example.com/")
    with outward.guard(requests.Session()) as session, pytest.raises(SecurityBlocked):
        session.get("https://example.com/", timeout=2)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_connection_goes_to_the_address_that_was_checked(names, scheme):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        listener.settimeout(5)
        names["example.com"] = [[PUBLIC], ["127.0.0.1"]]
        names[PUBLIC] = [["127.0.0.1"]]  # the internet, as far as this test has one
        with outward.guard(requests.Session()) as session, pytest.raises(requests.RequestException):
            session.get(f"{scheme}://example.com:{port}/", timeout=0.5)
        listener.accept()[0].close()
        assert names["example.com"] == [["127.0.0.1"]]  # the name was looked up once


def test_a_host_the_operator_named_may_be_private(database):
    for url, trusted in (
        ("http://127.0.0.1:9000/", ["127.0.0.1:9000"]),
        ("http://hooks.local/", ["hooks.local"]),
        ("http://[::1]:81/", ["[::1]:81"]),
    ):
        assert outward.checked(url, trusted=trusted).hostname
    for url, trusted in (
        ("http://127.0.0.1:9001/", ["127.0.0.1:9000"]),
        ("http://127.0.0.1:9000@evil.example/", ["127.0.0.1:9000"]),
        ("http://hooks.local.evil.example/", ["hooks.local"]),
    ):
        with pytest.raises(SecurityBlocked):
            outward.checked(url, trusted=trusted)


@pytest.mark.parametrize("url", INSIDE)
def test_a_connection_cannot_name_it_either(database, url):
    with pytest.raises((SecurityBlocked, ConfigError)):
        glide.check_endpoints(Endpoints(classic_url=url))


def test_glides_own_host_is_not_called_when_its_name_leads_inside(database, names):
    names["functions.prod.internal.glideapps.com"] = [["127.0.0.1"]]
    connection = Connection(uuid4(), uuid4(), "ops", "app", "token-of-ops-1234")
    with glide.open_glide(connection) as app, pytest.raises(SecurityBlocked):
        app.tables()


def test_a_host_the_operator_added_is_called_wherever_it_is(glide, ops):  # the stand-in on this machine
    from glsync.services import connections
    from glsync.services.access import LOCAL

    assert settings().allowed_glide_hosts == ("127.0.0.1",)
    assert connections.glide_tables(LOCAL, ops.id)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "leads", ["http://127.0.0.1:{port}/inside", "/inside", "//127.0.0.1:{port}/inside", "file:///x"]
)
def test_a_redirect_of_glides_leads_nowhere(database, monkeypatch, status, leads):
    """The host may be called, and what it sends us to is not, however it writes that; nor is the token sent there."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            self.send_header("Location", leads.format(port=self.server.server_address[1]))
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_HEAD = do_POST

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}"
        monkeypatch.setenv("GLSYNC_ALLOWED_GLIDE_HOSTS", url.removeprefix("http://"))
        settings.cache_clear()
        places = Endpoints(classic_url=f"{url}/c", rest_url=f"{url}/r", bigtables_url=f"{url}/b")
        connection = Connection(uuid4(), uuid4(), "ops", "app", "token-of-ops-1234", places)
        with glide.open_glide(connection, pause=lambda *_: None) as app, pytest.raises(GlideError):
            app.tables()
        server.shutdown()
    assert asked
    assert not [path for path in asked if "inside" in path]
