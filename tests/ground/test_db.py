"""One place leads to the database, and driver errors come out of it as ours."""

from __future__ import annotations

import threading
from collections.abc import Callable

import psycopg2
import pytest
from sqlalchemy import text
from sqlmodel import Session, select

from glsync.embedded import Embedded
from glsync.errors import ConfigError, DatabaseError, DatabaseUnavailable, PermissionMissing, SyncError
from glsync.store import db

Choose = Callable[..., None]


@pytest.fixture
def database(environment: Choose, server: Embedded) -> str:
    environment(database_url=server.url)
    return server.url


def run(connection: db.Connection, statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def break_off(_: object) -> None:
    raise ZeroDivisionError


def test_without_a_url_the_embedded_database_is_started(environment: Choose, server: Embedded) -> None:
    environment(home=server.home)
    assert db.database_url() == server.url


def test_a_session_commits_at_its_end_and_rolls_back_after_an_error(database: str) -> None:
    with db.session() as session:
        session.connection().execute(text("create table notes (word text)"))
    with pytest.raises(ZeroDivisionError), db.session() as session:
        break_off(session.connection().execute(text("insert into notes values ('lost')")))
    with db.session() as session:
        assert session.connection().execute(text("select count(*) from notes")).scalar() == 0


def test_a_connection_commits_at_its_end_and_rolls_back_after_an_error(database: str) -> None:
    with db.connect("test") as connection:
        run(connection, "create table marks (word text); insert into marks values ('kept')")
    with pytest.raises(ZeroDivisionError), db.connect("test") as connection:
        break_off(run(connection, "insert into marks values ('lost')"))
    with db.connect("glsync test") as connection, connection.cursor() as cursor:
        cursor.execute("select count(*), current_setting('application_name') from marks")
        assert cursor.fetchone() == (1, "glsync test")


def test_a_session_with_a_timeout_gives_up_a_slow_statement_and_others_do_not(database: str) -> None:
    with pytest.raises(DatabaseUnavailable, match="took too long"), db.session(timeout=0.05) as session:
        session.connection().execute(text("select pg_sleep(30)"))
    with db.session() as session:
        assert session.connection().execute(text("show statement_timeout")).scalar() == "0"


def test_the_pool_survives_a_connection_that_the_server_ended(database: str) -> None:
    with db.session() as session:
        pid = session.connection().execute(text("select pg_backend_pid()")).scalar()
    with db.connect("test", autocommit=True) as connection:
        run(connection, f"select pg_terminate_backend({pid})")
    with db.session() as session:
        assert session.exec(select(1)).one() == 1


def test_sessions_of_many_threads_share_a_small_pool(database: str) -> None:
    done = []

    def ask() -> None:
        with db.session() as session:
            done.append(session.exec(select(1)).one())

    threads = [threading.Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert done == [1] * 20


@pytest.mark.parametrize(
    ("statement", "kind", "retryable"),
    [
        ("select 1/0", DatabaseError, False),
        ("select * from glsync.nowhere", DatabaseError, False),
        ("do $$begin raise sqlstate '40001' using message = 'again'; end$$", DatabaseUnavailable, True),
        ("do $$begin raise sqlstate '53300' using message = 'full'; end$$", DatabaseUnavailable, True),
        ("select pg_terminate_backend(pg_backend_pid())", DatabaseUnavailable, True),
        ("set transaction_read_only = on; create table public.more (a int)", DatabaseUnavailable, True),
        ("set role pg_monitor; create table public.forbidden (a int)", PermissionMissing, False),
    ],
)
def test_an_error_of_the_driver_becomes_ours_and_knows_whether_to_try_again(
    database: str, statement: str, kind: type[DatabaseError], retryable: bool
) -> None:
    with pytest.raises(SyncError) as caught, db.connect("test") as connection:
        run(connection, statement)
    assert type(caught.value) is kind
    assert caught.value.retryable is retryable
    assert caught.value.hint


@pytest.mark.parametrize("kind", [psycopg2.OperationalError, psycopg2.InterfaceError, psycopg2.DatabaseError])
def test_a_connection_that_was_lost_may_be_tried_again_whatever_the_driver_calls_it(kind: type[psycopg2.Error]) -> None:
    with pytest.raises(DatabaseUnavailable), db.wrapped():
        raise kind("server closed the connection unexpectedly")


def test_an_error_inside_sqlalchemy_is_ours_too_and_shows_no_values(database: str) -> None:
    with pytest.raises(DatabaseError) as caught, db.session() as session:
        session.connection().execute(text("select cast(:cell as integer)"), {"cell": "private words"})
    assert caught.value.sqlstate == "22P02"
    with pytest.raises(DatabaseError) as caught, db.session() as session:
        session.connection().execute(text("select 1/0, :cell"), {"cell": "private words"})
    assert "private" not in str(caught.value.__cause__)


def test_an_error_that_is_already_ours_is_not_wrapped_again() -> None:
    ours = ConfigError("as it was")
    ours.__cause__ = psycopg2.OperationalError("inner")
    with pytest.raises(ConfigError, match="as it was"), db.wrapped():
        raise ours


def test_a_table_of_ours_that_is_missing_means_the_migrations_have_not_run(database: str) -> None:
    with pytest.raises(DatabaseError) as caught, db.connect("test") as connection:
        run(connection, "select * from glsync.runs")
    assert "migrate" in caught.value.hint


def test_a_column_that_is_missing_may_mean_so_too(database: str) -> None:
    with pytest.raises(DatabaseError) as caught, db.connect("test") as connection:
        run(connection, "select watch from pg_class")
    assert "migrate" in caught.value.hint


def test_a_database_that_does_not_answer_may_be_tried_again(environment: Choose) -> None:
    environment(database_url="postgresql://me:verysecret@127.0.0.1:1/db")
    with pytest.raises(DatabaseUnavailable) as caught, db.connect("test"):
        pass
    assert "verysecret" not in str(caught.value)
    with pytest.raises(DatabaseUnavailable), db.session() as session:
        session.exec(select(1))


def test_a_database_that_refuses_us_says_what_to_check(server: Embedded, environment: Choose) -> None:
    environment(database_url=server.url.replace("postgres@/", "nobody_here@/"))
    with pytest.raises(PermissionMissing, match="nobody_here") as caught, db.connect("test"):
        pass
    assert "GLSYNC_DATABASE_URL" in caught.value.hint


def test_a_url_the_driver_cannot_read_is_not_quoted() -> None:
    with pytest.raises(ConfigError) as caught, db.connect("test", url="postgresql://me@h/db?verysecret"):
        pass
    assert "verysecret" not in str(caught.value)


def test_supabase_is_spoken_to_over_tls_unless_told_otherwise() -> None:
    direct = "postgresql://postgres:pw@db.ref.supabase.co:5432/postgres"
    pooler = "postgresql://postgres.ref:p%23@aws-0-eu.pooler.supabase.com:6543/postgres?application_name=x"
    assert db.with_tls(direct) == f"{direct}?sslmode=require"
    assert db.with_tls(pooler) == f"{pooler}&sslmode=require"
    assert db.with_tls(f"{direct}?sslmode=verify-full") == f"{direct}?sslmode=verify-full"
    assert db.with_tls("postgresql://localhost/db") == "postgresql://localhost/db"
    assert db.is_transaction_pooler(pooler)


def test_a_url_is_shown_without_its_password() -> None:
    assert db.without_password("postgresql://me:pw@host:5432/db?a=b") == "postgresql://me:***@host:5432/db?a=b"
    assert db.without_password("postgresql://me@host/db") == "postgresql://me@host/db"


def test_behind_a_transaction_pooler_no_connection_is_kept(environment: Choose) -> None:
    environment(database_url="postgresql://me:pw@127.0.0.1:6543/db")
    assert type(db.engine().pool).__name__ == "NullPool"


def test_objects_stay_readable_after_their_session(database: str) -> None:
    with db.session() as session:
        assert isinstance(session, Session)
        assert not session.expire_on_commit
