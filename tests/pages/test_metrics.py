"""Metrics: each figure with its sentence, its table, and a period in the address."""

from __future__ import annotations

from datetime import date

import altair
import pandas as pd

from glsync.services.access import LOCAL
from glsync.ui import charts, figures


def test_every_figure_says_what_it_comes_down_to(open_page, synced):
    text = open_page("metrics").text
    assert "1 row stored in 30 days" in text
    assert "1 of 2 rows read were held back, 50.0 %." in text
    assert "Most frequent: A value does not fit its column, 1 time." in text


def test_a_chart_names_its_takeaway_for_those_who_cannot_see_it(open_page, synced):
    charts = open_page("metrics").app.get("vega_lite_chart") or open_page("metrics").app.get("arrow_vega_lite_chart")
    assert any("Rows stored per day. 1 row stored" in str(chart.proto) for chart in charts)


def test_a_figure_can_be_read_as_a_table(open_page, synced):
    page = open_page("metrics").set("metrics_table_runs", True)
    table = next(one.value for one in page.app.dataframe if "Runs" in one.value)
    assert int(table["Runs"].sum()) == 1


def test_every_chart_keeps_to_the_grammar_of_vega_lite(synced):
    for _, make in figures.of_period(LOCAL, 7, None):
        figure = make()
        altair.Chart.from_dict(figure.draw(figure.frame) | {"data": {"name": "rows"}}).to_dict()


def test_the_updates_of_the_month_are_foretold_from_the_last_week():
    days = pd.date_range("2026-06-01", "2026-06-20")
    used = pd.DataFrame({"day": days, "updates": [10.0] * 20, "connection": "ops", "calls": 1})
    assert figures.forecast(used, date(2026, 6, 20)) == "This month 200 so far; at the last week's pace 300 by its end."
    assert figures.forecast(used.head(0), date(2026, 6, 20)) == ""


def test_the_period_and_the_mapping_live_in_the_address(open_page, synced):
    assert "row stored in 7 days" in open_page("metrics", metrics_period="7 days", metrics_mapping="items").text


def test_each_figure_has_all_columns_of_its_table(synced):
    for _, make in figures.of_period(LOCAL, 7, None):
        figure = make()
        assert set(figure.columns) <= set(figure.frame.columns)


def test_the_charts_of_a_young_installation_begin_with_its_first_run_and_show_a_week_at_least():
    month = pd.DataFrame({"day": pd.date_range("2026-06-01", "2026-06-30"), "runs": 0})
    assert figures._first_day(month) == date(2026, 6, 24)
    assert figures._first_day(month.assign(runs=[0] * 29 + [3])) == date(2026, 6, 24)
    assert figures._first_day(month.assign(runs=[0] * 9 + [1] * 21)) == date(2026, 6, 10)
    assert figures._first_day(month.assign(runs=1)) == date(2026, 6, 1)


def test_ages_are_counted_in_what_they_are_more_than_a_fraction_of():
    units = [charts.age_unit(pd.DataFrame({"age_seconds": [1.0, oldest]}))[0] for oldest in (62, 3 * 3600, 5 * 86400)]
    assert units == ["minutes", "hours", "days"]
