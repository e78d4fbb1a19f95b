"""The process that outlives `up`: when `up` is killed, it ends the children and the database that `up` began.

    python -m glsync.guardian HOME PID       lines on standard input: +PID a child began, -PID it ended, bye all is well

The end of standard input without a "bye" means that `up` is gone. A pipe tells it on every system.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterable
from pathlib import Path

PATIENCE = 10.0
"""Seconds a child gets to end by itself."""


def children_left(lines: Iterable[str]) -> set[int] | None:
    """The children that were running when the lines ended; None after a "bye"."""
    children: set[int] = set()
    for line in lines:
        word = line.strip()
        if word == "bye":
            return None
        if word.startswith("+"):
            children.add(int(word[1:]))
        elif word.startswith("-"):
            children.discard(int(word[1:]))
    return children


def end(children: set[int]) -> None:
    """Ask each child, with all it started, to end; make those end that do not."""
    for child in children:
        signalled(child, signal.SIGTERM)
    until = time.monotonic() + PATIENCE
    while any(signalled(child, 0) for child in children) and time.monotonic() < until:
        time.sleep(0.1)
    for child in children:
        signalled(child, signal.SIGKILL)


def signalled(child: int, number: int) -> bool:
    """Signal a child and all it started; False when there is nobody left. 0 only asks."""
    try:
        os.killpg(child, number)
    except (ProcessLookupError, PermissionError):  # gone, or on macOS a zombie
        return False
    return True


def main() -> None:
    home, pid = Path(sys.argv[1]), int(sys.argv[2])
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # they are for `up`, which then says bye
        signal.signal(number, signal.SIG_IGN)
    children = children_left(sys.stdin)
    if children is None:
        return
    end(children)
    from glsync import running  # only now: while it waits, the guardian is to be small

    running.leave(home, pid)


if __name__ == "__main__":
    main()
