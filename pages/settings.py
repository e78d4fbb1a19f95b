"""Everybody's own tokens; for administrators what runs, its configuration, the demo, what programs use, and people."""

from __future__ import annotations

import streamlit as st

from glsync.errors import SyncError
from glsync.services import arming, config
from glsync.ui import (
    about,
    automation,
    background,
    components,
    dialogs,
    people,
    shell,
    state,
    texts,
    token_cards,
    words,
)
from glsync.ui.commands import attempt, done
from glsync.ui.components import card, facts, guarded, icon

visit = shell.enter("settings")
FLIGHTS, WORD = "settings_flights_work", "reset"


def installation(found: about.About) -> None:
    with card("This installation", "settings_about"):
        if found.is_ready:
            st.badge("Ready", icon=icon("check_circle"), color="green")
        else:
            st.badge("Not ready", icon=icon("error"), color="red")
        facts(found.facts, alt="Facts about this installation")
        st.caption("A closer look at everything: python -m glsync doctor")
        if found.is_ready:
            copied()


def copied() -> None:
    """A copied database rests until somebody says that it may write."""
    if not arming.is_copy(visit.actor):
        return
    st.markdown(f":red[{icon('content_copy')}] {texts.COPY}")
    st.button("Re-arm", key="settings_rearm", icon=icon("lock_open"), help=texts.REARM, on_click=rearm)


def rearm() -> None:
    if attempt(arming.rearm, visit.actor) is not None:
        done("Re-armed: its mappings run from now on.")


def configuration() -> None:
    with card("Configuration as a file", "settings_configuration"):
        st.markdown(texts.EXPORT)
        st.download_button(
            "Export configuration",
            lambda: config.export(visit.actor),
            file_name="glsync.yaml",
            mime="application/yaml",
            key="settings_export",
            icon=icon("download"),
            on_click="ignore",
        )


def demo(found: about.About) -> None:
    """The stand-in's address, the large app, and the way back to the beginning."""
    with card("Demo", "settings_demo"):
        if found.standin is None:
            st.markdown(texts.NO_DEMO)
            return
        st.markdown(texts.DEMO)
        st.caption(words.plain(f"The stand-in answers at {found.standin}"))
        with st.container(horizontal=True):
            st.button(
                "Load 336,776 flights",
                key="settings_flights",
                icon=icon("flight"),
                help=texts.FLIGHTS_HELP,
                on_click=background.ask,
                args=(FLIGHTS, about.add_flights, visit.actor),
            )
            st.button(
                "Reset the demo",
                key="settings_reset",
                icon=icon("restart_alt"),
                on_click=state.open_dialog,
                args=("reset_demo",),
            )
        work = background.answer(FLIGHTS, texts.LOADING_FLIGHTS)
        if work is not None:
            flights_answer(work)


def flights_answer(work: background.Work[list[str]]) -> None:
    try:
        changed = work.result()
    except SyncError as error:
        components.failure(error, "settings_flights_answer", may_repeat=False)
        return
    st.markdown(f":green[{icon('check_circle')}] The flights are connected and mapped; sync them under Sync runs.")
    st.caption(words.plain(" · ".join(changed)))


def reset_dialog() -> None:
    if dialogs.asked("reset_demo") is None:
        return

    def draw() -> None:
        st.markdown(texts.RESET)
        typed = st.text_input(f"Type {WORD} to confirm", key="settings_reset_word", live=True)
        dialogs.buttons("Reset the demo", "settings_reset", reset, disabled=typed.strip().lower() != WORD)

    dialogs.show("Reset the demo", draw, symbol="restart_alt")


def reset() -> None:
    state.close_dialog()
    if attempt(about.reset_demo, visit.actor) is not None:
        done("The demo is as it was at first.", link=("Dashboard", "dashboard", {}))


def whole() -> None:
    """What administrators set."""
    reset_dialog()
    people.removing_dialog(visit)
    with guarded("settings"):
        now = about.about()
        left, right = st.columns([3, 2], gap="medium")
        with left:
            installation(now)
        with right:
            demo(now)
            configuration()
        token_cards.own(visit)
        token_cards.all_of_them(visit)
        automation.cards(visit)
    with guarded("settings_people"):
        people.draw(visit)


automation.dialog(visit)
token_cards.dialog(visit)
if visit.may("admin"):
    whole()
else:
    token_cards.own(visit)
