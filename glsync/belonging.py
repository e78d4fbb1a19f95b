"""Commands about who belongs: member, workspace. The command line adds them to its own, as those of doors.py."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from glsync.services.access import Actor

member = typer.Typer(help="People who may sign in, and their roles.", no_args_is_help=True)
workspace = typer.Typer(help="Workspaces, which see nothing of each other.", no_args_is_help=True)

Where = Annotated[str | None, typer.Option("--workspace", help="Its name; left out: the first one.")]


def add_to(app: typer.Typer, ready: Callable[[], Actor]) -> None:
    """Add the commands; `ready` prepares a command that asks the database and says who asks."""

    def remember(context: typer.Context) -> None:
        context.obj = ready

    for name, group in (("member", member), ("workspace", workspace)):
        group.callback()(remember)
        app.add_typer(group, name=name)


def _actor(context: typer.Context, where: str | None) -> Actor:
    """Whoever asks, in the workspace that was named."""
    actor: Actor = context.obj()
    if where is None:
        return actor
    from glsync.services import members

    return replace(actor, workspace_id=members.find_workspace(where))


@member.command("invite")
def invite(
    context: typer.Context,
    email: Annotated[str, typer.Argument(help="The address they sign in with.")],
    role: Annotated[str, typer.Option(help="viewer, operator, editor or admin.")],
    where: Where = None,
    days: Annotated[int, typer.Option(min=1, help="Open for so many days.")] = 14,
) -> None:
    """Let in whoever signs in with this e-mail address. Nothing is sent."""
    actor = _actor(context, where)
    from glsync.services import members

    made = members.invite(actor, email, members.checked_role(role), days)
    typer.echo(f"{made.email} may come in as {made.role} until {made.expires_at:%Y-%m-%d %H:%M} UTC.")


@member.command("list")
def list_members(context: typer.Context, where: Where = None) -> None:
    """Show members and open invitations."""
    actor = _actor(context, where)
    from glsync.services import members

    for one in members.listing(actor):
        typer.echo(f"{one.email or one.name:40} {one.role:9} {one.source}")
    for waiting in members.invitations(actor):
        typer.echo(f"{waiting.email:40} {waiting.role:9} invited until {waiting.expires_at:%Y-%m-%d %H:%M} UTC")


@member.command("remove")
def remove(
    context: typer.Context, email: Annotated[str, typer.Argument(help="Whom, by e-mail.")], where: Where = None
) -> None:
    """End a membership; the person sees nothing of the workspace from now on."""
    actor = _actor(context, where)
    from glsync.errors import NotFound
    from glsync.services import members

    found = next((one for one in members.listing(actor) if one.email == email.strip().lower()), None)
    if found is None:
        raise NotFound("member", email, hint="python -m glsync member list shows those there are.")
    members.remove(actor, found.user_id)
    typer.echo(f"{found.email} is no member any more.")


@workspace.command("add")
def add_workspace(
    context: typer.Context, name: Annotated[str, typer.Argument(help="Another than all others'.")]
) -> None:
    """Make an empty workspace; invite its first admin next."""
    actor = _actor(context, None)
    from glsync.services import members

    members.add_workspace(actor, name)
    typer.echo(f"{name.strip()} is there.")


@workspace.command("list")
def list_workspaces(context: typer.Context) -> None:
    """Show the names of all workspaces."""
    _actor(context, None)
    from glsync.services import members

    for name in members.workspaces():
        typer.echo(name)
