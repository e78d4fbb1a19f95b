"""Keys to the API: who gets them, what they open, and when they stop."""

from __future__ import annotations

import threading
from uuid import UUID

import pytest
from typer.testing import CliRunner

from glsync.errors import Forbidden, InvalidInput, NotFound
from glsync.services import tokens
from glsync.services.access import LOCAL, ROLES, Actor

from .conftest import Program, refusal, served

OTHER = UUID("00000000-0000-0000-0000-000000000002")


@pytest.fixture
def stranger(url, ask) -> Program:
    """An admin of another workspace."""
    ask(f"insert into glsync.workspaces (id, name) values ('{OTHER}', 'Other')")
    return Program(url, tokens.create(Actor("other", "admin", OTHER), "theirs", "admin")[1])


def test_a_token_is_shown_once_and_kept_as_a_hash(database, ask):
    row, clear = tokens.create(LOCAL, "ci", "operator")
    assert clear.startswith("gls_")
    assert len(clear) == 4 + 43  # 32 random bytes
    [(stored,)] = ask("select to_jsonb(t)::text from glsync.api_tokens as t")
    [(told,)] = ask("select jsonb_agg(to_jsonb(a))::text from glsync.audit as a")
    assert clear not in stored + told + repr(row)
    assert tokens.hashed(clear) in stored


@pytest.mark.parametrize("role", ROLES)
def test_a_token_acts_with_its_role_and_no_more(program, items, role):
    caller = program(role)
    assert caller.get("/api/mappings")["total"] == 1
    started = caller.act("syncData", mappingId=items.id)
    assert started.status_code == (403 if role == "viewer" else 200)


@pytest.mark.parametrize(
    "path", ["/api/connections", "/api/mappings", "/api/runs", "/api/errors", "/api/runs/{id}", "/api/runs/{id}/events"]
)
def test_nothing_is_told_without_a_token(program, path):
    answer = program().call("GET", path.format(id=OTHER))
    assert refusal(answer) == (401, "AUTH_ERROR")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "header",
    [
        "Bearer gls_", "Bearer ", "Bearer", "Basic Z2xzOg==", "gls_token", "bearer nothing", "Bearer gls_" + "a" * 43,
        "Bearer gls_" + "a" * 5000, "Bearer gls_' or '1'='1",
    ],
)  # fmt: skip
def test_what_is_no_token_is_401(program, header):
    assert refusal(program().call("GET", "/api/runs", headers={"Authorization": header})) == (401, "AUTH_ERROR")


def test_a_token_may_come_in_apikey_as_supabase_clients_send_it(url, database):
    clear = tokens.create(LOCAL, "web", "viewer")[1]
    assert Program(url).call("GET", "/api/runs", headers={"apikey": clear}).status_code == 200


def test_a_revoked_token_opens_nothing(program):
    caller = program("admin")
    assert caller.call("GET", "/api/runs").status_code == 200
    tokens.revoke(LOCAL, "a admin 0")
    assert refusal(caller.call("GET", "/api/runs")) == (401, "AUTH_ERROR")
    assert [row.state for row in tokens.listing(LOCAL)] == ["revoked"]


def test_an_expired_token_opens_nothing(url, ask):
    clear = tokens.create(LOCAL, "short", "viewer", days=1)[1]
    assert Program(url, clear).call("GET", "/api/runs").status_code == 200
    ask("update glsync.api_tokens set expires_at = now() - interval '1 second'")
    assert refusal(Program(url, clear).call("GET", "/api/runs")) == (401, "AUTH_ERROR")
    assert [row.state for row in tokens.listing(LOCAL)] == ["expired"]


def test_when_a_token_was_last_used_is_known(program):
    program("viewer").call("GET", "/api/runs")
    assert tokens.listing(LOCAL)[0].last_used_at is not None


def test_a_token_sees_only_its_own_workspace(stranger, items, ops, operator):
    log_id = operator.does("syncData", mappingId=items.id)["logId"]
    for path in ("/api/connections", "/api/mappings", "/api/runs", "/api/errors"):
        assert stranger.get(path)["items"] == []
    for path in (
        f"/api/connections/{ops.id}", f"/api/mappings/{items.id}", f"/api/runs/{log_id}", f"/api/runs/{log_id}/events",
    ):  # fmt: skip
        assert refusal(stranger.call("GET", path)) == (404, "NOT_FOUND")
    for action, body in (
        ("syncData", {"mappingId": items.id}), ("cancelSync", {"logId": log_id}),
        ("testConnection", {"connectionId": ops.id}),
        ("getSyncStatus", {"mappingId": items.id}), ("retryFailedSync", {"mappingId": items.id}),
    ):  # fmt: skip
        assert refusal(stranger.act(action, **body)) == (404, "NOT_FOUND")


@pytest.mark.parametrize("role", ["viewer", "operator", "editor"])
def test_only_an_admin_makes_sees_and_revokes_tokens(database, role):
    tokens.create(LOCAL, "ci", "viewer")
    somebody = Actor("somebody", role)
    for act in (
        lambda: tokens.create(somebody, "mine", "viewer"),
        lambda: tokens.listing(somebody),
        lambda: tokens.revoke(somebody, "ci"),
    ):
        with pytest.raises(Forbidden):
            act()


def test_making_and_revoking_are_in_the_audit_trail(database, ask):
    tokens.create(Actor("ada", "admin"), "ci", "operator", days=7)
    tokens.revoke(Actor("bob", "admin"), "ci")
    found = ask("select actor, action, subject_name from glsync.audit where subject_type = 'token' order by id")
    assert found == [("ada", "added", "ci"), ("bob", "revoked", "ci")]


def test_a_name_is_free_again_once_its_token_is_revoked(database):
    tokens.create(LOCAL, "ci", "viewer")
    with pytest.raises(InvalidInput):
        tokens.create(LOCAL, "ci", "viewer")
    tokens.revoke(LOCAL, "ci")
    with pytest.raises(NotFound):
        tokens.revoke(LOCAL, "ci")
    tokens.create(LOCAL, "ci", "viewer")


@pytest.mark.parametrize(
    ("name", "role", "days"),
    [("", "viewer", None), (" ", "viewer", None), ("x" * 101, "viewer", None), ("a\x00b", "viewer", None),
     ("ci", "boss", None), ("ci", "viewer", 0), ("ci", "viewer", 4000)],
)  # fmt: skip
def test_a_token_without_a_name_a_role_or_with_a_strange_age_is_refused(database, name, role, days):
    with pytest.raises(InvalidInput):
        tokens.create(LOCAL, name, role, days)


def test_the_command_line_makes_shows_and_revokes_them(database):
    from glsync.__main__ import app

    def run(*words: str) -> str:
        ran = CliRunner().invoke(app, ["token", *words])
        assert ran.exit_code == 0, ran.output
        return ran.stdout

    clear = run("create", "ci", "--role", "operator", "--days", "30").strip()
    found = tokens.actor_of(clear)
    assert found is not None
    assert (found[1].name, found[1].role) == ("token ci", "operator")
    shown = run("list")
    assert "ci" in shown
    assert clear not in shown
    run("revoke", "ci")
    assert tokens.actor_of(clear) is None
    assert CliRunner().invoke(app, ["token", "create", "ci", "--role", "boss"]).exit_code == 2


def test_too_many_calls_of_one_token_are_429_and_do_not_slow_another(database):
    from glsync.api.application import build
    from glsync.api.callers import Callers

    app = build()
    app.state.callers = Callers(rate=1)
    with served(app) as address:
        busy = Program(address, tokens.create(LOCAL, "busy", "viewer")[1])
        calm = Program(address, tokens.create(LOCAL, "calm", "viewer")[1])
        answers = [busy.call("GET", "/api/runs") for _ in range(12)]
        assert answers[0].status_code == 200
        assert refusal(answers[-1]) == (429, "RATE_LIMIT")
        assert int(answers[-1].headers["Retry-After"]) >= 1
        assert calm.call("GET", "/api/runs").status_code == 200


def test_guessing_tokens_is_slowed_down_but_not_whoever_shares_the_address(database):
    from glsync.api.application import build

    with served(build()) as address:
        clear = tokens.create(LOCAL, "ci", "viewer")[1]
        answers = [Program(address, f"gls_{number}").call("GET", "/api/runs") for number in range(40)]
        assert refusal(answers[0])[0] == 401
        assert refusal(answers[-1]) == (429, "RATE_LIMIT")
        assert Program(address, clear).call("GET", "/api/runs").status_code == 200


def test_a_bucket_fills_again_and_is_counted_right_by_many_threads():
    from glsync.api.limits import Buckets

    bucket, taken = Buckets(rate=0.001, burst=50), []
    threads = [
        threading.Thread(target=lambda: taken.extend(bucket.take("one") == 0 for _ in range(50))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(taken) == 50
    assert bucket.take("another") == 0
    slow = Buckets(rate=10, burst=1)
    assert slow.take("one") == 0
    wait = slow.take("one")
    assert 0 < wait <= 0.1
    threading.Event().wait(wait + 0.01)
    assert slow.take("one") == 0
