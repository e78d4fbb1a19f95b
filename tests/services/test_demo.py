"""The demo: loaded, loaded again, run, taken away."""

from __future__ import annotations

from typing import Any

import pytest

from glsync.errors import Forbidden
from glsync.services import connections, demo, errors, mappings, runs
from glsync.standin import StandIn
from glsync.standin.demo import demo_fixture

from .conftest import ADMIN, OPERATOR, VIEWER


@pytest.fixture
def wholesale(glide: StandIn, addresses: dict[str, Any]) -> dict[str, Any]:
    """The stand-in with the app "Demo Wholesale"; where it is."""
    glide.load(demo_fixture())
    return addresses


def test_the_demo_is_one_connection_and_twelve_active_mappings(wholesale: dict[str, Any]):
    assert demo.is_loaded(VIEWER) is False
    demo.load(ADMIN, **wholesale)
    assert demo.is_loaded(VIEWER)
    assert [row.name for row in connections.listing(VIEWER)] == ["Demo Wholesale"]
    found = mappings.listing(VIEWER)
    assert (len(found), {row.status for row in found}) == (12, {"active"})
    assert all(step.state == "done" for step in connections.check(ADMIN, connections.find(VIEWER, "Demo Wholesale").id))


def test_loading_the_demo_again_changes_nothing_but_a_moved_address(wholesale: dict[str, Any]):
    demo.load(ADMIN, **wholesale)
    assert demo.load(ADMIN, **wholesale) == []
    moved = wholesale | {"classic_url": "http://127.0.0.1:9/api/function"}
    [change] = demo.load(ADMIN, **moved)
    assert change.startswith("connection Demo Wholesale: classic_url from http://127.0.0.1:")


def test_the_demo_has_rows_that_come_and_cells_that_do_not_fit(wholesale: dict[str, Any], ask: Any):
    demo.load(ADMIN, **wholesale)
    run = runs.sync(OPERATOR, "accounts", inline=True)
    assert run.counts.created > 50
    assert ask("select count(*) from gl_accounts") == [(run.counts.created,)]
    assert errors.count(VIEWER) == run.counts.failed


def test_resetting_the_demo_takes_its_rows_and_leaves_those_of_others(wholesale: dict[str, Any], ask: Any):
    demo.load(ADMIN, **wholesale)
    runs.sync(OPERATOR, "accounts", inline=True)
    assert runs.sync(OPERATOR, "products", inline=True).counts.created > 50
    ask("insert into gl_accounts (glide_row_id, account_name) values ('mine', 'Mine')")
    demo.reset(ADMIN)
    assert ask("select count(*) from gl_products") == [(0,)]
    assert (mappings.listing(VIEWER), connections.listing(VIEWER), demo.is_loaded(VIEWER)) == ([], [], False)
    assert ask("select account_name from gl_accounts") == [("Mine",)]
    assert len(demo.load(ADMIN, **wholesale)) == 13


def test_the_flights_get_tables_of_their_own(glide: StandIn, addresses: dict[str, Any], ask: Any):
    changes = demo.flights(ADMIN, **addresses)
    assert changes[:2] == ["table public.airlines: created", "table public.airports: created"]
    assert demo.flights(ADMIN, **addresses) == []
    [(kind,)] = ask(
        "select data_type from information_schema.columns where table_name = 'flights' and column_name = 'dep_delay'"
    )
    assert kind == "integer"
    assert {row.target for row in mappings.listing(VIEWER)} == {
        "public.airlines", "public.airports", "public.planes", "public.flights",
    }  # fmt: skip


def test_the_demo_comes_with_its_tables_where_they_are_missing(wholesale: dict[str, Any], ask: Any):
    assert ask("select to_regclass('public.gl_vendor_payments') is not null") == [(True,)]
    demo.load(ADMIN, **wholesale)
    assert "public.gl_vendor_payments" in mappings.target_tables(VIEWER)


def test_only_an_admin_resets_the_demo(wholesale: dict[str, Any]):
    with pytest.raises(Forbidden):
        demo.reset(OPERATOR)
    with pytest.raises(Forbidden):
        demo.load(VIEWER, **wholesale)
