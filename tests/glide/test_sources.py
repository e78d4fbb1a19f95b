"""The rows of a table, page by page to the end, over either API."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
import responses

from glsync.errors import ContinuationExpired, GlideBusy, GlideError, GlideGarbled, GlideQuotaSpent, GlideTableMissing
from glsync.glide import App
from glsync.standin import StandIn
from tests.glide.conftest import APP, ITEMS, QUERY, STOCK

BOTH = pytest.mark.parametrize(("table", "site"), [(ITEMS, "query"), (STOCK, "rows")])


def ids(app: App, table: str, start: str | None = None) -> list[str]:
    return [msgspec.json.decode(row)["$rowID"] for page in app.source(table).pages(start) for row in page.rows]


def fill(glide: StandIn, table: str, count: int) -> list[str]:
    return glide.edit(table, add=[{"$rowID": f"r{number:04}", "Name": "x"} for number in range(count)])


# --- which API -----------------------------------------------------------------------------------------------------


def test_a_big_table_is_read_over_v2_and_any_other_over_the_classic_api(app: App):
    assert [app.source(table).kind for table in (ITEMS, STOCK)] == ["classic", "big"]
    assert [(table.name, table.kind) for table in app.tables()] == [("Items", "classic"), ("Stock", "big")]
    assert app.name() == "Shop"


def test_where_v2_does_not_answer_a_big_table_is_read_over_the_classic_api(glide: StandIn, app: App):
    rows = fill(glide, STOCK, 3)
    glide.fault("status", site="list", status=400, count=None)
    assert (app.source(STOCK).kind, ids(app, STOCK)) == ("classic", rows)


def test_an_app_that_another_token_sees_is_not_seen(glide: StandIn, app: App):
    glide.load({"apps": [{"id": "other", "name": "Other", "tokens": ["another"], "tables": []}]})
    assert app.name() == "Shop"
    assert len(app.tables()) == 2


@pytest.mark.parametrize("site", ["apps", "tables", "schema"])
@pytest.mark.parametrize("kind", ["html", "truncated", "wrong_type"])
def test_lists_that_are_garbled_are_asked_for_again(glide: StandIn, app: App, site: str, kind: str):
    glide.fault(kind, site=site)
    asked = {"apps": app.name, "tables": app.tables, "schema": lambda: app.columns(ITEMS)}[site]()
    assert asked
    assert len(glide.calls(site)) == 2


def test_the_schema_tells_kinds_it_knows_and_keeps_those_it_does_not(glide: StandIn, app: App):
    glide.add_column(ITEMS, "when0", "When", "dateTime")
    found = {column.id: (column.name, column.kind) for column in app.columns(ITEMS)}
    assert found == {"Name": ("Name", "string"), "when0": ("When", "date-time")}


def test_a_sample_is_the_first_rows_as_they_are(glide: StandIn, app: App):
    fill(glide, ITEMS, 50)
    assert [row["$rowID"] for row in app.sample(ITEMS, 3)] == ["r0000", "r0001", "r0002"]


# --- pages ---------------------------------------------------------------------------------------------------------


@BOTH
def test_every_row_comes_once_however_small_the_pages(glide: StandIn, app: App, table: str, site: str):
    glide.set(page_rows=7, big_page_rows=7, short_pages=True)
    rows = fill(glide, table, 50)
    assert ids(app, table) == rows
    assert len(glide.calls(site)) >= 8


@BOTH
def test_a_read_goes_on_from_where_it_was(glide: StandIn, app: App, table: str, site: str):
    glide.set(page_rows=10, big_page_rows=10)
    rows = fill(glide, table, 35)
    second = [page.next for page in app.source(table).pages()][1]
    assert ids(app, table, second) == rows[20:]


@BOTH
def test_each_page_tells_its_price_and_they_add_up_to_what_glide_charges(
    glide: StandIn, app: App, table: str, site: str
):
    glide.set(page_rows=1500, big_page_rows=1500)
    fill(glide, table, 3200)
    paid = sum((page.price for page in app.source(table).pages()), Decimal(0))
    assert paid == Decimal(glide.usage(APP)["updates"])


def test_an_empty_table_has_one_page_and_its_price(glide: StandIn, app: App):
    pages = list(app.source(ITEMS).pages())
    assert [(page.rows, page.next, page.price) for page in pages] == [([], None, Decimal(1))]


@BOTH
@pytest.mark.parametrize("status", [400, 404, 410, 422])
def test_a_continuation_that_is_not_known_any_more_is_told_as_such(
    glide: StandIn, app: App, table: str, site: str, status: int
):
    glide.set(page_rows=10, big_page_rows=10, expired_continuation_status=status)
    fill(glide, table, 30)
    pages = app.source(table).pages()
    next(pages)
    glide.fault("expired_continuation", site=site)
    with pytest.raises(ContinuationExpired):
        next(pages)


@BOTH
def test_a_table_that_goes_away_in_the_middle_of_a_read_is_not_at_its_end(
    glide: StandIn, app: App, table: str, site: str
):
    glide.set(page_rows=10, big_page_rows=10)
    fill(glide, table, 30)
    pages = app.source(table).pages()
    next(pages)
    glide.drop(table)
    with pytest.raises(GlideTableMissing):
        next(pages)


@pytest.mark.parametrize("table", [ITEMS, STOCK])
@pytest.mark.parametrize("steps", [["a", "a"], ["a", "b", "a"], ["a", "b", "c", "b"]])
def test_a_continuation_that_goes_in_a_circle_does_not_go_on_for_ever(
    glides_own: App, answers: responses.RequestsMock, table: str, steps: list[str]
):
    answers.add("GET", "https://api.glideapps.com/tables", json={"data": [{"id": "stock", "name": "Stock"}]})
    for step in steps:
        answers.add("POST", QUERY, json=[{"rows": [], "next": step}])
        answers.add("GET", "https://api.glideapps.com/tables/stock/rows", json={"data": [], "continuation": step})
    with pytest.raises(GlideGarbled, match="goes in a circle"):
        ids(glides_own, table)


def test_a_page_size_that_is_refused_is_made_smaller(glide: StandIn, app: App):
    rows = fill(glide, STOCK, 1500)
    glide.fault("status", site="rows", status=400, message="limit must be at most 1000")
    assert ids(app, STOCK) == rows
    assert [call["query"]["limit"] for call in glide.calls("rows")] == ["10000", "1000", "1000"]


def test_a_spent_quota_ends_the_read(glide: StandIn, app: App):
    glide.set(quota=0)
    for table in (ITEMS, STOCK):
        with pytest.raises(GlideQuotaSpent) as told:
            ids(app, table)
        assert (told.value.type, told.value.retryable) == ("QUOTA_EXCEEDED", False)


# --- versions and single rows ----------------------------------------------------------------------------------------


def test_a_look_at_the_version_is_free_and_moves_with_every_change(glide: StandIn, app: App):
    source = app.source(STOCK)
    before = source.version()
    assert source.version() == before
    fill(glide, STOCK, 1)
    assert source.version() != before
    assert app.source(ITEMS).version() is None
    assert glide.usage(APP)["updates"] == "0"


@pytest.mark.parametrize("row_id", ["a", "table 1", "row with?signs#", "ü 😀", "%2e"])
def test_whether_a_row_is_there_is_told_whatever_it_is_called(glide: StandIn, app: App, row_id: str):
    glide.edit(STOCK, add=[{"$rowID": "a", "Name": "x"}])
    assert app.source(STOCK).exists(row_id) is (row_id == "a")
    assert app.source(ITEMS).exists(row_id) is None


def test_doubt_about_a_row_is_no_answer(glide: StandIn, app: App):
    source = app.source(STOCK)
    glide.fault("status", site="row", status=404, count=None)
    with pytest.raises(GlideError):
        source.exists("a")
    glide.clear_faults()
    glide.fault("status", site="row", status=429, retry_after=600, count=None)
    with pytest.raises(GlideBusy):
        source.exists("a")
