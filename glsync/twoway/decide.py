"""Deciding: every difference goes through the merge; what comes out is sorted by side and act, guarded and priced."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

from psycopg2 import extensions

from glsync.engine import guard
from glsync.engine.merge import merge
from glsync.postgres.sides import Difference
from glsync.store import links, runs
from glsync.store.links import Link, Pick
from glsync.twoway.observe import Run
from glsync.values import (
    Base,
    Cells,
    Change,
    Conflict,
    Decision,
    Operation,
    Plan,
    Price,
    Seen,
    Side,
    SideWrites,
    Waiting,
)

GUARDED: tuple[tuple[Side, Operation], ...] = tuple(
    (side, operation) for side in ("postgres", "glide") for operation in ("update", "mark", "delete")
)


@dataclass(frozen=True, slots=True)
class Item:
    """One row with what was decided about it. `link` is what identifies it from now on."""

    seen: Difference
    link: Link
    decision: Decision

    def change(self, side: Side) -> Change | None:
        return next((each for each in self.decision.changes if each.side == side), None)

    @property
    def name(self) -> str:
        return self.link.glide_row_id or f"pg:{self.link.pg_key}"


@dataclass(slots=True)
class Decided:
    """What a run is to do, sorted. `agreed` are rows whose base alone moves, `over` links that are forgotten."""

    items: list[Item] = field(default_factory=list)
    agreed: list[Link] = field(default_factory=list)
    over: list[str] = field(default_factory=list)
    named: list[Difference] = field(default_factory=list)
    conflicts: list[tuple[Link, Conflict]] = field(default_factory=list)
    picked: list[str] = field(default_factory=list)
    waiting: tuple[Waiting, ...] = ()
    base_rows: int = 0
    price: Decimal = Decimal(0)

    def of(self, side: Side, operation: Operation) -> list[Item]:
        return [item for item in self.items if (change := item.change(side)) and change.operation == operation]

    def writes(self, side: Side) -> SideWrites:
        return SideWrites(
            create=len(self.of(side, "create")),
            update=len(self.of(side, "update")),
            delete=len(self.of(side, "delete")) + len(self.of(side, "mark")),
        )


def decide(connection: extensions.connection, run: Run, busy: Iterable[str] = ()) -> Decided:
    """Decide every row that is not equal everywhere. `busy` rows have a write in doubt and are left for later."""
    mapping_id = str(run.job.mapping.id)
    with connection, connection.cursor() as cursor:
        picks = links.picks(cursor, run.job.mapping.id)
        decided = Decided(base_rows=links.count(cursor, run.job.mapping.id))
        left_alone = set(busy)
        for seen in run.sides.differences(connection, mapping_id):
            if seen.k not in left_alone:
                _sort(decided, run, seen, picks)
        _guard(cursor, run, decided)
    return decided


def plan_of(run: Run, decided: Decided) -> Plan:
    """The decided as people look at it before it runs."""
    names = [
        f"{item.name} {change.side} {change.operation}" for item in decided.items for change in item.decision.changes
    ]
    return Plan(
        glide=decided.writes("glide"),
        postgres=decided.writes("postgres"),
        conflicts=len(decided.conflicts),
        failed=run.counts.failed,
        price=Price(run.reads, decided.price),
        hash=plan_hash(run, decided),
        waiting=decided.waiting,
        samples=tuple({"row": name} for name in sorted(names)[: guard.SAMPLE]),
    )


def plan_hash(run: Run, decided: Decided) -> str:
    """The name of everything a run would write, values and all."""
    parts = [
        f"{item.name} {change.side} {change.operation} {links.as_json(change.cells)}"
        for item in decided.items
        for change in item.decision.changes
    ]
    return guard.plan_hash(run.job.mapping.id, "plan", parts)


def _sort(decided: Decided, run: Run, seen: Difference, picks: dict[tuple[str, str | None], Pick]) -> None:
    link = Link(seen.link_id or str(uuid4()), seen.glide_row_id, seen.pg_key, seen.base_glide, seen.base_postgres)
    if seen.link_id is None and seen.glide is None and seen.named is not None:
        decision = _once_named(run, seen)
    else:
        decision = _merged(decided, run, seen, picks)
    item = Item(seen, link, decision)
    decided.conflicts += [(link, conflict) for conflict in decision.conflicts]
    if decision.changes:
        decided.items.append(item)
    elif not decision.keeps_base:
        _note(decided, link, decision)
    if seen.glide is not None and seen.postgres is not None and seen.named is None and not item.change("postgres"):
        decided.named.append(seen)


def _note(decided: Decided, link: Link, decision: Decision) -> None:
    """Nothing to write on either side, but something to remember."""
    if decision.base is not None or decision.detached is not None:
        decided.agreed.append(based(link, decision.base, decision.detached))
    else:
        decided.over.append(link.id)


def _once_named(run: Run, seen: Difference) -> Decision:
    """Postgres holds a row under a name that Glide does not know, and nothing says that we ever saw it there.

    It may be a row deleted in Glide long ago: making it again would raise the dead, taking it away would be a guess.
    """
    if run.job.mapping.conflict_policy == "postgres":
        return merge(
            Seen(None, None, seen.postgres),
            run.rules,
            direction=run.job.mapping.direction,
            policy="postgres",
            deletes=run.job.mapping.deletes,
        )
    return Decision(base=None, conflicts=(Conflict(None, "first_match", None, None, seen.postgres),), keeps_base=True)


def _merged(decided: Decided, run: Run, seen: Difference, picks: dict[tuple[str, str | None], Pick]) -> Decision:
    mapping = run.job.mapping
    now = seen_by_merge(seen, run)
    rules, policy = run.rules, mapping.conflict_policy
    chosen: list[str] = []
    for rule in rules:
        pick = picks.get((seen.k, rule.column))
        if pick and _still(pick, seen, rule.column):
            rules = tuple(replace(each, policy=pick.resolution) if each is rule else each for each in rules)
            chosen.append(pick.id)
    whole = picks.get((seen.k, None))
    if whole and whole.glide == seen.glide and whole.postgres == seen.postgres:
        policy = whole.resolution
        chosen.append(whole.id)
    decision = merge(now, rules, direction=mapping.direction, policy=policy, deletes=mapping.deletes)
    if whole and whole.id in chosen and decision.conflicts and decision.conflicts[0].column is None:
        loser: Side = "postgres" if whole.resolution == "glide" else "glide"
        decision = Decision(base=None, changes=(Change(loser, "delete"),), reason="picked by a person")
    decided.picked += chosen
    return decision


def seen_by_merge(seen: Difference, run: Run | None = None) -> Seen:
    """The difference in the merge's words. Without a run its times and proofs are left out: they only decide."""
    newest = run.job.mapping.newest if run else None
    return Seen(
        base=Base(seen.base_glide or {}, seen.base_postgres or {}) if seen.base_glide is not None else None,
        glide=seen.glide,
        postgres=seen.postgres,
        glide_gone=run is not None and seen.k in run.gone,
        postgres_gone=True,
        glide_at=_moment(seen.glide, newest[0]) if newest else None,
        postgres_at=seen.postgres_at,
        detached=seen.detached,
    )


def _still(pick: Pick, seen: Difference, column: str) -> bool:
    """Do both sides still say what the person saw when picking?"""
    here = ((seen.glide or {}).get(column), (seen.postgres or {}).get(column))
    return here == (pick.glide, pick.postgres)


def _moment(cells: Cells | None, column: str) -> datetime | None:
    value: Any = (cells or {}).get(column)
    return datetime.fromisoformat(value) if isinstance(value, str) else None


def based(link: Link, base: Base | None, detached: Side | None = None) -> Link:
    """The link with another base under it."""
    halves = (base.glide, base.postgres) if base else (None, None)
    return replace(link, base_glide=halves[0], base_postgres=halves[1], detached=detached)


# --- guards ----------------------------------------------------------------------------------------------------------


def _guard(cursor: extensions.cursor, run: Run, decided: Decided) -> None:
    """Hold back what needs an approval; everything else flows."""
    mapping_id, approved = run.job.mapping.id, run.job.approved_hash
    is_whole_plan = approved is not None and approved == plan_hash(run, decided)
    left = {"postgres": run.glide_rows, "glide": run.sides.postgres_rows(cursor)}
    waiting = []
    for side, operation in GUARDED:
        ids = sorted(item.name for item in decided.of(side, operation))
        stop = guard.writes(mapping_id, side, operation, ids, base=decided.base_rows, left=left[side])
        if stop and not is_whole_plan and approved != stop.hash:
            waiting.append(stop)
            _hold(decided, side, operation)
    to_glide = [item for item in decided.items if item.change("glide")]
    decided.price = run.source.write_price * len(to_glide)
    budget = run.job.connection.settings.get("monthly_updates")
    if budget is not None:
        names = sorted(item.name for item in to_glide)
        spent = runs.spent_this_month(cursor, run.job.connection.id)
        stop = guard.spending(mapping_id, names, decided.price, spent, Decimal(str(budget)))
        if stop:
            waiting.append(stop)
            decided.items = [item for item in decided.items if not item.change("glide")]
    decided.waiting = tuple(waiting)


def _hold(decided: Decided, side: Side, operation: Operation) -> None:
    """Take these writes out of the plan; the rows keep their base, so the next run decides the same again."""
    held = {id(item) for item in decided.of(side, operation)}
    decided.items = [item for item in decided.items if id(item) not in held]
