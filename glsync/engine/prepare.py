"""A page of a read against the base: what is new in it, ready for the database, and what the base is to remember."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Raw
from xxhash import xxh3_64_intdigest

from glsync.engine.memory import LET_GO, NOT_STORED, BasePage, Flags, Hashes, Memory, digests
from glsync.engine.transform import Batch, Layout, transform
from glsync.values import ROW_ID

Places = npt.NDArray[np.intp]


class _Named(msgspec.Struct):
    id: str = msgspec.field(default="", name=ROW_ID)


_named = msgspec.json.Decoder(_Named).decode
_all_named = msgspec.json.Decoder(list[_Named]).decode


@dataclass(frozen=True, slots=True)
class Prepared:
    """One page. `batch` holds what must be stored; `page` is None when the base already says exactly this.

    `places[i]` is where on the page the new row `ids[i]` stands; rows that could not be read are among them.
    """

    number: int
    rows: int
    batch: Batch
    page: BasePage | None = None
    places: Places = field(default_factory=lambda: np.empty(0, np.intp))
    ids: Sequence[str] = ()


def prepare(rows: Sequence[Raw], number: int, pass_: int, memory: Memory, layout: Layout) -> Prepared:
    """Tell the rows that say something new from those that do not, and read the new ones."""
    page = digests(rows)
    known = memory.known(number, page)
    if known.all() and memory.holds(number, page):
        return Prepared(number, len(rows), Batch([], []))
    places, ids, batch = _read(rows, ~known, layout)
    hashes = hash_ids(ids)
    if memory.supersede(hashes).any():  # a row came twice with different content: its last word counts
        known[:] = False
        places, ids, batch = _read(rows, ~known, layout)
        hashes = hash_ids(ids)
    before = memory.page(number)
    if before and _has_the_rows_of(before, page, known, hashes):
        remembered = BasePage(number, pass_, page, before.id_hashes, renews=before.pass_)
    else:
        every = ids if len(ids) == len(rows) else row_ids(rows)
        remembered = BasePage(number, pass_, page, hash_ids(every), tuple(every))
    ready = Prepared(number, len(rows), batch, remembered, places, ids)
    if batch.outside:
        ready = replace(ready, page=_marked(ready, batch.outside, LET_GO))
    if batch.bad:  # whatever their errors call them
        ready = replace(ready, page=without(ready, set(ids) - set(batch.ids) - batch.outside.keys()))
    return ready


def _read(rows: Sequence[Raw], is_new: Flags, layout: Layout) -> tuple[Places, Sequence[str], Batch]:
    """The new rows: where they stand, their ids, and what to store of them."""
    places = np.flatnonzero(is_new)
    new = [rows[place] for place in places.tolist()]
    batch = transform(new, layout)
    return places, batch.ids if len(batch.ids) == len(new) else row_ids(new), batch


def _has_the_rows_of(before: BasePage, page: Hashes, known: Flags, new: Hashes) -> bool:
    """Are the rows those that stood here before, in the same order? Then only their digests are to be stored."""
    if len(before.digests) != len(page):
        return False
    return np.array_equal(before.id_hashes[~known], new) and np.array_equal(before.digests[known], page[known])


def without(prepared: Prepared, not_stored: Collection[str]) -> BasePage:
    """The page with these new rows marked as not stored, so that the next read looks at them again."""
    return _marked(prepared, not_stored, NOT_STORED)


def _marked(prepared: Prepared, rows: Collection[str], mark: int) -> BasePage:
    assert prepared.page is not None  # it has new rows
    if not rows:
        return prepared.page
    kept = prepared.page.digests.copy()
    places = zip(prepared.places.tolist(), prepared.ids, strict=True)
    kept[[place for place, row_id in places if row_id in rows]] = mark
    return replace(prepared.page, digests=kept)


def row_ids(rows: Sequence[Raw]) -> list[str]:
    """The id of each row; "" for a row without a usable one, which is reported when it is read."""
    try:
        return [row.id for row in _all_named(b"[" + b",".join(rows) + b"]")]
    except ValueError:
        return [_id(row) for row in rows]


def hash_ids(ids: Sequence[str]) -> Hashes:
    return np.fromiter(map(xxh3_64_intdigest, map(str.encode, ids)), np.uint64, count=len(ids))


def _id(row: Raw) -> str:
    try:
        return _named(row).id
    except ValueError:
        return ""
