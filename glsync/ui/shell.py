"""The frame of every page: who asks, what they may see, the heading, messages, and whether all is alive."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

import glsync
from glsync.errors import SyncError
from glsync.services import access, arming, demo, runs
from glsync.services.access import Actor, Role
from glsync.services.changes import CHANGES, POLLING
from glsync.ui import live, messages, signing, state, texts, words
from glsync.ui.components import icon

SILENT = timedelta(seconds=60)
"""A worker that was not heard of for so long is taken for gone."""
_SINCE = "shell_unreachable_since"
_margins = st.components.v2.component(
    "glsync_frame", css=Path(__file__).with_name("frame.css").read_text("utf-8"), isolate_styles=False
)
"""Our own few lines of style, the same for every page and reader; nothing is ever handed to them."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One reader on one page. `actions` is the place for buttons beside the heading."""

    actor: Actor
    actions: DeltaGenerator

    def may(self, role: Role) -> bool:
        return access.allowed(self.actor, role)

    def why_not(self, role: Role) -> str | None:
        """The help of a button this reader cannot press; None when they can."""
        return None if self.may(role) else texts.NEEDS.format(role=role)


def who() -> Actor:
    """The reader: who signed in, or without sign-in the one local user. Where somebody has to sign in, it ends here."""
    return signing.reader()


def enter(page: str) -> Visit:
    """Let the reader in or stop here, then draw the frame. The first line of every page."""
    actor = who()
    title = texts.TITLES[page]
    with st.container(horizontal=True, vertical_alignment="bottom", key="shell_header"):
        with st.container(gap=None):
            st.title(title.name, anchor=False)
            st.caption(title.intro)
        actions = st.container(horizontal=True, width="content", vertical_alignment="center", key="shell_actions")
    _status_line(actor)
    if state.dialog() is None:
        messages.draw()
    return Visit(actor, actions)


def _status_line(actor: Actor) -> None:
    """Is what stands below alive: the database, the worker, and how often we look."""
    with st.sidebar:
        live.region("shell_pulse", lambda: _pulse(actor), topics=("listener", "connections"))
        signing.draw_menu(actor)
        st.caption(f"{texts.PRODUCT} {glsync.__version__}" + ("" if actor.user_id else f" · {words.plain(actor.name)}"))
        _margins(key="shell_margins", width=1, height=1)


def _pulse(actor: Actor) -> None:
    try:
        seen, is_copy = runs.worker_seen(actor), arming.is_copy(actor)
    except SyncError:
        since = state.made_once(_SINCE, lambda: datetime.now(UTC))
        st.badge("Database unreachable", icon=icon("cloud_off"), color="red")
        st.caption(f"since {words.clock(since)}. This page goes on by itself when it is back.")
        return
    if state.take(_SINCE, None) is not None:
        st.rerun()  # it is back: everything that failed meanwhile is drawn again
    if CHANGES.listening:
        st.badge("Live", icon=icon("bolt"), color="green", help=texts.LIVE)
    else:
        said = texts.POLLING.format(seconds=round(POLLING))
        st.badge(said, icon=icon("history_toggle_off"), color="gray", help=texts.POLLING_HELP)
    if is_copy:
        st.badge("A copy: nothing runs", icon=icon("content_copy"), color="red", help=texts.COPY)
    if seen is None:
        st.badge("No worker yet", icon=icon("hourglass_empty"), color="orange", help=texts.NO_WORKER)
    elif datetime.now(UTC) - seen > SILENT:
        st.badge(f"Worker last seen {words.ago(seen)}", icon=icon("warning"), color="orange", help=texts.NO_WORKER)
    else:
        st.badge("Worker ready", icon=icon("sensors"), color="green", help=texts.WORKER)
    if demo.is_loaded(actor):
        st.badge("Demo data", icon=icon("science"), color="violet", help=texts.DEMO_DATA)
    else:
        st.badge("Live data", icon=icon("public"), color="blue", help=texts.LIVE_DATA)
