"""Looking: Glide page by page into one session's tables, Postgres in one snapshot, and which absences are proven."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any

import msgspec
from msgspec import Raw
from psycopg2 import extensions, extras

from glsync.ahead import ahead
from glsync.engine.prepare import row_ids
from glsync.engine.transform import Batch, Layout, transform
from glsync.glide import Page, Source
from glsync.layouts import layout_of
from glsync.postgres import capture
from glsync.postgres.sides import Sides
from glsync.postgres.target import Refusal, Target, open_target
from glsync.store import base, links, problems, runs
from glsync.store.db import transaction
from glsync.store.lease import Lease
from glsync.troubles import bad_cells, refusals
from glsync.values import ROW_ID, Counts, FieldRule

POINT_READS = 200
"""Rows of a Big Table looked up one by one; beyond, reading it again is quicker."""
POINT_READ_PRICE = Decimal("0.001")
POINT_READS_AT_ONCE = 4


@dataclass(slots=True)
class Run:
    """A two-way run under way."""

    job: runs.Job
    source: Source
    target: Target
    sides: Sides
    layout: Layout
    rules: tuple[FieldRule, ...]
    since: datetime
    version: str | None
    counts: Counts = field(default_factory=Counts)
    reads: Decimal = Decimal(0)
    writes: Decimal = Decimal(0)
    moved: bool = False
    gone: frozenset[str] = frozenset()
    """Linked rows whose absence from Glide is proven."""
    glide_rows: int = 0
    is_first: bool = False
    recorder: problems.Recorder = field(init=False)

    def __post_init__(self) -> None:
        self.recorder = problems.Recorder(self.job.mapping.id, self.job.log_id)


def open_run(connection: extensions.connection, job: runs.Job, source: Source, *, dry: bool = False) -> Run:
    """Everything a comparison needs, before anything is read."""
    exact = partial(json.loads, parse_float=Decimal)
    extras.register_default_jsonb(connection, loads=exact)
    mapping = job.mapping
    with transaction(connection) as cursor:
        target = open_target(cursor, mapping)
        rules = tuple(
            FieldRule(
                pair.column, pair.direction or mapping.direction, pair.policy or mapping.conflict_policy, pair.is_set
            )
            for pair in target.pairs
        )
        sides = Sides(target, changed_at=mapping.newest[1] if mapping.newest else None)
        sides.open(cursor)
        if not dry:
            capture.watch(cursor, target)
        return Run(
            job=job,
            source=source,
            target=target,
            sides=sides,
            layout=layout_of(job, target),
            rules=rules,
            since=runs.moment(cursor),
            version=source.version(),
        )


def observe(connection: extensions.connection, run: Run, lease: Lease | None) -> None:
    """Read both sides. `lease` is None for a plan, which remembers nothing."""
    read_glide(connection, run, lease)
    if lease is not None:
        run.gone = _proven(connection, run, lease)
    with transaction(connection) as cursor:
        cursor.execute("set transaction isolation level repeatable read")
        capture.sign(cursor, run.job.mapping.id)
        run.sides.read_postgres(cursor, str(run.job.mapping.id))
        run.sides.match(cursor, run.job.mapping.match_key)


def read_glide(connection: extensions.connection, run: Run, lease: Lease | None, *, again: bool = False) -> None:
    """Every row of Glide into this session's table; read again, rows take what they say now and lost ones go."""
    if again:
        with transaction(connection) as cursor:
            run.sides.open_glide(cursor)
    run.glide_rows = 0
    with ahead(run.source.pages()) as pages, ahead(_transformed(run, page) for page in pages) as ready:
        for batch, markers in ready:
            if lease is not None:
                lease.go_on()
            with transaction(connection) as cursor:
                capture.sign(cursor, run.job.mapping.id)
                refused = run.sides.add_page(cursor, batch, run.layout)
                run.sides.add_markers(cursor, markers)
                if lease is not None and not again:
                    _tell(cursor, run, batch, refused)
    after = run.source.version()
    run.moved, run.version = after != run.version and not again, after


def reread_rows(connection: extensions.connection, run: Run, ids: Sequence[str]) -> None:
    """These rows of a Big Table as they are now; those that are gone leave this session's table."""
    with ThreadPoolExecutor(POINT_READS_AT_ONCE) as pool:
        rows = list(pool.map(run.source.row, ids))
    run.reads += POINT_READ_PRICE * len(ids)
    found = [row for row in rows if row is not None]
    batch = transform(found, run.layout)
    with transaction(connection) as cursor:
        capture.sign(cursor, run.job.mapping.id)
        run.sides.drop_rows(cursor, [row_id for row_id, row in zip(ids, rows, strict=True) if row is None])
        run.sides.add_page(cursor, batch, run.layout)


def _transformed(run: Run, page: Page) -> tuple[Batch, dict[str, str]]:
    run.reads += page.price
    run.glide_rows += len(page.rows)
    return transform(page.rows, run.layout), _markers(page.rows, run.job.mapping.marker_column)


def _markers(rows: list[Raw], column: str | None) -> dict[str, str]:
    """Row id -> what stands in the marker column; rows without a marker are left out."""
    if column is None:
        return {}
    fields = [("id", str, msgspec.field(name=ROW_ID)), ("mark", Any, msgspec.field(default=None, name=column))]
    marked: Any = msgspec.defstruct("Marked", fields)
    found: list[Any] = msgspec.json.decode(b"[" + b",".join(rows) + b"]", type=list[marked])
    return {row.id: str(row.mark) for row in found if row.mark}


def _tell(cursor: extensions.cursor, run: Run, batch: Batch, refused: list[Refusal]) -> None:
    run.recorder.note(cursor, [*bad_cells(batch), *refusals(refused)])
    failed = len({each.row_id for each in batch.bad} | {each.row_id for each in refused})
    read = len(batch.ids) + len({each.row_id for each in batch.bad})
    run.counts += Counts(read=read, failed=failed)
    runs.progress(cursor, run.job.log_id, "read", run.counts, run.reads + run.writes, None)


def _proven(connection: extensions.connection, run: Run, lease: Lease) -> frozenset[str]:
    """Linked rows that are not in Glide any more, and that is certain.

    A read that moved proves nothing. Away once is not gone: the grace must be over in a later read, or (grace 0) a
    second look in this run must not find the row either.
    """
    mapping = run.job.mapping
    with transaction(connection) as cursor:
        lease.check(cursor)
        missing = links.missing_in_glide(cursor, mapping.id)
        cursor.execute(
            """delete from glsync.absent_rows as a where a.mapping_id = %s
               and exists (select from glsync_glide as g where g.k = a.glide_row_id)""",
            (str(mapping.id),),
        )
        if run.moved or not missing:
            return frozenset()
        base.note_absent(cursor, mapping.id, run.job.log_id, missing)
        due = set(base.absent_due(cursor, mapping.id, mapping.delete_grace)) & set(missing)
    if mapping.delete_grace == 0:
        due -= _there_after_all(run, due)
    return frozenset(due)


def _there_after_all(run: Run, ids: set[str]) -> set[str]:
    if run.source.kind == "big" and len(ids) <= POINT_READS:
        run.reads += POINT_READ_PRICE * len(ids)
        return {row_id for row_id in ids if run.source.exists(row_id)}
    found: set[str] = set()
    for page in run.source.pages():
        run.reads += page.price
        found.update(row_ids(page.rows))
    return ids & found
