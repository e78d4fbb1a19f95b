"""The world of two directions, on a classic table and on a Big Table in turn; and the stage of the simulation."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.database import on_database, run_sql
from tests.twoway.simulation.stage import Stage, allow
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


@pytest.fixture(scope="module")
def stage(postgres_server: str, migrated_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """One database and one stand-in for a whole file: every play begins with both empty."""
    from glsync.store import db

    name = f"glsync_test_{uuid.uuid4().hex}"
    run_sql(postgres_server, f"create database {name} template {migrated_template}")
    url = on_database(postgres_server, name)
    made = Stage(url)
    with pytest.MonkeyPatch.context() as environment, made.open():
        environment.setenv("GLSYNC_DATABASE_URL", url)
        environment.setenv("GLSYNC_HOME", str(tmp_path_factory.mktemp("home")))
        environment.setenv("GLSYNC_ALLOWED_GLIDE_HOSTS", allow(made.glide.url))
        db.forget()
        yield made
    db.forget()
    run_sql(postgres_server, f"drop database if exists {name} with (force)")
