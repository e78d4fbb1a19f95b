"""The world of the stories: a stand-in Glide on the wire, a real Postgres, and a mapping between them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.world import World


@pytest.fixture
def world(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with World(database, monkeypatch) as made:
        yield made


@pytest.fixture
def big_world(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The same with a Big Table, which has a version."""
    with World(database, monkeypatch, kind="big") as made:
        yield made


@pytest.fixture(params=["glide", "big"])
def any_world(
    request: pytest.FixtureRequest, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[World]:
    """Once with an ordinary table, once with a Big Table."""
    with World(database, monkeypatch, kind=request.param) as made:
        yield made
