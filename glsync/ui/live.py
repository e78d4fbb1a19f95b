"""How screens stay fresh. Pages say what to draw and when it is busy; how often, and what wakes it, is decided here."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from pathlib import Path

import streamlit as st

from glsync.errors import SyncError
from glsync.services.changes import CHANGES, POLLING, TOPICS, Topic
from glsync.ui import push, state
from glsync.ui.components import guarded

IDLE = 60
BUSY = 2
"""Seconds between two drawings that only time asks for: when nothing runs, and while something does."""
PACE = 1.0
"""Seconds between two drawings of the same part, however much changes."""


def _never() -> bool:
    return False


def region(
    key: str, draw: Callable[[], None], busy: Callable[[], bool] = _never, topics: Collection[Topic] = TOPICS
) -> None:
    """Draw here, and again by itself: when one of the topics changed, and every BUSY seconds while busy, else IDLE.

    Nobody draws what nobody sees: a tab in the background waits until it is looked at, unless it is busy.
    Only this part of the page is drawn again, so a dialog or a cell being edited outside it is left alone. When work
    begins or ends the whole page is drawn once, which sets the other pace. (A quick fragment inside a slow one would
    do without that, but what the inner one drew then stays on the screen beside what the outer one draws.) The
    same is done when a button in here opened a dialog, which stands outside.
    A service that fails is shown in this place, under its key, and asked again at the next look.
    """
    is_busy, dialog = _is_busy(busy), state.dialog()

    @st.fragment(run_every=BUSY if is_busy else None)
    def part() -> None:
        if state.dialog() != dialog:
            st.rerun()
        seen = CHANGES.versions()  # before drawing: what changes meanwhile is drawn once more
        with st.container(gap=None):
            with guarded(key):
                if busy() != is_busy:
                    st.rerun()
                with st.container():
                    draw()
            _wait(key, topics, seen)

    part()


_waiting_part = st.components.v2.component("glsync_live", js=Path(__file__).with_name("live.js").read_text("utf-8"))


def _wait(key: str, topics: Collection[Topic], seen: dict[Topic, int]) -> None:
    """Stand in the fragment that is drawn now; the browser has it drawn again when a topic is beyond what was seen."""
    _waiting_part(
        key=f"{key}_changes",
        data={
            "topics": list(topics),
            "seen": {topic: seen[topic] for topic in topics},
            "path": push.PATH,
            "drawn": time.time_ns(),  # so that the browser learns of every drawing, also of one that looks the same
            "polling": round(POLLING * 1000),
            "idle": IDLE * 1000,
            "pace": round(PACE * 1000),
        },
        width=1,
        height=1,
        on_changed_change=lambda: None,  # the drawing that follows is all there is to do
    )


def _is_busy(busy: Callable[[], bool]) -> bool:
    """Nobody can say while the database is away; the part itself then shows why."""
    try:
        return busy()
    except SyncError:
        return False
