"""Mappings that a run lets go on: children whose parents came, parents whose children went."""

from __future__ import annotations

from uuid import UUID

from psycopg2 import extensions, sql

from glsync.postgres.statement import statement
from glsync.store import references
from glsync.values import Reference

ACTOR = "Glide Sync, after {name}"
"""Who starts a run that another run let go on."""


def followers(cursor: extensions.cursor, mapping_id: UUID) -> list[UUID]:
    """The mappings to run once more because a run of this one ended."""
    found: dict[UUID, None] = {}
    for child_id, reference, _ in references.around(cursor, mapping_id):
        if child_id == reference.parent_id:
            continue
        if reference.parent_id == mapping_id and _waits_for_parent(cursor, child_id, reference):
            found[child_id] = None
        if child_id == mapping_id and _was_held_on_to(cursor, child_id, reference):
            found[reference.parent_id] = None
    return list(found)


def enqueue(cursor: extensions.cursor, mapping_id: UUID) -> list[str]:
    """Queue the followers that may run; the ids of their logs."""
    cursor.execute(
        """select f.id::text, m.name
           from public.gl_mappings as m, public.gl_mappings as f
           where m.id = %s and f.id = any(%s::uuid[]) and f.enabled and f.status = 'active'""",
        (str(mapping_id), [str(each) for each in followers(cursor, mapping_id)]),
    )
    queued = []
    for follower, name in cursor.fetchall():
        cursor.execute("select glsync.enqueue_run(%s, 'retry', %s)", (follower, ACTOR.format(name=name)))
        queued += [str(row[0]) for row in cursor.fetchall()]
    return queued


def _waits_for_parent(cursor: extensions.cursor, child_id: UUID, reference: Reference) -> bool:
    query = statement("followers_children", parent=_table(reference), key=sql.Identifier(reference.key))
    cursor.execute(query, {"child": str(child_id), "column": reference.column})
    return bool((cursor.fetchone() or (False,))[0])


def _was_held_on_to(cursor: extensions.cursor, child_id: UUID, reference: Reference) -> bool:
    cursor.execute(
        "select glsync.target_schema(supabase_table), glsync.target_table(supabase_table) from public.gl_mappings"
        " where id = %s",
        (str(child_id),),
    )
    child = cursor.fetchone() or ("", "")
    query = statement(
        "followers_parents",
        parent=_table(reference),
        key=sql.Identifier(reference.key),
        child=sql.Identifier(*child),
        column=sql.Identifier(reference.column),
    )
    tables = {"parent_table": f"{reference.schema}.{reference.table}", "child_table": ".".join(child)}
    cursor.execute(query, {"parent": str(reference.parent_id)} | tables)
    return bool((cursor.fetchone() or (False,))[0])


def _table(reference: Reference) -> sql.Identifier:
    return sql.Identifier(reference.schema, reference.table)
