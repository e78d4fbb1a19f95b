"""Webhooks that come in: what starts a run, what is refused, and that no change is lost in a flood."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from glsync import signing
from glsync.errors import Forbidden, InvalidInput, NotFound
from glsync.jobs import worker_in_thread
from glsync.services import access, hooks, mappings, runs
from glsync.services.access import LOCAL, Actor
from glsync.services.hooks import NewHook
from glsync.services.mappings import MappingDraft

from .conftest import refusal, spoken, wait_until

GLIDES = {"hookKind": "action", "appID": "ops1", "params": {"row": {"type": "string", "value": "a"}}}
"""A body as Glide's action sends it."""


def queued(ask: Any) -> int:
    return ask("select count(*) from glsync_queue.procrastinate_jobs where status = 'todo'")[0][0]


def headers(key: str, body: bytes, *, id: str = "msg_1", at: int | None = None) -> dict[str, str]:
    """What a sender that signs adds to its message."""
    sent = int(time.time()) if at is None else at
    return {
        "webhook-id": id,
        "webhook-timestamp": str(sent),
        "webhook-signature": signing.signature(key, id, sent, body),
    }


@pytest.fixture
def plain(items: MappingDraft) -> NewHook:
    return hooks.create(LOCAL, items.id, "Glide")


@pytest.fixture
def signed(items: MappingDraft) -> NewHook:
    return hooks.create(LOCAL, items.id, "Sender", signed=True)


BODY = b'{"type":"row.changed","data":{"id":1}}'


class TestGlide:
    """Senders that prove themselves by the address alone, or a header beside it."""

    def test_a_call_queues_a_run_that_says_who_called(self, program, plain, items):
        answer = program().call("POST", plain.path, json=GLIDES)
        assert answer.status_code == 202
        run = runs.get(LOCAL, answer.json()["logId"])
        assert (run.mapping_id, run.trigger, run.actor, run.status) == (items.id, "webhook", "webhook Glide", "started")

    @pytest.mark.parametrize("body", [b"", b"not json", b"{" * 5000, b"\x00\xff", json.dumps(GLIDES).encode()])
    def test_the_body_is_only_a_hint_so_any_will_do(self, program, plain, body):
        assert program().call("POST", plain.path, data=body).status_code == 202

    def test_calls_soon_after_one_another_are_one_run(self, program, plain, ask):
        logs = {program().call("POST", plain.path).json()["logId"] for _ in range(5)}
        assert (len(logs), queued(ask)) == (1, 1)

    def test_the_run_begins_some_seconds_later(self, program, plain, ask):
        program().call("POST", plain.path)
        [(seconds,)] = ask("select extract(epoch from scheduled_at - now()) from glsync_queue.procrastinate_jobs")
        assert 0 < seconds <= hooks.PAUSE_SECONDS

    def test_a_run_that_waits_already_is_the_run(self, program, operator, plain, items, ask):
        log_id = operator.does("syncData", mappingId=items.id)["logId"]
        assert program().call("POST", plain.path).json()["logId"] == log_id
        assert queued(ask) == 1

    def test_an_address_nobody_gave_out_is_404_and_not_repeated(self, program, plain):
        answer = program().call("POST", "/hooks/abcdefghijklmnopqrstuvwxyz0123456789")
        assert refusal(answer) == (404, "NOT_FOUND")
        assert "abcdef" not in answer.text

    def test_a_revoked_address_is_404(self, program, plain):
        hooks.revoke(LOCAL, plain.row.id)
        assert refusal(program().call("POST", plain.path)) == (404, "NOT_FOUND")

    @pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
    def test_another_method_is_405(self, program, plain, ask, method):
        assert refusal(program().call(method, plain.path))[0] == 405
        assert queued(ask) == 0

    def test_ten_megabytes_are_413(self, program, plain, ask):
        assert refusal(program().call("POST", plain.path, data=b"x" * 10_000_000))[0] == 413
        assert queued(ask) == 0

    def test_a_mapping_that_is_switched_off_is_422(self, program, plain, items):
        mappings.set_enabled(LOCAL, items.id, False)
        assert refusal(program().call("POST", plain.path)) == (422, "VALIDATION_ERROR")

    def test_guessing_addresses_is_slowed_down_but_not_whoever_shares_the_guessers_own(self, program, plain):
        guesser = program()
        answers = [guesser.call("POST", f"/hooks/guess{number}") for number in range(40)]
        assert refusal(answers[0])[0] == 404
        assert refusal(answers[-1]) == (429, "RATE_LIMIT")
        assert int(answers[-1].headers["Retry-After"]) >= 1
        assert guesser.call("POST", plain.path).status_code == 202

    def test_a_secret_header_is_asked_for_where_there_is_one(self, program, items):
        hook = hooks.create(LOCAL, items.id, "Glide", with_header=True)
        assert refusal(program().call("POST", hook.path)) == (401, "AUTH_ERROR")
        assert refusal(program().call("POST", hook.path, headers={hooks.HEADER: "wrong"})) == (401, "AUTH_ERROR")
        assert program().call("POST", hook.path, headers={hooks.HEADER: hook.header}).status_code == 202


class TestSigned:
    """Senders that sign as Standard Webhooks describes."""

    def call(self, program, hook, sent, body=BODY) -> requests.Response:
        return program().call("POST", hook.path, data=body, headers=sent)

    def test_a_signed_message_queues_a_run(self, program, signed, ask):
        assert self.call(program, signed, headers(signed.key, BODY)).status_code == 202
        assert queued(ask) == 1

    def test_the_example_of_the_specification_has_its_signature(self):
        signature = signing.signature(
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330,
            b'{"test": 2432232314}',
        )  # fmt: skip
        assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

    @pytest.mark.parametrize("place", ["body", "id", "time", "signature"])
    def test_one_bit_changed_is_401(self, program, signed, ask, place):
        sent, body = headers(signed.key, BODY), BODY
        if place == "body":
            body = BODY.replace(b"1", b"0")
        elif place == "id":
            sent["webhook-id"] = "msg_0"
        elif place == "time":
            sent["webhook-timestamp"] = str(int(sent["webhook-timestamp"]) + 1)
        else:
            good = sent["webhook-signature"]
            sent["webhook-signature"] = good[:10] + ("A" if good[10] != "A" else "B") + good[11:]
        assert refusal(self.call(program, signed, sent, body)) == (401, "AUTH_ERROR")
        assert queued(ask) == 0

    @pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
    def test_a_missing_header_is_401(self, program, signed, name):
        sent = headers(signed.key, BODY)
        del sent[name]
        assert refusal(self.call(program, signed, sent)) == (401, "AUTH_ERROR")

    @pytest.mark.parametrize("minutes", [-6, 6])
    def test_a_message_of_six_minutes_before_or_ahead_is_401(self, program, signed, minutes):
        sent = headers(signed.key, BODY, at=int(time.time()) + 60 * minutes)
        assert refusal(self.call(program, signed, sent)) == (401, "AUTH_ERROR")

    @pytest.mark.parametrize("minutes", [-4, 4])
    def test_a_clock_of_four_minutes_off_will_do(self, program, signed, minutes):
        sent = headers(signed.key, BODY, at=int(time.time()) + 60 * minutes)
        assert self.call(program, signed, sent).status_code == 202

    @pytest.mark.parametrize("time_sent", ["", "now", "1e9", "-1", "9" * 40, "²"])
    def test_a_time_that_is_none_is_401(self, program, signed, time_sent):
        sent = headers(signed.key, BODY) | {"webhook-timestamp": time_sent.encode("utf-8")}
        assert refusal(self.call(program, signed, sent)) == (401, "AUTH_ERROR")

    def test_the_same_message_a_second_time_does_nothing(self, program, signed, ask):
        sent = headers(signed.key, BODY)
        assert self.call(program, signed, sent).json()["logId"] is not None
        ask("delete from glsync_queue.procrastinate_jobs")
        again = self.call(program, signed, sent)
        assert (again.status_code, again.json()["logId"], queued(ask)) == (202, None, 0)

    def test_the_same_json_written_differently_is_401(self, program, signed):
        again = json.dumps(json.loads(BODY)).encode()
        assert refusal(self.call(program, signed, headers(signed.key, BODY), again)) == (401, "AUTH_ERROR")

    def test_another_senders_key_is_401(self, program, signed, items):
        other = hooks.create(LOCAL, items.id, "Other", signed=True)
        assert refusal(self.call(program, signed, headers(other.key, BODY))) == (401, "AUTH_ERROR")

    def test_while_a_key_is_changed_both_are_good_then_only_the_new_one(self, program, signed):
        new = hooks.new_key(LOCAL, signed.row.id)
        assert self.call(program, signed, headers(signed.key, BODY, id="msg_a")).status_code == 202
        assert self.call(program, signed, headers(new, BODY, id="msg_b")).status_code == 202
        hooks.drop_old_keys(LOCAL, signed.row.id)
        assert refusal(self.call(program, signed, headers(signed.key, BODY, id="msg_c"))) == (401, "AUTH_ERROR")
        assert self.call(program, signed, headers(new, BODY, id="msg_d")).status_code == 202

    def test_the_command_line_changes_a_key_without_a_gap(self, program, signed):
        new = spoken("hook", "new-key", str(signed.row.id)).strip()
        assert self.call(program, signed, headers(signed.key, BODY, id="msg_a")).status_code == 202
        spoken("hook", "drop-old-keys", str(signed.row.id))
        assert refusal(self.call(program, signed, headers(signed.key, BODY, id="msg_b"))) == (401, "AUTH_ERROR")
        assert self.call(program, signed, headers(new, BODY, id="msg_c")).status_code == 202

    def test_one_good_signature_among_several_is_enough(self, program, signed):
        sent = headers(signed.key, BODY)
        sent["webhook-signature"] = f"v1,AAAA v2,whatever {sent['webhook-signature']}"
        assert self.call(program, signed, sent).status_code == 202

    def test_a_message_refused_for_its_mapping_counts_when_it_comes_again(self, program, signed, items):
        mappings.set_enabled(LOCAL, items.id, False)
        sent = headers(signed.key, BODY)
        assert refusal(self.call(program, signed, sent))[0] == 422
        mappings.set_enabled(LOCAL, items.id, True)
        assert self.call(program, signed, sent).json()["logId"] is not None


class TestKeeping:
    def test_neither_addresses_nor_headers_nor_keys_are_in_the_database_in_clear(self, items, ask):
        made = hooks.create(LOCAL, items.id, "Glide", with_header=True, signed=True)
        [(stored,)] = ask("select to_jsonb(h)::text from glsync.hooks as h")
        secrets = [made.path.rpartition("/")[2], made.header, made.key, made.key.removeprefix("whsec_")]
        assert not [secret for secret in secrets if secret in stored]
        [(told,)] = ask("select jsonb_agg(to_jsonb(a))::text from glsync.audit as a where subject_type = 'hook'")
        assert not [secret for secret in secrets if secret in told]

    def test_only_editors_set_webhooks_up_and_only_in_their_workspace(self, plain, items):
        operator = Actor("somebody", "operator")
        for act in (
            lambda: hooks.create(operator, items.id, "x"),
            lambda: hooks.listing(operator),
            lambda: hooks.revoke(operator, plain.row.id),
            lambda: hooks.new_key(operator, plain.row.id),
        ):
            with pytest.raises(Forbidden):
                act()
        stranger = Actor("stranger", "admin", items.id)
        with pytest.raises(NotFound):
            hooks.create(stranger, items.id, "x")
        with pytest.raises(NotFound):
            hooks.revoke(stranger, plain.row.id)

    def test_a_name_is_used_once_on_a_mapping(self, plain, items):
        with pytest.raises(InvalidInput):
            hooks.create(access.LOCAL, items.id, "Glide")

    @pytest.mark.parametrize("key", ["whsec_", "whsec_c2hvcnQ=", "whsec_!!!", "whsec_" + "A" * 100])
    def test_a_key_of_a_sender_is_24_to_64_bytes(self, items, key):
        with pytest.raises(InvalidInput) as caught:
            hooks.create(LOCAL, items.id, "Sender", key=key)
        assert key not in str(caught.value)


class TestNothingIsLost:
    def test_a_call_during_a_run_makes_one_more_run_after_it(self, program, plain, items, ask):
        first = program().call("POST", plain.path).json()["logId"]
        ask("update glsync_queue.procrastinate_jobs set status = 'doing'")
        second = program().call("POST", plain.path).json()["logId"]
        assert second not in (first, None)
        assert program().call("POST", plain.path).json()["logId"] == second

    def test_a_call_while_an_interrupted_run_waits_to_carry_on_brings_one_more_after_it(self, program, plain, ask):
        first = program().call("POST", plain.path).json()["logId"]
        ask(f"update gl_sync_logs set status = 'processing' where id = '{first}'")  # it has read pages already
        assert program().call("POST", plain.path).json()["logId"] == first
        ask("delete from glsync_queue.procrastinate_jobs")
        ask(f"update gl_sync_logs set status = 'completed', completed_at = now() where id = '{first}'")
        assert ask("select count(*) from gl_sync_logs where status = 'started' and trigger = 'webhook'") == [(1,)]
        assert queued(ask) == 1

    def test_a_flood_makes_a_few_runs_and_the_last_change_arrives(self, program, plain, items, glide, ask):
        callers = [program() for _ in range(8)]
        begun = time.monotonic()
        with worker_in_thread():
            with ThreadPoolExecutor(8) as pool:
                calls = pool.map(lambda n: callers[n % 8].call("POST", plain.path, json=GLIDES), range(399))
                statuses = {answer.status_code for answer in calls}
            glide.edit("items", add=[{"$rowID": "last", "Name": "the last change", "pr1ce": 1}])
            statuses.add(callers[0].call("POST", plain.path, json=GLIDES).status_code)
            seconds = time.monotonic() - begun
            wait_until(lambda: ask("select 1 from public.items where glide_row_id = 'last'") == [(1,)])
            wait_until(lambda: ask("select 1 from gl_sync_logs where completed_at is null") == [])
        assert statuses == {202}
        [(made,)] = ask("select count(*) from gl_sync_logs")
        assert made <= seconds / hooks.PAUSE_SECONDS + 2
