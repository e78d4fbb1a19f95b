"""How much moved, how fast, how well and at what price."""

from __future__ import annotations

import streamlit as st

from glsync.services import mappings
from glsync.ui import charts, figures, shell
from glsync.ui.components import guarded

visit = shell.enter("metrics")
PERIODS = {"7 days": 7, "30 days": 30, "90 days": 90}

with guarded("metrics"):
    names = {name: id for id, name in mappings.names(visit.actor).items()}
    with st.container(horizontal=True, key="metrics_filters"):
        period = st.selectbox("Period", list(PERIODS), index=1, key="metrics_period", bind="query-params", width=160)
        mapping = st.selectbox(
            "Mapping",
            list(names),
            index=None,
            key="metrics_mapping",
            bind="query-params",
            placeholder="All mappings",
            width=320,
        )
    with st.grid(2, min_column_width=360, gap="medium") as grid:
        for key, make in figures.of_period(visit.actor, PERIODS[period], names.get(mapping or "")):
            with grid.cell(), guarded(f"metrics_{key}"):
                charts.show(make())
    st.caption("Days are counted in UTC.")
