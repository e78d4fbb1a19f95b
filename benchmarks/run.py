"""python -m benchmarks.run: every contestant moves the same tables in turn; ratios to the limit, and our targets.

Each round begins with empty tables: first load, then 1 % of the rows changed in Glide, then nothing changed. After each
process its table is checked against the sums that must come out, and against the other contestants' cell by cell.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import requests

from benchmarks import report
from benchmarks.contestants import ALL, Contestant, Place, glsync, run_sql
from benchmarks.ground import glide, postgres
from benchmarks.measured import measured
from benchmarks.report import PHASES, Result
from benchmarks.rows import CONTENT, SUMS, TABLE, Revisions


def main() -> int:
    asked = _asked()
    results: list[Result] = []
    with tempfile.TemporaryDirectory(prefix="glsync-benchmark-") as folder, postgres(Path(folder)) as database:
        for size in asked.sizes:
            contestants = [ALL[name] for name in asked.contestants if name != "dlt" or size <= asked.dlt_up_to]
            with glide(str(size)) as url:
                place = Place(database, url, Path(folder))
                glsync(place, "migrate")
                results += _compete(place, size, contestants, asked.rounds)
            print(report.table(results, size), flush=True)
    print(report.targets(results))
    if asked.write:
        asked.write.write_text(
            "\n".join([*(report.table(results, size) for size in asked.sizes), report.targets(results)])
        )
    return 0


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__)
    parser.add_argument("--sizes", type=_sizes, default="10k,100k,1M", help="rows, such as 10k,100k,1M")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--contestants", type=lambda text: text.split(","), default=list(ALL))
    parser.add_argument("--dlt-up-to", type=_rows, default="1M", help="leave dlt out of larger tables")
    parser.add_argument("--write", type=Path, metavar="FILE.md", help="the tables, to this file too")
    return parser.parse_args()


def _sizes(text: str) -> list[int]:
    return [_rows(part) for part in text.split(",")]


def _rows(text: str) -> int:
    unit = {"k": 1000, "M": 1_000_000}.get(text[-1], 1)
    return int(text.rstrip("kM")) * unit


def _compete(place: Place, size: int, contestants: list[Contestant], rounds: int) -> Iterator[Result]:
    revisions = Revisions(size)
    for number in range(rounds):
        for contestant in contestants:
            contestant.reset(place)
        for phase in PHASES:
            if phase == "1 % changed":
                edits = {"set": revisions.change_one_percent()}
                control = f"{place.glide}/_standin/tables/{TABLE}/edits"
                requests.post(control, json=edits, timeout=600).raise_for_status()
            contents = set()
            for contestant in contestants:
                result = _measured(place, size, contestant, phase)
                contents.add(run_sql(place.database, CONTENT.format(table=contestant.table))[0])
                _check(place, contestant, revisions, contents)
                print(f"round {number + 1}, {size:,} rows, {result}", file=sys.stderr, flush=True)
                yield result


def _measured(place: Place, size: int, contestant: Contestant, phase: str) -> Result:
    run_sql(place.database, "vacuum analyze", "checkpoint")  # nobody pays for what another one wrote
    postmaster = int(os.environ["BENCH_POSTMASTER"])
    return Result(contestant.name, size, phase, measured(contestant.command, place.environment, postmaster))


def _check(place: Place, contestant: Contestant, revisions: Revisions, contents: set[tuple[object, ...]]) -> None:
    (found,) = run_sql(place.database, SUMS.format(table=contestant.table))
    if tuple(map(int, found)) != revisions.sums() or len(contents) > 1:
        raise SystemExit(f"{contestant.name} stored something else: {found}, expected {revisions.sums()}; {contents}")


if __name__ == "__main__":
    sys.exit(main())
