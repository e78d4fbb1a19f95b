"""The charts of the Metrics page, all Altair, and the sentence each of them says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from glsync.services import sheets
from glsync.ui import texts, words
from glsync.ui.components import icon

TEAL, BLUE, AMBER, RED, GRAY = "#0d9488", "#3b82f6", "#d97706", "#dc2626", "#94a3b8"
"""Colours that stand out by 3:1 on both themes' grounds."""
HEIGHT = 220
Chart = Any  # an alt.Chart; Altair's builders are not typed


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: its data, how to draw it, what it says, and how its columns are called in the table."""

    key: str
    title: str
    frame: pd.DataFrame
    says: str
    draw: Callable[[pd.DataFrame], Chart]
    columns: dict[str, str]


def show(figure: Figure) -> None:
    """A card: heading, takeaway, then the chart or its table with the CSV."""
    with st.container(border=True, key=f"metrics_card_{figure.key}", height="stretch"):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            st.subheader(figure.title, anchor=False, width="content")
            as_table = st.toggle("Table", key=f"metrics_table_{figure.key}")
        st.caption(words.plain(figure.says))
        if figure.frame.empty:
            st.caption(texts.EMPTY["metrics"].body)
        elif as_table:
            _table(figure)
        else:
            st.altair_chart(figure.draw(figure.frame), height=HEIGHT, alt=f"{figure.title}. {figure.says}")


def _table(figure: Figure) -> None:
    table = figure.frame[list(figure.columns)].rename(columns=figure.columns)
    st.dataframe(table, hide_index=True, height=HEIGHT, alt=f"{figure.title} as a table", placeholder="–")
    st.download_button(
        "CSV",
        sheets.csv(table),
        file_name=f"{figure.key}.csv",
        mime="text/csv",
        key=f"metrics_csv_{figure.key}",
        icon=icon("download"),
        on_click="ignore",
    )


def _day(frame: pd.DataFrame) -> alt.X:
    """The days of the frame's period, all of them, so that every chart has the same."""
    scale = alt.Scale(domain=frame.attrs["period"])
    axis = alt.Axis(format="%-d %b", labelOverlap=True, tickCount=6, grid=False)
    return alt.X("day:T", title=None, axis=axis, scale=scale)


def _bar_width(frame: pd.DataFrame) -> float:
    """Pixels of a bar, so that a period fills some 330 of them."""
    first, last = map(date.fromisoformat, frame.attrs["period"])
    days = (last - first).days + 1
    return max(2.0, min(26.0, 330 / days * 0.7))


LEGEND = alt.Legend(orient="top", offset=2, title=None, labelFontSize=11, columnPadding=6, symbolSize=60)


def stacked(names: dict[str, str], colours: Sequence[str], unit: str) -> Callable[[pd.DataFrame], Chart]:
    """A bar for each day, made of these columns."""

    def draw(frame: pd.DataFrame) -> Chart:
        long = frame.melt("day", list(names), var_name="part", value_name="count")
        long["part"] = long["part"].map(names)
        order = list(names.values())
        colour = alt.Color("part:N", scale=alt.Scale(domain=order, range=list(colours)), legend=LEGEND)
        return (
            alt.Chart(long)
            .mark_bar(cornerRadius=1.5, width=_bar_width(frame))
            .encode(
                _day(frame),
                alt.Y("count:Q", title=None, axis=alt.Axis(format="~s", tickMinStep=1, tickCount=4)),
                colour,
                order=alt.Order("rank:Q"),
                tooltip=[
                    alt.Tooltip("day:T", title="Day", format="%-d %b %Y"),
                    alt.Tooltip("part:N", title="What"),
                    alt.Tooltip("count:Q", title=unit, format=","),
                ],
            )
            .transform_calculate(rank=f"indexof({order}, datum.part)")
        )

    return draw


def lines(names: dict[str, str], colours: Sequence[str], unit: str) -> Callable[[pd.DataFrame], Chart]:
    """A line for each of these columns over the days."""

    def draw(frame: pd.DataFrame) -> Chart:
        long = frame.melt("day", list(names), var_name="part", value_name="value").dropna()
        long["part"] = long["part"].map(names)
        order = list(names.values())
        return (
            alt.Chart(long)
            .mark_line(point=alt.OverlayMarkDef(size=36), interpolate="monotone", strokeWidth=2)
            .encode(
                _day(frame),
                alt.Y("value:Q", title=None, axis=alt.Axis(format=".2~f", tickCount=4)),
                alt.Color("part:N", scale=alt.Scale(domain=order, range=list(colours)), legend=LEGEND),
                tooltip=[
                    alt.Tooltip("day:T", title="Day", format="%-d %b %Y"),
                    alt.Tooltip("part:N", title="What"),
                    alt.Tooltip("value:Q", title=unit, format=",.2f"),
                ],
            )
        )

    return draw


def hours(frame: pd.DataFrame) -> Chart:
    """Rows read a second, hour by hour; nothing where nothing ran."""
    axis = alt.Axis(format="%-d %b %H:00", labelOverlap=True, tickCount=5, grid=False)
    period = [pd.Timestamp(str(frame["hour"].iloc[end])).isoformat() for end in (0, -1)]
    return (
        alt.Chart(frame.assign(rows_per_second=frame["rows_per_second"].astype(float)))
        .mark_bar(cornerRadius=1.5, color=TEAL, width=5)
        .encode(
            alt.X("hour:T", title=None, axis=axis, scale=alt.Scale(domain=period)),
            alt.Y("rows_per_second:Q", title=None, axis=alt.Axis(format="~s", tickCount=4)),
            tooltip=[
                alt.Tooltip("hour:T", title="Hour", format="%-d %b %H:00"),
                alt.Tooltip("rows_per_second:Q", title="Rows a second", format=",.0f"),
                alt.Tooltip("read:Q", title="Rows read", format=","),
                alt.Tooltip("stored:Q", title="Rows stored", format=","),
            ],
        )
    )


def share(frame: pd.DataFrame) -> Chart:
    """Rows held back of those read, day by day."""
    return (
        alt.Chart(frame.dropna(subset=["share"]))
        .mark_bar(color=AMBER, cornerRadius=1.5, width=_bar_width(frame))
        .encode(
            _day(frame),
            alt.Y("share:Q", title=None, axis=alt.Axis(format="~%", tickCount=4)),
            tooltip=[
                alt.Tooltip("day:T", title="Day", format="%-d %b %Y"),
                alt.Tooltip("rejected:Q", title="Held back", format=","),
                alt.Tooltip("read:Q", title="Read", format=","),
                alt.Tooltip("share:Q", title="Share", format=".2%"),
            ],
        )
    )


def causes(frame: pd.DataFrame) -> Chart:
    """Errors by cause, the open ones in red, the most frequent first."""
    counted = frame.assign(
        cause=frame["type"].map(lambda code: texts.ERROR_TYPES.get(code, code)), closed=frame["errors"] - frame["open"]
    )
    long = counted.melt(["cause", "errors"], ["open", "closed"], var_name="state", value_name="count")
    long["state"] = long["state"].map({"open": "Open", "closed": "Closed"})
    return (
        alt.Chart(long)
        .mark_bar(cornerRadius=1.5, height=18)
        .encode(
            alt.X("count:Q", title=None, axis=alt.Axis(format="~s", tickMinStep=1, tickCount=4)),
            alt.Y("cause:N", title=None, sort="-x", axis=alt.Axis(labelLimit=220)),
            alt.Color(
                "state:N",
                scale=alt.Scale(domain=["Open", "Closed"], range=[RED, GRAY]),
                legend=LEGEND,
            ),
            tooltip=["cause:N", "state:N", alt.Tooltip("count:Q", format=",")],
        )
    )


def usage(frame: pd.DataFrame) -> Chart:
    """Glide updates a day, by connection."""
    return (
        alt.Chart(frame.assign(updates=frame["updates"].astype(float)))
        .mark_bar(cornerRadius=1.5, width=_bar_width(frame))
        .encode(
            _day(frame),
            alt.Y("updates:Q", title=None, axis=alt.Axis(format="~s", tickCount=4)),
            alt.Color("connection:N", legend=LEGEND),
            tooltip=[
                alt.Tooltip("day:T", title="Day", format="%-d %b %Y"),
                "connection:N",
                alt.Tooltip("updates:Q", format=",.2f"),
                alt.Tooltip("calls:Q", format=","),
            ],
        )
    )


def freshness(frame: pd.DataFrame) -> Chart:
    """Hours since the last good run of each mapping, the stalest first."""
    aged = frame.dropna(subset=["age_seconds"]).assign(hours=lambda one: one["age_seconds"].astype(float) / 3600)
    return (
        alt.Chart(aged.head(12))
        .mark_bar(cornerRadius=1.5, color=TEAL)
        .encode(
            alt.X("hours:Q", title=None, axis=alt.Axis(tickCount=4)),
            alt.Y("mapping:N", title=None, sort="-x", axis=alt.Axis(labelLimit=180)),
            tooltip=["mapping:N", alt.Tooltip("hours:Q", format=",.1f")],
        )
    )
