"""The limit: one table moved by a careful script written by hand, with nothing but its work to do.

orjson, the next page fetched and decoded in a thread, csv.writer, COPY into a staging table, then one upsert that only
writes rows that differ. No log, no errors, no progress, no resume; one bad cell ends it.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import orjson
import psycopg2
import requests

COLUMNS = {
    "$rowID": "glide_row_id", "Name": "name", "prc01": "price", "qty01": "quantity", "act01": "active",
    "mad01": "made_at", "chg01": "changed_at", "mai01": "mail", "img01": "photo", "not01": "notes", "ext01": "extra",
}  # fmt: skip
TABLE = "limit_rows"


def pages() -> Iterator[list[dict[str, Any]]]:
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {os.environ['BENCH_TOKEN']}"

    def fetch(start: str | None) -> dict[str, Any]:
        query = {"tableName": os.environ["BENCH_TABLE"]} | ({"startAt": start} if start else {})
        reply = session.post(os.environ["BENCH_URL"], json={"appID": os.environ["BENCH_APP"], "queries": [query]})
        reply.raise_for_status()
        return orjson.loads(reply.content)[0]

    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(fetch, None)
        while True:
            page = coming.result()
            if following := page.get("next"):
                coming = pool.submit(fetch, following)
            yield page["rows"]
            if not following:
                return


def as_csv(rows: list[dict[str, Any]]) -> io.StringIO:
    text = io.StringIO()
    writer = csv.writer(text)
    for row in rows:
        cells = [row.get(name) for name in COLUMNS]
        cells[-1] = orjson.dumps(cells[-1]).decode()
        writer.writerow(cells)
    text.seek(0)
    return text


def main() -> None:
    names = ", ".join(COLUMNS.values())
    others = [name for name in COLUMNS.values() if name != "glide_row_id"]
    with psycopg2.connect(os.environ["BENCH_DATABASE"]) as connection, connection.cursor() as cursor:
        cursor.execute(f"create temporary table staging (like {TABLE}) on commit drop")
        for rows in pages():
            cursor.copy_expert(f"copy staging ({names}) from stdin (format csv)", as_csv(rows))
        cursor.execute(f"""
            insert into {TABLE} as t ({names}) select {names} from staging
            on conflict (glide_row_id) do update set {", ".join(f"{name} = excluded.{name}" for name in others)}
            where ({", ".join(f"t.{name}" for name in others)}) is distinct from
                ({", ".join(f"excluded.{name}" for name in others)})""")


if __name__ == "__main__":
    main()
