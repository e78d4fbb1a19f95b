"""Commands about who may come in and who is told: token, hook, webhook. The command line adds them to its own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

if TYPE_CHECKING:
    from glsync.services.access import Actor

ONCE = "This is shown only once; keep it where secrets are kept."

token = typer.Typer(help="Keys to the HTTP API.", no_args_is_help=True)
hook = typer.Typer(help="Webhooks that come in: addresses that start a run.", no_args_is_help=True)
webhook = typer.Typer(help="Webhooks that go out: addresses that are told what happened.", no_args_is_help=True)


def add_to(app: typer.Typer, ready: Callable[[], Actor]) -> None:
    """Add the commands; `ready` prepares a command that asks the database and says who asks."""
    for name, group in (("token", token), ("hook", hook), ("webhook", webhook)):
        group.callback()(_remembering(ready))
        app.add_typer(group, name=name)
    app.command("rotate-key")(_rotating(ready))
    app.command("rearm")(_rearming(ready))


def _remembering(ready: Callable[[], Actor]) -> Callable[[typer.Context], None]:
    def remember(context: typer.Context) -> None:
        context.obj = ready

    return remember


# The secret key


def _rotating(ready: Callable[[], Actor]) -> Callable[[bool], None]:
    def rotate_key(
        data_keys: Annotated[
            bool, typer.Option("--data-keys", help="Also seal every stored secret anew, with new keys.")
        ] = False,
    ) -> None:
        """Change the key that protects stored API keys; the old one is good until this is done."""
        from glsync.services import keys

        done = keys.rotate(ready(), data_keys=data_keys)
        said = f"{done.data_keys} of the workspaces' keys are wrapped with the new secret key."
        typer.echo(said if done.secrets is None else f"{said} {done.secrets} secrets are sealed anew.")
        typer.echo(AFTERWARDS[done.place], err=True)

    return rotate_key


AFTERWARDS = {
    "setting": "Now set GLSYNC_SECRET_KEY to the new key for every process, and take GLSYNC_NEXT_SECRET_KEY away.",
    "file": "The new key is in secret.key; renew the copies you keep of it.",
    "vault": "The new key is in Supabase Vault; there is nothing else to do.",
}


# Copies


def _rearming(ready: Callable[[], Actor]) -> Callable[[str | None], None]:
    def rearm(
        mapping: Annotated[str | None, typer.Argument(help="Only this mapping, the copy of another.")] = None,
    ) -> None:
        """Let a copied database, or a copied mapping, write from now on."""
        from glsync.services import arming

        actor = ready()
        was_copy = arming.rearm(actor) if mapping is None else arming.rearm_mapping(actor, mapping)
        typer.echo("Re-armed: it runs from now on." if was_copy else "Nothing to do: it is no copy.")

    return rearm


# Keys to the API


@token.command("create")
def create_token(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Who will use it.")],
    role: Annotated[str, typer.Option(help="viewer, operator, editor or admin.")],
    days: Annotated[int | None, typer.Option(min=1, help="Valid for so many days; else until revoked.")] = None,
) -> None:
    """Make an API token and print it, once."""
    actor = context.obj()
    from glsync.services import access, tokens

    found = next((one for one in access.ROLES if one == role), None)
    if found is None:
        raise typer.BadParameter(f"{role!r} is none of {', '.join(access.ROLES)}", param_hint="--role")
    _, clear = tokens.create(actor, name, found, days)
    typer.echo(clear)
    typer.echo(ONCE, err=True)


@token.command("list")
def list_tokens(context: typer.Context) -> None:
    """Show the API tokens, without the tokens themselves."""
    actor = context.obj()
    from glsync.services import tokens

    for one in tokens.listing(actor):
        until = f"until {_day(one.expires_at)}" if one.expires_at else "does not expire"
        whose = f" of {one.created_by}, {one.id}" if one.user_id else ""
        typer.echo(f"{one.name:24} {one.role:9} {one.state:8} {until:24} last used {_day(one.last_used_at)}{whose}")


@token.command("revoke")
def revoke_token(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The token's name; of a person's own, its id, as list shows it.")],
) -> None:
    """Take an API token back; it opens nothing from now on."""
    actor = context.obj()
    from glsync.services import tokens

    typer.echo(f"Revoked {tokens.revoke(actor, name).name}.")


# Webhooks that come in


@hook.command("create")
def create_hook(
    context: typer.Context,
    mapping: Annotated[str, typer.Argument(help="The mapping's name.")],
    name: Annotated[str, typer.Argument(help="Who will call.")] = "Glide",
    header: Annotated[bool, typer.Option("--header", help="Ask for a secret header too.")] = False,
    signed: Annotated[bool, typer.Option("--signed", help="Ask for signatures as Standard Webhooks has them.")] = False,
) -> None:
    """Make an address whose calls start a run of a mapping."""
    actor = context.obj()
    from glsync.services import hooks, mappings

    found = mappings.find(actor, mapping)
    assert found.id is not None  # it is stored
    made = hooks.create(actor, found.id, name, with_header=header, signed=signed)
    typer.echo(made.path)
    if made.header:
        typer.echo(f"{hooks.HEADER}: {made.header}")
    if made.key:
        typer.echo(f"signing key: {made.key}")
    typer.echo(f"Put the address of the web app before the path. {ONCE}", err=True)


@hook.command("list")
def list_hooks(context: typer.Context) -> None:
    """Show the webhooks that come in, without their addresses."""
    actor = context.obj()
    from glsync.services import hooks

    for one in hooks.listing(actor):
        called = _day(one.last_called_at)
        typer.echo(f"{one.id}  {one.mapping_name:24} {one.name:16} proof: {one.proof:20} last called {called}")


@hook.command("new-key")
def new_key_of_hook(context: typer.Context, hook_id: Annotated[UUID, typer.Argument(metavar="ID")]) -> None:
    """Make one more signing key and print it, once; those before it are good until drop-old-keys."""
    actor = context.obj()
    from glsync.services import hooks

    typer.echo(hooks.new_key(actor, hook_id))
    typer.echo(ONCE, err=True)


@hook.command("drop-old-keys")
def drop_old_keys(context: typer.Context, hook_id: Annotated[UUID, typer.Argument(metavar="ID")]) -> None:
    """Take signatures with the newest key alone."""
    actor = context.obj()
    from glsync.services import hooks

    hooks.drop_old_keys(actor, hook_id)
    typer.echo("Only the newest key is good now.")


@hook.command("revoke")
def revoke_hook(context: typer.Context, hook_id: Annotated[UUID, typer.Argument(metavar="ID")]) -> None:
    """Take an address away."""
    actor = context.obj()
    from glsync.services import hooks

    hooks.revoke(actor, hook_id)
    typer.echo("Revoked.")


# Webhooks that go out


@webhook.command("add")
def add_webhook(
    context: typer.Context,
    url: Annotated[str, typer.Argument(help="An https address on the internet.")],
    event: Annotated[list[str] | None, typer.Option(help="run.completed, run.failed, errors.opened; else all.")] = None,
) -> None:
    """Have an address told of events; prints the key its messages are signed with."""
    actor = context.obj()
    from glsync.services import subscriptions

    _, key = subscriptions.add(actor, url, event or subscriptions.EVENTS)
    typer.echo(key)
    typer.echo(ONCE, err=True)


@webhook.command("list")
def list_webhooks(context: typer.Context) -> None:
    """Show who is told of what."""
    actor = context.obj()
    from glsync.services import subscriptions

    for one in subscriptions.listing(actor):
        state = "on" if one.enabled else f"off: {one.disabled_reason}"
        typer.echo(f"{one.id}  {one.url}  {', '.join(one.events)}  {state}")


@webhook.command("new-key")
def new_key_of_webhook(context: typer.Context, webhook_id: Annotated[UUID, typer.Argument(metavar="ID")]) -> None:
    """Make a new signing key and print it, once; messages are signed with it and the one before."""
    actor = context.obj()
    from glsync.services import subscriptions

    typer.echo(subscriptions.new_key(actor, webhook_id))
    typer.echo(ONCE, err=True)


@webhook.command("pause")
def pause_webhook(context: typer.Context, webhook_id: Annotated[UUID, typer.Argument(metavar="ID")]) -> None:
    """Tell an address nothing until it is resumed."""
    actor = context.obj()
    from glsync.services import subscriptions

    subscriptions.set_enabled(actor, webhook_id, enabled=False)
    typer.echo("Paused.")


@webhook.command("resume")
def resume_webhook(context: typer.Context, webhook_id: Annotated[UUID, typer.Argument(metavar="ID")]) -> None:
    """Tell an address again, also one that was switched off because it answered 410."""
    actor = context.obj()
    from glsync.services import subscriptions

    subscriptions.set_enabled(actor, webhook_id, enabled=True)
    typer.echo("Resumed.")


@webhook.command("remove")
def remove_webhook(context: typer.Context, webhook_id: Annotated[UUID, typer.Argument(metavar="ID")]) -> None:
    """Tell an address no more."""
    actor = context.obj()
    from glsync.services import subscriptions

    subscriptions.remove(actor, webhook_id)
    typer.echo("Removed.")


def _day(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else "never"
