"""The same migrations on the Postgres versions and kinds of owner that people have.

owner     an ordinary user who owns the database and nothing else: no superuser, no bypassrls, no createrole
supabase  the owner of a Supabase project: no superuser either, but with createrole and bypassrls, and Supabase's roles
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2.errors
import pytest

from glsync.store.migrations import migrate
from tests.database import Database, fast_folder, on_database, run_sql, start_server, stop_server
from tests.store.conftest import ROW_ID, pair

DEBIAN_15 = Path("/usr/lib/postgresql/15/bin")
SHIM = Path(__file__).with_name("supabase.sql").read_text()
REFUSED = psycopg2.errors.InsufficientPrivilege

VERSIONS = [
    pytest.param(None, id="18"),
    pytest.param(
        DEBIAN_15,
        id="15",
        marks=pytest.mark.skipif(not DEBIAN_15.exists(), reason=f"Postgres 15 is not installed in {DEBIAN_15}"),
    ),
]
OWNERS = {
    "plain_owner": "create role plain_owner login",
    "project_owner": "create role project_owner login createrole createdb bypassrls",
}


@pytest.fixture(scope="module")
def migrated() -> Iterator[Callable[[str, Path | None], str]]:
    """A migrated database of this owner, on a server of its own with the programs of a folder; made once a module."""
    made: dict[tuple[str, Path | None], str] = {}
    homes: list[Path] = []

    def url_of(owner: str, programs: Path | None) -> str:
        if (owner, programs) not in made:
            homes.append(fast_folder() / f"glsync-tests-{uuid.uuid4().hex[:12]}")
            with pytest.MonkeyPatch.context() as patch:
                if programs:
                    patch.setenv("GLSYNC_PG_BIN", str(programs))
                server = start_server(homes[-1])
            run_sql(server, OWNERS[owner])
            url = fresh(server, owner)
            if owner == "project_owner":
                run_sql(on_database(url, name_of(url), user="postgres"), SHIM)
            migrate(url, optional=["domain-starter"])
            made[owner, programs] = url
        return made[owner, programs]

    yield url_of
    for home in homes:
        stop_server(home)


def fresh(server: str, owner: str) -> str:
    """A new database of this owner, nothing in it."""
    name = f"glsync_test_{uuid.uuid4().hex}"
    run_sql(server, f"create database {name} owner {owner}")
    return on_database(server, name, user=owner)


def name_of(url: str) -> str:
    return urlsplit(url).path.removeprefix("/")


@pytest.fixture(params=VERSIONS)
def plain(
    request: pytest.FixtureRequest, migrated: Callable[..., str], open_database: Callable[..., Database]
) -> Database:
    return open_database(migrated("plain_owner", request.param))


@pytest.fixture(params=VERSIONS)
def supabase(
    request: pytest.FixtureRequest, migrated: Callable[..., str], open_database: Callable[..., Database]
) -> Database:
    return open_database(migrated("project_owner", request.param))


@pytest.fixture(params=OWNERS)
def owner(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(params=VERSIONS)
def everywhere(
    request: pytest.FixtureRequest, owner: str, migrated: Callable[..., str], open_database: Callable[..., Database]
) -> Database:
    return open_database(migrated(owner, request.param))


def new_mapping(db: Database, person: str | None = None):
    """A well-made mapping onto gl_products; in a workspace of its own when a person is to be its viewer."""
    place = {}
    if person:
        place = {"workspace_id": db.add("glsync.workspaces", name=uuid.uuid4().hex).id}
        db.add("glsync.members", user_id=person, **place)
    connection = db.add("gl_connections", app_id="app-1", api_key="glsync:v1:1:c2VhbGVk", **place)
    return db.add(
        "gl_mappings",
        connection_id=connection.id,
        glide_table=uuid.uuid4().hex,
        supabase_table="gl_products",
        column_mappings=ROW_ID | pair("Cost", "cost", "number"),
    )


# Everywhere


def test_the_owner_of_the_database_needs_no_other_right_to_migrate_and_use_everything(everywhere):
    mapping = new_mapping(everywhere)
    assert migrate(everywhere.url, optional=["domain-starter"]) == []
    assert everywhere("select * from gl_validate_column_mapping(%s)", mapping.id)[0].is_valid
    error = everywhere.one("select gl_record_sync_error(%s, 'API_ERROR', 'Glide is down.')", mapping.id)
    assert everywhere("select * from gl_get_sync_errors(%s)", mapping.id)[0].id == error
    assert everywhere.one("select gl_resolve_sync_error(%s, 'It is up.')", error) is True
    log = everywhere.one("select glsync_retry_failed_sync(%s)", mapping.id)
    assert everywhere.one("select current_status from gl_mapping_status where mapping_id = %s", mapping.id) == "started"
    assert everywhere("select * from gl_recent_logs")[0].id == log
    assert everywhere.one("select sum(syncs) from gl_sync_stats") >= 1
    assert everywhere("select * from gl_product_sync_stats")
    assert everywhere("select * from gl_tables_view where table_name = 'gl_products'")
    assert everywhere("select * from gl_suggest_column_mappings('gl_products', '[\"cost\"]')")


def test_row_security_is_on_and_forced_everywhere(everywhere):
    secured = everywhere(
        "select relrowsecurity and relforcerowsecurity as yes from pg_class as c where relkind = 'r' and ("
        "relnamespace = 'glsync'::regnamespace or relnamespace = 'public'::regnamespace and relname ~ '^gl_')"
    )
    assert len(secured) >= 30
    assert all(table.yes for table in secured)


# An owner who may make no roles


def test_without_the_right_to_make_roles_the_migration_goes_on_without_them(plain):
    assert plain("select 1 from pg_roles where rolname in ('glsync_worker', 'glsync_app')") == []
    assert (
        plain("select rolsuper or rolbypassrls or rolcreaterole as more from pg_roles where rolname = current_user")[
            0
        ].more
        is False
    )


def test_roles_that_an_administrator_makes_later_are_let_in_by_one_call(plain, open_database):
    server = on_database(plain.url, "postgres", user="postgres")
    url = fresh(server, "plain_owner")
    migrate(url, optional=["domain-starter"])
    run_sql(server, "create role glsync_app; create role glsync_worker; grant glsync_app, glsync_worker to plain_owner")
    try:
        db = open_database(url)
        new_mapping(db, person="vera")
        new_mapping(db)
        db("select glsync.grant_access()")
        with db.acting_as("glsync_app", "vera"):
            assert db.one("select count(*) from gl_mappings") == 1
        with db.acting_as("glsync_worker"):
            assert db.one("select count(*) from gl_mappings") == 2
    finally:
        db.connection.close()
        run_sql(server, f"drop database {name_of(url)} with (force)")
        run_sql(server, "drop role glsync_app, glsync_worker")


# Supabase


TABLES = ["gl_connections", "gl_mappings", "gl_sync_logs", "gl_sync_errors", "gl_products", "gl_mapping_status",
          "gl_recent_logs", "gl_sync_stats", "gl_product_sync_stats", "gl_tables_view", "glsync.members",
          "glsync.audit", "glsync_queue.procrastinate_jobs"]  # fmt: skip


def through_the_api(db: Database, role: str, open_database: Callable[[str], Database]) -> Database:
    """A connection like PostgREST's: it signs in as authenticator and takes the role the token names."""
    api = open_database(on_database(db.url, name_of(db.url), user="authenticator"))
    api(f"set role {role}")
    return api


@pytest.mark.parametrize("table", TABLES)
def test_anon_reaches_nothing_even_where_new_tables_are_for_everybody(supabase, table):
    with supabase.acting_as("anon"), pytest.raises(REFUSED):
        supabase(f"select * from {table}")


def test_anon_calls_nothing(supabase):
    callable_by_anon = supabase(
        "select proname from pg_proc where (pronamespace = 'glsync'::regnamespace "
        "or pronamespace = 'public'::regnamespace and proname ~ '^gl(sync)?_') "
        "and has_function_privilege('anon', oid, 'execute')"
    )
    assert callable_by_anon == []


def test_a_signed_in_person_sees_their_workspaces_through_the_api(supabase, open_database):
    mine, _other = new_mapping(supabase, person="vera"), new_mapping(supabase, person="boris")
    api = through_the_api(supabase, "authenticated", open_database)
    api("""select set_config('request.jwt.claims', '{"sub": "vera", "role": "authenticated"}', false)""")
    workspaces = {row.workspace_id for row in api("select workspace_id from gl_mappings")}
    assert mine.workspace_id in workspaces
    assert _other.workspace_id not in workspaces
    assert {row.workspace_id for row in api("select workspace_id from gl_mapping_status")} == workspaces
    assert api("select * from gl_validate_column_mapping(%s)", mine.id)[0].is_valid
    assert api("select * from gl_get_sync_errors(%s)", mine.id) == []
    assert api("select count(*) from gl_products")


@pytest.mark.parametrize(
    "statement",
    [
        "select api_key from gl_connections", "insert into gl_connections (app_id) values ('a')",
        "update gl_mappings set enabled = false", "delete from gl_sync_logs",
        "update gl_sync_errors set state = 'open'",
        "insert into glsync.members (user_id, role) values ('vera', 'admin')", "truncate gl_mappings",
        "delete from gl_products", "select glsync_retry_failed_sync(gen_random_uuid())",
        "select gl_resolve_sync_error(gen_random_uuid())", "select glsync.enqueue_run(gen_random_uuid())",
        "select gl_record_sync_error(gen_random_uuid(), 'API_ERROR', 'x')",
    ],
)  # fmt: skip
def test_a_signed_in_person_reads_no_key_and_writes_nothing(supabase, statement):
    new_mapping(supabase, person="vera")
    with supabase.acting_as("authenticated", "vera"), pytest.raises(REFUSED):
        supabase(statement)


def test_the_service_key_may_everything(supabase, open_database):
    mapping = new_mapping(supabase, person="vera")
    api = through_the_api(supabase, "service_role", open_database)
    assert api.one("select count(*) from gl_connections where api_key is not null") >= 1
    assert api.one("select glsync_retry_failed_sync(%s)", mapping.id)
    assert api.one("select gl_record_sync_error(%s, 'API_ERROR', 'x')", mapping.id)
    api("insert into gl_products (glide_row_id) values (%s)", uuid.uuid4().hex)


def test_tables_of_supabase_itself_are_neither_listed_nor_targets(supabase):
    schemas = {row.schema_name for row in supabase("select schema_name from gl_tables_view")}
    assert schemas == {"public"}
    (row, *_) = supabase(
        "select * from gl_validate_mapping_data(%s)",
        {"glide_table": "t", "supabase_table": "storage.objects", "column_mappings": ROW_ID},
    )
    assert "is not for syncing" in row.validation_message


def test_elsewhere_a_schema_may_be_called_storage(plain):
    plain("create schema storage; create table storage.shelves (glide_row_id text unique)")
    assert plain("select * from gl_tables_view where supabase_table = 'storage.shelves'")
