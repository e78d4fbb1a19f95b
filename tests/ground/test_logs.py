"""Log lines are for people or for machines, on stderr, and keep secrets to themselves."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from glsync import logs
from glsync.redaction import never_show, redacted


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def test_a_line_for_machines_is_json_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up("info", "json")
    structlog.get_logger("glsync.sync").info("page stored", mapping="items", rows=500)
    said = capsys.readouterr()
    line = json.loads(said.err)
    assert (line["event"], line["mapping"], line["rows"], line["level"]) == ("page stored", "items", 500, "info")
    assert said.out == ""


def test_a_line_for_people_is_short(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up("info", "human")
    structlog.get_logger("glsync.sync").info("page stored", mapping="items")
    said = capsys.readouterr().err
    assert "page stored" in said
    assert "mapping=items" in said
    assert not said.startswith("{")


def test_quiet_means_quiet_and_libraries_speak_only_of_trouble(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up("warning", "json")
    structlog.get_logger("glsync.sync").info("unheard")
    logging.getLogger("some.library").info("unheard")
    logging.getLogger("some.library").warning("heard")
    said = capsys.readouterr().err
    assert "unheard" not in said
    assert "heard" in said


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Authorization: Bearer abcdef123456", "Authorization: Bearer ***"),
        ("postgresql://me:pw%23x@host/db failed", "postgresql://me:***@host/db failed"),
        ("postgresql+psycopg2://me:secretpw@host/db", "postgresql+psycopg2://me:***@host/db"),
        ('{"api_key": "abcdef-123456", "rows": 3}', '{"api_key": "***", "rows": 3}'),
        ("token=abcdef123456&x=1 password: hunter2222", "token=***&x=1 password: ***"),
        ("stored glsync:v1:1:QUJDREVGR0g= there", "stored glsync:*** there"),
        ("a token ring of 4 keys", "a token ring of 4 keys"),
    ],
)
def test_what_looks_like_a_secret_is_hidden(text: str, shown: str) -> None:
    assert redacted(text) == shown


def test_a_secret_with_quotes_is_hidden_in_json_too(capsys: pytest.CaptureFixture[str]) -> None:
    never_show('odd"secret\\ü')
    logs.set_up("info", "json")
    structlog.get_logger("glsync").info("seen", value='odd"secret\\ü')
    assert json.loads(capsys.readouterr().err)["value"] == "***"
