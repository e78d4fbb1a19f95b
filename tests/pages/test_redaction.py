"""35 planted secrets are pushed through every way text leaves, and none is seen at its end."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
import structlog

from glsync import __main__ as command_line
from glsync import delivery, logs
from glsync.api import failures
from glsync.errors import GlideRejected, SyncError
from glsync.redaction import hidden, redacted
from glsync.services import config, errors, runs, subscriptions
from glsync.services.access import LOCAL
from glsync.store import db, problems
from glsync.store import runs as stored_runs
from glsync.values import Counts, Price, RunReport
from tests.seeded import SECRETS, found_in, plant

ROOT = Path(__file__).parents[2]


@pytest.fixture
def loud() -> Iterator[None]:
    """Logs as a worker writes them; everything as before at the end."""
    root, hooks = logging.getLogger(), (sys.excepthook, logs.threading.excepthook)
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    sys.excepthook, logs.threading.excepthook = hooks
    structlog.reset_defaults()


def test_what_is_planted_can_be_found():
    assert len(SECRETS) == 35
    assert found_in(plant()) == list(SECRETS)
    assert found_in(json.dumps(plant())) == list(SECRETS)


@pytest.mark.parametrize("form", ["human", "json"])
def test_log_lines_and_tracebacks(loud, capsys, form):
    logs.set_up("debug", form)
    text = plant()
    structlog.get_logger("glsync.x").info(text, value=text, nested={"list": [text]})
    logging.getLogger("uvicorn.error").error("a library says %s", text)
    try:
        raise RuntimeError(text)
    except RuntimeError as error:
        structlog.get_logger("glsync.x").exception("broke off")
        sys.excepthook(type(error), error, error.__traceback__)
    said = capsys.readouterr()
    assert found_in(said.err + said.out) == []
    assert said.err.count("***") > 5 * len(SECRETS)


def test_a_thread_or_process_that_dies_of_an_exception():
    code = "\n".join(
        (
            "import threading",
            "from glsync import logs",
            "from tests.seeded import plant",
            "logs.set_up()",
            "def die(): raise RuntimeError(plant())",
            "thread = threading.Thread(target=die); thread.start(); thread.join()",
            "die()",
        )
    )
    died = subprocess.run([sys.executable, "-c", code], check=False, cwd=ROOT, capture_output=True, text=True)
    assert died.stderr.count("RuntimeError: it said ***") == 2
    assert found_in(died.stdout + died.stderr) == []


def test_errors_of_ours_and_the_apis_answers():
    text = plant()
    for error in (SyncError(text, hint=text), GlideRejected(text, status=422, said=text)):
        assert found_in(f"{error} {error.hint} {error!r} {getattr(error, 'said', '')}") == []
        assert found_in(bytes(failures.answer(error).body).decode()) == []


def test_the_command_line(loud, capsys, monkeypatch):
    monkeypatch.setattr(command_line, "app", _refuse)
    assert command_line.main() == 1
    said = capsys.readouterr()
    assert "Error: it said ***" in said.err
    assert found_in(said.err + said.out) == []


def _refuse(prog_name: str) -> None:
    raise SyncError(plant(), hint=plant())


@pytest.fixture
def told(items, ask) -> UUID:
    """A run that failed saying everything it knows: in its log, its lines and its errors."""
    text = plant()
    [(log_id,)] = ask(
        f"insert into gl_sync_logs (mapping_id, status, epoch) values ('{items.id}', 'processing', 1) returning id"
    )
    log_id = UUID(str(log_id))
    with db.connect("test") as connection, connection.cursor() as cursor:
        stored_runs.note(cursor, log_id, text, level="error")
        trouble = problems.Trouble("API_ERROR", text, row_id="a", column_name="item", value="it said token-of-ops-1234")
        problems.Recorder(items.id, log_id).note(cursor, [trouble])
        report = RunReport(log_id, "failed", text, Counts(), 1.0, Price())
        stored_runs.end(cursor, report, 1, error_type="API_ERROR", hint=text)
    return log_id


def test_the_history_of_runs_and_errors_exports_and_what_the_database_keeps(told, ops, ask):
    [error] = errors.listing(LOCAL)
    texts = [
        runs.get(LOCAL, told), runs.events(LOCAL, told), error, errors.history(LOCAL, error.id),
        errors.groups(LOCAL), errors.export(LOCAL).to_csv(), config.export(LOCAL),
        *(ask(f"select t::text from {table} as t") for table in
          ("gl_sync_logs", "gl_sync_errors", "glsync.run_events", "glsync.audit", "gl_connections")),
    ]  # fmt: skip
    assert "***" in str(texts)
    assert [found for text in texts for found in found_in(str(text))] == []


@pytest.mark.parametrize("page", ["runs", "errors", "dashboard", "connections", "mappings", "settings"])
def test_the_pages(open_page, told, page):
    parameters = {"run": told} if page == "runs" else {}
    opened = open_page(page, **parameters)
    everything = opened.text + "".join(str(frame.value) for frame in opened.app.dataframe)
    assert found_in(everything) == []
    if page == "runs":
        assert "***" in opened.text


def test_the_address_of_a_chat_program_is_no_word_of_the_audit_trail(database, monkeypatch, ask):
    from glsync.config import settings

    monkeypatch.setenv("GLSYNC_WEBHOOK_HOSTS", "chat.example.com")
    settings.cache_clear()
    url = "https://chat.example.com/services/T024BE7LD/B1H2J3K4L/c4fe-a11-b0b"
    subscriptions.add(LOCAL, url)
    [(told,)] = ask("select jsonb_agg(to_jsonb(a))::text from glsync.audit as a where subject_type = 'subscription'")
    assert "chat.example.com" in told
    assert "T024BE7LD" not in told
    assert "T024BE7LD" not in hidden(f"{url} did not answer")
    assert len("services/T024BE7LD/B1H2J3K4L/c4fe-a11-b0b") >= delivery.LEAST_PATH


@pytest.mark.parametrize(
    "innocent",
    [
        "Basic information is missing", "There is no mapping 'items'", "api_key: env:GLIDE_TOKEN is not set",
        "password: Field required",
        "A token ring of 4 keys", "https://example.com:8443/a?b=c", "Row a1b2c3: Glide refused it: column_id_not_found",
        "token: string too short", "See https://docs.example.com/hooks/incoming",
    ],
)  # fmt: skip
def test_messages_without_a_secret_stay_as_they_are(innocent):
    assert hidden(innocent) == innocent


def test_logs_hide_more_than_messages_do():
    assert redacted("password: swordfish") == "password: ***"
