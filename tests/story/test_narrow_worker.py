"""A worker with a login of its own, which may nothing but its work."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import psycopg2.errors
import pytest

from glsync.config import settings
from glsync.errors import RowsHidden
from glsync.services import mappings
from glsync.services.access import LOCAL
from glsync.store import db
from tests.database import on_database, run_sql
from tests.story.processes import QUICK, WORK, running, until
from tests.story.test_workers import enqueue, has_ended, log, whole
from tests.world import World

REFUSED = psycopg2.errors.InsufficientPrivilege


@pytest.fixture
def narrow(world: World, database: str) -> Iterator[str]:
    """The URL of a login that is a member of glsync_worker and nothing else."""
    name = urlsplit(database).path.removeprefix("/")
    login = f"worker_of_{name[-12:]}"
    run_sql(database, f"create role {login} login in role glsync_worker")
    yield on_database(database, name, user=login)
    run_sql(database, f"drop owned by {login}; drop role {login}")


@pytest.fixture
def as_worker(narrow: str, database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Runs are done by that login."""
    monkeypatch.setenv("GLSYNC_DATABASE_URL", narrow)
    settings.cache_clear()
    db.forget()
    yield
    monkeypatch.setenv("GLSYNC_DATABASE_URL", database)
    settings.cache_clear()
    db.forget()


def test_a_worker_of_its_own_login_does_the_runs_of_tables_it_was_let_into(
    world: World, narrow: str, database: str, monkeypatch: pytest.MonkeyPatch
):
    world.glide.set(page_rows=10)
    world.glide_has_many(30)
    target = world.sql("select supabase_table as name from gl_mappings")[0]["name"]
    assert world.sql("select glsync.let_worker_in(%s::regclass) as is_in", target)[0]["is_in"]
    monkeypatch.setenv("GLSYNC_DATABASE_URL", narrow)
    with running(QUICK + WORK):
        log_id = enqueue(world)
        until(lambda: has_ended(world, log_id), what="for the run")
    ended = log(world, log_id)
    assert (ended["status"], ended["created_rows"]) == ("completed", 30), ended["message"]
    assert whole(world)
    monkeypatch.setenv("GLSYNC_DATABASE_URL", database)
    settings.cache_clear()
    db.forget()


@pytest.mark.parametrize(
    "policies",
    [
        [],
        ["for select to glsync_worker using (name <> 'secret')"],
        ["to pg_monitor using (true)"],
        ["to glsync_worker using (true)", "as restrictive using (name <> 'secret')"],
    ],
    ids=["none", "one for some rows", "another role's", "one that holds rows back"],
)
@pytest.mark.parametrize("direction", ["to_supabase", "both"])
def test_where_policies_may_hide_rows_nothing_runs_lest_they_look_deleted(
    world: World, as_worker: None, direction: str, policies: list[str]
):
    world.change_mapping(sync_direction=direction, deletes="delete")
    world.sql("grant all on public.items to glsync_worker; alter table public.items enable row level security")
    world.glide_has(a={"Name": "pen"}, b={"Name": "secret"})
    for number, policy in enumerate(policies):
        world.sql(f"create policy p{number} on public.items {policy}")
    with pytest.raises(RowsHidden, match=r"hide rows of public\.items"):
        world.sync()
    world.sql("create policy every_row on public.items to glsync_worker using (true)")
    world.sql("drop policy if exists p1 on public.items")
    assert world.sync().counts.created == 2


def test_it_reaches_no_other_table_and_makes_none(world: World, narrow: str, database: str):
    run_sql(database, "create table public.salaries (id uuid)")
    for statement in (
        "select * from public.salaries",
        "create table public.mine (id uuid)",
        "drop table public.gl_mappings",
        "alter table public.gl_mappings disable row level security",
        "truncate public.gl_sync_logs",
        "update glsync.audit set actor = 'nobody'",
        "create role another",
        "grant glsync_app to current_user",
    ):
        with pytest.raises(REFUSED):
            run_sql(narrow, statement)


def test_a_table_of_somebody_else_is_theirs_to_open(world: World, narrow: str, database: str):
    run_sql(database, "create table public.theirs (id uuid)")
    assert run_sql(narrow, "select glsync.let_worker_in('public.theirs'::regclass)") == [(False,)]


def test_activating_a_mapping_lets_the_worker_into_its_table(world: World, narrow: str, database: str):
    with pytest.raises(REFUSED):
        run_sql(narrow, "select * from public.items")
    mapping = mappings.find(LOCAL, world.sql("select name from gl_mappings")[0]["name"])
    mappings.save(LOCAL, mapping, activate=True)
    assert run_sql(narrow, "select count(*) from public.items") == [(0,)]
