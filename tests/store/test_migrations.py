"""Bringing a database to the schema this code needs."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import psycopg2
import pytest
from procrastinate.schema import SchemaManager

from glsync.errors import ConfigError, DatabaseError, DatabaseUnavailable
from glsync.store import migrations
from glsync.store.migrations import FOLDER, migrate, status
from tests.database import run_sql

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Migrations of the test's own: the first makes a table."""
    (tmp_path / "0001_things.sql").write_text("create table public.things (id int);")
    return tmp_path


def write(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text)


def versions(url: str) -> list[str]:
    """What the ledger holds besides the queue."""
    return [line.version for line in status_lines(url) if not line.version.startswith("queue")]


def status_lines(url: str, folder: Path = FOLDER) -> tuple[migrations.Applied, ...]:
    return status(url, folder).applied


def test_a_new_database_gets_the_queue_and_every_migration_that_is_not_optional(empty_database_url):
    before = status(empty_database_url)
    assert before.applied == ()
    applied = migrate(empty_database_url)
    assert applied[0].startswith("queue_")
    assert applied[1:] == [file.stem for file in sorted(FOLDER.glob("*.sql")) if file.stem != "0008_domain_starter"]
    assert before.pending == tuple(applied)
    assert status(empty_database_url).optional == ("domain-starter",)


def test_every_migration_has_a_number_of_its_own():
    numbers = [file.name.split("_")[0] for file in FOLDER.glob("*.sql")]
    assert sorted(numbers) == sorted(set(numbers))


def test_migrating_again_does_nothing(empty_database_url):
    migrate(empty_database_url)
    assert migrate(empty_database_url) == []
    assert status(empty_database_url).pending == ()


def test_the_domain_starter_comes_when_asked_for_and_stays_known_when_not(empty_database_url):
    migrate(empty_database_url)
    assert run_sql(empty_database_url, "select to_regclass('gl_products')") == [(None,)]
    assert migrate(empty_database_url, optional=["domain-starter"]) == ["0008_domain_starter"]
    assert run_sql(empty_database_url, "select count(*) from gl_products") == [(0,)]
    assert migrate(empty_database_url) == []
    assert status(empty_database_url).optional == ()


def test_an_optional_migration_that_does_not_exist_is_named(empty_database_url):
    with pytest.raises(ConfigError, match="no optional migration zebra") as refused:
        migrate(empty_database_url, optional=["zebra"])
    assert refused.value.hint == "These exist: domain-starter."


def test_the_ledger_tells_what_when_and_how_long(empty_database_url):
    migrate(empty_database_url)
    line = next(line for line in status_lines(empty_database_url) if line.version == "0001")
    assert line.name == "0001_workspaces"
    assert len(line.checksum) == 64
    assert line.ms >= 0


def test_percent_signs_and_dollar_quotes_mean_nothing_special(empty_database_url, folder):
    write(folder, "0002_odd.sql", "do $$ begin execute format('create table public.%I ()', '100%s'); end $$;")
    migrate(empty_database_url, folder=folder)
    assert run_sql(empty_database_url, "select to_regclass('public.\"100%s\"') is not null") == [(True,)]


def test_a_migration_that_fails_is_named_and_nothing_of_the_whole_is_kept(empty_database_url, folder):
    write(folder, "0002_broken.sql", "create table public.more (id int); select 1 / 0;")
    with pytest.raises(DatabaseError, match=r"Migration 0002_broken failed.*division by zero"):
        migrate(empty_database_url, folder=folder)
    assert run_sql(empty_database_url, "select to_regclass('things'), to_regclass('more')") == [(None, None)]
    assert run_sql(empty_database_url, "select to_regclass('glsync.schema_migration')") == [(None,)]


def test_tables_of_somebody_else_under_our_names_are_left_alone_and_told(empty_database_url):
    run_sql(empty_database_url, "create table public.gl_mappings (id int)")
    with pytest.raises(DatabaseError, match='relation "gl_mappings" already exists') as refused:
        migrate(empty_database_url)
    assert refused.value.hint.startswith("Tables of that name are there already")
    assert run_sql(empty_database_url, "select to_regnamespace('glsync')") == [(None,)]


def test_a_later_file_is_applied_alone(empty_database_url, folder):
    migrate(empty_database_url, folder=folder)
    write(folder, "0002_more.sql", "create table public.more (id int);")
    assert migrate(empty_database_url, folder=folder) == ["0002_more"]


def test_a_file_that_was_edited_after_it_was_applied_is_refused(empty_database_url, folder):
    migrate(empty_database_url, folder=folder)
    write(folder, "0001_things.sql", "create table public.things (id bigint);")
    for ask in (migrate, status):
        with pytest.raises(ConfigError, match="changed after they were applied: 0001_things"):
            ask(empty_database_url, folder=folder)


def test_a_database_that_is_newer_than_the_code_is_refused(empty_database_url, folder):
    write(folder, "0002_more.sql", "create table public.more (id int);")
    migrate(empty_database_url, folder=folder)
    (folder / "0002_more.sql").unlink()
    with pytest.raises(ConfigError, match="newer than this code: it holds 0002_more"):
        migrate(empty_database_url, folder=folder)


def test_a_queue_that_is_newer_than_the_code_is_refused(empty_database_url):
    migrate(empty_database_url)
    run_sql(
        empty_database_url,
        "insert into glsync.schema_migration (version, name, checksum, ms) "
        "values ('queue 99.01.00_01', 'queue_99.01.00_01_pre_x', '', 0)",
    )
    with pytest.raises(ConfigError, match=r"newer than this code: it holds queue_99"):
        migrate(empty_database_url)


def test_a_queue_that_is_older_gets_the_steps_it_lacks(empty_database_url):
    """As a version left it whose queue could not retry failed jobs yet."""
    files = sorted(Path(SchemaManager.get_migrations_path()).glob("*.sql"))
    old = [file for file in files if file.name < "03.04"]
    run_sql(empty_database_url, "create schema glsync_queue")
    run_sql(empty_database_url, "set search_path = glsync_queue;" + "".join(file.read_text() for file in old))
    run_sql(empty_database_url, migrations.LEDGER)
    run_sql(
        empty_database_url,
        "insert into glsync.schema_migration (version, name, checksum, ms) "
        "values ('queue 03.03.00_01', 'queue_03.03.00_01_pre_priority_lock_fetch_job', '', 0)",
    )
    lacking = [f"queue_{file.stem}" for file in files if file not in old]
    assert lacking
    assert migrate(empty_database_url)[: len(lacking)] == lacking
    assert migrate(empty_database_url) == []
    retry = "select proconfig from pg_proc where proname = 'procrastinate_retry_job_v2'"
    assert run_sql(empty_database_url, retry) == [(["search_path=glsync_queue, pg_temp"],)]


def test_the_queue_is_found_where_procrastinate_says_it_is():
    assert migrations.queue_sql() / "migrations" == Path(SchemaManager.get_migrations_path())
    assert (migrations.queue_sql() / "schema.sql").read_text() == SchemaManager.get_schema()


# Many at once


MIGRATE = (
    "import sys; from glsync.store.migrations import migrate; print(len(migrate(sys.argv[1], ['domain-starter'])))"
)


def test_of_many_starters_each_step_is_taken_by_one(empty_database_url):
    starters = [
        subprocess.Popen(
            [sys.executable, "-c", MIGRATE, empty_database_url], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        for _ in range(5)
    ]
    counts = [int(starter.communicate(timeout=60)[0]) for starter in starters]
    assert sum(counts) == len(list(FOLDER.glob("*.sql"))) + 1
    assert migrate(empty_database_url, ["domain-starter"]) == []


def test_a_starter_that_waits_too_long_for_another_says_so(empty_database_url, folder, monkeypatch):
    monkeypatch.setattr(migrations, "PATIENCE", 0)
    holder = psycopg2.connect(empty_database_url)
    try:
        with holder.cursor() as cursor:
            cursor.execute("select pg_advisory_xact_lock(%s)", [migrations.LOCK])
        with pytest.raises(DatabaseUnavailable, match="Somebody else has been migrating"):
            migrate(empty_database_url, folder=folder)
    finally:
        holder.close()


def test_a_database_that_is_not_there_is_told_in_our_words(empty_database_url):
    with pytest.raises(DatabaseError, match="does not exist"):
        migrate(f"{empty_database_url.replace('/glsync_test_', '/no_such_')}")


# Outside a transaction

INDEX = "-- glsync: no-transaction\ncreate index concurrently if not exists things_by_id on public.things (id);\n"


def test_a_step_that_stands_alone_is_applied_between_the_others(empty_database_url, folder):
    write(folder, "0002_index.sql", INDEX)
    write(folder, "0003_more.sql", "create table public.more (id int);")
    assert migrate(empty_database_url, folder=folder)[1:] == ["0001_things", "0002_index", "0003_more"]
    assert run_sql(
        empty_database_url, "select indisvalid from pg_index where indexrelid = 'things_by_id'::regclass"
    ) == [(True,)]
    assert migrate(empty_database_url, folder=folder) == []


def test_a_step_that_stands_alone_and_fails_leaves_what_came_before_it(empty_database_url, folder):
    write(folder, "0002_index.sql", "-- glsync: no-transaction\ncreate index concurrently on public.nothing (id);\n")
    with pytest.raises(DatabaseError, match="Migration 0002_index failed"):
        migrate(empty_database_url, folder=folder)
    assert status(empty_database_url, folder).pending == ("0002_index",)
    write(folder, "0002_index.sql", INDEX)
    assert migrate(empty_database_url, folder=folder) == ["0002_index"]


def test_starters_that_meet_at_a_step_that_stands_alone_apply_it_once(empty_database_url, folder, monkeypatch):
    migrate(empty_database_url, folder=folder)
    write(folder, "0002_index.sql", INDEX.replace("if not exists ", ""))
    all_there, apply_alone = Barrier(4, timeout=30), migrations._apply_alone

    def meet_first(*arguments):
        all_there.wait()
        return apply_alone(*arguments)

    monkeypatch.setattr(migrations, "_apply_alone", meet_first)
    with ThreadPoolExecutor(4) as starters:
        started = [starters.submit(migrate, empty_database_url, folder=folder) for _ in range(4)]
    assert sorted(starter.result() for starter in started) == [[], [], [], ["0002_index"]]
