"""Where the pages are, and the ways from one to another. Details are query parameters: /runs?run=..."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from glsync.ui import texts

ADDRESSES = {"metrics": "figures"}
"""Page -> its address where that is not its name: /metrics is where Prometheus looks."""
PAGES = Path(__file__).resolve().parents[2] / "pages"


def file_of(name: str) -> str:
    """The page's file as an absolute path: a relative one would depend on who starts the server."""
    return str(PAGES / f"{name}.py")


def addresses() -> frozenset[str]:
    """The paths of all pages; the dashboard is at the root."""
    return frozenset({"/", *(f"/{ADDRESSES.get(name, name)}" for name in texts.TITLES if name != "dashboard")})


def link(label: str, name: str, *, icon: str | None = None, **parameters: object) -> None:
    """A link to a page, with its details in the address."""
    given = {key: str(value) for key, value in parameters.items() if value is not None}
    st.page_link(file_of(name), label=label, icon=icon, query_params=given)


def go(name: str, **parameters: object) -> None:
    """Open a page. Names its parameters always: leaving a page with bound filters needs them."""
    given = {key: str(value) for key, value in parameters.items() if value is not None}
    st.switch_page(file_of(name), query_params=given)


def title(name: str, note: str = "") -> str:
    """The page's name in the menu, with a note such as an open count."""
    return f"{texts.TITLES[name].name}{f' · {note}' if note else ''}"
