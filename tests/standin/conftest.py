"""A stand-in with two apps, a clock that only moves when told, and a client that speaks plain HTTP to it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from glsync.standin import StandIn

APP, TOKEN = "ops", "token-of-ops"
OTHER_APP, OTHER_TOKEN = "hr", "token-of-hr"
ITEMS, PARTS, ORDERS = "native-table-items", "native-table-parts", "native-table-orders"
BEGIN = 1_700_000_000.0
COLUMNS = [
    {"id": "Name", "name": "Item", "type": "string"},
    {"id": "Kx9aB", "name": "Quantity", "type": "number"},
    {"id": "pQ2rT", "name": "Due", "type": "date-time"},
    {"id": "zA8cC", "name": "Done?", "type": "boolean"},
    {"id": "iM4gE", "name": "Pictures", "type": {"kind": "array", "items": {"kind": "image-uri"}}},
]
FIXTURE = {
    "apps": [
        {
            "id": APP,
            "name": "Operations",
            "tokens": [TOKEN],
            "tables": [
                {"id": ITEMS, "name": "Items", "kind": "glide", "columns": COLUMNS, "rows": []},
                {"id": PARTS, "name": "Parts", "kind": "small", "columns": COLUMNS, "rows": []},
                {"id": ORDERS, "name": "Orders", "kind": "big", "columns": COLUMNS, "rows": []},
            ],
        },
        {
            "id": OTHER_APP,
            "name": "People",
            "tokens": [OTHER_TOKEN],
            "tables": [{"id": "native-table-staff", "name": "Staff", "kind": "big", "columns": COLUMNS, "rows": []}],
        },
    ]
}


class Clock:
    """Seconds since 1970, as far as the stand-in knows."""

    def __init__(self) -> None:
        self.now = BEGIN

    def __call__(self) -> float:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += seconds


class Client:
    """Whoever calls the APIs: every method is one request."""

    def __init__(self, glide: StandIn, token: str = TOKEN) -> None:
        self.glide = glide
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {token}"

    def call(self, method: str, path: str, **how: Any) -> requests.Response:
        return self.session.request(method, self.glide.url + path, timeout=10, **how)

    def query(self, table: str, app: str = APP, **query: Any) -> requests.Response:
        body = {"appID": app, "queries": [{"tableName": table, **query}]}
        return self.call("POST", "/api/function/queryTables", json=body)

    def rows(self, table: str, **query: Any) -> list[dict[str, Any]]:
        """All rows by v1, page after page."""
        found, result = [], self.query(table, **query).json()[0]
        found += result["rows"]
        while "next" in result:
            result = self.query(table, **query, startAt=result["next"]).json()[0]
            found += result["rows"]
        return found

    def mutate(self, *mutations: dict[str, Any], app: str = APP) -> requests.Response:
        return self.call("POST", "/api/function/mutateTables", json={"appID": app, "mutations": list(mutations)})

    def page(self, table: str = "orders", **params: Any) -> requests.Response:
        return self.call("GET", f"/tables/{table}/rows", params=params)

    def pages(self, table: str = "orders", **params: Any) -> list[dict[str, Any]]:
        """All rows by v2, page after page."""
        reply = self.page(table, **params).json()
        found = reply["data"]
        while "continuation" in reply:
            reply = self.page(table, **params, continuation=reply["continuation"]).json()
            found += reply["data"]
        return found

    def version(self, table: str = "orders") -> int:
        return int(self.call("HEAD", f"/tables/{table}/rows").headers["ETag"].strip('"'))


def add(table: str, **cells: Any) -> dict[str, Any]:
    return {"kind": "add-row-to-table", "tableName": table, "columnValues": cells}


def set_row(table: str, row: str, **cells: Any) -> dict[str, Any]:
    return {"kind": "set-columns-in-row", "tableName": table, "rowID": row, "columnValues": cells}


def delete(table: str, row: str) -> dict[str, Any]:
    return {"kind": "delete-row", "tableName": table, "rowID": row}


@pytest.fixture(scope="session")
def clock_of_all() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def glide_of_all(clock_of_all: Clock) -> Iterator[StandIn]:
    with StandIn(clock=clock_of_all) as running:
        yield running


@pytest.fixture
def clock(clock_of_all: Clock) -> Clock:
    clock_of_all.now = BEGIN
    return clock_of_all


@pytest.fixture
def glide(glide_of_all: StandIn, clock: Clock) -> StandIn:
    """The same server for all tests, knowing nothing but the fixture above."""
    glide_of_all.reset(FIXTURE)
    return glide_of_all


@pytest.fixture
def ask(glide: StandIn) -> Client:
    return Client(glide)


@pytest.fixture
def stranger(glide: StandIn) -> Client:
    """Holds a token nobody gave out."""
    return Client(glide, "no-such-token")


@pytest.fixture
def neighbour(glide: StandIn) -> Client:
    """Holds the other app's token."""
    return Client(glide, OTHER_TOKEN)
