"""A mapping as somebody edits it, and what is wrong with it before it is saved."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, cast
from uuid import UUID

from sqlmodel import Session

from glsync.engine import rules, schedule
from glsync.postgres import tables as catalogue
from glsync.services import queries, shapes
from glsync.services.access import Actor
from glsync.store import tables
from glsync.values import ROW_ID, ColumnPair, Deletes, Direction, Policy, Problem

NO_CONNECTION = UUID(int=0)
"""In a draft whose connection is not there yet: everything else about it can be looked at all the same."""


@dataclass(frozen=True, slots=True)
class MappingDraft:
    """A mapping with all its options. `id` None: not saved yet; `version` is the one that was read, 0 for a new one.

    `pairs` leaves out the row id, which every mapping has; `target` is schema.table; `delete_grace` is in seconds.
    """

    name: str
    connection_id: UUID
    glide_table: str
    glide_table_name: str
    target: str
    pairs: list[ColumnPair] = field(default_factory=list)
    direction: Direction = "to_supabase"
    deletes: Deletes = "keep"
    delete_grace: int = 60
    conflict_policy: Policy = "ask"
    marker_column: str | None = None
    filter: str | None = None
    schedule: str | None = None
    enabled: bool = True
    id: UUID | None = None
    version: int = 0

    @property
    def schema(self) -> str:
        return shapes.qualified(self.target).partition(".")[0]

    @property
    def table(self) -> str:
        return shapes.qualified(self.target).partition(".")[2]


def draft_of(row: tables.MappingRow) -> MappingDraft:
    """What is stored, ready to be edited."""
    return MappingDraft(
        id=row.id,
        version=row.version,
        name=row.name,
        connection_id=row.connection_id,
        glide_table=row.glide_table,
        glide_table_name=row.glide_table_display_name,
        target=shapes.qualified(row.supabase_table),
        pairs=list(shapes.pairs_of(row.column_mappings)),
        direction=cast("Direction", row.sync_direction),
        deletes=cast("Deletes", row.deletes),
        delete_grace=row.delete_grace,
        conflict_policy=cast("Policy", row.conflict_policy),
        marker_column=row.marker_column,
        filter=row.options.get("filter"),
        schedule=row.options.get("schedule"),
        enabled=row.enabled,
    )


def stored_fields(draft: MappingDraft) -> dict[str, Any]:
    """The columns of gl_mappings a draft decides; `filter` and `schedule` stand for the options of those names."""
    return {
        "name": draft.name.strip(),
        "connection_id": draft.connection_id,
        "glide_table": draft.glide_table.strip(),
        "glide_table_display_name": draft.glide_table_name.strip() or draft.glide_table.strip(),
        "supabase_table": draft.target.strip(),
        "column_mappings": shapes.column_mappings_of(draft.pairs),
        "sync_direction": draft.direction,
        "deletes": draft.deletes,
        "delete_grace": draft.delete_grace,
        "conflict_policy": draft.conflict_policy,
        "marker_column": (draft.marker_column or "").strip() or None,
        "filter": (draft.filter or "").strip() or None,
        "schedule": (draft.schedule or "").strip() or None,
        "enabled": draft.enabled,
    }


def problems(session: Session, actor: Actor, draft: MappingDraft) -> list[Problem]:
    """Everything wrong with a draft, errors first. The live table is looked at; the database's own checks come first.

    `column` of a problem is the id of the Glide column concerned.
    """
    found = list(doubled_columns(draft))
    if not found:  # the stored form holds each Glide column once
        values = {"mapping": json.dumps(_asked(draft)), "editing": draft.id is not None}
        found += [Problem(**row) for row in queries.rows(session, "mappings_problems", **values)]
    found += _option_problems(session, actor, draft)
    return sorted(found, key=lambda problem: problem.severity)


def _asked(draft: MappingDraft) -> dict[str, Any]:
    fields = stored_fields(draft)
    names = ("name", "glide_table", "supabase_table", "column_mappings", "sync_direction")
    return {name: fields[name] for name in names} | {
        "id": str(draft.id) if draft.id else None,
        "connection_id": "" if draft.connection_id == NO_CONNECTION else str(draft.connection_id),
    }


def doubled_columns(draft: MappingDraft) -> Iterator[Problem]:
    for glide_id, times in Counter(pair.glide_id for pair in draft.pairs).items():
        if times > 1:
            yield Problem(
                "error", f'Glide column "{glide_id}" is mapped {times} times: keep one.', glide_id, "remove_pair"
            )
        if glide_id == ROW_ID:
            yield Problem("error", "The row id is always mapped and needs no pair of its own.", glide_id, "remove_pair")


def _option_problems(session: Session, actor: Actor, draft: MappingDraft) -> Iterator[Problem]:
    """What the columns alone do not show."""
    if not draft.name.strip():
        yield Problem("error", "The mapping has no name: give it one.")
    if draft.delete_grace < 0:
        yield Problem("error", "The delete grace is below 0 seconds: use 0 or more.")
    if not draft.pairs:
        yield Problem("warning", "No column is mapped: only the row ids will be kept in step.")
    yield from _rule_problems(draft)
    yield from _schedule_problems(draft)
    yield from _drift_problems(session, draft)
    yield from _delete_problems(session, draft)
    yield from _two_way_problems(draft)
    if sharing := queries.rows(
        session, "mappings_sharing", workspace=actor.workspace_id, id=draft.id, target=shapes.qualified(draft.target)
    ):
        names = ", ".join(row["name"] for row in sharing)
        yield Problem("warning", f"{names} also writes to {draft.target}: rows of one may be changed by the other.")


def _rule_problems(draft: MappingDraft) -> Iterator[Problem]:
    """Expressions that cannot be used, and directions that nothing would heed."""
    for glide_id, message in rules.problems(draft.filter, draft.pairs, draft.direction):
        yield Problem("error", message, glide_id)
    for pair in draft.pairs:
        if pair.direction not in (None, draft.direction) and draft.direction != "both":
            yield Problem(
                "error",
                f'Glide column "{pair.glide_id}" has the direction {pair.direction}, and the mapping goes '
                f"{draft.direction} only: clear one of them.",
                pair.glide_id,
            )


def _schedule_problems(draft: MappingDraft) -> Iterator[Problem]:
    if not (draft.schedule or "").strip():
        return
    try:
        schedule.parse(draft.schedule or "")
    except ValueError as error:
        yield Problem("error", str(error))


def _drift_problems(session: Session, draft: MappingDraft) -> Iterator[Problem]:
    """What the last run found changed in the tables. Warnings: the draft may be the answer to them."""
    for found in queries.rows(session, "mappings_drift", mapping=draft.id, version=draft.version):
        yield Problem("warning", found["message"], found["column"])


def _delete_problems(session: Session, draft: MappingDraft) -> Iterator[Problem]:
    if draft.deletes != "mark" or draft.direction == "to_glide":
        return
    columns = catalogue.find(queries.driver(session), draft.schema, draft.table)
    mark = next((column for column in columns or () if column.name == catalogue.MARK_COLUMN), None)
    if columns is not None and (mark is None or not mark.type.startswith("timestamp")):
        yield Problem(
            "error",
            f"Deletes are to be marked, and {draft.target} has no column {catalogue.MARK_COLUMN} of type timestamp "
            "with time zone: add it, or choose what else to do with deletes.",
            fix="add_mark_column",
        )
    if any(pair.column == catalogue.MARK_COLUMN for pair in draft.pairs):
        yield Problem("error", f"{catalogue.MARK_COLUMN} is where deletes are marked: map the Glide column elsewhere.")


def _two_way_problems(draft: MappingDraft) -> Iterator[Problem]:
    newest = "newest" in (draft.conflict_policy, *(pair.policy for pair in draft.pairs))
    if draft.direction == "both" and newest and not any(pair.kind == "date-time" for pair in draft.pairs):
        yield Problem(
            "error", "The newest side is to win, and no date-time column is mapped to tell which it is: map one."
        )
    if draft.direction != "to_supabase" and not draft.marker_column:
        yield Problem(
            "warning",
            "No marker column is chosen: if an answer of Glide is lost, a new row may come to stand there twice.",
            fix="choose_marker",
        )
