"""One Glide cell into a real Postgres, by the fast way or the careful way, and what stands there then."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import Any

import msgspec
import psycopg2
from msgspec import Raw

from glsync.engine import transform, types
from glsync.engine.transform import Batch, Layout
from glsync.values import ColumnPair, Kind

HOSTILE = "set timezone = 'Asia/Kolkata'; set datestyle = 'German'; set intervalstyle = 'sql_standard'"
"""Settings a database may have, under which a spelling that is not plain is read otherwise."""
COPY = (
    "copy cells ({}) from stdin "
    "(format csv, delimiter E'\\x1f', quote E'\\x1e', escape E'\\x1e', null '', force_null ({}))"
)
TYPES = [
    "text", "character varying(12)", "character(4)", "name", "uuid", "numeric", "numeric(14,2)", "numeric(38,18)",
    "numeric(60,2)", "numeric(4,4)", "numeric(5,-2)", "smallint", "integer", "bigint", "real", "double precision",
    "boolean", "timestamp with time zone", "timestamp without time zone", "date", "time without time zone", "interval",
    "json", "jsonb", "text[]",
]  # fmt: skip
FITTING: list[tuple[Kind, str]] = [
    (kind, type_name) for kind in types.KINDS for type_name in TYPES if types.fits(kind, type_name) is None
]
"""Every kind with every type that takes it."""


class Cells:
    """A connection with one temporary table `cells` of glide_row_id and `cell`, made anew for each type."""

    def __init__(self, url: str) -> None:
        self.connection = psycopg2.connect(url)
        self.connection.autocommit = True
        with self.connection.cursor() as cursor:
            cursor.execute(HOSTILE)

    def take(self, type_name: str) -> None:
        with self.connection.cursor() as cursor:
            cursor.execute("drop table if exists cells")
            cursor.execute(f"create temporary table cells (glide_row_id text, cell {type_name})")

    def stored(self, batch: Batch, layout: Layout) -> list[str | None] | str:
        """What the lines of this batch became, as texts; a sentence where ours or Postgres's rules refuse one."""
        if batch.bad:
            return "refused"
        with self.connection.cursor() as cursor:
            cursor.execute("truncate cells")
            query = COPY.format(", ".join(layout.columns), ", ".join(layout.quoted))
            try:
                cursor.copy_expert(query, io.BytesIO("\n".join(batch.lines).encode()))
            except psycopg2.DataError:
                return "refused"
            cursor.execute("select cell::text from cells order by ctid")
            return [row[0] for row in cursor.fetchall()]

    def shown(self) -> list[str | None]:
        """The cells as they stand, in the usual spellings."""
        with self.connection.cursor() as cursor:
            cursor.execute("set datestyle = 'ISO'; set intervalstyle = 'postgres'; set timezone = 'UTC'")
            cursor.execute("select cell::text from cells order by ctid")
            found = [row[0] for row in cursor.fetchall()]
            cursor.execute(HOSTILE)
        return found


def layout(kind: Kind, type_name: str, **more: Any) -> Layout:
    return transform.layout([ColumnPair("c", "Cell", "cell", kind)], {"cell": type_name}, **more)


def raw(cell: bytes | None, row_id: str = "r") -> Raw:
    """A row as Glide sends it; None: the cell's key is missing."""
    middle = b"" if cell is None else b',"c":' + cell
    return Raw(b'{"$rowID":' + msgspec.json.encode(row_id) + middle + b"}")


def careful(rows: Iterable[Raw], layout: Layout) -> Batch:
    batch = Batch([], [])
    for row in rows:
        transform._careful_one(row, layout, batch)
    return batch


def fast(rows: list[Raw], layout: Layout) -> Batch | None:
    """None where the fast way hands the page over to the careful one."""
    try:
        return transform._whole_page(b"[" + b",".join(rows) + b"]", layout)
    except ValueError:
        return None
