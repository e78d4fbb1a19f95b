"""What runs now, what ran before, and one run in full (?run=...)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import streamlit as st

from glsync.services import mappings, runs
from glsync.services.runs import RunFilter
from glsync.ui import commands, live, plan_view, run_detail, run_view, shell, tables, texts, words
from glsync.ui.components import empty, guarded, icon

visit = shell.enter("runs")
TABLE = "runs_history"
PERIODS = {"24 hours": timedelta(hours=24), "7 days": timedelta(days=7), "30 days": timedelta(days=30)}


def start_bar() -> None:
    """Choose a mapping, then sync it or see what a sync would do."""
    choice = mappings.names(visit.actor, active=True)
    with st.container(border=True, key="runs_start", horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox("Mapping", list(choice), format_func=lambda i: choice[i], key="runs_mapping_to_sync")
        st.button(
            "Dry run",
            key="runs_dry_run",
            icon=icon("preview"),
            disabled=chosen is None or not visit.may("operator"),
            help=visit.why_not("operator") or texts.DRY_RUN_HELP,
            on_click=commands.dry_run,
            args=(visit.actor, chosen, choice.get(chosen, "")),
        )
        st.button(
            "Sync now",
            key="runs_sync",
            type="primary",
            icon=icon("sync"),
            shortcut="Ctrl+Enter",
            disabled=chosen is None or not visit.may("operator"),
            help=visit.why_not("operator"),
            on_click=commands.sync_now,
            args=(visit.actor, chosen, choice.get(chosen, "")),
        )


def running_now() -> None:
    """A card for each run that waits or works."""
    active = runs.active(visit.actor)
    st.subheader(f"Running now{f' · {len(active)}' if active else ''}", anchor=False)
    if not active:
        st.caption(texts.EMPTY["running"].body)
    for run in active:
        with st.container(border=True, key=f"runs_card_{run.id}"):
            with st.container(horizontal=True, vertical_alignment="center"):
                run_view.heading(run)
                st.space("stretch")
                st.button(
                    "Open",
                    key=f"runs_open_{run.id}",
                    icon=icon("arrow_forward"),
                    type="tertiary",
                    on_click=open_run,
                    args=(str(run.id),),
                )
                run_detail.cancel_button(visit, run)
            run_view.working(run)


def filters() -> RunFilter:
    """What of the history to show; the address remembers it."""
    choice = {name: id for id, name in mappings.names(visit.actor).items()}
    with st.container(horizontal=True, vertical_alignment="bottom", key="runs_filters"):
        states = st.multiselect(
            "State",
            [name for name in texts.RUN_STATES if name != "waiting"],
            format_func=lambda name: texts.RUN_STATES[name].word,
            key="runs_state",
            bind="query-params",
            placeholder="Any",
        )
        mapping = st.selectbox(
            "Mapping", list(choice), index=None, key="runs_mapping", bind="query-params", placeholder="Any"
        )
        triggers = st.multiselect(
            "Started by",
            list(texts.TRIGGERS),
            format_func=texts.TRIGGERS.__getitem__,
            key="runs_trigger",
            bind="query-params",
            placeholder="Any",
        )
        period = st.selectbox(
            "Period", list(PERIODS), index=None, key="runs_period", bind="query-params", placeholder="Any"
        )
    since = datetime.now(UTC) - PERIODS[period] if period else None
    return RunFilter(tuple(states), choice.get(mapping or ""), tuple(triggers), since)


def history(shown: RunFilter) -> None:
    """What ran, newest first, a page at a time. Rows keep their place while they are looked at."""
    newest = runs.history(visit.actor, shown, limit=1)
    if not newest:
        filtered = shown != RunFilter()
        with empty(texts.EMPTY["runs_filtered" if filtered else "runs"], "runs_history"):
            if filtered:
                st.button("Clear filters", key="runs_clear", on_click=clear_filters)
        return
    later = replace(shown, since=newest[0].started_at + timedelta(microseconds=1))
    pages = -(-runs.count(visit.actor, shown) // tables.PAGE)
    table = st.container()
    page = st.pagination(pages, key="runs_page") if pages > 1 else 1

    def draw() -> None:
        newer = runs.count(visit.actor, later)
        if newer:
            st.button(f"{words.counted(newer, 'newer run')} · Show", key="runs_newer", icon=icon("arrow_upward"))
        rows = runs.history(visit.actor, shown, limit=tables.PAGE, offset=newer + (page - 1) * tables.PAGE)
        if (picked := tables.runs(rows, key=TABLE)) is not None:
            open_run(str(rows[picked].id))

    with table:
        live.region("runs_history_live", draw, busy=lambda: bool(runs.active(visit.actor)))


def open_run(run_id: str) -> None:
    """Show this run. Both in a callback and where a table is drawn, the whole page is drawn anew."""
    st.query_params["run"] = run_id
    st.rerun()


def clear_filters() -> None:
    for key in ("runs_state", "runs_trigger"):
        st.session_state[key] = []
    for key in ("runs_mapping", "runs_period"):
        st.session_state[key] = None


def overview() -> None:
    """Start one, watch those that run, look through those that ran."""
    with guarded("runs_start"):
        start_bar()
    live.region("runs_active", running_now, busy=lambda: bool(runs.active(visit.actor)))
    st.subheader("History", anchor=False)
    with guarded("runs_history"):
        history(filters())


plan_view.dialog(visit)
if asked := st.query_params.get("run"):
    run_detail.page(visit, asked)
else:
    overview()
