"""The editor of one mapping, step by step on one page: source, target, columns, options, preview, history."""

from __future__ import annotations

from uuid import UUID

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from glsync.errors import NotFound, StaleVersion, SyncError
from glsync.services import connections, mappings
from glsync.services.changes import Topic
from glsync.services.mappings import MappingDraft, Preview
from glsync.ui import (
    background,
    commands,
    components,
    explain_view,
    live,
    mapping_draft,
    mapping_grid,
    mapping_history,
    mapping_options,
    mapping_steps,
    places,
    state,
    tables,
    texts,
    words,
)
from glsync.ui.commands import attempt, done
from glsync.ui.components import card, empty, guarded, icon
from glsync.ui.mapping_draft import Editing
from glsync.ui.mapping_grid import Source
from glsync.ui.shell import Visit
from glsync.ui.state import Flash
from glsync.values import Problem

NEW = "new"
PREVIEW = "mappings_preview_work"
STANDING: tuple[Topic, ...] = ("mappings", "runs", "errors")
"""What the mapping's own line tells of."""


def page(visit: Visit, asked: str) -> None:
    """The mapping that the address names, or a new one."""
    st.button("All mappings", key="mappings_back", icon=icon("arrow_back"), type="tertiary", on_click=close)
    try:
        editing = _begin(visit, asked)
    except (NotFound, ValueError):
        with empty(texts.EMPTY["gone"], "mappings_gone"):
            st.button("All mappings", key="mappings_all", on_click=close)
        return
    if editing is None:
        with empty(texts.EMPTY["mappings_unconnected"], "mappings_unconnected"):
            places.link("Connect a Glide app", "connections", icon=icon("cable"))
        return
    _head(visit, editing)
    if (stored := editing.saved.id if editing.saved else None) is not None:
        live.region("mappings_standing", lambda: mapping_options.standing(visit, stored), topics=STANDING)
    banner = st.container()
    left, right = st.columns(2, gap="medium")
    with left, guarded("mappings_source"):
        mapping_steps.source_card(visit, editing)
    found = mapping_steps.source(visit, editing)
    with right, guarded("mappings_target"):
        mapping_steps.target_card(visit, editing, found)
    with guarded("mappings_columns"):
        _columns(visit, mapping_draft.current(editing.key), found, banner)
    if editing.saved is not None and editing.saved.id is not None:
        explain_view.lookup(visit, editing.saved.id, editing.saved.name)
        explain_view.dialog()


def close() -> None:
    st.query_params.pop("mapping", None)


def _begin(visit: Visit, asked: str) -> Editing | None:
    """The editing under way for this address; None when there is no connection to begin with.

    Raises:
        NotFound: no such mapping.
        ValueError: the address holds no id.
    """
    if asked != NEW:
        mapping_id = UUID(asked)
        stored = mappings.get(visit.actor, mapping_id)
        return mapping_draft.begin(asked, lambda: (stored, stored))
    known = connections.listing(visit.actor)
    if not known:
        return None
    wanted = st.query_params.get("connection")
    first = next((row for row in known if str(row.id) == wanted), known[0])
    return mapping_draft.begin(NEW, lambda: (MappingDraft("", first.id, "", "", ""), None))


def _head(visit: Visit, editing: Editing) -> None:
    """The name, how the mapping stands, and when nothing keeps it, what can be done to it as a whole."""
    draft, saved = editing.draft, editing.saved
    with st.container(horizontal=True, vertical_alignment="bottom", key="mappings_head"):
        st.text_input(
            "Name of the mapping",
            key=mapping_steps.seeded(editing, "name"),
            placeholder=texts.NEW_MAPPING,
            live=True,
            disabled=not visit.may("editor"),
            on_change=mapping_draft.take_field,
            args=(editing.key, "name"),
        )
        if saved is not None and saved.id is not None:
            st.menu_button(
                "More",
                list(_more(draft)),
                key="mappings_more",
                icon=icon("more_horiz"),
                disabled=not visit.may("editor"),
                on_click=_chosen,
                args=(visit, editing),
            )


def _more(draft: MappingDraft) -> tuple[str, ...]:
    return ("Duplicate", "Pause" if draft.enabled else "Switch on", "Delete")


def _chosen(visit: Visit, editing: Editing) -> None:
    chosen, saved = st.session_state["mappings_more"], editing.saved
    if saved is None or saved.id is None or chosen is None:
        return
    if chosen in ("Pause", "Switch on"):
        commands.pause(visit.actor, saved.id, saved.name, chosen == "Switch on")
        mapping_draft.forget(editing.key)
    elif chosen == "Duplicate":
        state.open_dialog("mapping_duplicate", id=saved.id, name=saved.name)
    else:
        state.open_dialog("mapping_delete", id=saved.id, name=saved.name, key=editing.key)


def _columns(visit: Visit, editing: Editing, found: Source | None, banner: DeltaGenerator) -> None:
    """Everything that needs both tables: the grid, its problems, options, preview, and saving."""
    draft = editing.draft
    if found is None or not draft.target:
        st.caption(texts.CHOOSE_TABLES)
        return
    problems = mapping_draft.with_names(mappings.problems(visit.actor, draft), draft.pairs)
    with card("Columns", "mappings_columns_card", step=3):
        mapping_grid.draw(visit, editing, found, mapping_steps.target_columns(visit, editing), problems)
        agreed = _problems(visit, editing, problems)
    mapping_options.options_card(visit, editing, found)
    _preview(visit, editing)
    if editing.saved is not None and editing.saved.id is not None:
        mapping_history.draw(visit, editing.key, editing.saved.id)
    with visit.actions:
        _save_buttons(visit, editing, may_run=agreed)
    with banner:
        _unsaved(editing)


# Problems


def _problems(visit: Visit, editing: Editing, found: list[Problem]) -> bool:
    """What is wrong, each with a fix where there is one; may the mapping run as it is?

    An error keeps it from running. Warnings are to be read: a tick says they were.
    """
    if not found:
        st.markdown(f":green[{icon('check_circle')}] {texts.NO_PROBLEMS}")
        return True
    errors = [problem for problem in found if problem.severity == "error"]
    for number, problem in enumerate(found):
        symbol, colour = ("error", "red") if problem.severity == "error" else ("warning", "orange")
        with st.container(horizontal=True, vertical_alignment="center", key=f"mappings_problem_{number}"):
            st.markdown(f":{colour}[{icon(symbol)}] {words.plain(problem.message)}", width="stretch")
            if problem.fix in texts.FIXES:
                st.button(
                    texts.FIXES[problem.fix],
                    key=f"mappings_fix_{number}",
                    icon=icon("build"),
                    disabled=not visit.may("editor"),
                    help=visit.why_not("editor"),
                    on_click=_fix,
                    args=(visit, editing.key, problem),
                )
    if errors:
        return False
    return st.checkbox("I have read the warnings", key=f"mappings_agreed_{editing.key}")


def _fix(visit: Visit, key: str, problem: Problem) -> None:
    """Do what the problem says would solve it."""
    draft = mapping_draft.current(key).draft
    if problem.fix == "remove_pair":
        mapping_draft.rebase(key, [pair for pair in draft.pairs if pair.glide_id != problem.column])
    elif problem.fix == "choose_type":
        mapping_draft.rebase(key, mapping_grid.with_fitting_kind(visit.actor, draft, problem.column))
    elif problem.fix == "create_table":
        state.open_dialog("mapping_create", key=key)
    else:
        state.open_dialog("mapping_add_columns", key=key, columns=())


# Preview


def _preview(visit: Visit, editing: Editing) -> None:
    """Twenty rows, converted as a run would convert them."""
    with card("Preview", "mappings_preview_card", step=5):
        st.button(
            "Preview 20 rows",
            key="mappings_preview",
            icon=icon("visibility"),
            disabled=not visit.may("editor") or not editing.draft.pairs,
            help=visit.why_not("editor") or "Reads one page from Glide.",
            on_click=background.ask,
            args=(PREVIEW, mappings.preview, visit.actor, editing.draft),
        )
        work = background.answer(PREVIEW, texts.PREVIEWING)
        if work is None:
            return
        try:
            _show_preview(work.result())
        except SyncError as error:
            components.failure(error, "mappings_preview_work", may_repeat=False)


def _show_preview(found: Preview) -> None:
    st.caption(texts.PREVIEW_NOTE)
    if found.outside:
        st.caption(f"{icon('filter_alt')} {texts.OUTSIDE.format(rows=words.counted(found.outside, 'row'))}")
    marked = {(cell.row_id, cell.column): cell.value for cell in found.bad}
    ids = [row.get("glide_row_id") or "" for row in found.rows]
    rows = [
        {name: marked.get((row_id, name), value) for name, value in row.items()}
        for row_id, row in zip(ids, found.rows, strict=True)
    ]
    frame = pd.DataFrame(rows, columns=list(found.columns)).astype("object")

    def mark(column: pd.Series[str]) -> list[str]:
        bad = tables.CHIP_COLOURS["red"]
        return [f"background-color: {bad}" if (row_id, column.name) in marked else "" for row_id in ids]

    st.dataframe(frame.style.apply(mark), hide_index=True, placeholder="–", alt="Rows as they would be stored")
    for cell in found.bad[:10]:
        said = f"Row {cell.row_id}, {cell.column}: {words.shortened(cell.value)} is not {cell.rule}"
        st.markdown(f":red[{icon('error')}] {words.plain(said)}")
    if len(found.bad) > 10:
        st.caption(f"and {words.counted(len(found.bad) - 10, 'more cell')}")


# Saving


def _unsaved(editing: Editing) -> None:
    if changed := mapping_draft.changes(editing):
        with st.container(horizontal=True, vertical_alignment="center", key="mappings_unsaved"):
            st.badge(texts.UNSAVED.format(changes=words.counted(changed, "change")), icon=icon("edit"), color="orange")
            st.button(
                "Discard",
                key="mappings_discard",
                type="tertiary",
                icon=icon("undo"),
                on_click=mapping_draft.forget,
                args=(editing.key,),
            )


def _save_buttons(visit: Visit, editing: Editing, *, may_run: bool) -> None:
    draft, saved = editing.draft, editing.saved
    locked, why = not visit.may("editor"), visit.why_not("editor")
    stored = saved.id if saved else None
    active = stored is not None and mappings.row(visit.actor, stored).status == "active"
    if active and saved is not None and stored is not None:
        _run_buttons(visit, stored, saved.name, may_run=not mapping_draft.changes(editing))
    else:
        st.button(
            "Save draft",
            key="mappings_save_draft",
            icon=icon("save"),
            disabled=locked or not draft.name.strip(),
            help=why or (None if draft.name.strip() else "Give it a name first."),
            on_click=save,
            args=(visit, editing.key),
            kwargs={"activate": False},
        )
    st.button(
        "Save" if active else "Activate",
        key="mappings_activate",
        type="primary",
        icon=icon("check"),
        shortcut="Ctrl+Enter",
        disabled=locked or not may_run or not draft.name.strip(),
        help=why or (None if may_run else texts.NOT_YET),
        on_click=save,
        args=(visit, editing.key),
        kwargs={"activate": True, "was_active": active},
    )


def _run_buttons(visit: Visit, mapping_id: UUID, name: str, *, may_run: bool) -> None:
    """Run the mapping as it is saved, or look at what that would do."""
    ways = (
        ("Dry run", "mappings_dry_run", "preview", commands.dry_run, texts.DRY_RUN_SAVED),
        ("Sync now", "mappings_sync", "sync", commands.sync_now, texts.SYNC_SAVED),
    )
    for label, key, symbol, act, help in ways:
        st.button(
            label,
            key=key,
            icon=icon(symbol),
            disabled=not visit.may("operator") or not may_run,
            help=visit.why_not("operator") or help,
            on_click=act,
            args=(visit.actor, mapping_id, name),
        )


def save(visit: Visit, key: str, *, activate: bool, was_active: bool = False) -> None:
    """Store the draft. When somebody else saved first, both versions are shown and one is chosen."""
    stored = attempt(_save_or_ask, visit, key, activate)
    if stored is None:
        return
    assert stored.id is not None  # it is stored
    mapping_draft.forget(key)
    st.query_params["mapping"] = str(stored.id)
    if not activate:
        done(f"{stored.name} is saved as a draft.")
        return
    if was_active:
        done(f"{stored.name} is saved.")
        return
    sync = ("Sync now", "sync", commands.sync_now, (visit.actor, stored.id, stored.name))
    state.flash(Flash("good", f"{stored.name} is active.", button=sync if stored.enabled else None))


def _save_or_ask(visit: Visit, key: str, activate: bool) -> MappingDraft | None:
    try:
        return mappings.save(visit.actor, mapping_draft.current(key).draft, activate=activate)
    except StaleVersion:
        state.open_dialog("mapping_stale", key=key, activate=activate)
        return None
