"""python -m benchmarks.glide ROWS|flights [glide|big]: a stand-in with the benchmark's table, or the demo's flights.

Its address is the first line it prints.
"""

from __future__ import annotations

import sys

from benchmarks.rows import APP, COLUMNS, TABLE, TOKEN, encoded
from glsync.standin import StandIn
from glsync.standin.columns import column
from glsync.standin.flights import load_flights
from glsync.standin.glide import Glide


def main() -> None:
    server = StandIn()
    if sys.argv[1] == "flights":
        load_flights(server.state)
    else:
        _load_rows(server.state, int(sys.argv[1]), sys.argv[2])
    print(server.url, flush=True)
    server.run()


def _load_rows(glide: Glide, count: int, kind: str) -> None:
    glide.add_app(APP, "Benchmark", [TOKEN])
    columns = [column(glide_id, name, kind) for glide_id, name, kind, *_ in COLUMNS]
    glide.add_table(APP, TABLE, "Benchmark", kind, columns).load_encoded(encoded(count))


if __name__ == "__main__":
    main()
