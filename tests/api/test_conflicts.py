"""Conflicts over HTTP and on the command line."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from glsync import __main__ as cli
from glsync.services import conflicts
from glsync.services.access import LOCAL

from .conftest import refusal


@pytest.fixture
def one(disputed):
    return next(one for one in conflicts.listing(LOCAL) if (one.glide_row_id, one.column) == ("a", "item"))


def test_conflicts_are_listed_with_all_three_values(operator, one):
    found = operator.get("/api/conflicts", limit=2)
    assert (found["total"], len(found["items"])) == (4, 2)
    shown = operator.get(f"/api/conflicts/{one.id}")["conflict"]
    assert (shown["base"], shown["glide"], shown["postgres"]) == ("pen", "a by Glide", "a by Postgres")
    assert operator.get("/api/conflicts", state="applied")["items"] == []


@pytest.mark.parametrize(("scope", "resolved"), [("field", 1), ("row", 2), ("alike", 2)])
def test_a_side_is_picked_for_a_field_a_row_or_all_alike(operator, one, scope, resolved):
    answer = operator.does("resolveConflict", conflictId=one.id, side="glide", scope=scope, notes="right")
    assert (answer["resolved"], len(answer["logIds"]), answer["resting"]) == (resolved, 1, [])
    assert conflicts.counters(LOCAL)["picked"] == resolved


def test_a_pick_is_taken_back_over_http(operator, one):
    operator.does("resolveConflict", conflictId=one.id, side="postgres")
    assert operator.does("leaveConflict", conflictId=one.id) == {"left": True}
    assert operator.does("leaveConflict", conflictId=one.id) == {"left": False}


def test_what_nobody_can_pick_is_refused(operator, program, one):
    assert refusal(operator.act("resolveConflict", conflictId=one.id, side="newest"))[0] == 400
    assert refusal(operator.act("resolveConflict", conflictId=one.mapping_id, side="glide")) == (404, "NOT_FOUND")
    viewer = program("viewer")
    assert refusal(viewer.act("resolveConflict", conflictId=one.id, side="glide")) == (403, "PERMISSION_ERROR")
    assert viewer.get("/api/conflicts")["total"] == 4


def glsync(*words: str):
    return CliRunner().invoke(cli.app, words)


def test_the_command_line_shows_conflicts_and_picks_a_side(one):
    shown = glsync("conflicts", "items")
    assert f"{one.id}  items, row a, item (field)" in shown.stdout
    assert "4 open conflicts." in shown.stdout
    found = json.loads(glsync("conflicts", "--json", "--limit", "1").stdout)
    assert (found["total"], len(found["conflicts"])) == (4, 1)
    answer = json.loads(glsync("resolve", str(one.id), "--with", "glide", "--alike", "--json").stdout)
    assert (answer["resolved"], len(answer["log_ids"])) == (2, 1)
    assert "1 picks taken back" in glsync("resolve", str(one.id), "--leave").stdout
    assert "Run " in glsync("resolve", str(one.id), "--with", "postgres", "--row", "--note", "why").stdout
    assert json.loads(glsync("status", "--json").stdout)["open_conflicts"] == 1


def test_the_command_line_wants_to_know_which_side(one):
    assert glsync("resolve", str(one.id)).exit_code == 2
    assert glsync("resolve", str(one.id), "--with", "glide", "--row", "--alike").exit_code == 2
    assert glsync("resolve", str(one.id), "--leave", "--with", "glide").exit_code == 2


# Undo


def test_an_undo_is_planned_then_approved_by_its_hash(operator, program, disputed):
    from glsync.services import runs

    first = runs.history(LOCAL)[-1]
    planned = operator.does("undoSync", logId=first.id, dryRun=True)
    assert (planned["postgres"]["delete"], len(planned["left"])) == (0, 2)  # both rows were edited since
    assert "conflicts" in planned["next"]
    assert refusal(operator.act("undoSync", logId=first.id))[0] == 400
    assert refusal(program("viewer").act("undoSync", logId=first.id, dryRun=True)) == (403, "PERMISSION_ERROR")
    queued = operator.does("undoSync", logId=first.id, approve=planned["hash"])
    assert operator.get(f"/api/runs/{queued['logId']}")["run"]["undo_of"] == str(first.id)
