"""The command line: python -m glsync COMMAND.

Each command imports what it needs when it runs, so that --help and a first line on the screen come at once. Results
go to stdout, everything else to stderr. Exit codes: 0 done, 1 failed, 2 wrong use, 3 done with errors or waiting for
an approval.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NoReturn

import typer

from glsync import belonging, deciding, doors
from glsync.deciding import told as _told
from glsync.errors import SyncError

if TYPE_CHECKING:
    from glsync.services.access import Actor

gc.set_threshold(50_000)  # modules are loaded from here on: looking for rubbish among them takes a fifth of their time

PROGRAM = "python -m glsync"
DONE, FAILED, WRONG_USE, UNFINISHED = 0, 1, 2, 3

app = typer.Typer(
    help="Keeps Glide tables and Postgres/Supabase tables equal, and shows what it did and what it cost.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # its tracebacks show the values of variables, API keys among them
    context_settings={"help_option_names": ["-h", "--help"]},
)

AsJson = Annotated[bool, typer.Option("--json", help="One line of JSON on stdout.")]
Name = Annotated[str, typer.Argument(help="The mapping's name.")]


# Running the app


@app.command()
def up(
    demo: Annotated[
        bool | None,
        typer.Option(help="A stand-in for Glide with an app to play with; on unless GLSYNC_DATABASE_URL is set."),
    ] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Port of the web app; else GLSYNC_PORT.")] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on; else GLSYNC_HOST, 127.0.0.1.")] = None,
    concurrency: Annotated[int | None, typer.Option(min=1, max=64, help="Runs at once.")] = None,
    browser: Annotated[bool, typer.Option(help="Open the browser.")] = False,
) -> None:
    """Run it all on this machine: database, worker and web app, until Ctrl-C."""
    from glsync import supervise
    from glsync.config import settings

    _logs()
    wish = supervise.Wish(settings().url is None if demo is None else demo, browser, port, host, concurrency)
    supervise.up(wish, typer.echo)


@app.command()
def down() -> None:
    """Stop what runs on GLSYNC_HOME: an `up`, and the embedded database."""
    from glsync import running
    from glsync.config import settings
    from glsync.embedded import Embedded

    home = settings().home
    stopped = running.stop_others(home)
    if Embedded(home).stop() or stopped:
        typer.echo("Stopped.")
    else:
        typer.echo("Nothing was running.")


@app.command()
def worker(
    concurrency: Annotated[
        int | None, typer.Option(min=1, max=64, help="Runs at once; else GLSYNC_CONCURRENCY.")
    ] = None,
) -> None:
    """Work on queued runs. Start as many as you like, on as many machines."""
    from glsync import jobs, startup
    from glsync.config import settings

    _logs()
    startup.ready(settings())
    startup.refuse_old_tables()
    jobs.run_worker(concurrency or settings().concurrency)


@app.command()
def migrate(
    starter: Annotated[bool, typer.Option("--domain-starter", help="Also the tables of a trading business.")] = False,
) -> None:
    """Bring the database to the schema this version needs."""
    from glsync import startup

    _logs()
    done = startup.migrate([startup.DEMO_TABLES] if starter else [])
    typer.echo("\n".join(f"Applied {name}" for name in done) or "Up to date.")


@app.command("database-url")
def database_url() -> None:
    """Print the database's URL, for psql and friends; starts the embedded database if need be."""
    _ready()
    from glsync.store import db

    typer.echo(db.database_url())


@app.command()
def doctor() -> None:
    """Look at everything an installation needs, and say what to do."""
    from glsync import doctor as doctors

    def tell(finding: doctors.Finding) -> None:
        typer.secho(f"{finding.state:5}", fg=COLOURS[finding.state], nl=False)
        typer.echo(f"{finding.name:11} {finding.said}" + (f"\n{'':17}{finding.todo}" if finding.todo else ""))

    _logs("error")
    raise typer.Exit(DONE if doctors.report(tell) else FAILED)


COLOURS = {"ok": typer.colors.GREEN, "warn": typer.colors.YELLOW, "fail": typer.colors.RED}


# The demo


@app.command()
def standin(
    port: Annotated[int, typer.Option(help="0 takes any free one.")] = 0,
    host: Annotated[str, typer.Option(help="Only this machine, unless you name another address.")] = "127.0.0.1",
    fixture: Annotated[Path | None, typer.Option(help="JSON with apps, tables and rows to begin with.")] = None,
    data: Annotated[Path | None, typer.Option(help="Folder to keep the state in; else it is in memory only.")] = None,
    demo: Annotated[bool, typer.Option("--demo", help="Add the app Demo Wholesale.")] = False,
) -> None:
    """Run the stand-in for Glide's servers: for demos, rehearsals and tests."""
    from glsync import standin as standins

    _logs()
    try:
        standins.run(port=port, host=host, fixture=fixture, data=data, demo=demo)
    except (OSError, ValueError, RuntimeError) as error:
        _complain(str(error))
        raise typer.Exit(WRONG_USE) from None


@app.command()
def demo(
    what: Annotated[
        Literal["flights", "reset"],
        typer.Argument(help="flights: add 336,776 real flights; reset: the demo's Glide as it was at first."),
    ],
) -> None:
    """Change the demo of an `up` that is running."""
    from glsync import demo as demos
    from glsync.config import settings

    _ready()
    act = demos.add_flights if what == "flights" else demos.reset
    changes = act(_actor(), settings().home)
    typer.echo("\n".join(changes) or "Nothing to change.")


# Configuration as code


@app.command()
def apply(
    file: Annotated[Path, typer.Argument(help="YAML with connections and mappings.", exists=True, dir_okay=False)],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only print what would change.")] = False,
) -> None:
    """Make connections and mappings what a YAML file says."""
    _ready()
    from glsync.services import config

    changes = config.apply(_actor(), file, dry_run=dry_run)
    typer.echo("\n".join(changes) or "Nothing to change.")


@app.command()
def export() -> None:
    """Print connections and mappings as YAML that apply reads; API keys are left out."""
    _ready()
    from glsync.services import config

    typer.echo(config.export(_actor()), nl=False)


# Runs


@app.command()
def sync(
    name: Annotated[str | None, typer.Argument(help="The mapping's name; all of them when left out.")] = None,
    as_json: AsJson = False,
    inline: Annotated[bool, typer.Option("--inline", help="Run in this process, without a worker.")] = False,
    approve: Annotated[str | None, typer.Option(metavar="HASH", help="Carry out exactly this waiting plan.")] = None,
) -> None:
    """Run a mapping now and wait for its end; without a name every active one, parents before their children."""
    with _told(as_json):
        _ready()
        if name is None:
            if approve:
                raise typer.BadParameter("an approval is for one mapping: name it")
            _sync_all(as_json, inline=inline)
        _sync(name, as_json, inline=inline, approve=approve)


@app.command()
def plan(
    name: Name,
    as_json: AsJson = False,
    approve: Annotated[bool, typer.Option("--approve", help="Carry it out, the parts that wait included.")] = False,
) -> None:
    """Show what a run would do now; writes nothing unless approved."""
    with _told(as_json):
        _ready()
        from glsync import telling
        from glsync.services import here, run_rows

        found = here.plan_named(_actor(), name)
        if not approve:
            typer.echo(json.dumps(run_rows.plan_json(found)) if as_json else telling.plan(found))
            raise typer.Exit(UNFINISHED if found.waiting else DONE)
        typer.echo(telling.plan(found), err=True)
        _sync(name, as_json, approve=found.hash)


@app.command()
def status(as_json: AsJson = False) -> None:
    """Show how every mapping stands."""
    with _told(as_json):
        _ready()
        from glsync import telling
        from glsync.services import mappings, overview

        whole, rows = overview.overview(_actor()), mappings.listing(_actor(), limit=1000)
        typer.echo(json.dumps(telling.status_json(whole, rows)) if as_json else telling.status(whole, rows))


def _sync_all(as_json: bool, *, inline: bool) -> NoReturn:
    """One line a run, as it ends; the exit code is that of what is left once every mapping ran last."""
    from glsync import telling
    from glsync.services import run_rows, runs

    def tell(run: run_rows.RunRow) -> None:
        typer.echo(json.dumps(run_rows.as_json(run)) if as_json else telling.run(run))

    last = {run.mapping_id: telling.exit_code(run) for run in runs.sync_all(_actor(), inline=inline, on_end=tell)}
    if not last:
        typer.echo("There is no active mapping to run.", err=True)
    raise typer.Exit(FAILED if FAILED in last.values() else max(last.values(), default=DONE))


def _sync(name: str, as_json: bool, *, inline: bool = False, approve: str | None = None) -> None:
    from glsync import telling
    from glsync.services import here, run_rows

    if inline:
        run = here.run_to_end(_actor(), name, approve)
    else:
        from glsync.services import runs  # SQLModel and the queue come with it, which takes a second

        run = runs.sync(_actor(), name, approve=approve)
    typer.echo(json.dumps(run_rows.as_json(run)) if as_json else telling.run(run))
    raise typer.Exit(telling.exit_code(run))


# What commands have in common


def _logs(level: str | None = None) -> None:
    from glsync import logs
    from glsync.config import settings

    logs.set_up(level or settings().log_level, settings().log_format)


def _ready() -> None:
    """For commands that ask the database and print an answer: log lines only of trouble."""
    from glsync import startup
    from glsync.config import settings

    _logs("warning" if settings().log_level == "info" else None)
    startup.ready(settings())


def _actor() -> Actor:
    """Whoever may run this command on this machine may do everything; the audit trail shows their login."""
    from glsync.services.access import LOCAL, Actor

    return Actor(os.environ.get("USER") or LOCAL.name, LOCAL.role)


def _asked() -> Actor:
    """For commands of other files: get ready, and say who asks."""
    _ready()
    return _actor()


doors.add_to(app, _asked)
belonging.add_to(app, _asked)
deciding.add_to(app, _asked)


def _complain(what: str, hint: str = "") -> None:
    typer.secho(f"Error: {what}", fg=typer.colors.RED, err=True)
    if hint:
        typer.echo(f"       {hint}", err=True)


def main() -> int:
    """Run the command line; it ends the process itself unless something failed."""
    try:
        app(prog_name=PROGRAM)
    except SyncError as error:
        _complain(str(error), error.hint)
    return FAILED


if __name__ == "__main__":
    sys.exit(main())
