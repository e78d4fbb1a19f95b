"""The database keeps workspaces apart, also where a service forgets to."""

from __future__ import annotations

from uuid import UUID

import psycopg2
import pytest

from glsync.config import settings
from glsync.errors import PermissionMissing
from glsync.services import access, queries, tokens
from glsync.services.access import LOCAL, Actor
from glsync.store import db
from tests.database import run_sql

COUNT = "select count(*) from public.gl_connections"


@pytest.fixture
def red(database: str) -> UUID:
    """A workspace beside the default one, each with one connection; vera is its viewer and ada its admin."""
    ((red,),) = run_sql(database, "insert into glsync.workspaces (name) values ('red') returning id")
    run_sql(
        database,
        f"insert into glsync.members (workspace_id, user_id, role) values ('{red}', 'vera', 'viewer'), "
        f"('{red}', 'ada', 'admin')",
    )
    run_sql(
        database,
        f"insert into public.gl_connections (workspace_id, app_id, api_key) values "
        f"('{red}', 'red', 'glsync:v1:1:x'), ('{access.DEFAULT_WORKSPACE}', 'ours', 'glsync:v1:1:x')",
    )
    return UUID(str(red))


def seen(actor: Actor, statement: str = COUNT) -> object:
    with queries.reading(actor) as session:
        return session.connection().exec_driver_sql(statement).scalar()


def test_a_query_that_forgets_the_workspace_shows_no_other(red):
    assert seen(LOCAL) == 1
    assert seen(LOCAL, "select max(app_id) from public.gl_connections") == "ours"
    assert seen(Actor("vera", "viewer", red, user_id="vera")) == 1
    assert seen(Actor("vera", "viewer", red, user_id="vera"), "select max(app_id) from public.gl_connections") == "red"


def test_what_an_actor_says_of_itself_is_not_believed(red):
    liar = Actor("vera", "admin", access.DEFAULT_WORKSPACE, user_id="vera")
    assert seen(liar) == 0
    with queries.writing(Actor("vera", "admin", red, user_id="vera")) as session:
        changed = session.connection().exec_driver_sql("update public.gl_connections set app_id = 'mine'")
        assert changed.rowcount == 0


def test_a_member_who_was_removed_sees_nothing_from_the_next_statement_on(red, database):
    with queries.reading(Actor("vera", "viewer", red, user_id="vera")) as session:
        ask = session.connection().exec_driver_sql
        assert ask(COUNT).scalar() == 1
        run_sql(database, "delete from glsync.members where user_id = 'vera'")
        assert ask(COUNT).scalar() == 0


def test_a_token_sees_its_workspace_until_it_is_revoked(red):
    clear = tokens.create(Actor("ada", "admin", red, user_id="ada"), "metabase", "viewer")[1]
    found = tokens.actor_of(clear)
    assert found is not None
    assert seen(found[1], "select max(app_id) from public.gl_connections") == "red"
    tokens.revoke(Actor("ada", "admin", red, user_id="ada"), "metabase")
    assert seen(found[1]) == 0


def test_a_page_reads_no_sealed_key_unless_it_steps_up(red):
    with queries.reading(LOCAL) as session:
        ask = session.connection().exec_driver_sql
        with queries.stepped_up(session):
            assert ask("select count(api_key) from public.gl_connections").scalar() == 2
        assert ask(COUNT).scalar() == 1
    with pytest.raises(PermissionMissing, match="permission denied"):
        seen(LOCAL, "select count(api_key) from public.gl_connections")
    with pytest.raises(PermissionMissing, match="permission denied"):
        seen(LOCAL, "select count(*) from glsync.data_keys")


def test_after_a_failure_inside_a_step_up_the_session_is_restricted_again(red):
    with queries.reading(LOCAL) as session:
        with pytest.raises(ValueError, match="stop"), queries.stepped_up(session):
            raise ValueError("stop")
        assert session.connection().exec_driver_sql(COUNT).scalar() == 1


def test_a_second_transaction_of_a_session_is_as_restricted_as_the_first(red):
    with queries.writing(LOCAL) as session:
        session.rollback()
        assert session.connection().exec_driver_sql(COUNT).scalar() == 1


def test_a_connection_goes_back_to_the_pool_as_it_came(red):
    seen(LOCAL)
    with queries.unrestricted() as session:
        ask = session.connection().exec_driver_sql
        assert ask("select current_setting('role')").scalar() == "none"
        assert not ask("select current_setting('request.jwt.claims', true)").scalar()
        assert ask(COUNT).scalar() == 2


def test_the_audit_trail_names_the_person_of_the_session_whatever_the_caller_says(red, database):
    with queries.writing(Actor("Ada Lovelace", "admin", red, user_id="ada")) as session:
        note = "select glsync.note(%s, 'somebody else', 'looked', 'mapping', null, 'x')"
        session.connection().exec_driver_sql(note, (str(red),))
    assert run_sql(database, "select actor from glsync.audit where action = 'looked'") == [("Ada Lovelace",)]


# A database whose owner may make no roles


@pytest.fixture
def without_the_role(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """We are connected as somebody who may not take the role of people."""
    name = f"plain_{database.partition('glsync_test_')[2][:12].partition('?')[0]}"
    run_sql(database, f"create role {name} login in role glsync_worker")
    connect = psycopg2.connect

    def as_plain(*given: object, **named: object) -> object:
        return connect(*given, **(named | {"user": name}))

    monkeypatch.setattr(psycopg2, "connect", as_plain)
    db.forget()
    yield
    monkeypatch.undo()
    db.forget()
    run_sql(database, f"drop role {name}")


def test_without_the_role_the_one_local_user_goes_on_and_several_people_may_not(
    red, without_the_role, monkeypatch: pytest.MonkeyPatch
):
    assert seen(LOCAL, "select current_setting('role')") == "none"
    monkeypatch.setenv("GLSYNC_OIDC_METADATA_URL", "https://id.example/.well-known/openid-configuration")
    settings.cache_clear()
    with pytest.raises(PermissionMissing, match="no role glsync_app") as refused:
        seen(Actor("vera", "viewer", red, user_id="vera"))
    assert "create role glsync_app" in refused.value.hint
