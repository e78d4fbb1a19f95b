"""The engine needs no world; where Postgres has the last word, a real one is asked."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.engine.copying import Cells


@pytest.fixture(scope="module")
def cells(postgres_server: str) -> Iterator[Cells]:
    made = Cells(postgres_server)
    yield made
    made.connection.close()
