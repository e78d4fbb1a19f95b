"""Rows that were held back: by cause, one cause (?group=...), one error (?error=...); and what both sides changed
(?conflicts=...), one such conflict (?conflict=...)."""

from __future__ import annotations

import streamlit as st

from glsync.services import errors, mappings
from glsync.services.changes import CHANGES
from glsync.services.errors import ErrorFilter
from glsync.ui import conflict_view, error_acts, error_view, live, shell, state, tables, texts, words
from glsync.ui.components import empty, guarded, icon

visit = shell.enter("errors")
TABLE = "errors_groups"


def counters() -> None:
    """How many errors stand where, and how long the oldest waits."""
    found, oldest = errors.standing(visit.actor)
    with st.grid(4, min_column_width=150, gap="small", key="errors_counters"):
        for name, chip in texts.ERROR_STATES.items():
            waits = f"The oldest was first seen {words.ago(oldest)}." if name == "open" and oldest else None
            st.metric(chip.word, words.number(found.get(name, 0)), icon=icon(chip.icon), border=True, help=waits)


def filters() -> ErrorFilter:
    """Which errors to show; the address remembers it."""
    names = {name: id for id, name in mappings.names(visit.actor).items()}
    with st.container(horizontal=True, vertical_alignment="bottom", key="errors_filters"):
        states = st.multiselect(
            "State",
            list(texts.ERROR_STATES),
            default=["open"],
            format_func=lambda name: texts.ERROR_STATES[name].word,
            key="errors_state",
            bind="query-params",
            placeholder="Any",
        )
        mapping = st.selectbox(
            "Mapping", list(names), index=None, key="errors_mapping", bind="query-params", placeholder="Any"
        )
        types = st.multiselect(
            "Code", list(texts.ERROR_TYPES), key="errors_code", bind="query-params", placeholder="Any"
        )
        search = st.text_input(
            "Search", key="errors_search", bind="query-params", type="search", placeholder="Row, column or value"
        )
        mine = st.checkbox("Assigned to me", key="errors_mine", bind="query-params")
    assignee = visit.actor.name if mine else None
    return ErrorFilter(tuple(states), names.get(mapping or ""), tuple(types), search=search or "", assignee=assignee)


def by_cause(shown: ErrorFilter) -> None:
    """The causes, the largest first. New ones are announced, and never move what is being read."""
    total = errors.count(visit.actor, shown)
    drawn_at = CHANGES.versions()["errors"]
    live.region("errors_news", lambda: news(shown, total, drawn_at), topics=("errors", "listener"))
    groups = errors.groups(visit.actor, shown, limit=tables.PAGE, offset=(page_number() - 1) * tables.PAGE)
    if not groups:
        filtered = shown != ErrorFilter()
        with empty(texts.EMPTY["errors_filtered" if filtered else "errors"], "errors_list"):
            if filtered:
                st.button("Clear filters", key="errors_clear", on_click=clear_filters)
        return
    st.caption(f"{words.counted(total, 'error')} · pick a cause to see what it means and what to do")
    error_acts.buttons(visit, shown, total, None, f"all {words.number(total)}")
    if (picked := tables.error_groups(groups, key=TABLE)) is not None:
        st.query_params["group"] = groups[picked].key
        st.rerun()
    if len(groups) == tables.PAGE or page_number() > 1:
        st.pagination(page_number() + (len(groups) == tables.PAGE), key="errors_page")


def page_number() -> int:
    return state.get("errors_page", 1)


def news(shown: ErrorFilter, before: int, drawn_at: int) -> None:
    """A button that appears when errors came in since the list was drawn; nothing is counted while nothing changed."""
    if CHANGES.listening and CHANGES.versions()["errors"] == drawn_at:
        return
    came = errors.count(visit.actor, shown) - before
    if came > 0:
        said = f"{words.counted(came, 'new error')} · Show"
        st.button(said, key="errors_newer", icon=icon("arrow_upward"), on_click=st.rerun)


def clear_filters() -> None:
    st.session_state.update(
        errors_state=["open"], errors_mapping=None, errors_code=[], errors_search="", errors_mine=False
    )


def overview() -> None:
    with guarded("errors_counters"):
        counters()
    with guarded("conflicts"):
        conflict_view.section(visit)
    with guarded("errors_list"):
        by_cause(filters())
    error_acts.ignored_causes(visit)


error_acts.closing_dialog(visit)
if asked := st.query_params.get("error"):
    error_view.one(visit, asked)
elif asked := st.query_params.get("group"):
    error_view.group(visit, asked)
elif asked := st.query_params.get("conflict"):
    conflict_view.page(visit, asked, one=True)
elif asked := st.query_params.get("conflicts"):
    conflict_view.page(visit, asked)
else:
    overview()
