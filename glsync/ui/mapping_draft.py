"""A mapping while somebody edits it: the draft a tab remembers, and the column grid's edits folded into it.

The grid's own edits are kept by the browser by row position, so the rows it is drawn from stay the same (`base`)
until a revision replaces them: a toolbar button, a save, another table. The draft is always base plus edits.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import streamlit as st

from glsync.services.mappings import MappingDraft
from glsync.ui import state
from glsync.values import ColumnPair, GlideColumn, Kind, Problem

OWN = ("reference", "direction", "policy", "rule")
"""What a pair may say for itself, each in a column of the grid."""

FIELDS = (
    "name", "target", "direction", "deletes", "delete_grace", "conflict_policy", "marker_column", "filter", "schedule",
    "enabled",
)  # fmt: skip
"""Fields of a draft with an input of the same name."""
_GLIDE_COLUMN = re.compile(r'(Glide column |^Both |(?<=") and )"([^"]*)"')
"""Where a problem's message names a Glide column."""
OPTIONAL = ("filter", "schedule")
"""Those whose emptied input means that there is none."""


@dataclass(frozen=True, slots=True)
class GridRow:
    """One Glide column in the grid; `pair` is what it was paired with when the grid was made."""

    glide_id: str
    name: str
    type: str
    kind: Kind
    pair: ColumnPair | None
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Editing:
    """What is edited under one address. `saved` is what the database holds, None for a new mapping.

    `rows` are all rows of the grid as it was drawn last, `shown` those its view let through.
    """

    key: str
    draft: MappingDraft
    saved: MappingDraft | None
    base: tuple[ColumnPair, ...] = ()
    revision: int = 0
    rows: tuple[GridRow, ...] = ()
    shown: tuple[GridRow, ...] = ()

    @property
    def grid_key(self) -> str:
        return f"mappings_grid_{self.key}_{self.revision}"

    def field_key(self, name: str) -> str:
        return f"mappings_{name}_{self.key}"


def _place(key: str) -> str:
    return f"mappings_editing_{key}"


def begin(key: str, make: Callable[[], tuple[MappingDraft, MappingDraft | None]]) -> Editing:
    """The editing under this key, begun when there is none. Edits the browser has lost become the new base."""

    def fresh() -> Editing:
        draft, saved = make()
        return Editing(key, draft, saved, tuple(draft.pairs))

    state.made_once(_place(key), fresh)
    editing = current(key)
    if editing.grid_key not in st.session_state and editing.base != tuple(editing.draft.pairs):
        editing = replace(editing, base=tuple(editing.draft.pairs), rows=(), shown=())
        state.put(_place(key), editing)
    return editing


def current(key: str) -> Editing:
    """The editing as it stands, the last cell typed into included."""
    editing = cast("Editing", st.session_state[_place(key)])
    edited = st.session_state.get(editing.grid_key, {}).get("edited_rows")
    if not editing.shown or edited is None:
        return editing
    pairs = pairs_after(editing.rows, {editing.shown[position].glide_id: edit for position, edit in edited.items()})
    return replace(editing, draft=replace(editing.draft, pairs=pairs))


def drawn(key: str, rows: Sequence[GridRow], shown: Sequence[GridRow]) -> None:
    """The grid is about to be drawn from these rows; edits come back by their positions in `shown`."""
    state.put(_place(key), replace(current(key), rows=tuple(rows), shown=tuple(shown)))


def forget(key: str) -> None:
    """Drop everything of this editing: the next drawing begins again from what is stored."""
    editing = current(key)
    state.forget(_place(key), f"mappings_grid_{key}_", f"mappings_shown_mappings_grid_{key}_", *_inputs(editing))


def change(key: str, **fields: Any) -> None:
    """Set fields of the draft; the grid stays as it is."""
    editing = current(key)
    state.put(_place(key), replace(editing, draft=replace(editing.draft, **fields)))


def rebase(key: str, pairs: Sequence[ColumnPair]) -> None:
    """Give the draft these pairs and draw the grid anew from them."""
    editing = current(key)
    state.put(
        _place(key),
        replace(
            editing,
            draft=replace(editing.draft, pairs=list(pairs)),
            base=tuple(pairs),
            revision=editing.revision + 1,
            rows=(),
            shown=(),
        ),
    )


def take_field(key: str, name: str) -> None:
    """The input of this field changed: its value goes into the draft."""
    given = st.session_state[current(key).field_key(name)]
    change(key, **{name: (given or "").strip() or None if name in OPTIONAL else given})


def put(key: str, draft: MappingDraft) -> None:
    """Edit this instead of what was edited: every input and the grid show it."""
    editing = current(key)
    state.put(_place(key), replace(editing, draft=draft))
    state.forget(*_inputs(editing))
    rebase(key, draft.pairs)


def _inputs(editing: Editing) -> list[str]:
    return [editing.field_key(name) for name in (*FIELDS, "connection", "glide_table", "create", "fresh_target")]


def changes(editing: Editing) -> int:
    """How many fields and pairs differ from what is stored."""
    if editing.saved is None:
        return 0
    draft, saved = editing.draft, editing.saved
    fields = sum(
        bool(getattr(draft, name) != getattr(saved, name)) for name in (*FIELDS, "connection_id", "glide_table")
    )
    was, now = {pair.glide_id: pair for pair in saved.pairs}, {pair.glide_id: pair for pair in draft.pairs}
    return fields + sum(was.get(glide_id) != now.get(glide_id) for glide_id in was.keys() | now.keys())


def with_names(problems: Sequence[Problem], pairs: Sequence[ColumnPair]) -> list[Problem]:
    """The problems calling Glide columns by the names people gave them; files and programs know them by their ids."""
    names = {pair.glide_id: pair.glide_name or pair.glide_id for pair in pairs}

    def called(found: re.Match[str]) -> str:
        return f'{found[1]}"{names.get(found[2], found[2])}"'

    return [replace(problem, message=_GLIDE_COLUMN.sub(called, problem.message)) for problem in problems]


# The grid, as plain functions


def grid_rows(columns: Sequence[GlideColumn], pairs: Sequence[ColumnPair]) -> list[GridRow]:
    """A row for each Glide column in Glide's order, then one for each pair whose column Glide no longer has."""
    paired = {pair.glide_id: pair for pair in pairs}
    known = {column.id for column in columns}
    rows = []
    for column in columns:
        pair = paired.get(column.id)
        kind = pair.kind if pair else column.kind or "string"
        rows.append(GridRow(column.id, column.name, column.type, kind, pair))
    gone = [pair for pair in pairs if pair.glide_id not in known]
    rows += [GridRow(pair.glide_id, pair.glide_name, "", pair.kind, pair, gone=True) for pair in gone]
    return rows


def pairs_after(rows: Sequence[GridRow], edits: Mapping[str, Mapping[str, Any]]) -> list[ColumnPair]:
    """The pairs once edits are applied: Glide column id -> {"column", "kind", and any of OWN}.

    All of them are optional. An emptied column unmaps; another emptied cell means that the mapping's own holds.
    """
    pairs = []
    for row in rows:
        edit = edits.get(row.glide_id, {})
        was = row.pair.column if row.pair else ""
        column = str(edit.get("column", was) or "").strip()
        if not column:
            continue
        kind = cast("Kind", edit.get("kind") or row.kind)
        pair = row.pair or ColumnPair(row.glide_id, row.name, column, kind)
        own: dict[str, Any] = {name: edit[name] or None for name in OWN if name in edit}
        pairs.append(replace(pair, column=column, kind=kind, **own))
    return pairs
