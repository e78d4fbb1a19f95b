"""POST /api/glsync: every action, over HTTP."""

from __future__ import annotations

from uuid import uuid4

import pytest

from glsync.jobs import worker_in_thread
from glsync.services import connections, errors, mappings, runs
from glsync.services.access import LOCAL
from glsync.services.connections import ConnectionDraft
from glsync.values import GlideTable

from .conftest import refusal


def test_a_connection_that_works_says_so_and_becomes_active(operator, ops):
    assert "table" in operator.does("testConnection", connectionId=ops.id)["message"]
    assert connections.get(LOCAL, ops.id).status == "active"


def test_a_connection_with_a_wrong_token_is_502_and_becomes_error(operator, addresses):
    wrong = connections.add(LOCAL, ConnectionDraft("wrong", "ops1", "not-the-token", addresses))
    answer = operator.act("testConnection", connectionId=wrong.id)
    assert refusal(answer) == (502, "AUTH_ERROR")
    assert "not-the-token" not in answer.text
    assert connections.get(LOCAL, wrong.id).status == "error"


@pytest.mark.parametrize("action", ["listGlideTables", "getTableNames"])
def test_tables_are_listed_as_glide_names_them(operator, ops, action):
    assert operator.does(action, connectionId=ops.id) == {"tables": [{"id": "items", "display_name": "Items"}]}


def test_columns_are_those_of_the_table_and_of_the_mappings_table(operator, ops, items):
    by_table = operator.does("getColumnMappings", connectionId=ops.id, tableId="items")
    assert by_table["columns"][:2] == [
        {"id": "Name", "name": "Item", "type": "string"},
        {"id": "pr1ce", "name": "Unit price", "type": "number"},
    ]
    assert operator.does("getColumnMappings", mappingId=items.id) == by_table


def test_columns_of_a_table_there_is_not_are_an_error_and_never_invented(operator, ops):
    assert refusal(operator.act("getColumnMappings", connectionId=ops.id, tableId="nowhere")) == (404, "NOT_FOUND")


def test_a_mapping_that_fits_is_valid_and_one_that_does_not_says_why(operator, items, ask):
    assert operator.does("validateMapping", mappingId=items.id)["isValid"] is True
    ask("alter table public.items drop column item")
    said = operator.does("validateMapping", mappingId=items.id)
    assert said["isValid"] is False
    assert any("item" in message for message in said["messages"])


@pytest.mark.parametrize("action", ["syncData", "syncMapping"])
def test_a_run_is_queued_and_its_log_is_named_at_once(operator, items, action):
    log_id = operator.does(action, mappingId=items.id)["logId"]
    run = runs.get(LOCAL, log_id)
    assert (run.status, run.trigger, run.actor) == ("started", "api", "token a operator 0")


def test_whoever_waits_learns_what_was_stored_and_what_was_held_back(operator, items, ask):
    with worker_in_thread():
        said = operator.does("syncData", mappingId=items.id, wait=True)
    assert (said["status"], said["finished"]) == ("completed_with_errors", True)
    assert said["recordsProcessed"] == ask("select count(*) from public.items")[0][0]
    assert said["failedRecords"] == 1
    [error] = said["errors"]
    assert error.keys() >= {"type", "message", "record", "timestamp", "retryable"}
    assert error["type"] == "VALIDATION_ERROR"
    assert error["record"]["$rowID"] == "b"


def test_whoever_waits_for_a_run_that_fails_gets_no_200(operator, items, glide):
    glide.drop("items")
    with worker_in_thread():
        answer = operator.act("syncData", mappingId=items.id, wait=True)
    assert refusal(answer) == (502, "NOT_FOUND")


def test_a_dry_run_plans_and_writes_nothing(operator, items, ask):
    plan = operator.does("syncData", mappingId=items.id, dryRun=True)
    assert plan["postgres"] == {"create": 1, "update": 0, "delete": 0}  # the other row has a bad cell
    assert len(plan["hash"]) > 8
    assert ask("select count(*) from public.items") == [(0,)]


@pytest.mark.parametrize(
    ("action", "given", "named"),
    [
        ("syncData", {"dryrun": True}, "no action knows dryrun"),
        ("retryFailedSync", {"dryRun": True}, "retryFailedSync is never dry"),
    ],
)
def test_a_dry_run_that_would_not_be_dry_is_refused(operator, items, action, given, named):
    answer = operator.act(action, mappingId=items.id, **given)
    assert refusal(answer) == (400, "VALIDATION_ERROR")
    assert named in answer.json()["error"]["message"]
    assert runs.history(LOCAL) == []


def test_words_of_other_actions_may_stand_beside_those_an_action_needs(operator, ops, items):
    assert operator.does("validateMapping", mappingId=items.id, connectionId=ops.id, dryRun=False, logId=None)[
        "isValid"
    ]


def test_a_second_run_while_one_is_under_way_is_409(operator, items, ask):
    ask(f"insert into gl_sync_logs (mapping_id, status, heartbeat_at) values ('{items.id}', 'processing', now())")
    assert refusal(operator.act("syncData", mappingId=items.id)) == (409, "ALREADY_RUNNING")


def test_a_run_of_a_mapping_that_does_not_fit_is_422(operator, items, ask):
    ask("alter table public.items drop column item")
    assert refusal(operator.act("syncData", mappingId=items.id)) == (422, "CONFIG_ERROR")


def test_a_run_of_a_mapping_that_is_switched_off_is_422(operator, items):
    mappings.set_enabled(LOCAL, items.id, False)
    assert refusal(operator.act("syncData", mappingId=items.id)) == (422, "VALIDATION_ERROR")


def test_a_retry_is_a_run_that_a_worker_really_takes_up(operator, items):
    log_id = operator.does("retryFailedSync", mappingId=items.id)["logId"]
    with worker_in_thread():
        run = runs.wait(LOCAL, log_id, timeout=30)
    assert (run.trigger, run.ended) == ("retry", True)


def test_an_error_is_resolved_once_with_notes(operator, items, ask):
    ask(f"select gl_record_sync_error('{items.id}', 'VALIDATION_ERROR', 'no number')")
    [error] = errors.listing(LOCAL)
    assert operator.does("resolveError", errorId=error.id, notes="by hand") == {"resolved": True}
    assert operator.does("resolveError", errorId=error.id) == {"resolved": False}
    assert errors.get(LOCAL, error.id).notes == "by hand"


def test_a_waiting_run_is_cancelled_once(operator, items):
    log_id = operator.does("syncData", mappingId=items.id)["logId"]
    assert operator.does("cancelSync", logId=log_id) == {"cancelled": True}
    assert operator.does("cancelSync", logId=log_id) == {"cancelled": False}


def test_the_status_is_the_mappings_row_of_the_view(operator, items):
    status = operator.does("getSyncStatus", mappingId=items.id)["status"]
    assert status["mapping_id"] == str(items.id)
    assert status.keys() >= {
        "mapping_id", "connection_id", "app_name", "glide_table", "glide_table_display_name", "supabase_table",
        "sync_direction", "enabled", "current_status", "last_sync_started_at", "last_sync_completed_at",
        "records_processed", "total_records", "total_syncs", "error_count",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("action", "name"),
    [
        ("testConnection", "connectionId"), ("listGlideTables", "connectionId"), ("getColumnMappings", "mappingId"),
        ("validateMapping", "mappingId"), ("syncData", "mappingId"), ("retryFailedSync", "mappingId"),
        ("resolveError", "errorId"), ("cancelSync", "logId"), ("getSyncStatus", "mappingId"),
    ],
)  # fmt: skip
class TestEveryAction:
    def test_on_what_there_is_not_is_404(self, operator, action, name):
        assert refusal(operator.act(action, **{name: uuid4()})) == (404, "NOT_FOUND")

    def test_without_its_id_is_400(self, operator, action, name):
        assert refusal(operator.act(action)) == (400, "VALIDATION_ERROR")

    def test_with_an_id_that_is_none_is_400(self, operator, action, name):
        assert refusal(operator.act(action, **{name: "1; drop table gl_mappings"})) == (400, "VALIDATION_ERROR")

    def test_without_a_token_is_401(self, program, action, name):
        assert refusal(program().act(action, **{name: uuid4()})) == (401, "AUTH_ERROR")

    def test_in_the_hands_of_a_viewer_is_403_where_it_changes_something(self, program, action, name):
        changes = action in ("testConnection", "syncData", "retryFailedSync", "resolveError", "cancelSync")
        wanted = (403, "PERMISSION_ERROR") if changes else (404, "NOT_FOUND")
        if action == "resolveError":
            wanted = (404, "NOT_FOUND")  # it looks first; see the test below
        assert refusal(program("viewer").act(action, **{name: uuid4()})) == wanted


def test_a_viewer_may_not_resolve_an_error(program, items, ask):
    ask(f"select gl_record_sync_error('{items.id}', 'VALIDATION_ERROR', 'no number')")
    [error] = errors.listing(LOCAL)
    assert refusal(program("viewer").act("resolveError", errorId=error.id)) == (403, "PERMISSION_ERROR")


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"null", b'"syncData"', b"{}", b'{"action": "dropEverything"}', b'{"action": 1}',
        b'{"action": "syncData", "mappingId": null}', b"[" * 50_000, b"\xff\xfe",
    ],
)  # fmt: skip
def test_a_body_that_is_no_action_is_400(operator, body):
    answer = operator.call("POST", "/api/glsync", data=body, headers={"Content-Type": "application/json"})
    assert refusal(answer) == (400, "VALIDATION_ERROR")


@pytest.mark.parametrize("notes", ["a\x00b", "\ud800", "x" * 2001, 7])
def test_notes_that_cannot_be_stored_are_400(operator, notes):
    assert refusal(operator.act("resolveError", errorId=uuid4(), notes=notes)) == (400, "VALIDATION_ERROR")


@pytest.mark.parametrize("table", ["..", ".", "a/b", "a?b", "a#b", "", "x" * 201, "a\x00"])
def test_a_table_id_that_would_change_the_path_of_the_call_to_glide_is_400(operator, ops, table):
    answer = operator.act("getColumnMappings", connectionId=ops.id, tableId=table)
    assert refusal(answer) == (400, "VALIDATION_ERROR")


def test_a_body_of_more_than_a_megabyte_is_413(operator):
    assert refusal(operator.act("resolveError", errorId=uuid4(), notes="x" * 1_100_000)) == (413, "VALIDATION_ERROR")


def test_a_large_body_that_does_not_say_how_large_it_is_is_413_too(operator):
    answer = operator.call("POST", "/api/glsync", data=iter([b"x" * 600_000] * 3))
    assert refusal(answer) == (413, "VALIDATION_ERROR")


def test_glide_that_is_down_is_502_and_one_that_is_busy_429(operator, ops, glide, monkeypatch):
    assert connections.glide_tables(LOCAL, ops.id) == [GlideTable("items", "Items", "classic")]
    glide.fault("status", site="tables", status=429, retry_after=120)
    assert refusal(operator.act("listGlideTables", connectionId=ops.id)) == (429, "RATE_LIMIT")
    glide.clear_faults()
    glide.stop()
    assert refusal(operator.act("testConnection", connectionId=ops.id)) == (502, "NETWORK_ERROR")
