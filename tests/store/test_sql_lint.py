"""The migrations keep the rules of squawk, a linter that knows which statements lock or break what."""

from __future__ import annotations

import subprocess
import sysconfig
from pathlib import Path

import pytest

from glsync.store.migrations import FOLDER

SQUAWK = Path(sysconfig.get_path("scripts")) / "squawk"
NOT_FOR_US = {
    "prefer-bigint-over-int": "what is an integer counts rows of one run, pages, seconds or saves",
    "require-lock-timeout": "the runner sets one for all files",
    "require-statement-timeout": "a long migration is to be waited for; the lock timeout guards the others",
}
OF_ONE_FILE = {
    "0031_enums": "ban-drop-function",  # glsync.columns_of, which our functions alone call, is made anew at once
}
"""A file that databases have applied keeps its text, so what it may do is said here."""


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.sql")), ids=lambda file: file.stem)
def test_a_migration_is_safe_to_apply_to_a_database_in_use(file):
    command = [
        SQUAWK, "--pg-version", "15.0", "--assume-in-transaction", "--include", "require-table-schema",
        "--exclude", ",".join([*NOT_FOR_US, *filter(None, [OF_ONE_FILE.get(file.stem)])]), "--reporter", "gcc", file,
    ]  # fmt: skip
    linted = subprocess.run(command, check=False, capture_output=True, text=True)
    assert linted.returncode == 0, linted.stdout + linted.stderr
