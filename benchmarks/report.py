"""What was measured, as tables: ratios to the limit of the same run, and the targets met or not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.measured import Measure

FIRST, CHANGED, UNCHANGED = PHASES = ("first load", "1 % changed", "unchanged")
TARGETS = {FIRST: 0.8, CHANGED: 0.2, UNCHANGED: 0.15}
"""Wall time of ours to that of the limit, at a million rows."""
MOST_MEMORY = 300.0
"""MB."""


@dataclass(frozen=True, slots=True)
class Result:
    """One process: who did what with how many rows."""

    contestant: str
    size: int
    phase: str
    measure: Measure

    def __str__(self) -> str:
        found = self.measure
        return (
            f"{self.phase}: {self.contestant} {found.wall:.2f} s, CPU {found.cpu:.2f} s,"
            f" CPU in Postgres {found.postgres_cpu:.2f} s, {found.peak_mb:.0f} MB"
        )


Figure = Callable[[Result], float]


def table(results: Sequence[Result], size: int) -> str:
    """Medians at one size, and their ratios to the limit's: wall, and CPU of client and Postgres together."""
    lines = [
        f"\n{size:,} rows\n",
        "| phase | contestant | wall | CPU | CPU in Postgres | peak memory | wall to limit | CPU to limit |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for phase in PHASES:
        for name in dict.fromkeys(result.contestant for result in results if result.size == size):
            found = _of(results, name, size, phase)
            wall, work = _ratio(results, name, size, phase, _wall), _ratio(results, name, size, phase, _work)
            lines.append(
                f"| {phase} | {name} | {_median(found, _wall):.2f} s | {_median(found, _cpu):.2f} s"
                f" | {_median(found, _postgres):.2f} s | {max(map(_memory, found)):.0f} MB | {wall} | {work} |"
            )
    return "\n".join(lines)


def targets(results: Sequence[Result]) -> str:
    """Ours against what was promised, at the largest size."""
    largest = max((result.size for result in results), default=0)
    lines = [f"\nTargets, at {largest:,} rows\n", "| | wanted | measured | |", "|---|---|---|---|"]
    for phase, most in TARGETS.items():
        if found := _ratios(results, "ours", largest, phase, _wall):
            lines.append(_target(phase, f"<= {most}", f"{median(found):.2f}", met=median(found) <= most))
    if peaks := [_memory(result) for result in results if result.contestant == "ours"]:
        lines.append(
            _target("peak memory", f"<= {MOST_MEMORY:.0f} MB", f"{max(peaks):.0f} MB", met=max(peaks) <= MOST_MEMORY)
        )
    return "\n".join(lines)


def _target(name: str, wanted: str, measured: str, *, met: bool) -> str:
    return f"| {name} | {wanted} | {measured} | {'met' if met else 'NOT MET'} |"


def _of(results: Iterable[Result], name: str, size: int, phase: str) -> list[Result]:
    return [each for each in results if (each.contestant, each.size, each.phase) == (name, size, phase)]


def _ratio(results: Sequence[Result], name: str, size: int, phase: str, what: Figure) -> str:
    found = _ratios(results, name, size, phase, what)
    return f"{median(found):.2f}" if found else "-"


def _ratios(results: Sequence[Result], name: str, size: int, phase: str, what: Figure) -> list[float]:
    """To the limit of the same round: neighbours on a machine that others use too."""
    ours, limits = _of(results, name, size, phase), _of(results, "limit", size, phase)
    return [what(one) / what(limit) for one, limit in zip(ours, limits, strict=False)]


def _median(results: Sequence[Result], what: Figure) -> float:
    return median(map(what, results))


def _wall(result: Result) -> float:
    return result.measure.wall


def _cpu(result: Result) -> float:
    return result.measure.cpu


def _postgres(result: Result) -> float:
    return result.measure.postgres_cpu


def _work(result: Result) -> float:
    return result.measure.cpu + result.measure.postgres_cpu


def _memory(result: Result) -> float:
    return result.measure.peak_mb
