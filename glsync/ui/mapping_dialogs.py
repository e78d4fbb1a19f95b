"""The dialogs of the mapping editor: DDL before it runs, a copy, a delete, and two versions to choose from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import pandas as pd
import streamlit as st

from glsync.engine.suggest import fresh_pairs
from glsync.errors import SyncError
from glsync.services import mappings
from glsync.services.mappings import MappingDraft
from glsync.ui import components, dialogs, mapping_draft, mapping_editor, mapping_steps, state, texts, words
from glsync.ui.commands import attempt, done
from glsync.ui.shell import Visit
from glsync.values import GlideColumn


def draw(visit: Visit) -> None:
    """Draw the dialog that is open; called in every run of the page, so that it stays open."""
    known: dict[str, Callable[..., None]] = {
        "mapping_create": _create_table,
        "mapping_add_columns": _add_columns,
        "mapping_duplicate": _duplicate,
        "mapping_delete": _delete,
        "mapping_stale": _stale,
    }
    if (asked := dialogs.asked(*known)) is not None:
        known[asked.name](visit, **asked.about)


# Making the target fit


def _create_table(visit: Visit, key: str) -> None:
    draft = mapping_draft.current(key).draft

    def draw_it() -> None:
        st.markdown(texts.CREATE_TABLE)
        ddl = _shown(lambda: mappings.create_table_ddl(visit.actor, draft), "mapping_create_ddl")
        dialogs.buttons("Create table", "mapping_create", _created, visit, key, draft, disabled=ddl is None)

    dialogs.show(f"Create {words.plain(draft.target)}", draw_it, symbol="table", width="medium")


def _shown(make: Any, key: str) -> str | None:
    """The statement as text; None when there is none to be had, which is said here."""
    try:
        ddl = str(make())
    except SyncError as error:
        components.failure(error, key, may_repeat=False)
        return None
    st.code(ddl, language="sql", wrap_lines=True)
    return ddl


def _created(visit: Visit, key: str, draft: MappingDraft) -> None:
    state.close_dialog()
    if attempt(_do_create, visit, draft):
        mapping_steps.target_exists(key)
        done(f"Table {draft.target} is created.")


def _do_create(visit: Visit, draft: MappingDraft) -> bool:
    mappings.create_table(visit.actor, draft)
    return True


def _add_columns(visit: Visit, key: str, columns: Sequence[GlideColumn]) -> None:
    """What is unmapped gets a column of its own; what is mapped to a column that is not there gets that one."""
    draft = mapping_draft.current(key).draft
    wanted = replace(draft, pairs=[*draft.pairs, *_fresh(draft, columns)])

    def draw_it() -> None:
        st.markdown(texts.ADD_COLUMNS)
        ddl = _shown(lambda: mappings.add_columns_ddl(visit.actor, wanted), "mapping_add_ddl")
        dialogs.buttons("Add columns", "mapping_add", _added, visit, key, wanted, disabled=ddl is None)

    dialogs.show(f"Add columns to {words.plain(draft.target)}", draw_it, symbol="table", width="medium")


def _fresh(draft: MappingDraft, columns: Sequence[GlideColumn]) -> list[Any]:
    mapped = {pair.glide_id for pair in draft.pairs}
    return [pair for pair in fresh_pairs(columns) if pair.glide_id not in mapped]


def _added(visit: Visit, key: str, wanted: MappingDraft) -> None:
    state.close_dialog()
    if (names := attempt(mappings.add_columns, visit.actor, wanted)) is not None:
        mapping_draft.rebase(key, wanted.pairs)
        done(f"Added to {wanted.target}: {', '.join(names)}.")


# The mapping as a whole


def _duplicate(visit: Visit, id: UUID, name: str) -> None:
    def draw_it() -> None:
        st.markdown("The copy is a draft that is switched off and names a table of its own.")
        st.session_state.setdefault("mapping_duplicate_name", f"{name} copy")
        new = st.text_input("Name of the copy", key="mapping_duplicate_name", live=True)
        dialogs.buttons("Duplicate", "mapping_duplicate", _duplicated, visit, id, disabled=not new.strip())

    dialogs.show(f"Duplicate {words.plain(name)}", draw_it, symbol="content_copy")


def _duplicated(visit: Visit, id: UUID) -> None:
    copy = attempt(mappings.duplicate, visit.actor, id, st.session_state["mapping_duplicate_name"].strip())
    state.close_dialog()
    if copy is not None:
        st.query_params["mapping"] = str(copy.id)
        done(f"{copy.name} is a copy, saved as a draft.")


def _delete(visit: Visit, id: UUID, name: str, key: str) -> None:
    def draw_it() -> None:
        st.markdown(texts.DELETE_MAPPING)
        typed = st.text_input(f"Type {words.plain(name)} to confirm", key="mapping_delete_name", live=True)
        allowed = visit.may("admin") and typed.strip() == name
        dialogs.buttons("Delete mapping", "mapping_delete", _deleted, visit, id, name, key, disabled=not allowed)

    dialogs.show(f"Delete {words.plain(name)}", draw_it, symbol="delete")


def _deleted(visit: Visit, id: UUID, name: str, key: str) -> None:
    state.close_dialog()
    if attempt(_do_delete, visit, id) is not None:
        mapping_draft.forget(key)
        mapping_editor.close()
        done(f"{name} is deleted.")


def _do_delete(visit: Visit, id: UUID) -> bool:
    mappings.remove(visit.actor, id, st.session_state["mapping_delete_name"])
    return True


# Somebody else saved first


def _stale(visit: Visit, key: str, activate: bool) -> None:
    editing = mapping_draft.current(key)
    assert editing.draft.id is not None  # only what is stored can be stale
    theirs = mappings.get(visit.actor, editing.draft.id)

    def draw_it() -> None:
        st.markdown(texts.STALE)
        rows = _differences(editing.draft, theirs)
        st.dataframe(pd.DataFrame(rows, columns=["What", "Yours", "Theirs"]), hide_index=True, alt="Both versions")
        with st.container(horizontal=True, horizontal_alignment="right"):
            st.button("Take theirs", key="mapping_stale_theirs", on_click=_take_theirs, args=(key,))
            st.button(
                "Keep yours", key="mapping_stale_yours", type="primary", on_click=_keep_yours,
                args=(visit, key, theirs.version, activate),
            )  # fmt: skip

    dialogs.show("Somebody else saved first", draw_it, symbol="group", width="medium")


def _differences(yours: MappingDraft, theirs: MappingDraft) -> list[tuple[str, str, str]]:
    names = (*mapping_draft.FIELDS, "glide_table")
    found = [
        (texts.FIELD_NAMES.get(name, name), str(getattr(yours, name)), str(getattr(theirs, name)))
        for name in names
        if getattr(yours, name) != getattr(theirs, name)
    ]
    mine, other = ({pair.glide_id: pair for pair in one.pairs} for one in (yours, theirs))
    moved = [glide_id for glide_id in sorted(mine.keys() | other.keys()) if mine.get(glide_id) != other.get(glide_id)]
    pairs = [(f"Column {glide_id}", _told(mine.get(glide_id)), _told(other.get(glide_id))) for glide_id in moved]
    return [*found, *pairs]


def _told(pair: Any) -> str:
    return f"{pair.column}, {texts.KINDS.get(pair.kind, pair.kind)}" if pair else "not mapped"


def _take_theirs(key: str) -> None:
    state.close_dialog()
    mapping_draft.forget(key)


def _keep_yours(visit: Visit, key: str, version: int, activate: bool) -> None:
    state.close_dialog()
    mapping_draft.change(key, version=version)
    mapping_editor.save(visit, key, activate=activate)
