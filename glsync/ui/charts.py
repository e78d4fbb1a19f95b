"""The charts of the Metrics page in the words of Vega-Lite, and how a figure is shown with the sentence it says.

Plain values and no builder of charts: eight of Altair's checked against its grammar took as long as everything else
on the page. The tests check ours against the same grammar.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd
import streamlit as st

from glsync.services import sheets
from glsync.ui import texts, words
from glsync.ui.components import icon

TEAL, BLUE, AMBER, RED, GRAY = "#0d9488", "#3b82f6", "#d97706", "#dc2626", "#94a3b8"
"""Colours that stand out by 3:1 on both themes' grounds."""
HEIGHT = 220
AGE_UNITS = (("days", 86400), ("hours", 3600), ("minutes", 60))
STALEST = 12
"""Mappings in the chart of ages; the table has all."""
Spec = dict[str, Any]
"""A chart, or a part of one, as Vega-Lite reads it; the data stands apart."""
LEGEND = {"orient": "top", "offset": 2, "title": None, "labelFontSize": 11, "columnPadding": 6, "symbolSize": 60}
COUNTS = {"format": "~s", "tickMinStep": 1, "tickCount": 4}
DAY_SAID = {"field": "day", "type": "temporal", "title": "Day", "format": "%-d %b %Y"}


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: its data, how to draw it, what it says, and how its columns are called in the table."""

    key: str
    title: str
    frame: pd.DataFrame
    says: str
    draw: Callable[[pd.DataFrame], Spec]
    columns: dict[str, str]


def show(figure: Figure) -> None:
    """A card: heading, takeaway, then the chart or its table with the CSV."""
    with st.container(border=True, key=f"metrics_card_{figure.key}", height="stretch"):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            st.subheader(figure.title, anchor=False, width="content")
            as_table = st.toggle("Table", key=f"metrics_table_{figure.key}")
        st.caption(words.plain(figure.says))
        data = figure.frame[list(figure.columns)]
        if data.empty:
            st.caption(texts.EMPTY["metrics"].body)
        elif as_table:
            _table(figure, data.rename(columns=figure.columns))
        else:
            alt = f"{figure.title}. {figure.says}"
            st.vega_lite_chart(data, figure.draw(figure.frame), width="stretch", height=HEIGHT, alt=alt)


def _table(figure: Figure, table: pd.DataFrame) -> None:
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


def stacked(names: Mapping[str, str], colours: Sequence[str], unit: str) -> Callable[[pd.DataFrame], Spec]:
    """A bar for each day, made of these columns."""

    def draw(frame: pd.DataFrame) -> Spec:
        rank = {"calculate": f"indexof({json.dumps(list(names))}, datum.column)", "as": "rank"}
        return {
            "transform": [*_parts(names, "count"), rank],
            "mark": {"type": "bar", "cornerRadius": 1.5, "width": _bar_width(frame)},
            "encoding": {
                "x": _day(frame),
                "y": _amount("count", COUNTS),
                "color": _coloured("part", list(names.values()), colours),
                "order": {"field": "rank", "type": "quantitative"},
                "tooltip": [DAY_SAID, _said("part", "What"), _said("count", unit, ",")],
            },
        }

    return draw


def lines(names: Mapping[str, str], colours: Sequence[str], unit: str) -> Callable[[pd.DataFrame], Spec]:
    """A line for each of these columns over the days."""

    def draw(frame: pd.DataFrame) -> Spec:
        return {
            "transform": _parts(names, "value"),
            "mark": {"type": "line", "point": {"size": 36}, "interpolate": "monotone", "strokeWidth": 2},
            "encoding": {
                "x": _day(frame),
                "y": _amount("value", {"format": ".2~f", "tickCount": 4}),
                "color": _coloured("part", list(names.values()), colours),
                "tooltip": [DAY_SAID, _said("part", "What"), _said("value", unit, ",.2f")],
            },
        }

    return draw


def hours(frame: pd.DataFrame) -> Spec:
    """Rows read a second, hour by hour; nothing where nothing ran."""
    axis = {"format": "%-d %b %H:00", "labelOverlap": True, "tickCount": 5, "grid": False}
    period = [pd.Timestamp(str(frame["hour"].iloc[end])).isoformat() for end in (0, -1)]
    return {
        "mark": {"type": "bar", "cornerRadius": 1.5, "color": TEAL, "width": max(5.0, min(18.0, 240 / len(frame)))},
        "encoding": {
            "x": {"field": "hour", "type": "temporal", "title": None, "axis": axis, "scale": {"domain": period}},
            "y": _amount("rows_per_second", {"format": "~s", "tickCount": 4}),
            "tooltip": [
                {"field": "hour", "type": "temporal", "title": "Hour", "format": "%-d %b %H:00"},
                _said("rows_per_second", "Rows a second", ",.0f"),
                _said("read", "Rows read", ","),
                _said("stored", "Rows stored", ","),
            ],
        },
    }


def share(frame: pd.DataFrame) -> Spec:
    """Rows held back of those read, day by day."""
    return {
        "mark": {"type": "bar", "color": AMBER, "cornerRadius": 1.5, "width": _bar_width(frame)},
        "encoding": {
            "x": _day(frame),
            "y": _amount("share", {"format": "~%", "tickCount": 4}),
            "tooltip": [
                DAY_SAID,
                _said("rejected", "Held back", ","),
                _said("read", "Read", ","),
                _said("share", "Share", ".2%"),
            ],
        },
    }


def causes(_frame: pd.DataFrame) -> Spec:
    """Errors by cause, the open ones in red, the most frequent first."""
    return {
        "transform": [
            {"calculate": "datum.errors - datum.open", "as": "Closed"},
            {"calculate": "datum.open", "as": "Open"},
            {"fold": ["Open", "Closed"], "as": ["state", "count"]},
        ],
        "mark": {"type": "bar", "cornerRadius": 1.5, "height": 18},
        "encoding": {
            "x": _amount("count", COUNTS),
            "y": _named("cause", label_limit=220),
            "color": _coloured("state", ["Open", "Closed"], [RED, GRAY]),
            "tooltip": [_said("cause", "Cause"), _said("state", "State"), _said("count", "Errors", ",")],
        },
    }


def usage(frame: pd.DataFrame) -> Spec:
    """Glide updates a day, by connection."""
    return {
        "mark": {"type": "bar", "cornerRadius": 1.5, "width": _bar_width(frame)},
        "encoding": {
            "x": _day(frame),
            "y": _amount("updates", {"format": "~s", "tickCount": 4}),
            "color": {"field": "connection", "type": "nominal", "legend": LEGEND},
            "tooltip": [
                DAY_SAID,
                _said("connection", "Connection"),
                _said("updates", "Updates", ",.2f"),
                _said("calls", "Calls", ","),
            ],
        },
    }


def age_unit(frame: pd.DataFrame) -> tuple[str, int]:
    """What ages are counted in, so that the oldest is no fraction of one; and its seconds."""
    oldest = float(frame["age_seconds"].max()) if len(frame) else 0.0
    return next((name, size) for name, size in AGE_UNITS if oldest >= 3 * size or size == 60)


def freshness(frame: pd.DataFrame) -> Spec:
    """Time since the last good run of the stalest mappings, the stalest first."""
    unit, seconds = age_unit(frame)
    return {
        "transform": [
            {"window": [{"op": "row_number", "as": "rank"}], "sort": [{"field": "age_seconds", "order": "descending"}]},
            {"filter": f"datum.rank <= {STALEST}"},
            {"calculate": f"datum.age_seconds / {seconds}", "as": "age"},
        ],
        "mark": {"type": "bar", "cornerRadius": 1.5, "color": TEAL},
        "encoding": {
            "x": _amount("age", {"tickCount": 4}),
            "y": _named("mapping", label_limit=180),
            "tooltip": [_said("mapping", "Mapping"), _said("age", unit.capitalize(), ",.1f")],
        },
    }


# Parts


def _parts(names: Mapping[str, str], value: str) -> list[Spec]:
    """Each of these columns as rows of their own: `part` is what it is called, and what it holds is `value`."""
    called = {"calculate": f"({json.dumps(names)})[datum.column]", "as": "part"}
    return [{"fold": list(names), "as": ["column", value]}, called]


def _said(field: str, title: str, format: str | None = None) -> Spec:
    """A line of the box that hovering shows: a number with its format, or a word."""
    kind = {"type": "quantitative", "format": format} if format else {"type": "nominal"}
    return {"field": field, "title": title, **kind}


def _day(frame: pd.DataFrame) -> Spec:
    """The days of the frame's period, all of them, so that every chart has the same."""
    axis = {"format": "%-d %b", "labelOverlap": True, "tickCount": 6, "grid": False}
    scale = {"domain": frame.attrs["period"]}
    return {"field": "day", "type": "temporal", "title": None, "axis": axis, "scale": scale}


def _amount(field: str, axis: Spec) -> Spec:
    return {"field": field, "type": "quantitative", "title": None, "axis": {"labelFlush": False, **axis}}


def _named(field: str, *, label_limit: int) -> Spec:
    """Names down the side, all of them, the one with the longest bar first."""
    axis = {"labelLimit": label_limit, "labelOverlap": False, "labelFlush": False}
    return {"field": field, "type": "nominal", "title": None, "sort": "-x", "axis": axis}


def _coloured(field: str, names: Sequence[str], colours: Sequence[str]) -> Spec:
    scale = {"domain": list(names), "range": list(colours)}
    return {"field": field, "type": "nominal", "scale": scale, "legend": LEGEND}


def _bar_width(frame: pd.DataFrame) -> float:
    """Pixels of a bar, so that a period fills some 330 of them."""
    first, last = map(date.fromisoformat, frame.attrs["period"])
    days = (last - first).days + 1
    return max(2.0, min(26.0, 330 / days * 0.7))
