"""One row looked at as a run would: what is remembered, what both sides say now, what a run now would do, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import msgspec
import psycopg2
from psycopg2 import extensions

from glsync.engine import explain
from glsync.engine.merge import merge
from glsync.glide import App
from glsync.postgres import capture
from glsync.postgres.sides import Difference, Now
from glsync.store import history, runs
from glsync.store.db import transaction
from glsync.store.history import Entry
from glsync.store.links import Link
from glsync.twoway.decide import seen_by_merge
from glsync.twoway.observe import Run, open_run, read_glide, reread_rows
from glsync.values import Cells, ColumnWhy, Decision, RowWhy, Seen


def look(connection: extensions.connection, job: runs.Job, app: App, row: str, *, in_glide: bool = True) -> RowWhy:
    """Look at one row. `row` is its id in Glide or its key in Postgres; nothing is written or remembered.

    Of a classic table the whole table has to be read for one row, which `in_glide` False leaves out: then Glide counts
    as saying what it last said.
    """
    run = open_run(connection, job, app.source(job.mapping.glide_table), dry=True)
    with transaction(connection) as cursor:
        capture.sign(cursor, job.mapping.id)
        held, link = _known(cursor, run, row)
    name = (link and link.glide_row_id) or (held and held.glide_row_id) or row
    if in_glide:
        _read(connection, run, name)
    with transaction(connection) as cursor:
        glide = run.sides.at(cursor, [name]).get(name) if in_glide else link.base_glide if link else None
        is_unread = name in run.sides.unread(cursor, [name])
    seen = _difference(name, held, link, glide)
    looked = seen_by_merge(seen)
    decision = _decided(run, looked)
    columns = tuple(_columns(run, looked, decision))
    return RowWhy(
        glide_row_id=name if glide is not None or is_unread or link or (held and held.glide_row_id) else None,
        pg_key=seen.pg_key,
        written_by=held.written_by if held else None,
        in_glide=None if is_unread or not in_glide else glide is not None,
        in_postgres=held is not None,
        is_linked=link is not None,
        told="Glide's cells cannot be read; see its errors." if is_unread else explain.of_row(looked, decision),
        columns=tuple(replace(one, why=explain.UNREAD) for one in columns) if is_unread else columns,
        price=run.reads,
    )


def _known(cursor: extensions.cursor, run: Run, row: str) -> tuple[Now | None, Link | None]:
    """The row in Postgres and its link, by whichever name it was asked for."""
    found = run.sides.now(cursor, [row], [])
    key = row if row.startswith("[") else msgspec.json.encode([row]).decode()
    held = found[0] if found else _by_key(cursor, run, key)
    asked = Entry("glide", "update", None, row, held.pg_key if held else key, None, None)
    found_links = history.links_among(cursor, run.job.mapping.id, [asked])
    link = found_links[0] if found_links else None
    if held is None and link is not None:
        again = run.sides.now(cursor, [link.glide_row_id] if link.glide_row_id else [], [])
        held = again[0] if again else _by_key(cursor, run, link.pg_key) if link.pg_key else None
    return held, link


def _by_key(cursor: extensions.cursor, run: Run, key: str) -> Now | None:
    """What was asked for may be no key at all: text where the key is a number, a name that is no uuid."""
    cursor.execute("savepoint key")
    try:
        msgspec.json.decode(key, type=list)
        found: Sequence[Now] = run.sides.now(cursor, [], [key])
    except (psycopg2.DataError, msgspec.MsgspecError):
        cursor.execute("rollback to savepoint key")
        return None
    return found[0] if found else None


def _read(connection: extensions.connection, run: Run, name: str) -> None:
    if run.source.kind == "big":
        reread_rows(connection, run, [name])
    else:
        read_glide(connection, run, None)


def _difference(name: str, held: Now | None, link: Link | None, glide: Cells | None) -> Difference:
    return Difference(
        k=name, link_id=link.id if link else None, glide_row_id=link.glide_row_id if link else name,
        pg_key=held.pg_key if held else link.pg_key if link else None, named=held.glide_row_id if held else None,
        base_glide=link.base_glide if link else None, base_postgres=link.base_postgres if link else None,
        glide=glide, postgres=held.cells if held else None, postgres_at=None, detached=link.detached if link else None,
    )  # fmt: skip


def _decided(run: Run, seen: Seen) -> Decision:
    mapping = run.job.mapping
    return merge(seen, run.rules, direction=mapping.direction, policy=mapping.conflict_policy, deletes=mapping.deletes)


def _columns(run: Run, seen: Seen, decision: Decision) -> list[ColumnWhy]:
    names = {pair.column: pair.glide_name for pair in run.target.pairs}
    base = seen.base
    return [
        ColumnWhy(
            column=rule.column,
            glide_name=names[rule.column],
            base=None if base is None else base.postgres.get(rule.column, base.glide.get(rule.column)),
            is_agreed=base is not None and rule.column in base.glide and rule.column in base.postgres,
            glide=None if seen.glide is None else seen.glide.get(rule.column),
            postgres=None if seen.postgres is None else seen.postgres.get(rule.column),
            policy=rule.policy,
            direction=rule.direction,
            why=explain.of_column(rule, run.job.mapping.direction, seen, decision),
        )
        for rule in run.rules
    ]
