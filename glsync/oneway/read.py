"""Opening a read of Glide: where to go on from, which rows are known, whether every row is compared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal

from psycopg2 import extensions

from glsync.engine.memory import LET_GO, BasePage, Hashes, Memory
from glsync.engine.prepare import Prepared, prepare
from glsync.engine.transform import Layout
from glsync.glide import Page, Source
from glsync.layouts import layout_of, scope_of
from glsync.postgres import capture
from glsync.postgres.target import Target, open_target
from glsync.store import base, problems, runs
from glsync.values import Counts, Mapping


@dataclass(slots=True)
class Read:
    """A read of Glide under way: what it goes by, and what it has seen and stored so far."""

    job: runs.Job
    source: Source
    target: Target
    layout: Layout
    memory: Memory
    kept: base.ReadState
    pass_: int
    old: base.State
    first_page: int = 0
    start: str | None = None
    is_empty_target: bool = False
    has_absent: bool = False
    counts: Counts = field(default_factory=Counts)
    paid: Decimal = Decimal(0)
    seen: dict[int, Hashes] = field(default_factory=dict)
    rows: int = 0
    not_stored: int = 0
    outside: int = 0
    """Rows the filter leaves out, as far as this run has read."""
    last_page: int = -1
    has_changes: bool = False
    waits: dict[int, Hashes] = field(default_factory=dict)
    """Page -> its digests, of pages on which rows wait for a parent: kept for when they are linked."""
    unlinked: set[str] = field(default_factory=set)
    """Rows that still wait for a parent at the end."""
    committed: float = 0.0
    recorder: problems.Recorder = field(init=False)

    def __post_init__(self) -> None:
        self.recorder = problems.Recorder(self.job.mapping.id, self.job.log_id)

    @property
    def has_soft(self) -> bool:
        """May rows come before their parents?"""
        return any(each.is_soft for each in self.target.references)


def open_read(
    cursor: extensions.cursor,
    job: runs.Job,
    source: Source,
    version: str | None,
    *,
    may_resume: bool = True,
    dry: bool = False,
) -> Read:
    """Decide what this read may rely on: where to go on from, which rows are known, whether to compare in full.

    Args:
        version: the source's, asked for before this transaction began, because Glide may take its time.
    """
    mapping = job.mapping
    target = open_target(cursor, _inbound(mapping))
    target.log_id = None if dry else job.log_id
    rows = layout_of(job, target)
    scope = scope_of(job, target)
    is_watched = capture.is_watched(cursor, target) if dry else capture.watch(cursor, target) is not None
    touches = capture.touches(cursor, mapping.id)
    old = base.state(cursor, mapping.id, base.VERIFY_HOURS)
    is_same = old.table_oid == target.oid and old.scope == scope
    pages = base.pages(cursor, mapping.id)
    memory_of = pages if _is_of(old.scope, scope) else []  # what another Glide table held is not missed in this one
    if not memory_of and not dry:
        base.forget_all_absent(cursor, mapping.id)
    point = base.checkpoint(cursor, mapping.id) if may_resume and not dry else None
    if point and _can_resume(point, old, target, scope, version, touches):
        return _resumed(job, source, target, rows, old, point, pages)
    trusted = is_watched and is_same and old.complete and old.is_fresh and not touches and not job.options.get("full")
    return Read(
        job=job,
        source=source,
        target=target,
        layout=rows,
        memory=Memory(memory_of, trusted=trusted),
        kept=base.ReadState(runs.moment(cursor), scope, target.oid, trusted, touches, version),
        pass_=max([old.pass_, *(page.pass_ for page in pages)]) + 1,  # never over pages of a read that broke off
        old=old,
        is_empty_target=target.is_empty(cursor),
        has_absent=base.absent(cursor, mapping.id) > 0,
        counts=job.done,
        paid=job.paid,
    )


def _can_resume(
    point: base.Checkpoint, old: base.State, target: Target, scope: str, version: str | None, touches: list[str]
) -> bool:
    kept = point.state
    is_same = kept.table_oid == target.oid and kept.scope == scope and kept.glide_version == version
    if any(each.is_soft for each in target.references):  # which rows waited for a parent was known to that run alone
        return False
    return is_same and point.pass_ == old.pass_ + 1 and (not kept.trusted or not touches)


def _resumed(
    job: runs.Job,
    source: Source,
    target: Target,
    rows: Layout,
    old: base.State,
    point: base.Checkpoint,
    pages: list[BasePage],
) -> Read:
    """Go on where a run broke off: its pages count as seen, the rest of the base is as it was before it."""
    ours = {page.number: page for page in pages if page.pass_ == point.pass_}
    memory = Memory([page for page in pages if page.pass_ < point.pass_], trusted=point.state.trusted)
    before = {page.number: page for page in memory.pages}
    seen, not_stored = {}, 0
    for number in range(point.page + 1):
        if number in ours:
            memory.supersede(ours[number].id_hashes)
            seen[number] = ours[number].id_hashes
            not_stored += int((ours[number].digests <= LET_GO).sum())
        elif number in before:
            memory.see_page(number)
            seen[number] = before[number].id_hashes
    is_ours = point.log_id == job.log_id
    return Read(
        job=job, source=source, target=target, layout=rows, memory=memory, kept=point.state, pass_=point.pass_, old=old,
        first_page=point.page + 1, start=point.continuation, counts=job.done if is_ours else Counts(), paid=job.paid,
        seen=seen, rows=sum(map(len, seen.values())), not_stored=not_stored, last_page=point.page,
        has_changes=bool(ours), has_absent=True,
    )  # fmt: skip


def is_unchanged(read: Read, source: Source) -> bool:
    """Glide's version says that nothing can have changed since a read that met everything and stored all of it."""
    old, version = read.old, read.kept.glide_version
    is_retry = read.job.options.get("full") or read.start or read.has_absent or read.memory.has_gaps
    return bool(
        source.kind == "big" and version and version == old.glide_version and read.kept.trusted and not is_retry
    )


def _inbound(mapping: Mapping) -> Mapping:
    """The mapping without the pairs that only go to Glide."""
    return replace(mapping, pairs=tuple(pair for pair in mapping.pairs if pair.direction != "to_glide"))


def _is_of(scope: str | None, other: str) -> bool:
    """Are these of the same Glide table?"""
    return scope is not None and scope[:16] == other[:16]


def how(read: Read) -> str:
    if read.start:
        return f"Carrying on after page {read.first_page:,}, where an earlier run broke off"
    if read.kept.trusted:
        return "Reading Glide; rows that say what they said last time are skipped"
    return "Reading Glide; every row is compared with Postgres"


def prepared(read: Read, pages: Iterator[Page]) -> Iterator[tuple[Page, Prepared]]:
    for number, page in enumerate(pages, start=read.first_page):
        yield replace(page, rows=[]), prepare(page.rows, number, read.pass_, read.memory, read.layout)
