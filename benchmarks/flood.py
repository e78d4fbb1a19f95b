"""python -m benchmarks.flood [CALLS] [SECONDS]: webhook calls at a mapping of the demo, while somebody uses the pages.

Told are: how the calls were answered, how many runs they made, whether the change made just before the last call
arrived, and how long the process and a page took to answer before and meanwhile.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import requests

from benchmarks.contestants import run_sql

MAPPING = "accounts"
CALLERS = 16
PATHS = ("/healthz", "/readyz", "/runs")
PATIENCE = 120


def main() -> None:
    calls, seconds = (*map(int, sys.argv[1:]), *(2000, 10)[len(sys.argv) - 1 :])
    with demo() as (address, environment):
        glsync(environment, "sync", MAPPING)
        database = glsync(environment, "database-url").strip()
        path = glsync(environment, "hook", "create", MAPPING, "flood").splitlines()[0]
        quiet = watched(address, lambda: time.sleep(5))
        (before,) = run_sql(database, "select count(*) from gl_sync_logs")
        statuses: Counter[int] = Counter()
        began = time.monotonic()
        flooded = watched(address, lambda: statuses.update(flood(address + path, calls - 1, seconds)))
        changed = change(database)
        statuses[requests.post(address + path, timeout=30).status_code] += 1
        took = time.monotonic() - began
        arrived = waited(lambda: run_sql(database, f"select 1 from gl_accounts where account_name = '{changed}'"))
        waited(lambda: not run_sql(database, "select 1 from gl_sync_logs where completed_at is null"))
        (after,) = run_sql(database, "select count(*) from gl_sync_logs")
        print(f"{calls:,} calls in {took:.1f} s, answered {dict(statuses)}; {after[0] - before[0]} runs")
        print(f"the last change was in Postgres {arrived:.1f} s after its call")
        print("| path | median before | median meanwhile | 95 % meanwhile | longest |")
        print("|---|---|---|---|---|")
        for one in PATHS:
            figures = (told(quiet[one], 50), *(told(flooded[one], percent) for percent in (50, 95, 100)))
            print(f"| `{one}` | {' | '.join(figures)} |")


def flood(url: str, calls: int, seconds: float) -> Iterator[int]:
    """Statuses of so many calls, evenly over so many seconds where this machine can."""
    sessions, began = threading.local(), time.monotonic()

    def call(number: int) -> int:
        time.sleep(max(0.0, began + seconds * number / calls - time.monotonic()))
        if not hasattr(sessions, "mine"):
            sessions.mine = requests.Session()
        return int(sessions.mine.post(url, json={"hookKind": "action"}, timeout=60).status_code)

    with ThreadPoolExecutor(CALLERS) as pool:
        yield from pool.map(call, range(calls))


def watched(address: str, act: Any) -> dict[str, list[float]]:
    """Seconds each of the paths took, asked one after another while something is done."""
    over, took = threading.Event(), {path: [] for path in PATHS}

    def look() -> None:
        session = requests.Session()
        while not over.is_set():
            for path in PATHS:
                began = time.perf_counter()
                session.get(address + path, timeout=60).raise_for_status()
                took[path].append(time.perf_counter() - began)
            over.wait(0.05)

    looker = threading.Thread(target=look)
    looker.start()
    try:
        act()
    finally:
        over.set()
        looker.join()
    return took


def told(seconds: list[float], percent: int) -> str:
    found = max(seconds) if percent == 100 else statistics.quantiles(seconds, n=100)[percent - 1]
    return f"{found * 1000:.0f} ms"


def change(database: str) -> str:
    """Change a row in Glide, as somebody there would."""
    [(table, url)] = run_sql(
        database,
        "select m.glide_table, c.settings ->> 'bigtables_url' from gl_mappings m join gl_connections c"
        f" on c.id = m.connection_id where m.name = '{MAPPING}'",
    )
    [(column,)] = run_sql(
        database,
        "select key from gl_mappings, jsonb_each(column_mappings)"
        f" where name = '{MAPPING}' and value ->> 'supabase_column_name' = 'account_name'",
    )
    [(row,)] = run_sql(database, "select glide_row_id from gl_accounts order by 1 limit 1")
    words = f"changed at {time.time_ns()}"
    edits = f"{url}/_standin/tables/{table}/edits"
    requests.post(edits, json={"set": {row: {column: words}}}, timeout=30).raise_for_status()
    return words


def waited(is_so: Any) -> float:
    """Seconds until it is so."""
    began = time.monotonic()
    while not is_so():
        if time.monotonic() - began > PATIENCE:
            raise SystemExit("it never was so")
        time.sleep(0.1)
    return time.monotonic() - began


@contextmanager
def demo() -> Iterator[tuple[str, dict[str, str]]]:
    """The demo, up on a home of its own: (its address, what commands need to find it)."""
    home = Path(tempfile.mkdtemp(prefix="glsync-flood-"))
    home.chmod(0o755)  # the embedded server may run as another user
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        port = asked.getsockname()[1]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GLSYNC_")}
    environment |= {"GLSYNC_HOME": str(home), "GLSYNC_PORT": str(port)}
    up = subprocess.Popen([sys.executable, "-m", "glsync", "up", "--demo"], env=environment, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        waited(lambda: answers(f"{address}/readyz"))
        waited(lambda: MAPPING in glsync(environment, "export"))
        yield address, environment
    finally:
        up.send_signal(signal.SIGINT)
        up.wait(60)
        shutil.rmtree(home, ignore_errors=True)


def answers(url: str) -> bool:
    with suppress(requests.RequestException):
        return requests.get(url, timeout=5).ok
    return False


def glsync(environment: dict[str, str], *words: str) -> str:
    command = [sys.executable, "-m", "glsync", *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False).stdout


if __name__ == "__main__":
    main()
