"""Which Glide table goes where: a list, and the editor of one mapping (?mapping=...)."""

from __future__ import annotations

import streamlit as st

from glsync.services import connections, mappings
from glsync.ui import mapping_dialogs, mapping_editor, places, plan_view, shell, state, tables, texts, words
from glsync.ui.components import empty, guarded, icon

visit = shell.enter("mappings")
TABLE = "mappings_table"


def new_button(key: str) -> None:
    st.button(
        "New mapping",
        key=key,
        type="primary",
        icon=icon("add"),
        disabled=not visit.may("editor"),
        help=visit.why_not("editor"),
        on_click=open_mapping,
        args=(mapping_editor.NEW,),
    )


def open_mapping(asked: str) -> None:
    st.query_params["mapping"] = asked


def listing() -> None:
    """All mappings and how they stand, a page at a time."""
    if not mappings.count(visit.actor):
        first_one()
        return
    with visit.actions:
        new_button("mappings_new")
    search = st.text_input(
        "Search", key="mappings_search", bind="query-params", type="search", placeholder="Name, table or connection"
    )
    total = mappings.count(visit.actor, search or "")
    pages = max(1, -(-total // tables.PAGE))
    page = min(state.get("mappings_page", 1), pages)
    rows = mappings.listing(visit.actor, search=search or "", limit=tables.PAGE, offset=(page - 1) * tables.PAGE)
    if not rows:
        with empty(texts.EMPTY["mappings_filtered"], "mappings_none"):
            st.button("Clear the search", key="mappings_clear", on_click=clear_search)
        return
    st.caption(f"{words.counted(total, 'mapping')} · pick one to see and change its columns")
    if (picked := tables.mappings(rows, key=TABLE)) is not None:
        open_mapping(str(rows[picked].id))
        st.rerun()
    if pages > 1:
        st.pagination(pages, key="mappings_page")


def first_one() -> None:
    if connections.listing(visit.actor):
        with empty(texts.EMPTY["mappings"], "mappings"):
            new_button("mappings_new_first")
    else:
        with empty(texts.EMPTY["mappings_unconnected"], "mappings"):
            places.link("Connect a Glide app", "connections", icon=icon("cable"))


def clear_search() -> None:
    st.session_state["mappings_search"] = ""


plan_view.dialog(visit)
mapping_dialogs.draw(visit)
with guarded("mappings"):
    if asked := st.query_params.get("mapping"):
        mapping_editor.page(visit, asked)
    else:
        listing()
