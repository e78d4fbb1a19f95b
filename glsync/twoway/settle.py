"""Writes in doubt: what Glide only queued, what no answer came for, what a crash left between call and journal.

A read shows what became of each: done, not yet, or overtaken by somebody's edit. Only what certainly did not happen is
planned again. A create without an answer is looked for by its marker, else by its whole content; nothing is sent twice
while it may still be on its way.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import timedelta

from msgspec.structs import replace
from psycopg2 import extensions

from glsync.engine.merge import same
from glsync.engine.writing import is_same
from glsync.glide.push import Outcome
from glsync.postgres import capture
from glsync.store import journal, links, runs
from glsync.store.db import transaction
from glsync.store.journal import Intent
from glsync.store.lease import Lease
from glsync.store.problems import Trouble
from glsync.twoway.absences import is_whole
from glsync.twoway.observe import POINT_READS, Run, read_glide, reread_rows
from glsync.twoway.record import count, record
from glsync.values import Cells, Kind

PAUSES = (0.5, 2.0, 5.0)
"""Seconds from the last write to the first look at what this run wrote, and from each look to the next."""
clock = time.monotonic
SETTLE = timedelta(seconds=150)
"""How long a write without an answer may still turn up, longer than any call takes; until then it is not repeated."""
PATIENCE = 3
APPLY = timedelta(minutes=5)
"""An accepted write that so many reads did not show, for so long, counts as not applied."""

Found = tuple[Intent, Outcome]


def settle(connection: extensions.connection, run: Run, lease: Lease) -> frozenset[str]:
    """Find out, by the read just made, about every write in doubt. Returns the rows that must be left alone for now."""
    mapping_id = run.job.mapping.id
    proves = _proves_absence(connection, run)
    with transaction(connection) as cursor:
        lease.check(cursor)
        capture.sign(cursor, mapping_id)
        journal.cancel_pending(cursor, mapping_id)
        journal.keep_past(cursor, mapping_id)
        if shown := journal.seen(cursor, mapping_id):
            count(run, shown)
            runs.progress(cursor, run.job.log_id, "push", run.counts, run.reads + run.writes, None)
        intents = journal.still_open(cursor, mapping_id)
        if not intents:
            journal.forget_calls(cursor, mapping_id)
            return frozenset()
        found, waiting, suspects = _found_out(cursor, run, intents, proves=proves)
        record(cursor, run, {intent.id: intent for intent, _ in found}, [outcome for _, outcome in found], seen=True)
        journal.seen_again(cursor, [each.id for each in waiting])
        run.undone |= {each.link_id for each in waiting}
        return names_of(waiting) | suspects


def _proves_absence(connection: extensions.connection, run: Run) -> tuple[bool, bool]:
    """Is a row that the last read did not meet not in Glide? One that Glide has named, and one that it has not.

    Found out only where a write in doubt hangs on it. Named rows of a Big Table are looked up one by one.
    """
    with transaction(connection) as cursor:
        unmet = journal.unmet(cursor, run.job.mapping.id, SETTLE)
    named = [row_id for row_id in unmet if row_id]
    if run.source.kind != "big" or len(named) > POINT_READS:
        is_proof = not unmet or is_whole(connection, run)
        return is_proof, is_proof
    if named:
        reread_rows(connection, run, named)
    return True, len(named) == len(unmet) or is_whole(connection, run)


def read_back(connection: extensions.connection, run: Run, lease: Lease) -> int:
    """Look at Glide again until what this run wrote is seen there, or long enough; how many writes stay in doubt."""
    begun = clock()
    with transaction(connection) as cursor:
        lease.check(cursor)
        journal.keep_past(cursor, run.job.mapping.id)
    for number, pause in enumerate(PAUSES):
        left = _left(connection, run)
        if not left:
            return 0
        if number or run.source.queues_writes:
            lease.wait(max(0.0, pause - (clock() - begun)), f"Waiting for Glide to show {len(left):,} writes")
        begun = clock()
        named = [row_id for row_id in left if row_id]
        look_again(connection, run, lease, named if len(named) == len(left) else None)
        settle(connection, run, lease)
        if run.job.mapping.filter:  # what was written may have left it, and so be out of our hands
            with transaction(connection) as cursor:
                lease.check(cursor)
                links.let_go(cursor, run.job.mapping.id)
    return len(_left(connection, run))


def _left(connection: extensions.connection, run: Run) -> list[str | None]:
    """Rows with a write in doubt, by Glide's name as far as they have one."""
    with transaction(connection) as cursor:
        return journal.rows_open(cursor, run.job.mapping.id)


def names_of(intents: Sequence[Intent]) -> frozenset[str]:
    """Under what the comparison may meet these rows."""
    keys = {f"pg:{each.pg_key}" for each in intents if each.pg_key}
    return frozenset(keys | {each.glide_row_id for each in intents if each.glide_row_id})


def look_again(connection: extensions.connection, run: Run, lease: Lease, rows: Sequence[str] | None) -> None:
    """Bring these rows up to date: one by one where that is possible and cheap, else (None too) by a new read."""
    if rows is None or run.source.kind != "big" or len(rows) > POINT_READS:
        read_glide(connection, run, lease, again=True)
    else:
        reread_rows(connection, run, rows)


def _found_out(
    cursor: extensions.cursor, run: Run, intents: Sequence[Intent], *, proves: tuple[bool, bool]
) -> tuple[list[Found], list[Intent], frozenset[str]]:
    """What became of each, those nobody can tell of yet, and rows of Glide that may be one of these.

    `proves`: a row with a name, and one without, that was not met is not in Glide.
    """
    named = [each.glide_row_id for each in intents if each.glide_row_id]
    there, unread = run.sides.at(cursor, named), run.sides.unread(cursor, named)
    strangers = _Strangers(cursor, run, proves=proves[1]) if len(named) < len(intents) else None
    found: list[Found] = []
    waiting: list[Intent] = []
    for intent in intents:
        if intent.glide_row_id in unread:
            known = None
        elif strangers is not None and intent.operation == "create" and intent.glide_row_id is None:
            known = strangers.find(cursor, intent)
        else:
            known = _state_of(run, intent, there.get(intent.glide_row_id or ""), proves=proves[0])
        if known is None:
            waiting.append(intent)
        else:
            found.append(known)
    if strangers is None:
        return found, waiting, frozenset()
    run.recorder.note(cursor, strangers.doubles())
    return found, waiting, strangers.suspects(waiting)


def _state_of(run: Run, intent: Intent, now: Cells | None, *, proves: bool) -> Found | None:
    """What a read says of a write to a row we can name; None: nobody can tell yet."""
    if now is None:
        return _not_met(intent, proves=proves)
    if intent.operation == "delete":
        return _not_yet(intent, "the row is still there")
    arrived = _arrived(run, intent, now)
    if arrived.keys() == intent.cells.keys():
        return _done(_adopted(intent, arrived))
    before = intent.before or {}
    if any(not same(before.get(column), intent.cells[column]) for column in arrived):
        return _done(_adopted(intent, arrived))  # it happened, and somebody edited the row since: their edit travels on
    if intent.operation == "update" and all(same(before.get(column), now.get(column)) for column in intent.cells):
        return _not_yet(intent, "the cells still say what they said before")
    if intent.state == "accepted":
        return _done(intent)
    return _not_yet(intent, "somebody edited the row meanwhile")


def _not_met(intent: Intent, *, proves: bool) -> Found | None:
    """The same of a row that the read did not meet."""
    if intent.operation == "delete" and intent.state == "accepted":
        return _done(intent)  # if the row is not gone, it will be
    if intent.operation == "create":
        return _not_yet(intent, "the row has not appeared", proves=proves)
    if not proves:
        return None
    if intent.operation == "delete":
        return _done(intent)
    return intent, Outcome(intent.id, "stale", intent.glide_row_id, "the row is gone from Glide")


def _not_yet(intent: Intent, said: str, *, proves: bool = True) -> Found | None:
    """Queued writes may come late, and so may those that were never answered; after that they are planned again.

    Several reads that did not meet the row are proof enough where the table moves under every one of them.
    """
    if intent.state == "accepted":
        if intent.scans < PATIENCE or intent.age < APPLY:
            return None
        return intent, Outcome(intent.id, "failed", intent.glide_row_id, said)
    if intent.age < SETTLE or (not proves and intent.scans < PATIENCE):
        return None
    return intent, Outcome(intent.id, "stale", intent.glide_row_id, said)


def _done(intent: Intent, row_id: str | None = None) -> Found:
    return intent, Outcome(intent.id, "done", row_id or intent.glide_row_id)


def _arrived(run: Run, intent: Intent, now: Cells) -> Cells:
    """The cells that say what we sent, in Glide's own form."""
    return {
        column: now.get(column)
        for column, value in intent.cells.items()
        if is_same(_kind(run, column), value, now.get(column))
    }


def _adopted(intent: Intent, arrived: Cells) -> Intent:
    """Glide's own form of what we sent becomes Glide's half of the base: the echo will equal it."""
    base = intent.base_glide or {}
    return replace(intent, base_glide={**base, **{column: arrived[column] for column in arrived if column in base}})


def _kind(run: Run, column: str) -> Kind:
    return next(pair.kind for pair in run.target.pairs if pair.column == column)


class _Strangers:
    """Rows of Glide that nothing of ours names: among them are adds whose answer was lost."""

    def __init__(self, cursor: extensions.cursor, run: Run, *, proves: bool) -> None:
        self._run, self._proves = run, proves
        self._rows = {row_id: (cells, marker) for row_id, cells, marker in run.sides.unlinked(cursor)}
        self._unread = run.sides.unread_markers(cursor)
        self._equal: list[tuple[Intent, list[str]]] = []

    def find(self, cursor: extensions.cursor, intent: Intent) -> Found | None:
        """The row this add became: with a marker column by that alone, else by its whole content or its match key."""
        if self._run.job.mapping.marker_column:
            equal = [row_id for row_id, (_, marker) in self._rows.items() if marker == intent.link_id]
        else:
            equal = self._like(intent, list(intent.cells)) or self._like(intent, self._run.job.mapping.match_key)
        if not equal and intent.link_id in self._unread:
            return None  # it came, and somebody spoiled it: it waits until it can be read
        if not equal:
            return self._missing(cursor, intent)
        self._equal.append((intent, equal))
        cells, _ = self._rows.pop(equal[0])
        return _done(_adopted(intent, _arrived(self._run, intent, cells)), equal[0])

    def doubles(self) -> list[Trouble]:
        """What was adopted and is there once more; copies with a marker are told of where markers are compared."""
        if self._run.job.mapping.marker_column:
            return []
        left = [(intent, ids[0], [row_id for row_id in ids if row_id in self._rows]) for intent, ids in self._equal]
        return [_double(intent, [first, *more]) for intent, first, more in left if more]

    def _missing(self, cursor: extensions.cursor, intent: Intent) -> Found | None:
        known = _not_yet(intent, "not in Glide after a complete read", proves=self._proves)
        if known and not self._run.job.mapping.marker_column:
            text = f"An add of the row with the key {intent.pg_key} got no answer and is sent again; it may come twice"
            runs.note(cursor, self._run.job.log_id, text, level="warning")
        return known

    def suspects(self, waiting: Sequence[Intent]) -> frozenset[str]:
        """Rows that may be an add in doubt, edited since: taken for new they would be doubles, so they wait with it."""
        is_open = any(each.operation == "create" and each.glide_row_id is None for each in waiting)
        return frozenset(self._rows) if is_open and not self._run.job.mapping.marker_column else frozenset()

    def _like(self, intent: Intent, columns: Sequence[str]) -> list[str]:
        """Rows that say in these columns what we sent."""
        sent = {column: intent.cells.get(column) for column in columns}
        if not any(value is not None for value in sent.values()):
            return []
        like = replace(intent, cells=sent)
        return [
            row_id
            for row_id, (cells, _) in self._rows.items()
            if _arrived(self._run, like, cells).keys() == sent.keys()
        ]


def _double(intent: Intent, ids: Sequence[str]) -> Trouble:
    return Trouble(
        "DUPLICATE_KEY",
        f"{len(ids)} rows of Glide say the same after an add whose answer was lost: {', '.join(ids[:5])}",
        row_id=ids[0],
        rule="one row of Glide for one row of Postgres",
        hint="The first of them is kept in step. Delete the others in Glide if they are copies.",
        record=dict(intent.cells),
    )
