"""A stand-in Glide with an ordinary and a Big Table, and an app opened on it that notes its pauses and takes none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest
import responses

from glsync.config import settings
from glsync.errors import GlideError
from glsync.glide import App, open_glide
from glsync.standin import StandIn
from glsync.values import Connection, Endpoints

APP, TOKEN = "shop", "token-of-the-shop-0123456789"
ITEMS, STOCK = "native-table-items", "native-table-stock"
QUERY = "https://api.glideapp.io/api/function/queryTables"


@pytest.fixture(autouse=True)
def _own_settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("GLSYNC_ALLOWED_GLIDE_HOSTS", raising=False)
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.fixture
def glide(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    columns = [{"id": "Name", "name": "Name", "type": "string"}]
    tables = [
        {"id": id, "name": name, "kind": kind, "columns": columns, "rows": []}
        for id, name, kind in ((ITEMS, "Items", "glide"), (STOCK, "Stock", "big"))
    ]
    with StandIn(fixture={"apps": [{"id": APP, "name": "Shop", "tokens": [TOKEN], "tables": tables}]}) as made:
        monkeypatch.setenv("GLSYNC_ALLOWED_GLIDE_HOSTS", urlsplit(made.url).netloc)
        settings.cache_clear()
        yield made


class Pauses:
    """What a call waited between two tries, and why."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.errors: list[GlideError] = []

    def __call__(self, seconds: float, error: GlideError) -> None:
        self.seconds.append(seconds)
        self.errors.append(error)


@pytest.fixture
def pauses() -> Pauses:
    return Pauses()


@pytest.fixture
def connect(pauses: Pauses) -> Iterator[Callable[..., App]]:
    """Open an app, Glide's own where no `endpoints` are given."""
    opened: list[App] = []

    def open(endpoints: Endpoints = Endpoints(), token: str = TOKEN, **settings: Any) -> App:  # noqa: B008  # frozen
        connection = Connection(UUID(int=1), UUID(int=2), "shop", APP, token, endpoints, settings)
        opened.append(open_glide(connection, pause=pauses))
        return opened[-1]

    yield open
    for app in opened:
        app.close()


@pytest.fixture
def app(connect: Callable[..., App], glide: StandIn) -> App:
    return connect(glide.endpoints)


@pytest.fixture
def answers() -> Iterator[responses.RequestsMock]:
    """Single answers in place of Glide's own hosts."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as given:
        yield given


@pytest.fixture
def glides_own(connect: Callable[..., App], answers: responses.RequestsMock) -> App:
    """An app at Glide's own addresses."""
    return connect()
