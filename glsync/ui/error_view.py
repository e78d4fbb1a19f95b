"""One cause with its rows, and one error with its record and history; a value corrected, rows exported."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pandas as pd
import streamlit as st

from glsync.errors import InvalidInput, NotFound
from glsync.services import errors, mappings, sheets
from glsync.services.advice import Advice
from glsync.services.errors import ErrorFilter, ErrorGroup, ErrorRow, Selection
from glsync.ui import error_acts, explain_view, places, state, tables, texts, words
from glsync.ui.components import card, chip, empty, facts, guarded, icon, timeline
from glsync.ui.shell import Visit

ROWS = "errors_rows"
BY_HAND = 500
"""Up to so many errors of a group are acted on by id, so that the act can be undone."""


def group(visit: Visit, key: str) -> None:
    """The cause that the address names: what it means, what to do, and its rows."""
    _back()
    with guarded("errors_group"):
        try:
            shown = ErrorFilter(states=_states(), group=key)
            found = errors.groups(visit.actor, shown, limit=1)
        except InvalidInput:
            found = []
        if not found:
            with empty(texts.EMPTY["errors_gone"], "errors_group"):
                st.button("All errors", key="errors_all", on_click=close)
            return
        _group_head(found[0])
        left, right = st.columns([3, 2], gap="medium")
        with left:
            _rows(visit, found[0], shown)
        with right:
            advice(found[0].advice)


def one(visit: Visit, asked: str) -> None:
    """The error that the address names, with the row as Glide gave it and what happened to it."""
    with st.container(horizontal=True):
        _back()
        whole = st.container(width="content")
    with guarded("errors_one"):
        try:
            row = errors.get(visit.actor, UUID(asked))
        except (NotFound, ValueError):
            with empty(texts.EMPTY["gone"], "errors_one"):
                st.button("All errors", key="errors_all", on_click=close)
            return
        whole.button(
            "All of this cause",
            key="errors_cause",
            icon=icon("list"),
            type="tertiary",
            on_click=_show_group,
            args=(row,),
        )
        with st.container(horizontal=True, vertical_alignment="center"):
            st.subheader(words.plain(row.advice.title), anchor=False, width="content")
            chip(texts.ERROR_STATES.get(row.state, texts.UNKNOWN_STATE))
            if row.returned:
                chip(texts.RETURNED)
        st.markdown(words.plain(row.message))
        error_acts.buttons(visit, [row.id], 1, row.mapping_id, "this error")
        error_acts.correction(visit, row)
        if row.glide_row_id:
            explain_view.link(visit, row.mapping_id, row.mapping_name, row.glide_row_id)
            explain_view.dialog()
        left, right = st.columns([3, 2], gap="medium")
        with left:
            _record(visit, row)
            with card("History", "errors_history"):
                timeline([(event.at, event.level, event.message) for event in errors.history(visit.actor, row.id)])
        with right:
            _facts(row)
            advice(row.advice)


def advice(page: Advice) -> None:
    """What the error means, where it usually comes from, what to do: in that order."""
    with card("What to do", "errors_advice"):
        st.markdown(words.plain(page.meaning))
        st.markdown("\n".join(f"{number}. {words.plain(step)}" for number, step in enumerate(page.steps, 1)))
        st.markdown("**Usual causes**")
        st.markdown("\n".join(f"- {words.plain(cause)}" for cause in page.causes))


def _states() -> tuple[errors.State, ...]:
    """The states the list was filtered by go with the reader into a group."""
    return tuple(state.get("errors_state", ["open"])) or errors.STATES


def _back() -> None:
    st.button("All errors", key="errors_back", icon=icon("arrow_back"), type="tertiary", on_click=close)


def close() -> None:
    for name in ("group", "error"):
        st.query_params.pop(name, None)


def _group_head(found: ErrorGroup) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key="errors_group_head"):
        st.subheader(words.plain(found.advice.title), anchor=False, width="content")
        st.badge(words.counted(found.count, "row"), color="red", icon=icon("error"))
    told = [found.mapping_name, found.column and f"column {found.column}", found.rule and f"has to be {found.rule}"]
    told += [f"first seen {words.ago(found.first_seen)}", f"last seen {words.ago(found.last_seen)}", found.type]
    st.caption(words.plain(" · ".join(part for part in told if part)))


def _rows(visit: Visit, found: ErrorGroup, shown: ErrorFilter) -> None:
    """The rows of a cause. The toolbar stands before the grid and acts on what is ticked, else on all of them."""
    page = state.get("errors_rows_page", 1)
    rows = errors.listing(visit.actor, shown, limit=tables.PAGE, offset=(page - 1) * tables.PAGE)
    ticked = [rows[number] for number in tables.all_selected(ROWS, len(rows))]
    chosen, about = _selection(visit, found, shown, ticked)
    whole = None if ticked else found.key
    error_acts.buttons(visit, chosen, len(ticked) or found.count, found.mapping_id, about, group=whole)
    with st.container(horizontal=True):
        picked = ticked[0] if len(ticked) == 1 else None
        st.button(
            "Open the row",
            key="errors_open",
            icon=icon("open_in_new"),
            disabled=picked is None,
            help=None if picked else "Tick one row of the table first.",
            on_click=show_error,
            args=(picked.id if picked else None,),
        )
        st.download_button(
            "Export CSV",
            _csv(visit, shown),
            file_name="errors.csv",
            mime="text/csv",
            key="errors_export",
            icon=icon("download"),
            on_click="ignore",
        )
        if found.column and st.button("Open the mapping", key="errors_open_mapping", icon=icon("account_tree")):
            places.go("mappings", mapping=found.mapping_id, column=found.column)
    tables.error_rows(rows, key=ROWS)
    if found.count > tables.PAGE:
        st.pagination(-(-found.count // tables.PAGE), key="errors_rows_page")


def _selection(visit: Visit, found: ErrorGroup, shown: ErrorFilter, ticked: list[ErrorRow]) -> tuple[Selection, str]:
    """What a button acts on, and how to call it."""
    if ticked:
        return [row.id for row in ticked], words.counted(len(ticked), "row")
    about = f"all {words.number(found.count)}"
    if found.count > BY_HAND:
        return shown, about
    return [row.id for row in errors.listing(visit.actor, shown, limit=BY_HAND)], about


def _csv(visit: Visit, shown: ErrorFilter) -> Callable[[], str]:
    """The export, made when it is asked for."""
    return lambda: sheets.csv(errors.export(visit.actor, shown))


def _show_group(row: ErrorRow) -> None:
    st.query_params.pop("error", None)
    st.query_params["group"] = row.group


def show_error(error_id: UUID) -> None:
    st.query_params["error"] = str(error_id)


def _record(visit: Visit, row: ErrorRow) -> None:
    """The row as Glide gave it, under the names people know its columns by; the cell that does not fit first."""
    with card("The row in Glide", "errors_record", aside=row.glide_row_id or ""):
        if not row.record:
            st.caption("The row was not kept.")
            return
        pairs = {pair.glide_id: pair for pair in mappings.get(visit.actor, row.mapping_id).pairs}
        cells = [
            (pair.glide_name if pair else name, "" if value is None else str(value), pair.column if pair else "")
            for name, value in row.record.items()
            for pair in [pairs.get(name)]
        ]
        cells.sort(key=lambda cell: row.column not in cell)
        frame = pd.DataFrame(cells, columns=["Column in Glide", "Value", "Column in Postgres"])
        st.dataframe(frame, hide_index=True, alt="The row as Glide gave it")


def _facts(row: ErrorRow) -> None:
    with card("Facts", "errors_facts"):
        facts(
            [
                ("Mapping", row.mapping_name),
                ("Column", row.column or "–"),
                ("Value", words.shortened(row.value, 80) if row.value else "–"),
                ("Has to be", row.rule or "–"),
                ("Seen", f"{words.counted(row.attempts, 'time')}, last {words.ago(row.last_seen_at)}"),
                ("Code", row.type),
                ("Taken care of by", row.assigned_to or "nobody yet"),
                *([("Ignored until", words.moment(row.ignored_until))] if row.ignored_until else []),
                *([("Note", f"{row.notes} ({row.resolved_by})")] if row.notes else []),
            ],
            alt="Facts about this error",
        )
        if row.log_id:
            places.link("Open the run", "runs", icon=icon("arrow_forward"), run=row.log_id)
