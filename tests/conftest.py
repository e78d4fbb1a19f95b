"""A real Postgres for every test that asks for one.

    database_url          a fresh database with all migrations applied (a clone of one made once a session)
    empty_database_url    a fresh database with nothing in it
    database              database_url, and everything in glsync that asks for "the" database gets this one
    postgres_server       the server's own URL, for what concerns the whole server

The server is the one named by GLSYNC_TEST_DATABASE_URL (its user must be allowed to create databases), else the
embedded one, started by the first test that needs it and shared by all workers of pytest-xdist.
"""

from __future__ import annotations

import os
import sys
import uuid
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from tests.database import fast_folder, on_database, run_sql, start_server, stop_server

RUN = "TESTS_OF_GLSYNC"


def pytest_configure() -> None:
    os.environ.setdefault(RUN, uuid.uuid4().hex[:12])  # workers inherit it


def pytest_sessionfinish(session: pytest.Session) -> None:
    if hasattr(session.config, "workerinput"):
        return
    if _home().exists():
        _search_server_log(session)
        stop_server(_home())
    if given := os.environ.get("GLSYNC_TEST_DATABASE_URL"):
        run_sql(given, f"drop database if exists {_template()}")
    _lock().unlink(missing_ok=True)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """No test may pass while a planted secret stands in what it printed or logged."""
    from tests.seeded import found_in

    report = yield
    shown = "".join(text for name, text in report.sections if "stdout" in name or "stderr" in name)
    if report.passed and shown and (found := found_in(shown)):
        report.outcome = "failed"
        report.longrepr = f"{len(found)} planted secrets stand in the output, such as {found[0]!r}"
    return report


def _home() -> Path:
    return fast_folder() / f"glsync-tests-{os.environ[RUN]}"


def _search_server_log(session: pytest.Session) -> None:
    """The server writes down statements that failed: no planted secret may have been in one."""
    from tests.seeded import found_in

    for log in _home().glob("pg*/server.log"):
        if found := found_in(log.read_text(errors="replace")):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
            sys.stderr.write(f"\n{len(found)} planted secrets stand in the server's log, such as {found[0]!r}\n")


def _lock() -> Path:
    return fast_folder() / f"glsync-tests-{os.environ[RUN]}.lock"


def _template() -> str:
    return f"glsync_template_{os.environ[RUN]}"


@pytest.fixture(scope="session")
def postgres_server() -> str:
    return os.environ.get("GLSYNC_TEST_DATABASE_URL") or start_server(_home())


@pytest.fixture(scope="session")
def migrated_template(postgres_server: str) -> str:
    """The name of a database with all migrations, which has no connections and may be cloned."""
    from glsync.store.migrations import migrate

    name = _template()
    with FileLock(_lock()):
        if not run_sql(postgres_server, f"select 1 from pg_database where datname = '{name}'"):
            run_sql(postgres_server, f"create database {name}_new")
            migrate(on_database(postgres_server, f"{name}_new"), optional=["domain-starter"])
            run_sql(postgres_server, f"alter database {name}_new rename to {name}")
    return name


@pytest.fixture
def new_database(postgres_server: str) -> Iterator[Callable[..., str]]:
    """Make a database (`template="..."` to clone one) and get its URL; it is dropped after the test."""
    made: list[str] = []

    def make(template: str = "template1") -> str:
        made.append(f"glsync_test_{uuid.uuid4().hex}")
        run_sql(postgres_server, f"create database {made[-1]} template {template}")
        return on_database(postgres_server, made[-1])

    yield make
    for name in made:
        run_sql(postgres_server, f"drop database if exists {name} with (force)")


@pytest.fixture
def database_url(new_database: Callable[..., str], migrated_template: str) -> str:
    return new_database(migrated_template)


@pytest.fixture
def empty_database_url(new_database: Callable[..., str]) -> str:
    return new_database()


@pytest.fixture
def database(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    from glsync.config import settings
    from glsync.store import db

    monkeypatch.setenv("GLSYNC_DATABASE_URL", database_url)
    monkeypatch.setenv("GLSYNC_HOME", str(tmp_path / "home"))
    settings.cache_clear()
    db.forget()
    yield database_url
    db.forget()
    settings.cache_clear()
