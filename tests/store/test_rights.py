"""Every table and view, every verb, every role, in one's own workspace and in another: what the database allows."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import psycopg2
import psycopg2.errors
import pytest

from tests.database import Database, on_database, run_sql

ROLES = ("viewer", "operator", "editor", "admin")
SUBJECTS = (*ROLES, "worker", "anon")
VERBS = ("select", "insert", "update", "delete")
NOBODY = None

RIGHTS: dict[str, tuple[str | None, str | None]] = {
    # table: the least role that reads it, the least role that writes it; None: the machinery alone
    "gl_connections": ("viewer", "editor"),
    "gl_mappings": ("viewer", "editor"),
    "gl_sync_logs": ("viewer", "operator"),
    "gl_sync_errors": ("viewer", "operator"),
    "gl_conflicts": ("viewer", "operator"),
    "glsync.ignored_causes": ("viewer", "operator"),
    "glsync.workspaces": ("viewer", NOBODY),
    "glsync.members": ("viewer", "admin"),
    "glsync.invitations": ("admin", "admin"),
    "glsync.api_tokens": ("admin", "admin"),
    "glsync.hooks": ("editor", "editor"),
    "glsync.hook_messages": (NOBODY, NOBODY),
    "glsync.subscriptions": ("admin", "admin"),
    "glsync.deliveries": ("admin", NOBODY),
    "glsync.schedules": ("viewer", "editor"),
    "glsync.audit": ("viewer", NOBODY),
    "glsync.usage": ("viewer", NOBODY),
    "glsync.run_events": ("viewer", NOBODY),
    "glsync.base_state": ("viewer", NOBODY),
    "glsync.leases": ("viewer", NOBODY),
    "glsync.absent_rows": ("viewer", NOBODY),
    "glsync.shapes": ("viewer", NOBODY),
    "glsync.certificates": ("viewer", NOBODY),
    "glsync.history": ("viewer", NOBODY),
    "glsync.intents": ("viewer", NOBODY),
    "glsync.calls": ("viewer", NOBODY),
    "glsync.links": ("viewer", NOBODY),
    "glsync.linked_tables": (NOBODY, NOBODY),
    "glsync.data_keys": (NOBODY, NOBODY),
    "glsync.base_pages": (NOBODY, NOBODY),
    "glsync.checkpoints": (NOBODY, NOBODY),
    "glsync.watched": (NOBODY, NOBODY),
    "glsync.touched": (NOBODY, NOBODY),
}
"""Tables whose rows belong to a workspace."""
VIEWS = ("gl_mapping_status", "gl_recent_logs", "gl_product_sync_stats")
"""Views whose rows belong to a workspace: a viewer reads them, nobody writes them."""
EVERYBODYS = ("gl_sync_stats", "gl_tables_view")
"""Views without a workspace: of one's own runs, and of tables that stand open to the role."""
MACHINERYS = ("glsync.open_tables", "glsync.open_functions", "glsync.schema_migration")
"""Tables of no workspace, which no person reads."""
APPEND_ONLY = {"glsync.audit"}
VALUES: dict[str, Any] = {
    "gl_connections.api_key": "glsync:v1:1:c2VhbGVk",
    "gl_mappings.supabase_table": "gl_products",
    "gl_sync_logs.direction": "both",
    "gl_sync_errors.error_type": "CONFLICT",
    "gl_conflicts.kind": "field",
    "gl_conflicts.glide_row_id": "row",
    "glsync.invitations.email": "ida@example.com",
    "glsync.invitations.role": "viewer",
    "glsync.api_tokens.role": "viewer",
    "glsync.history.side": "glide",
    "glsync.history.operation": "update",
    "glsync.intents.operation": "update",
    "glsync.links.glide_row_id": "row",
}
"""What a column needs where any value of its type would not do."""


REFUSED = (
    psycopg2.errors.InsufficientPrivilege,
    psycopg2.errors.NotNullViolation,  # the workspace of a mapping one cannot see
    psycopg2.errors.ObjectNotInPrerequisiteState,  # a view of several tables takes no writes
    psycopg2.errors.FeatureNotSupported,
)


class Rights:
    """A database with a row of everything in two workspaces, red and blue, and people in red alone."""

    def __init__(self, url: str) -> None:
        self.db = Database(url)
        self.db.connection.autocommit = False
        self.columns = self._columns()
        self.nobody = f"nobody_{uuid.uuid4().hex[:12]}"
        self.db(f"create role {self.nobody} nologin")
        self.spaces = {name: self._workspace(name) for name in ("red", "blue")}
        for role in ROLES:
            self.db.add("glsync.members", workspace_id=self.spaces["red"]["id"], user_id=role, role=role)

    def close(self) -> None:
        self.db.connection.rollback()  # the role too
        self.db.connection.close()

    def _columns(self) -> dict[str, list[SimpleNamespace]]:
        found = self.db(
            "select c.oid::regclass::text as of_table, a.attname as name, format_type(a.atttypid, null) as type, "
            "a.attnotnull and not a.atthasdef as needed "
            "from pg_class as c join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped "
            "where a.attidentity = '' and a.attgenerated = '' and c.oid = any (%s::regclass[]) order by a.attnum",
            list(RIGHTS),
        )
        return {table: [one for one in found if one.of_table == table] for table in RIGHTS}

    def _workspace(self, name: str) -> dict[str, Any]:
        """One row in every table; later tables refer to the rows of earlier ones."""
        known: dict[str, Any] = {"id": self.db.add("glsync.workspaces", name=name).id}
        known |= {"workspace_id": known["id"]}
        ids = {"gl_connections": "connection_id", "gl_mappings": "mapping_id", "gl_sync_logs": "log_id",
               "glsync.hooks": "hook_id", "glsync.subscriptions": "subscription_id"}  # fmt: skip
        for table in RIGHTS:
            if table == "glsync.workspaces":
                continue
            row = self.new_row(table, known)
            stored = self.db.add(table, **row)
            if table in ids:
                known[ids[table]] = stored.id
        return known

    def new_row(self, table: str, known: dict[str, Any]) -> dict[str, Any]:
        """Values for the columns that need one, another row with every call."""
        row: dict[str, Any] = {}
        for column in self.columns[table]:
            wanted = VALUES.get(f"{table}.{column.name}")
            if column.name in known and column.name != "id":
                row[column.name] = known[column.name]
            elif wanted is not None or column.needed or column.name in ("user_id", "version"):
                row[column.name] = wanted if wanted is not None else self._value(column)
        return row

    def _value(self, column: SimpleNamespace) -> Any:
        if column.type in ("text", "character varying"):
            return uuid.uuid4().hex
        plain = {
            "jsonb": "{}",
            "xid8": str(uuid.uuid4().int % 1_000_000),
            "uuid": str(uuid.uuid4()),
            "bytea": b"",
            "timestamp with time zone": "2030-01-01",
        }
        return plain.get(column.type, uuid.uuid4().int % 1_000_000)

    def allows(self, subject: str, verb: str, table: str, where: str) -> bool:
        """Does it work: rows are seen, or rows are changed? Whatever it did is undone."""
        space, ask = self.spaces[where], self.db
        ask("savepoint before")
        try:
            self._become(subject)
            return self._try(verb, table, space) > 0
        except psycopg2.errors.UniqueViolation:
            return True  # only rows that may be written come so far
        except psycopg2.errors.ForeignKeyViolation:
            return verb == "delete"  # one refers to what is there for others only; other rows refer to this one
        except REFUSED:
            return False
        finally:
            ask("rollback to savepoint before")

    def _become(self, subject: str) -> None:
        claims = json.dumps({"sub": subject}) if subject in ROLES else ""
        role = {"worker": "glsync_worker", "anon": self.nobody}.get(subject, "glsync_app")
        self.db("select set_config('request.jwt.claims', %s, true), set_config('role', %s, true)", claims, role)

    def _try(self, verb: str, table: str, space: dict[str, Any]) -> int:
        column = "id" if table == "glsync.workspaces" else "workspace_id"
        with self.db.connection.cursor() as cursor:
            if verb == "select":
                cursor.execute(f"select count(*) from {table} where {column} = %s", (space["id"],))
                return int(cursor.fetchone()[0])
            if verb == "update":
                cursor.execute(f"update {table} set {column} = {column} where {column} = %s", (space["id"],))
            elif verb == "delete":
                cursor.execute(f"delete from {table} where {column} = %s", (space["id"],))
            else:
                row = {"name": uuid.uuid4().hex} if table == "glsync.workspaces" else self.new_row(table, space)
                marks = ", ".join(["%s"] * len(row))
                cursor.execute(f"insert into {table} ({', '.join(row)}) values ({marks})", list(row.values()))
            return cursor.rowcount


@pytest.fixture(scope="module")
def rights(postgres_server: str, migrated_template: str) -> Iterator[Rights]:
    name = f"glsync_test_{uuid.uuid4().hex}"
    run_sql(postgres_server, f"create database {name} template {migrated_template}")
    found = Rights(on_database(postgres_server, name))
    yield found
    found.close()
    run_sql(postgres_server, f"drop database {name} with (force)")


def expected(table: str, subject: str, verb: str, where: str) -> bool:
    if subject == "worker":
        return not (table in APPEND_ONLY and verb in ("update", "delete"))
    if subject == "anon" or where == "blue":
        return False
    reader, writer = RIGHTS[table]
    least = reader if verb == "select" else writer
    return least is not None and ROLES.index(subject) >= ROLES.index(least)


@pytest.mark.parametrize("table", RIGHTS)
def test_each_role_may_do_with_a_table_what_it_should_in_its_own_workspace_and_nothing_in_another(rights, table):
    cases = [(subject, verb, where) for subject in SUBJECTS for verb in VERBS for where in ("red", "blue")]
    found = {case: rights.allows(case[0], case[1], table, case[2]) for case in cases}
    wrong = {case: may for case, may in found.items() if may != expected(table, *case)}
    assert wrong == {}


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_shows_what_is_in_ones_own_workspace_and_takes_no_writes(rights, view):
    found = {
        (subject, verb, where): rights.allows(subject, verb, view, where)
        for subject in SUBJECTS
        for verb in ("select", "update", "delete")
        for where in ("red", "blue")
    }
    wanted = {
        case: case[1] == "select" and (case[0] == "worker" or (case[0] in ROLES and case[2] == "red")) for case in found
    }
    assert found == wanted


def test_the_statistics_count_the_runs_of_ones_own_workspaces(rights):
    for subject, runs in (("viewer", 1), ("worker", 2)):
        rights.db("savepoint before")
        rights._become(subject)
        assert rights.db.one("select sum(syncs) from gl_sync_stats") == runs
        rights.db("rollback to savepoint before")


@pytest.mark.parametrize("table", MACHINERYS)
def test_no_person_reaches_a_table_that_belongs_to_no_workspace(rights, table):
    for subject in (*ROLES, "anon"):
        rights.db("savepoint before")
        rights._become(subject)
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            rights.db(f"select * from {table}")
        rights.db("rollback to savepoint before")


def test_every_table_and_view_of_ours_is_in_these_lists(rights):
    ours = rights.db(
        "select c.oid::regclass::text as name from pg_class as c where c.relkind in ('r', 'p', 'v', 'm') and ("
        "c.relnamespace = 'glsync'::regnamespace or c.relnamespace = 'public'::regnamespace and c.relname ~ '^gl_' "
        "and coalesce(obj_description(c.oid, 'pg_class'), '') !~ '^Domain starter: ')"
    )
    assert {row.name for row in ours} == {*RIGHTS, *VIEWS, *EVERYBODYS, *MACHINERYS}


def test_nothing_of_ours_is_granted_to_everybody(rights):
    granted = rights.db(
        "select c.oid::regclass::text as name from pg_class as c, aclexplode(c.relacl) as a where a.grantee = 0 and ("
        "c.relnamespace in ('glsync'::regnamespace, 'glsync_queue'::regnamespace) "
        "or c.relnamespace = 'public'::regnamespace and c.relname ~ '^gl_')"
    )
    assert granted == []


def test_every_view_of_ours_asks_with_the_rights_of_its_reader(rights):
    views = rights.db(
        "select c.relname as name from pg_class as c where c.relkind = 'v' and c.relname ~ '^gl_' "
        "and c.relnamespace = 'public'::regnamespace "
        "and not coalesce('security_invoker=true' = any (c.reloptions), false)"
    )
    assert [view.name for view in views] == []


def test_the_role_of_people_may_make_nothing_and_owns_nothing(rights):
    (role,) = rights.db(
        "select rolsuper or rolcreaterole or rolcreatedb or rolbypassrls or rolcanlogin or rolreplication as more, "
        "has_schema_privilege('glsync_app', 'glsync', 'create') as may_create, "
        "(select count(*) from pg_class where relowner = r.oid) as owned "
        "from pg_roles as r where rolname = 'glsync_app'"
    )
    assert (role.more, role.may_create, role.owned) == (False, False, 0)
