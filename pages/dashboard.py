"""Is the data fresh, and does anything wait for somebody?"""

from __future__ import annotations

import streamlit as st

from glsync.services import demo, mappings, metrics, overview, runs
from glsync.services.overview import Happening, Overview
from glsync.ui import commands, components, live, places, shell, state, tables, texts, words
from glsync.ui.components import card, empty, guarded, icon, timeline

visit = shell.enter("dashboard")
TABLE = "dashboard_mappings"
DRAWN = "dashboard_mappings_drawn"
SHOWN = 25
"""Mappings on this page; the rest is on theirs."""
BARS = 24
"""Bars in the smallest of charts; more of them are no longer seen apart."""


def draw() -> None:
    found = overview.overview(visit.actor)
    if not found.mappings_total:
        first_steps(found)
        return
    verdict(found)
    if found.verdict == "not_run":
        first_sync(found)
    else:
        cards(found)
    with guarded("dashboard_list"):
        mapping_table(found.mappings_total)
    if found.activity:
        with card("Activity", "dashboard_activity"):
            timeline([(line.at, line.level, told(line)) for line in found.activity])


def first_steps(found: Overview) -> None:
    """Nothing is mapped yet: what to do, step by step, with what is done already ticked."""
    with empty(texts.EMPTY["dashboard"], "dashboard"):
        for name, (label, page) in texts.STEPS.items():
            ticked = found.steps_done.get(name, False)
            places.link(label, page, icon=icon("check_circle" if ticked else "radio_button_unchecked"))


def first_sync(found: Overview) -> None:
    """Everything is connected and nothing ran: one press away from the first rows."""
    with st.container(border=True, key="dashboard_first_sync", horizontal=True, vertical_alignment="center"):
        is_demo = demo.is_loaded(visit.actor)
        with st.container(gap="xsmall"):
            st.subheader(texts.FIRST_SYNC_DEMO if is_demo else texts.FIRST_SYNC, anchor=False)
            st.markdown(f":gray[{texts.FIRST_SYNC_BODY.format(tables=words.counted(found.mappings_total, 'table'))}]")
        st.button(
            texts.SYNC_ALL_DEMO if is_demo else texts.SYNC_ALL,
            type="primary",
            key="dashboard_sync_all",
            icon=icon("sync"),
            disabled=not visit.may("operator"),
            help=visit.why_not("operator"),
            on_click=commands.sync_all,
            args=(visit.actor,),
        )


def verdict(found: Overview) -> None:
    """One line that answers the page's question."""
    colour, symbol, said = texts.VERDICTS[found.verdict]
    needing = "1 mapping needs" if found.attention == 1 else f"{found.attention} mappings need"
    said = said.format(running=words.counted(found.running, "run"), attention=needing)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.header(f":{colour}[{icon(symbol)}] {said}", anchor=False, width="content")
        st.caption(f"As of {words.now_clock()}", width="content")


def cards(found: Overview) -> None:
    """Freshness, volume, what waits, and how well it goes; each with how it went."""
    ages = metrics.freshness(visit.actor)["age_seconds"].dropna().head(BARS)
    week = metrics.per_day(visit.actor, days=7)
    waiting = words.counted(found.open_errors, "row") + f" and {words.counted(found.open_conflicts, 'conflict')}"
    with st.grid(4, min_column_width=170, gap="small", key="dashboard_cards"):
        components.stat(
            "Oldest data",
            texts.NEVER if found.never_run else words.age(found.oldest_freshness),
            "schedule",
            [float(age) for age in ages],
            oldest_said(found),
        )
        components.stat(
            "Rows, 24 h",
            words.number(found.records_24h),
            "swap_vert",
            found.records_24h_series,
            "Rows stored in the last 24 hours. One bar for each hour.",
        )
        components.stat(
            "Open errors",
            words.number(found.open_errors + found.open_conflicts),
            "error",
            [float(rows) for rows in week["rejected"]],
            f"{waiting} wait for somebody. One bar for each of the last 7 days: rows held back.",
        )
        components.stat(
            "Success, 7 d",
            words.share(found.success_rate_7d),
            "verified",
            [float(done) for done in week["completed"]],
            "Runs that completed, of all that ended. One bar for each day: runs without any error.",
        )


def oldest_said(found: Overview) -> str:
    """What the age of the oldest data means."""
    if found.never_run:
        return texts.NEVER_RAN.format(mappings=words.counted(found.never_run, "mapping"))
    return f"Last good run of the stalest mapping: {words.moment(found.oldest_freshness)}. Its bar is the first."


def told(line: Happening) -> str:
    """Products completed with errors; ada rotated the connection Field operations."""
    if line.kind == "run":
        return f"{line.subject_name} {texts.HAPPENINGS.get(line.action, line.action)}"
    return f"{line.actor} {line.action} the {line.subject_type} {line.subject_name or ''}".strip()


def mapping_table(total: int) -> None:
    """The mappings, with what can be done to the one that is picked. The toolbar stands before the grid."""
    rows = mappings.listing(visit.actor, limit=SHOWN)
    state.put(DRAWN, [(row.id, row.name) for row in rows])
    picked = tables.selected(TABLE, len(rows))
    chosen = rows[picked] if picked is not None else None
    with st.container(border=True, key="dashboard_mappings_card"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.subheader("Mappings", anchor=False)
            st.button(
                f"Sync {words.shortened(chosen.name, 24)}" if chosen else "Sync selected",
                key="dashboard_sync",
                icon=icon("sync"),
                disabled=chosen is None or not visit.may("operator"),
                help=visit.why_not("operator") or (None if chosen else "Select a row of the table first."),
                on_click=commands.sync_now,
                args=(visit.actor, chosen.id, chosen.name) if chosen else (),
            )
            if st.button("Open", key="dashboard_open", icon=icon("open_in_new"), disabled=chosen is None) and chosen:
                places.go("mappings", mapping=chosen.id)
        tables.mappings(rows, key=TABLE, on_sync=sync_clicked if visit.may("operator") else None)
        if total > SHOWN:
            places.link(f"All {words.number(total)} mappings", "mappings", icon=icon("arrow_forward"))


def sync_clicked() -> None:
    """The button inside a row of the table."""
    click = st.session_state[f"{TABLE}_sync"]
    mapping_id, name = state.get(DRAWN, [])[click.row]
    commands.sync_now(visit.actor, mapping_id, name)


live.region("dashboard_live", draw, busy=lambda: bool(runs.active(visit.actor)))
