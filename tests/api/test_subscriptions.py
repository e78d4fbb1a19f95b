"""Webhooks that go out: who is told what, signed, again and again, and never a row."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from glsync import delivery, signing
from glsync.config import settings
from glsync.errors import Forbidden, InvalidInput, SecurityBlocked
from glsync.jobs import worker_in_thread
from glsync.services import runs, subscriptions
from glsync.services.access import LOCAL, Actor
from glsync.services.subscriptions import EVENTS

from .conftest import spoken, wait_until


class Receiver:
    """Somebody who wants to be told; answers with `status`, and keeps what came."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.status = 204
        self.answers: dict[str, str] = {}
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(receiver.status)
                for name, value in receiver.answers.items():
                    self.send_header(name, value)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self.server.server_address[1]}"
        self.url = f"http://{self.host}/told"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def events(self) -> list[str]:
        return [json.loads(body)["type"] for _, body in self.got]


@pytest.fixture
def receiver(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """On this machine, which an operator has to allow."""
    made = Receiver()
    monkeypatch.setenv("GLSYNC_WEBHOOK_HOSTS", made.host)
    settings.cache_clear()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def message(receiver: Receiver, items, ask) -> str:
    """The id of a message on its way: a run that failed."""
    subscriptions.add(LOCAL, receiver.url, ["run.failed"])
    end_run(ask, items, "failed")
    [(found,)] = ask("select id from glsync.deliveries")
    return str(found)


def end_run(ask: Any, items: Any, status: str) -> None:
    ask(f"insert into gl_sync_logs (mapping_id, status) values ('{items.id}', 'processing')")
    ask(f"update gl_sync_logs set status = '{status}', completed_at = now() where completed_at is null")


def of(ask: Any, message: str) -> tuple[Any, ...]:
    [found] = ask(f"select state, attempts, status from glsync.deliveries where id = '{message}'")
    return found


def test_a_run_that_ends_and_what_it_held_back_are_told_by_the_worker_without_a_word_of_the_rows(receiver, items, ask):
    _, key = subscriptions.add(LOCAL, receiver.url)
    with worker_in_thread():
        runs.wait(LOCAL, runs.start(LOCAL, items.id).log_id, timeout=30)
        wait_until(lambda: len(receiver.got) == 2)
    assert sorted(receiver.events) == ["errors.opened", "run.completed"]
    for headers, body in receiver.got:
        sent = int(headers["webhook-timestamp"])
        assert abs(sent - time.time()) < 60
        assert signing.is_signed([key], headers["webhook-id"], sent, body, headers["webhook-signature"])
        assert not [word for word in (b'"pen"', b"ink", b"a lot", b"Unit price") if word in body]
    told = {event["type"]: event["data"] for event in (json.loads(body) for _, body in receiver.got)}
    assert told["run.completed"]["created"] == 1
    assert told["errors.opened"]["errors"] == {"VALIDATION_ERROR": 1}


@pytest.mark.parametrize(("status", "events"), [("completed", 1), ("failed", 1), ("cancelled", 0)])
def test_each_end_of_a_run_is_one_event_and_a_cancelled_one_none(receiver, items, ask, status, events):
    subscriptions.add(LOCAL, receiver.url)
    end_run(ask, items, status)
    assert ask("select count(*) from glsync.deliveries") == [(events,)]
    assert ask("select count(*) from glsync_queue.procrastinate_jobs where queue_name = 'webhooks'") == [(events,)]


def test_only_who_asked_for_an_event_is_told_and_only_of_its_own_workspace(receiver, items, ask):
    subscriptions.add(LOCAL, receiver.url, ["run.completed"])
    ask("insert into glsync.workspaces (id, name) values ('00000000-0000-0000-0000-000000000002', 'Other')")
    subscriptions.add(Actor("other", "admin", *[_id(ask)]), receiver.url)
    end_run(ask, items, "failed")
    assert ask("select count(*) from glsync.deliveries") == [(0,)]


def _id(ask: Any) -> Any:
    [(found,)] = ask("select id from glsync.workspaces where name = 'Other'")
    return found


@pytest.mark.parametrize("status", [500, 503, 429, 404, 400, 301])
def test_any_answer_but_2xx_is_tried_again_later(receiver, message, ask, status):
    receiver.status = status
    delivery.deliver(message)
    assert of(ask, message) == ("waiting", 1, status)
    [(seconds,)] = ask(f"select extract(epoch from next_at - now()) from glsync.deliveries where id = '{message}'")
    assert 3 < seconds < 6


def test_attempts_spread_over_three_days_and_then_end(receiver, message, ask):
    receiver.status = 500
    waits = []
    for _ in range(len(delivery.WAITS) + 1):
        delivery.deliver(message)
        [(seconds,)] = ask(f"select extract(epoch from next_at - now()) from glsync.deliveries where id = '{message}'")
        waits.append(seconds)
    assert of(ask, message) == ("failed", 10, 500)
    assert waits[-1] is None
    assert waits[:-1] == sorted(waits[:-1])
    assert 3 <= float(sum(waits[:-1])) / 86_400 < 3.6
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1
    delivery.deliver(message)
    assert len(receiver.got) == 10


def test_a_message_that_was_taken_is_not_sent_again(receiver, message, ask):
    delivery.deliver(message)
    delivery.deliver(message)
    assert (of(ask, message), len(receiver.got)) == (("delivered", 1, 204), 1)


def test_an_address_that_answers_410_is_told_no_more(receiver, message, items, ask):
    receiver.status = 410
    delivery.deliver(message)
    [row] = subscriptions.listing(LOCAL)
    assert (of(ask, message), row.enabled, row.disabled_reason) == (("failed", 1, 410), False, "It answered 410 Gone")
    end_run(ask, items, "failed")
    assert ask("select count(*) from glsync.deliveries") == [(1,)]


def test_a_redirect_is_not_followed(receiver, message, ask):
    receiver.status, receiver.answers = 307, {"Location": f"http://{receiver.host}/elsewhere"}
    delivery.deliver(message)
    assert len(receiver.got) == 1


def test_an_address_that_does_not_answer_is_tried_again(receiver, message, ask):
    receiver.server.shutdown()
    receiver.server.server_close()
    delivery.deliver(message)
    assert of(ask, message) == ("waiting", 1, None)


def test_an_address_the_operator_took_off_the_list_is_not_called(receiver, message, ask, monkeypatch):
    monkeypatch.delenv("GLSYNC_WEBHOOK_HOSTS")
    settings.cache_clear()
    delivery.deliver(message)
    assert (of(ask, message), receiver.got) == (("waiting", 1, None), [])


def test_while_the_key_is_changed_both_sign(receiver, message):
    [row] = subscriptions.listing(LOCAL)
    new = subscriptions.new_key(LOCAL, row.id)
    delivery.deliver(message)
    [(headers, body)] = receiver.got
    given = headers["webhook-signature"]
    assert len(given.split(" ")) == 2
    assert signing.is_signed([new], headers["webhook-id"], int(headers["webhook-timestamp"]), body, given)


def test_the_command_line_makes_a_new_key_pauses_and_resumes(receiver, message):
    [row] = subscriptions.listing(LOCAL)
    new = spoken("webhook", "new-key", str(row.id)).strip()
    spoken("webhook", "pause", str(row.id))
    assert not subscriptions.listing(LOCAL)[0].enabled
    spoken("webhook", "resume", str(row.id))
    assert subscriptions.listing(LOCAL)[0].disabled_reason is None
    delivery.deliver(message)
    [(headers, body)] = receiver.got
    given = headers["webhook-signature"]
    assert signing.is_signed([new], headers["webhook-id"], int(headers["webhook-timestamp"]), body, given)


@pytest.mark.parametrize(
    "url", ["http://example.com/", "https://127.0.0.1/", "https://localhost/", "ftp://example.com"]
)
def test_an_address_inside_or_in_clear_is_refused_when_it_is_entered(database, url):
    with pytest.raises(SecurityBlocked):
        subscriptions.add(LOCAL, url)
    assert subscriptions.listing(LOCAL) == []


def test_events_there_are_not_are_refused(receiver):
    with pytest.raises(InvalidInput):
        subscriptions.add(LOCAL, receiver.url, ["run.exploded"])
    with pytest.raises(InvalidInput):
        subscriptions.add(LOCAL, receiver.url, [])


def test_only_an_admin_decides_who_is_told(receiver):
    editor = Actor("somebody", "editor")
    row, _ = subscriptions.add(LOCAL, receiver.url, EVENTS)
    for act in (
        lambda: subscriptions.add(editor, receiver.url),
        lambda: subscriptions.listing(editor),
        lambda: subscriptions.deliveries(editor, row.id),
        lambda: subscriptions.new_key(editor, row.id),
        lambda: subscriptions.set_enabled(editor, row.id, enabled=False),
        lambda: subscriptions.remove(editor, row.id),
    ):
        with pytest.raises(Forbidden):
            act()
    subscriptions.set_enabled(LOCAL, row.id, enabled=False)
    assert subscriptions.listing(LOCAL)[0].disabled_reason == "Switched off by local"
    subscriptions.remove(LOCAL, row.id)
    assert subscriptions.listing(LOCAL) == []


def test_the_key_is_not_in_the_database_in_clear(receiver, ask):
    _, key = subscriptions.add(LOCAL, receiver.url)
    [(stored,)] = ask("select to_jsonb(s)::text from glsync.subscriptions as s")
    assert key.removeprefix("whsec_") not in stored


def test_what_was_sent_can_be_looked_up(receiver, message):
    receiver.status = 500
    delivery.deliver(message)
    [row] = subscriptions.listing(LOCAL)
    [sent] = subscriptions.deliveries(LOCAL, row.id)
    assert (sent.event, sent.state, sent.attempts, sent.status) == ("run.failed", "waiting", 1, 500)
