"""`up`: the database, the stand-in when there is a demo, a worker and the web app, until somebody says stop.

up (this process) ─┬─ embedded Postgres   started unless it runs, started again if it dies, stopped at the end
                   ├─ guardian            ends all of this if `up` itself is killed
                   ├─ stand-in            only with the demo
                   ├─ worker              python -m glsync worker
                   └─ web app             python -m streamlit run app.py
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import webbrowser
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import requests
import structlog
from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_fixed

from glsync import config, running, startup
from glsync.children import Child, Guardian
from glsync.config import Settings
from glsync.embedded import Embedded
from glsync.errors import ConfigError, SyncError
from glsync.loopback import refuse_openness

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
LOOK = 0.5
"""Seconds between two looks at the children."""
LOOKS_PER_DATABASE = 6
"""Every so many of them, a look at the database."""
PATIENCE = 120.0
"""Seconds a child gets to answer for the first time."""
WORKER_PATIENCE = 20.0
"""Seconds a worker gets to bring its run to the end of a page."""

log = structlog.get_logger("glsync.up")


@dataclass(frozen=True, slots=True)
class Wish:
    """What the command line asked for. `port` None: the setting's, or what is free after it."""

    demo: bool
    browser: bool = False
    port: int | None = None
    host: str | None = None
    concurrency: int | None = None


def up(wish: Wish, say: Callable[[str], None]) -> None:
    """Run everything until SIGINT, SIGTERM or SIGHUP.

    Raises:
        SyncError: the database does not come up, or a child keeps crashing.
    """
    chosen = config.settings()
    host = wish.host or chosen.host
    refuse_openness(chosen, host)
    startup.refuse_transaction_pooler(chosen)
    say = _to_whom_it_reaches(say)
    stop = _stop_on_signals()
    with running.alone(chosen.home):
        others = running.others(chosen.home)
        if others and wish.port is None:
            say(f"Glide Sync is already running at {others[0].address}")
            return
        wanted = wish.port or chosen.port
        port = startup.free_port(host, wanted)
        if port != wanted:
            say(f"Port {wanted} is taken, so this is port {port}.")
        standin = wish.demo and not any(other.has_standin for other in others)
        started = startup.database(chosen, demo=wish.demo)
        running.enter(chosen.home, _address(host, port), has_standin=standin, owns_database=started)
    guardian = Guardian(chosen.home)
    children = [_web(host, port, guardian), _worker(wish, chosen, guardian)]
    try:
        for child in children:
            child.begin()
        if standin:
            _begin_standin(chosen, guardian, children, stop)
        if _answers(f"{_address(_local(host), port)}/healthz", children, stop):
            for child in children:
                child.is_settled = True
            _welcome(wish, _address(host, port), say)
        _watch(chosen, children, stop)
    finally:
        _end(children, say)
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)  # what is left takes a moment and has to be done
        running.leave(chosen.home)
        guardian.dismiss()


def _to_whom_it_reaches(say: Callable[[str], None]) -> Callable[[str], None]:
    """A closed terminal or pipe hears nothing more; that is no reason to end, or not to end in order."""

    def said(text: str) -> None:
        with suppress(OSError):
            say(text)

    return said


def _stop_on_signals() -> threading.Event:
    """Set by the first signal; a second one ends the children at once."""
    stop = threading.Event()

    def asked(_number: int, _frame: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    for number in SIGNALS:
        signal.signal(number, asked)
    return stop


def _begin_standin(chosen: Settings, guardian: Guardian, children: list[Child], stop: threading.Event) -> None:
    """The demo's Glide, and the connection to it."""
    before, port = config.standin_port(chosen.home), startup.standin_port(chosen.home)
    data = str(chosen.home / config.STANDIN)
    command = ("-m", "glsync", "standin", "--port", str(port), "--data", data, "--demo")
    child = Child("stand-in for Glide", command, guardian, {"GLSYNC_LOG_LEVEL": "warning"})
    children.append(child)
    child.begin()
    address = f"http://127.0.0.1:{port}"
    if _answers(f"{address}/_standin", children, stop):
        from glsync import demo

        demo.connect(port, is_new_port=port != before)


def _worker(wish: Wish, chosen: Settings, guardian: Guardian) -> Child:
    concurrency = str(wish.concurrency or chosen.concurrency)
    command = ("-m", "glsync", "worker", "--concurrency", concurrency)
    login = {"GLSYNC_DATABASE_URL": chosen.worker_url} if chosen.worker_url else {}
    return Child("worker", command, guardian, {startup.CHILD: "1", **login}, patience=WORKER_PATIENCE)


def _web(host: str, port: int, guardian: Guardian) -> Child:
    command = (
        "-m", "streamlit", "run", "app.py", "--server.address", host, "--server.port", str(port),
        "--server.headless", "true", "--logger.level", "warning",
    )  # fmt: skip
    return Child("web app", command, guardian, {startup.CHILD: "1"}, patience=5.0, quiet=True)


def _address(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _local(host: str) -> str:
    """An address under which this machine reaches what listens on `host`."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - read, not bound


def _answers(url: str, children: list[Child], stop: threading.Event) -> bool:
    """Wait until `url` answers; False when we were told to stop meanwhile.

    Raises:
        ConfigError: it never answers.
        KeepsCrashing: a child ended again and again.
    """

    def asked() -> bool:
        for child in children:
            child.look_after()
        try:
            return stop.is_set() or requests.get(url, timeout=5).ok
        except requests.RequestException:
            return False

    def pause(seconds: float) -> None:
        stop.wait(seconds)

    waiting = Retrying(
        retry=retry_if_result(lambda answered: not answered),
        stop=stop_after_delay(PATIENCE),
        wait=wait_fixed(0.1),
        sleep=pause,
    )
    try:
        waiting(asked)
    except RetryError:
        raise ConfigError(
            f"{url} does not answer", hint="See what is said above, and python -m glsync doctor."
        ) from None
    return not stop.is_set()


def _welcome(wish: Wish, address: str, say: Callable[[str], None]) -> None:
    say(f"\n  Glide Sync is up: {address}")
    if wish.demo:
        say("  It shows a demo: a stand-in plays Glide, and nothing leaves this machine.")
    say("  Ctrl-C stops it.\n")
    has_screen = sys.platform == "darwin" or "DISPLAY" in os.environ or "WAYLAND_DISPLAY" in os.environ
    if wish.browser and has_screen:
        webbrowser.open(address)


def _watch(chosen: Settings, children: list[Child], stop: threading.Event) -> None:
    looks = 0
    while not stop.wait(LOOK):
        for child in children:
            child.look_after()
        looks += 1
        if chosen.url is None and looks % LOOKS_PER_DATABASE == 0:
            _look_after_database(Embedded(chosen.home))


def _look_after_database(embedded: Embedded) -> None:
    if embedded.running():
        return
    log.warning("The database is down and is started again")
    try:
        embedded.start()
    except SyncError as error:
        log.error(str(error), hint=error.hint)  # noqa: TRY400 - a line for people; the next look tries again


def _end(children: list[Child], say: Callable[[str], None]) -> None:
    """One after the other, those that ask others first; a second signal makes it at once."""
    try:
        for child in children:
            if child.name == "worker":
                say("Waiting for the worker; Ctrl-C again stops it at once.")
            child.end()
    except KeyboardInterrupt:
        for child in children:
            child.kill()
