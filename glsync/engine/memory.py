"""What Glide said when we last stored it: 8 bytes a row, enough to skip the rows that still say the same.

A `Memory` is the base of one mapping as it stood before this read, packed by page. Rows are told apart by the xxh3 of
their raw JSON ("digest") and of their row id ("id hash"). While a read goes on, each old row is one of

- seen, still said word for word: its digest came again;
- superseded: its row id came again with other content, so its digest must not excuse a later row any more;
- neither: if the read ends complete, the row is gone from Glide.

A digest of 0 stands for a row that was not stored; it is never taken for known. Neither is 1, which stands for a row
that the mapping's filter leaves out: it may come back into scope, and it is nobody's business when it goes away.
Collisions: one changed row among n known ones is taken for known with a chance of n / 2**64.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from xxhash import xxh3_64_intdigest

Hashes = npt.NDArray[np.uint64]
Flags = npt.NDArray[np.bool_]
_Sorted = tuple[Hashes, npt.NDArray[np.intp]]

NOT_STORED = 0
LET_GO = 1


def digests(rows: Sequence[bytes]) -> Hashes:
    """One hash a row (anything with the buffer protocol, such as msgspec.Raw)."""
    return np.fromiter(map(xxh3_64_intdigest, rows), np.uint64, count=len(rows))


@dataclass(frozen=True, slots=True)
class BasePage:
    """One page of the base: what stood where when `pass_` read it. `ids` may be left out until somebody needs names.

    A page that `renews` a pass holds the same rows in the same order as the base's page of that pass, ids included.
    """

    number: int
    pass_: int
    digests: Hashes
    id_hashes: Hashes
    ids: tuple[str, ...] = ()
    renews: int | None = None


class Memory:
    """The base before this read. Not known before the first row: an empty Memory knows nothing and misses nothing."""

    def __init__(self, pages: Iterable[BasePage] = (), *, trusted: bool = True) -> None:
        """`trusted=False` (the target or the mapping changed) knows no digest, but still misses rows that vanish."""
        self.pages = tuple(pages)
        self._latest = {page.number: page for page in self.pages}  # the later pass comes later
        self._digests = _joined([page.digests for page in self.pages])
        self.rows = len(self._digests)
        ends = np.cumsum([len(page.digests) for page in self.pages])
        self._ends = {page.number: int(end) for page, end in zip(self.pages, ends, strict=True)}
        self._trusted = trusted
        self._usable = self._digests > LET_GO if trusted else np.zeros(self.rows, bool)
        self._seen = np.zeros(self.rows, bool)
        self._sorted: _Sorted | None = None
        self._ids: _Sorted | None = None

    @property
    def has_gaps(self) -> bool:
        """Is there a row that was not stored, so that the next read has work even when Glide did not change?"""
        return bool((self._digests == NOT_STORED).any())

    def page(self, number: int) -> BasePage | None:
        """What stood on this page last."""
        return self._latest.get(number)

    def holds(self, number: int, page: Hashes) -> bool:
        """Did this page look exactly so, row for row?"""
        latest = self._latest.get(number)
        return latest is not None and np.array_equal(latest.digests, page)

    def known(self, number: int, page: Hashes) -> Flags:
        """Which rows of this page still say what we stored. Marks them seen.

        Most rows stand where they stood, so that is where they are looked for; only the others are searched for.
        """
        latest = self._latest.get(number)
        if latest is None or len(latest.digests) != len(page):
            return self._anywhere(page)
        there = slice(self._ends[number] - len(page), self._ends[number])
        stays = latest.digests == page
        known: Flags = stays & self._usable[there]
        self._seen[there] |= known
        if not stays.all():
            known[~stays] = self._anywhere(page[~stays])
        return known

    def _anywhere(self, page: Hashes) -> Flags:
        if not self.rows or not self._trusted:
            return np.zeros(len(page), bool)
        if self._sorted is None:
            self._sorted = _sorted(self._digests)
        hashes, order = self._sorted
        found = np.minimum(np.searchsorted(hashes, page), self.rows - 1)
        place = order[found]
        known: Flags = (hashes[found] == page) & self._usable[place]
        self._seen[place[known]] = True
        return known

    def supersede(self, id_hashes: Hashes) -> Flags:
        """Rows that came with new content; returns which had come earlier in this read with their old content."""
        again = np.zeros(len(id_hashes), bool)
        if not self.rows or not len(id_hashes):
            return again
        if self._ids is None:
            self._ids = _sorted(_joined([page.id_hashes for page in self.pages]))
        hashes, order = self._ids
        first, last = np.searchsorted(hashes, id_hashes, "left"), np.searchsorted(hashes, id_hashes, "right")
        for offset in range(int((last - first).max())):  # more than one only while two passes overlap after a crash
            has = first + offset < last
            place = order[first[has] + offset]
            again[has] |= self._seen[place] & self._usable[place]
            self._seen[place], self._usable[place] = True, False
        return again

    def see_page(self, number: int) -> None:
        """Every row of this old page is as it was: an earlier part of this read said so."""
        start = 0
        for page in self.pages:
            if page is self._latest[number]:
                self._seen[start : start + len(page.digests)] = True
            start += len(page.digests)

    def vanished(self) -> list[tuple[int, int, int]]:
        """(page number, its pass, row in the page) of each old row that this read did not meet.

        A row that moved during an earlier read stands in the base twice; met in one place, it is not gone.
        """
        is_gone = ~self._seen
        if not is_gone.any():
            return []
        id_hashes = _joined([page.id_hashes for page in self.pages])
        is_excused = self._seen | (self._digests == LET_GO)
        is_gone[is_gone] = ~np.isin(id_hashes[is_gone], id_hashes[is_excused])
        gone, start = [], 0
        for page in self.pages:
            missing = np.flatnonzero(is_gone[start : start + len(page.digests)])
            gone += [(page.number, page.pass_, int(row)) for row in missing]
            start += len(page.digests)
        return gone


def doubled(pages: Sequence[Hashes]) -> list[tuple[int, int]]:
    """(index of the page, row) of every row id that comes again on a later page: only its last place counts."""
    hashes = _joined(pages)
    order = np.argsort(hashes, kind="stable")
    earlier = np.sort(order[:-1][hashes[order[:-1]] == hashes[order[1:]]])
    ends = np.cumsum([len(page) for page in pages])
    where = np.searchsorted(ends, earlier, "right")
    return [(int(page), int(row - (ends[page - 1] if page else 0))) for page, row in zip(where, earlier, strict=True)]


def _sorted(hashes: Hashes) -> _Sorted:
    """The hashes in order, and where each came from."""
    order = np.argsort(hashes, kind="stable")
    return hashes[order], order


def no_rows() -> Hashes:
    return np.empty(0, np.uint64)


def _joined(arrays: Sequence[Hashes]) -> Hashes:
    return np.concatenate(arrays) if arrays else no_rows()
