"""The API keeps to its own description: calls made up from it never bring a 5xx, and every failure has the one form."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import checks
from schemathesis.specs.openapi import checks as openapi

from glsync.api.application import build
from glsync.api.callers import Callers
from glsync.api.limits import Buckets
from glsync.services import tokens
from glsync.services.access import LOCAL

from .conftest import served

EXAMPLES = 25

KEPT = (
    checks.not_a_server_error,
    openapi.status_code_conformance,
    openapi.content_type_conformance,
    openapi.response_schema_conformance,
    openapi.ignored_auth,
)

described = schemathesis.openapi.from_dict(build().openapi())


@pytest.fixture
def url(database: str) -> Iterator[str]:
    """The API, for callers who make thousands of calls and send many wrong tokens."""
    app = build()
    app.state.callers = Callers(rate=10_000)
    app.state.callers.failures = Buckets(10_000, 10_000)
    with served(app) as address:
        yield address


@pytest.fixture
def token(items) -> str:
    return tokens.create(LOCAL, "schemathesis", "admin")[1]


@described.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
def test_calls_made_up_from_the_description(case: Any, url: str, token: str):
    answer = case.call(base_url=url, headers={"Authorization": f"Bearer {token}"})
    case.validate_response(answer, checks=KEPT, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code < 500
    if answer.status_code >= 400:
        said = answer.json()
        assert said.keys() == {"success", "error"}
        assert said["success"] is False
        assert said["error"].keys() == {"type", "message", "hint"}
