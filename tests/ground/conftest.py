"""Folders a server may live in, and settings that end with the test."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from glsync import config
from glsync.embedded import Embedded
from glsync.store import db

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder() -> Iterator[Path]:
    """An empty folder that other users may pass through; pytest's own are closed to the user root's server runs as."""
    made = Path(tempfile.mkdtemp(prefix="glsync-test-"))
    made.chmod(0o755)
    yield made
    for version in made.rglob("PG_VERSION"):
        if version.parent.name.startswith("pg") and version.parent.parent.name != "base":
            Embedded(version.parent.parent).stop()
    shutil.rmtree(made)


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Set GLSYNC_* for this test alone; what was read from the environment before is forgotten."""

    def forget() -> None:
        db.forget()
        config.settings.cache_clear()

    def choose(**values: object) -> None:
        for name, value in values.items():
            monkeypatch.setenv(f"GLSYNC_{name.upper()}", str(value))
        forget()

    for name in [name for name in os.environ if name.startswith("GLSYNC_")]:
        monkeypatch.delenv(name)
    forget()
    yield choose
    forget()


@pytest.fixture(scope="module")
def server() -> Iterator[Embedded]:
    """A server of this module's own, which no test may stop."""
    home = Path(tempfile.mkdtemp(prefix="glsync-test-"))
    home.chmod(0o755)
    embedded = Embedded(home)
    embedded.start()
    yield embedded
    embedded.stop()
    shutil.rmtree(home)


def python(code: str, *arguments: object, program: str = sys.executable, **options: Any) -> subprocess.Popen[str]:
    """Another Python process that runs `code` with our package and its libraries at hand; pipes take its output."""
    libraries = sysconfig.get_path("purelib")  # for a system's Python that knows nothing of our environment
    environment = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{libraries}", "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.Popen(
        [program, "-c", code, *map(str, arguments)],
        cwd="/", env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options,
    )  # fmt: skip
