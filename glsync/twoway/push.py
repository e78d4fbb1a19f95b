"""The Glide part of a plan: each row is in the journal before its call and after it; nothing is sent blindly twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

from psycopg2 import extensions

from glsync.engine.merge import base_so_far
from glsync.engine.writing import to_glide
from glsync.errors import GlideBusy
from glsync.glide.push import Op, Outcome, calls
from glsync.postgres import capture
from glsync.store import journal, links, runs
from glsync.store.db import transaction
from glsync.store.journal import Intent
from glsync.store.lease import Lease
from glsync.store.links import Link, Past
from glsync.store.problems import Trouble
from glsync.twoway.decide import Decided, Item, seen_by_merge
from glsync.twoway.observe import Run
from glsync.values import Base, Cells, Counts, Operation

AT_ONCE = 4
"""Calls under way together: most of what parallelism gives (docs/performance.md), kind to Glide's limits."""
BUSY_TRIES = 8
COUNTED: dict[Operation, str] = {"create": "created", "update": "updated", "delete": "deleted", "mark": "deleted"}


def push(connection: extensions.connection, run: Run, decided: Decided, lease: Lease) -> None:
    """Creates, then updates, then deletes, so that no row ever points to one that is not there yet."""
    for operation in ("create", "update", "delete"):
        intents = [_intent(run, item, operation) for item in decided.of("glide", operation)]
        if not intents:
            continue
        with transaction(connection) as cursor:
            lease.check(cursor)
            journal.add(cursor, run.job.mapping.id, run.job.log_id, lease.epoch, intents)
            if operation == "create":
                links.save(cursor, run.job.mapping.id, [_pending(each) for each in intents])
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
        base_postgres=base.postgres if base else None,
        if_match=run.version if run.source.kind == "big" else None,
        price=run.source.write_price,
    )


def _pending(intent: Intent) -> Link:
    """A row on its way into Glide: known by its key in Postgres until Glide has named it."""
    return Link(intent.link_id, None, intent.pg_key, None, None)


def _send_all(connection: extensions.connection, run: Run, intents: Sequence[Intent], lease: Lease) -> None:
    """A wave of calls at a time; an answer is written down before the next wave goes out."""
    known = {each.id: each for each in intents}
    ops = [Op(each.id, each.operation, each.glide_row_id, each.raw, each.if_match) for each in intents]
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="push") as pool:
        for wave in _waves(ops, run.source.most_per_call):
            lease.go_on()
            outcomes = _send(connection, run, wave, lease, pool)
            with transaction(connection) as cursor:
                lease.check(cursor)
                capture.sign(cursor, run.job.mapping.id)
                record(cursor, run, known, outcomes)


def _waves(ops: Sequence[Op], most: int) -> Iterator[list[tuple[Op, ...]]]:
    wave: list[tuple[Op, ...]] = []
    for call in calls(ops, most):
        wave.append(call)
        if len(wave) == AT_ONCE:
            yield wave
            wave = []
    if wave:
        yield wave


def _send(
    connection: extensions.connection, run: Run, wave: list[tuple[Op, ...]], lease: Lease, pool: ThreadPoolExecutor
) -> list[Outcome]:
    """Send a wave; calls Glide was too busy for go out again after a pause."""
    outcomes: list[Outcome] = []
    for tries_left in reversed(range(BUSY_TRIES)):
        with transaction(connection) as cursor:
            lease.check(cursor)
            journal.mark_sent(cursor, [op.id for call in wave for op in call])
        futures = [(call, pool.submit(run.source.write, call)) for call in wave]
        busy: list[tuple[Op, ...]] = []
        pause = 0.0
        for call, future in futures:
            try:
                outcomes += future.result()
            except GlideBusy as error:
                busy.append(call)
                pause = max(pause, error.retry_after or 0.5 * 2 ** (BUSY_TRIES - tries_left))
                if not tries_left:
                    raise
        if not busy:
            return outcomes
        with transaction(connection) as cursor:
            journal.unsent(cursor, [op.id for call in busy for op in call])
        lease.wait(min(pause, 60.0), f"Waiting {pause:.0f} s: Glide asked us to slow down")
        wave = busy
    return outcomes


def record(
    cursor: extensions.cursor, run: Run, known: dict[str, Intent], outcomes: Sequence[Outcome], *, seen: bool = False
) -> None:
    """Write down what became of these writes, and what follows from it.

    A row Glide named gets its name on both sides at once. `accepted` is no promise: the base moves, and the journal
    keeps the write open until a read has shown it.
    """
    mapping_id = run.job.mapping.id
    journal.mark(cursor, [(each.id, _state(each.state), each.row_id, each.said) for each in outcomes])
    good = [(known[each.id], each) for each in outcomes if each.state in ("done", "accepted")]
    kept = [_link(intent, outcome) for intent, outcome in good if intent.operation != "delete"]
    links.save(cursor, mapping_id, kept)
    links.forget(cursor, [intent.link_id for intent, outcome in good if _is_over(intent, outcome)])
    run.sides.name(
        cursor,
        [
            {"pg_key": links.key_of(intent.pg_key), "glide_row_id": outcome.row_id}
            for intent, outcome in good
            if intent.operation == "create" and outcome.row_id and intent.pg_key
        ],
    )
    if not seen:
        run.writes += sum(intent.price for intent, _ in good)
        links.remember_past(cursor, mapping_id, run.job.log_id, [_past(intent, outcome) for intent, outcome in good])
    for intent, outcome in good:
        if outcome.state == "done":
            run.counts += Counts(**{COUNTED[intent.operation]: 1})
    failed = [(known[each.id], each) for each in outcomes if each.state == "failed"]
    run.recorder.note(cursor, [_trouble(intent, outcome) for intent, outcome in failed])
    run.counts += Counts(failed=len(failed))
    runs.progress(cursor, run.job.log_id, "push", run.counts, run.reads + run.writes, None)


def _state(state: str) -> str:
    return "cancelled" if state == "stale" else state


def _link(intent: Intent, outcome: Outcome) -> Link:
    base = Base(intent.base_glide or {}, intent.base_postgres or {})
    return Link(intent.link_id, outcome.row_id or intent.glide_row_id, intent.pg_key, base.glide, base.postgres)


def _is_over(intent: Intent, outcome: Outcome) -> bool:
    """A delete ends the link; one that Glide only queued keeps it until a read shows the row gone."""
    return intent.operation == "delete" and outcome.state == "done"


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
    return Trouble(
        "API_ERROR",
        f"Glide refused to {intent.operation} row {row}: {outcome.said}",
        row_id=intent.glide_row_id or f"pg:{intent.pg_key}",
        rule=outcome.said,
        hint="Correct the row in Postgres or the column in Glide; then press Retry.",
        retryable=True,
        record=dict(intent.cells),
    )
