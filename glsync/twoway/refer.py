"""References of a two-way mapping: compared as Postgres holds them, sent to Glide as the parents' row ids.

A row that is to be written to Glide and whose parent has no name there waits as a whole. In a circle of mappings it
goes ahead without, and gets its parent in a second half of the run, or in the first run that finds the parent named.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from psycopg2 import extensions

from glsync.postgres import capture
from glsync.store.db import transaction
from glsync.store.lease import Lease
from glsync.troubles import orphans
from glsync.twoway.decided import Decided, Item
from glsync.twoway.observe import Run
from glsync.values import Base, Cells, Change, Counts, Reference, Side, Unlinked


def name_parents(cursor: extensions.cursor, run: Run, decided: Decided) -> None:
    """Take out of the plan what Glide could not be told, because it does not know the parent."""
    learn_names(cursor, run, decided.items)
    kept = []
    for item in decided.items:
        lacking = list(_lacking(run, item))
        decided.lacking += [(item.link.id, each) for each in lacking]
        if any(each.is_held for each in lacking):
            run.undone.add(item.link.id)
        elif (left := _without(item, {each.reference.column for each in lacking})) is not None:
            kept.append(left)
    decided.items = kept


def learn_names(cursor: extensions.cursor, run: Run, items: Sequence[Item]) -> None:
    """What Glide calls the parents that these items are about to name."""
    for reference in run.target.references:
        keys = list({key for item in items if (key := _sent(item, reference)) is not None})
        if keys:
            known = run.row_ids.setdefault(reference.column, {})
            known |= run.sides.names_of_parents(cursor, reference, keys)


def row_id(run: Run, column: str, key: Any) -> str | None:
    """What Glide's cell says for this key of a parent; None for a parent that Glide does not know."""
    return None if key is None else run.row_ids.get(column, {}).get(key)


def only_links(run: Run, item: Item, side: Side) -> bool:
    """Does the change fill empty references and nothing else? It takes nothing away that a guard would have to keep."""
    change, now = item.change(side), (item.seen.glide if side == "glide" else item.seen.postgres) or {}
    columns = {each.column for each in run.target.references}
    return bool(change and change.cells and all(c in columns and now.get(c) is None for c in change.cells))


def came(connection: extensions.connection, run: Run, lease: Lease, decided: Decided) -> frozenset[str]:
    """The rows (by Glide's name or their link) whose parents came into being in this very run."""
    if not run.target.references:
        return frozenset()
    with transaction(connection) as cursor:
        lease.check(cursor)
        capture.sign(cursor, run.job.mapping.id)
        linked = run.sides.link(cursor)
        named: set[str] = set()
        for reference in run.target.references:
            waiting = [(id_, each) for id_, each in decided.lacking if each.reference == reference and not each.is_held]
            known = run.sides.names_of_parents(cursor, reference, list({each.parent for _, each in waiting}))
            named |= {id_ for id_, each in waiting if each.parent in known}
    return linked | named


def tell(cursor: extensions.cursor, run: Run, lacking: Sequence[Unlinked]) -> None:
    """What is still without its parent at the end of the run."""
    told = {each.column for each in run.references_in}
    left = [*lacking, *(each for each in run.sides.orphans(cursor) if each.reference.column in told)]
    run.recorder.note(cursor, orphans(cursor, left))
    run.counts += Counts(failed=len({each.row_id for each in left}))


def _sent(item: Item, reference: Reference) -> Any:
    """The key this item would have Glide told as a row id; None when it is not about this reference."""
    change = item.change("glide")
    return change.cells.get(reference.column) if change else None


def _lacking(run: Run, item: Item) -> Iterator[Unlinked]:
    for reference in run.target.references:
        key = _sent(item, reference)
        if key is not None and key not in run.row_ids.get(reference.column, {}):
            yield Unlinked(item.name, reference, key, is_held=not reference.is_soft, side="postgres")


def _without(item: Item, columns: set[str]) -> Item | None:
    """The item without these cells in Glide, for now; None when nothing is left of it."""
    if not columns:
        return item
    changes = tuple(_left(change, columns) for change in item.decision.changes)
    if not all(change.cells or change.operation == "delete" for change in changes if change.side == "glide"):
        changes = tuple(change for change in changes if change.side != "glide")
    if not changes:
        return None
    return replace(item, decision=replace(item.decision, changes=changes, base=_base(item, columns)))


def _left(change: Change, columns: set[str]) -> Change:
    if change.side == "postgres":
        return change
    return replace(change, cells={column: cell for column, cell in change.cells.items() if column not in columns})


def _base(item: Item, columns: set[str]) -> Base | None:
    """What both sides agree on when Glide did not get these cells: as before, or that there is none."""
    base, seen = item.decision.base, item.seen
    if base is None:
        return None
    return Base(_before(base.glide, seen.base_glide, columns), _before(base.postgres, seen.base_postgres, columns))


def _before(now: Cells, before: Cells | None, columns: set[str]) -> Cells:
    return {**now, **{column: (before or {}).get(column) for column in columns}}
