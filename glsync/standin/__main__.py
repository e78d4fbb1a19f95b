"""python -m glsync.standin: the stand-in on its own."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from glsync.standin.fixture import BadFixture
from glsync.standin.flights import FlightsMissing
from glsync.standin.keep import DataInUse
from glsync.standin.running import LOOPBACK, run


def main() -> int:
    """0 when stopped, 2 when it could not start."""
    parser = argparse.ArgumentParser(prog="python -m glsync.standin", description="A stand-in for Glide's servers.")
    parser.add_argument("--port", type=int, default=0, help="0 takes any free port")
    parser.add_argument("--host", default=LOOPBACK, help="only loopback unless you name another address")
    parser.add_argument("--fixture", type=Path, metavar="FILE.json", help="apps, tables and rows to begin with")
    parser.add_argument("--data", type=Path, metavar="DIR", help="keep the state here; without it, in memory only")
    parser.add_argument("--demo", action="store_true", help="add the app Demo Wholesale")
    parser.add_argument("--flights", action="store_true", help="add the app NYC Flights, 336,776 rows")
    asked = parser.parse_args()
    try:
        run(asked.port, asked.host, asked.fixture, asked.data, asked.demo, asked.flights)
    except (BadFixture, DataInUse, FlightsMissing, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
