"""The inputs of the mapping editor: which tables, which way, and what to do about deletes and conflicts."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

import streamlit as st

from glsync.engine.suggest import free_name, fresh_pairs
from glsync.errors import SyncError
from glsync.services import connections, mappings
from glsync.services.access import Actor
from glsync.ui import background, components, mapping_draft, mapping_grid, state, texts
from glsync.ui.components import card, icon
from glsync.ui.mapping_draft import Editing
from glsync.ui.mapping_grid import Source
from glsync.ui.shell import Visit
from glsync.values import GlideTable, TableColumn

EXISTING, CREATE = "Existing table", "New table"


def seeded(editing: Editing, name: str) -> str:
    """The key of a field's input, holding the draft's value when the input is new."""
    key = editing.field_key(name)
    if key not in st.session_state:
        st.session_state[key] = getattr(editing.draft, name)
    return key


# What Glide has


def load_source(actor: Actor, connection_id: UUID, table_id: str, *, with_rows: bool) -> Source:
    """The columns of a Glide table and, for those who may, some raw rows."""
    columns = connections.glide_columns(actor, connection_id, table_id)
    return Source(columns, connections.glide_sample(actor, connection_id, table_id) if with_rows else [])


def _asked_once(key: str, act: Any, *args: Any, **named: Any) -> str:
    if state.get(key, None) is None:
        background.ask(key, act, *args, **named)
    return key


def glide_tables(visit: Visit, connection_id: UUID) -> list[GlideTable] | None:
    """The tables of the app; None while they come, and when they cannot be had, which is said here."""
    key = _asked_once(f"mappings_tables_{connection_id}", connections.glide_tables, visit.actor, connection_id)
    return cast("list[GlideTable] | None", _answered(key, texts.READING_TABLES))


def source(visit: Visit, editing: Editing) -> Source | None:
    """What Glide says of the chosen table; None as above."""
    draft = editing.draft
    if not draft.glide_table:
        return None
    key = _asked_once(
        _source_key(editing), load_source, visit.actor, draft.connection_id, draft.glide_table,
        with_rows=visit.may("editor"),
    )  # fmt: skip
    return cast("Source | None", _answered(key, texts.READING_COLUMNS))


def _source_key(editing: Editing) -> str:
    return f"mappings_source_{editing.draft.connection_id}_{editing.draft.glide_table}"


def _answered(key: str, waiting: str) -> Any:
    work = background.answer(key, waiting)
    if work is None:
        return None
    try:
        return work.result()
    except SyncError as error:
        background.drop(key)  # Try again asks anew
        components.failure(error, key)
        return None


def reload(editing: Editing) -> None:
    """Ask Glide again: somebody added a column there."""
    background.drop(_source_key(editing))
    background.drop(f"mappings_tables_{editing.draft.connection_id}")


# Source


def source_card(visit: Visit, editing: Editing) -> None:
    """Which connection, which of its tables."""
    draft, locked = editing.draft, not visit.may("editor")
    known = {row.id: row.name for row in connections.listing(visit.actor)}
    with card("From Glide", "mappings_source_card", step=1):
        key = editing.field_key("connection")
        st.session_state.setdefault(key, draft.connection_id)
        st.selectbox(
            "Connection",
            list(known),
            format_func=lambda id: known.get(id, str(id)),
            key=key,
            disabled=locked,
            on_change=_connection_chosen,
            args=(editing.key,),
        )
        found = glide_tables(visit, draft.connection_id)
        if found is None:
            return
        names = {table.id: table.name for table in found}
        if draft.glide_table and draft.glide_table not in names:
            names[draft.glide_table] = f"{draft.glide_table_name} (no longer in Glide)"
        key = editing.field_key("glide_table")
        st.session_state.setdefault(key, draft.glide_table or None)
        st.selectbox(
            "Glide table",
            list(names),
            format_func=lambda id: names.get(id, id),
            key=key,
            placeholder="Choose a table",
            disabled=locked,
            on_change=_table_chosen,
            args=(editing.key, names),
        )
        st.button(
            "Read again from Glide",
            key="mappings_reload",
            type="tertiary",
            icon=icon("refresh"),
            on_click=reload,
            args=(editing,),
        )


def _connection_chosen(key: str) -> None:
    editing = mapping_draft.current(key)
    chosen = st.session_state[editing.field_key("connection")]
    mapping_draft.change(key, connection_id=chosen, glide_table="", glide_table_name="")
    mapping_draft.rebase(key, ())
    state.forget(editing.field_key("glide_table"))


def _table_chosen(key: str, names: dict[str, str]) -> None:
    editing = mapping_draft.current(key)
    table_id = st.session_state[editing.field_key("glide_table")]
    if table_id is None:
        return
    name = names[table_id]
    mapping_draft.change(key, glide_table=table_id, glide_table_name=name)
    mapping_draft.rebase(key, ())
    if editing.saved is None:
        mapping_draft.change(key, name=name)
        st.session_state[editing.field_key("name")] = name


# Target


def target_card(visit: Visit, editing: Editing, found: Source | None) -> None:
    """Which Postgres table, there already or to be made, and which way rows go."""
    draft, locked = editing.draft, not visit.may("editor")
    existing = mappings.target_tables(visit.actor)
    with card("To Postgres", "mappings_target_card", step=2):
        mode = st.radio(
            "Table",
            (EXISTING, CREATE),
            index=int(bool(draft.target and draft.target not in existing)),
            horizontal=True,
            key=editing.field_key("create"),
            label_visibility="collapsed",
            disabled=locked,
            on_change=_mode_chosen,
            args=(visit.actor, editing.key, found),
        )
        if mode == CREATE:
            _new_target(visit, editing)
        else:
            _existing_target(visit, editing, existing, found)
        st.radio(
            "Direction",
            list(texts.DIRECTIONS),
            format_func=texts.DIRECTIONS.__getitem__,
            horizontal=True,
            key=seeded(editing, "direction"),
            disabled=locked,
            on_change=mapping_draft.take_field,
            args=(editing.key, "direction"),
        )


def _existing_target(visit: Visit, editing: Editing, existing: list[str], found: Source | None) -> None:
    key = editing.field_key("target")
    st.session_state.setdefault(key, editing.draft.target if editing.draft.target in existing else None)
    st.selectbox(
        "Postgres table",
        existing,
        key=key,
        placeholder="Choose a table",
        disabled=not visit.may("editor"),
        on_change=_target_chosen,
        args=(visit.actor, editing.key, found),
    )


def _target_chosen(actor: Actor, key: str, found: Source | None) -> None:
    """Another table: what has the same name is paired at once."""
    editing = mapping_draft.current(key)
    chosen = st.session_state[editing.field_key("target")]
    mapping_draft.change(key, target=chosen or "")
    mapping_draft.rebase(key, ())
    if chosen and found is not None:
        mapping_grid.map_same_names(actor, key, found)


def _mode_chosen(actor: Actor, key: str, found: Source | None) -> None:
    """A new table begins with a column for each of Glide's; an existing one is chosen next."""
    editing = mapping_draft.current(key)
    if st.session_state[editing.field_key("create")] == CREATE:
        taken = mappings.target_tables(actor)
        wanted = free_name(editing.draft.glide_table_name or "table", [t.removeprefix("public.") for t in taken])
        mapping_draft.change(key, target=f"public.{wanted}")
        st.session_state[editing.field_key("fresh_target")] = f"public.{wanted}"
        mapping_draft.rebase(key, fresh_pairs(found.columns) if found else ())
    else:
        mapping_draft.change(key, target="")
        mapping_draft.rebase(key, ())
        state.forget(editing.field_key("target"))


def _new_target(visit: Visit, editing: Editing) -> None:
    key = editing.field_key("fresh_target")
    st.session_state.setdefault(key, editing.draft.target)
    st.text_input(
        "Name of the new table",
        key=key,
        help="schema.table; a table alone is created in public.",
        disabled=not visit.may("editor"),
        on_change=_fresh_name,
        args=(editing.key,),
    )
    st.button(
        "Show the statement and create",
        key="mappings_create_table",
        icon=icon("table"),
        disabled=not visit.may("editor") or not editing.draft.target,
        help=visit.why_not("editor"),
        on_click=state.open_dialog,
        args=("mapping_create",),
        kwargs={"key": editing.key},
    )


def target_exists(key: str) -> None:
    """The new table was made: from now on it is one to be chosen, and chosen."""
    editing = mapping_draft.current(key)
    st.session_state[editing.field_key("create")] = EXISTING
    st.session_state[editing.field_key("target")] = editing.draft.target


def _fresh_name(key: str) -> None:
    mapping_draft.change(key, target=st.session_state[mapping_draft.current(key).field_key("fresh_target")].strip())


def target_columns(visit: Visit, editing: Editing) -> list[TableColumn]:
    """The columns of the target, none while it is still to be made."""
    if editing.draft.target not in mappings.target_tables(visit.actor):
        return []
    return mappings.target_columns(visit.actor, editing.draft.target)
