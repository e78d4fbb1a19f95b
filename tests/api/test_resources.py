"""Resources, CORS, request ids, metrics: what other programs see besides the actions."""

from __future__ import annotations

import pytest
from prometheus_client.parser import text_string_to_metric_families
from structlog.testing import capture_logs

from glsync.api.application import build
from glsync.config import settings
from glsync.jobs import worker_in_thread
from glsync.services import runs, tokens
from glsync.services.access import LOCAL

from .conftest import Program, refusal, served

PAGE, FOREIGN = "https://app.example.com", "https://evil.example.com"


@pytest.fixture
def ran(items) -> str:
    """The id of a run that ended, with one row stored and one held back."""
    started = runs.start(LOCAL, items.id)
    with worker_in_thread():
        runs.wait(LOCAL, started.log_id, timeout=30)
    return str(started.log_id)


def test_connections_mappings_runs_and_errors_are_listed_and_shown_one_by_one(program, ops, items, ran):
    viewer = program("viewer")
    [connection] = viewer.get("/api/connections")["items"]
    assert (connection["name"], connection["key_last4"]) == ("ops", "1234")
    assert viewer.get(f"/api/connections/{ops.id}")["connection"] == connection
    assert "token-of-ops" not in viewer.call("GET", "/api/connections").text
    [mapping] = viewer.get("/api/mappings", search="item")["items"]
    assert mapping["current_status"] == "completed_with_errors"
    assert viewer.get("/api/mappings", search="nothing") == {"success": True, "items": [], "total": 0}
    assert [pair["column"] for pair in viewer.get(f"/api/mappings/{items.id}")["mapping"]["pairs"]][:1] == ["item"]
    [run] = viewer.get("/api/runs", mapping_id=str(items.id), status="completed_with_errors")["items"]
    assert (run["log_id"], run["records_processed"], run["failed"]) == (ran, 1, 1)
    assert viewer.get("/api/runs", status="failed")["items"] == []
    assert viewer.get(f"/api/runs/{ran}")["run"]["log_id"] == ran
    assert viewer.get(f"/api/runs/{ran}/events")["items"]
    [error] = viewer.get("/api/errors", mapping_id=str(items.id))["items"]
    assert viewer.get(f"/api/errors/{error['id']}")["error"]["glide_row_id"] == "b"
    assert viewer.get("/api/errors", state="resolved")["total"] == 0


def test_lists_come_in_pages(program, items, ask):
    for _ in range(3):
        ask(f"insert into gl_sync_logs (mapping_id) values ('{items.id}')")
    first = program("viewer").get("/api/runs", limit=2)
    assert (len(first["items"]), first["total"]) == (2, 3)
    assert len(program("viewer").get("/api/runs", limit=2, offset=2)["items"]) == 1


def test_a_run_is_started_by_post_and_is_202(operator, items):
    answer = operator.call("POST", f"/api/mappings/{items.id}/runs")
    assert answer.status_code == 202
    assert runs.get(LOCAL, answer.json()["logId"]).trigger == "api"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/nothing", 404), ("GET", "/api/glsync", 405), ("DELETE", "/api/runs", 405), ("GET", "/api/", 404),
        ("GET", "/api/runs/1", 400), ("GET", "/api/runs?limit=0", 400), ("GET", "/api/runs?limit=501", 400),
        ("GET", "/api/runs?offset=-1", 400), ("GET", "/api/runs?status=done", 400), ("GET", "/api/runs/../x", 404),
        ("GET", "/api/mappings?search=%00", 400), ("GET", "/api/errors/0f0e0d0c-0b0a-4908-8706-050403020100", 404),
        ("POST", "/api/mappings/0f0e0d0c-0b0a-4908-8706-050403020100/runs", 404), ("GET", "/hooks/", 404),
    ],
)  # fmt: skip
def test_every_refusal_is_in_the_same_form(operator, method, path, status):
    assert refusal(operator.call(method, path))[0] == status


def test_a_database_that_is_away_is_503_and_says_nothing_of_where_it_is(operator, monkeypatch):
    from glsync.store import db

    db.forget()
    monkeypatch.setenv("GLSYNC_DATABASE_URL", "postgresql://somebody:secret-word@127.0.0.1:9/db")
    settings.cache_clear()
    answer = operator.call("GET", "/api/runs")
    assert refusal(answer) == (503, "DATABASE_ERROR")
    assert "secret-word" not in answer.text


def test_what_nobody_foresaw_is_500_in_the_same_form_with_an_id_and_no_detail(operator, monkeypatch):
    monkeypatch.setattr(runs, "count", lambda *_: runs.there_is_no_such_thing)
    with capture_logs() as logged:
        answer = operator.call("GET", "/api/runs")
    assert refusal(answer) == (500, "INTERNAL_ERROR")
    assert answer.headers["X-Request-Id"]
    assert "no_such_thing" not in answer.text
    assert [(line["event"], line["path"]) for line in logged] == [("a call failed", "/api/runs")]


def test_a_request_keeps_its_id_when_it_brings_a_plain_one(operator):
    assert (
        operator.call("GET", "/api/runs", headers={"X-Request-Id": "abc-12345"}).headers["X-Request-Id"] == "abc-12345"
    )
    made = operator.call("GET", "/api/runs", headers={"X-Request-Id": 'x"><script>'}).headers["X-Request-Id"]
    assert made.isalnum()


def test_the_description_names_every_path(operator):
    description = operator.get("/api/openapi.json")
    assert {"/api/glsync", "/api/runs/{log_id}/events", "/hooks/{token}", "/metrics"} <= description["paths"].keys()
    actions = description["paths"]["/api/glsync"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert set(actions["discriminator"]["mapping"]) == {
        "testConnection", "listGlideTables", "getTableNames", "getColumnMappings", "validateMapping", "syncData",
        "syncMapping", "retryFailedSync", "resolveError", "resolveConflict", "leaveConflict", "undoSync", "cancelSync",
        "getSyncStatus",
    }  # fmt: skip


class TestCors:
    @pytest.fixture
    def url(self, database, monkeypatch):
        monkeypatch.setenv("GLSYNC_CORS_ORIGINS", PAGE)
        settings.cache_clear()
        with served(build()) as address:
            yield address

    def ask_first(self, url: str, origin: str | None, **more: str):
        headers = {"Access-Control-Request-Method": "POST", **({"Origin": origin} if origin else {}), **more}
        return Program(url).call("OPTIONS", "/api/glsync", headers=headers)

    def test_a_page_that_is_allowed_may_call(self, url):
        answer = self.ask_first(url, PAGE)
        assert answer.status_code == 204
        assert answer.headers["Access-Control-Allow-Origin"] == PAGE
        assert answer.headers["Access-Control-Allow-Headers"] == "authorization, x-client-info, apikey, content-type"
        assert "POST" in answer.headers["Access-Control-Allow-Methods"]
        assert "Access-Control-Allow-Credentials" not in answer.headers
        assert answer.headers["Vary"] == "Origin"

    @pytest.mark.parametrize(
        "origin", [FOREIGN, "null", f"{PAGE}.evil.example", "http://app.example.com", f"{PAGE}:444", "*", ""]
    )
    def test_a_foreign_page_may_not(self, url, origin):
        answer = self.ask_first(url, None, Origin=origin)
        assert refusal(answer) == (403, "PERMISSION_ERROR")
        assert "Access-Control-Allow-Origin" not in answer.headers

    def test_answers_and_failures_are_shown_to_the_allowed_page_alone(self, url):
        caller = Program(url, tokens.create(LOCAL, "web", "viewer")[1])
        for program, status in ((caller, 200), (Program(url), 401)):
            answer = program.call("GET", "/api/runs", headers={"Origin": PAGE})
            assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (status, PAGE)
            answer = program.call("GET", "/api/runs", headers={"Origin": FOREIGN})
            assert "Access-Control-Allow-Origin" not in answer.headers
            assert "Origin" in answer.headers["Vary"]


class TestMetrics:
    def figures(self, text: str) -> dict[tuple[str, tuple[str, ...]], float]:
        families = text_string_to_metric_families(text)
        return {(s.name, tuple(s.labels.values())): s.value for family in families for s in family.samples}

    def test_a_token_reads_the_figures_of_its_workspace(self, program, ran):
        answer = program("viewer").call("GET", "/metrics")
        found = self.figures(answer.text)
        assert found["glsync_runs", ("completed_with_errors",)] == 1
        assert found["glsync_rows_total", ("created",)] == 1
        assert found["glsync_rows_total", ("failed",)] == 1
        assert found["glsync_errors", ("open", "VALIDATION_ERROR")] == 1
        assert found["glsync_queue_jobs", ("sync", "todo")] == 0
        assert found.keys() >= {("glsync_workers", ())}

    def test_the_queue_is_counted(self, program, items):
        runs.start(LOCAL, items.id)
        assert self.figures(program("viewer").call("GET", "/metrics").text)["glsync_queue_jobs", ("sync", "todo")] == 1

    def test_how_long_ago_a_worker_was_alive_is_told(self, program, ask):
        ask("insert into glsync_queue.procrastinate_workers (last_heartbeat) values (now() - interval '7 seconds')")
        found = self.figures(program("viewer").call("GET", "/metrics").text)
        assert 7 <= found["glsync_worker_heartbeat_age_seconds", ()] < 60
        assert found["glsync_workers", ()] == 1

    def test_another_workspace_sees_none_of_it(self, url, ran, ask):
        from uuid import UUID

        from glsync.services.access import Actor

        other = UUID(int=2)
        ask(f"insert into glsync.workspaces (id, name) values ('{other}', 'Other')")
        stranger = Program(url, tokens.create(Actor("other", "admin", other), "theirs", "viewer")[1])
        found = self.figures(stranger.call("GET", "/metrics").text)
        assert found["glsync_runs", ("completed_with_errors",)] == 0
        assert ("glsync_errors", ("open", "VALIDATION_ERROR")) not in found

    def test_this_machine_needs_no_token(self, program, ran):
        found = self.figures(program().call("GET", "/metrics").text)
        assert found["glsync_runs", ("completed_with_errors",)] == 1

    @pytest.mark.parametrize(
        "headers",
        [
            {"X-Forwarded-For": "203.0.113.9"}, {"Forwarded": "for=203.0.113.9"}, {"X-Real-IP": "127.0.0.1"},
            {"Via": "1.1 proxy"}, {"Host": "sync.example.com"}, {"Authorization": "Bearer wrong"},
        ],
    )  # fmt: skip
    def test_whoever_comes_through_a_proxy_or_by_another_name_does(self, program, headers):
        assert refusal(program().call("GET", "/metrics", headers=headers)) == (401, "AUTH_ERROR")
