"""A whole process, measured: wall time, CPU of its tree, CPU Postgres spent on it, peak memory of its tree."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

LOOK_SECONDS = 0.05
"""Between two looks at the memory of a process tree."""


@dataclass(frozen=True, slots=True)
class Measure:
    wall: float
    cpu: float
    postgres_cpu: float
    peak_mb: float
    said: str


class Failed(RuntimeError):
    """A contestant did not do its work."""


def measured(command: Sequence[str], environment: Mapping[str, str], postmaster: int) -> Measure:
    """Run a command to its end.

    Raises:
        Failed: it ended with another code than 0.
    """
    before, started = _cpu_with_children(postmaster), time.perf_counter()
    with subprocess.Popen(
        command, env=dict(environment), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        peak = _Peak(process.pid)
        said = process.stdout.read() if process.stdout else ""
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
    peak_mb = max(peak.stop(), usage.ru_maxrss / 1024)
    if process.returncode:
        raise Failed(f"{' '.join(command)} ended with {process.returncode}:\n{said[-3000:]}")
    spent = _cpu_with_children(postmaster) - before
    return Measure(wall, usage.ru_utime + usage.ru_stime, spent, peak_mb, said)


class _Peak:
    """The largest sum of resident memory of a process and its descendants, looked at now and then."""

    def __init__(self, pid: int) -> None:
        self._pid, self._peak, self._over = pid, 0.0, threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> float:
        self._over.set()
        self._thread.join()
        return self._peak

    def _watch(self) -> None:
        with suppress(psutil.Error):
            process = psutil.Process(self._pid)
            while not self._over.wait(LOOK_SECONDS):
                self._peak = max(self._peak, sum(map(_resident, [process, *process.children(recursive=True)])))


def _resident(process: psutil.Process) -> float:
    """MB; nothing for a process that has just ended."""
    with suppress(psutil.Error):
        return float(process.memory_info().rss) / 2**20
    return 0.0


def _cpu_with_children(pid: int) -> float:
    """CPU seconds of a process, of its children that ended, and of those that live."""
    own = _times(pid, slice(13, 17))
    return own + sum(_times(child.pid, slice(13, 15)) for child in psutil.Process(pid).children())


def _times(pid: int, fields: slice) -> float:
    """Fields of /proc/PID/stat in seconds; the command's name before them may hold spaces."""
    with suppress(OSError):
        words = ["", *Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()]
        ticks = words[fields.start - 1 : fields.stop - 1]
        return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")
    return 0.0
