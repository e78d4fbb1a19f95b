"""The column grid of a mapping: Glide columns beside the Postgres columns they go to, and what is wrong with each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
import streamlit as st

from glsync.engine import types
from glsync.engine.suggest import Suggestion
from glsync.services import mappings
from glsync.services.access import Actor
from glsync.services.mappings import MappingDraft
from glsync.ui import mapping_draft, state, tables, texts, words
from glsync.ui.commands import noted
from glsync.ui.components import icon
from glsync.ui.mapping_draft import Editing, GridRow
from glsync.ui.shell import Visit
from glsync.values import ColumnPair, GlideColumn, Kind, Problem, TableColumn

CERTAIN = 0.95
"""From this confidence on a suggestion needs no second look."""
SHORT_TYPES = {
    "timestamp with time zone": "timestamptz",
    "timestamp without time zone": "timestamp",
    "time with time zone": "timetz",
    "time without time zone": "time",
    "character varying": "varchar",
    "double precision": "float8",
}
VIEWS = ("All", "Unmapped", "With problems")


@dataclass(frozen=True, slots=True)
class Source:
    """What Glide says of the table: its columns, and some raw rows."""

    columns: list[GlideColumn]
    sample: list[dict[str, Any]]


def draw(
    visit: Visit, editing: Editing, source: Source, target: Sequence[TableColumn], found: Sequence[Problem]
) -> None:
    """Toolbar, then grid. The toolbar stands first so that a keyboard reaches it without walking the cells."""
    asked = st.query_params.get("column")
    rows = mapping_draft.grid_rows(source.columns, editing.base)
    rows.sort(key=lambda row: row.pair is None or row.pair.column != asked)  # the column somebody came for stands first
    problems = _by_column(found)
    view = _toolbar(visit, editing, source, target)
    fitting = state.made_once(
        f"mappings_shown_{editing.grid_key}_{view}",
        lambda: {row.glide_id for row in rows if _fits(row, view, problems)},
    )
    shown = [row for row in rows if row.glide_id in fitting]  # the same rows until the grid is made anew
    if not shown:
        st.caption("No column fits this view.")
        return
    mapping_draft.drawn(editing.key, rows, shown)
    st.data_editor(
        _frame(shown, source, target, problems),
        key=editing.grid_key,
        hide_index=True,
        placeholder="–",
        num_rows="fixed",
        disabled=True if not visit.may("editor") else ["glide", "type", "sample", "held", "problem"],
        column_config=_columns(visit, editing, target),
        column_order=_order(editing.draft, target),
        height="content" if len(shown) <= 14 else 528,
        alt="Columns of this mapping",
    )


def _order(draft: MappingDraft, target: Sequence[TableColumn]) -> list[str]:
    """The columns of the grid; who wins and which way matters only where rows go both ways."""
    held = ["held"] if target else []
    ways = ["direction", "policy"] if draft.direction == "both" else []
    return ["glide", "type", "sample", "column", *held, "kind", "reference", *ways, "rule", "problem"]


def _toolbar(visit: Visit, editing: Editing, source: Source, target: Sequence[TableColumn]) -> str:
    mapped = len(editing.draft.pairs)
    with st.container(horizontal=True, vertical_alignment="center", key="mappings_toolbar"):
        st.caption(f"{mapped} of {words.counted(len(source.columns), 'column')} mapped", width="content")
        st.space("stretch")
        view = st.radio(
            "Show",
            VIEWS,
            horizontal=True,
            key="mappings_view",
            label_visibility="collapsed",
            width="content",
            on_change=_refold,
            args=(editing.key,),
        )
    with st.container(horizontal=True, vertical_alignment="center", key="mappings_tools"):
        disabled, why = not visit.may("editor"), visit.why_not("editor")
        st.button(
            "Map same names",
            key="mappings_same_names",
            icon=icon("auto_awesome"),
            disabled=disabled or not target or mapped == len(source.columns),
            help=why or "Pairs what is unmapped with columns of the same or a similar name.",
            on_click=_map_pressed,
            args=(visit.actor, editing.key, source),
        )
        st.button(
            "Unmap all",
            key="mappings_unmap",
            icon=icon("link_off"),
            disabled=disabled or not mapped,
            help=why,
            on_click=mapping_draft.rebase,
            args=(editing.key, ()),
        )
        st.button(
            "Add missing target columns",
            key="mappings_add_columns",
            icon=icon("add_column_right"),
            disabled=disabled or not target or not _lacking(editing.draft, source, target),
            help=why or "Gives every unmapped Glide column a new column in Postgres; the statement is shown first.",
            on_click=state.open_dialog,
            args=("mapping_add_columns",),
            kwargs={"key": editing.key, "columns": source.columns},
        )
    unsure: list[str] = state.get(f"mappings_unsure_{editing.key}", [])
    if unsure:
        st.caption(f":orange[{icon('help')}] {words.plain(texts.UNSURE.format(pairs=', '.join(unsure)))}")
    return str(view)


def _lacking(draft: MappingDraft, source: Source, target: Sequence[TableColumn]) -> bool:
    """Is there a Glide column without a place in Postgres?"""
    there = {column.name for column in target}
    return len(draft.pairs) < len(source.columns) or any(pair.column not in there for pair in draft.pairs)


def _map_pressed(actor: Actor, key: str, source: Source) -> None:
    before = len(mapping_draft.current(key).draft.pairs)
    map_same_names(actor, key, source)
    if len(mapping_draft.current(key).draft.pairs) == before:
        noted(texts.NOTHING_TO_PAIR)


def _refold(key: str) -> None:
    """Another view shows other rows: the edits so far become the base the new grid is drawn from."""
    mapping_draft.rebase(key, mapping_draft.current(key).draft.pairs)


def map_same_names(actor: Actor, key: str, source: Source) -> None:
    """Pair what is unmapped with the Postgres column it seems to mean; what is mapped stays."""
    draft = mapping_draft.current(key).draft
    found = mappings.suggest(actor, source.columns, draft.target, source.sample)
    mapped, taken = {pair.glide_id for pair in draft.pairs}, {pair.column for pair in draft.pairs}
    parents = mappings.likely_references(actor, draft.target)
    edits: dict[str, dict[str, Any]] = {
        one.glide_id: {"column": one.column, "kind": one.kind, "reference": _parent(one, parents)}
        for one in found
        if one.column and one.glide_id not in mapped and one.column not in taken
    }
    rows = mapping_draft.grid_rows(source.columns, draft.pairs)
    mapping_draft.rebase(key, mapping_draft.pairs_after(rows, edits))
    names = {column.id: column.name for column in source.columns}
    unsure = [
        f"{names[one.glide_id]} → {one.column} ({words.share(one.confidence)})"
        for one in found
        if one.glide_id in edits and one.confidence < CERTAIN
    ]
    state.put(f"mappings_unsure_{key}", unsure)


def _parent(found: Suggestion, parents: Mapping[str, str]) -> str | None:
    """The mapping whose rows the column seems to mean; only a text can be a row id."""
    return parents.get(found.column or "") if found.kind == "string" else None


def _by_column(found: Sequence[Problem]) -> dict[str, list[Problem]]:
    sorted_: dict[str, list[Problem]] = {}
    for problem in found:
        if problem.column:
            sorted_.setdefault(problem.column, []).append(problem)
    return sorted_


def _fits(row: GridRow, view: str, problems: Mapping[str, Sequence[Problem]]) -> bool:
    if view == "Unmapped":
        return row.pair is None
    return view != "With problems" or row.glide_id in problems or row.gone


def _frame(
    rows: Sequence[GridRow],
    source: Source,
    target: Sequence[TableColumn],
    problems: Mapping[str, Sequence[Problem]],
) -> pd.DataFrame:
    types_held = {column.name: column.type for column in target}
    return pd.DataFrame(
        {
            "glide": [row.name for row in rows],
            "type": ["no longer in Glide" if row.gone else texts.KINDS.get(row.type, row.type) for row in rows],
            "sample": [_sample(row.glide_id, source.sample) for row in rows],
            "column": [row.pair.column if row.pair else None for row in rows],
            "held": [short_type(types_held.get(row.pair.column, "")) if row.pair else "" for row in rows],
            "kind": [row.kind for row in rows],
            "reference": [row.pair.reference if row.pair else None for row in rows],
            "direction": [row.pair.direction if row.pair else None for row in rows],
            "policy": [row.pair.policy if row.pair else None for row in rows],
            "rule": [row.pair.rule if row.pair else None for row in rows],
            "problem": ["; ".join(problem.message for problem in problems.get(row.glide_id, ())) for row in rows],
        }
    ).astype(dict.fromkeys(("column", *mapping_draft.OWN), "object"))


def short_type(name: str) -> str:
    """A Postgres type as people write it: timestamptz for timestamp with time zone."""
    for long, short in SHORT_TYPES.items():
        name = name.replace(long, short)
    return name


def _sample(glide_id: str, sample: Sequence[Mapping[str, Any]]) -> str:
    """The first cell of the column that is not empty."""
    filled = (row[glide_id] for row in sample if row.get(glide_id) not in (None, ""))
    return words.shortened(next(filled, ""), 40)


def _columns(visit: Visit, editing: Editing, target: Sequence[TableColumn]) -> dict[str, Any]:
    """A list to choose from where the table is there; a name to type where it is still to be made."""
    names = [column.name for column in target if not column.generated and column.name != "glide_row_id"]
    names += [pair.column for pair in editing.draft.pairs if pair.column not in names]
    families = sorted({row.name for row in mappings.listing(visit.actor, limit=1000)} | _referred(editing.draft))
    is_tight = editing.draft.direction == "both"  # two columns more, on the same screen of 1280 pixels
    wide = 160 if is_tight else 190
    postgres = (
        st.column_config.SelectboxColumn("Postgres column", options=names, width=wide)
        if target
        else st.column_config.TextColumn("Postgres column", max_chars=63, width=wide)
    )
    return {
        "glide": tables.text("Glide column", pinned=True, width=116),
        "type": tables.text("In Glide", width=98),
        "sample": tables.text("For example", width=100 if is_tight else 150),
        "column": postgres,
        "kind": st.column_config.SelectboxColumn(
            "Read as",
            options=list(texts.KINDS),
            format_func=lambda kind: texts.KINDS[str(kind)],
            required=True,
            width=106,
        ),
        "held": tables.text("Type", width=92),
        "reference": st.column_config.SelectboxColumn(
            "Refers to", options=families, help=texts.REFERENCE_HELP, width=100
        ),
        "direction": st.column_config.SelectboxColumn(
            "Way",
            options=list(texts.DIRECTIONS),
            format_func=lambda one: texts.DIRECTIONS[str(one)],
            help=texts.OWN,
            width=72,
        ),
        "policy": st.column_config.SelectboxColumn(
            "On conflict",
            options=list(texts.WINNERS),
            format_func=lambda one: texts.WINNERS[str(one)],
            help=texts.OWN,
            width=100,
        ),
        "rule": st.column_config.TextColumn("Rule", max_chars=1000, width=92, help=texts.RULE_HELP),
        "problem": tables.text("Problem", width="medium"),
    }


def _referred(draft: MappingDraft) -> set[str]:
    """What the draft may refer to or does, stored or not: its own name, and names that are gone."""
    return {draft.name.strip(), *(pair.reference for pair in draft.pairs if pair.reference)} - {""}


def with_fitting_kind(actor: Actor, draft: MappingDraft, glide_id: str | None) -> list[ColumnPair]:
    """The draft's pairs, the one of this Glide column read as the first kind its Postgres column can hold."""
    held = {column.name: column.type for column in mappings.target_columns(actor, draft.target)}
    return [
        replace(pair, kind=_fitting(held.get(pair.column, "text"))) if pair.glide_id == glide_id else pair
        for pair in draft.pairs
    ]


def _fitting(postgres_type: str) -> Kind:
    return next((kind for kind in types.KINDS if types.fits(kind, postgres_type) is None), "string")
