"""python -m benchmarks.both ROWS: a table kept equal both ways: its first run, quiet runs, 1 % changed on a side.

Each step is a whole process. After each it is checked how many rows it wrote and what Postgres holds; that Glide holds
the same is what the run itself compares.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import requests

from benchmarks.contestants import MAPPING, OURS, Place, create, form, glsync, run_sql
from benchmarks.ground import glide, postgres
from benchmarks.measured import measured
from benchmarks.rows import SUMS, TABLE, Revisions

KINDS = {"glide": "classic table", "big": "Big Table"}
EDIT = """
    update our_rows set notes = notes || '.'
    where glide_row_id in (select glide_row_id from our_rows order by 1 limit %s)
"""


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    print(f"{rows:,} rows\n")
    print("| table | run | seconds | CPU | CPU in Postgres | peak memory | rows written | updates spent |")
    print("|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="glsync-both-") as folder, postgres(Path(folder)) as database:
        for kind, name in KINDS.items():
            with glide(str(rows), kind) as url:
                for line in _steps(Place(database, url, Path(folder)), rows):
                    print(f"| {name} | {line}", flush=True)


def _steps(place: Place, rows: int) -> Iterator[str]:
    revisions = Revisions(rows)
    glsync(place, "migrate")
    run_sql(place.database, f"delete from gl_mappings where name = '{MAPPING}'", "drop table if exists our_rows")
    run_sql(place.database, create("our_rows"))
    asked: dict[str, Any] = form(place.glide)
    asked["mappings"][0]["sync_direction"] = "both"
    (place.folder / "both.yaml").write_text(json.dumps(asked))
    glsync(place, "apply", str(place.folder / "both.yaml"))
    steps: list[tuple[str, Callable[[], object], int]] = [
        ("first, all rows new in Postgres", lambda: None, rows),
        ("nothing changed", lambda: None, 0),
        ("1 % changed in Glide", lambda: _edit_glide(place, revisions), rows // 100),
        ("1 % changed in Postgres", lambda: _edit_postgres(place, rows // 100), rows // 100),
        ("the next one", lambda: None, 0),
        ("nothing changed", lambda: None, 0),
    ]
    for name, edit, expected in steps:
        edit()
        told = _measured(place)
        (found,) = run_sql(place.database, SUMS.format(table="our_rows"))
        if told["records_processed"] != expected or tuple(map(int, found)) != revisions.sums():
            raise SystemExit(f"{name}: {told}; {found}, expected {expected} rows and {revisions.sums()}")
        yield f"{name} | {told['line']} | {told['records_processed']:,} | {told['price']:,} |"


def _edit_glide(place: Place, revisions: Revisions) -> None:
    control = f"{place.glide}/_standin/tables/{TABLE}/edits"
    requests.post(control, json={"set": revisions.change_one_percent()}, timeout=600).raise_for_status()


def _edit_postgres(place: Place, count: int) -> None:
    run_sql(place.database, EDIT % count)


def _measured(place: Place) -> dict[str, Any]:
    run_sql(place.database, "vacuum analyze", "checkpoint")
    found = measured(OURS.command, place.environment, int(os.environ["BENCH_POSTMASTER"]))
    line = f"{found.wall:.2f} | {found.cpu:.2f} s | {found.postgres_cpu:.2f} s | {found.peak_mb:.0f} MB"
    return {**json.loads(found.said), "line": line}


if __name__ == "__main__":
    main()
