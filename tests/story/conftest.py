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
