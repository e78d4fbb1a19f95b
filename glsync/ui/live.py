"""How screens stay fresh. Pages say what to draw and when it is busy; how often, and what wakes it, is decided here."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from glsync.ui.components import guarded

IDLE = 10
BUSY = 2
"""Seconds between two looks at the database: when nothing runs, and while something does."""


def region(key: str, draw: Callable[[], None], busy: Callable[[], bool]) -> None:
    """Draw here, and again by itself: every BUSY seconds while busy, else every IDLE seconds.

    A service that fails is shown in this place, under its key, and asked again at the next look.

    Only this part of the page is drawn again, so a dialog or a cell being edited outside it is left alone. The quick
    timer stops by itself: as soon as nothing is busy the outer fragment no longer draws the inner one.
    """

    @st.fragment(run_every=IDLE)
    def slow() -> None:
        with guarded(key):
            if busy():
                quick()
            else:
                draw()

    @st.fragment(run_every=BUSY)
    def quick() -> None:
        with guarded(key):
            draw()

    slow()
