"""The Glide apps that are synced: a list, one connection (?connection=...), and the drawers to add and change them."""

from __future__ import annotations

from uuid import UUID

import streamlit as st

from glsync.errors import NotFound
from glsync.services import connections
from glsync.services.connections import ConnectionRow
from glsync.ui import connection_forms, places, shell, tables, texts, words
from glsync.ui.components import card, chip, empty, facts, guarded, icon

visit = shell.enter("connections")
TABLE = "connections_table"


def add_button(key: str) -> None:
    st.button(
        "Add connection",
        key=key,
        type="primary",
        icon=icon("add"),
        disabled=not visit.may("editor"),
        help=visit.why_not("editor"),
        on_click=connection_forms.open_add,
    )


def listing() -> None:
    """All connections, and how they stand."""
    rows = connections.listing(visit.actor)
    if not rows:
        with empty(texts.EMPTY["connections"], "connections"):
            add_button("connections_add_first")
        return
    with visit.actions:
        add_button("connections_add")
    st.caption("Pick a connection to test, change or delete it.")
    if (picked := tables.connections(rows, key=TABLE)) is not None:
        st.query_params["connection"] = str(rows[picked].id)
        st.rerun()


def close() -> None:
    st.query_params.pop("connection", None)


def detail(asked: str) -> None:
    """The connection that the address names: facts, a fresh test, who uses it, and what can be changed."""
    st.button("All connections", key="connections_back", icon=icon("arrow_back"), type="tertiary", on_click=close)
    try:
        row = connections.get(visit.actor, UUID(asked))
    except (NotFound, ValueError):
        with empty(texts.EMPTY["gone"], "connections_gone"):
            st.button("All connections", key="connections_all", on_click=close)
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(words.plain(row.name), anchor=False, width="content")
        chip(tables.connection_state(row))
    if row.status_message:
        st.markdown(f":red[{icon('error')}] {words.plain(row.status_message)}")
    acts(row)
    connection_forms.test_result(row)
    with card("Facts", "connections_facts"):
        about(row)
    with card("Used by", "connections_used_by"):
        used_by(row)


def acts(row: ConnectionRow) -> None:
    with st.container(horizontal=True, key="connections_acts"):
        for name, (label, symbol, role, act) in connection_forms.ACTS.items():
            st.button(
                label,
                key=f"connections_{name}",
                icon=icon(symbol),
                type="primary" if name == "test" else "secondary",
                disabled=not visit.may(role),
                help=visit.why_not(role),
                on_click=act,
                args=(visit, row),
            )


def used_by(row: ConnectionRow) -> None:
    using = connections.used_by(visit.actor, row.id)
    if not using:
        st.caption("No mapping uses this connection yet.")
        places.link("Map a table", "mappings", icon=icon("add"), mapping="new", connection=row.id)
        return
    if (picked := tables.mappings(using, key="connections_used")) is not None:
        places.go("mappings", mapping=using[picked].id)


def about(row: ConnectionRow) -> None:
    addresses = [(texts.SETTINGS[name], value) for name, value in row.settings.items() if name in texts.SETTINGS]
    facts(
        [
            ("App", row.app_name or "–"),
            ("App id", row.app_id),
            ("Token", f"•••• {row.key_last4}" if row.key_last4 else "none"),
            ("Last tested", words.ago(row.last_checked_at)),
            ("Last sync", words.ago(row.last_sync)),
            ("Added", words.moment(row.created_at)),
            *addresses,
        ],
        alt="Facts about this connection",
    )


connection_forms.open_drawer(visit)
with guarded("connections"):
    if asked := st.query_params.get("connection"):
        detail(asked)
    else:
        listing()
