"""A copy of the database, or of a mapping, writes nowhere until somebody re-arms it; an ordinary move stops nobody."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest

from glsync import delivery, jobs, startup
from glsync.config import settings
from glsync.errors import CopiedDatabase, CopiedMapping, Forbidden, SyncError
from glsync.programs import find_programs
from glsync.services import arming, connections, hooks, mappings, runs
from glsync.services.access import LOCAL, Actor
from glsync.services.connections import ConnectionDraft
from glsync.store import db, identity, schedules
from glsync.store.identity import Identity
from tests.database import on_database, run_sql
from tests.services.conftest import TOKEN, addresses, ask, draft, glide, items, ops  # noqa: F401 - fixtures

HERE = Identity("7123", 16384, 17, "app", None, "place-1", "home-1")
SUPABASE = replace(HERE, name="postgres", project="abcdefgh")


@pytest.mark.parametrize(
    ("later", "is_same"),
    [
        (HERE, True),
        (replace(HERE, place="place-2"), True),  # another name of the host, another port
        (replace(HERE, home="home-2"), True),  # a worker on another machine
        (replace(HERE, server="9999", version=18), True),  # a new major version in its place
        (replace(HERE, server="9999", number=5, version=18), True),
        (replace(HERE, server="9999"), False),  # restored on another server
        (replace(HERE, number=16999), False),  # cloned on this one
        (replace(HERE, server="9999", version=18, place="place-2"), False),
        (replace(HERE, server="9999", version=18, home="home-2"), False),  # somebody's own machine
        (replace(HERE, server="9999", version=16), False),
        (replace(HERE, server="9999", version=18, home=""), False),
        (replace(HERE, server=None, home="home-2"), True),  # asked by a role that may not know
        (replace(HERE, server=None, place="place-2"), False),
        (replace(HERE, server=None, number=16999), False),
    ],
)
def test_a_database_knows_itself_through_what_an_operator_does_to_it(later, is_same):
    assert HERE.is_same(later) is is_same


@pytest.mark.parametrize(
    ("later", "is_same"),
    [
        (replace(SUPABASE, server="9999", number=5, version=18, place="place-2"), True),  # upgraded, through the pooler
        (replace(SUPABASE, project="ijklmnop"), False),  # restored into another project, disk by disk
        (replace(SUPABASE, project=None), False),
    ],
)
def test_a_project_of_supabase_is_what_its_address_says(later, is_same):
    assert SUPABASE.is_same(later) is is_same


def test_an_address_that_means_one_machine_everywhere_needs_no_home_to_be_known_by():
    here = replace(HERE, home=None)
    assert here.is_same(replace(here, server="9999", version=18))
    assert not replace(HERE, home="").is_same(replace(HERE, home="", server="9999", version=18))


@pytest.mark.parametrize(
    ("host", "is_so"),
    [
        ("db.example.com", True), ("93.184.216.34", True), ("mydb.abc.eu-central-1.rds.amazonaws.com", True),
        ("localhost", False), ("127.0.0.1", False), ("10.0.0.5", False), ("postgres", False), ("/tmp/pg18", False),
        ("db.internal", False), ("::1", False), ("", False),
    ],
)  # fmt: skip
def test_addresses_that_every_machine_has_are_told_from_others(host, is_so):
    assert identity.is_everywhere_the_same(host) is is_so


def test_a_worker_on_another_machine_does_not_take_the_database_over(database, monkeypatch, tmp_path):
    startup.migrate()
    monkeypatch.setenv("GLSYNC_HOME", str(tmp_path / "another"))
    go_to(database, monkeypatch)
    startup.migrate()
    with db.connect("test") as connection, connection.cursor() as cursor:
        known, here = identity.known(cursor), identity.now(cursor)
    assert known is not None
    assert known.home not in ("", here.home)
    assert known.is_same(here)


@pytest.mark.parametrize(
    ("url", "project"),
    [
        ("postgresql://postgres:x@db.abcdefgh.supabase.co:5432/postgres", "abcdefgh"),
        ("postgresql://postgres.abcdefgh:x@aws-0-eu-central-1.pooler.supabase.com:6543/postgres", "abcdefgh"),
        ("postgresql://me@db.example.com/app", None),
        ("postgresql://me.abcdefgh@db.example.com/app", None),
        ("postgresql://postgres@/app?host=/tmp", None),
    ],
)
def test_the_project_is_read_from_the_address(url, project):
    assert identity.project_of(url) == project


def name_of(url: str) -> str:
    return urlsplit(url).path.removeprefix("/")


def go_to(url: str, monkeypatch: Any) -> None:
    """From now on this process works on another database."""
    monkeypatch.setenv("GLSYNC_DATABASE_URL", url)
    settings.cache_clear()
    db.forget()


@pytest.fixture(params=["cloned", "restored from a dump"])
def copy(request: Any, database: str, items: Any, new_database: Any, ask: Any) -> str:  # noqa: F811
    """The URL of a copy of a database at work: a run queued, a schedule, a webhook."""
    startup.migrate()
    runs.run_here(LOCAL, items.id)
    ask(f"update gl_mappings set options = options || '{{\"schedule\": \"every 5 minutes\"}}' where id = '{items.id}'")
    runs.start(LOCAL, items.id)
    db.forget()
    if request.param == "cloned":
        return new_database(template=name_of(database))
    url = new_database()
    programs = find_programs().folder
    dump = subprocess.run([programs / "pg_dump", database], check=True, capture_output=True)
    subprocess.run([programs / "psql", "-q", url], check=True, input=dump.stdout, capture_output=True)
    return url


def test_nothing_of_a_copy_runs_until_it_is_re_armed(database, copy, items, glide, monkeypatch):  # noqa: F811
    hook = hooks.create(LOCAL, items.id, "Glide").path.rpartition("/")[2]
    assert not arming.is_copy(LOCAL)
    go_to(copy, monkeypatch)
    startup.migrate()  # as a start of it would
    assert arming.is_copy(LOCAL)
    [(queued,)] = run_sql(copy, "select id from gl_sync_logs where status = 'started'")
    glide.edit("items", add=[{"$rowID": "new", "Name": "from Glide", "pr1ce": 3}])
    glide.forget_calls()
    jobs.sync_mapping(str(queued))  # a job that was queued before the copy was made
    with pytest.raises(CopiedDatabase, match="is a copy"):
        runs.start(LOCAL, items.id)
    with pytest.raises(CopiedDatabase):
        runs.run_here(LOCAL, items.id)
    with pytest.raises(SyncError):
        hooks.received(hook, {}, b"")
    with db.connect("test") as connection, connection.cursor() as cursor:
        assert schedules.tick(cursor, schedules_now(cursor)) == []
    with pytest.raises(CopiedDatabase):
        delivery.deliver(str(items.id))
    assert glide.calls() == []
    assert run_sql(copy, "select glide_row_id from public.items order by 1") == [("a",)]
    told = runs.get(LOCAL, UUID(str(queued)))
    assert (told.status, told.error_type) == ("failed", "GUARD_STOP")
    assert "re-arm it" in told.hint

    with pytest.raises(Forbidden):
        arming.rearm(Actor("vera", "editor"))
    assert arming.rearm(Actor("vera", "admin"))
    assert not arming.rearm(LOCAL)
    assert runs.run_here(LOCAL, items.id).counts.created == 1
    [(who,)] = run_sql(copy, "select actor from glsync.audit where action = 're-armed' and subject_type = 'database'")
    assert who == "vera"

    go_to(database, monkeypatch)  # the original never noticed
    startup.migrate()
    assert not arming.is_copy(LOCAL)
    assert run_sql(database, "select glide_row_id from public.items order by 1") == [("a",)]


def schedules_now(cursor: Any) -> Any:
    cursor.execute("select now() + interval '1 day'")
    return cursor.fetchone()[0]


def test_a_role_that_does_not_own_the_schema_leaves_what_is_known_alone(database, monkeypatch, new_database):
    startup.migrate()
    run_sql(database, "do $$ begin create role no_owner login; exception when duplicate_object then null; end $$")
    go_to(on_database(database, name_of(database), user="no_owner"), monkeypatch)
    with db.connect("test") as connection, connection.cursor() as cursor:
        assert not identity.is_copy(cursor)
    identity.remember()


def test_a_mapping_copied_into_another_workspace_waits_and_tells_no_name_of_the_first(items, ask):  # noqa: F811
    runs.run_here(LOCAL, items.id)
    [(copied,)] = ask(
        "with w as (insert into glsync.workspaces (name) values ('Other') returning id), c as (insert into"
        " gl_connections (workspace_id, app_id, name) select id, 'ops1', 'theirs' from w returning id)"
        " insert into gl_mappings (connection_id, name, glide_table, supabase_table, column_mappings, status)"
        " select c.id, 'copy', m.glide_table, m.supabase_table, m.column_mappings, 'active' from gl_mappings m, c"
        f" where m.id = '{items.id}' returning id"
    )
    with (
        db.connect("test") as connection,
        connection.cursor() as cursor,
        pytest.raises(CopiedMapping, match="as a mapping of another workspace, which"),
    ):
        identity.refuse_copied_mapping(cursor, UUID(str(copied)), "copy")


def test_a_copied_mapping_waits_too(items, addresses, ask):  # noqa: F811
    runs.run_here(LOCAL, items.id)
    connections.add(LOCAL, ConnectionDraft("copied", "ops1", TOKEN, addresses))
    [(copied,)] = ask(
        "insert into gl_mappings (connection_id, name, glide_table, supabase_table, column_mappings, status, deletes)"
        " select c.id, 'copy', m.glide_table, m.supabase_table, m.column_mappings, 'active', 'delete'"
        f" from gl_mappings m, gl_connections c where m.id = '{items.id}' and c.name = 'copied' returning id"
    )
    with pytest.raises(CopiedMapping, match="'copy' pairs the same two tables as 'items'"):
        runs.start(LOCAL, UUID(str(copied)))
    ask(f"select glsync.enqueue_run('{copied}')")
    [(queued,)] = ask(f"select id from gl_sync_logs where mapping_id = '{copied}'")
    jobs.sync_mapping(str(queued))
    assert runs.get(LOCAL, UUID(str(queued))).error_type == "GUARD_STOP"
    assert runs.run_here(LOCAL, items.id).status == "completed_with_errors"  # the original goes on
    assert arming.rearm_mapping(LOCAL, "copy")
    assert not arming.rearm_mapping(LOCAL, "items")
    assert runs.run_here(LOCAL, UUID(str(copied))).status == "completed_with_errors"
    saved = mappings.save(LOCAL, mappings.get(LOCAL, UUID(str(copied))), activate=True)
    assert not arming.rearm_mapping(LOCAL, saved.name)  # a save keeps it armed
