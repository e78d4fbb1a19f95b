"""Stashes: rows put aside in chunks until a call commits them."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from glsync.standin.replies import Refused
from glsync.standin.settings import Settings

NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_-]{0,255}")


class Stash(msgspec.Struct):
    """Chunks by serial; `owner` is the app whose token made it."""

    owner: str
    id: str
    made: float
    chunks: dict[str, list[dict[str, Any]]] = {}
    committed: bool = False

    def rows(self) -> list[dict[str, Any]]:
        """All rows: by number if every serial is one, else by the serials' code points."""
        numeric = all(serial.isdecimal() for serial in self.chunks)
        serials = sorted(self.chunks, key=int) if numeric else sorted(self.chunks)
        return [row for serial in serials for row in self.chunks[serial]]


class Stashes:
    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], Stash] = {}
        self._unkept: set[tuple[str, str]] = set()

    def put(self, owner: str, id: str, serial: str, rows: list[dict[str, Any]], now: float) -> None:
        """Keep a chunk; the same serial again replaces it."""
        for name in (id, serial):
            if not NAME.fullmatch(name):
                raise Refused(400, f"{name!r} is not a stash id or serial", "request_validation_error")
        self.kept.setdefault((owner, id), Stash(owner, id, now)).chunks[serial] = rows
        self._unkept.add((owner, id))

    def drop(self, owner: str, id: str) -> None:
        self.kept.pop((owner, id), None)

    def commit(self, owner: str, id: str, settings: Settings) -> list[dict[str, Any]]:
        """The stash's rows, for a write that is sure to succeed or to say so."""
        stash = self.kept.get((owner, id))
        if stash is None or (stash.committed and settings.stash_second_commit == "refused"):
            raise Refused(400, f"Stash {id} not found", "request_validation_error")
        return stash.rows()

    def committed(self, owner: str, id: str) -> None:
        self.kept[owner, id].committed = True
        self._unkept.add((owner, id))

    def keep_all(self) -> None:
        self._unkept = set(self.kept)

    def take_unkept(self) -> list[tuple[tuple[str, str], Stash]]:
        """The stashes changed since this was last asked."""
        changed, self._unkept = self._unkept, set()
        return [(key, self.kept[key]) for key in changed if key in self.kept]

    def expire(self, settings: Settings, now: float) -> None:
        for key in [key for key, stash in self.kept.items() if now - stash.made >= settings.stash_seconds]:
            del self.kept[key]
