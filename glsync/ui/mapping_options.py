"""The less usual choices of a mapping: deletes, conflicts, which rows, and when it runs by itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID

import streamlit as st

from glsync.engine import schedule
from glsync.services import mappings
from glsync.services.mappings import MappingRow
from glsync.ui import mapping_draft, mapping_steps, places, tables, texts, words
from glsync.ui.components import card, chip, icon
from glsync.ui.mapping_draft import Editing
from glsync.ui.mapping_grid import Source
from glsync.ui.mapping_steps import seeded
from glsync.ui.shell import Visit
from glsync.values import TableKind


def options_card(visit: Visit, editing: Editing, found: Source | None) -> None:
    """Everything that is neither a table nor a column."""
    with card("Options", "mappings_options_card", step=4):
        _rest(visit, editing, found)
        _filter(visit, editing)
        _schedule(visit, editing)


def _rest(visit: Visit, editing: Editing, found: Source | None) -> None:
    draft, locked = editing.draft, not visit.may("editor")
    with st.grid(3, min_column_width=220):
        st.selectbox(
            "When a row is deleted in Glide",
            list(texts.DELETES),
            format_func=texts.DELETES.__getitem__,
            key=seeded(editing, "deletes"),
            disabled=locked,
            on_change=mapping_draft.take_field,
            args=(editing.key, "deletes"),
        )
        st.number_input(
            "Seconds a row must stay away",
            min_value=0,
            step=30,
            key=seeded(editing, "delete_grace"),
            help="Before its delete counts. 0: a second read in the same run confirms it.",
            disabled=locked or draft.deletes == "keep",
            on_change=mapping_draft.take_field,
            args=(editing.key, "delete_grace"),
        )
        st.selectbox(
            "When both sides changed a row",
            list(texts.POLICIES),
            format_func=texts.POLICIES.__getitem__,
            key=seeded(editing, "conflict_policy"),
            disabled=locked or draft.direction != "both",
            help="Only matters when rows go both ways.",
            on_change=mapping_draft.take_field,
            args=(editing.key, "conflict_policy"),
        )
        if draft.direction != "to_supabase":
            names = {column.id: column.name for column in (found.columns if found else [])}
            st.selectbox(
                "Marker column in Glide",
                [None, *names],
                format_func=lambda id: names.get(id, "None") if id else "None",
                key=seeded(editing, "marker_column"),
                help=texts.MARKER_HELP,
                disabled=locked,
                on_change=mapping_draft.take_field,
                args=(editing.key, "marker_column"),
            )
    if draft.deletes == "delete":
        st.caption(texts.DELETES_NOTE)


def _filter(visit: Visit, editing: Editing) -> None:
    """Which rows the mapping is about. Whether the expression can be used stands among the problems."""
    st.text_input(
        "Only rows for which this is true",
        key=seeded(editing, "filter"),
        placeholder='Status == "open" && Price > 100.0',
        help=texts.FILTER_HELP,
        disabled=not visit.may("editor"),
        on_change=mapping_draft.take_field,
        args=(editing.key, "filter"),
    )


def _schedule(visit: Visit, editing: Editing) -> None:
    """When it runs by itself, and what that would cost."""
    st.text_input(
        "Runs by itself",
        key=seeded(editing, "schedule"),
        placeholder="every 15m, or 0 6 * * 1-5 Europe/Berlin",
        help=texts.SCHEDULE_HELP,
        disabled=not visit.may("editor"),
        on_change=mapping_draft.take_field,
        args=(editing.key, "schedule"),
    )
    if said := _cost(visit, editing):
        st.caption(f"{icon('payments')} {words.plain(said)}")


def _cost(visit: Visit, editing: Editing) -> str:
    """When it would run next and what a month of it costs; nothing for what cannot be read as a schedule."""
    draft = editing.draft
    try:
        wanted = schedule.parse(draft.schedule or "")
    except ValueError:
        return ""
    now = datetime.now(UTC)
    known = mapping_steps.glide_tables(visit, draft.connection_id) or []
    kind: TableKind = next((table.kind for table in known if table.id == draft.glide_table), "classic")
    rows = (mappings.row(visit.actor, draft.id).records if draft.id else None) or 0
    about = f" for {words.counted(rows, 'row')}" if rows else ""
    return f"Next {words.moment(wanted.after(now))} · {schedule.hint(wanted, now, kind, rows)}{about}"


def standing(visit: Visit, mapping_id: UUID) -> None:
    """How the mapping stands, when it ran and runs next or why it does not, and the ways to its runs and errors."""
    row = mappings.row(visit.actor, mapping_id)
    with st.container(horizontal=True, vertical_alignment="center", key="mappings_standing"):
        chip(tables.health(row))
        st.caption(" · ".join(told(row)), width="content")
        st.space("stretch")
        places.link("Its runs", "runs", icon=icon("sync"), runs_mapping=row.name)
        if row.open_errors:
            said = words.counted(row.open_errors, "error")
            places.link(said, "errors", icon=icon("error"), errors_mapping=row.name)
    if row.pause_reason:
        st.markdown(f":orange[{icon('pause_circle')}] {words.plain(row.pause_reason)}")


def told(row: MappingRow) -> Iterator[str]:
    """What is to be said of the runs before and after now, in parts of one line."""
    if row.last_success:
        yield f"Last success {words.ago(row.last_success)}"
    if row.next_retry:
        yield texts.TRIED_AGAIN.format(when=words.ago(row.next_retry))
    elif row.schedule and not row.enabled:
        yield texts.RESTS.format(schedule=words.plain(row.schedule))
    elif row.next_run and not row.pause_reason:
        said = f"Next run {words.ago(row.next_run)}, {words.moment(row.next_run)} · {row.schedule}"
        yield words.plain(said)
