"""The Glide part of a plan: each row is in the journal before its call and after it; nothing is sent blindly twice."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import count
from uuid import uuid4

from psycopg2 import extensions

from glsync.engine.merge import base_so_far
from glsync.engine.writing import to_glide
from glsync.errors import GlideBusy, GlideError
from glsync.glide.push import Op, Outcome, all_of, calls
from glsync.postgres import capture
from glsync.store import journal, links, runs
from glsync.store.db import transaction
from glsync.store.journal import Intent
from glsync.store.lease import Lease
from glsync.store.links import Link, Past
from glsync.store.problems import Trouble
from glsync.twoway.decide import Decided, Item, seen_by_merge
from glsync.twoway.observe import Run, reread_rows
from glsync.values import Base, Cells, Counts, Operation

AT_ONCE = 4
"""Calls under way together: most of what parallelism gives, and kind to Glide's limits."""
BUSY_TRIES = 8
LONGEST_PAUSE = 60.0
FREEZE = 60.0
"""Seconds between the journal and the call; a process that slept longer may have lost the mapping and sends nothing."""
COUNTED: dict[Operation, str] = {"create": "created", "update": "updated", "delete": "deleted", "mark": "deleted"}


def push(connection: extensions.connection, run: Run, decided: Decided, lease: Lease) -> None:
    """Creates, then updates, then deletes, so that no row ever points to one that is not there yet."""
    for operation in ("create", "update", "delete"):
        items = decided.of("glide", operation)
        if not items:
            continue
        intents = [_intent(run, item, operation) for item in items]
        with transaction(connection) as cursor:
            lease.check(cursor)
            capture.sign(cursor, run.job.mapping.id)
            journal.add(cursor, run.job.mapping.id, run.job.log_id, lease.epoch, intents)
            if operation == "create":
                _prepare_creates(cursor, run, items, intents)
        _send_all(connection, run, intents, lease)


def _intent(run: Run, item: Item, operation: Operation) -> Intent:
    change = item.change("glide")
    cells: Cells = change.cells if change else {}
    pairs = {pair.column: pair for pair in run.target.pairs}
    raw = {pairs[column].glide_id: to_glide(pairs[column].kind, value) for column, value in cells.items()}
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


def _prepare_creates(cursor: extensions.cursor, run: Run, items: Sequence[Item], intents: Sequence[Intent]) -> None:
    """Rows on their way into Glide are known by their key in Postgres until Glide has named them anew."""
    links.save(cursor, run.job.mapping.id, [Link(each.link_id, None, each.pg_key, None, None) for each in intents])
    old_names = [item.seen for item in items if item.seen.named]
    run.sides.name(
        cursor,
        [{"pg_key": links.key_of(seen.pg_key), "glide_row_id": None, "was": seen.named} for seen in old_names],
    )


# --- sending ---------------------------------------------------------------------------------------------------------


def _send_all(connection: extensions.connection, run: Run, intents: Sequence[Intent], lease: Lease) -> None:
    """A wave of calls at a time; each answer is written down before the next wave goes out."""
    known = {each.id: each for each in intents}
    ops = [Op(each.id, each.operation, each.glide_row_id, each.raw, each.if_match) for each in intents]
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="push") as pool:
        for wave in _waves(list(calls(ops, run.source.most_per_call))):
            _send_wave(connection, run, _fresh(connection, run, wave, known), known, lease, pool)


def _waves(sent: Sequence[tuple[Op, ...]]) -> Iterator[Sequence[tuple[Op, ...]]]:
    for start in range(0, len(sent), AT_ONCE):
        yield sent[start : start + AT_ONCE]


def _fresh(
    connection: extensions.connection, run: Run, wave: Sequence[tuple[Op, ...]], known: dict[str, Intent]
) -> list[tuple[Op, ...]]:
    """The calls to send. A Big Table's rows are looked at once more before they are deleted: no version guards that."""
    doomed = {op.row_id: known[op.id] for call in wave for op in call if op.operation == "delete" and op.row_id}
    if not doomed or run.source.kind != "big":
        return list(wave)
    reread_rows(connection, run, list(doomed))
    with transaction(connection) as cursor:
        now, unread = run.sides.at(cursor, list(doomed)), run.sides.unread(cursor, list(doomed))
        changed = {
            intent.id
            for row_id, intent in doomed.items()
            if row_id in unread or now.get(row_id) not in (None, intent.before)
        }
        record(cursor, run, known, [Outcome(id_, "stale", said="edited in Glide just now") for id_ in sorted(changed)])
    return _only(wave, lambda op: op.id not in changed)


def _only(wave: Sequence[tuple[Op, ...]], wanted: Callable[[Op], bool]) -> list[tuple[Op, ...]]:
    return [left for call in wave if (left := tuple(op for op in call if wanted(op)))]


def _send_wave(
    connection: extensions.connection,
    run: Run,
    wave: Sequence[tuple[Op, ...]],
    known: dict[str, Intent],
    lease: Lease,
    pool: ThreadPoolExecutor,
) -> None:
    """Send a wave; what Glide was too busy for goes out again after a pause.

    Raises:
        GlideError: nothing more can be written; what was answered is written down.
    """
    for attempt in count(1):
        lease.go_on()
        outcomes, error = _send(connection, run, wave, lease, pool)
        busy = {each.id: each.after for each in outcomes if each.state == "busy"}
        with transaction(connection) as cursor:
            lease.check(cursor)
            capture.sign(cursor, run.job.mapping.id)
            journal.unsent(cursor, list(busy))
            record(cursor, run, known, [each for each in outcomes if each.id not in busy])
        if error is not None:
            raise error
        if not busy:
            return
        if attempt == BUSY_TRIES:
            raise GlideBusy(f"Glide asked us to slow down {BUSY_TRIES} times in a row")
        pause = min(max((each for each in busy.values() if each), default=0.25 * 2**attempt), LONGEST_PAUSE)
        lease.wait(pause, f"Waiting {pause:.0f} s: Glide asked us to slow down")
        wave = _only(wave, lambda op: op.id in busy)  # noqa: B023  # used at once


def _send(
    connection: extensions.connection,
    run: Run,
    wave: Sequence[tuple[Op, ...]],
    lease: Lease,
    pool: ThreadPoolExecutor,
) -> tuple[list[Outcome], GlideError | None]:
    """Each call of the wave, once; the error that makes further calls pointless, if there was one."""
    with transaction(connection) as cursor:
        lease.check(cursor)
        journal.mark_sent(cursor, [op.id for call in wave for op in call])
    noted = time.monotonic()
    answers: list[tuple[tuple[Op, ...], Future[list[Outcome]]]] = [
        (call, pool.submit(_write, run, call, noted)) for call in wave
    ]
    outcomes: list[Outcome] = []
    broken: GlideError | None = None
    for call, answer in answers:
        try:
            outcomes += answer.result()
        except GlideError as error:
            broken = error
            outcomes += all_of(call, "busy", str(error))
    return outcomes, broken


def _write(run: Run, call: Sequence[Op], noted: float) -> list[Outcome]:
    if time.monotonic() - noted > FREEZE:
        return all_of(call, "busy", "this process was frozen")
    return run.source.write(call)


# --- writing down ----------------------------------------------------------------------------------------------------


def record(
    cursor: extensions.cursor, run: Run, known: dict[str, Intent], outcomes: Sequence[Outcome], *, seen: bool = False
) -> None:
    """Write down what became of these writes, and what follows from it.

    A row Glide named gets its name on both sides at once. `accepted` is no promise: the base stays where it was, and
    nobody decides on the row, until a read (`seen`) has shown the write.
    """
    pairs = [(known[each.id], each) for each in outcomes]
    journal.mark(cursor, [(each.id, _state(each.state), each.row_id, each.said) for each in outcomes])
    happened = [(intent, each) for intent, each in pairs if each.state in ("accepted", "done")]
    done = [(intent, each) for intent, each in happened if each.state == "done"]
    failed = [(intent, each) for intent, each in pairs if each.state == "failed"]
    _name(cursor, run, [(intent, each) for intent, each in happened if intent.operation == "create" and each.row_id])
    _unname(cursor, run, [intent for intent, each in failed if intent.operation == "create" and each.row_id])
    links.save(
        cursor, run.job.mapping.id, [_link(intent, each) for intent, each in done if intent.operation != "delete"]
    )
    links.forget(cursor, [intent.link_id for intent, _ in done if intent.operation == "delete"])
    _account(cursor, run, [(intent, each) for intent, each in happened if intent.state != "accepted" or not seen])
    for intent, _ in done:
        run.counts += Counts(**{COUNTED[intent.operation]: 1})
    run.recorder.note(cursor, [_trouble(intent, each) for intent, each in failed])
    run.counts += Counts(failed=len(failed))
    run.undone |= {intent.link_id for intent, each in pairs if each.state not in ("accepted", "done")}
    runs.progress(cursor, run.job.log_id, "push", run.counts, run.reads + run.writes, None)


def _state(state: str) -> str:
    return "cancelled" if state == "stale" else state


def _name(cursor: extensions.cursor, run: Run, created: Sequence[tuple[Intent, Outcome]]) -> None:
    links.name(cursor, {intent.link_id: outcome.row_id for intent, outcome in created})
    rows = [
        {"pg_key": links.key_of(intent.pg_key), "glide_row_id": outcome.row_id, "was": None}
        for intent, outcome in created
        if intent.pg_key
    ]
    run.sides.name(cursor, rows)


def _unname(cursor: extensions.cursor, run: Run, lost: Sequence[Intent]) -> None:
    """Rows Glide named and never showed: they will be added again, under another name."""
    links.name(cursor, dict.fromkeys((intent.link_id for intent in lost), None))
    rows = [
        {"pg_key": links.key_of(intent.pg_key), "glide_row_id": None, "was": intent.glide_row_id} for intent in lost
    ]
    run.sides.name(cursor, rows)


def _link(intent: Intent, outcome: Outcome) -> Link:
    base = Base(intent.base_glide or {}, intent.base_postgres or {})
    return Link(intent.link_id, outcome.row_id or intent.glide_row_id, intent.pg_key, base.glide, base.postgres)


def _account(cursor: extensions.cursor, run: Run, taken: Sequence[tuple[Intent, Outcome]]) -> None:
    """What Glide took is paid for, and what it replaced is kept."""
    run.writes += sum(intent.price for intent, _ in taken)
    links.remember_past(
        cursor, run.job.mapping.id, run.job.log_id, [_past(intent, outcome) for intent, outcome in taken]
    )


def _past(intent: Intent, outcome: Outcome) -> Past:
    after = None if intent.operation == "delete" else {**(intent.before or {}), **intent.cells}
    return Past(
        intent.link_id,
        "glide",
        intent.operation,
        outcome.row_id or intent.glide_row_id,
        intent.pg_key,
        intent.before,
        after,
    )


def _trouble(intent: Intent, outcome: Outcome) -> Trouble:
    row = intent.glide_row_id or f"with the key {intent.pg_key}"
    is_late = intent.state == "accepted"
    said = "accepted it, and no read ever showed it" if is_late else f"refused to {intent.operation} it"
    return Trouble(
        "APPLY_NOT_OBSERVED" if is_late else "API_ERROR",
        f"Row {row}: Glide {said}: {outcome.said}",
        row_id=intent.glide_row_id or f"pg:{intent.pg_key}",
        rule=outcome.said,
        hint="The next run writes it again."
        if is_late
        else "Correct the row in Postgres or the column in Glide; then press Retry.",
        retryable=True,
        record=dict(intent.cells),
    )
