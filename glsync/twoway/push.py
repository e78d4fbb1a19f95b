"""The Glide part of a plan: what is to be written there, call by call, on its way through the journal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from uuid import uuid4

from psycopg2 import extensions

from glsync.engine.writing import to_glide
from glsync.glide.push import calls
from glsync.postgres import capture
from glsync.store import links
from glsync.store.db import transaction
from glsync.store.journal import Intent
from glsync.store.lease import Lease
from glsync.store.links import Link
from glsync.twoway import refer
from glsync.twoway.decided import Decided, Item
from glsync.twoway.observe import Run
from glsync.twoway.sending import send
from glsync.values import Cells, ColumnPair, Counts, Operation


def push(connection: extensions.connection, run: Run, decided: Decided, lease: Lease) -> None:
    """Creates, then updates, then deletes, so that no row ever points to one that is not there yet."""
    _tell_unreadable(connection, run, decided, lease)
    for operation in ("create", "update", "delete"):
        items = decided.of("glide", operation)
        if not items:
            continue
        if run.target.references:
            with transaction(connection) as cursor:
                refer.learn_names(cursor, run, items)
        if operation == "create":
            with transaction(connection) as cursor:
                lease.check(cursor)
                capture.sign(cursor, run.job.mapping.id)
                _prepare_creates(cursor, run, items)
        send(connection, run, lease, _calls(run, items, operation))


def _tell_unreadable(connection: extensions.connection, run: Run, decided: Decided, lease: Lease) -> None:
    """Rows of which nothing goes to Glide, with the cells it could not give back."""
    left = {item.link.id for item in decided.items} & decided.unreadable.keys()
    if not left:
        return
    run.undone |= left
    with transaction(connection) as cursor:
        lease.check(cursor)
        run.recorder.note(cursor, [each for link in sorted(left) for each in decided.unreadable[link]])
    run.counts += Counts(failed=len(left))


def _calls(run: Run, items: Sequence[Item], operation: Operation) -> Iterator[list[Intent]]:
    pairs = {pair.column: pair for pair in run.target.pairs}
    refers = frozenset(each.column for each in run.target.references)
    for together in calls(items, run.source.most_per_call(operation), lambda item: item.seen.glide_row_id):
        yield [_intent(run, item, operation, pairs, refers) for item in together]


def _intent(
    run: Run, item: Item, operation: Operation, pairs: Mapping[str, ColumnPair], refers: frozenset[str]
) -> Intent:
    """The write, its cells as Glide takes them: a reference by the row id of its parent."""
    change = item.change("glide")
    cells: Cells = change.cells if change else {}
    raw = {
        pairs[column].glide_id: refer.row_id(run, column, value)
        if column in refers
        else to_glide(pairs[column].kind, value)
        for column, value in cells.items()
    }
    if operation == "create" and run.job.mapping.marker_column:
        raw[run.job.mapping.marker_column] = item.link.id
    base, given_back = item.decision.base, run.given_back.get(item.link.id)  # Postgres is written by now
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
        base_postgres=({**base.postgres, **given_back} if given_back else base.postgres) if base else None,
        if_match=run.version if run.source.kind == "big" else None,
        price=run.source.write_price,
    )


def _prepare_creates(cursor: extensions.cursor, run: Run, items: Sequence[Item]) -> None:
    """Rows on their way into Glide are known by their key in Postgres until Glide has named them anew."""
    links.save(cursor, run.job.mapping.id, [Link(each.link.id, None, each.seen.pg_key, None, None) for each in items])
    links.name(cursor, dict.fromkeys((item.link.id for item in items if item.link.glide_row_id), None))
    old_names = [item.seen for item in items if item.seen.named]
    run.sides.name(
        cursor,
        [{"pg_key": links.key_of(seen.pg_key), "glide_row_id": None, "was": seen.named} for seen in old_names],
    )
