"""Guards over a decided plan: what is risky, strange or too dear waits for a person, everything else flows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from psycopg2 import extensions

from glsync.engine import guard
from glsync.engine.merge import NAMES, OTHER, SIDES, WRITES
from glsync.store import links, runs
from glsync.twoway import refer
from glsync.twoway.decided import Decided, Item, exactly
from glsync.twoway.observe import Run
from glsync.twoway.unreadable import unreadable
from glsync.values import Operation, Side, Waiting

GUARDED: tuple[tuple[Side, Operation], ...] = tuple(
    (side, operation) for side in ("postgres", "glide") for operation in ("update", "mark", "delete")
)

Stop = tuple[Waiting, list[Item]]
"""What waits, and the rows that wait with it; they keep their base, so the next run decides the same again."""


def hold_back(cursor: extensions.cursor, run: Run, decided: Decided) -> None:
    """Hold back what needs an approval; everything else flows."""
    approved = run.job.approved_hash
    decided.hash = _plan_hash(run, decided)
    decided.unreadable = unreadable(run, decided.items)
    if approved != decided.hash:
        _hold(run, decided, [stop for stop in _other_tables(cursor, run, decided) if stop[0].hash != approved])
        _hold(run, decided, _unapproved(list(_lost(cursor, run, decided)), approved))
        if decided.waiting:  # for all of it
            decided.later = []
        _hold(run, decided, _unapproved(list(_risky(cursor, run, decided)), approved))
    _hold(run, decided, _dear(cursor, run, decided))
    left = {item.link.id for item in decided.items}
    decided.unreadable = {link: why for link, why in decided.unreadable.items() if link in left}
    decided.price = _price(run, decided)


def _plan_hash(run: Run, decided: Decided) -> str:
    """The name of everything a run would write if nothing waited, values and all."""
    parts = [exactly(item, change) for item in decided.items for change in item.decision.changes]
    return guard.plan_hash(run.job.mapping.id, "plan", [*parts, *(row.exactly for row in decided.later)])


def _unapproved(stops: Sequence[Stop], approved: str | None) -> Iterator[Stop]:
    """What still waits. Rows of an approved part are approved on both sides: one row is never done by half."""
    free = {item.link.id for stop, held in stops if stop.hash == approved for item in held}
    for stop, held in stops:
        if left := [item for item in held if item.link.id not in free]:
            yield stop, left


def _hold(run: Run, decided: Decided, stops: Iterable[Stop]) -> None:
    for stop, held in stops:
        decided.waiting += (stop,)
        run.undone |= {item.link.id for item in held}
    decided.items = [item for item in decided.items if item.link.id not in run.undone]


def _risky(cursor: extensions.cursor, run: Run, decided: Decided) -> Iterator[Stop]:
    """Deletes and updates beyond the limits of the rows that are kept equal, a side that became empty.

    On a first match nothing was agreed yet: updates then count against the rows that both sides may share, so that a
    mapping turned round by mistake does not overwrite a table.
    """
    mapping_id = run.job.mapping.id
    if not decided.items:
        return
    left = {"postgres": run.glide_rows, "glide": run.sides.postgres_rows(cursor)}
    in_step = links.in_step(cursor, mapping_id)
    for side, operation in GUARDED:
        counted = (item for item in decided.of(side, operation) if not refer.only_links(run, item, side))
        held = sorted(counted, key=lambda item: item.name)
        names = [item.name for item in held]
        agreed = in_step or (min(left.values()) if operation == "update" else 0)
        stop = guard.writes(mapping_id, side, operation, names, base=agreed, left=left[side])
        if stop:
            parts = [exactly(item, change) for item in held for change in item.decision.changes]
            yield replace(stop, hash=guard.plan_hash(mapping_id, f"{side} {operation}", parts)), held


def _lost(cursor: extensions.cursor, run: Run, decided: Decided) -> Iterator[Stop]:
    """A side holds none of the rows that were kept equal, and following it would take them all from the other.

    Then nothing is written, even before that is proven: once new rows were in step, the others would be some of many
    and no longer all. Where absences delete nothing, this is nobody's loss.
    """
    mapping = run.job.mapping
    if not decided.items or mapping.deletes == "keep" or links.shares_rows(cursor, mapping.id):
        return
    alone = links.alone(cursor, mapping.id, run.gone)
    left = {"postgres": run.sides.postgres_rows(cursor), "glide": run.glide_rows}
    held = sorted(decided.items, key=lambda item: item.name)
    for side in SIDES:
        other, missing = OTHER[side], alone.on(OTHER[side])
        what = guard.lost(side, missing=missing, left=left[side])
        doomed = [item for item in held if (change := item.change(other)) and change.operation in guard.TAKES_AWAY]
        may_follow = doomed or (side == "glide" and alone.unproven)
        if what and may_follow and other in WRITES[mapping.direction]:
            yield _all_of_it(run, decided, held, doomed, other, f"{what}: none of {missing:,} rows is left"), held


def _all_of_it(
    run: Run, decided: Decided, held: Sequence[Item], doomed: Sequence[Item], side: Side, what: str
) -> Waiting:
    """Everything waits. It goes by what would be deleted on `side`, so that a row born meanwhile is no other plan."""
    names = tuple(item.name for item in doomed or held)
    parts = [exactly(item, change) for item in doomed or held for change in item.decision.changes]
    count = len(names)
    if not doomed:
        count += len(decided.later)
        parts += [row.exactly for row in decided.later]
    operations = {change.operation for item in doomed if (change := item.change(side))}
    operation = min(operations, default="identity")
    hash_ = guard.plan_hash(run.job.mapping.id, f"{side} {operation}", parts)
    if doomed:
        reason = f"{what}, all {len(doomed):,} rows would be deleted in {NAMES[side]}"
    else:
        reason = f"{what}, nothing is written until this is approved"
    return Waiting(reason, side, operation, count, hash_, names[: guard.SAMPLE])


def _dear(cursor: extensions.cursor, run: Run, decided: Decided) -> Iterator[Stop]:
    """What costs more than may be spent. A budget is raised, not approved away."""
    budget = run.job.connection.settings.get("monthly_updates")
    held = [item for item in decided.items if item.change("glide")]
    if budget is None:
        return
    names = sorted(item.name for item in held)
    spent = runs.spent_this_month(cursor, run.job.connection.id) + run.reads + run.writes
    stop = guard.spending(run.job.mapping.id, names, _price(run, decided), spent, Decimal(str(budget)))
    if stop:
        yield stop, held


def _price(run: Run, decided: Decided) -> Decimal:
    return run.source.write_price * sum(len(decided.of("glide", each)) for each in ("create", "update", "delete"))


def _other_tables(cursor: extensions.cursor, run: Run, decided: Decided) -> Iterator[Stop]:
    """Rows are linked, and one of the tables is not the one they were linked in: nothing at all is written unasked."""
    mapping = run.job.mapping
    now = (mapping.glide_table, run.target.oid)
    was = links.identity(cursor, mapping.id)
    decided.identity = now
    if was is None or was == now or not decided.base_rows:
        return
    which = f"Glide's table is {now[0]!r} and was {was[0]!r}" if was[0] != now[0] else f"{mapping.target} was made anew"
    hash_ = guard.plan_hash(mapping.id, "identity", [str(part) for part in now])
    if run.job.approved_hash not in (hash_, decided.hash):
        decided.identity, decided.agreed, decided.over, decided.named, decided.conflicts = None, [], [], [], []
    names = tuple(sorted(item.name for item in decided.items)[: guard.SAMPLE])
    reason = f"{which}: {decided.base_rows:,} rows were linked before, so nothing is written until this is approved"
    side: Side = "glide" if was[0] != now[0] else "postgres"
    count = len(decided.items) + len(decided.later)
    yield Waiting(reason, side, "identity", count, hash_, names), list(decided.items)
