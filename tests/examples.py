"""How many examples a property is tried with. EXAMPLES_OF_GLSYNC=50 tries fifty times as many, each time others."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

TIMES = int(os.environ.get("EXAMPLES_OF_GLSYNC", "1"))


def examples(count: int) -> settings:
    return settings(
        max_examples=count * TIMES,
        deadline=None,
        derandomize=TIMES == 1,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
