"""What changed in the database since a screen was drawn: a number for each topic, raised by every change of it.

One thread a process listens to what the database's triggers say. While it cannot listen (the database is away, or a
transaction pooler stands before it) it raises every number at the polling interval, so that screens look by themselves.
"""

from __future__ import annotations

import select
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Literal

import structlog

from glsync.errors import DatabaseUnavailable, SyncError
from glsync.store import db

Topic = Literal["connections", "mappings", "runs", "errors", "activity", "listener"]
TOPICS: tuple[Topic, ...] = ("connections", "mappings", "runs", "errors", "activity", "listener")
"""`listener` is raised when listening begins or ends; the others are named by sql/migrations/0017_changes.sql."""
CHANNEL = "glsync"
POLLING = 10.0
"""Seconds between two looks while nobody tells us of changes."""
AGAIN = 2.0
"""Seconds between two tries to listen."""
ALIVE = 10.0
"""Seconds of silence after which the connection is asked whether it still is one."""

log = structlog.get_logger("glsync.changes")


class Changes:
    """The numbers, and the thread that raises them. `versions` begin at the clock, so a later process is ahead."""

    def __init__(self, polling: float = POLLING, again: float = AGAIN) -> None:
        self._polling, self._again = polling, again
        self._versions = dict.fromkeys(TOPICS, time.time_ns() // 1000)
        self._hearers: set[Callable[[], None]] = set()
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread: threading.Thread | None = None
        self._listening = False
        self._polled = 0.0

    @property
    def listening(self) -> bool:
        """Does the database tell us of changes right now? Else screens look every POLLING seconds."""
        return self._listening

    def versions(self) -> dict[Topic, int]:
        with self._lock:
            return dict(self._versions)

    def bump(self, topics: Collection[str]) -> None:
        """Raise the numbers of these topics; those nobody knows are passed over."""
        with self._lock:
            for topic in TOPICS:
                if topic in topics:
                    self._versions[topic] += 1
            hearers = tuple(self._hearers)
        for tell in hearers:
            tell()

    @contextmanager
    def heard_by(self, tell: Callable[[], None]) -> Iterator[None]:
        """Call `tell`, from the listening thread, after every change."""
        with self._lock:
            self._hearers.add(tell)
        try:
            yield
        finally:
            with self._lock:
                self._hearers.discard(tell)

    def start(self) -> None:
        """Begin to listen, once."""
        if self._thread is None:
            self._over.clear()
            self._thread = threading.Thread(target=self._run, name="changes", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        self._over.set()
        if self._thread is not None:
            self._thread.join(timeout=5)
        self._thread, self._listening = None, False

    def _run(self) -> None:
        while not self._over.is_set():
            try:
                self._listen()
            except SyncError as error:
                if self._listening:
                    log.warning("listening ended", type=error.type, error=str(error))
            if self._listening:
                self._set_listening(False)
            if time.monotonic() - self._polled >= self._polling:
                self._polled = time.monotonic()
                self.bump(TOPICS)
            self._over.wait(self._again)

    def _listen(self) -> None:
        """Hear notices until this ends or the connection does.

        Raises:
            DatabaseUnavailable: nobody to listen to.
        """
        if db.is_transaction_pooler(db.database_url()):
            raise DatabaseUnavailable("A transaction pooler carries no LISTEN")
        with db.connect("glsync changes", autocommit=True) as connection, connection.cursor() as cursor:
            cursor.execute(f"listen {CHANNEL}")
            self._set_listening(True)
            heard_at = time.monotonic()
            while not self._over.is_set():
                if select.select([connection], [], [], 1.0)[0]:
                    heard_at = time.monotonic()
                    connection.poll()
                elif time.monotonic() - heard_at >= ALIVE:
                    heard_at = time.monotonic()
                    cursor.execute("select 1")
                if connection.notifies:
                    topics = {notice.payload for notice in connection.notifies}
                    connection.notifies.clear()
                    self.bump(topics)

    def _set_listening(self, listening: bool) -> None:
        """What was said in between is lost, so everything may have changed."""
        self._listening = listening
        self._polled = time.monotonic()
        self.bump(TOPICS)


CHANGES = Changes()
"""Those of this process."""
