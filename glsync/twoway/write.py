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
from glsync.twoway.decide import items_of, seen_by_merge
from glsync.twoway.decided import Decided, Item, based
from glsync.twoway.observe import Run
from glsync.values import Base, Cells, Counts, Operation

PAGE = 500
"""Rows of one transaction."""

Act = Callable[[extensions.cursor, Sequence[dict[str, Any]]], tuple[list[Written], list[tuple[int, Refusal]]]]
Refused = list[tuple[Item, Refusal]]


def write_postgres(
    connection: extensions.connection, run: Run, decided: Decided, lease: Lease, create: Act | None = None
) -> None:
    """Creates and updates first, what goes away last; then what only the base has to learn. `create` makes new rows.

    A row that was not written here is not written in Glide either: its base would claim what Postgres does not hold.
    """
    acts: dict[Operation, Act] = {
        "create": create or run.sides.insert,
        "update": run.sides.update,
        "mark": run.sides.remove,
        "delete": run.sides.remove,
    }
    planned = {operation: decided.of("postgres", operation) for operation in acts}
    refused: dict[Operation, Refused] = {
        operation: _write(connection, run, lease, planned[operation], operation, act) for operation, act in acts.items()
    }
    refused["create"] += _write_later(connection, run, decided, lease, acts["create"])
    if planned["delete"]:  # what went away may have held a key that a refused row wants
        for operation in ("create", "update"):
            again = [item for item, refusal in refused[operation] if refusal.type == "DUPLICATE_KEY"]
            kept = [(item, refusal) for item, refusal in refused[operation] if refusal.type != "DUPLICATE_KEY"]
            refused[operation] = kept + _write(connection, run, lease, again, operation, acts[operation])
    decided.items = [item for item in decided.items if item.link.id not in run.undone]
    _remember(connection, run, decided, lease, [refusal for each in refused.values() for _, refusal in each])


def _write(
    connection: extensions.connection, run: Run, lease: Lease, items: Sequence[Item], operation: Operation, act: Act
) -> Refused:
    """These rows, page by page. Those that changed meanwhile are left to the next run, refused ones are given back."""
    refused: Refused = []
    for page in _pages(items):
        lease.go_on()
        with transaction(connection) as cursor:
            lease.check(cursor)
            capture.sign(cursor, run.job.mapping.id)
            refused += _page(cursor, run, page, operation, act)
    return refused


def _write_later(connection: extensions.connection, run: Run, decided: Decided, lease: Lease, create: Act) -> Refused:
    """New rows of which only the names were kept."""
    refused: Refused = []
    for start in range(0, len(decided.later), PAGE):
        with transaction(connection) as cursor:
            items = items_of(cursor, run, decided.later[start : start + PAGE])
        refused += _write(connection, run, lease, items, "create", create)
    return refused


def _page(cursor: extensions.cursor, run: Run, items: Sequence[Item], operation: Operation, act: Act) -> Refused:
    written, refused = act(cursor, [_row(number, item) for number, item in enumerate(items)])
    kept, gone, pasts = [], [], []
    for row in written:
        item = items[row.n]
        given_back = _given_back(item, row)
        if item.change("glide"):
            run.given_back[item.link.id] = given_back
        base = _base(item, given_back)
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
    if operation == "delete" and written:
        capture.tell_children(cursor, run.job.mapping.id)
    run.undone -= {items[row.n].link.id for row in written}
    run.undone |= {item.link.id for item in items} - {items[row.n].link.id for row in written}
    name = {"create": "created", "update": "updated", "mark": "deleted", "delete": "deleted"}[operation]
    run.counts += Counts(**{name: len(written)})
    runs.progress(cursor, run.job.log_id, "write", run.counts, run.reads + run.writes, None)
    return [(items[number], refusal) for number, refusal in refused]


def _row(number: int, item: Item) -> dict[str, Any]:
    change = item.change("postgres")
    return {
        "n": number,
        "pg_key": links.key_of(item.seen.pg_key),
        "planned": item.seen.postgres,
        "cells": dict(change.cells) if change else {},
        "glide_row_id": item.seen.glide_row_id,
    }


def _given_back(item: Item, row: Written) -> Cells:
    """What Postgres made of the cells written: rounded, or changed by a trigger."""
    change = item.change("postgres")
    return {column: row.after[column] for column in change.cells if column in row.after} if change and row.after else {}


def _base(item: Item, given_back: Cells) -> Base | None:
    """The base now that Postgres is written and Glide perhaps not yet, with what Postgres gave back in its half.

    What is still to be written to Glide stays as it was: of a united set both halves move together, or neither.
    """
    base = base_so_far(seen_by_merge(item.seen), item.decision, ["postgres"])
    if base is None:
        return None
    waiting = change.cells if (change := item.change("glide")) else {}
    held = {c: value for c, value in given_back.items() if c in base.postgres and c not in waiting}
    return Base(base.glide, {**base.postgres, **held})


def _linked(item: Item, row: Written, base: Base | None) -> Link:
    link = based(item.link, base, item.decision.detached)
    return Link(
        link.id, link.glide_row_id, _key(item, row), link.base_glide, link.base_postgres, item.decision.detached
    )


def _key(item: Item, row: Written) -> str | None:
    return item.link.pg_key or row.pg_key


def _remember(
    connection: extensions.connection, run: Run, decided: Decided, lease: Lease, refused: Sequence[Refusal]
) -> None:
    """What needs no writing: the base moves, links end, names are written down, conflicts and refusals are kept."""
    mapping_id = run.job.mapping.id
    with transaction(connection) as cursor:
        lease.check(cursor)
        capture.sign(cursor, mapping_id)
        links.save(cursor, mapping_id, decided.agreed)
        links.forget(cursor, decided.over)
        run.sides.name(cursor, [_name(seen) for seen in decided.named if seen.pg_key])
        links.note_conflicts(cursor, mapping_id, run.job.log_id, decided.conflicts)
        run.recorder.note(cursor, refusals(refused))
        if decided.identity is not None:
            links.identify(cursor, mapping_id, decided.identity)
    run.counts += Counts(conflicts=len(decided.conflicts), failed=len(refused))


def _name(seen: Difference) -> dict[str, Any]:
    return {"pg_key": links.key_of(seen.pg_key), "glide_row_id": seen.k, "was": seen.named}


def _pages(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), PAGE):
        yield items[start : start + PAGE]
