"""The user's own rules, in CEL: a filter that says which rows a mapping is about, and what stands in place of a cell.

A rule reads the row as Glide gave it. Its words are the ids of the columns, their names where those are words and name
one column only, and `row["Any name"]`:

    Price * 1.19                            Status == "open" && Price != null && Price > 100.0
    trim(row["First name"]) + "!"           row["$rowID"]

A number is a double, exact to 15 digits: `Price * 2.0`, for CEL never mixes kinds by itself. A whole number of more
digits is an int; any other number of more digits fails the rule rather than lose one. An empty cell is null.

Expressions come from people, so they are bounded before they run: CEL has no loops, no input and no output; what could
still grow (long expressions, lists in lists, functions that make lists of anything) is refused when they are compiled.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from collections.abc import Mapping as ReadOnly
from dataclasses import dataclass, field
from typing import Any

from glsync.engine.expressions import Rule, RuleError, compiled
from glsync.values import ROW_ID, ColumnPair, Direction


@dataclass(frozen=True, slots=True)
class Rules:
    """What a mapping says about its rows. `cells`: Glide column id -> the rule whose result is read in its place."""

    filter: Rule | None = None
    cells: ReadOnly[str, Rule] = field(default_factory=dict)

    def takes(self, row: ReadOnly[str, Any]) -> bool:
        """Is this row what the mapping is about?

        Raises:
            ValueError: the filter failed, or said something that is neither true nor false.
        """
        if self.filter is None:
            return True
        found = self.filter.value(row)
        if found is None or isinstance(found, bool):
            return found is True
        raise ValueError("it must give true or false")


def rules_of(
    filter_: str | None, pairs: Sequence[ColumnPair], others: ReadOnly[str, str] | None = None
) -> Rules | None:
    """A mapping's rules, compiled; None when it has none.

    Args:
        others: further columns of the Glide table, id -> name, that expressions may name.
    Raises:
        RuleError: the first expression that cannot be used, and what it belongs to.
    """
    columns = _columns(pairs, others or {})
    try:
        chosen = compiled(filter_, columns) if filter_ and filter_.strip() else None
    except RuleError as error:
        raise RuleError(f"The filter {error}") from None
    cells = {}
    for pair in pairs:
        if pair.rule and pair.rule.strip():
            try:
                cells[pair.glide_id] = compiled(pair.rule, columns)
            except RuleError as error:
                raise RuleError(f'The rule of Glide column "{pair.glide_id}" {error}') from None
    return Rules(chosen, cells) if chosen or cells else None


def problems(
    filter_: str | None,
    pairs: Sequence[ColumnPair],
    direction: Direction,
    others: ReadOnly[str, str] | None = None,
) -> Iterator[tuple[str | None, str]]:
    """(Glide column id, what is wrong) of every expression that cannot be used; None stands for the filter."""
    columns = dict(others or {}) | {pair.glide_id: pair.glide_name for pair in pairs}
    yield from _unusable(None, filter_, (), columns)
    for pair in pairs:
        if not pair.rule:
            continue
        yield from _unusable(pair.glide_id, None, (pair,), columns)
        if direction == "to_glide" or pair.direction not in (None, "to_supabase"):
            yield (
                pair.glide_id,
                f'Glide column "{pair.glide_id}" has a rule, and what a rule gives goes to Postgres only: clear the '
                "rule, or let the column go to_supabase.",
            )


def _unusable(
    owner: str | None, filter_: str | None, pairs: Sequence[ColumnPair], columns: ReadOnly[str, str]
) -> Iterator[tuple[str | None, str]]:
    try:
        rules_of(filter_, pairs, columns)
    except RuleError as error:
        yield owner, f"{error}."


def _columns(pairs: Sequence[ColumnPair], others: ReadOnly[str, str]) -> dict[str, str]:
    """Every name an expression may use -> the column's id. A name that two columns have belongs to neither."""
    names = {ROW_ID: ROW_ID} | dict(others) | {pair.glide_id: pair.glide_name for pair in pairs}
    times = Counter(name for glide_id, name in names.items() if name != glide_id)
    found = {name: glide_id for glide_id, name in names.items() if times[name] <= 1}
    return found | {glide_id: glide_id for glide_id in names}
