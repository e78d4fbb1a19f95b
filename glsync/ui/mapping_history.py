"""Who changed what of a mapping, and the way back: an older state becomes the draft, which is saved like any other."""

from __future__ import annotations

from uuid import UUID

import streamlit as st

from glsync.services import mappings
from glsync.services.mappings import Change
from glsync.ui import mapping_draft, texts, words
from glsync.ui.commands import attempt, noted
from glsync.ui.components import icon
from glsync.ui.shell import Visit

ACTS = {"added": "made it", "saved": "changed", "paused": "paused it", "resumed": "switched it on"}


def draw(visit: Visit, key: str, mapping_id: UUID) -> None:
    """The saves, newest first; read only when somebody opens them."""
    with st.expander("History", icon=icon("history"), key="mappings_history", on_change="rerun") as opened:
        if not opened.open:
            return
        for number, change in enumerate(mappings.history(visit.actor, mapping_id)):
            _line(visit, key, mapping_id, change, number)


def _line(visit: Visit, key: str, mapping_id: UUID, change: Change, number: int) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key=f"mappings_change_{number}"):
        said = f"**{words.plain(change.actor)}** {words.plain(told(change))}"
        st.markdown(said, width="stretch")
        st.caption(words.ago(change.at), width="content", help=words.moment(change.at))
        if change.before:
            st.button(
                "Restore",
                key=f"mappings_restore_{number}",
                icon=icon("history"),
                type="tertiary",
                disabled=not visit.may("editor"),
                help=visit.why_not("editor") or "Brings back the mapping as it was before this change, to look at.",
                on_click=_restore,
                args=(visit, key, mapping_id, change),
            )


def told(change: Change) -> str:
    """changed columns (3), deletes: keep → mark."""
    act = ACTS.get(change.action, change.action)
    if not change.before or not change.after:
        return act
    return f"{act} {', '.join(touched(name, change.before.get(name), now) for name, now in change.after.items())}"


def touched(name: str, was: object, now: object) -> str:
    """One field: deletes: keep → mark; of many, which of them."""
    label = texts.FIELD_NAMES.get(name, name)
    if isinstance(was, dict) and isinstance(now, dict):
        moved = sorted(key for key in was.keys() | now.keys() if was.get(key) != now.get(key))
        if name == "options" and len(moved) == 1:
            return touched(moved[0], was.get(moved[0]), now.get(moved[0]))
        called = [_called(now.get(key) or was.get(key), key) for key in moved]
        return f"{label} ({words.shortened(', '.join(called), 80)})"
    return f"{label}: {_short(was)} → {_short(now)}"


def _called(pair: object, glide_id: str) -> str:
    """A column by the name people gave it in Glide."""
    return str(pair.get("glide_column_name") or glide_id) if isinstance(pair, dict) else glide_id


def _short(value: object) -> str:
    return "none" if value in (None, "") else words.shortened(value, 40)


def _restore(visit: Visit, key: str, mapping_id: UUID, change: Change) -> None:
    if (older := attempt(mappings.as_before, visit.actor, mapping_id, change)) is not None:
        mapping_draft.put(key, older)
        noted(texts.RESTORED)
