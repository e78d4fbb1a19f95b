"""A run in a process of its own that dies, or freezes, at one point: before or after a commit, or a call to Glide.

A point is named by the function that commits and how often it has, or by the kind of call; "any" counts them all.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any
from uuid import UUID

import psutil
from psycopg2 import extensions

from glsync import sync
from glsync.config import settings
from glsync.glide.client import Client
from glsync.store import db, together
from tests.story.processes import until
from tests.twoway.simulation.stage import Clock, at_once

SURVIVED, BROKE_OFF = 0, 1
_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(["tests.twoway.crash"])


@dataclass(frozen=True)
class Point:
    """The so-many-th time that `where` comes by: module.function of a commit, "call" or "write" to Glide, or "any"."""

    where: str
    number: int = 1


def crashed_at(log_id: UUID, point: Point, when: str) -> bool:
    """Run this log and crash `when` ("before" or "after") the point's effect; False: the run never came there."""
    process = _begun(log_id, point, when, signal.SIGKILL)
    process.join(60)
    assert process.exitcode in (SURVIVED, -signal.SIGKILL), f"the run ended with {process.exitcode}"
    return process.exitcode != SURVIVED


def frozen_at(log_id: UUID, point: Point, when: str, meanwhile: Callable[[], None]) -> bool:
    """The same run frozen there, woken after `meanwhile`; True: it then broke off."""
    process = _begun(log_id, point, when, signal.SIGSTOP)
    until(lambda: psutil.Process(process.pid).status() == psutil.STATUS_STOPPED, what="for the run to freeze")
    try:
        meanwhile()
    finally:
        os.kill(process.pid or 0, signal.SIGCONT)
        process.join(60)
    return process.exitcode == BROKE_OFF


def _begun(log_id: UUID, point: Point, when: str, how: signal.Signals) -> ForkServerProcess:
    environment = {name: value for name, value in os.environ.items() if name.startswith("GLSYNC_")}
    process = _processes.Process(target=_run, args=(environment, str(log_id), point, when, how), daemon=True)
    process.start()
    return process


def _run(environment: dict[str, str], log_id: str, point: Point, when: str, how: signal.Signals) -> None:
    os.environ.update(environment)
    sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115  # till the end: nobody wants a frozen run's traceback
    settings.cache_clear()
    db.forget()
    _install(_Passing(point, when, how))
    with at_once(Clock()):
        sync.run(UUID(log_id))


class _Passing:
    """Counts what comes by and gets the process its signal at the point that was asked for."""

    def __init__(self, point: Point, when: str, how: signal.Signals) -> None:
        self._point, self._when, self._how = point, when, how
        self._seen = Counter[str]()
        self._lock = threading.Lock()

    @contextmanager
    def by(self, *names: str) -> Iterator[None]:
        with self._lock:
            self._seen.update(names)
            is_here = self._point.where in names and self._seen[self._point.where] == self._point.number
        if is_here and self._when == "before":
            os.kill(os.getpid(), self._how)
        yield
        if is_here and self._when == "after":
            os.kill(os.getpid(), self._how)


def _install(passing: _Passing) -> None:
    """Around every transaction of every module, and around every call."""
    committed, once = {db.transaction: extensions.cursor, together.transaction: together.Together}, Client._once

    @contextmanager
    def transaction(connection: Any, factory: Any) -> Iterator[Any]:
        name = _caller()
        try:
            with db.wrapped(), connection.cursor(cursor_factory=factory) as cursor:
                yield cursor
                if factory is together.Together:
                    cursor.send()
                with passing.by("any", name):
                    connection.commit()
        except BaseException:
            connection.rollback()
            raise

    def call(client: Client, method: str, url: str, *more: Any) -> Any:
        is_write = url.endswith("mutateTables") or (method in ("POST", "PATCH", "DELETE") and "/tables/" in url)
        with passing.by("any", "call", *(["write"] if is_write else [])):
            return once(client, method, url, *more)

    for name, module in list(sys.modules.items()):
        if name.startswith("glsync") and (factory := committed.get(getattr(module, "transaction", None))):
            module.transaction = partial(transaction, factory=factory)  # type: ignore[attr-defined]
    Client._once = call  # type: ignore[method-assign]


def _caller() -> str:
    """module.function of ours that opens a transaction."""
    frame = sys._getframe(1)
    while frame.f_back is not None and not frame.f_globals.get("__name__", "").startswith("glsync."):
        frame = frame.f_back
    return f"{Path(frame.f_code.co_filename).stem}.{frame.f_code.co_name}"
