"""What a caller may send and how long it may take: sizes, depths, headers, and statements that wait."""

from __future__ import annotations

import json
import socket
from urllib.parse import urlsplit

import psycopg2
import pytest

from glsync.api.application import LARGEST_BODY
from glsync.store import db

from .conftest import refusal


@pytest.mark.parametrize(
    "body",
    [b"[" * 100_000, b'{"a":' * 50_000, b'{"action": ' + b"[" * 90_000 + b"]" * 90_000 + b"}", b"9" * 100_000],
    ids=["lists", "objects", "an argument", "a number"],
)
def test_a_body_too_deep_to_read_is_a_bad_body_and_no_trouble_of_ours(operator, body):
    answer = operator.call("POST", "/api/glsync", data=body, headers={"Content-Type": "application/json"})
    assert refusal(answer)[0] == 400


def test_a_body_of_the_largest_size_is_read_and_one_byte_more_is_not(operator):
    def sized(size: int) -> bytes:
        begun = b'{"action": "getSyncStatus", "padding": "'
        return begun + b"x" * (size - len(begun) - 2) + b'"}'

    asked = {"headers": {"Content-Type": "application/json"}}
    assert refusal(operator.call("POST", "/api/glsync", data=sized(LARGEST_BODY), **asked))[0] == 400
    assert refusal(operator.call("POST", "/api/glsync", data=sized(LARGEST_BODY + 1), **asked))[0] == 413


def test_a_body_that_does_not_say_its_size_is_counted_as_it_comes(operator):
    pieces = (b"x" * 65536 for _ in range(64))
    assert refusal(operator.call("POST", "/api/glsync", data=pieces))[0] == 413


def test_a_failure_does_not_send_a_long_body_back(operator):
    body = b'{"action": "' + b"x" * 900_000 + b'"}'
    answer = operator.call("POST", "/api/glsync", data=body, headers={"Content-Type": "application/json"})
    assert refusal(answer) == (400, "VALIDATION_ERROR")
    assert len(answer.content) < 1_000


@pytest.mark.parametrize("length", ["-1", "abc", "9" * 30, "1e3"])
def test_a_size_that_is_none_is_refused(url, length):
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=30) as connection:
        connection.sendall(f"POST /api/glsync HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n{{}}".encode())
        status = int(connection.recv(1024).split(b" ")[1])
    assert status in (400, 401, 413)


def test_headers_without_end_are_refused(url):
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=30) as connection:
        connection.sendall(b"GET /api/runs HTTP/1.1\r\nHost: x\r\n")
        said = b""
        try:
            for number in range(4000):
                connection.sendall(f"X-{number}: {'y' * 200}\r\n".encode())
            said = connection.recv(100)
        except (ConnectionResetError, BrokenPipeError):
            return
    assert b" 4" in said[:13]


def test_whoever_waits_for_what_somebody_else_changes_is_told_after_a_while(
    operator, items, ask, monkeypatch, database
):
    monkeypatch.setattr(db, "LOCK_SECONDS", 0.3)
    [(error,)] = ask(
        "insert into gl_sync_errors (mapping_id, error_type, error_message) values"
        f" ('{items.id}', 'API_ERROR', 'x') returning id"
    )
    holder = psycopg2.connect(database)
    with holder.cursor() as cursor:
        cursor.execute("select 1 from gl_sync_errors for update")
        answer = operator.act("resolveError", errorId=error)
    holder.close()
    assert refusal(answer) == (503, "DATABASE_ERROR")
    assert "Somebody else is changing this" in answer.text
    assert operator.does("resolveError", errorId=error) == {"resolved": True}


def test_json_that_repeats_itself_or_is_no_json_is_a_bad_body(operator):
    for body in ("", "null", "[]", '"x"', "{", json.dumps({"action": "x" * 1000}), "NaN", '{"action": NaN}'):
        answer = operator.call("POST", "/api/glsync", data=body, headers={"Content-Type": "application/json"})
        assert refusal(answer)[0] == 400, body
