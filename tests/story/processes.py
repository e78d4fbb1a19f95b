"""Runs and workers in processes of their own, so that they can be killed, frozen and told to stop."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from uuid import UUID

ROOT = Path(__file__).resolve().parents[2]

QUICK = """
from glsync.store import lease
lease.SECONDS, lease.BEAT_SECONDS = 1.5, 0.1
"""
"""Leases that run out while a test waits."""

RUN = """
from uuid import UUID
from glsync import sync
sync.run(UUID("{log_id}"))
"""

WORK = """
from glsync import jobs
jobs.HEARTBEAT_SECONDS, jobs.STALLED_SECONDS, jobs.POLL_SECONDS, jobs.GRACE_SECONDS = 0.2, 1.0, 0.1, 5.0
jobs.run_worker()
"""


def until(condition: Callable[[], object], seconds: float = 90, what: str = "") -> None:
    """Wait for it, with a look every few milliseconds."""
    end, pause = monotonic() + seconds, threading.Event()
    while not condition():
        if monotonic() > end:
            raise AssertionError(f"waited {seconds} s in vain {what}")
        pause.wait(0.01)


@contextmanager
def running(code: str) -> Iterator[subprocess.Popen[str]]:
    """A Python process with this code and our environment; dead at the end of the block."""
    process = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, env=dict(os.environ), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.send_signal(signal.SIGCONT)
        process.kill()
        process.communicate()


def run(log_id: UUID) -> str:
    return QUICK + RUN.format(log_id=log_id)
