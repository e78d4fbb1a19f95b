"""How the command line tells a run, a plan, a difference and how everything stands."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from glsync.values import Plan, SideWrites, UndoPlan

if TYPE_CHECKING:  # a run in this process starts quickly without the libraries these bring
    from glsync.services.explaining import Explanation
    from glsync.services.mapping_rows import MappingRow
    from glsync.services.overview import Overview
    from glsync.services.run_rows import RunRow

DONE, FAILED, UNFINISHED = 0, 1, 3
LEFT_SHOWN = 50


def exit_code(run: RunRow) -> int:
    """0 completed, 3 completed with errors or waiting for an approval, 1 anything else."""
    if run.status == "completed":
        return UNFINISHED if run.waiting else DONE
    return UNFINISHED if run.status == "completed_with_errors" else FAILED


def run(run: RunRow) -> str:
    """Status, counts and price, and what waits or went wrong."""
    counts = ", ".join(f"{number:,} {what}" for what, number in asdict(run.counts).items() if number or what == "read")
    lines = [f"{run.mapping_name}: {_words(run.status)} in {run.seconds:.1f} s, {_price(run.price)}", f"  {counts}"]
    if run.message and run.status != "completed":
        lines.append(f"  {run.message}")
    if run.hint:
        lines.append(f"  {run.hint}")
    lines += [_waits(part["reason"], part["hash"]) for part in run.waiting]
    return "\n".join(lines)


def plan(plan: Plan) -> str:
    """What it writes where, what it costs, and what waits."""
    lines = [f"To Postgres: {_writes(plan.postgres)}", f"To Glide:    {_writes(plan.glide)}"]
    lines.append(f"{plan.conflicts:,} conflicts, {plan.failed:,} rows held back, {_price(plan.price.updates)}")
    lines += [_waits(part.reason, part.hash) for part in plan.waiting]
    return "\n".join([*lines, f"Plan {plan.hash}"])


def undo(found: UndoPlan) -> str:
    """What an undo writes where, what it leaves and why."""
    lines = [plan(found.plan)]
    if found.already:
        lines.append(f"{found.already:,} rows are as they were before the run")
    lines += [f"Left in {left.side}: row {left.row}, {left.reason}" for left in found.left[:LEFT_SHOWN]]
    if len(found.left) > LEFT_SHOWN:
        lines.append(f"and {len(found.left) - LEFT_SHOWN:,} more rows left; --json lists them all")
    return "\n".join(lines)


def explanation(found: Explanation) -> str:
    """The row, a block a column, who wrote it last, and what to do."""
    row = found.row
    lines = [f"{found.mapping_name}, row {row.glide_row_id or row.pg_key}: {row.told}"]
    for one in row.columns:
        base = json.dumps(one.base, default=str) if one.is_agreed else "never agreed on"
        values = f"base {base}, Glide {json.dumps(one.glide, default=str)}"
        lines.append(f"  {one.column}: {values}, Postgres {json.dumps(one.postgres, default=str)}")
        lines.append(f"    {one.why}")
    lines += [f"  {one.operation} in {one.side} at {_time(one.at)} by run {one.log_id}" for one in found.wrote]
    lines += [f"  Open error: {error.message}" for error in found.errors]
    lines += [f"  Conflict {one.id}: {one.column or 'the whole row'}, {one.state}" for one in found.conflicts]
    return "\n".join([*lines, f"Next: {found.next}"])


def status(whole: Overview, rows: Sequence[MappingRow]) -> str:
    """A line a mapping, and a heading."""
    if not rows:
        return "There are no mappings yet. Make one in the web app, or with python -m glsync apply FILE.yaml."
    width = max(len(row.name) for row in rows)
    counted = f"{whole.open_errors:,} open errors, {whole.open_conflicts:,} open conflicts"
    lines = [f"{whole.mappings_total} mappings, {whole.running} running, {counted}"]
    for row in rows:
        state = _words(row.current_status or "never run") if row.enabled else "switched off"
        records = "" if row.records is None else f"{row.records:,} rows"
        errors = f"{row.open_errors:,} errors" if row.open_errors else ""
        conflicts = f"{row.open_conflicts:,} conflicts" if row.open_conflicts else ""
        success = f"last success {_time(row.last_success)}" if row.last_success else ""
        told = (part for part in (state, records, errors, conflicts, success) if part)
        lines.append(f"  {row.name:{width}}  {', '.join(told)}")
    return "\n".join(lines)


def status_json(whole: Overview, rows: Sequence[MappingRow]) -> dict[str, Any]:
    return {
        "verdict": whole.verdict,
        "mappings_total": whole.mappings_total,
        "running": whole.running,
        "open_errors": whole.open_errors,
        "open_conflicts": whole.open_conflicts,
        "mappings": [{name: _plain(value) for name, value in asdict(row).items()} for row in rows],
    }


def _plain(value: object) -> object:
    """As JSON holds it."""
    if isinstance(value, datetime):
        return value.isoformat()
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


def _words(status: str) -> str:
    return status.replace("_", " ")


def _time(at: datetime) -> str:
    return f"{at.astimezone():%Y-%m-%d %H:%M}"


def _price(updates: object) -> str:
    return f"{updates} Glide updates"


def _writes(writes: SideWrites) -> str:
    return f"{writes.create:,} to create, {writes.update:,} to update, {writes.delete:,} to delete"


def _waits(reason: str, approval: str) -> str:
    return f"  Waits for approval: {reason} (--approve {approval})"
