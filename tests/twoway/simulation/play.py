"""One seed: edits and runs in bad weather, then quiet; what was wrong at its end, and the trace of everything."""

from __future__ import annotations

import traceback
from dataclasses import dataclass, field, replace
from decimal import Decimal
from hashlib import sha256
from random import Random
from typing import Any
from uuid import UUID

from glsync import sync
from glsync.errors import SyncError
from glsync.values import RunReport
from tests.twoway.simulation.oracle import Oracle, Run, Sides
from tests.twoway.simulation.people import People
from tests.twoway.simulation.stage import APP, TABLE, Setting, Stage, Wide
from tests.twoway.simulation.weather import SHARE, Weather
from tests.twoway.simulation.wide import WideOracle

QUIET_RUNS = 8
"""More than that, and a seed counts as one that never comes to rest."""
WRITES = ("mutate", "add", "patch", "delete")


@dataclass
class Played:
    """What came of a seed."""

    seed: int
    setting: Setting
    wrong: list[str] = field(default_factory=list)
    trace: list[str] = field(default_factory=list)
    edits: int = 0
    runs: int = 0
    calls: int = 0
    faults: int = 0
    conflicts: int = 0
    quiet: int = 0
    """Runs until nothing was left to do."""

    @property
    def hash(self) -> str:
        return sha256("\n".join(self.trace).encode()).hexdigest()[:16]


class Play:
    """The course of one seed on a stage. `wide`: with filters, directions, sets and references by dice of their own."""

    def __init__(self, stage: Stage, seed: int, *, wide: Wide | bool = False, **fixed: Any) -> None:
        self.dice = Random(seed)
        self.stage, self.setting = stage, Setting.of(self.dice, **fixed)
        if wide:
            chosen = wide if isinstance(wide, Wide) else Wide.of(Random(f"wide {seed}"))
            self.setting = replace(self.setting, wide=chosen)
        self.played = Played(seed, self.setting)
        self.runs: list[Run] = []
        self.waiting: str | None = None
        self.teams_wait: str | None = None
        self.price = Decimal(0)

    def play(self) -> Played:
        self.stage.begin(self.setting)
        trace, state = self.played.trace, self.stage.glide.state
        self.weather = Weather(state, Random(self.dice.random()), self.stage.clock, trace)
        state.faults = self.weather
        self.is_calm = self.dice.random() < 0.1
        edits = 12 + int(90 * self.dice.random() ** 3)
        self.people = People(self.stage, self.setting, Random(self.dice.random()), self.weather, trace, edits)
        try:
            self._storm()
            self._quiet()
            judge = Oracle if self.setting.wide == Wide() else WideOracle
            self.played.wrong += judge(self.stage, self.setting, self.people, self.runs).verdicts()
        except Exception:  # a seed that breaks is a finding like any other
            self.played.wrong.append(traceback.format_exc())
        self.played.edits, self.played.runs = len(self.people.edits), len(self.runs)
        self.played.calls, self.played.faults = len(self.stage.glide.calls()), self.weather.struck
        self.played.conflicts = self.stage.sql("select count(*) as n from gl_conflicts")[0]["n"]
        return self.played

    def _storm(self) -> None:
        while self.people.left:
            for _ in range(self.dice.randint(1, 14)):
                self.people.act()
            if self.dice.random() < 0.25:
                self._hours_pass()
            if self.dice.random() < 0.4:
                self._pick()
            self.weather.share = 0.0 if self.is_calm or self.dice.random() < 0.3 else SHARE
            meanwhile = 0.0 if self.dice.random() < 0.4 else 0.15
            self.weather.between = lambda: self._meanwhile(meanwhile)  # noqa: B023  # of this round
            if self.setting.wide.team and self.dice.random() < 0.5:
                self._run_teams()
            self._run(self.waiting if self.dice.random() < 0.5 else None)
            self.weather.between = None

    def _quiet(self) -> None:
        """Nobody edits and nothing fails any more: everything must come to rest."""
        self.weather.share = 0.0
        self.people.mend()
        for _ in range(QUIET_RUNS):
            self._hours_pass()
            is_settled = self._run_teams()
            report = self._run(self.waiting)
            self.played.quiet += 1
            if (
                is_settled
                and report
                and not report.counts.stored
                and not report.waiting
                and not self.stage.is_waiting()
            ):
                break
        else:
            self.played.wrong.append(f"not at rest after {QUIET_RUNS} quiet runs")
        writes, history = self._writes(), self.stage.sql("select count(*) as n from glsync.history")
        last = self._run(None)
        if (
            last is None
            or last.counts.stored
            or (self._writes(), self.stage.sql("select count(*) as n from glsync.history")) != (writes, history)
        ):
            self.played.wrong.append(f"a further run wrote: {last}")
        elif not (last.message.endswith("both sides are equal") or self._may_differ(last)):
            self.played.wrong.append(f"no certificate: {last.message}")
        charged = Decimal(self.stage.glide.usage(APP)["updates"])
        if not self.weather.struck and not 0 <= self.price - charged <= self._spared():
            self.played.wrong.append(f"runs say they cost {self.price}, Glide charged {charged}")
        self.played.trace += [f"{tag} {row}" for tag, row in sorted(Sides.of(self.stage).picture().items())]

    def _spared(self) -> int:
        """Writes that a classic table took and never did, because somebody deleted the row before their turn."""
        deletes = [edit for edit in self.people.edits if edit.act == "delete" and edit.exposed]
        return len(deletes) if self.setting.kind == "glide" else 0

    def _may_differ(self, last: RunReport) -> bool:
        is_one_way = self.setting.wide.direction != "both"  # then Glide may have rows of its own
        return bool(last.counts.conflicts or last.counts.failed or self.setting.deletes == "keep" or is_one_way)

    def _run(self, approve: str | None) -> RunReport | None:
        people, struck = self.people, self.weather.struck
        begun, outside = people.tick, Sides.of(self.stage).outside()
        report = self._told(self.stage.new_log(approve))
        clean = (
            report is not None and not report.waiting and struck == self.weather.struck and not self.stage.in_doubt()
        )
        clean = clean and not self.weather.is_late
        sides = Sides.of(self.stage)
        self.runs.append(Run(begun, people.tick, clean, sides.picture(), outside & sides.outside()))
        self.waiting = report.waiting[0].hash if report and report.waiting else None
        return report

    def _run_teams(self) -> bool:
        """The mapping of the teams, where there is one. Is nothing left to do for it?"""
        if self.stage.teams_id is None:
            return True
        report = self._told(self.stage.new_log(self.teams_wait, self.stage.teams_id))
        self.teams_wait = report.waiting[0].hash if report and report.waiting else None
        return report is not None and not report.counts.stored and not report.waiting

    def _told(self, log_id: UUID) -> RunReport | None:
        """A run, while people go on; None when it failed."""
        self.people.running = True
        try:
            report = sync.run(log_id)
        except SyncError as error:
            self.played.trace.append(f"run failed: {error.type}")
            if error.type == "INTERNAL_ERROR":
                raise
            return None
        finally:
            self.people.running = False
        self.price += report.price.updates
        self.played.trace.append(f"run: {report.status} {report.counts}")
        return report

    def _meanwhile(self, share: float) -> None:
        if self.dice.random() < share:
            self.people.act()

    def _hours_pass(self) -> None:
        self.weather.land()
        self.stage.hours_pass()
        self.stage.glide.settle()

    def _pick(self) -> None:
        """Somebody looks at the oldest conflict."""
        self.stage.sql(
            """update gl_conflicts set state = 'resolved', resolution = %s, resolved_at = now() where id = (
                   select id from gl_conflicts where state = 'open' order by glide_row_id, column_name limit 1)""",
            self.dice.choice(["glide", "postgres"]),
        )

    def _writes(self) -> int:
        return sum(len(self.stage.glide.calls(site)) for site in WRITES)


def rows_of(stage: Stage) -> int:
    return len(stage.glide.rows(TABLE))
