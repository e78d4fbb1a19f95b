"""Writes in doubt: what Glide only queued, what no answer came for, what a crash left between call and journal.

A read shows what became of each: done, not yet, or overtaken by somebody's edit. Only what certainly did not happen is
planned again. A create without an answer is looked for by its marker, else by its whole content; nothing is sent twice
while it may still be on its way.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from psycopg2 import extensions

from glsync.engine.merge import same
from glsync.engine.writing import is_same
from glsync.glide.push import Outcome
from glsync.postgres import capture
from glsync.store import journal, runs
from glsync.store.db import transaction
from glsync.store.journal import Intent
from glsync.store.lease import Lease
from glsync.store.problems import Trouble
from glsync.twoway.observe import Run, read_glide, reread_rows
from glsync.twoway.push import record
from glsync.values import Cells, Kind

PATIENCE = 3
"""Complete reads an accepted write may be missing from before it counts as not applied."""
PAUSES = (0.5, 2.0, 5.0)
"""Seconds before each look at what Glide queued in this run."""
POINT_READS = 200
"""Rows of a Big Table looked up one by one; beyond, reading it again is quicker."""
SETTLE = timedelta(seconds=60)
"""How long an add without an answer may still turn up; before that it is not sent again."""


def settle(connection: extensions.connection, run: Run, lease: Lease) -> frozenset[str]:
    """Find out, by the read just made, about every write in doubt. Returns the rows that must be left alone for now."""
    mapping_id = run.job.mapping.id
    with transaction(connection) as cursor:
        lease.check(cursor)
        capture.sign(cursor, mapping_id)
        journal.cancel_pending(cursor, mapping_id)
        intents = journal.still_open(cursor, mapping_id)
        if not intents:
            return frozenset()
        outcomes, waiting = _found_out(cursor, run, intents)
        record(cursor, run, {each.id: each for each in intents}, outcomes, seen=True)
        journal.seen_again(cursor, [each.id for each in waiting])
        return frozenset(name for each in waiting for name in _names(each))


def read_back(connection: extensions.connection, run: Run, lease: Lease) -> None:
    """Look at Glide again until what this run wrote is seen there, or long enough."""
    for pause in PAUSES:
        with transaction(connection) as cursor:
            if not journal.still_open(cursor, run.job.mapping.id):
                return
        if run.source.queues_writes:
            lease.wait(pause, "Waiting for Glide to apply what it queued")
        _look_again(connection, run, lease)
        settle(connection, run, lease)


def _look_again(connection: extensions.connection, run: Run, lease: Lease) -> None:
    """Bring the rows in doubt up to date: one by one where that is possible and cheap, else by a new read."""
    with transaction(connection) as cursor:
        ids = [each.glide_row_id for each in journal.still_open(cursor, run.job.mapping.id)]
    named = [row_id for row_id in ids if row_id]
    if run.source.kind != "big" or len(named) < len(ids) or len(named) > POINT_READS:
        read_glide(connection, run, lease, again=True)
    else:
        reread_rows(connection, run, named)


def _found_out(cursor: extensions.cursor, run: Run, intents: Sequence[Intent]) -> tuple[list[Outcome], list[Intent]]:
    there = run.sides.at(cursor, [each.glide_row_id for each in intents if each.glide_row_id])
    strangers = _Strangers(cursor, run) if any(_is_nameless(each) for each in intents) else None
    outcomes: list[Outcome] = []
    waiting: list[Intent] = []
    for intent in intents:
        if strangers is not None and _is_nameless(intent):
            found = strangers.find(cursor, run, intent)
        else:
            found = _state_of(run, intent, there.get(intent.glide_row_id or ""))
        if found is None:
            waiting.append(intent)
        else:
            outcomes.append(found)
    return outcomes, waiting


def _is_nameless(intent: Intent) -> bool:
    return intent.operation == "create" and intent.glide_row_id is None


def _state_of(run: Run, intent: Intent, now: Cells | None) -> Outcome | None:
    """What a read says of a write to a row we can name; None: not to be seen yet."""
    if intent.operation == "delete":
        if now is None:
            return Outcome(intent.id, "done", intent.glide_row_id)
        return _not_yet(intent, "the row is still there")
    if now is None:
        if intent.operation == "update":
            return Outcome(intent.id, "stale", intent.glide_row_id, "the row is gone from Glide")
        return _not_yet(intent, "the row has not appeared")
    if all(is_same(_kind(run, column), value, now.get(column)) for column, value in intent.cells.items()):
        _adopt(intent, now)
        return Outcome(intent.id, "done", intent.glide_row_id)
    before = intent.before or {}
    if intent.operation == "update" and all(same(before.get(column), now.get(column)) for column in intent.cells):
        return _not_yet(intent, "the cells still say what they said before")
    if intent.state == "accepted":  # applied and edited since: the base is what we sent, so the edit travels on
        return Outcome(intent.id, "done", intent.glide_row_id)
    return Outcome(intent.id, "stale", intent.glide_row_id, "somebody edited the row meanwhile")


def _not_yet(intent: Intent, said: str) -> Outcome | None:
    """Queued writes may come late; one that was never answered and did not happen is simply planned again."""
    if intent.state == "accepted" and intent.scans < PATIENCE:
        return None
    return Outcome(intent.id, "failed" if intent.state == "accepted" else "stale", intent.glide_row_id, said)


def _adopt(intent: Intent, now: Cells) -> None:
    """Glide's own form of what we sent becomes Glide's half of the base: the echo will equal it."""
    if intent.base_glide is not None:
        given_back = {column: now[column] for column in intent.cells if column in now}
        object.__setattr__(intent, "base_glide", {**intent.base_glide, **given_back})


def _kind(run: Run, column: str) -> Kind:
    return next(pair.kind for pair in run.target.pairs if pair.column == column)


def _names(intent: Intent) -> list[str]:
    """Under what the comparison may meet the row."""
    names = [f"pg:{intent.pg_key}"] if intent.pg_key else []
    return names + ([intent.glide_row_id] if intent.glide_row_id else [])


class _Strangers:
    """Rows of Glide that no link names: among them are adds whose answer was lost."""

    def __init__(self, cursor: extensions.cursor, run: Run) -> None:
        self.rows = {row_id: (cells, marker) for row_id, cells, marker in run.sides.unlinked(cursor)}
        self._is_late = run.since - SETTLE

    def find(self, cursor: extensions.cursor, run: Run, intent: Intent) -> Outcome | None:
        marked = [row_id for row_id, (_, marker) in self.rows.items() if marker == intent.link_id]
        equal = marked or [row_id for row_id, (cells, _) in self.rows.items() if _is_echo(run, intent, cells)]
        if not equal:
            return self._missing(cursor, run, intent)
        if len(equal) > 1:
            run.recorder.note(cursor, [_double(intent, equal, marked=bool(marked))])
        self.rows.pop(equal[0])
        _adopt(intent, run.sides.at(cursor, equal[:1])[equal[0]])
        return Outcome(intent.id, "done", equal[0])

    def _missing(self, cursor: extensions.cursor, run: Run, intent: Intent) -> Outcome | None:
        cursor.execute("select sent_at > now() - %s from glsync.intents where id = %s", (SETTLE, intent.id))
        if (cursor.fetchone() or (False,))[0]:
            return None
        if not run.job.mapping.marker_column:
            text = f"An add of the row with the key {intent.pg_key} got no answer and is sent again; it may come twice"
            runs.note(cursor, run.job.log_id, text, level="warning")
        return Outcome(intent.id, "stale", None, "not in Glide after a complete read")


def _is_echo(run: Run, intent: Intent, cells: Cells) -> bool:
    return all(is_same(_kind(run, column), value, cells.get(column)) for column, value in intent.cells.items())


def _double(intent: Intent, ids: Sequence[str], *, marked: bool) -> Trouble:
    how = "carry its marker" if marked else "say the same"
    return Trouble(
        "DUPLICATE_KEY",
        f"{len(ids)} rows of Glide {how} after an add whose answer was lost: {', '.join(ids[:5])}",
        row_id=ids[0],
        rule="one row of Glide for one row of Postgres",
        hint="The first of them is kept in step. Delete the others in Glide if they are copies.",
        record=dict(intent.cells),
    )
