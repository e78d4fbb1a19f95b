"""The simulation of two directions: python -m tests.twoway.simulate --seeds 2000 [--seed 17] [--wide] [--switches]

Plays seeds one after the other on a database and a stand-in of its own. Prints every seed at whose end something is
wrong, and figures. A seed is one history: played again it gives the same trace, which --twice checks. With --switches
each seed is played with Glide in each of twelve ways it may be, instead of one that its dice choose. With --wide the
mapping may have a filter, directions, a set, and references to a second mapping.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import structlog

from tests.database import fast_folder, run_sql, start_server, stop_server
from tests.twoway.simulation import switches
from tests.twoway.simulation.play import Play, Played
from tests.twoway.simulation.stage import Stage, allow

SOON = 100
"""Seeds between two lines of figures."""


def main() -> int:
    given = arguments()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("critical"))
    began, figures, failed = time.monotonic(), Counter[str](), 0
    with database() as url:
        stage = Stage(url)
        os.environ["GLSYNC_ALLOWED_GLIDE_HOSTS"] = allow(stage.glide.url)
        with stage.open(), suppress(KeyboardInterrupt):
            for seed in range(given.seed, given.seed + given.seeds):
                for which in range(len(switches.positions())) if given.switches else [None]:
                    played = play(stage, seed, which, twice=given.twice, wide=given.wide)
                    failed += bool(played.wrong)
                    count(figures, played)
                    report(played, which, verbose=given.seeds == 1 and which is None)
                if not figures["seeds"] % SOON:
                    tell(figures, failed, began)
                if given.seconds and time.monotonic() - began > given.seconds:
                    break
    tell(figures, failed, began)
    return 1 if failed else 0


def play(stage: Stage, seed: int, which: int | None, *, twice: bool, wide: bool = False) -> Played:
    """One seed; `which` of the twelve ways Glide is, or as the dice say."""
    fixed = {} if which is None else {"settings": switches.settings(which)}
    played = Play(stage, seed, wide=wide, **fixed).play()
    if twice and (again := Play(stage, seed, wide=wide, **fixed).play()).hash != played.hash:
        played.wrong.append(f"played again it gives another trace: {different(played, again)}")
    return played


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.twoway.simulate")
    parser.add_argument("--seeds", type=int, default=100, help="how many")
    parser.add_argument("--seed", type=int, default=1, help="the first")
    parser.add_argument("--seconds", type=float, default=0, help="stop after this long")
    parser.add_argument("--wide", action="store_true", help="with filters, directions, sets and references")
    parser.add_argument("--twice", action="store_true", help="play each seed twice and compare the traces")
    parser.add_argument("--switches", action="store_true", help="play each seed with Glide in twelve ways")
    return parser.parse_args()


def count(figures: Counter[str], played: Played) -> None:
    figures["seeds"] += 1
    figures["edits"] += played.edits
    figures["runs"] += played.runs
    figures["calls"] += played.calls
    figures["calls struck"] += played.faults
    figures["conflicts"] += played.conflicts
    figures["quiet runs"] += played.quiet


def tell(figures: Counter[str], failed: int, began: float) -> None:
    told = ", ".join(f"{value:,} {name}" for name, value in figures.items())
    print(f"{told}; {failed} seeds with something wrong; {time.monotonic() - began:.0f} s", flush=True)


def report(played: Played, which: int | None, *, verbose: bool) -> None:
    if verbose:
        print("\n".join(played.trace))
        print(played.setting)
    if played.wrong or verbose:
        way = "" if which is None else f", Glide's way {which}"
        print(
            f"seed {played.seed} ({played.setting.kind}{way}): {'; '.join(played.wrong) or 'nothing wrong'}", flush=True
        )


def different(one: Played, other: Played) -> str:
    """The first line in which two traces differ."""
    pairs = zip(one.trace, other.trace, strict=False)
    return next((f"{number}: {a!r} / {b!r}" for number, (a, b) in enumerate(pairs) if a != b), "one is longer")


@contextmanager
def database() -> Iterator[str]:
    """A database of its own with all migrations, gone afterwards."""
    from glsync.config import settings
    from glsync.store.migrations import migrate

    home = Path(tempfile.mkdtemp(prefix="glsync-simulation-", dir=fast_folder()))
    url = start_server(home / "database")
    try:
        migrate(url)
        run_sql(url, "select 1")
        os.environ |= {"GLSYNC_DATABASE_URL": url, "GLSYNC_HOME": str(home / "home")}
        settings.cache_clear()
        yield url
    finally:
        stop_server(home / "database")
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
