"""The Postgres part of a plan: pages of rows, each a compare-and-set, with what they replace and the base they make."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from psycopg2 import extensions

from glsync.engine.merge import base_so_far
from glsync.postgres import capture
from glsync.postgres.sides import Difference, Written
from glsync.postgres.target import Refusal
from glsync.store import links, runs
from glsync.store.db import transaction
from glsync.store.lease import Lease
from glsync.store.links import Link, Past
from glsync.troubles import refusals
from glsync.twoway.decide import Decided, Item, based, seen_by_merge
from glsync.twoway.observe import Run
from glsync.values import Base, Counts, Operation

PAGE = 500
"""Rows of one transaction."""

Act = Callable[
    [extensions.cursor, Sequence[dict[str, Any]]], tuple[list[Written], list[tuple[int, Refusal]]]
]  # fmt: skip


def write_postgres(connection: extensions.connection, run: Run, decided: Decided, lease: Lease) -> None:
    """Creates and updates first, what goes away last; then what only the base has to learn."""
    acts: tuple[tuple[Operation, Act], ...] = (
        ("create", run.sides.insert),
        ("update", run.sides.update),
        ("mark", run.sides.remove),
        ("delete", run.sides.remove),
    )
    for operation, act in acts:
        for page in _pages(decided.of("postgres", operation)):
            lease.go_on()
            with transaction(connection) as cursor:
                lease.check(cursor)
                capture.sign(cursor, run.job.mapping.id)
                left = _page(cursor, run, page, operation, act)
            decided.items = [item for item in decided.items if id(item) not in left]
    _remember(connection, run, decided, lease)


def _page(cursor: extensions.cursor, run: Run, items: Sequence[Item], operation: Operation, act: Act) -> set[int]:
    """One page: rows that changed meanwhile are left to the next run, refused ones are told.

    Returns the items (by identity) that were not written: their part in Glide must not be done either, because its base
    would claim the Postgres part as well.
    """
    written, refused = act(cursor, [_row(number, item) for number, item in enumerate(items)])
    kept, gone, pasts = [], [], []
    for row in written:
        item = items[row.n]
        base = _base(item, row)
        if base is None and item.decision.detached is None and not item.change("glide"):
            gone.append(item.link.id)
        else:
            kept.append(_linked(item, row, base))
        pasts.append(
            Past(item.link.id, "postgres", operation, item.seen.glide_row_id, _key(item, row), row.before, row.after)
        )
    links.save(cursor, run.job.mapping.id, kept)
    links.forget(cursor, gone)
    links.remember_past(cursor, run.job.mapping.id, run.job.log_id, pasts)
    run.recorder.note(cursor, refusals(refusal for _, refusal in refused))
    name = {"create": "created", "update": "updated", "mark": "deleted", "delete": "deleted"}[operation]
    run.counts += Counts(**{name: len(written)}) + Counts(failed=len(refused))
    runs.progress(cursor, run.job.log_id, "write", run.counts, run.reads + run.writes, None)
    done = {row.n for row in written}
    return {id(item) for number, item in enumerate(items) if number not in done}


def _row(number: int, item: Item) -> dict[str, Any]:
    change = item.change("postgres")
    return {
        "n": number,
        "pg_key": links.key_of(item.seen.pg_key),
        "planned": item.seen.postgres,
        "cells": dict(change.cells) if change else {},
        "glide_row_id": item.seen.glide_row_id,
    }


def _base(item: Item, row: Written) -> Base | None:
    """The base now that Postgres is written and Glide perhaps not yet, with what Postgres gave back in its half."""
    base = base_so_far(seen_by_merge(item.seen), item.decision, ["postgres"])
    change = item.change("postgres")
    if base is None or row.after is None or change is None:
        return base
    given_back = {column: row.after[column] for column in change.cells if column in row.after}
    held = {column: value for column, value in given_back.items() if column in base.postgres}
    return Base(base.glide, {**base.postgres, **held})


def _linked(item: Item, row: Written, base: Base | None) -> Link:
    link = based(item.link, base, item.decision.detached)
    return Link(
        link.id, link.glide_row_id, _key(item, row), link.base_glide, link.base_postgres, item.decision.detached
    )


def _key(item: Item, row: Written) -> str | None:
    return item.link.pg_key or row.pg_key


def _remember(connection: extensions.connection, run: Run, decided: Decided, lease: Lease) -> None:
    """Rows that need no writing: the base moves, links end, names are written down, conflicts are kept."""
    mapping_id = run.job.mapping.id
    with transaction(connection) as cursor:
        lease.check(cursor)
        capture.sign(cursor, mapping_id)
        links.save(cursor, mapping_id, decided.agreed)
        links.forget(cursor, decided.over)
        run.sides.name(cursor, [_name(seen) for seen in decided.named if seen.pg_key])
        links.note_conflicts(cursor, mapping_id, run.job.log_id, decided.conflicts)
        links.settle_conflicts(cursor, mapping_id, run.since, decided.picked)
    run.counts += Counts(conflicts=len(decided.conflicts))


def _name(seen: Difference) -> dict[str, Any]:
    return {"pg_key": links.key_of(seen.pg_key), "glide_row_id": seen.k}


def _pages(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), PAGE):
        yield items[start : start + PAGE]
