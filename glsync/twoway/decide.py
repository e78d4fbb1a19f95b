"""Deciding: every difference goes through the merge; what comes out is sorted by side and act, guarded and priced."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

from psycopg2 import extensions
from xxhash import xxh3_128_hexdigest

from glsync.engine import guard
from glsync.engine.merge import NAMES, OTHER, SIDES, WRITES, merge, same
from glsync.postgres.sides import Difference
from glsync.store import links, runs
from glsync.store.links import Link, Pick
from glsync.twoway import refer
from glsync.twoway.observe import POINT_READ_PRICE, POINT_READS, Run
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
    Unlinked,
    Waiting,
)

GUARDED: tuple[tuple[Side, Operation], ...] = tuple(
    (side, operation) for side in ("postgres", "glide") for operation in ("update", "mark", "delete")
)


KEPT = 10_000
"""Rows kept in memory with their cells; of further rows that are only to be made in Postgres, the names are kept."""


@dataclass(frozen=True, slots=True)
class Later:
    """A row that is new in Glide and only to be made in Postgres. Its cells are looked up again when its turn comes."""

    k: str
    link_id: str
    exactly: str


@dataclass(frozen=True, slots=True)
class Item:
    """One row with what was decided about it. `link` is what identifies it from now on."""

    seen: Difference
    link: Link
    decision: Decision

    def change(self, side: Side) -> Change | None:
        for each in self.decision.changes:
            if each.side == side:
                return each
        return None

    @property
    def name(self) -> str:
        return self.link.glide_row_id or f"pg:{self.link.pg_key}"


@dataclass(slots=True)
class Decided:
    """What a run is to do, sorted. `agreed` are rows whose base alone moves, `over` links that are forgotten."""

    items: list[Item] = field(default_factory=list)
    later: list[Later] = field(default_factory=list)
    agreed: list[Link] = field(default_factory=list)
    over: list[str] = field(default_factory=list)
    named: list[Difference] = field(default_factory=list)
    conflicts: list[tuple[Link, Conflict]] = field(default_factory=list)
    picked: list[tuple[str, str]] = field(default_factory=list)
    """What people chose and this plan does: (conflict, link)."""
    overtaken: list[str] = field(default_factory=list)
    """Choices made before a side changed once more."""
    identity: tuple[str, int] | None = None
    """The tables this mapping is about, to be remembered; None while their change waits for an approval."""
    lacking: list[tuple[str, Unlinked]] = field(default_factory=list)
    """(link, what it refers to) of rows that Glide cannot be told of in full, because it does not know the parent."""
    waiting: tuple[Waiting, ...] = ()
    base_rows: int = 0
    price: Decimal = Decimal(0)
    hash: str = ""
    """Of the whole plan, with what waits: approving it approves all."""

    def of(self, side: Side, operation: Operation) -> list[Item]:
        return [item for item in self.items if (change := item.change(side)) and change.operation == operation]

    def writes(self, side: Side) -> SideWrites:
        return SideWrites(
            create=len(self.of(side, "create")) + (len(self.later) if side == "postgres" else 0),
            update=len(self.of(side, "update")),
            delete=len(self.of(side, "delete")) + len(self.of(side, "mark")),
        )


def decide(
    connection: extensions.connection, run: Run, busy: Iterable[str] = (), *, only: Collection[str] | None = None
) -> Decided:
    """Decide every row that is not equal everywhere. `busy` rows have a write in doubt and are left for later.

    Args:
        only: the rows to look at, by Glide's name or their link; all of them when left out.
    """
    mapping_id = str(run.job.mapping.id)
    with connection, connection.cursor() as cursor:
        picks = links.picks(cursor, run.job.mapping.id)
        decided = Decided(base_rows=links.count(cursor, run.job.mapping.id))
        left_alone = set(busy)
        run.undone = set()
        unknown = run.sides.unknown(cursor)
        for seen in run.sides.differences(connection, mapping_id):
            if seen.k not in left_alone and (only is None or seen.k in only or seen.link_id in only):
                _sort(decided, run, _known(seen, unknown.get(seen.k)), picks)
        if run.target.references:
            refer.name_parents(cursor, run, decided)
        _guard(cursor, run, decided)
    return decided


def _known(seen: Difference, unknown: Collection[str] | None) -> Difference:
    """The row without cells of Glide that say nothing yet."""
    if not unknown or seen.glide is None:
        return seen
    return replace(seen, glide={column: cell for column, cell in seen.glide.items() if column not in unknown})


def samples(decided: Decided) -> tuple[dict[str, str], ...]:
    """Some of the writes, by row: what would be done on which side."""
    writes = [(item.name, change.side, change.operation) for item in decided.items for change in item.decision.changes]
    first = sorted(writes)[: guard.SAMPLE]
    return tuple({"row": row, "side": side, "operation": operation} for row, side, operation in first)


def plan_of(run: Run, decided: Decided) -> Plan:
    """The decided as people look at it before it runs."""
    return Plan(
        glide=decided.writes("glide"),
        postgres=decided.writes("postgres"),
        conflicts=len(decided.conflicts),
        failed=run.counts.failed + len({link for link, _ in decided.lacking}),
        price=Price(run.reads + _looks(run, decided), decided.price),
        hash=decided.hash,
        waiting=decided.waiting,
        samples=samples(decided),
    )


def _looks(run: Run, decided: Decided) -> Decimal:
    """What it costs to look again at what was written to Glide, and at what is to be deleted before it is."""
    rows = decided.writes("glide")
    count = rows.create + rows.update + rows.delete
    if run.source.kind == "big":
        whole = run.glide_rows + rows.create  # and a look at each row before it is deleted
        return POINT_READ_PRICE * (count if rows.create + rows.update <= POINT_READS else whole)
    return run.reads if count else Decimal(0)


def _plan_hash(run: Run, decided: Decided) -> str:
    """The name of everything a run would write if nothing waited, values and all."""
    parts = [_exactly(item, change) for item in decided.items for change in item.decision.changes]
    return guard.plan_hash(run.job.mapping.id, "plan", [*parts, *(row.exactly for row in decided.later)])


def _exactly(item: Item, change: Change) -> str:
    """What is written where, values and all; a digest, because a first run has as many as there are rows."""
    text = f"{item.name} {change.side} {change.operation} {links.as_json(change.cells)}"
    return xxh3_128_hexdigest(text.encode())


def _sort(decided: Decided, run: Run, seen: Difference, picks: dict[tuple[str, str | None], Pick]) -> None:
    link = Link(seen.link_id or str(uuid4()), seen.glide_row_id, seen.pg_key, seen.base_glide, seen.base_postgres)
    if seen.link_id is None and seen.glide is None and seen.named is not None:
        decision = _once_named(decided, run, link, seen, picks.get((f"pg:{seen.pg_key}", None)))
    else:
        decision = _merged(decided, run, link, seen, picks)
    item = Item(seen, link, decision)
    decided.conflicts += [(link, conflict) for conflict in decision.conflicts]
    if len(decided.items) >= KEPT and _may_come_later(run, item):
        decided.later.append(Later(seen.k, link.id, _exactly(item, decision.changes[0])))
    elif decision.changes:
        decided.items.append(item)
    elif not decision.keeps_base:
        _note(decided, link, decision)
    if seen.glide is not None and seen.postgres is not None and seen.named != seen.k:
        decided.named.append(seen)


def _may_come_later(run: Run, item: Item) -> bool:
    """Is this a row that only Glide holds and nothing else is known of? Then its cells in Glide decide it once more."""
    is_new = item.seen.link_id is None and item.seen.postgres is None and not run.target.references
    return is_new and [(each.side, each.operation) for each in item.decision.changes] == [("postgres", "create")]


def items_of(cursor: extensions.cursor, run: Run, rows: Sequence[Later]) -> list[Item]:
    """These rows with their cells, decided as they were."""
    cells = run.sides.at(cursor, [row.k for row in rows])
    items = []
    for row in rows:
        seen = Difference(row.k, None, row.k, None, None, None, None, cells[row.k], None, None, None)
        link = Link(row.link_id, row.k, None, None, None)
        items.append(Item(seen, link, _merged(Decided(), run, link, seen, {})))
    return items


def _note(decided: Decided, link: Link, decision: Decision) -> None:
    """Nothing to write on either side, but something to remember."""
    if decision.base is not None or decision.detached is not None:
        decided.agreed.append(based(link, decision.base, decision.detached))
    else:
        decided.over.append(link.id)


def _once_named(decided: Decided, run: Run, link: Link, seen: Difference, pick: Pick | None) -> Decision:
    """Postgres holds a row under a name that Glide does not know, and nothing says that we ever saw it there.

    It may be a row deleted in Glide long ago: making it again would raise the dead, taking it away would be a guess.
    """
    mapping = run.job.mapping
    policy = mapping.conflict_policy
    if pick and _use(decided, link, pick, None, seen.postgres):
        policy = pick.resolution
        if policy == "glide":
            return Decision(base=None, changes=(Change("postgres", "delete"),), reason="picked by a person")
    if policy == "postgres":
        return merge(
            Seen(None, None, seen.postgres),
            run.rules,
            direction=mapping.direction,
            policy="postgres",
            deletes=mapping.deletes,
        )
    return Decision(base=None, conflicts=(Conflict(None, "first_match", None, None, seen.postgres),), keeps_base=True)


def _merged(
    decided: Decided, run: Run, link: Link, seen: Difference, picks: dict[tuple[str, str | None], Pick]
) -> Decision:
    mapping = run.job.mapping
    rules, policy = run.rules, mapping.conflict_policy
    for rule in rules:
        pick = picks.get((seen.k, rule.column))
        here = ((seen.glide or {}).get(rule.column), (seen.postgres or {}).get(rule.column))
        if pick and _use(decided, link, pick, *here):
            rules = tuple(replace(each, policy=pick.resolution) if each is rule else each for each in rules)
    whole = picks.get((seen.k, None))
    if whole and _use(decided, link, whole, seen.glide, seen.postgres):
        policy = whole.resolution
    else:
        whole = None
    decision = merge(
        seen_by_merge(seen, run), rules, direction=mapping.direction, policy=policy, deletes=mapping.deletes
    )
    loser: Side = "postgres" if policy == "glide" else "glide"
    if whole and any(conflict.column is None for conflict in decision.conflicts) and _holds(seen, loser):
        return Decision(base=None, changes=(Change(loser, "delete"),), reason="picked by a person")
    return _without_marks(decision)


def _holds(seen: Difference, side: Side) -> bool:
    return (seen.glide if side == "glide" else seen.postgres) is not None


def _without_marks(decision: Decision) -> Decision:
    """Glide has no place for a mark: what Postgres marked as deleted is deleted there, its cells kept in history."""
    if Change("glide", "mark") not in decision.changes:
        return decision
    return Decision(base=None, changes=(Change("glide", "delete"),), reason=decision.reason)


def seen_by_merge(seen: Difference, run: Run | None = None) -> Seen:
    """The difference in the merge's words. Without a run its times and proofs are left out: they only decide."""
    newest = run.job.mapping.newest if run else None
    return Seen(
        base=Base(seen.base_glide or {}, seen.base_postgres or {}) if seen.base_glide is not None else None,
        glide=seen.glide,
        postgres=seen.postgres,
        glide_gone=run is not None and (seen.k in run.gone or seen.glide_row_id is None),
        postgres_gone=True,
        glide_at=_moment(seen.glide, newest[0]) if newest else None,
        postgres_at=seen.postgres_at,
        detached=seen.detached,
    )


def _use(decided: Decided, link: Link, pick: Pick, glide: Any, postgres: Any) -> bool:
    """May what a person picked be done? Only while both sides still say what the person saw."""
    still = _as_seen(glide, pick.glide) and _as_seen(postgres, pick.postgres)
    if still:
        decided.picked.append((pick.id, link.id))
    else:
        decided.overtaken.append(pick.id)
    return still


def _as_seen(now: Any, then: Any) -> bool:
    """Of a row a person saw only the columns that are kept equal."""
    if isinstance(now, dict) and isinstance(then, dict):
        return all(column in now and same(now[column], value) for column, value in then.items())
    return same(now, then)


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
    approved = run.job.approved_hash
    decided.hash = _plan_hash(run, decided)
    if approved != decided.hash:
        _hold(run, decided, [stop for stop in _other_tables(cursor, run, decided) if stop[0].hash != approved])
        _hold(run, decided, _unapproved(list(_lost(cursor, run, decided)), approved))
        if decided.waiting:  # for all of it
            decided.later = []
        _hold(run, decided, _unapproved(list(_risky(cursor, run, decided)), approved))
    _hold(run, decided, _dear(cursor, run, decided))
    decided.price = _price(run, decided.items)


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


Stop = tuple[Waiting, list[Item]]
"""What waits, and the rows that wait with it; they keep their base, so the next run decides the same again."""


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
            exactly = [_exactly(item, change) for item in held for change in item.decision.changes]
            yield replace(stop, hash=guard.plan_hash(mapping_id, f"{side} {operation}", exactly)), held


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
    exactly = [_exactly(item, change) for item in doomed or held for change in item.decision.changes]
    count = len(names)
    if not doomed:
        count += len(decided.later)
        exactly += [row.exactly for row in decided.later]
    operations = {change.operation for item in doomed if (change := item.change(side))}
    operation = min(operations, default="identity")
    hash_ = guard.plan_hash(run.job.mapping.id, f"{side} {operation}", exactly)
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
    stop = guard.spending(run.job.mapping.id, names, _price(run, held), spent, Decimal(str(budget)))
    if stop:
        yield stop, held


def _price(run: Run, items: Iterable[Item]) -> Decimal:
    return run.source.write_price * sum(1 for item in items if item.change("glide"))


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
