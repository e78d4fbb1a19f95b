"""Calls on their way to Glide: side by side, each in the journal before it leaves and once it is back.

A turn is one transaction: what came back is recorded, what leaves next is noted. Then it leaves, and what comes after
it is made ready in a thread. Where Glide has too much to do nothing leaves until all that is under way is back and the
pause Glide asked for is over; from then on fewer calls go side by side.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Container, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from uuid import uuid4

from psycopg2 import extensions

from glsync.ahead import ahead
from glsync.errors import GlideBusy, GlideError
from glsync.glide.push import Op, Outcome, all_of
from glsync.postgres import capture
from glsync.store import journal
from glsync.store.journal import Intent
from glsync.store.lease import Lease
from glsync.store.together import transaction
from glsync.twoway.observe import Run, reread_rows
from glsync.twoway.record import accepted, record

LANES = 8
"""Calls under way together."""
CALM = 25
"""Calls that Glide takes without a complaint before one more goes beside the others again."""
NOTED_TOGETHER = 500
"""Rows that are noted in one transaction, if it takes several calls to make so many."""
READY = 2
"""Calls made ready ahead."""
BUSY_TRIES = 8
LONGEST_PAUSE = 60.0
FREEZE = 60.0
"""Seconds between the journal and the call; a process that slept longer may have lost the mapping and sends nothing."""


@dataclass(frozen=True)
class Call:
    """What leaves together. `lines` are its rows for the journal, None when they are in it from an earlier try."""

    intents: tuple[Intent, ...]
    lines: str | None
    id: str = field(default_factory=lambda: str(uuid4()))

    @cached_property
    def rows(self) -> frozenset[str]:
        return frozenset(each.glide_row_id for each in self.intents if each.glide_row_id)


def send(connection: extensions.connection, run: Run, lease: Lease, calls: Iterable[Sequence[Intent]]) -> None:
    """Send these until all are answered. They are asked for in another thread, a little ahead.

    Raises:
        GlideError: nothing more can be written; what was answered is written down.
    """
    with ahead(_noted(calls), READY) as ready:
        _Sending(connection, run, lease, ready).send()


def _noted(calls: Iterable[Sequence[Intent]]) -> Iterator[Call]:
    for intents in calls:
        yield Call(tuple(intents), journal.lines(intents))


class _Sending:
    """The turns of one run's calls."""

    def __init__(self, connection: extensions.connection, run: Run, lease: Lease, ready: Iterator[Call]) -> None:
        self._connection, self._run, self._lease = connection, run, lease
        self._ready, self._next = ready, deque[Call]()
        self._flying: dict[Future[list[Outcome]], Call] = {}
        self._lanes, self._calm = LANES, 0
        self._pause: float | None = None
        """Seconds to wait before anything else leaves, 0 where Glide named none; None: Glide is not busy."""
        self._busy_in_a_row = 0
        self._broken: GlideError | None = None

    def send(self) -> None:
        with ThreadPoolExecutor(LANES, thread_name_prefix="push") as pool:
            while self._flying or self._may_leave([]):
                self._lease.go_on()
                landed = self._landed()
                leaving = self._fresh(self._leaving())
                if landed or leaving:
                    self._note(landed, leaving)
                noted = time.monotonic()
                self._flying |= {pool.submit(_write, self._run, call, noted): call for call in leaving}
                if self._pause is not None and not self._flying:
                    self._rest()
        if self._broken is not None:
            raise self._broken

    # --- leaving ------------------------------------------------------------------------------------------------------

    def _leaving(self) -> list[Call]:
        """The calls that may leave now."""
        leaving: list[Call] = []
        while sum(len(call.intents) for call in leaving) < NOTED_TOGETHER and self._may_leave(leaving):
            leaving.append(self._next.popleft())
        return leaving

    def _may_leave(self, leaving: Sequence[Call]) -> bool:
        """May one more, and is there one? Never two on one row: Glide keeps no order between calls."""
        if self._pause is not None or len(self._flying) + len(leaving) >= self._lanes:
            return False
        if not self._next:
            self._next.extend(islice(self._ready, 1))
        return bool(self._next) and all(
            self._next[0].rows.isdisjoint(call.rows) for call in (*self._flying.values(), *leaving)
        )

    def _fresh(self, leaving: list[Call]) -> list[Call]:
        """The calls to send. A Big Table's rows are looked at once more before a delete: no version guards that."""
        doomed = {
            each.glide_row_id: each
            for call in leaving
            for each in call.intents
            if each.operation == "delete" and each.glide_row_id
        }
        if not doomed or self._run.source.kind != "big":
            return leaving
        reread_rows(self._connection, self._run, list(doomed))
        with transaction(self._connection) as cursor:
            now = self._run.sides.at(cursor, list(doomed))
            unread = self._run.sides.unread(cursor, list(doomed))
        changed = {
            each.id: each
            for row_id, each in doomed.items()
            if row_id in unread or now.get(row_id) not in (None, each.before)
        }
        self._run.undone |= {each.link_id for each in changed.values()}
        return [left for call in leaving if (left := _without(call, changed)).intents]

    # --- coming back --------------------------------------------------------------------------------------------------

    def _landed(self) -> list[tuple[Call, list[Outcome]]]:
        """Calls that are back and what each was answered; waits for one when no other may leave."""
        if not self._flying:
            return []
        done, _ = wait(self._flying, 0 if self._may_leave([]) else None, return_when=FIRST_COMPLETED)
        return [(call, self._answer(future, call)) for future in done for call in [self._flying.pop(future)]]

    def _answer(self, future: Future[list[Outcome]], call: Call) -> list[Outcome]:
        try:
            return future.result()
        except GlideError as error:  # none of it was taken, nor would anything after it be
            self._break(error)
            return all_of(_ops(call), "busy", str(error))

    def _break(self, error: GlideError) -> None:
        self._broken, self._ready = error, iter(())
        self._next.clear()

    def _note(self, landed: Sequence[tuple[Call, Sequence[Outcome]]], leaving: Sequence[Call]) -> None:
        """Write down what these calls were answered, and that those leave."""
        with transaction(self._connection) as cursor:
            self._lease.check(cursor)
            capture.sign(cursor, self._run.job.mapping.id)
            for call, outcomes in landed:
                self._arrive(cursor, call, outcomes)
            for call in leaving:
                self._depart(cursor, call)
        for call, outcomes in landed:
            self._heed(call, outcomes)

    def _arrive(self, cursor: extensions.cursor, call: Call, outcomes: Sequence[Outcome]) -> None:
        known = {each.id: each for each in call.intents}
        if all(each.state == "accepted" and each.row_id == known[each.id].glide_row_id for each in outcomes):
            accepted(cursor, self._run, call.id, call.intents)
            return
        journal.unsent(cursor, [each.id for each in outcomes if each.state == "busy"])
        record(cursor, self._run, known, [each for each in outcomes if each.state != "busy"])

    def _depart(self, cursor: extensions.cursor, call: Call) -> None:
        mapping_id, log_id = self._run.job.mapping.id, self._run.job.log_id
        if call.lines is None:
            journal.send_again(cursor, mapping_id, call.id, [each.id for each in call.intents])
        else:
            journal.send(cursor, mapping_id, log_id, self._lease.epoch, call.id, call.lines)

    def _heed(self, call: Call, outcomes: Sequence[Outcome]) -> None:
        """What Glide was too busy for goes out again after a pause; a long calm makes room for more at once."""
        busy = {each.id: each.after or 0.0 for each in outcomes if each.state == "busy"}
        if len(busy) < len(outcomes):
            self._busy_in_a_row = 0
        self._calm = 0 if busy else self._calm + 1
        if self._calm >= CALM and self._lanes < LANES:
            self._lanes, self._calm = self._lanes + 1, 0
        if busy and self._broken is None:
            self._next.appendleft(_again(call, busy))
            self._pause = max(self._pause or 0.0, *busy.values())

    def _rest(self) -> None:
        """All are back, and Glide was too busy for some: wait as long as it asked, or longer each time."""
        self._busy_in_a_row += 1
        if self._busy_in_a_row > BUSY_TRIES:
            self._pause = None
            self._break(GlideBusy(f"Glide asked us to slow down {BUSY_TRIES} times in a row"))
            return
        pause = min(self._pause or 0.25 * 2**self._busy_in_a_row, LONGEST_PAUSE)
        self._pause, self._lanes = None, max(1, self._lanes // 2)
        self._lease.wait(pause, f"Waiting {pause:.0f} s: Glide asked us to slow down")


def _again(call: Call, busy: Container[str]) -> Call:
    """What Glide did not take of a call; it is in the journal already."""
    return Call(tuple(each for each in call.intents if each.id in busy), None)


def _without(call: Call, changed: Container[str]) -> Call:
    left = tuple(each for each in call.intents if each.id not in changed)
    return call if len(left) == len(call.intents) else Call(left, call.lines and journal.lines(left))


def _ops(call: Call) -> list[Op]:
    return [_op(each) for each in call.intents]


def _op(intent: Intent) -> Op:
    return Op(intent.id, intent.operation, intent.glide_row_id, intent.raw, intent.if_match)


def _write(run: Run, call: Call, noted: float) -> list[Outcome]:
    if time.monotonic() - noted > FREEZE:
        return all_of(_ops(call), "busy", "this process was frozen")
    return run.source.write(_ops(call))
