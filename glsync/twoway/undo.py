"""Undoing a run: each row it wrote goes back to what it was before, on the side it was written on.

It is a run like any other: planned, guarded, approved by the hash of exactly its plan, written through the same pages
and the same journal, and remembered in history, so that it can be undone itself. A row that somebody edited after the
run is left and told. What was undone counts as not agreed on: where a mapping asks, the next run makes it a conflict;
where one side decides, that side's value would be written again. So the mapping rests until somebody resumes it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, cast
from uuid import UUID, uuid4

from psycopg2 import extensions

from glsync.engine import guard
from glsync.engine.merge import WRITES, same
from glsync.engine.writing import is_same
from glsync.errors import ConfigError
from glsync.glide import App
from glsync.postgres import capture
from glsync.postgres.sides import Difference, Now
from glsync.store import history, journal, links, runs
from glsync.store.db import transaction
from glsync.store.history import Entry
from glsync.store.lease import Lease
from glsync.store.links import Link
from glsync.twoway import refer
from glsync.twoway.decide import samples
from glsync.twoway.decided import Decided, Item
from glsync.twoway.observe import POINT_READS, Run, open_run, read_glide, reread_rows
from glsync.twoway.push import push
from glsync.twoway.settle import names_of, read_back, settle
from glsync.twoway.unreadable import unreadable
from glsync.twoway.write import write_postgres
from glsync.values import (
    Base,
    Cells,
    Change,
    Decision,
    Left,
    Operation,
    Plan,
    Price,
    RunReport,
    Side,
    Status,
    UndoPlan,
    Waiting,
)

MOST = 100_000
"""Rows an undo puts back at most: it holds them in memory to compare them."""
TOLD = 100
"""Rows that are left and told one by one in the run's log."""
REASON = (
    "The run of %s UTC was undone by %s. Its cause is still there: a run now may write the same again, or ask. "
    "Correct the cause, then switch the mapping on."
)
LACKS_PARENT = "Glide does not know the row it refers to"
OPPOSITE: dict[Operation, Operation] = {"create": "delete", "update": "update", "delete": "create", "mark": "create"}
ORDER: tuple[Side, Side] = ("postgres", "glide")


@dataclass(slots=True)
class Found:
    """What is to be put back, sorted as any plan is; what is left, and how many rows are as they were anyway."""

    decided: Decided
    left: list[Left] = field(default_factory=list)
    already: int = 0
    is_waiting: Waiting | None = None
    is_dear: Waiting | None = None

    @property
    def waiting(self) -> tuple[Waiting, ...]:
        return tuple(each for each in (self.is_dear, self.is_waiting) if each)


def plan(connection: extensions.connection, job: runs.Job, app: App, undone: UUID) -> UndoPlan:
    """What undoing this run would do now. The rows it wrote are looked at; nothing is written.

    Raises:
        ConfigError: history does not know the run, or it wrote more than MOST rows.
    """
    run, found = _look(connection, job, app, undone, None)
    decided = found.decided
    counted = Plan(
        glide=decided.writes("glide"),
        postgres=decided.writes("postgres"),
        conflicts=0,
        failed=len(decided.unreadable),
        price=Price(run.reads, decided.price),
        hash=decided.hash,
        waiting=found.waiting,
        samples=samples(decided),
    )
    return UndoPlan(undone, counted, tuple(found.left), found.already)


def sync(connection: extensions.connection, job: runs.Job, lease: Lease, app: App) -> RunReport:
    """Undo the run that the job's options name; without an approval of exactly this plan, only say what waits."""
    undone = UUID(str(job.options["undo"]))
    run, found = _look(connection, job, app, undone, lease)
    decided = found.decided
    is_accepted = bool(job.options.get("accepted"))
    if not decided.items and not is_accepted:
        return _report(run, found, ())
    if not is_accepted and (found.is_dear or job.approved_hash != decided.hash):
        return _report(run, found, (found.is_dear or found.is_waiting or _asked(run, found, changed=True),))
    with transaction(connection) as cursor:
        lease.check(cursor)
        history.accept(cursor, job.mapping.id, job.log_id, undone, REASON)
        for each in found.left[:TOLD]:
            runs.note(cursor, job.log_id, f"Left in {each.side}: row {each.row}, {each.reason}", level="warning")
    write_postgres(connection, run, decided, lease, create=run.sides.restore)
    push(connection, run, decided, lease)
    in_doubt = read_back(connection, run, lease)
    with transaction(connection) as cursor:
        lease.check(cursor)
        run.recorder.close(cursor)
        runs.progress(cursor, job.log_id, "finish", run.counts, run.reads + run.writes, None)
    return _report(run, found, (), in_doubt)


def _report(run: Run, found: Found, waiting: tuple[Waiting, ...], in_doubt: int = 0) -> RunReport:
    counts = run.counts
    parts = [
        f"{number:,} {word}"
        for number, word in (
            (counts.created, "brought back"),
            (counts.updated, "put back"),
            (counts.deleted, "taken away again"),
            (found.already, "as they were already"),
            (len(found.left), "left, because they changed since"),
            (counts.failed, "failed"),
            (in_doubt, "written to Glide and not seen there yet"),
        )
        if number
    ]
    told = f"Undo: {', '.join(parts) or 'nothing to put back'}"
    if waiting:
        told += f"; {waiting[0].reason}"
    elif found.decided.items or counts.stored:
        told += ". The mapping rests until somebody switches it on."
    status: Status = "completed_with_errors" if counts.failed else "completed"
    return RunReport(run.job.log_id, status, told, counts, 0.0, Price(run.reads, run.writes), waiting)


# --- looking ---------------------------------------------------------------------------------------------------------


def _look(
    connection: extensions.connection, job: runs.Job, app: App, undone: UUID, lease: Lease | None
) -> tuple[Run, Found]:
    """Every row the run wrote as it is now, and what follows. `lease` is None for a plan, which remembers nothing."""
    run = open_run(connection, job, app.source(job.mapping.glide_table), dry=True)
    run.target.log_id = None
    with transaction(connection) as cursor:
        journal.keep_past(cursor, job.mapping.id)
        entries = _entries(cursor, undone)
        linked = _Links(history.links_among(cursor, job.mapping.id, entries))
        in_doubt = journal.still_open(cursor, job.mapping.id)
    named = sorted({row_id for each in entries if each.side == "glide" for row_id in linked.names(each)})
    busy = names_of(in_doubt)
    if in_doubt and lease is not None:
        read_glide(connection, run, None)
        busy = settle(connection, run, lease)
    elif named:
        _read_rows(connection, run, named)
    with transaction(connection) as cursor:
        capture.sign(cursor, job.mapping.id)
        found = _found(cursor, run, entries, busy)
        if run.target.references:
            refer.name_parents(cursor, run, found.decided)
            found.left += [Left("glide", each.row_id, LACKS_PARENT) for _, each in found.decided.lacking]
        _guard(cursor, run, found)
    return run, found


def _entries(cursor: extensions.cursor, undone: UUID) -> list[Entry]:
    size = history.size(cursor, undone)
    if not size:
        raise ConfigError(
            "Nothing of this run is kept any more, or it wrote nothing: there is nothing to undo",
            hint="History is kept for GLSYNC_HISTORY_DAYS days.",
        )
    if size > MOST:
        raise ConfigError(
            f"The run wrote {size:,} rows, and at most {MOST:,} can be undone at once",
            hint="Restore the table from a backup instead.",
        )
    return history.of_run(cursor, undone)


def _read_rows(connection: extensions.connection, run: Run, ids: Sequence[str]) -> None:
    """What Glide says of these rows now: one by one where that is cheap, else by reading the table."""
    if run.source.kind == "big" and len(ids) <= POINT_READS:
        run.version = run.source.version()
        reread_rows(connection, run, ids)
    else:
        read_glide(connection, run, None)


def _found(cursor: extensions.cursor, run: Run, entries: Sequence[Entry], busy: frozenset[str]) -> Found:
    linked = _Links(history.links_among(cursor, run.job.mapping.id, entries))
    ids = sorted({row_id for each in entries for row_id in linked.names(each)})
    keys = [each.pg_key for each in entries if each.pg_key]
    rows = _Rows(run.sides.now(cursor, ids, keys), run.sides.at(cursor, ids), run.sides.unread(cursor, ids), linked)
    found = Found(Decided(base_rows=_base_rows(cursor, run)))
    by_row: dict[str, list[tuple[Entry, Change]]] = {}
    for entry in entries:
        change = _in_doubt(entry, busy) or _change(run, entry, rows)
        if isinstance(change, Left):
            found.left.append(change)
        elif change is None:
            found.already += 1
        else:
            by_row.setdefault(entry.link_id or entry.glide_row_id or entry.pg_key or "", []).append((entry, change))
    found.decided.items = [_item(run, pairs, rows, linked) for pairs in by_row.values()]
    found.decided.unreadable = unreadable(run, found.decided.items)
    return found


class _Rows:
    """The rows of both sides as they are now."""

    def __init__(
        self, postgres: Sequence[Now], glide: Mapping[str, Cells], unread: frozenset[str], linked: _Links
    ) -> None:
        self._by_id = {row.glide_row_id: row for row in postgres if row.glide_row_id}
        self._by_key = {row.pg_key: row for row in postgres}
        self._glide, self.unread, self._linked = glide, unread, linked

    def postgres(self, entry: Entry) -> Now | None:
        found = self._by_id.get(entry.glide_row_id or "")
        return found or self._by_key.get(entry.pg_key or "")

    def glide(self, entry: Entry) -> Cells | None:
        """A row that was brought back has another name since."""
        return next((self._glide[name] for name in self._linked.names(entry) if name in self._glide), None)


class _Links:
    """The links rows have now: the one they had, else another that came to hold the same name."""

    def __init__(self, found: Sequence[Link]) -> None:
        self._by_id = {link.id: link for link in found}
        self._by_name = {link.glide_row_id: link for link in found if link.glide_row_id}
        self._by_key = {link.pg_key: link for link in found if link.pg_key}

    def of(self, entry: Entry) -> Link | None:
        found = self._by_id.get(entry.link_id or "") or self._by_name.get(entry.glide_row_id or "")
        return found or self._by_key.get(entry.pg_key or "")

    def names(self, entry: Entry) -> list[str]:
        """What Glide calls the row: its name at that time, and the one it has now."""
        link = self.of(entry)
        return list(dict.fromkeys(name for name in (entry.glide_row_id, link and link.glide_row_id) if name))


# --- deciding --------------------------------------------------------------------------------------------------------


def _in_doubt(entry: Entry, busy: frozenset[str]) -> Left | None:
    if entry.glide_row_id in busy or f"pg:{entry.pg_key}" in busy:
        return Left(entry.side, entry.glide_row_id or f"key {entry.pg_key}", "a write to it is still in doubt")
    return None


def _change(run: Run, entry: Entry, rows: _Rows) -> Change | Left | None:
    """What puts this row back; why it is left; None when it is as it was before the run."""
    name = entry.glide_row_id or f"key {entry.pg_key}"
    if entry.side == "glide" and entry.glide_row_id in rows.unread:
        return Left("glide", name, "it cannot be read")
    held = rows.postgres(entry)
    now = rows.glide(entry) if entry.side == "glide" else held.cells if held else None
    if OPPOSITE[entry.operation] == "create":
        return _brought_back(run, entry, name, now)
    if now is None:
        return None if entry.operation == "create" else Left(entry.side, name, "it was deleted since")
    if entry.written_by is not None and held is not None:
        is_ours = held.written_by == entry.written_by
        return Change(entry.side, "delete") if is_ours else Left(entry.side, name, "it was edited since")
    if entry.operation == "create":
        is_ours = _says(run, entry.side, now, entry.after or {})
        return Change(entry.side, "delete") if is_ours else Left(entry.side, name, "it was edited since")
    return _put_back(run, entry, name, now)


def _brought_back(run: Run, entry: Entry, name: str, now: Cells | None) -> Change | Left | None:
    """A row the run took away. In Postgres it comes back with all its columns, in Glide with those it may be given."""
    before = entry.before or {}
    if now is not None:
        is_back = all(same(now[column], before.get(column)) for column in now)
        return None if is_back else Left(entry.side, name, "it is there again, with other values")
    if entry.side == "postgres":
        return Change("postgres", "create", before)
    return Change("glide", "create", _for_glide(run, before))


def _put_back(run: Run, entry: Entry, name: str, now: Cells) -> Change | Left | None:
    """A row the run changed: only the columns it changed go back, and only while they say what it wrote."""
    before, after = entry.before or {}, entry.after or {}
    moved = [column for column in after if column in now and not same(before.get(column), after[column])]
    was = {column: before.get(column) for column in moved}
    if all(same(now[column], was[column]) for column in moved):
        return None
    if not _says(run, entry.side, now, {column: after[column] for column in moved}):
        return Left(entry.side, name, "it was edited since")
    return Change(entry.side, "update", was if entry.side == "postgres" else _for_glide(run, was))


def _says(run: Run, side: Side, now: Cells, wrote: Cells) -> bool:
    """Does the row still say what was written? Glide may have given a value a form of its own."""
    kinds = {pair.column: pair.kind for pair in run.target.pairs}
    if side == "postgres":
        return all(same(now.get(column), value) for column, value in wrote.items() if column in now)
    return all(is_same(kinds[column], value, now.get(column)) for column, value in wrote.items() if column in kinds)


def _for_glide(run: Run, cells: Cells) -> Cells:
    """The cells that may be written in Glide."""
    open_ = {rule.column for rule in run.rules if "glide" in WRITES[rule.direction]}
    return {column: value for column, value in cells.items() if column in open_}


def _item(run: Run, pairs: Sequence[tuple[Entry, Change]], rows: _Rows, linked: _Links) -> Item:
    """One row with what is done to it on either side, and the base it has afterwards."""
    entry = pairs[0][0]
    link = linked.of(entry) or Link(entry.link_id or str(uuid4()), entry.glide_row_id, entry.pg_key, None, None)
    by_side = {each.side: (each, change) for each, change in pairs}
    postgres, glide = rows.postgres(by_side.get("postgres", (entry,))[0]), rows.glide(entry)
    key = postgres.pg_key if postgres else link.pg_key or entry.pg_key
    row_id = link.glide_row_id or entry.glide_row_id
    seen = Difference(
        k=row_id or f"pg:{key}", link_id=link.id, glide_row_id=row_id, pg_key=key,
        named=postgres.glide_row_id if postgres else None, base_glide=link.base_glide,
        base_postgres=link.base_postgres, glide=glide, postgres=postgres.cells if postgres else None,
        postgres_at=None, detached=None,
    )  # fmt: skip
    changes = tuple(by_side[side][1] for side in ORDER if side in by_side)
    decision = Decision(base=_base(run, link, changes), changes=changes, reason="undone")
    return Item(seen, replace(link, glide_row_id=row_id, pg_key=key, detached=None), decision)


def _base(run: Run, link: Link, changes: Sequence[Change]) -> Base | None:
    """What both sides agree on after the undo: nothing of what was undone. A streamed mapping has no such base."""
    if run.job.mapping.direction == "to_supabase":
        return None
    if any(change.operation != "update" for change in changes):
        return Base({}, {})
    undone = {column for change in changes for column in change.cells}
    return Base(_without(link.base_glide, undone), _without(link.base_postgres, undone))


def _without(cells: Cells | None, columns: set[str]) -> Cells:
    return {column: value for column, value in (cells or {}).items() if column not in columns}


# --- guards ----------------------------------------------------------------------------------------------------------


def _guard(cursor: extensions.cursor, run: Run, found: Found) -> None:
    """Name the plan, price it, and say what of it a person has to look at first."""
    decided, mapping_id = found.decided, run.job.mapping.id
    parts = [
        f"{item.name} {change.side} {change.operation} {links.as_json(change.cells)}"
        for item in decided.items
        for change in item.decision.changes
    ]
    decided.hash = guard.plan_hash(mapping_id, "undo", parts)
    to_glide = [item.name for item in decided.items if item.change("glide")]
    decided.price = run.source.write_price * len(to_glide)
    if any(_risky(run, decided)):
        found.is_waiting = _asked(run, found)
    budget = run.job.connection.settings.get("monthly_updates")
    if budget is not None:
        spent = runs.spent_this_month(cursor, run.job.connection.id) + run.reads + run.writes
        found.is_dear = guard.spending(mapping_id, to_glide, decided.price, spent, Decimal(str(budget)))


def _risky(run: Run, decided: Decided) -> list[str]:
    """Why somebody has to look first: many rows go, or most of a table changes."""
    stops = [
        guard.writes(run.job.mapping.id, side, operation, names, base=decided.base_rows, left=1)
        for side in ORDER
        for operation in cast("tuple[Operation, ...]", ("update", "delete"))
        if (names := [item.name for item in decided.of(side, operation)])
    ]
    return [stop.reason for stop in stops if stop]


def _asked(run: Run, found: Found, *, changed: bool = False) -> Waiting:
    """The whole undo as one part that waits."""
    decided = found.decided
    why = "; ".join(_risky(run, decided))
    if not why or changed:
        why = f"Undoing it puts {len(decided.items):,} rows back as planned now"
    sample = tuple(sorted(item.name for item in decided.items)[: guard.SAMPLE])
    side: Side = "glide" if decided.price else "postgres"
    return Waiting(why, side, "undo", len(decided.items), decided.hash, sample)


def _base_rows(cursor: extensions.cursor, run: Run) -> int:
    """Rows that both sides held."""
    cursor.execute("select rows from glsync.base_state where mapping_id = %s", (str(run.job.mapping.id),))
    streamed: Any = (cursor.fetchone() or (0,))[0]
    return max(links.count(cursor, run.job.mapping.id), int(streamed or 0))
