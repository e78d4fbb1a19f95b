"""What acts left to say, drawn above the page, or inside the dialog that is open."""

from __future__ import annotations

import streamlit as st

from glsync.ui import places, state, words
from glsync.ui.components import icon
from glsync.ui.state import Flash

TONES = {"good": ("check_circle", "green"), "note": ("info", "blue"), "bad": ("error", "red")}
"""How a message sounds -> its icon and colour."""


def draw() -> None:
    for number, message in enumerate(state.flashes()):
        _show(message, number)


def _show(message: Flash, number: int) -> None:
    """One message above the page: what happened, what to do, where it leads."""
    symbol, colour = TONES[message.tone]
    text = f":{colour}[{icon(symbol)}] **{words.plain(message.text)}**"
    if message.hint:
        text += f"  \n{words.plain(message.hint)}"
    if message.reference:
        text += f"  \n:gray[:small[Reference {message.reference}]]"
    with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"shell_flash_{number}"):
        st.markdown(text, width="stretch")
        if message.link:
            label, page, parameters = message.link
            places.link(label, page, icon=icon("arrow_forward"), **parameters)
        if message.button:
            label, symbol, act, about = message.button
            st.button(label, key=f"shell_flash_act_{number}", icon=icon(symbol), on_click=act, args=about)
