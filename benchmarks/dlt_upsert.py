"""dlt as somebody sets it up who knows it: typed Arrow tables, a page each, loaded by COPY and merged by upsert."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from decimal import Decimal
from urllib.parse import quote

import dlt
import pyarrow as pa
from psycopg2.extensions import parse_dsn

from benchmarks.limit import COLUMNS, pages

TYPES = {
    "glide_row_id": pa.string(), "name": pa.string(), "price": pa.decimal128(14, 2), "quantity": pa.int64(),
    "active": pa.bool_(), "made_at": pa.timestamp("us", "UTC"), "changed_at": pa.timestamp("us", "UTC"),
    "mail": pa.string(), "photo": pa.string(), "notes": pa.string(), "extra": pa.string(),
}  # fmt: skip
CENT = Decimal("0.01")


def arrow() -> Iterator[pa.Table]:
    for rows in pages():
        columns = {new: [row.get(old) for row in rows] for old, new in COLUMNS.items()}
        columns["price"] = [None if cell is None else Decimal(repr(cell)).quantize(CENT) for cell in columns["price"]]
        columns["extra"] = [json.dumps(cell) for cell in columns["extra"]]
        yield pa.table({name: _typed(cells, TYPES[name]) for name, cells in columns.items()})


def _typed(cells: list[object], kind: pa.DataType) -> pa.Array:
    if pa.types.is_timestamp(kind):
        return pa.array([str(cell)[:-1] for cell in cells]).cast(pa.timestamp("us")).cast(kind)
    return pa.array(cells, kind)


def _credentials(url: str) -> dict[str, object]:
    """The same database; dlt wants a host and a password even where a socket needs none."""
    found = parse_dsn(url)
    return {
        "database": found["dbname"],
        "username": found["user"],
        "password": found.get("password", "-"),
        "host": quote(found["host"], safe=""),  # dlt writes it into a URL as it is; it may be a socket's folder
        "port": int(found.get("port", 5432)),
    }


def main() -> None:
    pipeline = dlt.pipeline(
        "benchmark",
        pipelines_dir=os.environ["BENCH_FOLDER"],
        destination=dlt.destinations.postgres(_credentials(os.environ["BENCH_DATABASE"])),
        dataset_name="dlt_rows",
    )
    resource = dlt.resource(
        arrow,
        name="rows",
        primary_key="glide_row_id",
        write_disposition={"disposition": "merge", "strategy": "upsert"},
        columns={
            "glide_row_id": {"unique": True},
            "price": {"precision": 14, "scale": 2},
            "extra": {"data_type": "json"},
        },
    )
    pipeline.run(resource, loader_file_format="csv").raise_on_failed_jobs()


if __name__ == "__main__":
    main()
