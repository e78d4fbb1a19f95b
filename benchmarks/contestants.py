"""Who competes: each has a table of its own in the same form, a clean start, and one command that reads Glide once."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2

from benchmarks.rows import APP, COLUMNS, TABLE, TOKEN

MAPPING = "benchmark"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a benchmark happens, and what every process is told of it."""

    database: str
    glide: str
    folder: Path
    token: str = TOKEN

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {
            "BENCH_URL": f"{self.glide}/api/function/queryTables",
            "BENCH_APP": APP,
            "BENCH_TABLE": TABLE,
            "BENCH_TOKEN": self.token,
            "BENCH_DATABASE": self.database,
            "BENCH_FOLDER": str(self.folder / "dlt"),
            "GLSYNC_HOME": str(self.folder),
            "GLSYNC_DATABASE_URL": self.database,
            "GLSYNC_ALLOWED_GLIDE_HOSTS": urlsplit(self.glide).netloc,
        }


@dataclass(frozen=True, slots=True)
class Contestant:
    """`table` is where its rows end up, `reset` takes everything away that an earlier round left."""

    name: str
    table: str
    command: tuple[str, ...]
    reset: Callable[[Place], None]


def run_sql(database: str, *statements: str) -> list[tuple[object, ...]]:
    """Statements, each on its own; the rows of the last one."""
    connection = psycopg2.connect(database)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


def create(table: str) -> str:
    """The form of every contestant's table: typed columns and one key."""
    columns = ", ".join(f"{name} {type_}" for *_, name, type_ in COLUMNS)
    return f"create table {table} (glide_row_id text primary key, {columns})"


def _new_limit(place: Place) -> None:
    run_sql(place.database, "drop table if exists limit_rows", create("limit_rows"))


def _new_dlt(place: Place) -> None:
    run_sql(
        place.database,
        "drop schema if exists dlt_rows cascade",
        "drop schema if exists dlt_rows_staging cascade",
    )
    shutil.rmtree(place.folder / "dlt", ignore_errors=True)


def _new_ours(place: Place) -> None:
    run_sql(
        place.database,
        f"delete from gl_mappings where name = '{MAPPING}'",
        "drop table if exists our_rows",
        create("our_rows"),
    )
    asked = place.folder / "benchmark.yaml"
    asked.write_text(json.dumps(form(place.glide)))
    glsync(place, "apply", str(asked))


def glsync(place: Place, *arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "glsync", *arguments], env=place.environment, check=True, stdout=2)


def form(url: str) -> dict[str, object]:
    """Connection and mapping as `apply` reads them; JSON is YAML."""
    pairs = {"$rowID": ("$rowID", "glide_row_id", "string")}
    pairs |= {glide_id: (name, column, kind) for glide_id, name, kind, column, _ in COLUMNS}
    named = ("glide_column_name", "supabase_column_name", "data_type")
    connection = {
        "name": MAPPING,
        "app_id": APP,
        "api_key": "env:BENCH_TOKEN",
        "settings": {"classic_url": f"{url}/api/function", "rest_url": f"{url}/api", "bigtables_url": url},
    }
    mapping = {
        "name": MAPPING,
        "connection": MAPPING,
        "glide_table": TABLE,
        "supabase_table": "public.our_rows",
        "sync_direction": "to_supabase",
        "deletes": "delete",
        "column_mappings": {glide_id: dict(zip(named, pair, strict=True)) for glide_id, pair in pairs.items()},
    }
    return {"connections": [connection], "mappings": [mapping]}


LIMIT = Contestant("limit", "limit_rows", (sys.executable, "-m", "benchmarks.limit"), _new_limit)
DLT = Contestant("dlt", "dlt_rows.rows", (sys.executable, "-m", "benchmarks.dlt_upsert"), _new_dlt)
OURS = Contestant(
    "ours", "our_rows", (sys.executable, "-m", "glsync", "sync", MAPPING, "--inline", "--json"), _new_ours
)
ALL = {each.name: each for each in (LIMIT, DLT, OURS)}
