"""What became of writes to Glide, and what follows: names on both sides, the base, history, price, errors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from psycopg2 import extensions

from glsync.glide.push import Outcome
from glsync.store import journal, links, runs
from glsync.store.journal import Intent
from glsync.store.links import Link
from glsync.store.problems import Trouble
from glsync.twoway.observe import Run
from glsync.values import Base, Counts, Operation

COUNTED: dict[Operation, str] = {"create": "created", "update": "updated", "delete": "deleted", "mark": "deleted"}


def record(
    cursor: extensions.cursor, run: Run, known: dict[str, Intent], outcomes: Sequence[Outcome], *, seen: bool = False
) -> None:
    """Write down what became of these writes, and what follows from it.

    What Glide took is paid for, and what it replaced is kept. A row Glide named gets its name on both sides at once.
    `accepted` is no promise: the base stays where it was, and nobody decides on the row, until a read (`seen`) has
    shown the write.
    """
    pairs = [(known[each.id], each) for each in outcomes]
    happened = [(intent, each) for intent, each in pairs if each.state in ("accepted", "done")]
    taken = {intent.id for intent, _ in happened if intent.state != "accepted" or not seen}
    journal.mark(
        cursor,
        run.job.log_id,
        [(each.id, _state(each.state), each.row_id, each.said, each.id in taken) for each in outcomes],
    )
    done = [(intent, each) for intent, each in happened if each.state == "done"]
    failed = [(intent, each) for intent, each in pairs if each.state == "failed"]
    _name(cursor, run, [(intent, each) for intent, each in happened if intent.operation == "create" and each.row_id])
    _unname(cursor, run, [intent for intent, each in failed if intent.operation == "create" and each.row_id])
    links.save(cursor, run.job.mapping.id, [_link(intent, each) for intent, each in done if not _is_over(intent)])
    links.forget(cursor, [intent.link_id for intent, _ in done if _is_over(intent)])
    run.writes += sum(known[id_].price for id_ in taken)
    count(run, Counter(intent.operation for intent, _ in done))
    run.recorder.note(cursor, [_trouble(intent, each) for intent, each in failed])
    run.counts += Counts(failed=len(failed))
    run.undone |= {intent.link_id for intent, each in pairs if each.state not in ("accepted", "done")}
    runs.progress(cursor, run.job.log_id, "push", run.counts, run.reads + run.writes, None)


def accepted(cursor: extensions.cursor, run: Run, call_id: str, intents: Sequence[Intent]) -> None:
    """All writes of a call were accepted and no row got a name: noted once for all of them, and paid for."""
    journal.accepted(cursor, call_id)
    run.writes += sum(each.price for each in intents)
    runs.progress(cursor, run.job.log_id, "push", run.counts, run.reads + run.writes, None)


def count(run: Run, done: Mapping[Operation, int]) -> None:
    for operation, number in done.items():
        run.counts += Counts(**{COUNTED[operation]: number})


def _is_over(intent: Intent) -> bool:
    """Is the row on neither side now? One that an undo took away from Glide still is in Postgres."""
    return intent.operation == "delete" and intent.base_glide is None


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
