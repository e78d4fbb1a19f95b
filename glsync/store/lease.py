"""One run per mapping. The holder proves it lives by a session advisory lock; an epoch fences off whoever lost it.

The lock is gone the moment the holder's connection is, kill -9 included, so nobody waits for a dead process. A frozen
holder keeps its lock but not its lease: that runs out, the next one raises the epoch, and the old one's next
transaction is refused; one it was frozen in the middle of would hold the lease still for ever, so it is ended first.
A holder without the lock (its frozen predecessor still has it) says so with a key of 0; then only the lease's time and
the log's heartbeat count.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import psycopg2
import structlog
from psycopg2 import extensions

from glsync import statements
from glsync.errors import AlreadyRunning, Cancelled, DatabaseUnavailable, Interrupted, LeaseLost, SyncError
from glsync.store import db

SECONDS = 60.0
BEAT_SECONDS = 3.0

log = structlog.get_logger(__name__)


class Lease:
    """Held for a run. `check` belongs into every transaction that changes state; `stopped` is set on cancel or loss."""

    def __init__(self, connection: extensions.connection, mapping_id: UUID, log_id: UUID, epoch: int) -> None:
        self._connection, self.mapping_id, self.log_id, self.epoch = connection, mapping_id, log_id, epoch
        self.stopped = threading.Event()
        self.reason: SyncError = LeaseLost("Another run took this mapping over")
        self._over = threading.Event()
        self._message: str | None = None
        self._beat = threading.Thread(target=self._beating, name=f"lease {mapping_id}", daemon=True)
        self._beat.start()

    def check(self, cursor: extensions.cursor) -> None:
        """Refuse to go on when the mapping is somebody else's by now; holds the lease still until the commit.

        Raises:
            LeaseLost: a later epoch exists.
        """
        cursor.execute(
            "select 1 from glsync.leases where mapping_id = %s and epoch = %s for share",
            (str(self.mapping_id), self.epoch),
        )
        if cursor.fetchone() is None:
            raise LeaseLost("Another run took this mapping over")

    def go_on(self) -> None:
        """Raises Cancelled, LeaseLost or Interrupted when this run is to stop."""
        if self.stopped.is_set():
            raise self.reason

    def stop(self, reason: SyncError) -> None:
        """Let the run stop with this reason at its next chance."""
        self.reason = reason
        self.stopped.set()

    def wait(self, seconds: float, message: str) -> None:
        """Wait with the reason on the screen; ends early, by raising, when the run is to stop."""
        self._message = message
        self.stopped.wait(seconds)
        self._message = None
        self.go_on()

    def release(self) -> None:
        self._over.set()
        self._beat.join(timeout=BEAT_SECONDS * 2)
        try:
            with self._connection.cursor() as cursor:
                cursor.execute(
                    "update glsync.leases set owner = null, until = null where mapping_id = %s and epoch = %s",
                    (str(self.mapping_id), self.epoch),
                )
        except psycopg2.Error as error:  # the server went away and took lock and session with it: nothing is held
            log.warning("lease not released", mapping=str(self.mapping_id), reason=str(error).strip())
        finally:
            self._connection.close()

    def _beating(self) -> None:
        while not self._over.wait(BEAT_SECONDS):
            try:
                with self._connection.cursor() as cursor:
                    cursor.execute(
                        statements.text("lease_keep"),
                        {
                            "mapping": str(self.mapping_id),
                            "epoch": self.epoch,
                            "seconds": SECONDS,
                            "message": self._message,
                        },
                    )
                    found = cursor.fetchone()
            except psycopg2.Error as error:
                log.warning("heartbeat failed", mapping=str(self.mapping_id), reason=str(error).strip())
                if self._connection.closed:
                    self.stop(DatabaseUnavailable("The database connection that held this run's place was lost"))
                    return
                continue
            if found is None or found[0]:
                self.stop(Cancelled("Somebody cancelled this run") if found else self.reason)
                return


@contextmanager
def held(mapping_id: UUID, log_id: UUID, name: str) -> Iterator[Lease]:
    """Hold the mapping for one run.

    Raises:
        AlreadyRunning: a live process holds it.
    """
    connection = db.open_connection("glsync lease", autocommit=True)
    try:
        with db.wrapped():
            epoch = _take(connection, mapping_id, log_id, name)
    except BaseException:
        connection.close()
        raise
    lease = Lease(connection, mapping_id, log_id, epoch)
    _live.add(lease)
    try:
        yield lease
    finally:
        _live.discard(lease)
        lease.release()


_live: set[Lease] = set()


def sign(cursor: extensions.cursor, mapping_id: UUID) -> None:
    """Name the run's connection after its mapping, so that whoever takes over knows which one may hold it still."""
    cursor.execute("select set_config('application_name', %s, false)", (_signature(mapping_id),))


def _signature(mapping_id: UUID) -> str:
    return f"glsync run {mapping_id}"


def interrupt_all() -> None:
    """Ask every run of this process to stop at its next chance, because the process is stopping."""
    for lease in tuple(_live):
        lease.stop(Interrupted("The worker is stopping"))


def _take(connection: extensions.connection, mapping_id: UUID, log_id: UUID, name: str) -> int:
    key = int.from_bytes(mapping_id.bytes[:8], signed=True)
    with connection.cursor() as cursor:
        cursor.execute("select pg_try_advisory_lock(%s)", (key,))
        is_gone = bool((cursor.fetchone() or (False,))[0])
        if not is_gone and _is_alive(cursor, mapping_id):
            raise AlreadyRunning(name, _holder(connection, mapping_id))
        _end_frozen(cursor, mapping_id)
        cursor.execute(
            statements.text("lease_take"),
            {
                "mapping": str(mapping_id),
                "log": str(log_id),
                "owner": f"{socket.gethostname()}:{os.getpid()}",
                "seconds": SECONDS,
                "key": key,
                "is_gone": is_gone,
            },
        )
        found = cursor.fetchone()
    if found is None:
        raise AlreadyRunning(name, _holder(connection, mapping_id))
    return int(found[0])


def _is_alive(cursor: extensions.cursor, mapping_id: UUID) -> bool:
    """A look that waits for nobody: taking the lease waits while its holder stores a page."""
    cursor.execute(statements.text("lease_alive"), {"mapping": str(mapping_id), "seconds": SECONDS})
    return cursor.fetchone() is not None


def _end_frozen(cursor: extensions.cursor, mapping_id: UUID) -> None:
    """Roll back what a process that gives no sign of life has begun; its rows are as before, and free.

    Half a lease old at least: what another process, quicker than we to take over, has begun since is spared.
    """
    cursor.execute(statements.text("lease_end_frozen"), {"name": _signature(mapping_id), "seconds": SECONDS / 2})
    if ended := cursor.fetchall():
        log.warning("frozen run's transaction ended", mapping=str(mapping_id), backends=[found[0] for found in ended])


def _holder(connection: extensions.connection, mapping_id: UUID) -> UUID:
    with connection.cursor() as cursor:
        cursor.execute("select log_id from glsync.leases where mapping_id = %s", (str(mapping_id),))
        found = cursor.fetchone()
    return UUID(str(found[0])) if found and found[0] else mapping_id
