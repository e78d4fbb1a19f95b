"""A run in a process of its own that kills itself at one point: before or after a commit, or a call to Glide.

Points are counted, not named: each transaction of the run and each of its calls is one, so that none is forgotten.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from glsync import sync
from glsync.config import settings
from glsync.glide.client import Client
from glsync.store import db
from tests.twoway.simulation.stage import Clock, at_once

SURVIVED = 0
_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(["tests.twoway.crash"])


def crashed_at(log_id: UUID, point: int, when: str) -> bool:
    """Run this log and crash `when` ("before" or "after") the point's effect; False: it had fewer points and ended."""
    environment = {name: value for name, value in os.environ.items() if name.startswith("GLSYNC_")}
    process = _processes.Process(target=_run, args=(environment, str(log_id), point, when), daemon=True)
    process.start()
    process.join(60)
    assert process.exitcode in (SURVIVED, -signal.SIGKILL), f"the run ended with {process.exitcode}"
    return process.exitcode != SURVIVED


def _run(environment: dict[str, str], log_id: str, point: int, when: str) -> None:
    os.environ.update(environment)
    settings.cache_clear()
    db.forget()
    _install(_Points(point, when))
    with at_once(Clock()):
        sync.run(UUID(log_id))


class _Points:
    """Counts the points and dies at the one that was asked for."""

    def __init__(self, point: int, when: str) -> None:
        self._left, self._when = point, when

    @contextmanager
    def passing(self) -> Iterator[None]:
        self._left -= 1
        if self._left == 0 and self._when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        yield
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def _install(points: _Points) -> None:
    """Around every transaction of every module, and around every call."""
    committed, once = db.transaction, Client._once

    @contextmanager
    def transaction(connection: Any) -> Iterator[Any]:
        with db.wrapped(), connection.cursor() as cursor:
            yield cursor
            with points.passing():
                connection.commit()

    @contextmanager
    def guarded(connection: Any) -> Iterator[Any]:
        try:
            with transaction(connection) as cursor:
                yield cursor
        except BaseException:
            connection.rollback()
            raise

    def call(client: Client, *given: Any) -> Any:
        with points.passing():
            return once(client, *given)

    for name, module in list(sys.modules.items()):
        if name.startswith("glsync") and getattr(module, "transaction", None) is committed:
            module.transaction = guarded  # type: ignore[attr-defined]
    Client._once = call  # type: ignore[method-assign]
