"""What every benchmark stands on: a Postgres and a Glide of its own, each a process."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.contestants import run_sql
from glsync.embedded import Embedded


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """The URL of a Postgres with its settings as they come, so that every commit is on disk."""
    server = Embedded(folder)
    try:
        url = server.start()
        (found,) = run_sql(url, "select setting from pg_settings where name = 'data_directory'")
        os.environ["BENCH_POSTMASTER"] = (Path(str(found[0])) / "postmaster.pid").read_text().split()[0]
        yield url
    finally:
        server.stop()
        for data in folder.glob("pg*"):  # for root it is only a link: the server runs as another user, elsewhere
            if data.is_symlink():
                shutil.rmtree(data.resolve().parent)


@contextmanager
def glide(holding: str, kind: str = "glide") -> Iterator[str]:
    """The address of a stand-in that holds so many rows in a classic table or a "big" one, or the "flights"."""
    command = [sys.executable, "-m", "benchmarks.glide", holding, kind]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            yield server.stdout.readline().strip() if server.stdout else ""
        finally:
            server.terminate()
