"""Apps, tables and what a write does to a table's rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from random import Random
from typing import Any, Literal

import msgspec

from glsync.standin.columns import Column, is_empty, local_spelling, stored
from glsync.standin.rows import Rows, row_id
from glsync.standin.settings import Settings

ROW_ID = "$rowID"
PREFIX = "native-table-"
Kind = Literal["glide", "small", "big"]
Cells = Mapping[str, Any]


class Change(msgspec.Struct):
    """One row to add, set or delete. `cells` are the columns touched; an empty value clears."""

    op: Literal["add", "set", "delete"]
    row_id: str
    cells: dict[str, Any] = {}


class Table:
    """A table; `kind` decides which APIs reach it and whether v1 writes are queued.

    Kept on disk are the slots below `kept_to`, but for those in `unkept`, which have changed since.
    """

    def __init__(self, app_id: str, id: str, name: str, kind: Kind, columns: Iterable[Column]) -> None:
        self.app_id, self.id, self.name, self.kind = app_id, id, name, kind
        self.columns = {column.id: column for column in columns}
        self.rows = Rows()
        self.version = 1
        self.numbered = 0
        self.kept_to = 0
        self.unkept: set[int] = set()

    @property
    def v2_id(self) -> str:
        return self.id.removeprefix(PREFIX)

    def answers_to(self, name: str) -> bool:
        return name in (self.id, self.v2_id, PREFIX + self.v2_id)

    def new_row_id(self) -> str:
        """The next id; counted, so the same history gives the same ids."""
        while True:
            found = row_id(self.app_id, self.id, self.numbered)
            self.numbered += 1
            if found not in self.rows:
                return found

    def load(self, rows: Iterable[bytes | msgspec.Raw | Cells], settings: Settings) -> None:
        """Add rows from a fixture at the table's present version; cells are taken as they are."""
        put, encode, decode = self.rows.put, msgspec.json.encode, msgspec.json.Decoder(dict[str, Any]).decode
        for given in rows:
            row: Cells = decode(given) if isinstance(given, bytes | msgspec.Raw) else given
            named = row.get(ROW_ID) or self.new_row_id()
            cells = {id: cell for id, cell in row.items() if id != ROW_ID and not is_empty(cell, settings)}
            put(named, encode({ROW_ID: named, **cells}), self.version)

    def load_encoded(self, rows: Iterable[tuple[str, bytes]]) -> None:
        """Add rows that are already the JSON they are to be sent as, with the row id first; the fast way."""
        put = self.rows.put
        for named, encoded in rows:
            put(named, encoded, self.version)

    def row(self, row_id: str) -> dict[str, Any] | None:
        encoded = self.rows.get(row_id)
        return None if encoded is None else msgspec.json.decode(encoded)

    def apply(self, changes: list[Change], settings: Settings, chance: Random) -> int:
        """Let the changes take effect, as one write; how many rows changed. Those of missing rows do nothing."""
        real = [change for change in changes if change.op == "add" or change.row_id in self.rows]
        if real:
            if self._moves(real, settings):
                self.version += _step(len(real), settings, chance)
            for change in real:
                self._apply(change, settings)
        return len(real)

    def _moves(self, changes: list[Change], settings: Settings) -> bool:
        if settings.version_moves_on_computed:
            return True
        return not all(change.op == "set" and self._only_computed(change.cells) for change in changes)

    def _only_computed(self, cells: Cells) -> bool:
        return all(id in self.columns and self.columns[id].computed for id in cells)

    def _apply(self, change: Change, settings: Settings) -> None:
        if change.op == "delete":
            slot = self.rows.remove(change.row_id)
            if slot is not None:
                self._touched(slot)
            return
        row = (self.row(change.row_id) or {}) if change.op == "set" else {}
        row[ROW_ID] = change.row_id
        for id, value in change.cells.items():
            if is_empty(value, settings):
                row.pop(id, None)
            else:
                row[id] = stored(value, self.columns.get(id), settings)
        self._touched(self.rows.put(change.row_id, msgspec.json.encode(row), self.version))

    def _touched(self, slot: int) -> None:
        if slot < self.kept_to:
            self.unkept.add(slot)

    def take_unkept(self) -> list[int]:
        """The slots to be kept, in rising order; from here on they count as kept."""
        slots = [*sorted(self.unkept), *range(self.kept_to, self.rows.end)]
        self.unkept, self.kept_to = set(), self.rows.end
        return slots

    def shown(self, rows: list[bytes], settings: Settings, *, local_dates: bool = False) -> list[bytes]:
        """The rows as a read shows them; nearly always exactly as they are kept."""
        hidden = set() if settings.computed_in_rows else {c.id for c in self.columns.values() if c.computed}
        dates = {c.id for c in self.columns.values() if c.type == "date-time"} if local_dates else set()
        if not hidden and not dates:
            return rows
        return [_reshaped(row, hidden, dates) for row in rows]


class App(msgspec.Struct):
    """An app and the tokens that see it."""

    id: str
    name: str
    tokens: list[str]


def _step(rows: int, settings: Settings, chance: Random) -> int:
    match settings.version_steps:
        case "per_row":
            return rows
        case "irregular":
            return chance.randint(1, 5)
    return 1


def _reshaped(encoded: bytes, hidden: set[str], dates: set[str]) -> bytes:
    row = {id: cell for id, cell in msgspec.json.decode(encoded).items() if id not in hidden}
    return msgspec.json.encode({id: local_spelling(cell) if id in dates else cell for id, cell in row.items()})
