"""How fast the stand-in serves rows: python -m benchmarks.standin_throughput [rows]

Starts it as a process of its own with the flights (so many of them; 336,776 unless said), reads the whole table over
loopback by each API, page after page on one connection, three times, and prints the best round. The reader only
looks for the next page's token, so that the figures are the server's. CPU is that of the server's process.
"""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

from glsync.standin.flights import FLIGHTS_APP_ID, FLIGHTS_TOKEN, TABLES, load_flights
from glsync.standin.running import StandIn

ROUNDS = 3
TABLE = TABLES["flights"].id
HEADERS = {"Authorization": f"Bearer {FLIGHTS_TOKEN}", "Content-Type": "application/json"}


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else None
    with standin(rows) as (port, process, loaded):
        print(f"loaded in {loaded:.1f} s, {memory(process):,} MB")
        for name, read in (("v1 queryTables", read_classic), ("v2 rows", read_big)):
            best = max((measure(read, port, process) for _ in range(ROUNDS)), key=lambda found: found[0])
            print(f"{name:15} {best[0]:>10,.0f} rows/s   {best[1]:.2f} us of CPU a row   {best[2]:,.0f} MB/s")


def measure(read, port: int, process: int) -> tuple[float, float, float]:
    """Rows a second, microseconds of the server's CPU a row, megabytes a second."""
    began, cpu = time.perf_counter(), cpu_seconds(process)
    rows = size = 0
    for body in read(port):
        rows += body.count(b'"$rowID"')
        size += len(body)
    seconds, spent = time.perf_counter() - began, cpu_seconds(process) - cpu
    return rows / seconds, spent / rows * 1e6, size / seconds / 1e6


def read_classic(port: int) -> Iterator[bytes]:
    connection, start = http.client.HTTPConnection("127.0.0.1", port), ""
    while True:
        query = {"tableName": TABLE, **({"startAt": start} if start else {})}
        body = json.dumps({"appID": FLIGHTS_APP_ID, "queries": [query]})
        connection.request("POST", "/api/function/queryTables", body, HEADERS)
        yield (page := connection.getresponse().read())
        if not (start := token(page, b'],"next":"')):
            return


def read_big(port: int) -> Iterator[bytes]:
    connection, following = http.client.HTTPConnection("127.0.0.1", port), ""
    path = f"/tables/{TABLE.removeprefix('native-table-')}/rows"
    while True:
        connection.request("GET", path + (f"?continuation={quote(following)}" if following else ""), headers=HEADERS)
        yield (page := connection.getresponse().read())
        if not (following := token(page, b'],"continuation":"')):
            return


def token(page: bytes, before: bytes) -> str:
    _, found, rest = page[-400:].partition(before)
    return rest.partition(b'"')[0].decode() if found else ""


@contextmanager
def standin(rows: int | None) -> Iterator[tuple[int, int, float]]:
    """Its port, process id and the seconds it took to load."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "benchmarks.standin_throughput", "--serve", str(rows or "")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield int(process.stdout.readline()), process.pid, time.perf_counter() - began
    finally:
        process.terminate()
        process.wait()


def serve(rows: str) -> None:
    glide = StandIn()
    load_flights(glide.state, int(rows) if rows else None)
    print(glide.port, flush=True)
    glide.run()


def cpu_seconds(process: int) -> float:
    with open(f"/proc/{process}/stat") as stat:  # noqa: PTH123  not a file on disk
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory(process: int) -> int:
    with open(f"/proc/{process}/status") as status:  # noqa: PTH123  not a file on disk
        return next(int(line.split()[1]) // 1024 for line in status if line.startswith("VmRSS"))


if __name__ == "__main__":
    serve(sys.argv[2]) if sys.argv[1:2] == ["--serve"] else main()
