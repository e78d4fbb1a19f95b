"""What Glide takes and could not give back: such a cell would hide its whole row from every later run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from glsync.engine.types import shown
from glsync.engine.writing import given_back, to_glide
from glsync.store.problems import Trouble
from glsync.twoway.decided import Item
from glsync.twoway.observe import Run
from glsync.values import Cells


def unreadable(run: Run, items: Iterable[Item]) -> dict[str, list[Trouble]]:
    """Link -> what is wrong with the cells its row would send to Glide; rows with nothing wrong are left out."""
    found: dict[str, list[Trouble]] = {}
    for item in items:
        if (change := item.change("glide")) and change.cells:
            for bad in _cells(run, change.cells):
                found.setdefault(item.link.id, []).append(_untold(item, *bad))
    return found


def _cells(run: Run, cells: Cells) -> Iterator[tuple[str, Any, str]]:
    """(column, value, what it would have to be) of cells that Glide takes and that mean nothing once they come back."""
    refers = frozenset(each.column for each in run.target.references)
    for pair in run.target.pairs:
        if pair.column not in cells or pair.column in refers:
            continue
        try:
            run.layout.readers[pair.glide_id](given_back(pair.kind, to_glide(pair.kind, cells[pair.column])))
        except ValueError as rule:
            yield pair.column, cells[pair.column], str(rule)


def _untold(item: Item, column: str, value: Any, rule: str) -> Trouble:
    row = item.seen.glide_row_id or f"with the key {item.seen.pg_key}"
    return Trouble(
        "VALIDATION_ERROR",
        f"Row {row}, column {column}: {shown(value)} is not written to Glide, where it would not be {rule}",
        row_id=item.name,
        column_name=column,
        value=str(value),
        rule=rule,
        hint="Correct the value in Postgres, or map the column to a Glide column of text; then press Retry.",
        retryable=True,
    )
