"""More than 200 hostile names, for tables and columns, through everything that makes SQL of them, on a real Postgres.

Each is either handled exactly as a name or clearly refused. Whatever it says is never carried out: a table "canary" and
the list of all tables are looked at after each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from psycopg2 import sql

from glsync.errors import SyncError
from glsync.services import connections, mappings, runs
from glsync.services.access import LOCAL
from glsync.services.connections import ConnectionDraft
from glsync.services.mappings import MappingDraft
from glsync.standin import StandIn
from glsync.store import db
from glsync.values import ColumnPair
from tests.postgres.hostile import NAMES

from .conftest import TOKEN

SYSTEM = {"ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"}
WIDE = 60
TABLES = "select schemaname || ' ' || tablename from pg_tables"

Ask = Callable[[str], list[tuple[Any, ...]]]


def keeps(name: str) -> bool:
    """Would Postgres keep this as a column's name, whoever asks?"""
    is_text = name and "\0" not in name and not any("\ud800" <= sign <= "\udfff" for sign in name)
    return bool(is_text) and len(name.encode()) <= 63 and name not in SYSTEM


@pytest.fixture
def everything_else(ask: Ask) -> Callable[..., None]:
    """Look whether nothing happened but that these tables were made."""
    ask("create table public.canary (alive boolean)")
    ask("insert into public.canary values (true)")
    before = {name for (name,) in ask(TABLES)}

    def untouched(*made: str) -> None:
        assert ask("select * from public.canary") == [(True,)]
        assert {name for (name,) in ask(TABLES)} - before == {f"public {table}" for table in made}

    return untouched


def test_there_are_enough_of_them():
    assert len(NAMES) >= 200
    assert sum(map(keeps, NAMES)) > 150


def test_a_column_is_made_under_exactly_its_name_or_refused(draft, ask, everything_else):
    made, refused = [], []
    for number, name in enumerate(NAMES):
        table = f"made_{number}"
        try:
            mappings.create_table(LOCAL, replace(draft, target=f"public.{table}", pairs=[pair(name)]))
        except SyncError as error:
            refused.append((name, error))
        else:
            made.append(table)
            [(found,)] = ask(f"select array_agg(attname::text) from pg_attribute where attrelid = '{table}'::regclass")
            assert name in found
    everything_else(*made)
    assert all(str(error) and error.hint for _, error in refused)
    assert not [name for name, _ in refused if name.isidentifier() and name.isascii() and keeps(name)]


def test_a_table_is_made_under_exactly_its_name_or_refused(draft, ask, everything_else):
    made, refused = [], []
    for name in NAMES:
        try:
            mappings.create_table(LOCAL, replace(draft, target=f"public.{name}"))
        except SyncError as error:
            refused.append(error)
        else:
            made.append(name.strip())  # blanks around a table's name are not part of it
            assert mappings.target_columns(LOCAL, f"public.{name}")
    everything_else(*made)
    assert all(str(error) and error.hint for error in refused)
    assert len(made) > 100
    assert "canary" not in made


@pytest.fixture
def wide(glide: StandIn, addresses: dict[str, Any]) -> dict[str, list[str]]:
    """Table -> names for its columns. In Glide, a table of that name has a column and a cell for each."""
    names = [name for name in NAMES if keeps(name) and name not in OURS]
    found = {f"wide_{start}": names[start : start + WIDE] for start in range(0, len(names), WIDE)}
    glide.load({"apps": [{"id": "wide", "name": "Wide", "tokens": [TOKEN], "tables": [
        {
            "id": table, "name": table, "kind": "glide",
            "columns": [{"id": f"c{at}", "name": f"c{at}", "type": "string"} for at in range(len(columns))],
            "rows": [{"$rowID": "r", **{f"c{at}": f"value {at}" for at in range(len(columns))}}],
        }
        for table, columns in found.items()
    ]}]})  # fmt: skip
    return found


def test_rows_arrive_in_existing_columns_of_any_name_both_ways(draft, wide, addresses, ask, everything_else):
    connection = connections.add(LOCAL, ConnectionDraft("wide", "wide", TOKEN, addresses)).id
    for table, columns in wide.items():
        begun = replace(draft, connection_id=connection, name=table, glide_table=table, glide_table_name=table)
        mapped = synced(replace(begun, target=f"public.{table}", direction="both"), columns, ask)
        assert len(mapped) > len(columns) * 0.8
    everything_else(*wide)


def synced(draft: MappingDraft, columns: list[str], ask: Ask) -> list[str]:
    """Make a table with these columns by hand, map what may be mapped, run, and look at each cell on both sides."""
    lines = sql.SQL(", ").join(sql.SQL("{} text").format(sql.Identifier(name)) for name in columns)
    made = sql.SQL("create table {} (glide_row_id text unique, k uuid primary key default gen_random_uuid(), {})")
    run_composed(ask, made.format(sql.Identifier(draft.table), lines))
    pairs = [ColumnPair(f"c{at}", f"c{at}", name, "string") for at, name in enumerate(columns) if fits(draft, name)]
    saved = mappings.save(LOCAL, replace(draft, pairs=pairs), activate=True)
    assert runs.run_here(LOCAL, saved.id).status == "completed"
    mapped = [pair.column for pair in pairs]
    picked = sql.SQL(", ").join(map(sql.Identifier, mapped))
    [found] = run_composed(ask, sql.SQL("select {} from {}").format(picked, sql.Identifier(draft.table)))
    assert found == tuple(f"value {pair.glide_id[1:]}" for pair in pairs)
    changed = sql.SQL(", ").join(sql.SQL("{} = 'changed'").format(sql.Identifier(name)) for name in mapped)
    run_composed(ask, sql.SQL("update {} set {}").format(sql.Identifier(draft.table), changed))
    assert runs.run_here(LOCAL, saved.id).counts.updated == 1
    return mapped


OURS = {"glide_row_id", "k"}


def fits(draft: MappingDraft, name: str) -> bool:
    found = mappings.problems(LOCAL, replace(draft, pairs=[pair(name)]))
    assert all(problem.message for problem in found)
    return not any(problem.severity == "error" for problem in found)


def run_composed(ask: Ask, statement: sql.Composed) -> list[tuple[Any, ...]]:
    with db.connect("test") as connection:
        text = statement.as_string(connection)
    return ask(text)


def test_a_column_or_table_that_is_not_there_is_refused_by_name_and_nothing_runs(draft, items, ask, everything_else):
    for name in NAMES:
        if keeps(name) and name.lower() in ("id", "created_at", "updated_at", "canary"):
            continue
        for wish in (replace(items, id=None, version=0, name="x", pairs=[pair(name)]), replace(draft, target=name)):
            with pytest.raises(SyncError) as caught:
                mappings.save(LOCAL, replace(wish, name="x", glide_table="other"), activate=True)
            assert str(caught.value)
    everything_else()


def pair(column: str) -> ColumnPair:
    return ColumnPair("Name", "Item", column, "string")
