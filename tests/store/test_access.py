"""Who may see and do what in the database."""

from __future__ import annotations

import psycopg2.errors
import pytest

OURS = (
    "select c.oid::regclass::text as name from pg_class as c where c.relkind in ('r', 'p') and ("
    "c.relnamespace in ('glsync'::regnamespace, 'glsync_queue'::regnamespace) "
    "or c.relnamespace = 'public'::regnamespace and c.relname like 'gl\\_%')"
)
REFUSED = psycopg2.errors.InsufficientPrivilege


def workspace(db, name, **roles):
    """A workspace with one of everything, and its members by role."""
    row = db.add("glsync.workspaces", name=name)
    for role, person in roles.items():
        db.add("glsync.members", workspace_id=row.id, user_id=person, role=role)
    row.connection = db.add(
        "gl_connections", workspace_id=row.id, app_id=name, app_name=name, api_key="glsync:v1:1:c2VhbGVk"
    )
    row.mapping = db.add("gl_mappings", connection_id=row.connection.id, glide_table=name, supabase_table="gl_products")
    row.log = db.add("gl_sync_logs", mapping_id=row.mapping.id, status="completed")
    row.error = db.add("gl_sync_errors", mapping_id=row.mapping.id, error_type="CONFLICT", error_message=name)
    db.add("glsync.base_state", mapping_id=row.mapping.id, rows=7)
    db.add("glsync.run_events", log_id=row.log.id, message="Read page 1.")
    db.add("glsync.audit", workspace_id=row.id, actor="eve", action="mapping.create", subject_type="mapping")
    db.add("glsync.usage", connection_id=row.connection.id)
    return row


@pytest.fixture
def red(db):
    return workspace(db, "red", viewer="vera", operator="otto", editor="edna", admin="ada")


@pytest.fixture
def blue(db):
    return workspace(db, "blue", admin="boris")


# What holds for every table and function


def test_row_security_is_on_and_forced_for_every_table_of_ours(db):
    open_tables = db(f"{OURS} and not (c.relrowsecurity and c.relforcerowsecurity)")
    assert [table.name for table in open_tables] == []


def test_the_owner_and_the_worker_may_everything_in_every_table_of_ours(db):
    rows = db(
        f"{OURS} and 2 <> (select count(*) from pg_policy as p "
        "where p.polrelid = c.oid and p.polname in ('glsync_owner', 'glsync_worker') and p.polcmd = '*')"
    )
    assert [row.name for row in rows] == []


def test_a_function_with_the_rights_of_its_owner_has_a_fixed_search_path_and_is_not_for_everybody(db):
    functions = db(
        "select oid::regprocedure::text as name, proconfig::text as config, "
        "has_function_privilege('public', oid, 'execute') as everybody "
        "from pg_proc where prosecdef and pronamespace in ('glsync'::regnamespace, 'public'::regnamespace)"
    )
    assert {function.name.split("(")[0] for function in functions} == {
        "glsync.enqueue_run", "glsync.may_read_target", "glsync.my_workspaces", "glsync.note", "glsync.note_touch",
        "glsync.take_off_queue", "glsync.tell_of_run", "glsync.worker_seen",
    }  # fmt: skip
    assert {function.config for function in functions} == {'{"search_path=\\"\\""}'}
    assert not any(function.everybody for function in functions)


def test_none_of_our_functions_is_for_everybody(db):
    functions = db(
        "select proname as name from pg_proc where (pronamespace = 'glsync'::regnamespace "
        "or pronamespace = 'public'::regnamespace and proname ~ '^gl(sync)?_') "
        "and has_function_privilege('public', oid, 'execute')"
    )
    assert [function.name for function in functions] == []


# People


def test_without_claims_nothing_is_visible(db, red):
    with db.acting_as("glsync_app"):
        for table in ("gl_mappings", "gl_sync_logs", "gl_mapping_status", "glsync.workspaces", "glsync.members"):
            assert db.one(f"select count(*) from {table}") == 0


@pytest.mark.parametrize(
    "table",
    ["gl_mappings", "gl_sync_logs", "gl_sync_errors", "glsync.members", "glsync.base_state", "glsync.run_events",
     "glsync.audit", "glsync.usage", "gl_mapping_status", "gl_recent_logs", "gl_product_sync_stats"],
)  # fmt: skip
def test_a_person_sees_what_is_in_their_workspaces_and_nothing_else(db, red, blue, table):
    with db.acting_as("glsync_app", "vera"):
        assert {row.workspace_id for row in db(f"select workspace_id from {table}")} == {red.id}
    with db.acting_as("glsync_app", "boris"):
        assert {row.workspace_id for row in db(f"select workspace_id from {table}")} == {blue.id}


def test_a_person_sees_the_statistics_of_their_own_runs(db, red, blue):
    assert db.one("select syncs from gl_sync_stats") == 2
    with db.acting_as("glsync_app", "vera"):
        assert db.one("select syncs from gl_sync_stats") == 1


def test_a_person_of_two_workspaces_sees_both(db, red, blue):
    db.add("glsync.members", workspace_id=blue.id, user_id="vera")
    with db.acting_as("glsync_app", "vera"):
        assert db.one("select count(*) from gl_mappings") == 2


def test_a_person_reads_connections_but_never_a_sealed_key(db, red):
    with db.acting_as("glsync_app", "ada"):
        assert db.one("select app_id from gl_connections") == "red"
        for statement in ("select api_key from gl_connections", "select * from gl_connections"):
            with pytest.raises(REFUSED):
                db(statement)
        with pytest.raises(REFUSED):
            db("select * from glsync.data_keys")


def test_a_person_cannot_reach_the_queue_or_the_memory_of_runs(db, red):
    with db.acting_as("glsync_app", "ada"):
        for table in ("glsync_queue.procrastinate_jobs", "glsync.base_pages", "glsync.checkpoints", "glsync.touched"):
            with pytest.raises(REFUSED):
                db(f"select * from {table}")


CHANGES = {
    "resolve an error": ("operator", "update gl_sync_errors set state = 'resolved' returning id"),
    "cancel a run": ("operator", "update gl_sync_logs set cancel_requested = true returning id"),
    "change a mapping": ("editor", "update gl_mappings set enabled = false returning id"),
    "change a connection": ("editor", "update gl_connections set app_name = 'x' returning id"),
    "let somebody in": ("admin", "update glsync.members set role = 'admin' where user_id = 'vera' returning user_id"),
}
RANKS = {"vera": "viewer", "otto": "operator", "edna": "editor", "ada": "admin"}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("person", RANKS)
def test_a_person_changes_what_their_role_allows(db, red, change, person):
    least, statement = CHANGES[change]
    order = list(RANKS.values())
    may = order.index(RANKS[person]) >= order.index(least)
    with db.acting_as("glsync_app", person):
        assert len(db(statement)) == (1 if may else 0)


def test_the_admin_of_one_workspace_changes_nothing_in_another(db, red, blue):
    with db.acting_as("glsync_app", "boris"):
        assert [row.id for row in db("update gl_mappings set enabled = false returning id")] == [blue.mapping.id]
        with pytest.raises(REFUSED):
            db("insert into glsync.members (workspace_id, user_id, role) values (%s, 'boris', 'admin')", red.id)
        with pytest.raises(psycopg2.errors.ForeignKeyViolation):  # what one cannot see is not there
            db(
                "insert into gl_mappings (connection_id, glide_table, supabase_table) values (%s, 't', 's')",
                red.connection.id,
            )


def test_the_audit_trail_is_read_by_members_and_written_by_the_machinery_alone(db, red):
    with db.acting_as("glsync_app", "ada"), pytest.raises(REFUSED):
        db("insert into glsync.audit (workspace_id, actor, action, subject_type) values (%s, 'ada', 'x', 'x')", red.id)


# Starting runs


def test_an_operator_starts_a_run_without_any_right_on_the_queue(db, red):
    with db.acting_as("glsync_app", "otto"):
        log_id = db.one("select glsync_retry_failed_sync(%s)", red.mapping.id)
    assert db.one("select actor from gl_sync_logs where id = %s", log_id) == "otto"
    assert db.one("select args ->> 'log_id' from glsync_queue.procrastinate_jobs") == str(log_id)


def test_a_viewer_may_not_start_a_run(db, red):
    with db.acting_as("glsync_app", "vera"), pytest.raises(REFUSED, match="Only an operator"):
        db("select glsync_retry_failed_sync(%s)", red.mapping.id)


def test_to_a_stranger_the_mapping_does_not_exist(db, red, blue):
    with db.acting_as("glsync_app", "boris"), pytest.raises(psycopg2.errors.NoDataFound, match="There is no mapping"):
        db("select glsync_retry_failed_sync(%s)", red.mapping.id)


def test_an_operator_resolves_errors_by_the_function_and_only_their_own(db, red, blue):
    with db.acting_as("glsync_app", "otto"):
        assert db.one("select gl_resolve_sync_error(%s, 'seen')", red.error.id) is True
        assert db.one("select gl_resolve_sync_error(%s, 'seen')", blue.error.id) is False
    assert db.one("select resolved_by from gl_sync_errors where id = %s", red.error.id) == "otto"


# The user's own data


def test_people_read_the_domain_tables_that_a_mapping_of_theirs_targets(db, red):
    db("insert into gl_products (glide_row_id) values ('a')")
    db("insert into gl_invoices (glide_row_id) values ('b')")
    with db.acting_as("glsync_app", "vera"):
        assert db.one("select count(*) from gl_products") == 1
        assert db.one("select count(*) from gl_invoices") == 0
        with pytest.raises(REFUSED):
            db("delete from gl_products")
    with db.acting_as("glsync_app", "stranger"):
        assert db.one("select count(*) from gl_products") == 0


# The worker


def test_the_worker_does_its_work_in_every_workspace_without_owning_anything(db, red, blue):
    with db.acting_as("glsync_worker"):
        assert db.one("select count(*) from gl_connections where api_key is not null") == 2
        log_id = db.one("select glsync.enqueue_run(%s)", red.mapping.id)
        db("update gl_sync_logs set status = 'completed', completed_at = now() where id = %s", log_id)
        db("insert into glsync.leases (mapping_id, advisory_key) values (%s, 1)", red.mapping.id)
        db("insert into gl_products (glide_row_id) values ('a')")
        db.one("select gl_record_sync_error(%s, 'API_ERROR', 'x')", blue.mapping.id)
        assert db("select glsync_queue.procrastinate_fetch_job_v2(null, null)")
        with pytest.raises(REFUSED):
            db("drop table gl_products")


def test_roles_made_by_hand_later_get_what_they_lack(db, red):
    db("drop policy glsync_worker on gl_mappings; revoke all on gl_mappings from glsync_worker")
    with db.acting_as("glsync_worker"), pytest.raises(REFUSED):
        db("select * from gl_mappings")
    db("select glsync.grant_access()")
    with db.acting_as("glsync_worker"):
        assert db.one("select count(*) from gl_mappings") == 1
