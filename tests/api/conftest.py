"""The API on a real port, over a real database and a stand-in Glide; and programs with tokens that call it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import requests
import uvicorn
from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed
from typer.testing import CliRunner

from glsync.services import tokens
from glsync.services.access import LOCAL, Role
from tests.services.conftest import addresses, ask, disputed, draft, glide, items, ops  # noqa: F401 - fixtures


class Program:
    """Somebody who calls the API."""

    def __init__(self, url: str, token: str | None = None) -> None:
        self.url = url
        self.session = requests.Session()
        self.session.trust_env = False
        if token:
            self.session.headers["Authorization"] = f"Bearer {token}"

    def call(self, method: str, path: str, **how: Any) -> requests.Response:
        return self.session.request(method, self.url + path, timeout=60, **how)

    def get(self, path: str, **parameters: Any) -> Any:
        answer = self.call("GET", path, params=parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def act(self, action: str, **body: Any) -> requests.Response:
        body = {name: str(value) if name.endswith("Id") else value for name, value in body.items()}
        return self.call("POST", "/api/glsync", json={"action": action, **body})

    def does(self, action: str, **body: Any) -> Any:
        """What an action that succeeds answers."""
        answer = self.act(action, **body)
        assert answer.status_code == 200, answer.text
        said = answer.json()
        assert said.pop("success") is True
        return said


def refusal(answer: requests.Response) -> tuple[int, str]:
    """(status, type) of a failure, after a look whether it is in the contract's form."""
    said = answer.json()
    assert said.keys() == {"success", "error"}
    assert said["success"] is False
    assert said["error"].keys() == {"type", "message", "hint"}
    assert all(isinstance(value, str) for value in said["error"].values())
    return answer.status_code, said["error"]["type"]


def spoken(*words: str) -> str:
    """What the command line says to these words, which it must take."""
    from glsync.__main__ import app

    ran = CliRunner().invoke(app, list(words))
    assert ran.exit_code == 0, ran.output
    return ran.stdout


def wait_until(holds: Callable[[], bool]) -> None:
    Retrying(stop=stop_after_delay(30), wait=wait_fixed(0.1), retry=retry_if_result(lambda held: not held))(holds)


@contextmanager
def served(app: Any) -> Iterator[str]:
    """An ASGI app on a port of its own."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    wait_until(lambda: server.started)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(10)


@pytest.fixture
def url(database: str) -> Iterator[str]:
    """The API, which allows more calls than a test makes."""
    from glsync.api.application import build
    from glsync.api.callers import Callers

    app = build()
    app.state.callers = Callers(rate=1000)
    with served(app) as address:
        yield address


@pytest.fixture
def program(url: str) -> Callable[..., Program]:
    """A program whose token has this role; without one, a program without a token."""

    def made(role: Role | None = None) -> Program:
        if role is None:
            return Program(url)
        return Program(url, tokens.create(LOCAL, f"a {role} {len(tokens.listing(LOCAL))}", role)[1])

    return made


@pytest.fixture
def operator(program: Callable[..., Program]) -> Program:
    return program("operator")
