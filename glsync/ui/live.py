"""How screens stay fresh. Pages say what to draw and when it is busy; how often, and what wakes it, is decided here."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from glsync.errors import SyncError
from glsync.ui.components import guarded

IDLE = 10
BUSY = 2
"""Seconds between two looks at the database: when nothing runs, and while something does."""


def _never() -> bool:
    return False


def region(key: str, draw: Callable[[], None], busy: Callable[[], bool] = _never) -> None:
    """Draw here, and again by itself: every BUSY seconds while busy, else every IDLE seconds.

    Only this part of the page is drawn again, so a dialog or a cell being edited outside it is left alone. When work
    begins or ends the whole page is drawn once, which sets the other pace. (A quick fragment inside a slow one would
    do without that, but what the inner one drew then stays on the screen beside what the outer one draws.)
    A service that fails is shown in this place, under its key, and asked again at the next look.
    """
    is_busy = _is_busy(busy)

    @st.fragment(run_every=BUSY if is_busy else IDLE)
    def part() -> None:
        with guarded(key):
            if busy() != is_busy:
                st.rerun()
            draw()

    part()


def _is_busy(busy: Callable[[], bool]) -> bool:
    """Nobody can say while the database is away; the part itself then shows why."""
    try:
        return busy()
    except SyncError:
        return False
