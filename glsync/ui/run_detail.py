"""One run in full, and what can be done about it: cancel, approve what waits, run again, retry what was held back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import streamlit as st

from glsync.errors import NotFound
from glsync.services import runs
from glsync.services.errors import ErrorGroup
from glsync.services.runs import RunRow
from glsync.ui import commands, dialogs, explain_view, live, places, run_view, state, texts, undo_view, words
from glsync.ui.components import card, empty, guarded, icon
from glsync.ui.shell import Visit


def page(visit: Visit, asked: str) -> None:
    """The run that the address names."""
    st.button("All runs", key="runs_back", icon=icon("arrow_back"), type="tertiary", on_click=close)
    with guarded("runs_detail"):
        try:
            run = runs.get(visit.actor, UUID(asked))
        except (NotFound, ValueError):
            with empty(texts.EMPTY["gone"], "runs_detail"):
                st.button("All runs", key="runs_all", on_click=close)
            return
        live.region(
            "runs_detail_live", lambda: _draw(visit, run.id), busy=lambda: not runs.get(visit.actor, run.id).ended
        )
        approval_dialog(visit, run)
        explain_view.lookup(visit, run.mapping_id, run.mapping_name)
        undo_view.dialog(visit, run)
        explain_view.dialog()


def close() -> None:
    st.query_params.pop("run", None)


def _draw(visit: Visit, log_id: UUID) -> None:
    run = runs.get(visit.actor, log_id)
    with st.container(horizontal=True, vertical_alignment="center", key="runs_detail_head"):
        run_view.heading(run)
        st.space("stretch")
        _acts(visit, run)
    _verdict(run)
    st.caption(run_view.facts(run))
    undo_view.relations(visit, run)
    for number, part in enumerate(run.waiting):
        _waiting_part(visit, run, part, number)
    if not run.ended:
        with st.container(border=True, key="runs_detail_working"):
            run_view.working(run)
    run_view.figures(run)
    causes = runs.causes(visit.actor, run.id) if run.counts.failed or run.counts.conflicts else []
    if causes:
        with card("Held back, by cause", "runs_detail_causes"):
            for cause in causes:
                _cause(cause)
    elif run.counts.failed:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(texts.HELD_BACK_BEFORE, width="content")
            places.link("Errors", "errors", icon=icon("arrow_forward"), errors_mapping=run.mapping_name)
    if run.counts.conflicts:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(f"{words.counted(run.counts.conflicts, 'conflict')}: {texts.CONFLICTS}", width="content")
            places.link("Decide them", "errors", icon=icon("alt_route"), conflicts=str(run.mapping_id))
    with card("Log", "runs_detail_log"):
        _log(visit, run)


def _verdict(run: RunRow) -> None:
    """What the run says of itself, and what to do when it failed."""
    if run.message:
        st.markdown(words.plain(run.message))
    if run.status == "failed" and run.hint:
        st.markdown(f":orange[{icon('lightbulb')}] {words.plain(run.hint)}")


def _acts(visit: Visit, run: RunRow) -> None:
    if not run.ended:
        cancel_button(visit, run)
        return
    may, why = visit.may("operator"), visit.why_not("operator")
    if run.counts.stored:
        undo_view.button(visit, run)
    if run.counts.failed:
        st.button(
            "Retry held back rows",
            key="runs_detail_retry",
            icon=icon("replay"),
            disabled=not may,
            help=why,
            on_click=commands.retry,
            args=(visit.actor, run.mapping_id, run.mapping_name),
        )
    st.button(
        "Run again",
        key="runs_detail_again",
        icon=icon("sync"),
        type="primary",
        disabled=not may,
        help=why,
        on_click=commands.sync_now,
        args=(visit.actor, run.mapping_id, run.mapping_name),
    )


def cancel_button(visit: Visit, run: RunRow) -> None:
    st.button(
        "Cancelling" if run.cancel_requested else "Cancel",
        key=f"runs_cancel_{run.id}",
        icon=icon("stop_circle"),
        disabled=run.cancel_requested or not visit.may("operator"),
        help=visit.why_not("operator") or texts.CANCEL_HELP,
        on_click=commands.cancel,
        args=(visit.actor, run.id, run.mapping_name),
    )


def _waiting_part(visit: Visit, run: RunRow, part: dict[str, Any], number: int) -> None:
    """A part of the plan that a guard stopped: why, which rows, and the button that leads to approving it."""
    with st.container(border=True, key=f"runs_waiting_{number}"):
        st.markdown(f":violet[{icon('pan_tool')}] **{words.plain(part['reason'])}**")
        if sample := part.get("sample"):
            st.caption(f"For example {words.plain(', '.join(map(str, sample)))}")
        st.button(
            f"Approve {part['operation']} of {words.counted(part['rows'], 'row')}",
            key=f"runs_approve_{number}",
            icon=icon("check"),
            disabled=not visit.may("operator"),
            help=visit.why_not("operator"),
            on_click=ask_approval,
            args=(run.id, part),
        )


def ask_approval(log_id: UUID, part: dict[str, Any]) -> None:
    state.open_dialog("approve", run=log_id, part=part)
    st.rerun()


def approval_dialog(visit: Visit, run: RunRow) -> None:
    """The last look before a guarded part is written."""
    asked = dialogs.asked("approve")
    if asked is None or asked.about["run"] != run.id:
        return
    part = asked.about["part"]

    def draw() -> None:
        st.markdown(words.plain(part["reason"]))
        side = "Postgres" if part["side"] == "postgres" else "Glide"
        st.markdown(texts.APPROVAL.format(rows=words.counted(part["rows"], "row"), side=side, act=part["operation"]))
        for row_id in part.get("sample", ()):
            st.text(row_id)
        dialogs.buttons(f"Approve {part['operation']}", "runs_approval", _approved, visit, run, part["hash"])

    dialogs.show("Approve this part", draw, symbol="pan_tool")


def _approved(visit: Visit, run: RunRow, plan_hash: str) -> None:
    state.close_dialog()
    if run.undo_of:
        commands.undo(visit.actor, run.undo_of, run.mapping_name, plan_hash)
    else:
        commands.sync_now(visit.actor, run.mapping_id, run.mapping_name, approve=plan_hash)


def _cause(cause: ErrorGroup) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{words.number(cause.count)}** {words.plain(cause.advice.title)}", width="content")
        st.caption(words.plain(" · ".join(filter(None, (cause.column, cause.sample_value)))), width="content")
        st.space("stretch")
        places.link("Look", "errors", icon=icon("arrow_forward"), group=cause.key)


def _log(visit: Visit, run: RunRow) -> None:
    """The last lines the run wrote, and a way to keep them."""
    lines = runs.events(visit.actor, run.id)
    if not lines:
        st.caption(texts.NO_LOG)
        return
    text = run_view.log_text(lines)
    st.code(text, language=None, height=360 if len(lines) > 15 else "content", wrap_lines=True)
    st.download_button(
        "Download",
        text,
        file_name=f"run-{run.id}.log",
        mime="text/plain",
        key="runs_log_download",
        icon=icon("download"),
        on_click="ignore",
    )
