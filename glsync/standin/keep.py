"""Keeping the state in a folder: one SQLite file, written a moment after each change and when the server stops."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec
import structlog

from glsync.standin.columns import Column
from glsync.standin.glide import Glide, Job
from glsync.standin.stashes import Stash
from glsync.standin.tables import App, Change, Kind, Table
from glsync.standin.usage import Meter

log = structlog.get_logger(__name__)

SECONDS = 0.25
"""The pause between two writes; kill -9 loses at most this and the time of one write."""

SCHEMA = """
create table if not exists things (kind text, id text, body blob not null, primary key (kind, id));
create table if not exists rows (
  app text, name text, slot integer, version integer not null, body blob not null, primary key (app, name, slot)
) without rowid;
"""


class DataInUse(RuntimeError):
    """Another stand-in keeps its state in this folder."""


class KeptTable(msgspec.Struct):
    app_id: str
    id: str
    name: str
    kind: Kind
    columns: list[Column]
    version: int
    numbered: int


class Queued(msgspec.Struct):
    writes: list[tuple[float, int, str, str, Change]]


class RowName(msgspec.Struct):
    id: str = msgspec.field(name="$rowID")


class Batch(msgspec.Struct):
    """What changed since the last write; a row without a body is gone."""

    things: list[tuple[str, str, bytes]]
    dropped: list[tuple[str, str]]
    rows: list[tuple[str, str, int, int, bytes | None]]
    gone: list[tuple[str, str]]


class Keeper:
    """Reads the state when it is made and writes changes on from there."""

    def __init__(self, glide: Glide, folder: Path) -> None:
        self._glide, self._folder = glide, folder
        self._saving = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True)
        self._database = sqlite3.connect(folder / "standin.sqlite3", check_same_thread=False, timeout=2)
        try:
            self._database.execute("pragma locking_mode = exclusive")
            self._database.execute("pragma journal_mode = wal")
            self._database.executescript(SCHEMA)
        except sqlite3.OperationalError as error:
            raise DataInUse(f"{folder} is in use by another stand-in ({error})") from error
        self._stashes: set[tuple[str, str]] = set()
        with glide.lock:
            self._restore()
        self._mark = self._now()

    @asynccontextmanager
    async def keeping(self) -> AsyncIterator[None]:
        """Write changes for as long as this is open, and once more at the end."""
        task = asyncio.create_task(self._forever())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            self.save()
            self._database.close()

    def save(self) -> None:
        """Write what changed, in one transaction."""
        with self._saving:
            batch = self._collect()
            if batch is None:
                return
            try:
                self._write(batch)
            except sqlite3.Error:
                self._begin_anew(batch)
                raise

    def _write(self, batch: Batch) -> None:
        with self._database as database:
            database.executemany("delete from rows where app = ? and name = ?", batch.dropped)
            database.executemany("delete from things where kind = ? and id = ?", batch.gone)
            database.executemany("insert or replace into things values (?, ?, ?)", batch.things)
            lost = [row[:3] for row in batch.rows if row[4] is None]
            database.executemany("delete from rows where app = ? and name = ? and slot = ?", lost)
            kept = (row for row in batch.rows if row[4] is not None)
            database.executemany("insert or replace into rows values (?, ?, ?, ?, ?)", kept)

    async def _forever(self) -> None:
        while True:
            await asyncio.sleep(SECONDS)
            if self._now() == self._mark:
                continue
            try:
                await asyncio.to_thread(self.save)
            except sqlite3.Error:
                log.exception("The stand-in's state could not be kept; trying again", folder=str(self._folder))

    def _begin_anew(self, batch: Batch) -> None:
        """Nothing counts as kept after a failed write: the next one writes everything."""
        with self._glide.lock:
            self._mark = (-1, -1)
            self._glide.dropped_tables |= set(batch.dropped)
            self._glide.stashes.keep_all()
            for table in self._glide.tables.values():
                table.kept_to = 0

    def _now(self) -> tuple[int, int]:
        return self._glide.changed, self._glide.spent()

    def _collect(self) -> Batch | None:
        """The changes, taken in one go; from here on they count as written."""
        with self._glide.lock:
            if self._now() == self._mark:
                return None
            self._mark = self._now()
            dropped, self._glide.dropped_tables = self._glide.dropped_tables, set()
            stashes = set(self._glide.stashes.kept)
            gone = [("stash", _key(*key)) for key in self._stashes - stashes]
            gone += [("table", _key(*key)) for key in dropped if key not in self._glide.tables]
            self._stashes = stashes
            rows = [row for table in self._glide.tables.values() for row in _changed_rows(table)]
            return Batch(list(self._things()), list(dropped), rows, gone)

    def _things(self) -> Iterator[tuple[str, str, bytes]]:
        glide, encode = self._glide, msgspec.json.encode
        for app in glide.apps.values():
            yield "app", app.id, encode(app)
        for table in glide.tables.values():
            columns = list(table.columns.values())
            kept = KeptTable(table.app_id, table.id, table.name, table.kind, columns, table.version, table.numbered)
            yield "table", _key(table.app_id, table.id), encode(kept)
        for app_id, meter in glide.meters.items():
            yield "meter", app_id, encode(meter)
        for key, stash in glide.stashes.take_unkept():
            yield "stash", _key(*key), encode(stash)
        for (owner, id), job in glide.jobs.items():
            yield "job", _key(owner, id), encode(job)
        yield "queue", "", encode(Queued(glide.queue))

    def _restore(self) -> None:
        glide = self._glide
        for app in self._kept("app", App):
            glide.apps[app.id] = app
        for kept in self._kept("table", KeptTable):
            table = glide.add_table(kept.app_id, kept.id, kept.name, kept.kind, kept.columns)
            table.version, table.numbered = kept.version, kept.numbered
        for key, body in self._database.execute("select id, body from things where kind = 'meter'"):
            glide.meters[key] = msgspec.json.decode(body, type=Meter)
        for stash in self._kept("stash", Stash):
            glide.stashes.kept[stash.owner, stash.id] = stash
        for job in self._kept("job", Job):
            glide.jobs[job.owner, job.id] = job
        for queued in self._kept("queue", Queued):
            glide.restore_queue(queued.writes)
        self._stashes = set(glide.stashes.kept)
        self._restore_rows()

    def _restore_rows(self) -> None:
        found = self._database.execute("select app, name, slot, version, body from rows order by app, name, slot")
        name = msgspec.json.Decoder(RowName)
        for key, rows in groupby(found, key=lambda row: (row[0], row[1])):
            put = self._glide.tables[key].rows.restore
            for _, _, slot, version, body in rows:
                put(slot, name.decode(body).id, body, version)
        for table in self._glide.tables.values():
            table.kept_to = table.rows.end

    def _kept(self, kind: str, type: type[Any]) -> Iterator[Any]:
        for (body,) in self._database.execute("select body from things where kind = ? order by rowid", (kind,)):
            yield msgspec.json.decode(body, type=type)


def _changed_rows(table: Table) -> Iterator[tuple[str, str, int, int, bytes | None]]:
    for slot, body, version in table.rows.stored(table.take_unkept()):
        yield table.app_id, table.id, slot, version, body


def _key(*parts: str) -> str:
    return msgspec.json.encode(parts).decode()
