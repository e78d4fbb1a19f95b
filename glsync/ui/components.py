"""Small things pages are drawn from. They are fed plain values and ask no service."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import blake2s

import streamlit as st
import structlog

from glsync.errors import SyncError
from glsync.ui import words
from glsync.ui.texts import Chip, Empty

log = structlog.get_logger("glsync.ui")


def icon(name: str) -> str:
    return f":material/{name}:"


def chip(state: Chip, *, note: str = "") -> None:
    """A state with its icon, its word and, for whoever hovers, a note."""
    st.badge(state.word, icon=icon(state.icon), color=state.colour, help=note or None)


def facts(pairs: Sequence[tuple[str, object]], *, alt: str) -> None:
    """Names and values, one a line. Values are data."""
    st.table({name: words.plain(value) for name, value in pairs}, border="horizontal", width="stretch", alt=alt)


@contextmanager
def empty(what: Empty, key: str) -> Iterator[None]:
    """An empty place that teaches; its buttons are drawn inside the with block."""
    with (
        st.container(border=True, key=f"{key}_empty", horizontal_alignment="center"),
        st.container(horizontal_alignment="center", width=520, gap="small"),
    ):
        st.space("small")
        st.markdown(f"### :gray[{icon(what.icon)}]", text_alignment="center", width="content")
        st.markdown(f"**{what.title}**", text_alignment="center")
        st.markdown(f":gray[{what.body}]", text_alignment="center")
        with st.container(horizontal=True, horizontal_alignment="center"):
            yield
        st.space("small")


def reference(error: SyncError) -> str:
    """Six characters to find the error in the log by; the same error keeps them for an hour."""
    spoken = f"{error.type}{error}{datetime.now(UTC):%Y%m%d%H}"
    return blake2s(spoken.encode(), digest_size=3).hexdigest().upper()


def failure(error: SyncError, key: str, *, may_repeat: bool = True) -> None:
    """A calm box: what happened, what to do, how to find it again, and, where drawing again asks again, a way to."""
    ref = reference(error)
    log.warning("page_part_failed", part=key, reference=ref, type=error.type, error=str(error))
    with st.container(border=True, key=f"{key}_failed"):
        st.markdown(f":orange[{icon('error')}] **{words.plain(error)}**")
        if error.hint:
            st.markdown(words.plain(error.hint))
        with st.container(horizontal=True, vertical_alignment="center"):
            if may_repeat:
                st.button("Try again", key=f"{key}_again", icon=icon("refresh"))
            st.caption(f"Reference {ref} · {error.type}", width="content")


@contextmanager
def guarded(key: str) -> Iterator[None]:
    """One part of a page: when its service fails, the failure stands here and the rest of the page stays."""
    try:
        yield
    except SyncError as error:
        failure(error, key)


@contextmanager
def card(heading: str, key: str, *, aside: str = "", step: int | None = None) -> Iterator[None]:
    """A bordered part of a page under a small heading; `step` numbers it."""
    with st.container(border=True, key=key):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            number = f":gray-badge[{step}] " if step else ""
            st.subheader(f"{number}{heading}", anchor=False, width="content")
            if aside:
                st.caption(aside, width="content")
        yield


def stat(label: str, value: str, symbol: str, series: Sequence[float], help: str) -> None:
    """A figure with its small history, one bar for each value."""
    st.metric(
        label,
        value,
        help=help,
        icon=icon(symbol),
        chart_data=series or [0],
        chart_type="bar",
        border=True,
        height="stretch",
    )


LEVELS = {"error": ("error", "red"), "warning": ("warning", "orange")}


def timeline(events: Sequence[tuple[datetime, str, str]]) -> None:
    """What happened, newest first: moment, level, words. The words are data."""
    for at, level, message in events:
        symbol, colour = LEVELS.get(level, ("check_circle", "gray"))
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            st.markdown(f":{colour}[{icon(symbol)}] :small[{words.plain(message)}]", width="content")
            st.markdown(f":small[:gray[{words.ago(at)}]]", width="content", help=None)
