"""A workspace on a real Postgres, and a stand-in Glide on the wire with one small app."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from glsync.services import access, connections, mappings
from glsync.services.access import Actor
from glsync.services.connections import ConnectionDraft, ConnectionRow
from glsync.services.mappings import MappingDraft
from glsync.standin import StandIn
from glsync.values import ColumnPair

from ..conftest import run_sql
from ..dispute import dispute

ADMIN = access.LOCAL
EDITOR, OPERATOR, VIEWER = (Actor(role, role) for role in ("editor", "operator", "viewer"))  # type: ignore[arg-type]

APP = {
    "apps": [
        {
            "id": "ops1",
            "name": "Ops",
            "tokens": ["token-of-ops-1234"],
            "tables": [
                {
                    "id": "items",
                    "name": "Items",
                    "kind": "glide",
                    "columns": [
                        {"id": "Name", "name": "Item", "type": "string"},
                        {"id": "pr1ce", "name": "Unit price", "type": "number"},
                        {"id": "b0ght", "name": "Bought on", "type": "date-time"},
                    ],
                    "rows": [
                        {"$rowID": "a", "Name": "pen", "pr1ce": 1.5, "b0ght": "2026-01-02T03:04:05Z"},
                        {"$rowID": "b", "Name": "ink", "pr1ce": "a lot"},
                    ],
                }
            ],
        }
    ]
}
TOKEN = "token-of-ops-1234"


@pytest.fixture
def glide(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    """The app "Ops" on the wire; connections may name this machine."""
    from glsync.config import settings

    monkeypatch.setenv("GLSYNC_ALLOWED_GLIDE_HOSTS", "127.0.0.1")
    settings.cache_clear()
    with StandIn(fixture=APP) as running:
        yield running


@pytest.fixture
def addresses(glide: StandIn) -> dict[str, Any]:
    return {"classic_url": glide.classic_url, "rest_url": glide.rest_url, "bigtables_url": glide.bigtables_url}


@pytest.fixture
def ops(addresses: dict[str, Any]) -> ConnectionRow:
    return connections.add(ADMIN, ConnectionDraft("ops", "ops1", TOKEN, addresses))


@pytest.fixture
def draft(ops: ConnectionRow) -> MappingDraft:
    """Items onto public.items, whose table is still to be made."""
    return MappingDraft(
        name="items",
        connection_id=ops.id,
        glide_table="items",
        glide_table_name="Items",
        target="public.items",
        pairs=[
            ColumnPair("Name", "Item", "item", "string"),
            ColumnPair("pr1ce", "Unit price", "unit_price", "number"),
            ColumnPair("b0ght", "Bought on", "bought_on", "date-time"),
        ],
    )


@pytest.fixture
def items(draft: MappingDraft) -> MappingDraft:
    """The mapping, active, its table made."""
    mappings.create_table(ADMIN, draft)
    return mappings.save(ADMIN, draft, activate=True)


@pytest.fixture
def ask(database: str) -> Any:
    """Run a statement over a connection of its own."""
    return lambda statement: run_sql(database, statement)


@pytest.fixture
def disputed(draft: MappingDraft, glide: StandIn, ask: Any, monkeypatch: pytest.MonkeyPatch) -> MappingDraft:
    """Items, kept equal both ways; both sides changed the name and price of both rows."""
    return dispute(draft, glide, ask, monkeypatch)
