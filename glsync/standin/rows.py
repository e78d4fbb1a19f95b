"""The rows of one table, kept as the JSON they are sent as."""

from __future__ import annotations

from array import array
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Iterator
from hashlib import blake2b


def row_id(*parts: object) -> str:
    """22 characters of base64url, the look of Glide's row ids; the same parts give the same id."""
    digest = blake2b("/".join(map(str, parts)).encode(), digest_size=16).digest()
    return urlsafe_b64encode(digest)[:22].decode()


class Rows:
    """Rows in the order they were added; each is its encoded JSON object and the version that changed it last.

    A row keeps its slot for life and a deleted row leaves its slot empty, so a slot number is a place in a read that
    goes on while rows come and go. A page of rows is a slice joined with commas: nothing is encoded to be sent.
    """

    def __init__(self) -> None:
        self._encoded: list[bytes | None] = []
        self._versions = array("Q")
        self._slots: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._slots)

    def __contains__(self, row_id: str) -> bool:
        return row_id in self._slots

    def __iter__(self) -> Iterator[str]:
        return iter(self._slots)

    @property
    def end(self) -> int:
        """The slot the next new row takes."""
        return len(self._encoded)

    def get(self, row_id: str) -> bytes | None:
        slot = self._slots.get(row_id)
        return None if slot is None else self._encoded[slot]

    def slot(self, row_id: str) -> int:
        return self._slots[row_id]

    def version(self, row_id: str) -> int:
        return self._versions[self._slots[row_id]]

    def put(self, row_id: str, encoded: bytes, version: int) -> int:
        """Add the row at the end, or replace it where it stands; its slot."""
        slot = self._slots.get(row_id)
        if slot is None:
            slot = self._slots[row_id] = len(self._encoded)
            self._encoded.append(encoded)
            self._versions.append(version)
        else:
            self._encoded[slot] = encoded
            self._versions[slot] = version
        return slot

    def restore(self, slot: int, row_id: str, encoded: bytes, version: int) -> None:
        """Put a row back into the slot it had; slots must come in rising order."""
        while len(self._encoded) < slot:
            self._encoded.append(None)
            self._versions.append(0)
        self.put(row_id, encoded, version)

    def remove(self, row_id: str) -> int | None:
        """The slot that became empty, None when there was no such row."""
        slot = self._slots.pop(row_id, None)
        if slot is not None:
            self._encoded[slot] = None
        return slot

    def page(self, start: int, limit: int) -> tuple[list[bytes], int | None]:
        """Up to `limit` rows from slot `start` on, and the slot to go on from, None after the last row."""
        found: list[bytes] = []
        while start < len(self._encoded) and len(found) < limit:
            stop = start + limit - len(found)
            found += [row for row in self._encoded[start:stop] if row is not None]
            start = stop
        return found, start if self._any_from(start) else None

    def counted_page(self, skip: int, limit: int) -> tuple[list[bytes], int | None]:
        """The same with `skip` counted in rows that exist now: rows that go make later ones move up."""
        if len(self._slots) == len(self._encoded):
            return self.page(skip, limit)
        living = [row for row in self._encoded if row is not None]
        return living[skip : skip + limit], skip + limit if skip + limit < len(living) else None

    def all(self) -> list[bytes]:
        return [row for row in self._encoded if row is not None]

    def first(self, count: int) -> list[str]:
        """The ids of the first rows."""
        return [row_id for row_id, _ in zip(self._slots, range(count), strict=False)]

    def stored(self, slots: Iterable[int]) -> Iterator[tuple[int, bytes | None, int]]:
        """Slot, encoded row (None: empty), version."""
        return ((slot, self._encoded[slot], self._versions[slot]) for slot in slots)

    def _any_from(self, start: int) -> bool:
        return any(self._encoded[slot] is not None for slot in range(start, len(self._encoded)))
