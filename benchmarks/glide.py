"""python -m benchmarks.glide ROWS: the stand-in for Glide with the benchmark's table; its address is the first line."""

from __future__ import annotations

import sys

from benchmarks.rows import APP, COLUMNS, TABLE, TOKEN, encoded
from glsync.standin import StandIn
from glsync.standin.columns import column


def main() -> None:
    server = StandIn()
    glide = server.state
    glide.add_app(APP, "Benchmark", [TOKEN])
    columns = [column(glide_id, name, kind) for glide_id, name, kind, *_ in COLUMNS]
    glide.add_table(APP, TABLE, "Benchmark", "glide", columns).load_encoded(encoded(int(sys.argv[1])))
    print(server.url, flush=True)
    server.run()


if __name__ == "__main__":
    main()
