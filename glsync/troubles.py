"""What stood in the way, in words: cells that do not fit, rows that Postgres refused, a table that moved."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from psycopg2 import extensions

from glsync.engine.transform import Batch
from glsync.postgres.target import Refusal
from glsync.store import references
from glsync.store.problems import Trouble
from glsync.values import BadCell, Reference, Unlinked

MOVED = "Glide changed while it was read: no row counts as gone"
HINTS = {
    "VALIDATION_ERROR": "Correct the cell in Glide, or map the column to a type that holds it; then press Retry.",
    "TRANSFORM_ERROR": "Correct the rule in the mapping, or the cells it reads in Glide; then press Retry.",
}


def bad_cells(batch: Batch) -> Iterator[Trouble]:
    """Each cell that does not fit, with row, column, value and rule."""
    for bad in batch.bad:
        why = bad.rule if bad.type == "TRANSFORM_ERROR" else f"{bad.value!r} is not {bad.rule}"
        said = f"Row {bad.row_id or '(without an id)'}, column {bad.column}: {why}"
        yield _trouble(bad, said, batch.bad_rows.get(bad.row_id))


def _trouble(bad: BadCell, message: str, record: object) -> Trouble:
    return Trouble(
        type=bad.type,
        message=message,
        row_id=bad.row_id or None,
        column_name=bad.column,
        value=bad.value,
        rule=bad.rule,
        hint=HINTS[bad.type],
        retryable=True,
        record=record,
    )


def orphans(cursor: extensions.cursor, unlinked: Iterable[Unlinked]) -> Iterator[Trouble]:
    """Each row whose parent is not there, with the parent's id and why it is missing."""
    lacking: dict[Reference, list[Unlinked]] = {}
    for each in unlinked:
        lacking.setdefault(each.reference, []).append(each)
    for reference, rows in lacking.items():
        why = references.reasons(cursor, reference, sorted({str(each.parent) for each in rows}))
        yield from (_orphan(each, why.get(str(each.parent))) for each in rows)


def _orphan(row: Unlinked, why: str | None) -> Trouble:
    parent, column = row.reference.parent, row.reference.column
    nowhere = "no such row is there" if row.side == "glide" else "Glide does not know that row"
    reason = f"that row is held back itself ({why})" if why else nowhere
    does = "The row waits for it" if row.is_held else "Until it comes, the column stays empty"
    return Trouble(
        type="RELATIONSHIP",
        message=f"Row {row.row_id}, column {column}: refers to row {row.parent} of {parent}, and {reason}",
        row_id=row.row_id,
        column_name=column,
        value=str(row.parent),
        rule=f"a row of {parent}",
        hint=f"{does} and is linked by itself. If it is gone for good, clear the cell.",
        retryable=True,
        record={"$rowID": row.row_id, column: str(row.parent)},
    )


def refusals(refused: Iterable[Refusal]) -> Iterator[Trouble]:
    """Each row the database refused, with what it said."""
    for row in refused:
        yield Trouble(
            type=row.type,
            message=f"Row {row.row_id}: Postgres refused it: {row.message}",
            row_id=row.row_id,
            column_name=row.column,
            rule=row.rule,
            hint="The row waits and is tried again by every run."
            if row.type == "RELATIONSHIP"
            else "Correct the row in Glide or the rule in Postgres; then press Retry.",
            retryable=True,
            record={"$rowID": row.row_id},
        )
