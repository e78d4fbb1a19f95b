"""The Glide part of a plan: each row is in the journal before its call and after it; nothing is sent blindly twice."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any
from uuid import uuid4

from psycopg2 import extensions

from glsync.engine.merge import base_so_far
from glsync.engine.writing import to_glide
from glsync.errors import GlideBusy, GlideError
from glsync.glide.push import Op, Outcome, all_of, calls
from glsync.postgres import capture
from glsync.store import journal, links
from glsync.store.db import transaction
from glsync.store.journal import Intent
from glsync.store.lease import Lease
from glsync.store.links import Link
from glsync.twoway import refer
from glsync.twoway.decide import Decided, Item, seen_by_merge
from glsync.twoway.observe import Run, reread_rows
from glsync.twoway.record import record
from glsync.values import Cells, ColumnPair, Operation

AT_ONCE = 4
"""Calls under way together: most of what parallelism gives, and kind to Glide's limits."""
BUSY_TRIES = 8
LONGEST_PAUSE = 60.0
FREEZE = 60.0
"""Seconds between the journal and the call; a process that slept longer may have lost the mapping and sends nothing."""


def push(connection: extensions.connection, run: Run, decided: Decided, lease: Lease) -> None:
    """Creates, then updates, then deletes, so that no row ever points to one that is not there yet."""
    for operation in ("create", "update", "delete"):
        items = decided.of("glide", operation)
        if not items:
            continue
        if run.target.references:
            with transaction(connection) as cursor:
                refer.learn_names(cursor, run, items)
        pairs = {pair.column: pair for pair in run.target.pairs}
        intents = [_intent(run, item, operation, pairs) for item in items]
        if operation == "create":
            with transaction(connection) as cursor:
                lease.check(cursor)
                capture.sign(cursor, run.job.mapping.id)
                _prepare_creates(cursor, run, items, intents)
        _Sending(connection, run, intents, lease).send()


def _intent(run: Run, item: Item, operation: Operation, pairs: Mapping[str, ColumnPair]) -> Intent:
    change = item.change("glide")
    cells: Cells = change.cells if change else {}
    raw = {pairs[column].glide_id: _cell(run, pairs[column], value) for column, value in cells.items()}
    if operation == "create" and run.job.mapping.marker_column:
        raw[run.job.mapping.marker_column] = item.link.id
    base = base_so_far(seen_by_merge(item.seen), item.decision, ["postgres", "glide"])
    return Intent(
        id=str(uuid4()),
        link_id=item.link.id,
        operation=operation,
        glide_row_id=None if operation == "create" else item.seen.glide_row_id,
        pg_key=item.seen.pg_key,
        cells=cells,
        raw=raw,
        before=item.seen.glide,
        base_glide=base.glide if base else None,
        base_postgres={**base.postgres, **run.given_back.get(item.link.id, {})} if base else None,
        if_match=run.version if run.source.kind == "big" else None,
        price=run.source.write_price,
    )


def _cell(run: Run, pair: ColumnPair, value: Any) -> Any:
    """As Glide takes it: a reference by the row id of its parent."""
    if any(each.column == pair.column for each in run.target.references):
        return refer.row_id(run, pair.column, value)
    return to_glide(pair.kind, value)


def _prepare_creates(cursor: extensions.cursor, run: Run, items: Sequence[Item], intents: Sequence[Intent]) -> None:
    """Rows on their way into Glide are known by their key in Postgres until Glide has named them anew."""
    links.save(cursor, run.job.mapping.id, [Link(each.link_id, None, each.pg_key, None, None) for each in intents])
    links.name(cursor, dict.fromkeys((item.link.id for item in items if item.link.glide_row_id), None))
    old_names = [item.seen for item in items if item.seen.named]
    run.sides.name(
        cursor,
        [{"pg_key": links.key_of(seen.pg_key), "glide_row_id": None, "was": seen.named} for seen in old_names],
    )


# --- sending ---------------------------------------------------------------------------------------------------------


class _Sending:
    """Writes on their way: AT_ONCE calls together, each in the journal before it leaves and once it is back."""

    def __init__(self, connection: extensions.connection, run: Run, intents: Sequence[Intent], lease: Lease) -> None:
        self._connection, self._run, self._lease = connection, run, lease
        self._known = {each.id: each for each in intents}
        self._left = deque(calls([_op(each) for each in intents], run.source.most_per_call))
        self._flying: dict[Future[list[Outcome]], tuple[Op, ...]] = {}
        self._busy_in_a_row = 0
        self._broken: GlideError | None = None

    def send(self) -> None:
        """Until all are answered.

        Raises:
            GlideError: nothing more can be written; what was answered is written down.
        """
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="push") as pool:
            while self._left or self._flying:
                self._lease.go_on()
                self._depart(pool)
                if self._flying:
                    self._arrive(*wait(self._flying, return_when=FIRST_COMPLETED)[0])
        if self._broken is not None:
            raise self._broken

    def _depart(self, pool: ThreadPoolExecutor) -> None:
        """As many calls as may leave now."""
        room = min(AT_ONCE - len(self._flying), len(self._left))
        leaving = self._fresh([self._left.popleft() for _ in range(room)])
        if not leaving:
            return
        with transaction(self._connection) as cursor:
            self._lease.check(cursor)
            intents = [self._known[op.id] for call in leaving for op in call]
            journal.send(cursor, self._run.job.mapping.id, self._run.job.log_id, self._lease.epoch, intents)
        noted = time.monotonic()
        self._flying |= {pool.submit(_write, self._run, call, noted): call for call in leaving}

    def _arrive(self, *landed: Future[list[Outcome]]) -> None:
        """Write down what these calls were answered; what Glide was too busy for goes out again after a pause."""
        outcomes = [outcome for future in landed for outcome in self._answer(future, self._flying.pop(future))]
        busy = {each.id: each.after for each in outcomes if each.state == "busy"}
        with transaction(self._connection) as cursor:
            self._lease.check(cursor)
            capture.sign(cursor, self._run.job.mapping.id)
            journal.unsent(cursor, list(busy))
            record(cursor, self._run, self._known, [each for each in outcomes if each.id not in busy])
        self._busy_in_a_row = self._busy_in_a_row + 1 if busy else 0
        if busy and self._broken is None:
            self._again([outcome.id for outcome in outcomes if outcome.id in busy], busy)

    def _answer(self, future: Future[list[Outcome]], call: tuple[Op, ...]) -> list[Outcome]:
        try:
            return future.result()
        except GlideError as error:  # none of it was taken, nor would anything after it be
            self._broken = error
            self._left.clear()
            return all_of(call, "busy", str(error))

    def _again(self, ids: Sequence[str], busy: Mapping[str, float | None]) -> None:
        if self._busy_in_a_row > BUSY_TRIES:
            self._broken = GlideBusy(f"Glide asked us to slow down {BUSY_TRIES} times in a row")
            self._left.clear()
            return
        ops = [_op(self._known[id_]) for id_ in ids]
        self._left.extendleft(reversed(list(calls(ops, self._run.source.most_per_call))))
        pause = max((each for each in busy.values() if each), default=0.25 * 2**self._busy_in_a_row)
        self._lease.wait(min(pause, LONGEST_PAUSE), f"Waiting {pause:.0f} s: Glide asked us to slow down")

    def _fresh(self, leaving: Sequence[tuple[Op, ...]]) -> list[tuple[Op, ...]]:
        """The calls to send. A Big Table's rows are looked at once more before a delete: no version guards that."""
        doomed = {
            op.row_id: self._known[op.id] for call in leaving for op in call if op.operation == "delete" and op.row_id
        }
        if not doomed or self._run.source.kind != "big":
            return list(leaving)
        reread_rows(self._connection, self._run, list(doomed))
        with transaction(self._connection) as cursor:
            now = self._run.sides.at(cursor, list(doomed))
            unread = self._run.sides.unread(cursor, list(doomed))
            changed = {
                intent.id
                for row_id, intent in doomed.items()
                if row_id in unread or now.get(row_id) not in (None, intent.before)
            }
            said = "edited in Glide just now"
            record(cursor, self._run, self._known, [Outcome(id_, "stale", said=said) for id_ in sorted(changed)])
        return [left for call in leaving if (left := tuple(op for op in call if op.id not in changed))]


def _op(intent: Intent) -> Op:
    return Op(intent.id, intent.operation, intent.glide_row_id, intent.raw, intent.if_match)


def _write(run: Run, call: Sequence[Op], noted: float) -> list[Outcome]:
    if time.monotonic() - noted > FREEZE:
        return all_of(call, "busy", "this process was frozen")
    return run.source.write(call)
