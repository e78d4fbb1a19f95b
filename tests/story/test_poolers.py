"""A pooler between us and the database: one by session carries everything, one by transaction is found out."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg2.extensions
import pytest

from glsync import doctor
from glsync.config import settings
from glsync.errors import ConfigError
from glsync.services import here, runs
from glsync.services.access import LOCAL
from glsync.services.changes import Changes
from glsync.store import db, migrations
from tests.database import run_sql
from tests.story.processes import QUICK, WORK, running, until
from tests.story.test_workers import enqueue, has_ended, log, whole
from tests.world import World

PGBOUNCER = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
pytestmark = pytest.mark.skipif(PGBOUNCER is None, reason="PgBouncer is not installed")

SETTINGS = """\
[databases]
* = {server}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = {mode}
"""

Through = Callable[[str], str]


@pytest.fixture
def through(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Through]:
    """Reach the test's database through a pooler of this mode from now on, as every process of ours does; its URL."""
    with ExitStack() as stack:

        def begin(mode: str) -> str:
            url = stack.enter_context(pooled(database, mode))
            _turn_to(url, monkeypatch)
            return url

        yield begin
        _turn_to(database, monkeypatch)


def _turn_to(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLSYNC_DATABASE_URL", url)
    settings.cache_clear()
    db.forget()


@contextmanager
def pooled(database: str, mode: str) -> Iterator[str]:
    """A PgBouncer that runs as whoever runs the database, whose socket only they may open."""
    there = psycopg2.extensions.parse_dsn(database)
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
    there_too = " ".join(f"{key}={there[key]}" for key in ("host", "port", "user", "password") if key in there)
    with tempfile.NamedTemporaryFile("w", suffix=".ini") as file:
        file.write(SETTINGS.format(server=there_too, port=port, mode=mode))
        file.flush()
        Path(file.name).chmod(0o644)
        process = subprocess.Popen([str(PGBOUNCER), "-q", file.name], **_as_owner_of(Path(there["host"])))
        try:
            url = f"postgresql://{there['user']}@127.0.0.1:{port}/{there['dbname']}"
            until(lambda: _answers(url), what="for the pooler")
            yield url
        finally:
            process.terminate()
            process.wait()


def _as_owner_of(socket_folder: Path) -> dict[str, Any]:
    if os.geteuid() or not socket_folder.is_dir():
        return {}
    owner = socket_folder.stat()
    return {"user": owner.st_uid or "nobody", "group": owner.st_gid, "extra_groups": []}


def _answers(url: str) -> bool:
    try:
        psycopg2.connect(url).close()
    except psycopg2.OperationalError:
        return False
    return True


def test_a_worker_and_live_screens_work_through_a_pooler_by_session(world: World, through: Through):
    world.glide_has_many(3)
    url = through("session")
    assert not db.is_transaction_pooler(url)
    heard = Changes()
    heard.start()
    try:
        until(lambda: heard.listening, what="to listen")
        before = heard.versions()["runs"]
        with running(QUICK + WORK):
            log_id = enqueue(world)
            until(lambda: has_ended(world, log_id), what="for the run")
        until(lambda: heard.versions()["runs"] > before, what="for word of the run")
    finally:
        heard.stop()
    assert log(world, log_id)["status"] == "completed"
    assert whole(world)


def test_a_pooler_by_transaction_is_found_out_and_nothing_that_needs_a_session_begins(world: World, through: Through):
    world.glide_has_many(3)
    before = world.sql("select count(*) as n from gl_sync_logs")
    url = through("transaction")
    for refused in (
        lambda: here.run_to_end(LOCAL, "items"),
        lambda: here.plan(LOCAL, world.mapping_id),
        lambda: migrations.migrate(url, folder=_with_one_more(Path(settings().home))),
    ):
        with pytest.raises(ConfigError, match="reached through a transaction pooler") as caught:
            refused()
        assert "port 5432" in caught.value.hint
    with running(WORK) as worker:
        assert "transaction pooler" in worker.communicate(timeout=90)[1]
    assert world.sql("select count(*) as n from gl_sync_logs") == before
    found = {finding.name: finding for finding in doctor.examine()}
    assert found["notices"].state == "fail"
    assert migrations.migrate(url) == []


def test_a_pooler_by_transaction_keeps_nothing_of_us_for_others(world: World, through: Through):
    url = through("transaction")
    with db.connect("glsync test") as connection, connection.cursor() as cursor:
        cursor.execute("select 1")
    assert runs.history(LOCAL) == []
    kept = "select name, setting from pg_settings where source = 'session' and name = any(array['statement_timeout', "
    kept += "'lock_timeout', 'idle_in_transaction_session_timeout', 'role', 'search_path', 'transform_null_equals'])"
    assert run_sql(url, kept) == []
    assert run_sql(url, "select pg_listening_channels()") == []
    assert run_sql(url, "select current_setting('request.jwt.claims', true)") in ([("",)], [(None,)])


def _with_one_more(home: Path) -> Path:
    """Our migrations and one that is yet to be applied."""
    folder = home / "migrations"
    shutil.copytree(migrations.FOLDER, folder)
    (folder / "9999_more.sql").write_text("select 1")
    return folder
