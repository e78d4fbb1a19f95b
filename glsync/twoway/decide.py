"""Deciding: every difference goes through the merge; what comes out is sorted by side and act, guarded and priced."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

from psycopg2 import extensions

from glsync.engine import guard
from glsync.engine.merge import merge, same
from glsync.postgres.sides import Difference
from glsync.store import links
from glsync.store.links import Link, Pick
from glsync.twoway import refer
from glsync.twoway.decided import Decided, Item, Later, based, exactly
from glsync.twoway.observe import POINT_READ_PRICE, POINT_READS, Run
from glsync.twoway.stops import hold_back
from glsync.values import Base, Cells, Change, Conflict, Decision, Plan, Price, Seen, Side

KEPT = 10_000
"""Rows kept in memory with their cells; of further rows that are only to be made in Postgres, the names are kept."""


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
        if run.may_miss:
            _put_off(run, decided)
        if run.target.references:
            refer.name_parents(cursor, run, decided)
        hold_back(cursor, run, decided)
    return decided


def _put_off(run: Run, decided: Decided) -> None:
    """Nothing is made in Glide that may be there already."""
    put_off = {item.link.id for item in decided.of("glide", "create")}
    decided.put_off = len(put_off)
    decided.items = [item for item in decided.items if item.link.id not in put_off]
    run.undone |= put_off


def _known(seen: Difference, unknown: Collection[str] | None) -> Difference:
    """The row without cells of Glide that say nothing yet."""
    if not unknown or seen.glide is None:
        return seen
    return replace(seen, glide={column: cell for column, cell in seen.glide.items() if column not in unknown})


def samples(decided: Decided) -> tuple[dict[str, str], ...]:
    """Some of the writes, by row: what would be done on which side."""
    writes = [
        (item.name, change.side, change.operation)
        for item in decided.items
        for change in item.decision.changes
        if change.side == "postgres" or item.link.id not in decided.unreadable
    ]
    first = sorted(writes)[: guard.SAMPLE]
    return tuple({"row": row, "side": side, "operation": operation} for row, side, operation in first)


def plan_of(run: Run, decided: Decided) -> Plan:
    """The decided as people look at it before it runs."""
    return Plan(
        glide=decided.writes("glide"),
        postgres=decided.writes("postgres"),
        conflicts=len(decided.conflicts),
        failed=run.counts.failed + len(decided.unreadable.keys() | {link for link, _ in decided.lacking}),
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


def _sort(decided: Decided, run: Run, seen: Difference, picks: dict[tuple[str, str | None], Pick]) -> None:
    link = Link(seen.link_id or str(uuid4()), seen.glide_row_id, seen.pg_key, seen.base_glide, seen.base_postgres)
    if seen.link_id is None and seen.glide is None and seen.named is not None:
        decision = _once_named(decided, run, link, seen, picks.get((f"pg:{seen.pg_key}", None)))
    else:
        decision = _merged(decided, run, link, seen, picks)
    item = Item(seen, link, decision)
    decided.conflicts += [(link, conflict) for conflict in decision.conflicts]
    if len(decided.items) >= KEPT and _may_come_later(run, item):
        decided.later.append(Later(seen.k, link.id, exactly(item, decision.changes[0])))
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
