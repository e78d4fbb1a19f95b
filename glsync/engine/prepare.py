"""A page of a read against the base: what is new in it, ready for the database, and what the base is to remember."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import msgspec
import numpy as np
from msgspec import Raw
from xxhash import xxh3_64_intdigest

from glsync.engine.memory import NOT_STORED, BasePage, Hashes, Memory, digests
from glsync.engine.transform import Batch, Layout, transform
from glsync.values import ROW_ID


class _Named(msgspec.Struct):
    id: str = msgspec.field(default="", name=ROW_ID)


_named = msgspec.json.Decoder(_Named).decode
_all_named = msgspec.json.Decoder(list[_Named]).decode


@dataclass(frozen=True, slots=True)
class Prepared:
    """One page. `batch` holds what must be stored; `page` is None when the base already says exactly this."""

    number: int
    rows: int
    batch: Batch
    page: BasePage | None = None


def prepare(rows: Sequence[Raw], number: int, pass_: int, memory: Memory, layout: Layout) -> Prepared:
    """Tell the rows that say something new from those that do not, and read the new ones."""
    page = digests(rows)
    known = memory.known(page)
    if known.all() and memory.holds(number, page):
        return Prepared(number, len(rows), Batch([], []))
    ids = row_ids(rows)
    hashes = hash_ids(ids)
    if memory.supersede(hashes[~known]).any():  # a row came twice with different content: its last word counts
        known[:] = False
    batch = transform([row for row, is_known in zip(rows, known.tolist(), strict=True) if not is_known], layout)
    remembered = BasePage(number, pass_, page, hashes, tuple(ids))
    if batch.bad:
        remembered = without(remembered, _left_out(ids, known.tolist(), batch))
    return Prepared(number, len(rows), batch, remembered)


def _left_out(ids: Sequence[str], known: Sequence[bool], batch: Batch) -> set[str]:
    """New rows that could not be read, whatever their error calls them."""
    return {row_id for row_id, is_known in zip(ids, known, strict=True) if not is_known} - set(batch.ids)


def without(page: BasePage, not_stored: Collection[str]) -> BasePage:
    """The page with these rows marked as not stored, so that the next read looks at them again."""
    if not not_stored:
        return page
    kept = page.digests.copy()
    kept[[place for place, row_id in enumerate(page.ids) if row_id in not_stored]] = NOT_STORED
    return replace(page, digests=kept)


def row_ids(rows: Sequence[Raw]) -> list[str]:
    """The id of each row; "" for a row without a usable one, which is reported when it is read."""
    try:
        return [row.id for row in _all_named(b"[" + b",".join(rows) + b"]")]
    except ValueError:
        return [_id(row) for row in rows]


def hash_ids(ids: Sequence[str]) -> Hashes:
    return np.fromiter((xxh3_64_intdigest(row_id.encode()) for row_id in ids), np.uint64, count=len(ids))


def _id(row: Raw) -> str:
    try:
        return _named(row).id
    except ValueError:
        return ""
