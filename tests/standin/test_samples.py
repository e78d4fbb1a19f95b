"""The demo app, the flights, and large fixtures."""

import gzip
import json
from collections import Counter

import pytest

from glsync.engine.types import reader
from glsync.standin import StandIn
from glsync.standin.demo import DEMO_APP_ID, DEMO_TOKEN, TABLES, demo_fixture, demo_mappings
from glsync.standin.flights import FLIGHTS_APP_ID, flights_columns, flights_mappings, load_flights
from glsync.standin.mess import SLIPS
from tests.standin.conftest import Client

SPELLED = {"timestamptz": "timestamp with time zone"}
ROW_ID = {"glide_column_name": "$rowID", "supabase_column_name": "glide_row_id", "data_type": "string"}


@pytest.fixture(scope="module")
def demo():
    return StandIn(fixture=demo_fixture())


@pytest.fixture(scope="module")
def flights():
    glide = StandIn(big_page_rows=1_000)
    load_flights(glide.state, 5_000)
    return glide


def test_the_demo_is_the_same_every_time():
    assert json.dumps(demo_fixture()) == json.dumps(demo_fixture())


def test_the_demo_has_twelve_tables_of_all_kinds_and_a_few_thousand_rows(demo):
    tables = list(demo.state.tables.values())
    assert len(tables) == 12
    assert {table.kind for table in tables} == {"glide", "small", "big"}
    assert 3_000 < sum(len(table.rows) for table in tables) < 6_000


def test_the_demos_token_opens_the_demo(demo):
    with StandIn(fixture=demo_fixture()) as glide:
        ask = Client(glide, DEMO_TOKEN)
        assert ask.call("GET", "/api/apps").json()["data"] == [{"id": DEMO_APP_ID, "name": "Demo Wholesale"}]
        assert len(ask.call("GET", f"/api/apps/{DEMO_APP_ID}/tables").json()["data"]) == 12
        assert len(ask.call("GET", "/tables").json()["data"]) == 4


def test_the_demos_mappings_fit_its_tables(demo):
    for mapping in demo_mappings():
        table = demo.state.named(mapping["glide_table"])
        pairs = dict(mapping["column_mappings"])
        assert pairs.pop("$rowID") == ROW_ID
        extra = {mapping["marker_column"]} if mapping["sync_direction"] == "both" else set()
        assert {*pairs} | extra == set(table.columns)
        for id, pair in pairs.items():
            column = table.columns[id]
            assert (pair["glide_column_name"], pair["data_type"]) == (column.name, column.type)
    assert len({mapping["supabase_table"] for mapping in demo_mappings()}) == 12


def test_column_ids_of_the_demo_look_like_glides():
    for table in TABLES.values():
        ids = [column.id for column in table.columns]
        assert ids[0] == "Name"
        assert all(len(id) == 5 and id.isalnum() for id in ids[1:])
        assert len(set(ids)) == len(ids)


def test_only_the_listed_slips_of_the_demo_cannot_be_stored(demo):
    unreadable = Counter()
    for name, table in TABLES.items():
        for row in demo.rows(table.id).values():
            for column in table.columns:
                try:
                    reader(column.data_type, SPELLED.get(column.postgres_type, column.postgres_type))(
                        row.get(column.id)
                    )
                except ValueError:
                    unreadable[name, column.target] += 1
    listed = {(slip.table, slip.column): len(slip.rows) for slip in SLIPS if slip.column != "rowid_invoices"}
    assert dict(unreadable) == listed
    assert 35 <= unreadable.total() <= 45


def test_rows_of_the_demo_refer_to_rows_that_are_there_but_for_one(demo):
    by_target = {table.target: table for table in TABLES.values()}
    dangling = []
    for table in TABLES.values():
        for column in table.columns:
            if column.target.startswith("rowid_"):
                there = demo.rows(by_target["public.gl_" + column.target.removeprefix("rowid_")].id)
                rows = demo.rows(table.id).values()
                dangling += [row[column.id] for row in rows if column.id in row and row[column.id] not in there]
    assert dangling == ["gone0000000000000000AA"]


def test_the_demo_holds_the_oddities_of_real_tables(demo):
    cells = [cell for table in TABLES.values() for row in demo.rows(table.id).values() for cell in row.values()]
    texts = [cell for cell in cells if isinstance(cell, str)]
    assert any(len(text) == 40_000 for text in texts)
    assert {"yes", "No", "1,234.50", "7/29/2024"} <= set(texts)
    assert any("🌿" in text for text in texts)


def test_the_flights_refer_to_their_airline_plane_and_airports(flights):
    mapping = {
        m["name"]: {p["supabase_column_name"]: id for id, p in m["column_mappings"].items()} for m in flights_mappings()
    }
    rows = list(flights.rows("Flights").values())
    assert len(rows) == 5_000
    airlines, airports, planes = flights.rows("Airlines"), flights.rows("Airports"), flights.rows("Planes")
    assert (len(airlines), len(airports), len(planes)) == (16, 1_458, 3_322)
    first = {target: rows[0].get(id) for target, id in mapping["flights"].items()}
    assert (first["carrier"], first["flight"], first["time_hour"]) == ("UA", 1545, "2013-01-01T10:00:00Z")
    assert airlines[first["rowid_airlines"]][mapping["airlines"]["name"]] == "United Air Lines Inc."
    assert planes[first["rowid_planes"]][mapping["planes"]["tailnum"]] == first["tailnum"]
    assert airports[first["rowid_dest"]][mapping["airports"]["faa"]] == first["dest"]


def test_what_the_flights_do_not_know_is_an_empty_cell(flights):
    cells = [cell for row in flights.rows("Flights").values() for cell in row.values()]
    assert "NA" not in cells
    assert any(len(row) < 23 for row in flights.rows("Flights").values())


def test_more_flights_than_there_are_begin_anew_under_other_ids():
    few, many = StandIn(), StandIn()
    load_flights(few.state, 10)
    load_flights(many.state, 20)
    assert list(many.rows("Flights"))[:10] == list(few.rows("Flights"))
    assert few.state.named("Flights").app_id == FLIGHTS_APP_ID


def test_the_flights_tables_are_described_for_postgres(flights):
    for mapping in flights_mappings():
        targets = [pair["supabase_column_name"] for pair in mapping["column_mappings"].values()]
        assert targets == [name for name, _ in flights_columns()[mapping["supabase_table"]]]
        assert set(mapping["column_mappings"]) - {"$rowID"} == set(flights.state.named(mapping["glide_table"]).columns)


@pytest.mark.slow
def test_all_flights_of_the_year_are_there():
    glide = StandIn()
    load_flights(glide.state)
    assert len(glide.state.named("Flights").rows) == 336_776


@pytest.mark.parametrize("packed", [False, True])
def test_a_fixtures_rows_may_stand_in_a_file_of_their_own(tmp_path, packed):
    lines = b"".join(b'{"$rowID":"r%d","n":%d,"empty":""}\n' % (number, number) for number in range(3))
    name = "rows.jsonl.gz" if packed else "rows.jsonl"
    (tmp_path / name).write_bytes(gzip.compress(lines) if packed else lines)
    columns = [{"id": "n", "type": "number"}, {"id": "empty"}]
    table = {"id": "t", "name": "T", "kind": "big", "columns": columns, "rows": name}
    fixture = json.dumps({"apps": [{"id": "a", "tokens": [], "tables": [table]}]}).encode()
    (tmp_path / "fixture.json").write_bytes(gzip.compress(fixture) if packed else fixture)
    assert StandIn(fixture=tmp_path / "fixture.json").rows("T") == {"r0": {"n": 0}, "r1": {"n": 1}, "r2": {"n": 2}}
