"""One run as people see it: a card while it works, and every figure afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import streamlit as st

from glsync.services.runs import Event, RunRow
from glsync.ui import tables, texts, words
from glsync.ui.components import chip, icon

PATHS: dict[str, dict[str, str]] = {
    "to_supabase": {"prepare": "Prepare", "write": "Read and store", "finish": "Finish"},
    "to_glide": {"read": "Read both sides", "push": "Write Glide", "finish": "Finish"},
    "both": {"read": "Read both sides", "write": "Write Postgres", "push": "Write Glide", "finish": "Finish"},
}
"""The steps of a run by direction, in the order they happen: stage of the log -> words."""


def steps(run: RunRow) -> str:
    """The run's steps in one line: those behind it ticked, the one it is at turned on, the rest pale."""
    path = PATHS[run.direction]
    at = list(path).index(run.stage) if run.stage in path else 0
    parts = []
    for place, word in enumerate(path.values()):
        if place < at:
            parts.append(f":green[{icon('check_circle')}] {word}")
        elif place == at:
            parts.append(f":blue[{icon('radio_button_checked')} **{word}**]")
        else:
            parts.append(f":gray[{icon('radio_button_unchecked')} {word}]")
    return "  :gray[—]  ".join(parts)


def still_expected(run: RunRow) -> int | None:
    """The rows the table is believed to have; None when nobody knows, or when the belief is behind already."""
    return run.expected_rows if run.expected_rows and run.expected_rows > run.counts.read else None


def pace(run: RunRow) -> str:
    """9 200 of 20 455 rows · 4 100 rows/s · about 3 s left."""
    read, expected = run.counts.read, still_expected(run)
    told = [f"{words.number(read)} of {words.number(expected)} rows" if expected else f"{words.number(read)} rows"]
    rate = read / run.seconds if run.seconds and run.seconds > 0.5 else 0.0
    if rate >= 1:
        told.append(f"{words.number(rate)} rows/s")
        if expected:
            told.append(f"about {words.duration((expected - read) / rate)} left")
    return " · ".join(told)


def stored(run: RunRow) -> str:
    """8 800 created, 12 updated, 3 held back; what is zero is left out."""
    counts = run.counts
    named = (
        (counts.created, "created"),
        (counts.updated, "updated"),
        (counts.deleted, "deleted"),
        (counts.skipped, "unchanged"),
        (counts.failed, "held back"),
        (counts.conflicts, "in conflict"),
    )
    return ", ".join(f"{words.number(count)} {name}" for count, name in named if count) or "nothing stored yet"


def working(run: RunRow) -> None:
    """The inside of a card of a run that waits or is under way."""
    if run.status == "started":
        st.caption(f"Asked for {words.ago(run.started_at)}. It begins as soon as a worker is free.")
        return
    st.markdown(steps(run))
    if expected := still_expected(run):
        st.progress(run.counts.read / expected)
    st.caption(f"{pace(run)} · {stored(run)}")


def heading(run: RunRow) -> None:
    """The mapping, how its run stands, and since when."""
    st.markdown(f"**{words.plain(run.mapping_name)}**", width="content")
    chip(tables.run_state(run))
    st.caption(words.plain(run.target), width="content")


def figures(run: RunRow) -> None:
    """Every count of a run. What was stored is counted by what happened, not by what was tried."""
    counts = run.counts
    with st.grid(7, min_column_width=92, gap="small"):
        st.metric("Read", words.number(counts.read), border=True)
        st.metric("Created", words.number(counts.created), border=True)
        st.metric("Updated", words.number(counts.updated), border=True)
        st.metric("Deleted", words.number(counts.deleted), border=True)
        st.metric("Unchanged", words.number(counts.skipped), border=True)
        st.metric("Held back", words.number(counts.failed), border=True)
        st.metric("Conflicts", words.number(counts.conflicts), border=True)


def log_text(events: Sequence[Event]) -> str:
    """The lines of a run as a text file: time, level, message."""
    return "\n".join(f"{words.clock(line.at)}  {line.level:<7}  {line.message}" for line in events)


def facts(run: RunRow) -> str:
    """When, how long, by whom, at what price."""
    told = [
        f"Started {words.moment(run.started_at)}",
        f"took {words.duration(run.seconds)}" if run.completed_at else f"running for {words.duration(run.seconds)}",
        words.plain(tables.asked(run)),
        texts.DIRECTIONS[run.direction],
        price(run.price),
    ]
    if run.mapping_version:
        told.append(f"mapping version {run.mapping_version}")
    return " · ".join(told)


def price(updates: Decimal) -> str:
    """1 Glide update; 9.58 Glide updates."""
    plain = f"{updates.normalize():f}"
    return f"{plain} Glide update{'' if plain == '1' else 's'}"
