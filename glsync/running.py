"""Who runs on this home: a small file per app. A second `up` finds the first; the last one to leave tidies up."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import psutil
from filelock import FileLock, Timeout
from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from glsync.embedded import Embedded
from glsync.errors import ConfigError

FOLDER = "running"
STOP_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Running:
    """An app on this home. `began` (seconds since 1970) tells its process from a later one of the same id.

    `owns_database`: the embedded database is to be stopped when it ends. `has_standin`: the demo's Glide is its child.
    """

    pid: int
    began: float
    address: str
    has_standin: bool = False
    owns_database: bool = False


@contextmanager
def alone(home: Path) -> Iterator[None]:
    """Nobody else enters or leaves this home meanwhile.

    Raises:
        ConfigError: the home is not ours to write, or another app has been starting for minutes.
    """
    lock = FileLock(home / f"{FOLDER}.lock", timeout=180)
    try:
        home.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except PermissionError as error:
        raise ConfigError(
            f"{error.filename} cannot be written", hint="Set GLSYNC_HOME to a folder of your own."
        ) from None
    except Timeout:
        raise ConfigError(
            f"Another app has been starting on {home} for three minutes", hint="End it, then start again."
        ) from None
    try:
        yield
    finally:
        lock.release()


def others(home: Path) -> list[Running]:
    """The apps that run on this home; what dead ones left behind is removed."""
    found = []
    for file in sorted((home / FOLDER).glob("*.json")):
        one = _read(file)
        if one is None or not _lives(one):
            file.unlink(missing_ok=True)
        elif one.pid != os.getpid():
            found.append(one)
    return found


def enter(home: Path, address: str, *, has_standin: bool, owns_database: bool) -> None:
    """Note that this process runs here."""
    began = psutil.Process().create_time()
    _write(home, Running(os.getpid(), began, address, has_standin, owns_database))


def leave(home: Path, pid: int | None = None) -> bool:
    """Take the app's note away; stop the database if it is ours and nobody else runs here, else leave it to them.

    Returns:
        Was the database stopped?
    """
    with alone(home):
        file = home / FOLDER / f"{pid or os.getpid()}.json"
        mine = _read(file)
        file.unlink(missing_ok=True)
        if mine is None or not mine.owns_database:
            return False
        if rest := others(home):
            _write(home, replace(rest[0], owns_database=True))
            return False
        return Embedded(home).stop()


def stop_others(home: Path) -> bool:
    """Ask every app on this home to end, and wait for a while until they have; False when there was none."""
    found = others(home)
    for one in found:
        psutil.Process(one.pid).terminate()
    until_gone = Retrying(
        retry=retry_if_result(lambda living: living),
        stop=stop_after_delay(STOP_SECONDS),
        wait=wait_fixed(0.1),
        retry_error_callback=lambda _: True,
    )
    until_gone(lambda: any(_lives(one) for one in found))
    return bool(found)


def _write(home: Path, one: Running) -> None:
    (home / FOLDER).mkdir(parents=True, exist_ok=True)
    file = home / FOLDER / f"{one.pid}.json"
    new = file.with_suffix(".new")
    new.write_text(json.dumps(asdict(one)))
    new.replace(file)


def _read(file: Path) -> Running | None:
    try:
        return Running(**json.loads(file.read_text()))
    except (OSError, ValueError, TypeError):
        return None


def _lives(one: Running) -> bool:
    try:
        process = psutil.Process(one.pid)
        return abs(process.create_time() - one.began) < 2 and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
