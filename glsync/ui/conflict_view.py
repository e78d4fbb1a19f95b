"""Conflicts: the values of base, Glide and Postgres side by side, and a button below each that may stand."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import streamlit as st

from glsync.errors import InvalidInput, NotFound
from glsync.services import conflicts
from glsync.services.conflicts import OPEN, ConflictFilter, ConflictRow
from glsync.ui import commands, dialogs, live, places, state, tables, texts, words
from glsync.ui.components import chip, empty, guarded, icon
from glsync.ui.shell import Visit
from glsync.values import Side

GROUPS = "conflicts_groups"
CARDS = 10
"""Cards on one page."""
UNDECIDED: tuple[conflicts.State, ...] = ("open", "picked")
NAMES: dict[Side, str] = {"glide": "Glide", "postgres": "Postgres"}
OTHER: dict[Side, Side] = {"glide": "postgres", "postgres": "glide"}


def section(visit: Visit) -> None:
    """What both sides changed, by mapping and column; nothing at all while nobody has to decide anything."""
    groups = conflicts.groups(visit.actor, OPEN, limit=tables.PAGE)
    if not groups:
        return
    st.subheader("Changed on both sides", anchor=False)
    total = conflicts.count(visit.actor, OPEN)
    with st.container(horizontal=True, vertical_alignment="center", key="conflicts_section"):
        st.caption(f"{words.counted(total, 'conflict')} · {texts.CONFLICTS}", width="content")
        st.button(
            f"Decide {words.number(total)}",
            key="conflicts_open",
            icon=icon("alt_route"),
            type="primary",
            on_click=show,
            args=("all",),
        )
    if (picked := tables.conflict_groups(groups, key=GROUPS)) is not None:
        show(groups[picked].key)
        st.rerun()


def show(key: str) -> None:
    """Open what the key names: all, those of a mapping by its id, or a group."""
    st.query_params["conflicts"] = key


def close() -> None:
    for name in ("conflicts", "conflict"):
        st.query_params.pop(name, None)


def page(visit: Visit, key: str, *, one: bool = False) -> None:
    """The conflicts that the address names, a card each; `one`: the key is the id of a single one."""
    st.button("All errors", key="conflicts_back", icon=icon("arrow_back"), type="tertiary", on_click=close)
    live.region("conflicts_live", lambda: _cards(visit, key, one=one), busy=lambda: _is_carried_out(visit))
    _alike_dialog(visit)


def _is_carried_out(visit: Visit) -> bool:
    """Does a run still have to carry out what somebody picked?"""
    return conflicts.counters(visit.actor)["picked"] > 0


def _cards(visit: Visit, key: str, *, one: bool) -> None:
    rows, total = _found(visit, key, one=one)
    if not rows:
        with empty(texts.EMPTY["conflicts_gone"], "conflicts"):
            st.button("All errors", key="conflicts_all", on_click=close)
        return
    st.subheader(f"{words.counted(total, 'conflict')} to decide", anchor=False)
    st.caption(texts.CONFLICTS_HOW)
    for row in rows:
        with guarded(f"conflict_{row.id}"):
            _card(visit, row)
    if total > CARDS:
        st.pagination(-(-total // CARDS), key="conflicts_page")


def _found(visit: Visit, key: str, *, one: bool) -> tuple[list[ConflictRow], int]:
    """(the cards of this page, how many there are in all)."""
    try:
        if one:
            row = conflicts.get(visit.actor, UUID(key))
            return ([row], 1) if row.state in UNDECIDED else ([], 0)
        wanted = _filter(key)
        offset = (state.get("conflicts_page", 1) - 1) * CARDS
        total = conflicts.count(visit.actor, wanted)
        return conflicts.listing(visit.actor, wanted, CARDS, offset if offset < total else 0), total
    except (InvalidInput, NotFound, ValueError):
        return [], 0


def _filter(key: str) -> ConflictFilter:
    if key == "all":
        return ConflictFilter(states=UNDECIDED)
    try:
        return ConflictFilter(states=UNDECIDED, mapping_id=UUID(key))
    except ValueError:
        return ConflictFilter(states=UNDECIDED, group=key)


def _card(visit: Visit, row: ConflictRow) -> None:
    with st.container(border=True, key=f"conflict_{row.id}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{words.plain(row.column or 'The whole row')}**", width="content")
            chip(texts.CONFLICT_KINDS[row.kind])
            st.caption(words.plain(f"{row.mapping_name} · row {row.row} · since {words.ago(row.created_at)}"))
        for place, name, value in zip(
            st.columns(3, gap="medium"),
            ("Last agreed", "Glide", "Postgres"),
            (row.base, row.glide, row.postgres),
            strict=True,
        ):
            with place:
                st.caption(name)
                _value(row, value, was=name == "Last agreed")
                if row.state == "open" and name != "Last agreed":
                    _pick_button(visit, row, "glide" if name == "Glide" else "postgres")
        if row.state == "picked":
            _picked(visit, row)
        else:
            _more(visit, row)


def _value(row: ConflictRow, value: Any, *, was: bool) -> None:
    """A cell, or a whole row as names and values."""
    if value is None and was:
        st.markdown(f":gray[{texts.NEVER_AGREED if row.kind == 'first_match' else texts.NO_VALUE}]")
    elif value is None:
        st.markdown(f":gray[{texts.NO_VALUE if row.column else texts.NO_ROW}]")
    elif isinstance(value, dict) and row.column is None:
        cells = {words.plain(name): words.plain(words.shortened(_text(cell), 200)) for name, cell in value.items()}
        st.table(cells, border="horizontal", width="stretch", alt="The row")
    else:
        st.markdown(words.plain(words.shortened(_text(value), 600)))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def label(row: ConflictRow, side: Side) -> str:
    """What picking this side does, in three or four words."""
    if row.column is not None:
        return f"Take {NAMES[side]}'s value"
    value = row.glide if side == "glide" else row.postgres
    if value is None:
        return f"Delete it in {NAMES[OTHER[side]]}"
    return f"Keep it, make it in {NAMES[OTHER[side]]}"


def _pick_button(visit: Visit, row: ConflictRow, side: Side) -> None:
    st.button(
        label(row, side),
        key=f"conflict_{side}_{row.id}",
        disabled=not visit.may("operator"),
        help=visit.why_not("operator"),
        width="stretch",
        on_click=commands.pick_side,
        args=(visit.actor, row.id, side),
    )


def _more(visit: Visit, row: ConflictRow) -> None:
    """Everything alike at once, the whole row at once, and doing so always."""
    alike = conflicts.count(visit.actor, ConflictFilter(group=row.group))
    of_row = conflicts.count(visit.actor, ConflictFilter(mapping_id=row.mapping_id, row=row.glide_row_id or row.pg_key))
    may, why = visit.may("operator"), visit.why_not("operator")
    with st.container(horizontal=True, vertical_alignment="center"):
        for scope, count, named in (
            ("alike", alike, f"Apply to all {words.number(alike)} like this"),
            ("row", of_row, f"The whole row, {words.counted(of_row, 'field')}"),
        ):
            if count > 1:
                st.button(
                    named,
                    key=f"conflict_{scope}_{row.id}",
                    type="tertiary",
                    icon=icon("done_all"),
                    disabled=not may,
                    help=why,
                    on_click=state.open_dialog,
                    args=("alike",),
                    kwargs={"conflict": row.id, "scope": scope, "count": count},
                )
        if row.column:
            places.link(
                "Always decide so", "mappings", icon=icon("rule"), mapping=str(row.mapping_id), column=row.column
            )
        if row.log_id:
            places.link("The run that met it", "runs", icon=icon("sync"), run=str(row.log_id))


def _picked(visit: Visit, row: ConflictRow) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        said = f"{NAMES[row.resolution or 'glide']} was picked by {row.resolved_by}; the next run carries it out."
        st.markdown(f":blue[{icon('schedule')}] {words.plain(said)}", width="content")
        st.button(
            "Take back",
            key=f"conflict_leave_{row.id}",
            type="tertiary",
            icon=icon("undo"),
            disabled=not visit.may("operator"),
            help=visit.why_not("operator"),
            on_click=commands.leave_conflicts,
            args=(visit.actor, [row.id]),
        )


def _alike_dialog(visit: Visit) -> None:
    """One pick for many: how many it is about, and what it overwrites."""
    asked = dialogs.asked("alike")
    if asked is None:
        return
    conflict_id, scope, count = asked.about["conflict"], asked.about["scope"], asked.about["count"]

    def draw() -> None:
        row = conflicts.get(visit.actor, conflict_id)
        about = f"row {row.row}" if scope == "row" else f"{row.column or 'whole rows'} of {row.mapping_name}"
        st.markdown(words.plain(f"{words.counted(count, 'conflict')}: {about}."))
        st.markdown(texts.PICK_MANY)
        with st.container(horizontal=True, horizontal_alignment="right"):
            st.button("Cancel", key="alike_cancel", on_click=state.close_dialog)
            for side in conflicts.SIDES:
                st.button(
                    f"{NAMES[side]} for all {words.number(count)}",
                    key=f"alike_{side}",
                    on_click=commands.pick_many,
                    args=(visit.actor, conflict_id, side, scope),
                )

    title = "The whole row" if scope == "row" else "All like this one"
    dialogs.show(title, draw, symbol="done_all")
