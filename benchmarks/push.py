"""How fast changes reach Glide: python -m benchmarks.push [rows] [latency in milliseconds] [rounds]

Glide is the stand-in in a process of its own, each of whose answers takes at least the latency (10,000 rows and 50 ms
unless said). Timed are pushes of runs, from the plan to the last answer written down, with journal, names and history:
ours, and for a yardstick the same with one full batch of 500 after another; beside them a script that sends the same
batches one after another and remembers nothing. They take turns. Then the same on a Big Table, which takes a changed
row a call, with a tenth of the rows. Printed are the best round and the median in rows a second, and the ratios of
both. At the end Glide takes at most 10 calls a second and answers 429 to the others.
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import psycopg2
import requests

BATCH = 500
APP, TOKEN = "benchmark", "token-of-the-benchmark"
TABLES = {"classic": "native-table-push", "big": "native-table-big"}
PLAIN = "native-table-plain"
COLUMNS = {"Name": ("string", "name", "text"), "qty01": ("number", "quantity", "integer")}


def main() -> None:
    rows, latency, rounds = (int(value) for value in [*sys.argv[1:], *["10000", "50", "3"][len(sys.argv) - 1 :]])
    with standin() as url, database() as connection:
        os.environ["GLSYNC_ALLOWED_GLIDE_HOSTS"] = urlsplit(url).netloc
        gc.set_threshold(50_000)  # as the command line and the workers do
        load(url)
        owner = connect(connection, url)
        mapping = prepare(connection, owner, "classic", rows)
        big = prepare(connection, owner, "big", rows // 10)
        control(url, "settings", {"latency": latency / 1000})
        print(f"{rows:,} changes, {latency} ms a call; rows a second, best and median of {rounds} rounds")
        told("added by a bare script", rows, [plain(url, adds(rows))])
        told("added by ours", rows, [pushed(mapping)])
        bare, single, ours = [], [], []
        for revision in range(1, rounds + 1):
            bare.append(plain(url, sets(url, revision)))
            single.append(updated(connection, mapping, "classic", at_once=1))
            ours.append(updated(connection, mapping, "classic"))
        told("changed by a bare script", rows, bare)
        told("changed by ours, one call after another", rows, single)
        told("changed by ours", rows, ours)
        compared("a bare script", bare, ours)
        compared("one call after another", single, ours)
        on_a_big_table(connection, big, rows // 10, rounds)
        control(url, "settings", {"requests_per_second": 10})
        told("changed by ours, at most 10 calls a second", rows, [updated(connection, mapping, "classic")])


def on_a_big_table(connection: Any, mapping: UUID, rows: int, rounds: int) -> None:
    print(f"{rows:,} changes of a Big Table")
    told("added by ours", rows, [pushed(mapping)])
    single, ours = [], []
    for _ in range(rounds):
        single.append(updated(connection, mapping, "big", at_once=1))
        ours.append(updated(connection, mapping, "big"))
    told("changed by ours, one call after another", rows, single)
    told("changed by ours", rows, ours)
    compared("one call after another", single, ours)


def told(what: str, rows: int, seconds: list[float]) -> None:
    print(f"{what:44} {rows / min(seconds):8,.0f} {rows / median(seconds):8,.0f}", flush=True)


def compared(what: str, theirs: list[float], ours: list[float]) -> None:
    print(
        f"  times as fast as {what:25} {min(theirs) / min(ours):8.2f} {median(theirs) / median(ours):8.2f}", flush=True
    )


def updated(connection: Any, mapping: UUID, kind: str, at_once: int | None = None) -> float:
    """Seconds to push a change of every row."""
    execute(connection, f"update pushed_{kind} set quantity = quantity + 1")
    return pushed(mapping, at_once)


# --- the yardstick ---------------------------------------------------------------------------------------------------


def adds(rows: int) -> list[dict[str, Any]]:
    return [
        {"kind": "add-row-to-table", "tableName": PLAIN, "columnValues": {"Name": f"Item {n}", "qty01": n}}
        for n in range(rows)
    ]


def sets(url: str, revision: int) -> list[dict[str, Any]]:
    return [
        {
            "kind": "set-columns-in-row",
            "tableName": PLAIN,
            "rowID": row,
            "columnValues": {"Name": f"{revision} {row}", "qty01": n},
        }
        for n, row in enumerate(found["$rowID"] for found in control(url, f"tables/{PLAIN}/rows")["rows"])
    ]


def plain(url: str, mutations: list[dict[str, Any]]) -> float:
    """Seconds for these, batch after batch over one connection."""
    session, began = requests.Session(), time.perf_counter()
    for start in range(0, len(mutations), BATCH):
        session.post(
            f"{url}/api/function/mutateTables",
            json={"appID": APP, "mutations": mutations[start : start + BATCH]},
            headers={"Authorization": f"Bearer {TOKEN}"},
        ).raise_for_status()
    return time.perf_counter() - began


# --- ours ------------------------------------------------------------------------------------------------------------


def pushed(mapping: UUID, at_once: int | None = None) -> float:
    """Seconds of the push of one run that is approved as a whole, with so many calls under way together."""
    from glsync import sync
    from glsync.store import db
    from glsync.twoway import finish, sending

    seconds: list[float] = []
    real, usual = finish.push, sending.LANES

    def timed(*given: Any) -> None:
        began = time.perf_counter()
        real(*given)
        seconds.append(time.perf_counter() - began)

    finish.push, sending.LANES = timed, at_once or usual
    try:
        with db.connect("benchmark") as connection, connection.cursor() as cursor:
            cursor.execute(
                """insert into gl_sync_logs (mapping_id, status, trigger, approved_hash)
                   values (%s, 'started', 'manual', %s) returning id""",
                (str(mapping), sync.plan(mapping).hash),
            )
            log = (cursor.fetchone() or (None,))[0]
        report = sync.run(UUID(str(log)))
    finally:
        finish.push, sending.LANES = real, usual
    if report.waiting or report.counts.failed:
        raise RuntimeError(f"the run did not write everything: {report}")
    return seconds[0]


def connect(connection: Any, url: str) -> str:
    """The id of a connection to this Glide."""
    from glsync.store import db, secrets

    urls = {"classic_url": f"{url}/api/function", "rest_url": f"{url}/api", "bigtables_url": url}
    owner = execute(
        connection,
        "insert into gl_connections (name, app_id, settings) values ('b', %s, %s) returning id, workspace_id",
        APP,
        json.dumps(urls),
    )[0]
    with db.connect("benchmark") as other:
        sealed = secrets.encrypt(other, UUID(str(owner[1])), UUID(str(owner[0])), "api_key", TOKEN)
    execute(connection, "update gl_connections set api_key = %s where id = %s", sealed, owner[0])
    return str(owner[0])


def prepare(connection: Any, owner: str, kind: str, rows: int) -> UUID:
    """A table of that many rows, mapped to Glide's table of this kind."""
    table = f"pushed_{kind}"
    columns = ", ".join(f"{column} {type_}" for _, column, type_ in COLUMNS.values())
    execute(connection, f"create table {table} (id int primary key, glide_row_id text unique, {columns})")
    execute(connection, f"insert into {table} select n, null, 'Item ' || n, n from generate_series(1, {rows}) as n")
    pairs = {"$rowID": {"glide_column_name": "$rowID", "supabase_column_name": "glide_row_id", "data_type": "string"}}
    for glide_id, (data_type, column, _) in COLUMNS.items():
        pairs[glide_id] = {"glide_column_name": glide_id, "supabase_column_name": column, "data_type": data_type}
    found = execute(
        connection,
        """insert into gl_mappings (connection_id, name, glide_table, glide_table_display_name, supabase_table,
           column_mappings, sync_direction) values (%s, %s, %s, 'Push', %s, %s, 'to_glide') returning id""",
        owner,
        table,
        TABLES[kind],
        table,
        json.dumps(pairs),
    )
    return UUID(str(found[0][0]))


# --- what it runs on -------------------------------------------------------------------------------------------------


def load(url: str) -> None:
    columns = [{"id": glide_id, "name": glide_id, "type": kind} for glide_id, (kind, *_) in COLUMNS.items()]
    kinds = {TABLES["classic"]: "glide", PLAIN: "glide", TABLES["big"]: "big"}
    tables = [{"id": id_, "name": id_, "kind": kind, "columns": columns} for id_, kind in kinds.items()]
    control(url, "apps", {"apps": [{"id": APP, "name": "Benchmark", "tokens": [TOKEN], "tables": tables}]})


def control(url: str, what: str, body: Any = None) -> Any:
    reply = requests.request("GET" if body is None else "POST", f"{url}/_standin/{what}", json=body, timeout=60)
    reply.raise_for_status()
    return reply.json()


def execute(connection: Any, statement: str, *values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values or None)
        return cursor.fetchall() if cursor.description else []


@contextmanager
def standin() -> Iterator[str]:
    """The address of a stand-in of its own."""
    code = "from glsync.standin import StandIn; s = StandIn(); print(s.url, flush=True); s.run()"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


@contextmanager
def database() -> Iterator[Any]:
    from glsync.config import settings
    from glsync.embedded import Embedded
    from glsync.store.migrations import migrate

    with tempfile.TemporaryDirectory(prefix="glsync-push-") as folder:
        embedded = Embedded(Path(folder) / "database")
        url = embedded.start()
        try:
            migrate(url)
            os.environ |= {"GLSYNC_DATABASE_URL": url, "GLSYNC_HOME": folder}
            settings.cache_clear()
            connection = psycopg2.connect(url)
            connection.autocommit = True
            yield connection
            connection.close()
        finally:
            embedded.stop()


if __name__ == "__main__":
    main()
