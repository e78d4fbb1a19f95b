"""Commands about what only people decide: conflicts, resolve, undo, explain. The command line adds them to its own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, Literal
from uuid import UUID

import typer

from glsync.errors import SyncError

if TYPE_CHECKING:
    from glsync.services.access import Actor
    from glsync.services.conflicts import Picked

AsJson = Annotated[bool, typer.Option("--json", help="One line of JSON on stdout.")]
SHOWN = 100


def add_to(app: typer.Typer, ready: Callable[[], Actor]) -> None:
    """Add the commands; `ready` prepares a command that asks the database and says who asks."""

    @app.command()
    def conflicts(
        mapping: Annotated[str | None, typer.Argument(help="Only those of this mapping, by its name.")] = None,
        as_json: AsJson = False,
        limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = SHOWN,
    ) -> None:
        """Show what both sides changed: the values of base, Glide and Postgres."""
        with told(as_json):
            _conflicts(ready(), mapping, limit, as_json=as_json)

    @app.command()
    def resolve(
        conflict_id: Annotated[UUID, typer.Argument(metavar="ID", help="As the command conflicts shows it.")],
        side: Annotated[
            Literal["glide", "postgres"] | None, typer.Option("--with", help="Whose value stands on both sides.")
        ] = None,
        row: Annotated[bool, typer.Option("--row", help="Every conflict of this row.")] = False,
        alike: Annotated[bool, typer.Option("--alike", help="All of the same mapping, column and kind.")] = False,
        leave: Annotated[bool, typer.Option("--leave", help="Take a pick back that no run has carried out.")] = False,
        note: Annotated[str, typer.Option("--note", help="Why; kept with the conflict.")] = "",
        as_json: AsJson = False,
    ) -> None:
        """Pick a side of a conflict; the run that carries it out is queued."""
        if (side is None) != leave or (row and alike) or (leave and (row or alike)):
            raise typer.BadParameter("Give --with glide or --with postgres, with --row or --alike, or only --leave")
        with told(as_json):
            _resolve(ready(), conflict_id, side, row=row, alike=alike, note=note, as_json=as_json)

    @app.command()
    def undo(
        log_id: Annotated[
            UUID, typer.Argument(metavar="RUN", help="The run's id, as its page and sync --json say it.")
        ],
        plan: Annotated[bool, typer.Option("--plan", help="Only show what it would do now.")] = False,
        approve: Annotated[str | None, typer.Option(metavar="HASH", help="Carry out exactly this plan.")] = None,
        inline: Annotated[bool, typer.Option("--inline", help="Run in this process, without a worker.")] = False,
        as_json: AsJson = False,
    ) -> None:
        """Put back what a run replaced, on both sides; what was edited since is left."""
        with told(as_json):
            _undo(ready(), log_id, approve, only_plan=plan, inline=inline, as_json=as_json)

    @app.command()
    def explain(
        mapping: Annotated[str, typer.Argument(help="The mapping's name.")],
        row: Annotated[str, typer.Argument(help="The row's id in Glide, or its key in Postgres.")],
        column: Annotated[str | None, typer.Option(help="Only this column.")] = None,
        as_json: AsJson = False,
    ) -> None:
        """Say why a row is as it is: what both sides agreed on, what they say now, what a run would do."""
        with told(as_json):
            _explain(ready(), mapping, row, column, as_json=as_json)


@contextmanager
def told(as_json: bool) -> Iterator[None]:
    """With --json an error is a line of JSON too."""
    try:
        yield
    except SyncError as error:
        if as_json:
            said = {"type": error.type, "message": str(error), "hint": error.hint, "retryable": error.retryable}
            typer.echo(json.dumps({"status": "failed", "error": said}))
        raise


def _conflicts(actor: Actor, mapping: str | None, limit: int, *, as_json: bool) -> None:
    from dataclasses import asdict

    from glsync.services import conflicts, mappings

    wanted = conflicts.ConflictFilter(mapping_id=mappings.find(actor, mapping).id if mapping else None)
    found, total = conflicts.listing(actor, wanted, limit), conflicts.count(actor, wanted)
    if as_json:
        typer.echo(json.dumps({"total": total, "conflicts": [asdict(one) for one in found]}, default=str))
        return
    for one in found:
        typer.echo(f"{one.id}  {one.mapping_name}, row {one.row}, {one.column or 'the whole row'} ({one.kind})")
        for name, value in (("base", one.base), ("glide", one.glide), ("postgres", one.postgres)):
            typer.echo(f"    {name:9} {json.dumps(value, ensure_ascii=False, default=str)}")
    typer.echo(f"{total:,} open conflicts." if found else "No conflict is open.")


def _resolve(
    actor: Actor, conflict_id: UUID, side: Literal["glide", "postgres"] | None, *, row: bool, alike: bool, note: str,
    as_json: bool,
) -> None:  # fmt: skip
    from glsync.services import conflicts

    one = conflicts.get(actor, conflict_id)
    if side is None:
        taken = conflicts.leave(actor, [one.id])
        typer.echo(json.dumps({"left": taken}) if as_json else f"{taken:,} picks taken back.")
    elif row:
        _picked(conflicts.resolve_row(actor, one.id, side, note), as_json=as_json)
    elif alike:
        _picked(conflicts.resolve_alike(actor, one.id, side, note), as_json=as_json)
    else:
        _picked(conflicts.resolve(actor, [one.id], side, note), as_json=as_json)


def _picked(found: Picked, *, as_json: bool) -> None:
    if as_json:
        answer: dict[str, Any] = {"resolved": found.count, "log_ids": [str(one.log_id) for one in found.started]}
        typer.echo(json.dumps(answer | {"resting": list(found.resting)}))
        return
    typer.echo(f"{found.count:,} conflicts resolved." if found.count else "It was over already; nothing was resolved.")
    for one in found.started:
        typer.echo(f"Run {one.log_id} carries it out.")
    for name in found.resting:
        typer.echo(f"{name} is switched off; it is carried out when it runs again.")


def _undo(actor: Actor, log_id: UUID, approve: str | None, *, only_plan: bool, inline: bool, as_json: bool) -> None:
    """Planned first. What a guard wants somebody to look at is done only with the hash of exactly that plan."""
    from glsync import telling
    from glsync.services import run_rows, undoing

    if only_plan or approve is None:
        found = undoing.plan(actor, log_id)
        is_over = only_plan or bool(found.plan.waiting)
        if is_over or not as_json:
            shown = json.dumps(undoing.undo_json(actor, found)) if as_json else telling.undo(found)
            typer.echo(shown, err=not is_over)
        if is_over:
            raise typer.Exit(telling.UNFINISHED if found.plan.waiting else telling.DONE)
        approve = found.plan.hash
    run = undoing.to_end(actor, log_id, approve, inline=inline)
    typer.echo(json.dumps(run_rows.as_json(run)) if as_json else telling.run(run))
    raise typer.Exit(telling.exit_code(run))


def _explain(actor: Actor, mapping: str, row: str, column: str | None, *, as_json: bool) -> None:
    from dataclasses import asdict

    from glsync import telling
    from glsync.services import explaining, mappings

    found_mapping = mappings.find(actor, mapping)
    assert found_mapping.id is not None  # it is stored
    found = explaining.explain(actor, found_mapping.id, row, column)
    typer.echo(json.dumps(asdict(found), default=str) if as_json else telling.explanation(found))
