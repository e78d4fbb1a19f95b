"""Looking: Glide page by page into one session's tables, Postgres in one snapshot."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
from msgspec import Raw
from psycopg2 import extensions, extras

from glsync.ahead import ahead
from glsync.engine.transform import Batch, Layout, transform
from glsync.glide import Page, Source
from glsync.layouts import layout_of, scope_of
from glsync.postgres import capture
from glsync.postgres.sides import Sides
from glsync.postgres.target import Stored, Target, open_target
from glsync.store import base, certificates, journal, links, problems, runs
from glsync.store.certificates import Certificate
from glsync.store.db import transaction
from glsync.store.lease import Lease
from glsync.store.problems import Trouble
from glsync.troubles import bad_cells, orphans, refusals
from glsync.values import ROW_ID, Cells, ColumnPair, Counts, Direction, FieldRule, Mapping, Reference

POINT_READS = 200
"""Rows of a Big Table looked up one by one; beyond, reading it again is quicker."""
POINT_READ_PRICE = Decimal("0.001")
POINT_READS_AT_ONCE = 4

_exact = msgspec.json.Decoder(float_hook=Decimal).decode


@dataclass(frozen=True, slots=True)
class Whole:
    """A look at all rows of Glide under which nothing moved. `written` is what this run had spent on writes by then."""

    version: str | None
    at: datetime | None
    written: Decimal


@dataclass(slots=True)
class Run:
    """A two-way run under way."""

    job: runs.Job
    source: Source
    target: Target
    sides: Sides
    layout: Layout
    watch: str | None
    """How foreign writes to Postgres have been noted since the last run; None where they have not."""
    rules: tuple[FieldRule, ...]
    since: datetime
    version: str | None = None
    """The table's version before it was read: whatever is newer we have not seen."""
    whole: Whole | None = None
    counts: Counts = field(default_factory=Counts)
    reads: Decimal = Decimal(0)
    writes: Decimal = Decimal(0)
    moved: bool = False
    """Did Glide's table change while it was read? Then what was not met may be there all the same."""
    may_miss: bool = False
    """Both sides meet for the first time, and rows of Glide may be there that were not met."""
    gone: frozenset[str] = frozenset()
    """Linked rows whose absence from Glide is proven."""
    glide_rows: int = 0
    pages: int = 0
    given_back: dict[str, Cells] = field(default_factory=dict)
    """Link id -> what Postgres made of the cells written to it, for rows that are written on both sides."""
    undone: set[str] = field(default_factory=set)
    """Links whose writes were held back, refused, or are in doubt."""
    row_ids: dict[str, dict[Any, str]] = field(default_factory=dict)
    """Column of a reference -> key of a parent -> what Glide calls that row; of keys that are to be written."""
    recorder: problems.Recorder = field(init=False)

    def __post_init__(self) -> None:
        self.recorder = problems.Recorder(self.job.mapping.id, self.job.log_id)

    @property
    def scope(self) -> str:
        """What rows of Glide are read as."""
        return scope_of(self.job, self.target)

    @property
    def known(self) -> Whole | None:
        """The last whole look at Glide, unless this run wrote to it since."""
        return self.whole if self.whole and self.whole.written == self.writes else None

    @property
    def references_in(self) -> list[Reference]:
        """The references that Glide's cells decide about, too."""
        flows = {rule.column for rule in self.rules if rule.direction != "to_glide"}
        return [each for each in self.target.references if each.column in flows]


def open_run(connection: extensions.connection, job: runs.Job, source: Source, *, dry: bool = False) -> Run:
    """Everything a comparison needs, before anything is read."""
    extras.register_default_jsonb(connection, loads=_exact)
    mapping = job.mapping
    with transaction(connection) as cursor:
        target = open_target(cursor, _referring(mapping))
        rules = tuple(
            FieldRule(pair.column, _direction(pair, mapping), pair.policy or mapping.conflict_policy, pair.is_set)
            for pair in target.pairs
        )
        sides = Sides(target, changed_at=mapping.newest[1] if mapping.newest else None)
        sides.open(cursor)
        watch = None if dry else capture.watch(cursor, target)
        return Run(
            job=job,
            source=source,
            target=target,
            sides=sides,
            layout=layout_of(job, target),
            watch=watch,
            rules=rules,
            since=runs.moment(cursor),
            reads=job.paid,
        )


def _referring(mapping: Mapping) -> Mapping:
    """A reference that Glide decides nothing about holds no row of Glide back."""
    outward = {pair.column for pair in mapping.pairs if _direction(pair, mapping) == "to_glide"}
    return replace(
        mapping,
        references=tuple(replace(each, is_soft=each.is_soft or each.column in outward) for each in mapping.references),
    )


def _direction(pair: ColumnPair, mapping: Mapping) -> Direction:
    """What a rule gives stands in Postgres only: Glide holds what the rule is made of."""
    return "to_supabase" if pair.rule else pair.direction or mapping.direction


def read_postgres(connection: extensions.connection, run: Run, lease: Lease | None) -> None:
    """Postgres in one snapshot, known by Glide's names. `lease` is None for a plan, which remembers nothing."""
    mapping = run.job.mapping
    with transaction(connection) as cursor:
        cursor.execute("set transaction isolation level repeatable read")
        capture.sign(cursor, mapping.id)
        doubles = run.sides.marker_doubles(cursor)
        run.sides.read_postgres(cursor, str(mapping.id))
        ambiguous = run.sides.match(cursor, mapping.match_key)
    if lease is None:
        return
    with transaction(connection) as cursor:
        lease.check(cursor)
        links.let_go(cursor, mapping.id)
        links.follow_keys(cursor, mapping.id)
        run.recorder.note(cursor, [_copy(row_id, of) for row_id, of in doubles])
        run.recorder.note(cursor, [_ambiguous(name, mapping.match_key) for name in ambiguous])
        run.counts += Counts(failed=len(doubles) + len(ambiguous))


def _copy(row_id: str, of: str) -> Trouble:
    return Trouble(
        "DUPLICATE_KEY",
        f"Row {row_id} carries the marker of row {of}: an add that came twice, or somebody's copy of that row",
        row_id=row_id,
        rule="one row of Glide for one marker",
        hint="Delete the row in Glide if it is not wanted; empty its marker cell to keep it as a row of its own.",
        retryable=True,
    )


def _ambiguous(name: str, key: Sequence[str]) -> Trouble:
    return Trouble(
        "MATCH_AMBIGUOUS",
        f"Row {name}: more than one row of the other side has the same {', '.join(key)}",
        row_id=name,
        rule="one row on each side for one match key",
        hint="Make the match key unique on both sides; until then these rows are left alone.",
        retryable=True,
    )


def standing(connection: extensions.connection, run: Run) -> Certificate | None:
    """The certificate of both sides, if neither can have moved since: then there is nothing to compare.

    Glide's version says so of a Big Table, and of Postgres that no foreign write was noted. Once a day all is read and
    compared all the same.
    """
    is_noted = run.watch is not None and run.watch == run.job.stood
    if not is_noted or run.job.approved_hash or not _may_recall(run):
        return None
    with transaction(connection) as cursor:
        known = certificates.relied_on(cursor, run.job.mapping.id, run.scope, base.VERIFY_HOURS)
        if known is None or certificates.is_disturbed(cursor, run.job.mapping.id):
            return None
        if journal.still_open(cursor, run.job.mapping.id):
            return None
    return replace(known, watch=run.watch) if run.source.version() == known.version else None


def look_at_glide(connection: extensions.connection, run: Run, lease: Lease | None) -> None:
    """Glide's rows in this session's table, without asking for them where that can tell nothing new."""
    if not _recalled(connection, run):
        read_glide(connection, run, lease)


def _recalled(connection: extensions.connection, run: Run) -> bool:
    """Take the rows of a Big Table from the base: its version stands where both sides were certified to be in step.

    A version is free to ask for, rows are not. The digest proves that the base is still the one that was certified.
    What only a read knows (rows out of the filter's scope, parents that are waited for, a write in doubt) needs one.
    """
    mapping = run.job.mapping
    if not _may_recall(run):
        return False
    with transaction(connection) as cursor:
        known = certificates.relied_on(cursor, mapping.id, run.scope, base.VERIFY_HOURS)
        if known is None or journal.still_open(cursor, mapping.id):
            return False
    if (version := run.source.version()) is None or version != known.version:
        return False
    with transaction(connection) as cursor:
        run.glide_rows = run.sides.recall(cursor)
        if run.sides.glide_digest(cursor) != (known.glide, known.rows):
            run.sides.open_glide(cursor)
            return False
    run.version, run.whole = version, Whole(version, known.read_at, run.writes)
    run.counts += Counts(read=run.glide_rows)
    return True


def _may_recall(run: Run) -> bool:
    has_more = run.job.mapping.filter or run.target.references or run.job.options.get("full")
    return run.source.kind == "big" and not has_more


def read_glide(connection: extensions.connection, run: Run, lease: Lease | None, *, again: bool = False) -> None:
    """Every row of Glide into this session's table; read again, rows take what they say now and lost ones go."""
    if again:
        with transaction(connection) as cursor:
            run.sides.open_glide(cursor)
    run.glide_rows = run.pages = 0
    before = run.source.version() or run.source.version()  # an answer without one may be a slip
    with ahead(run.source.pages()) as pages, ahead(_transformed(run, page) for page in pages) as ready:
        for batch, markers in ready:
            if lease is not None:
                lease.go_on()
            with transaction(connection) as cursor:
                capture.sign(cursor, run.job.mapping.id)
                found = run.sides.add_page(cursor, batch, run.layout)
                run.sides.add_markers(cursor, markers)
                if lease is not None and not again:
                    _tell(cursor, run, batch, found)
    after = run.source.version()
    run.moved = after != before or _met_twice(connection, run)
    run.whole = None if run.moved else Whole(before, run.since, run.writes)
    if not again:
        run.version = before or after  # better late than none: it guards what is written to Glide


def _met_twice(connection: extensions.connection, run: Run) -> bool:
    """Did rows of a classic table, which has no version, move from page to page? Then others may not have been met."""
    if run.source.kind == "big" or run.pages < 2:
        return False
    with transaction(connection) as cursor:
        return run.sides.glide_count(cursor) < run.glide_rows


def reread_rows(connection: extensions.connection, run: Run, ids: Sequence[str]) -> None:
    """These rows of a Big Table as they are now, in this session's tables."""
    with ThreadPoolExecutor(POINT_READS_AT_ONCE) as pool:
        rows = list(pool.map(run.source.row, ids))
    found = [row for row in rows if row is not None]
    run.reads += POINT_READ_PRICE * len(found)  # a row that is not there costs nothing
    batch = transform(found, run.layout)
    with transaction(connection) as cursor:
        capture.sign(cursor, run.job.mapping.id)
        run.sides.drop_rows(cursor, ids)
        run.sides.add_page(cursor, batch, run.layout)


def _transformed(run: Run, page: Page) -> tuple[Batch, dict[str, str]]:
    run.reads += page.price
    run.glide_rows += len(page.rows)
    run.pages += 1
    return transform(page.rows, run.layout), _markers(page.rows, run.job.mapping.marker_column)


def _markers(rows: list[Raw], column: str | None) -> dict[str, str]:
    """Row id -> what stands in the marker column; rows without a marker are left out."""
    if column is None:
        return {}
    fields = [("id", str, msgspec.field(name=ROW_ID)), ("mark", Any, msgspec.field(default=None, name=column))]
    marked: Any = msgspec.defstruct("Marked", fields)
    found: list[Any] = msgspec.json.decode(b"[" + b",".join(rows) + b"]", type=list[marked])
    return {row.id: str(row.mark) for row in found if row.mark}


def _tell(cursor: extensions.cursor, run: Run, batch: Batch, found: Stored) -> None:
    held = [each for each in found.unlinked if each.is_held]
    run.recorder.note(cursor, [*bad_cells(batch), *refusals(found.refused), *orphans(cursor, held)])
    not_read = {each.row_id for each in batch.bad} | {each.row_id for each in found.refused}
    failed = len(not_read | {each.row_id for each in held})
    read = len(batch.ids) + len({each.row_id for each in batch.bad}) + len(batch.outside)
    run.counts += Counts(read=read, failed=failed)
    runs.progress(cursor, run.job.log_id, "read", run.counts, run.reads + run.writes, None)
