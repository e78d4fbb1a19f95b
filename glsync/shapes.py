"""Have the tables changed since the mapping was made? What a run does about it: tell it, read by new kinds, or stop."""

from __future__ import annotations

from dataclasses import replace

from psycopg2 import extensions, sql

from glsync.engine.drift import Drift, Shape, drifts, renewed, shape_of
from glsync.errors import GlideError, SchemaDrift
from glsync.glide import App
from glsync.postgres import tables
from glsync.postgres.statement import statement
from glsync.store import runs, shapes
from glsync.store.db import transaction
from glsync.values import GlideColumn, Mapping


def adapted(connection: extensions.connection, job: runs.Job, app: App, *, dry: bool = False) -> runs.Job:
    """The job over the tables as they are now; what changed is noted, but not by a `dry` look.

    Raises:
        SchemaDrift: to go on would clear a column, misread it, or lose the rows' identity.
    """
    columns, unseen = _columns(app, job.mapping.glide_table)
    with transaction(connection) as cursor:
        if not columns:
            if not dry:
                runs.note(cursor, job.log_id, f"Changes of Glide's columns cannot be seen: {unseen}", stage="read")
            return job
        now = shape_of(columns, tables.columns(connection, job.mapping.schema, job.mapping.table))
        was = _was(cursor, job.mapping, now)
        filled = _filled(cursor, job.mapping, now)
        found = drifts(was, now, job.mapping.pairs, job.mapping.direction, filled)
        if not dry:
            shapes.save(cursor, job.mapping.id, job.mapping.version, was, found)
            for each in found:
                runs.note(cursor, job.log_id, each.message, level="warning", stage="read")
    if stops := [each.message for each in found if each.stops]:
        raise SchemaDrift(job.mapping.name, stops)
    return replace(job, mapping=_by_new_kinds(job.mapping, found))


def _columns(app: App, table: str) -> tuple[list[GlideColumn], str]:
    """The columns as Glide lists them, or why it does not: asked once, because the rows can be read without."""
    try:
        return app.columns(table, repeat=False), "Glide lists none"
    except GlideError as error:
        return [], str(error)


def _was(cursor: extensions.cursor, mapping: Mapping, now: Shape) -> Shape:
    """What the mapping was made against: kept by its first run, and renewed when it is saved."""
    kept = shapes.load(cursor, mapping.id)
    if kept is None:
        return now
    version, was = kept
    return was if version == mapping.version else renewed(was, now, mapping.pairs)


def _filled(cursor: extensions.cursor, mapping: Mapping, now: Shape) -> set[str]:
    """The columns that hold anything, of those whose Glide column is not there."""
    filled = set()
    for pair in mapping.pairs:
        if pair.glide_id in now.glide or pair.column not in now.postgres:
            continue
        target, column = sql.Identifier(mapping.schema, mapping.table), sql.Identifier(pair.column)
        cursor.execute(statement("column_filled", target=target, column=column))
        if (cursor.fetchone() or (False,))[0]:
            filled.add(pair.column)
    return filled


def _by_new_kinds(mapping: Mapping, found: list[Drift]) -> Mapping:
    kinds = {each.column: each.kind for each in found if each.kind}
    pairs = tuple(replace(pair, kind=kinds.get(pair.glide_id) or pair.kind) for pair in mapping.pairs)
    return replace(mapping, pairs=pairs) if kinds else mapping
