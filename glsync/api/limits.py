"""How often somebody may call: a bucket of tokens each, in the memory of this process.

Several web processes therefore allow several times as much; a limit over all of them belongs into what stands before
them.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from time import monotonic

MOST_KEPT = 10_000
"""Callers remembered at once; the one that called least recently is forgotten first."""


class Buckets:
    """`rate` calls a second on average, `burst` of them at once."""

    def __init__(self, rate: float, burst: float) -> None:
        self.rate, self.burst = rate, burst
        self._levels: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, caller: Hashable) -> float:
        """Seconds until this caller may call; 0 when it may now, and then the call is counted."""
        with self._lock:
            left = self._left(caller)
            if left < 1:
                return (1 - left) / self.rate
            self._keep(caller, left - 1)
            return 0.0

    def _left(self, caller: Hashable) -> float:
        level, at = self._levels.get(caller, (self.burst, monotonic()))
        return min(self.burst, level + (monotonic() - at) * self.rate)

    def _keep(self, caller: Hashable, level: float) -> None:
        self._levels[caller] = (level, monotonic())
        self._levels.move_to_end(caller)
        if len(self._levels) > MOST_KEPT:
            self._levels.popitem(last=False)
