"""Rows of the services as tables people read: one frame and one column configuration for each kind of row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

import pandas as pd
import streamlit as st

from glsync.services.conflicts import ConflictGroup
from glsync.services.connections import ConnectionRow
from glsync.services.errors import ErrorGroup, ErrorRow
from glsync.services.mappings import MappingRow
from glsync.services.runs import RunRow
from glsync.ui import texts, words
from glsync.ui.texts import Chip

PAGE = 25
"""Rows on one page of a table; the rest stays in the database."""

CHIP_COLOURS = {
    "green": "#10b98133",
    "blue": "#3b82f633",
    "orange": "#f59e0b3d",
    "red": "#ef444433",
    "violet": "#8b5cf633",
    "yellow": "#eab3083d",
    "gray": "#94a3b833",
}
Width = Literal["small", "medium", "large"] | int | None
Column = Any  # what st.column_config.* returns; Streamlit keeps its name private


def health(row: MappingRow) -> Chip:
    """How a mapping stands, in one word."""
    if row.status == "draft":
        return texts.HEALTH["draft"]
    if not row.enabled:
        return texts.HEALTH["paused"]
    if row.current_status not in ("started", "processing") and row.pause_reason:
        return texts.HEALTH["paused_itself"]
    if row.current_status == "failed" and row.next_retry:
        return texts.HEALTH["retrying"]
    named = {
        None: "never",
        "started": "queued",
        "processing": "syncing",
        "completed": "partly" if row.open_errors else "healthy",
        "completed_with_errors": "partly",
        "failed": "failed",
        "cancelled": "cancelled",
    }
    return texts.HEALTH[named.get(row.current_status, "never")]


def route(row: MappingRow) -> str:
    """Invoices → gl_invoices; the arrow says which way rows go."""
    arrow = {"to_supabase": "→", "to_glide": "←", "both": "⇄"}[row.direction]
    return f"{row.glide_table_name or row.glide_table} {arrow} {row.target.removeprefix('public.')}"


def run_state(row: RunRow) -> Chip:
    """How a run stands or ended; a part that waits for approval is what matters most."""
    if row.waiting and row.status != "processing":
        return texts.RUN_STATES["waiting"]
    return texts.RUN_STATES.get(row.status, texts.UNKNOWN_STATE)


def chips(label: str, states: Iterable[Chip], *, width: int | None = None) -> Column:
    """A column of states as coloured labels; the cell holds the word in a list."""
    known = {state.word: CHIP_COLOURS[state.colour] for state in states}
    return st.column_config.MultiselectColumn(label, options=list(known), color=list(known.values()), width=width)


def since(label: str, *, width: Width = None) -> Column:
    """A moment as its distance from now; the exact one when the cell is opened."""
    return st.column_config.DatetimeColumn(label, format="distance", timezone=str(words.zone()), width=width)


def at(label: str) -> Column:
    return st.column_config.DatetimeColumn(label, format="D MMM, HH:mm:ss", timezone=str(words.zone()), width=122)


def figure(label: str, help: str | None = None, *, width: Width = "small") -> Column:
    return st.column_config.NumberColumn(label, format="localized", help=help, width=width)


def text(label: str, *, pinned: bool = False, width: Width = None) -> Column:
    return st.column_config.TextColumn(label, pinned=pinned, width=width)


def moments(values: Iterable[Any]) -> pd.Series[Any]:
    """Moments of a column, with a type even when all of them are missing."""
    return pd.to_datetime(pd.Series(list(values), dtype="object"), utc=True)


def selected(key: str, count: int) -> int | None:
    """The row picked in the table with this key, as the table drawn before left it."""
    rows = st.session_state.get(key, {}).get("selection", {}).get("rows", [])
    return rows[0] if rows and rows[0] < count else None


def all_selected(key: str, count: int) -> list[int]:
    """The rows ticked in the table with this key."""
    rows = st.session_state.get(key, {}).get("selection", {}).get("rows", [])
    return [row for row in rows if row < count]


def mappings(
    rows: Sequence[MappingRow],
    *,
    key: str,
    on_sync: Callable[[], None] | None = None,
) -> int | None:
    """Mappings and how they stand; the row that is picked. `on_sync` adds a button to each row."""
    frame = pd.DataFrame(
        {
            "name": [row.name for row in rows],
            "state": [[health(row).word] for row in rows],
            "route": [route(row) for row in rows],
            "last": moments(row.last_success for row in rows),
            "next": moments(row.next_retry or row.next_run for row in rows),
            "records": pd.array([row.records for row in rows], dtype="Int64"),
            "errors": [row.open_errors + row.open_conflicts for row in rows],
        }
    )
    runs_by_itself = bool(frame["next"].notna().any())
    columns: dict[str, Column] = {
        "name": text("Mapping", pinned=True),
        "state": chips("State", texts.HEALTH.values(), width=104),
        "route": text("From Glide to Postgres", width=244 if runs_by_itself else 284),
        "last": since("Last success", width=128),
        "next": since("Next run", width=100),
        "errors": figure("Errors", "Rows held back and conflicts that wait for somebody", width=56),
        "records": figure("Rows", "Rows in step", width=68),
    }
    shown = [name for name in columns if name != "next" or runs_by_itself]
    if on_sync is not None:
        frame["sync"] = "Sync"
        columns["sync"] = st.column_config.ButtonColumn("Act", key=f"{key}_sync", on_click=on_sync, width=62)
        shown.append("sync")
    st.dataframe(
        frame,
        hide_index=True,
        height="content",
        column_config=columns,
        column_order=shown,
        key=key,
        on_select="rerun",
        selection_mode="single-row",
        placeholder="–",
        alt="Mappings and how they stand",
    )
    return selected(key, len(rows))


def connection_state(row: ConnectionRow) -> Chip:
    """Connected only after a test or a sync said so."""
    untested = row.status == "active" and row.last_checked_at is None and row.last_sync is None
    return texts.CONNECTION_STATES["inactive" if untested else row.status]


def connections(rows: Sequence[ConnectionRow], *, key: str) -> int | None:
    """Connections and how they stand; the row that is picked."""
    frame = pd.DataFrame(
        {
            "name": [row.name for row in rows],
            "state": [[connection_state(row).word] for row in rows],
            "app": [row.app_name or row.app_id for row in rows],
            "token": [f"•••• {row.key_last4}" if row.key_last4 else "" for row in rows],
            "used": [row.used_by for row in rows],
            "checked": moments(row.last_checked_at for row in rows),
            "synced": moments(row.last_sync for row in rows),
        }
    )
    st.dataframe(
        frame,
        hide_index=True,
        height="content",
        column_config={
            "name": text("Connection", pinned=True),
            "state": chips("State", texts.CONNECTION_STATES.values()),
            "app": text("Glide app"),
            "token": text("Token"),
            "used": figure("Mappings"),
            "checked": since("Last tested"),
            "synced": since("Last sync"),
        },
        key=key,
        on_select="rerun",
        selection_mode="single-row",
        placeholder="–",
        alt="Connections and how they stand",
    )
    return selected(key, len(rows))


def runs(rows: Sequence[RunRow], *, key: str) -> int | None:
    """Runs, newest first; the row that is picked."""
    frame = pd.DataFrame(
        {
            "mapping": [row.mapping_name for row in rows],
            "state": [[run_state(row).word] for row in rows],
            "started": moments(row.started_at for row in rows),
            "took": [words.duration(row.seconds) for row in rows],
            "read": [row.counts.read for row in rows],
            "created": [row.counts.created for row in rows],
            "updated": [row.counts.updated for row in rows],
            "deleted": [row.counts.deleted for row in rows],
            "failed": [row.counts.failed for row in rows],
            "skipped": [row.counts.skipped for row in rows],
            "conflicts": [row.counts.conflicts for row in rows],
            "trigger": [asked(row) for row in rows],
        }
    )
    columns: dict[str, Column] = {
        "mapping": text("Mapping", pinned=True),
        "state": chips("State", texts.RUN_STATES.values(), width=172),
        "started": at("Started"),
        "took": text("Took", width=60),
        "trigger": text("Started by", width=132),
        "read": figure("Read", width=62),
        "created": figure("Created", width=62),
        "updated": figure("Updated", width=66),
        "deleted": figure("Deleted", width=62),
        "failed": figure("Held back", width=76),
        "conflicts": figure("Conflicts", width=76),
        "skipped": figure("Unchanged", width=84),
    }
    shown = [name for name in columns if name != "conflicts" or frame["conflicts"].any()]
    st.dataframe(
        frame,
        hide_index=True,
        height="content",
        column_config=columns,
        column_order=shown,
        key=key,
        on_select="rerun",
        selection_mode="single-row",
        alt="Runs, newest first",
    )
    return selected(key, len(rows))


def asked(row: RunRow) -> str:
    """Sync now by ada; Schedule."""
    if row.undo_of:
        return f"Undo by {row.actor}" if row.actor else "Undo"
    how = texts.TRIGGERS.get(row.trigger, row.trigger)
    return f"{how} by {row.actor}" if row.actor and row.trigger in ("manual", "retry") else how


def error_groups(rows: Sequence[ErrorGroup], *, key: str) -> int | None:
    """Errors by cause, the largest first; the row that is picked."""
    frame = pd.DataFrame(
        {
            "cause": [row.advice.title for row in rows],
            "mapping": [row.mapping_name for row in rows],
            "column": [row.column or "" for row in rows],
            "count": [row.count for row in rows],
            "trend": [row.trend for row in rows],
            "sample": [words.shortened(row.sample_value or "") for row in rows],
            "first": moments(row.first_seen for row in rows),
            "last": moments(row.last_seen for row in rows),
            "code": [row.type for row in rows],
        }
    )
    st.dataframe(
        frame,
        hide_index=True,
        height="content",
        column_config={
            "cause": text("Cause", pinned=True),
            "mapping": text("Mapping"),
            "column": text("Column"),
            "count": figure("Rows", width=54),
            "trend": st.column_config.BarChartColumn(
                "7 days", help="New ones on each of the last 7 days", y_min=0, width=72
            ),
            "sample": text("For example", width=116),
            "first": since("First seen", width=128),
            "last": since("Last seen", width=128),
            "code": text("Code"),
        },
        key=key,
        on_select="rerun",
        selection_mode="single-row",
        alt="Errors by cause",
    )
    return selected(key, len(rows))


def conflict_groups(rows: Sequence[ConflictGroup], *, key: str) -> int | None:
    """Conflicts by mapping, column and kind; the number of the row that was picked."""
    frame = pd.DataFrame(
        {
            "column": [row.column or "The whole row" for row in rows],
            "kind": [[texts.CONFLICT_KINDS[row.kind].word] for row in rows],
            "mapping": [row.mapping_name for row in rows],
            "count": [row.count for row in rows],
            "first": moments(row.first_seen for row in rows),
            "last": moments(row.last_seen for row in rows),
        }
    )
    st.dataframe(
        frame,
        hide_index=True,
        height="content",
        column_config={
            "column": text("Column", pinned=True),
            "kind": chips("What happened", texts.CONFLICT_KINDS.values()),
            "mapping": text("Mapping"),
            "count": figure("Conflicts"),
            "first": since("First seen"),
            "last": since("Last seen"),
        },
        key=key,
        on_select="rerun",
        selection_mode="single-row",
        alt="Conflicts by column",
    )
    return selected(key, len(rows))


def error_rows(rows: Sequence[ErrorRow], *, key: str) -> None:
    """Single errors of one cause; several rows can be ticked. What all of them share stands in the cause's heading."""
    frame = pd.DataFrame(
        {
            "row": [row.glide_row_id or "" for row in rows],
            "value": [words.shortened(row.value or "", 80) for row in rows],
            "state": [
                [texts.ERROR_STATES.get(row.state, texts.UNKNOWN_STATE).word, *([texts.RETURNED.word] * row.returned)]
                for row in rows
            ],
            "said": ["" if row.rule else row.message for row in rows],
            "seen": moments(row.last_seen_at for row in rows),
            "attempts": [row.attempts for row in rows],
            "who": [row.assigned_to or "" for row in rows],
        }
    )
    columns: dict[str, Column] = {
        "row": text("Glide row", pinned=True),
        "value": text("Value in Glide"),
        "state": chips("State", (*texts.ERROR_STATES.values(), texts.RETURNED)),
        "said": text("What was said"),
        "seen": since("Last seen", width=128),
        "attempts": figure("Seen", "How many runs met this cell", width=52),
        "who": text("Taken care of by"),
    }
    shown = [name for name in columns if name not in ("said", "who") or frame[name].any()]
    st.dataframe(
        frame,
        hide_index=True,
        height="content",
        column_config=columns,
        column_order=shown,
        key=key,
        on_select="rerun",
        selection_mode="multi-row",
        alt="Errors, row by row",
    )
