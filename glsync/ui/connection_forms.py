"""The drawers of the Connections page: add, edit, rotate the token, delete; and the test, shown step by step.

A token travels from the field to the service and is then forgotten here; afterwards only its last four characters
are known to any screen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

import streamlit as st

from glsync.errors import SyncError
from glsync.services import connections
from glsync.services.access import Role
from glsync.services.connections import ConnectionDraft, ConnectionRow, Step
from glsync.ui import background, components, dialogs, state, texts, words
from glsync.ui.commands import attempt, done
from glsync.ui.components import icon
from glsync.ui.shell import Visit

FORM, TOKEN = "connections_form", "connections_token"
TEST, TESTED = "connections_test_work", "connections_tested"
FIELDS = ("name", "app_id", *texts.SETTINGS)


def open_add() -> None:
    _forget_form()
    state.open_dialog("connection_add")


def open_edit(_: Visit, row: ConnectionRow) -> None:
    _forget_form()
    _fill(row)
    state.open_dialog("connection_edit", id=row.id, name=row.name, version=row.version)


def open_rotate(_: Visit, row: ConnectionRow) -> None:
    _forget_form()
    state.open_dialog("connection_rotate", id=row.id, name=row.name)


def open_delete(_: Visit, row: ConnectionRow) -> None:
    state.open_dialog("connection_delete", id=row.id, name=row.name, used_by=row.used_by)


def test(visit: Visit, row: ConnectionRow) -> None:
    """Test a stored connection beside the page; its status follows from it."""
    background.ask(f"{TEST}_{row.id}", connections.check, visit.actor, row.id)


ACTS: dict[str, tuple[str, str, Role, Callable[[Visit, ConnectionRow], None]]] = {
    "test": ("Test again", "network_check", "operator", test),
    "edit": ("Edit", "edit", "editor", open_edit),
    "rotate": ("Rotate token", "key", "admin", open_rotate),
    "delete": ("Delete", "delete", "admin", open_delete),
}
"""What can be done to a connection: label, icon, role, callback."""


def test_result(row: ConnectionRow) -> None:
    """The steps of the test that was asked for on this page, if one was."""
    work = background.answer(f"{TEST}_{row.id}", texts.TESTING)
    if work is not None:
        _show_answer(work)


def open_drawer(visit: Visit) -> None:
    """Draw the drawer that is open; called in every run of the page, so that it stays open."""
    known: dict[str, Callable[..., None]] = {
        "connection_add": _add_drawer,
        "connection_edit": _edit_drawer,
        "connection_rotate": _rotate_drawer,
        "connection_delete": _delete_dialog,
    }
    if (asked := dialogs.asked(*known)) is not None:
        known[asked.name](visit, **asked.about)


def _close() -> None:
    state.close_dialog()
    background.drop(TEST)
    state.forget(TOKEN, TESTED)


def _forget_form() -> None:
    background.drop(TEST)
    state.forget(FORM, TOKEN, TESTED)


def _fill(row: ConnectionRow) -> None:
    state.put(f"{FORM}_name", row.name)
    state.put(f"{FORM}_app_id", row.app_id)
    for name in texts.SETTINGS:
        state.put(f"{FORM}_{name}", str(row.settings.get(name, "")))


# Adding


def _add_drawer(visit: Visit) -> None:
    def draw() -> None:
        _fields()
        _token_field()
        draft = _draft()
        st.button(
            "Test connection",
            key="connections_form_test",
            icon=icon("network_check"),
            on_click=_test_draft,
            args=(visit,),
        )
        passed = _draft_answer(draft)
        with st.container(horizontal=True, horizontal_alignment="right"):
            st.button("Cancel", key="connections_form_cancel", on_click=_close)
            if not passed:
                st.button("Save without test", key="connections_save_untested", on_click=_save_new, args=(visit,))
            st.button(
                "Save connection",
                key="connections_save",
                type="primary",
                disabled=not passed,
                help=None if passed else "Test the connection first.",
                on_click=_save_new,
                args=(visit,),
                kwargs={"tested": True},
            )

    dialogs.show("Add a connection", draw, symbol="cable", close=_close, width="medium", drawer=True)


def _fields() -> None:
    st.text_input("Name", key=f"{FORM}_name", live=True, placeholder="Field operations", help=texts.HELP["name"])
    st.text_input(
        "App id", key=f"{FORM}_app_id", live=True, placeholder="bAFxpGXU1bHiBgUMcDgn", help=texts.HELP["app_id"]
    )
    with st.expander("Addresses and time zone", icon=icon("tune")):
        st.caption(texts.HELP["settings"])
        for name, label in texts.SETTINGS.items():
            st.text_input(label, key=f"{FORM}_{name}", live=True, placeholder=texts.SETTINGS_DEFAULTS[name])


def _token_field() -> None:
    st.text_input("API token", key=TOKEN, type="password", live=True, autocomplete="off", help=texts.HELP["token"])


def _draft() -> ConnectionDraft:
    """What the form holds now."""
    given = {name: str(state.get(f"{FORM}_{name}", "") or "") for name in FIELDS}
    settings: dict[str, Any] = {name: given[name].strip() for name in texts.SETTINGS if given[name].strip()}
    return ConnectionDraft(given["name"], given["app_id"], str(state.get(TOKEN, "") or ""), settings)


def _mark(draft: ConnectionDraft) -> int:
    """Tells whether the form is still what was tested, without keeping the token a second time."""
    return hash((draft.app_id, draft.token, tuple(sorted(draft.settings.items()))))


def _test_draft(visit: Visit) -> None:
    draft = _draft()
    state.put(TESTED, _mark(draft))
    background.ask(TEST, connections.check, visit.actor, draft)


def _draft_answer(draft: ConnectionDraft) -> bool:
    """Draw the test's steps; did everything pass, for just what the form holds?"""
    work = background.answer(TEST, texts.TESTING)
    if work is None:
        return False
    if state.get(TESTED, None) != _mark(draft):
        st.caption("The form changed since the test; test it again.")
        return False
    return _show_answer(work)


def _show_answer(work: background.Work[list[Step]]) -> bool:
    try:
        found = work.result()
    except SyncError as error:
        components.failure(error, "connections_test", may_repeat=False)
        return False
    _show_steps(found)
    return all(step.state != "failed" for step in found)


def _show_steps(found: Sequence[Step]) -> None:
    """The named steps as a timeline: what was done, what failed and why, what was not reached."""
    with st.container(border=True, key="connections_steps"):
        for step in found:
            symbol, colour = texts.STEP_STATES[step.state]
            took = f" :gray[:small[{words.duration(step.seconds)}]]" if step.state != "skipped" and step.seconds else ""
            name = words.plain(step.name.capitalize())
            st.markdown(f":{colour}[{icon(symbol)}] **{name}**{took}  \n{words.plain(step.detail)}")


def _save_new(visit: Visit, *, tested: bool = False) -> None:
    """Store it and show it; one that passed its test passes it once more under its own name, which is then noted."""
    if (row := attempt(connections.add, visit.actor, _draft())) is None:
        return
    link = ("Map a table", "mappings", {"mapping": "new", "connection": str(row.id)})
    done(f"{row.name} is connected." if tested else f"{row.name} is saved.", link=link)
    _close()
    _forget_form()
    st.query_params["connection"] = str(row.id)
    if tested:
        test(visit, row)


# Changing


def _edit_drawer(visit: Visit, id: UUID, name: str, version: int) -> None:
    def draw() -> None:
        _fields()
        dialogs.buttons("Save", "connections_edit", _save_edit, visit, id, version, close=_close)

    title = f"Edit {words.plain(name)}"
    dialogs.show(title, draw, symbol="edit", close=_close, width="medium", drawer=True)


def _save_edit(visit: Visit, id: UUID, version: int) -> None:
    draft = _draft()
    saved = attempt(
        connections.edit,
        visit.actor,
        id,
        version=version,
        name=draft.name,
        app_id=draft.app_id,
        settings=draft.settings,
    )
    if saved is not None:
        done(f"{saved.name} is saved.", "Test it again if an address changed.")
        _close()


def _rotate_drawer(visit: Visit, id: UUID, name: str) -> None:
    def draw() -> None:
        st.markdown(texts.ROTATING)
        _token_field()
        dialogs.buttons("Replace token", "connections_rotate", _save_token, visit, id, close=_close)

    title = f"Rotate the token of {words.plain(name)}"
    dialogs.show(title, draw, symbol="key", close=_close, drawer=True)


def _save_token(visit: Visit, id: UUID) -> None:
    if (row := attempt(connections.rotate, visit.actor, id, str(state.get(TOKEN, "")))) is not None:
        done(f"The token of {row.name} now ends in {row.key_last4}.")
        _close()
        test(visit, row)


def _delete_dialog(visit: Visit, id: UUID, name: str, used_by: int) -> None:
    def draw() -> None:
        if used_by:
            st.markdown(texts.DELETE_USED.format(mappings=words.counted(used_by, "mapping")))
        else:
            st.markdown(texts.DELETE_CONNECTION)
        typed = st.text_input(f"Type {words.plain(name)} to confirm", key="connections_delete_name", live=True)
        refused = bool(used_by) or typed.strip() != name
        dialogs.buttons(
            "Delete connection", "connections_delete", _delete, visit, id, name, close=_close, disabled=refused
        )

    dialogs.show(f"Delete {words.plain(name)}", draw, symbol="delete", close=_close)


def _delete(visit: Visit, id: UUID, name: str) -> None:
    try:
        connections.remove(visit.actor, id, str(state.get("connections_delete_name", "")))
    except SyncError as error:
        state.flash(state.Flash("bad", str(error), error.hint, components.reference(error)))
        return
    done(f"{name} is deleted.")
    st.query_params.pop("connection", None)
    _close()
