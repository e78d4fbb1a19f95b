"""The main script: the menu, and the page that was asked for. No folder named pages may stand beside this file."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from glsync.errors import SyncError
from glsync.services import conflicts, errors
from glsync.ui import places, shell, texts

SIDEBAR = 236  # pixels: what the menu needs, and no more
STATIC = Path(__file__).parent / "static"


def main() -> None:
    icon = str(STATIC / "icon.svg")
    st.set_page_config(texts.PRODUCT, icon, layout="wide", initial_sidebar_state=SIDEBAR)
    st.logo(str(STATIC / "logo.svg"), icon_image=icon, size="large")
    notes = {"errors": _open_errors()}
    menu = {section: [_page(name, notes.get(name, "")) for name in names] for section, names in texts.SECTIONS.items()}
    st.navigation(menu).run()


def _page(name: str, note: str) -> st.Page:
    title = texts.TITLES[name]
    return st.Page(
        places.file_of(name),
        title=places.title(name, note),
        icon=f":material/{title.icon}:",
        url_path=places.ADDRESSES.get(name, name),
        default=name == "dashboard",
    )


def _open_errors() -> str:
    """Open errors and conflicts as the menu shows them; nothing when there are none or nobody can say."""
    try:
        waiting = errors.count(shell.who()) + conflicts.counters(shell.who())["open"]
    except SyncError:
        return ""
    return f"{waiting:,}" if waiting else ""


main()
