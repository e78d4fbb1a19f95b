"""Undoing a run from its page: what it would write and leave, shown before the button that does it."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from glsync.errors import SyncError
from glsync.services import undoing
from glsync.services.runs import RunRow
from glsync.ui import background, commands, components, dialogs, places, plan_view, state, texts, words
from glsync.ui.components import icon
from glsync.ui.shell import Visit
from glsync.values import UndoPlan

LISTED = 200
"""Rows that are left, listed at most so many."""


def button(visit: Visit, run: RunRow) -> None:
    """Undo, for runs that wrote something history still knows."""
    found = undoing.state(visit.actor, run.id)
    until = f" Possible until {words.moment(found.until)}." if found.until else ""
    st.button(
        "Undo",
        key="runs_detail_undo",
        icon=icon("undo"),
        disabled=found.why_not is not None or not visit.may("operator"),
        help=visit.why_not("operator") or found.why_not or texts.UNDO_HELP + until,
        on_click=commands.plan_undo,
        args=(visit.actor, run.id, run.mapping_name),
    )


def relations(visit: Visit, run: RunRow) -> None:
    """Where this run undid another one, or was undone itself."""
    if run.undo_of:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f":violet[{icon('undo')}] {texts.IS_UNDO}", width="content")
            places.link("The run it undid", "runs", icon=icon("arrow_forward"), run=run.undo_of)
    if run.ended and (by := undoing.state(visit.actor, run.id).undone_by):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f":violet[{icon('undo')}] {texts.WAS_UNDONE}", width="content")
            places.link("The run that undid it", "runs", icon=icon("arrow_forward"), run=by)


def dialog(visit: Visit, run: RunRow) -> None:
    """The plan of the undo, in a drawer, while it is open."""
    asked = dialogs.asked("undo")
    if asked is None or asked.about["run"] != run.id:
        return

    def draw() -> None:
        work = background.answer(commands.UNDO, texts.WORKING_UNDO)
        if work is None:
            return
        try:
            found = work.result()
        except SyncError as error:
            components.failure(error, "undo", may_repeat=False)
            return
        _show(visit, run, found)

    title = f"Undo a run of {words.plain(run.mapping_name)}"
    dialogs.show(title, draw, symbol="undo", close=close, width="medium", drawer=True)


def close() -> None:
    state.close_dialog()
    background.drop(commands.UNDO)


def _show(visit: Visit, run: RunRow, found: UndoPlan) -> None:
    st.markdown(words.plain(undoing.state(visit.actor, run.id).next))
    plan_view.show(found.plan, waits=texts.UNDO_WAITS, nothing=texts.NOTHING_TO_UNDO)
    if found.already:
        st.caption(f"{words.counted(found.already, 'row')} as before the run already.")
    if found.left:
        st.markdown(f"**{words.counted(len(found.left), 'row')} left as they are**")
        frame = pd.DataFrame([(left.side, left.row, left.reason) for left in found.left[:LISTED]])
        frame.columns = ["Side", "Row", "Why"]
        st.dataframe(frame, hide_index=True, alt="Rows the undo leaves as they are")
    st.caption(texts.UNDO_LIMITS)
    with st.container(horizontal=True, horizontal_alignment="right"):
        st.button("Close", key="undo_close", on_click=close)
        st.button(
            "Undo this run",
            key="undo_yes",
            type="primary",
            icon=icon("undo"),
            disabled=not visit.may("operator") or not _writes(found),
            help=visit.why_not("operator"),
            on_click=_undo,
            args=(visit, run, found.plan.hash),
        )


def _writes(found: UndoPlan) -> int:
    sides = (found.plan.glide, found.plan.postgres)
    return sum(side.create + side.update + side.delete for side in sides)


def _undo(visit: Visit, run: RunRow, approve: str) -> None:
    close()
    commands.undo(visit.actor, run.id, run.mapping_name, approve)
