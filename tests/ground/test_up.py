"""`up` brings everything up, keeps it up, and leaves nothing behind, however it ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import psycopg2
import pytest
import requests

from glsync.config import keep_standin_port, standin_port
from glsync.embedded import Embedded
from tests.database import run_sql
from tests.ground.conftest import ROOT

UP = "Glide Sync is up: "
PATIENCE = 240.0
"""Seconds anything may take before a test calls it broken; machines differ."""


def until(is_true: Callable[[], Any], what: str) -> Any:
    """Wait for a condition and return what it gave."""
    deadline, pause = time.monotonic() + PATIENCE, threading.Event()
    while time.monotonic() < deadline:
        if found := is_true():
            return found
        pause.wait(0.05)
    raise AssertionError(f"never happened: {what}")


class Up:
    """A running `up`, what it has said, and the processes it began."""

    def __init__(self, home: Path, *options: str, hangs_up: bool = False) -> None:
        self.hangs_up = hangs_up
        environment = {name: value for name, value in os.environ.items() if not name.startswith("GLSYNC_")}
        self.home, self.environment = home, environment | {"GLSYNC_HOME": str(home), "GLSYNC_PORT": str(free_port())}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "glsync", "up", *options],
            cwd=ROOT, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            start_new_session=True,
        )  # fmt: skip
        self.said: list[str] = []
        threading.Thread(target=self._listen, daemon=True).start()
        self.family: list[psutil.Process] = []

    def _listen(self) -> None:
        """Take what it says, until the line after which somebody closes the terminal."""
        for line in self.process.stdout or ():
            self.said.append(line)
            if UP in line and self.hangs_up:
                self.process.stdout.close()
                return

    def ready(self) -> str:
        """The address, once it says it."""
        until(lambda: self.process.poll() is not None or any(UP in line for line in self.said), "that up is up")
        told = [line for line in self.said if UP in line]
        assert told, "".join(self.said)
        self.family = psutil.Process(self.process.pid).children(recursive=True) + self.postmasters()
        return told[0].rpartition(" ")[2].strip()

    def postmasters(self) -> list[psutil.Process]:
        marks = [mark.read_text() for mark in self.home.glob("pg*/postmaster.pid")]
        return [psutil.Process(int(mark.split()[0])) for mark in marks]

    def child(self, word: str) -> psutil.Process | None:
        """The child whose command line holds the word."""
        found = psutil.Process(self.process.pid).children()
        return next((child for child in found if word in _command(child)), None)

    def glsync(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "glsync", *words],
            cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=PATIENCE, check=False,
        )  # fmt: skip

    def is_gone(self) -> bool:
        return not any(_lives(process) for process in self.family)


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return asked.getsockname()[1]


@contextmanager
def running(home: Path, *options: str, hangs_up: bool = False) -> Iterator[Up]:
    """An `up` that is ended at the latest with the test."""
    up = Up(home, *options, hangs_up=hangs_up)
    try:
        yield up
    finally:
        if up.process.poll() is None:
            up.process.terminate()
            up.process.wait(PATIENCE)


def answers(url: str) -> bool:
    try:
        psycopg2.connect(url).close()
    except psycopg2.OperationalError:
        return False
    return True


def test_with_the_demo_everything_comes_up_is_kept_up_and_goes_away_on_ctrl_c(folder: Path) -> None:
    with running(folder) as up:
        address = up.ready()
        assert requests.get(f"{address}/healthz", timeout=10).json() == {"status": "ok"}
        assert requests.get(f"{address}/", timeout=10).ok
        until(lambda: "sign of life" in requests.get(f"{address}/readyz", timeout=10).json()["worker"], "a worker")

        stands = json.loads(up.glsync("status", "--json").stdout)
        assert "accounts" in [mapping["name"] for mapping in stands["mappings"]]

        second = up.glsync("up")
        assert (second.returncode, second.stdout.strip()) == (0, f"Glide Sync is already running at {address}")

        worker = up.child("glsync worker")
        assert worker is not None
        worker.kill()
        until(lambda: (again := up.child("glsync worker")) and again.pid != worker.pid, "another worker")
        assert any("worker ended with code" in line for line in up.said)

        killed = up.postmasters()[0]
        killed.kill()
        url = Embedded(folder).url
        until(lambda: not _lives(killed), "the end of the server")
        until(lambda: answers(url), "the server again")

        up.family += psutil.Process(up.process.pid).children(recursive=True) + up.postmasters()
        up.process.send_signal(signal.SIGINT)
        assert up.process.wait(PATIENCE) == 0
        assert up.is_gone()
        assert not Embedded(folder).running()
        assert not list((folder / "running").iterdir())


def test_killed_outright_it_leaves_no_process_behind_and_starts_again(folder: Path) -> None:
    with running(folder, "--no-demo") as up:
        up.ready()
        up.process.kill()
        up.process.wait()
        until(up.is_gone, "that all are gone")
    with running(folder, "--no-demo") as up:
        assert requests.get(f"{up.ready()}/healthz", timeout=10).ok


def test_a_taken_port_makes_it_take_the_next_one_and_say_so(folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with running(folder, "--no-demo", "--port", str(port)) as up:
            assert up.ready() != f"http://127.0.0.1:{port}"
            assert any(line.startswith(f"Port {port} is taken") for line in up.said)


def test_a_database_that_was_up_before_stays_up_until_down(folder: Path) -> None:
    url = Embedded(folder).start()
    with running(folder, "--no-demo") as up:
        up.ready()
        up.process.terminate()
        assert up.process.wait(PATIENCE) == 0
        assert answers(url)
        assert up.glsync("down").stdout.strip() == "Stopped."
        assert not Embedded(folder).running()
        assert up.glsync("down").stdout.strip() == "Nothing was running."


def test_a_terminal_that_is_closed_ends_it_in_order(folder: Path) -> None:
    with running(folder, "--no-demo", hangs_up=True) as up:
        up.ready()
        up.process.send_signal(signal.SIGHUP)
        assert up.process.wait(PATIENCE) == 0
        assert up.is_gone()


def test_down_ends_an_up_and_its_database(folder: Path) -> None:
    with running(folder, "--no-demo") as up:
        up.ready()
        assert up.glsync("down").stdout.strip() == "Stopped."
        assert up.process.wait(PATIENCE) == 0
        assert up.is_gone()


def test_the_last_of_two_apps_on_a_home_stops_the_database(folder: Path) -> None:
    with running(folder, "--no-demo") as first:
        first.ready()
        with running(folder, "--no-demo", "--port", str(free_port())) as second:
            second.ready()
            first.process.terminate()
            assert first.process.wait(PATIENCE) == 0
            assert Embedded(folder).running()
            second.process.terminate()
            assert second.process.wait(PATIENCE) == 0
        assert not Embedded(folder).running()


def test_a_database_newer_than_the_code_is_refused_and_not_left_running(folder: Path) -> None:
    url = Embedded(folder).start()
    ran = Up(folder, "--no-demo")
    ran.ready()
    ran.process.terminate()
    ran.process.wait(PATIENCE)
    run_sql(
        url, "insert into glsync.schema_migration (version, name, checksum, ms) values ('9999', '9999_later', '', 1)"
    )
    Embedded(folder).stop()
    refused = ran.glsync("up", "--no-demo")
    assert refused.returncode == 1
    assert "newer than this code: it holds 9999_later" in refused.stderr
    assert not Embedded(folder).running()


def test_the_stand_in_keeps_its_port_from_start_to_start(folder: Path) -> None:
    from glsync import startup

    port = startup.standin_port(folder)
    assert startup.standin_port(folder) == port == standin_port(folder)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        keep_standin_port(folder, taken.getsockname()[1])
        assert startup.standin_port(folder) != taken.getsockname()[1]


@pytest.mark.parametrize("lines", [[], ["+{0}\n"], ["+{0}\n", "+{1}\n", "-{1}\n"]])
def test_the_guardian_ends_the_children_that_were_left(folder: Path, lines: list[str]) -> None:
    children = [subprocess.Popen(["sleep", "1000"], start_new_session=True) for _ in range(2)]
    for child in children:  # as the system does with children whose parent was killed
        threading.Thread(target=child.wait, daemon=True).start()
    guardian = subprocess.Popen(
        [sys.executable, "-m", "glsync.guardian", str(folder), "1"], cwd=ROOT, stdin=subprocess.PIPE, text=True
    )
    guardian.communicate("".join(line.format(*(child.pid for child in children)) for line in lines), timeout=PATIENCE)
    ended = [child.poll() is not None for child in children]
    for child in children:
        child.kill()
        child.wait()
    assert ended == [bool(lines), False]


def test_the_guardian_lets_everybody_live_after_a_bye(folder: Path) -> None:
    with subprocess.Popen(["sleep", "1000"], start_new_session=True) as child:
        guardian = subprocess.Popen(
            [sys.executable, "-m", "glsync.guardian", str(folder), "1"], cwd=ROOT, stdin=subprocess.PIPE, text=True
        )
        guardian.communicate(f"+{child.pid}\nbye\n", timeout=PATIENCE)
        assert child.poll() is None
        child.kill()


def test_started_as_any_streamlit_app_it_brings_everything_up_in_one_process(folder: Path) -> None:
    port = free_port()
    plain = {name: value for name, value in os.environ.items() if not name.startswith("GLSYNC_")}
    environment = plain | {"GLSYNC_HOME": str(folder)}
    with subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)],
        cwd=ROOT, env=environment, stdout=subprocess.DEVNULL,
    ) as app:  # fmt: skip
        try:
            ready = until(lambda: get(f"http://127.0.0.1:{port}/readyz"), "that it is ready")
            assert ready["status"] == "ok"
            family = psutil.Process(app.pid).children(recursive=True)
            told = subprocess.run(
                [sys.executable, "-m", "glsync", "sync", "accounts", "--json"],
                cwd=ROOT, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False,
            )  # fmt: skip
            assert json.loads(told.stdout)["created"] > 0, told.stderr
        finally:
            app.terminate()
        assert app.wait(PATIENCE) in (0, -signal.SIGTERM)  # its server ends in order, then by the signal it was sent
    assert not any(map(_lives, family))
    assert not Embedded(folder).running()


def get(url: str) -> Any:
    """The JSON at this address; None while nobody is there."""
    try:
        return requests.get(url, timeout=60).json()
    except (requests.ConnectionError, requests.Timeout):
        return None
