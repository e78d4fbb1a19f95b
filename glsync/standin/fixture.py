"""Fixtures: apps with their tables and rows, as JSON.

{"apps": [{"id", "name", "tokens": [..], "tables": [{"id", "name", "kind": "glide|small|big",
  "columns": [{"id", "name", "type"}], "rows": [..]}]}]}

A row without `$rowID` is given one, always the same. A file may be gzipped; in place of rows a table may name a file
of JSON lines (gzipped or not) beside the fixture. A column may say `"computed": true`.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from glsync.standin.columns import column
from glsync.standin.glide import Glide
from glsync.standin.tables import Kind


class BadFixture(ValueError):
    """The fixture is not in the form above."""


class FixtureColumn(msgspec.Struct):
    id: str
    name: str | None = None
    type: str | dict[str, Any] = "string"
    computed: bool = False


class FixtureTable(msgspec.Struct):
    id: str
    name: str | None = None
    kind: Kind = "glide"
    columns: list[FixtureColumn] = []
    rows: list[msgspec.Raw] | str = []


class FixtureApp(msgspec.Struct):
    id: str
    name: str | None = None
    tokens: list[str] = []
    tables: list[FixtureTable] = []


class Fixture(msgspec.Struct):
    apps: list[FixtureApp]


def load(glide: Glide, fixture: Path | str | bytes | dict[str, Any], *, keep: bool = False) -> None:
    """Add the fixture's apps; one that is there already is replaced, or left alone with `keep`.

    Raises:
        BadFixture: the file cannot be read, or is in another form.
    """
    folder = Path()
    if isinstance(fixture, dict):
        data = msgspec.json.encode(fixture)
    elif isinstance(fixture, bytes):
        data = fixture
    else:
        folder, data = Path(fixture).parent, _content(Path(fixture))
    try:
        apps = msgspec.json.decode(data, type=Fixture).apps
        with glide.lock:
            for app in apps:
                if not (keep and app.id in glide.apps):
                    _add(glide, app, folder)
    except (msgspec.DecodeError, ValueError) as error:
        raise BadFixture(f"The fixture cannot be used: {error}") from error


def _add(glide: Glide, app: FixtureApp, folder: Path) -> None:
    for old in glide.tables_of(app.id):
        glide.drop_table(old)
    glide.add_app(app.id, app.name or app.id, app.tokens)
    for table in app.tables:
        columns = [column(given.id, given.name, given.type, given.computed) for given in table.columns]
        made = glide.add_table(app.id, table.id, table.name or table.id, table.kind, columns)
        rows: Iterable[msgspec.Raw | bytes] = table.rows if isinstance(table.rows, list) else ()
        if isinstance(table.rows, str):
            rows = _lines(folder / table.rows)
        made.load(rows, glide.settings)


def _content(path: Path) -> bytes:
    try:
        data = path.read_bytes()
        return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    except OSError as error:
        raise BadFixture(f"The fixture cannot be read: {error}") from error


def _lines(path: Path) -> Iterator[bytes]:
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as lines:
            for line in lines:
                if line.strip():
                    yield line
    except OSError as error:
        raise BadFixture(f"The rows cannot be read: {error}") from error
