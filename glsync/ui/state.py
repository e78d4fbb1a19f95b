"""What a browser tab remembers between runs: messages to show, the open dialog, drafts. Ids and small values only."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeVar, cast

import streamlit as st

T = TypeVar("T")
Tone = Literal["good", "note", "bad"]

FLASH_SECONDS = 10.0
"""A message outlives drawings of the page that come by themselves for so long; the next act ends it."""
ACT_SECONDS = 60.0
"""The same for a message with a button, such as Undo: nobody shall have to hurry."""
_FLASHES = "shell_flashes"
_DIALOG = "shell_dialog"


@dataclass(frozen=True, slots=True)
class Flash:
    """A message for the next drawing of the page.

    `link` is (label, page, query parameters); `button` is what may be done next, or undone: (label, icon, callback,
    its arguments); `shown` is when it was first drawn, by the monotonic clock.
    """

    tone: Tone
    text: str
    hint: str = ""
    reference: str = ""
    link: tuple[str, str, dict[str, str]] | None = None
    button: tuple[str, str, Callable[..., None], tuple[Any, ...]] | None = None
    shown: float = 0.0


@dataclass(frozen=True, slots=True)
class Dialog:
    """The dialog that is open, and what it is about."""

    name: str
    about: dict[str, Any] = field(default_factory=dict)


def get(key: str, fallback: T) -> T:
    """The remembered value, or the fallback."""
    return cast("T", st.session_state.get(key, fallback))


def put(key: str, value: object) -> None:
    st.session_state[key] = value


def take(key: str, fallback: T) -> T:
    """The remembered value, forgotten with this."""
    return cast("T", st.session_state.pop(key, fallback))


def made_once(key: str, make: Callable[[], T]) -> T:
    """The remembered value; made and remembered when there is none."""
    if key not in st.session_state:
        st.session_state[key] = make()
    return cast("T", st.session_state[key])


def forget(*prefixes: str) -> None:
    """Drop every remembered value whose key begins so: secrets and drafts after they were saved."""
    for key in [k for k in st.session_state if str(k).startswith(prefixes)]:
        del st.session_state[key]


def _waiting() -> list[Flash]:
    return get(_FLASHES, [])


def flash(message: Flash) -> None:
    """Show this with the next drawing of the page; what an earlier act left is over."""
    kept = [one for one in _waiting() if not one.shown]
    put(_FLASHES, [*kept, message])


def flashes() -> list[Flash]:
    """The messages to show: those that wait, and those shown not long ago."""
    now = time.monotonic()
    fresh = [one for one in _waiting() if not one.shown or now - one.shown < _seconds(one)]
    put(_FLASHES, [replace(one, shown=one.shown or now) for one in fresh])
    return fresh


def _seconds(message: Flash) -> float:
    return ACT_SECONDS if message.button else FLASH_SECONDS


def open_dialog(name: str, /, **about: object) -> None:
    """Open it with the next drawing; what earlier acts said is over."""
    st.session_state.pop(_FLASHES, None)
    put(_DIALOG, Dialog(name, about))


def dialog() -> Dialog | None:
    return get(_DIALOG, None)


def close_dialog() -> None:
    st.session_state.pop(_DIALOG, None)
