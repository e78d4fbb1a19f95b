"""Addresses people may set, and calls to them: no way from there into the network this machine stands in.

A URL is read strictly, its host resolved once, every address it has must be public, and the connection is made to
one of exactly those addresses: a name that changes its mind in between gains nothing. Redirects are the caller's to
refuse. Hosts an operator named in the settings are exempt; they are meant to be private.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Iterable
from typing import Any
from urllib.parse import SplitResult, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from glsync.errors import SecurityBlocked

LONGEST_URL = 2000
HINT = "Use an https address on the internet, or have the operator name this host in GLSYNC_WEBHOOK_HOSTS."

_LABEL = r"(?!-)[a-z0-9_-]{1,63}(?<!-)"
_NAME = re.compile(rf"{_LABEL}(\.{_LABEL})+\.?", re.IGNORECASE)
_NUMBER = re.compile(r"(0x[0-9a-f]*|\d+)\.?", re.IGNORECASE)
_INSIDE = ("localhost", "local", "internal", "intranet", "lan", "home", "corp", "arpa", "test", "invalid", "onion")
"""Last labels that name nothing on the internet."""

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_COMPATIBLE = ipaddress.ip_network("::/96")
_NOT_OUTSIDE = tuple(
    map(ipaddress.ip_network, ("168.63.129.16/32", "192.0.0.0/24", "192.88.99.0/24", "3fff::/20", "5f00::/16"))
)
"""A cloud's own services, and blocks that nobody is which some versions of Python take for the internet."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def parts_of(url: str) -> SplitResult:
    """The parts of an http(s) URL without anything two readers might read differently.

    Raises:
        ValueError: saying what is wrong with it.
    """
    if not url.isascii() or not url.isprintable() or any(sign in url for sign in ' \\"<>^`{|}'):
        raise ValueError("it holds a character an address cannot have")
    if len(url) > LONGEST_URL:
        raise ValueError(f"it is longer than {LONGEST_URL} characters")
    parts = urlsplit(url)
    _ = parts.port  # raises ValueError for a port that is none
    if parts.scheme not in ("http", "https"):
        raise ValueError("it does not begin with https://")
    if not parts.hostname or "@" in parts.netloc or "%" in parts.netloc or parts.port == 0:
        raise ValueError("its host is not written plainly")
    return parts


def checked(url: str, *, trusted: Iterable[str] = ()) -> SplitResult:
    """The parts of a URL that may be called. `trusted`: hosts, or host:port, that may be private and plain http.

    Raises:
        SecurityBlocked: any other; the message never says what a name resolves to.
    """
    try:
        parts = parts_of(url)
    except ValueError as error:
        raise SecurityBlocked(f"This is not an address to call: {error}", hint=HINT) from None
    if is_trusted(parts, trusted):
        return parts
    if parts.scheme != "https":
        raise SecurityBlocked("Only https addresses are called", hint=HINT)
    check_host(parts.hostname or "")
    public_addresses(parts.hostname or "", parts.port or 443)
    return parts


def is_trusted(parts: SplitResult, trusted: Iterable[str]) -> bool:
    port = parts.port or (443 if parts.scheme == "https" else 80)
    host = (parts.hostname or "").lower()
    shown = f"[{host}]" if ":" in host else host
    return any(entry in (shown, f"{shown}:{port}") for entry in trusted)


def check_host(host: str) -> None:
    """Refuse a host that is a private address in any spelling, or a name from inside a network.

    Raises:
        SecurityBlocked: it is one.
    """
    last = host.rstrip(".").rpartition(".")[2]
    if ":" in host or _NUMBER.fullmatch(last):
        try:
            address = ipaddress.ip_address(host)
        except ValueError:  # 2130706433, 0x7f.1, 0177.0.0.1: a number to some readers, a name to others
            raise SecurityBlocked("The host is a number that is not a plain address", hint=HINT) from None
        if not is_public(address):
            raise SecurityBlocked("The host is not a public address", hint=HINT)
    elif not _NAME.fullmatch(host) or last.lower() in _INSIDE or len(host) > 253:
        raise SecurityBlocked("The host is not a public name", hint=HINT)


def is_public(address: Address) -> bool:
    """Can it only be a machine on the internet? Addresses that carry another inside are judged by that one."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
        if address in _COMPATIBLE or address.is_site_local or address.teredo:
            return False
    if any(address in network for network in _NOT_OUTSIDE):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def public_addresses(host: str, port: int) -> list[str]:
    """Every address of the host, resolved now.

    Raises:
        SecurityBlocked: one of them is not public, or there is none.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise SecurityBlocked(f"{host} has no address", hint="Check the name.") from None
    addresses = [str(entry[4][0]).partition("%")[0] for entry in found]
    if not addresses or not all(is_public(ipaddress.ip_address(address)) for address in addresses):
        raise SecurityBlocked(f"{host} does not lead to a public address", hint=HINT)
    return list(dict.fromkeys(addresses))


# Connections that go to a checked address and nowhere else


class _PublicOnly(HTTPConnection):
    """Resolves its host itself, checks all of its addresses, and connects to one of those."""

    def _new_conn(self) -> socket.socket:
        name, failure = self._dns_host, None
        for address in public_addresses(name, self.port):
            self._dns_host = address
            try:
                return super()._new_conn()
            except (NewConnectionError, ConnectTimeoutError, NameResolutionError) as error:
                failure = error
            finally:
                self._dns_host = name  # TLS proves the name, not the address
        raise failure or NewConnectionError(self, f"{name} cannot be reached")


class _PublicOnlyTls(_PublicOnly, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _PublicOnly


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _PublicOnlyTls


class PublicOnlyAdapter(HTTPAdapter):
    """For a requests.Session: calls leave this network or are not made."""

    def init_poolmanager(self, *given: Any, **named: Any) -> None:
        super().init_poolmanager(*given, **named)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}


def guard(session: requests.Session, *, trusted_urls: Iterable[str] = (), pool_size: int = 1) -> requests.Session:
    """The same session, which from now on calls private addresses only on the hosts of `trusted_urls`."""
    session.trust_env = False  # a proxy would resolve the name once more
    for scheme in ("http://", "https://"):
        session.mount(scheme, PublicOnlyAdapter(pool_maxsize=pool_size))
    for url in trusted_urls:
        parts = urlsplit(url)
        session.mount(f"{parts.scheme}://{parts.netloc}/", HTTPAdapter(pool_maxsize=pool_size))
    return session
