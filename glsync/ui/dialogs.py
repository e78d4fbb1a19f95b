"""Dialogs that stay open while the page around them is drawn again: which one is open is remembered, not implied."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import streamlit as st

from glsync.ui import messages, state
from glsync.ui.components import icon
from glsync.ui.state import Dialog


def asked(*names: str) -> Dialog | None:
    """The open dialog, when it is one of these."""
    found = state.dialog()
    return found if found is not None and found.name in names else None


def show(
    title: str,
    draw: Callable[[], None],
    *,
    symbol: str,
    close: Callable[[], None] = state.close_dialog,
    width: Literal["small", "medium", "large"] = "small",
    drawer: bool = False,
) -> None:
    """Draw the dialog that is open. A button inside that closes it or opens another draws the whole page again."""
    drawn = state.dialog()

    @st.dialog(title, width=width, position="right" if drawer else "center", icon=icon(symbol), on_dismiss=close)
    def body() -> None:
        if state.dialog() != drawn:
            st.rerun()
        messages.draw()
        draw()

    body()


def buttons(
    label: str,
    key: str,
    act: Callable[..., None],
    *args: Any,
    close: Callable[[], None] = state.close_dialog,
    disabled: bool = False,
    help: str | None = None,
) -> None:
    """Cancel first, then the act by its verb."""
    with st.container(horizontal=True, horizontal_alignment="right"):
        st.button("Cancel", key=f"{key}_cancel", on_click=close)
        st.button(label, key=f"{key}_yes", type="primary", disabled=disabled, help=help, on_click=act, args=args)
