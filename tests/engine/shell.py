"""One-way reads without network and database: Glide is a dict, Postgres is a dict, the base is a list of pages.

It does what glsync/oneway does around the engine, line for line where the engine is concerned.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import msgspec
from msgspec import Raw

from glsync.engine.memory import NOT_STORED, BasePage, Hashes, Memory, doubled
from glsync.engine.prepare import prepare
from glsync.engine.transform import layout
from glsync.values import ColumnPair

HOW = layout([ColumnPair("c", "C", "c", "string")], {"c": "text"})
Row = tuple[str, object]


def encoded(row: Row) -> Raw:
    return Raw(msgspec.json.encode({"$rowID": row[0], "c": row[1]}))


@dataclass
class Place:
    """Where a read broke off."""

    pass_: int
    page: int
    trusted: bool


@dataclass
class Shell:
    """`postgres` holds what was stored; `stored` counts the rows each page made the writer look at."""

    postgres: dict[str, object] = field(default_factory=dict)
    kept: dict[tuple[int, int], BasePage] = field(default_factory=dict)
    pass_: int = 0
    complete: bool = False
    place: Place | None = None
    looked_at: int = 0
    met: set[str] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)

    def read(self, page: Callable[[int], list[Row] | None], *, pages: int | None = None, resume: bool = False) -> bool:
        """Read page after page until there is none; `pages` crashes after so many. True when it came to the end."""
        memory, trusted, seen, number, pass_ = self._opened(resume)
        while pages is None or number < pages:
            rows = page(number)
            if rows is None:
                self._remember(memory, seen, number - 1, pass_)
                return True
            raws = [encoded(row) for row in rows]
            found = prepare(raws, number, pass_, memory, HOW)
            self.looked_at += len(found.batch.ids)
            self.met |= {row[0] for row in rows}
            if found.page is not None:
                self._store(raws, found.batch.ids)
                self.kept[number, pass_] = self._named(found.page)
                seen[number] = found.page.id_hashes
                self.complete, self.pass_ = False, pass_ - 1
            self.place = Place(pass_, number, trusted)
            number += 1
        return False

    def _opened(self, resume: bool) -> tuple[Memory, bool, dict[int, Hashes], int, int]:
        pages = [self.kept[key] for key in sorted(self.kept)]
        if not (resume and self.place and self.place.pass_ == self.pass_ + 1):
            self.met, self.place = set(), None
            pass_ = max([self.pass_, *(page.pass_ for page in pages)]) + 1
            return Memory(pages, trusted=self.complete), self.complete, {}, 0, pass_
        place = self.place
        ours = {page.number: page for page in pages if page.pass_ == place.pass_}
        memory = Memory([page for page in pages if page.pass_ < place.pass_], trusted=place.trusted)
        before = {page.number: page for page in memory.pages}
        seen = {}
        for number in range(place.page + 1):
            if number in ours:
                memory.supersede(ours[number].id_hashes)
                seen[number] = ours[number].id_hashes
            elif number in before:
                memory.see_page(number)
                seen[number] = before[number].id_hashes
        return memory, place.trusted, seen, place.page + 1, place.pass_

    def _named(self, page: BasePage) -> BasePage:
        return page if page.renews is None else replace(page, ids=self.kept[page.number, page.renews].ids)

    def _store(self, raws: list[Raw], ids: list[str]) -> None:
        for raw in raws:
            row = msgspec.json.decode(raw)
            if row["$rowID"] in ids:
                self.postgres[row["$rowID"]] = row["c"]

    def _remember(self, memory: Memory, seen: dict[int, Hashes], last: int, pass_: int) -> None:
        self.gone = {
            self.kept[number, of].ids[row] for number, of, row in memory.vanished()
        }  # fmt: skip
        before = {page.number: page.id_hashes for page in memory.pages}
        order = [seen[number] if number in seen else before[number] for number in range(last + 1)]
        self.kept = {
            (number, of): page
            for (number, of), page in self.kept.items()
            if number <= last and of == max(other for where, other in self.kept if where == number)
        }
        newest = {number: (number, of) for number, of in self.kept}
        for number, row in doubled(order):
            page = self.kept[newest[number]]
            page.digests.setflags(write=True)
            page.digests[row] = NOT_STORED
        self.pass_, self.complete, self.place = pass_, True, None
