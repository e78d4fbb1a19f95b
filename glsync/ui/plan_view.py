"""What a run would do now: the answer of a dry run, in a drawer beside the page that asked."""

from __future__ import annotations

from uuid import UUID

import pandas as pd
import streamlit as st

from glsync.errors import SyncError
from glsync.ui import background, commands, components, dialogs, run_view, state, texts, words
from glsync.ui.components import icon
from glsync.ui.shell import Visit
from glsync.values import Plan, SideWrites


def dialog(visit: Visit) -> None:
    """Draw the drawer while it is open."""
    asked = dialogs.asked("plan")
    if asked is None:
        return
    name, mapping_id = asked.about["name"], asked.about["mapping"]

    def draw() -> None:
        work = background.answer(commands.PLAN, texts.WORKING_PLAN)
        if work is None:
            return
        try:
            plan = work.result()
        except SyncError as error:
            components.failure(error, "plan", may_repeat=False)
            return
        show(plan)
        _acts(visit, mapping_id, name)

    title = f"Dry run of {words.plain(name)}"
    dialogs.show(title, draw, symbol="preview", close=close, width="medium", drawer=True)


def close() -> None:
    state.close_dialog()
    background.drop(commands.PLAN)


def _acts(visit: Visit, mapping_id: UUID, name: str) -> None:
    with st.container(horizontal=True, horizontal_alignment="right"):
        st.button("Close", key="plan_close", on_click=close)
        st.button(
            "Sync now",
            key="plan_sync",
            type="primary",
            icon=icon("sync"),
            disabled=not visit.may("operator"),
            help=visit.why_not("operator"),
            on_click=_sync,
            args=(visit, mapping_id, name),
        )


def _sync(visit: Visit, mapping_id: UUID, name: str) -> None:
    close()
    commands.sync_now(visit.actor, mapping_id, name)


def show(plan: Plan, *, waits: str = texts.PART_WAITS, nothing: str = texts.NOTHING_TO_DO) -> None:
    """Both sides, what is held back, what waits, the price, and some rows to look at."""
    if not any((_all(plan.postgres), _all(plan.glide), plan.conflicts, plan.failed, plan.waiting)):
        st.markdown(f":green[{icon('check_circle')}] {nothing}")
    for side, writes in (("In Postgres", plan.postgres), ("In Glide", plan.glide)):
        with st.container(gap="xsmall"):
            st.markdown(f"**{side}**")
            with st.grid(3, min_column_width=110, gap="small"):
                st.metric("Create", words.number(writes.create), border=True)
                st.metric("Update", words.number(writes.update), border=True)
                st.metric("Delete", words.number(writes.delete), border=True)
    st.caption(
        f"{words.counted(plan.failed, 'row')} held back · {words.counted(plan.conflicts, 'conflict')} · "
        f"costs {run_view.price(plan.price.updates)} · plan {plan.hash[:8]}"
    )
    for part in plan.waiting:
        with st.container(border=True):
            st.markdown(f":violet[{icon('pan_tool')}] **{words.plain(part.reason)}**")
            st.caption(waits)
    if plan.samples:
        st.markdown("**Some of these rows**")
        st.dataframe(_samples(plan), hide_index=True, alt="Some rows the run would write")


def _samples(plan: Plan) -> pd.DataFrame:
    """Some rows, and of a mapping of both directions where and how each would be written."""
    rows = [
        {"Row": str(one.get("row", one.get("glide_row_id")))}
        | {label: str(one[name]).capitalize() for name, label in texts.SAMPLE.items() if name in one}
        for one in plan.samples
    ]
    return pd.DataFrame(rows)


def _all(writes: SideWrites) -> int:
    return writes.create + writes.update + writes.delete
