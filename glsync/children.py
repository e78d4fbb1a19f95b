"""The processes `up` starts: begun again a few times when they crash, ended in order, and never left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from glsync.errors import SyncError
from glsync.guardian import signalled

ROOT = Path(__file__).resolve().parent.parent
MOST_CRASHES = 5
"""So often a child is begun that never got as far as doing its work; one that did is begun again for ever."""
LONGEST_PAUSE = 60.0
SOUND = 300.0
"""Seconds after which a child that ran is as good as one that never crashed."""

log = structlog.get_logger("glsync.up")


class KeepsCrashing(SyncError):
    """A child ended too often to begin it again."""

    def __init__(self, name: str, code: int) -> None:
        super().__init__(
            f"The {name} does not start: it ended {MOST_CRASHES} times, the last time with code {code}",
            hint="What it said stands above; python -m glsync doctor looks for the usual reasons.",
        )


class Guardian:
    """The process that ends the children when we are killed (guardian.py)."""

    def __init__(self, home: Path) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", "glsync.guardian", str(home), str(os.getpid())],
            cwd=ROOT, stdin=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip

    def tell(self, line: str) -> None:
        if self._process.stdin is None or self._process.poll() is not None:
            return  # somebody ended it; we go on without
        try:
            self._process.stdin.write(f"{line}\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            log.warning("The guardian is gone: a kill -9 of this process would leave its children running")

    def dismiss(self) -> None:
        self.tell("bye")
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait()


@dataclass(slots=True)
class Child:
    """A process of ours.

    `patience`: seconds it gets to end by itself. `quiet`: what it writes to stdout is dropped. `is_settled`: it has
    started once, so a crash is not a wrong set-up but something that passes, such as a database that is away.
    """

    name: str
    command: Sequence[str]
    guardian: Guardian
    environment: Mapping[str, str] = field(default_factory=dict)
    patience: float = 10.0
    quiet: bool = False
    process: subprocess.Popen[bytes] | None = None
    is_settled: bool = False
    _crashes: int = 0
    _began: float = 0.0
    _again_at: float = 0.0

    def begin(self) -> None:
        self.process = subprocess.Popen(  # noqa: S603 - our own programs
            [sys.executable, *self.command],
            cwd=ROOT,
            env=os.environ | {"PYTHONUNBUFFERED": "1"} | dict(self.environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL if self.quiet else None,
            start_new_session=True,  # Ctrl-C in the terminal is for us; we pass it on in order
        )
        self._began = time.monotonic()
        self.guardian.tell(f"+{self.process.pid}")

    def look_after(self) -> None:
        """Begin it again if it ended, later each time.

        Raises:
            KeepsCrashing: it ended again and again without ever having done its work.
        """
        now = time.monotonic()
        if self.process is None:
            if now >= self._again_at:
                self.begin()
            return
        code = self.process.poll()
        if code is None:
            return
        self.kill()
        self._crashes = 1 if now - self._began > SOUND else self._crashes + 1
        if self._crashes >= MOST_CRASHES and not self.is_settled:
            raise KeepsCrashing(self.name, code)
        pause = min(2.0 ** (self._crashes - 1), LONGEST_PAUSE)
        self._again_at = now + pause
        log.warning(f"The {self.name} ended with code {code} and is begun again", seconds=pause)

    def end(self) -> None:
        """Ask it to end, with all it started, and make it if it does not."""
        if self.process is None:
            return
        signalled(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(self.patience)
        except subprocess.TimeoutExpired:
            log.warning(f"The {self.name} does not end by itself and is killed", after_seconds=self.patience)
        self.kill()

    def kill(self) -> None:
        if self.process is not None:
            signalled(self.process.pid, signal.SIGKILL)  # the whole group: a child's own children too
            self.process.wait()
            self._forget()

    def _forget(self) -> None:
        if self.process is not None:
            self.guardian.tell(f"-{self.process.pid}")
            self.process = None
