"""One row looked up: what was agreed, what both sides say now, what a run would do and why. In a drawer."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pandas as pd
import streamlit as st

from glsync.errors import SyncError
from glsync.services import explaining
from glsync.services.explaining import Explanation
from glsync.ui import background, components, dialogs, places, run_view, state, texts, words
from glsync.ui.components import icon
from glsync.ui.shell import Visit

WORK, ROW = "explain_work", "explain_row"
SIDES = {"glide": "Glide", "postgres": "Postgres"}


def lookup(visit: Visit, mapping_id: UUID, name: str) -> None:
    """A field for a row's id or key, and the button that explains it."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="explain_lookup"):
        st.text_input("Look up a row", key=ROW, placeholder=texts.EXPLAIN_ROW, help=texts.EXPLAIN_HELP)
        st.button(
            "Explain",
            key="explain_open",
            icon=icon("manage_search"),
            disabled=not visit.may("operator"),
            help=visit.why_not("operator"),
            on_click=_ask_typed,
            args=(visit, mapping_id, name),
        )


def link(visit: Visit, mapping_id: UUID, name: str, row: str) -> None:
    """A button that explains a row that is known."""
    st.button(
        "Explain the row",
        key=f"explain_{row}",
        icon=icon("manage_search"),
        disabled=not visit.may("operator"),
        help=visit.why_not("operator") or texts.EXPLAIN_HELP,
        on_click=_ask,
        args=(visit, mapping_id, name, row),
    )


def _ask_typed(visit: Visit, mapping_id: UUID, name: str) -> None:
    if row := state.get(ROW, "").strip():
        _ask(visit, mapping_id, name, row)


def _ask(visit: Visit, mapping_id: UUID, name: str, row: str) -> None:
    background.ask(WORK, explaining.explain, visit.actor, mapping_id, row)
    state.open_dialog("explain", row=row, name=name)
    st.rerun()


def dialog() -> None:
    """The explanation, in a drawer, while it is open."""
    asked = dialogs.asked("explain")
    if asked is None:
        return

    def draw() -> None:
        work = background.answer(WORK, texts.WORKING_EXPLAIN)
        if work is None:
            return
        try:
            found = work.result()
        except SyncError as error:
            components.failure(error, "explain", may_repeat=False)
            return
        _show(found)

    title = f"Row {words.plain(words.shortened(asked.about['row'], 40))} of {words.plain(asked.about['name'])}"
    dialogs.show(title, draw, symbol="manage_search", close=close, width="large", drawer=True)


def close() -> None:
    state.close_dialog()
    background.drop(WORK)


def _show(found: Explanation) -> None:
    row = found.row
    st.markdown(f"**{words.plain(row.told)}**")
    st.markdown(f":blue[{icon('arrow_forward')}] {words.plain(found.next)}")
    frame = pd.DataFrame(
        {
            "Column": [one.column for one in row.columns],
            "Why": [one.why for one in row.columns],
            "Last agreed": [_cell(one.base) if one.is_agreed else texts.NOT_AGREED for one in row.columns],
            "Glide": [_cell(one.glide) for one in row.columns],
            "Postgres": [_cell(one.postgres) for one in row.columns],
        }
    )
    st.dataframe(frame, hide_index=True, height="content", key="explain_columns", alt="The row, column by column")
    for conflict in found.conflicts:
        places.link("Decide its conflict", "errors", icon=icon("alt_route"), conflict=conflict.id)
    for error in found.errors:
        st.markdown(f":red[{icon('error')}] {words.plain(error.message)}")
        places.link("Open the error", "errors", icon=icon("arrow_forward"), error=error.id)
    _wrote(found)
    st.caption(words.plain(f"Key in Postgres: {row.pg_key or '–'} · looking cost {run_view.price(row.price)}"))


def _wrote(found: Explanation) -> None:
    """The runs that wrote the row last."""
    st.markdown("**Written last by**")
    if not found.wrote:
        st.caption(texts.NEVER_WRITTEN)
    for one in found.wrote:
        with st.container(horizontal=True, vertical_alignment="center"):
            said = f"{SIDES[one.side]}: {one.operation}, {words.ago(one.at)}"
            st.markdown(words.plain(said), width="content")
            if one.log_id:
                places.link("Open the run", "runs", icon=icon("arrow_forward"), run=one.log_id)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return words.shortened(text, 200)
