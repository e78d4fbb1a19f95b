"""Pages opened through the router, as a browser would, on a real Postgres with a stand-in Glide on the wire."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
import streamlit as st
from streamlit import config
from streamlit.testing.v1 import AppTest

from glsync.config import settings
from glsync.services import connections, demo, mappings, runs
from glsync.services.access import LOCAL, Actor
from glsync.services.connections import ConnectionDraft, ConnectionRow
from glsync.services.mappings import MappingDraft
from glsync.standin import StandIn
from glsync.standin.demo import demo_fixture
from glsync.ui import places, shell
from glsync.values import ColumnPair

from ..conftest import run_sql

ROUTER = places.PAGES.parent / "glsync" / "ui" / "router.py"
TOKEN = "token-of-ops-1234"
APP = {
    "apps": [
        {
            "id": "ops1",
            "name": "Ops",
            "tokens": [TOKEN],
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
"""One small app; the price of the row b is no number."""


class Page:
    """One page in one browser tab, spoken to in its reader's words."""

    def __init__(self, app: AppTest) -> None:
        self.app = app

    @property
    def text(self) -> str:
        """Every word on the page, one element a line, without the escapes of Markdown."""
        kinds = (
            "title",
            "header",
            "subheader",
            "markdown",
            "caption",
            "text",
            "code",
            "badge",
            "error",
            "success",
            "info",
        )
        found = [str(element.value) for kind in kinds for element in self.app.get(kind) if hasattr(element, "value")]
        found += [f"{metric.label} {metric.value}" for metric in self.app.metric]
        found += [f"{table.value}" for table in self.app.table]
        found += [waiting.label for waiting in self.app.status]
        return "\n".join(found).replace("\\", "").replace("\u2060", "")

    @property
    def buttons(self) -> dict[str, Any]:
        """Buttons by their label."""
        return {button.label: button for button in self.app.button}

    def press(self, label: str) -> Page:
        """Press the button with this label and wait for what it does."""
        self.buttons[label].click()
        return self.run()

    def set(self, key: str, value: Any) -> Page:
        """Give the input with this key a value, as its reader would."""
        kinds = ("text_input", "text_area", "selectbox", "multiselect", "number_input", "checkbox", "radio", "toggle")
        found = [one for kind in kinds for one in self.app.get(kind) if one.key == key]
        assert found, f"there is no input {key}"
        found[0].set_value(value)
        return self.run()

    def pick(self, table: str, *rows: int) -> Page:
        """Pick rows of a table."""
        self.app.session_state[table] = {"selection": {"rows": list(rows), "columns": [], "cells": []}}
        return self.run()

    def edit(self, grid: str, row: int, **cells: Any) -> Page:
        """Type into cells of an editable grid."""
        found = next(one for one in self.app.dataframe if str(one.key or "").startswith(grid))
        self.app.session_state[found.key] = {"edited_rows": {row: cells}, "added_rows": [], "deleted_rows": []}
        return self.run()

    def grid(self, key: str) -> Any:
        """The frame behind a table or grid whose key begins so."""
        kinds = ("dataframe",)
        found = [one for kind in kinds for one in self.app.get(kind) if str(one.key or "").startswith(key)]
        assert found, f"no table {key}"
        return found[0].value

    def run(self) -> Page:
        self.app.run()
        assert not self.app.exception, self.app.exception[0].message
        return self


@pytest.fixture
def open_page(database: str) -> Iterator[Callable[..., Page]]:
    """Open a page by its name, with the parameters of its address."""
    st.cache_data.clear()
    st.cache_resource.clear()
    config.set_option("client.showErrorDetails", "full")

    def opened(name: str, **parameters: object) -> Page:
        app = AppTest.from_file(str(ROUTER), default_timeout=30)
        app.run()
        app.switch_page(places.file_of(name))
        for key, value in parameters.items():
            app.query_params[key] = str(value)
        return Page(app).run()

    return opened


@pytest.fixture
def act_as(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Actor]:
    """Be somebody with this role from now on."""

    def become(role: str) -> Actor:
        actor = Actor(f"a {role}", role)  # type: ignore[arg-type]
        monkeypatch.setattr(shell, "who", lambda: actor)
        return actor

    return become


@pytest.fixture
def reachable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections may name this machine."""
    monkeypatch.setenv("GLSYNC_ALLOWED_GLIDE_HOSTS", "127.0.0.1")
    settings.cache_clear()


@pytest.fixture
def glide(database: str, reachable: None) -> Iterator[StandIn]:
    """The app "Ops" on the wire."""
    with StandIn(fixture=APP) as running:
        yield running


def addresses(glide: StandIn) -> dict[str, Any]:
    return {"classic_url": glide.classic_url, "rest_url": glide.rest_url, "bigtables_url": glide.bigtables_url}


@pytest.fixture
def ops(glide: StandIn) -> ConnectionRow:
    """The app, connected."""
    return connections.add(LOCAL, ConnectionDraft("ops", "ops1", TOKEN, addresses(glide)))


@pytest.fixture
def items(ops: ConnectionRow) -> MappingDraft:
    """Items onto public.items, active, its table made."""
    draft = MappingDraft(
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
    mappings.create_table(LOCAL, draft)
    return mappings.save(LOCAL, draft, activate=True)


@pytest.fixture
def synced(items: MappingDraft) -> UUID:
    """The mapping, run once: the row a is stored, b is held back. The run's id."""
    assert items.id is not None
    return runs.run_here(LOCAL, items.id).log_id


@pytest.fixture
def demo_app(database: str, reachable: None) -> Iterator[StandIn]:
    """The demo as a first start leaves it: connected, mapped, nothing run."""
    with StandIn() as running:
        running.load(demo_fixture())
        demo.load(LOCAL, **addresses(running))
        yield running


@pytest.fixture
def database_gone(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on nothing answers where the database was."""
    from glsync.store import db

    monkeypatch.setenv("GLSYNC_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")
    settings.cache_clear()
    db.forget()


@pytest.fixture
def ask(database: str) -> Callable[[str], list[tuple[object, ...]]]:
    """Run a statement over a connection of its own."""
    return lambda statement: run_sql(database, statement)


# People who sign in

ISSUER = "https://id.example"


def claims(name: str, **more: Any) -> dict[str, Any]:
    """What a provider says of somebody who signed in just now."""
    return {
        "is_logged_in": True, "iss": ISSUER, "sub": name, "name": name.capitalize(), "iat": time.time(),
        "email": f"{name}@example.com", "email_verified": True,
    } | more  # fmt: skip


@pytest.fixture
def visited(open_page: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Page]:
    """Open a page as whoever these claims describe; a page that ends before it begins is a page too."""
    monkeypatch.setenv("GLSYNC_OIDC_METADATA_URL", f"{ISSUER}/.well-known/openid-configuration")
    settings.cache_clear()

    def opened(who: dict[str, Any], name: str = "dashboard") -> Page:
        app = AppTest.from_file(str(ROUTER), default_timeout=30)
        app.user = who
        app.run()
        if name != "dashboard":
            app.switch_page(places.file_of(name)).run()
        return Page(app)

    return opened
