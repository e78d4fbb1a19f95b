"""The world of two directions, on a classic table and on a Big Table in turn."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.twoway.world import TwoWay


@pytest.fixture(params=["glide", "big"], ids=["classic", "big"])
def world(
    request: pytest.FixtureRequest, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[TwoWay]:
    with TwoWay(database, monkeypatch, request.param) as made:
        yield made


@pytest.fixture
def classic(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TwoWay]:
    with TwoWay(database, monkeypatch, "glide") as made:
        yield made


@pytest.fixture
def big(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TwoWay]:
    with TwoWay(database, monkeypatch, "big") as made:
        yield made
