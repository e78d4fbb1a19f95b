"""Undo as a service, on the command line and over HTTP: who may, what is shown, what follows."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID, uuid4

import pytest
from typer.testing import CliRunner

from glsync import __main__ as cli
from glsync.errors import AlreadyRunning, Forbidden, InvalidInput, NotFound
from glsync.services import mappings, runs, undoing
from glsync.services.mappings import MappingDraft
from glsync.standin import StandIn
from glsync.store import db, history

from .conftest import ADMIN, OPERATOR, VIEWER


@pytest.fixture
def ran(items: MappingDraft, glide: StandIn) -> UUID:
    """A run that changed the row a; its id."""
    assert items.id is not None
    runs.run_here(ADMIN, items.id)
    glide.edit("items", set={"a": {"Name": "quill"}})
    return runs.run_here(ADMIN, items.id).log_id


def names(ask: Any) -> list[Any]:
    return [name for (name,) in ask("select item from items order by glide_row_id")]


def test_a_run_that_wrote_can_be_undone_until_history_forgets_it(ran: UUID):
    found = undoing.state(VIEWER, ran)
    assert (found.rows, found.why_not, found.undone_by) == (1, None, None)
    assert found.until is not None
    assert (found.until - runs.get(VIEWER, ran).started_at).days in (29, 30)
    assert "Glide decides in this mapping" in found.next


def test_the_plan_says_what_it_would_write_and_the_undo_does_exactly_that(ran: UUID, ask: Any):
    found = undoing.plan(OPERATOR, ran)
    assert (found.plan.postgres.update, found.plan.glide.update, found.left) == (1, 0, ())
    done = undoing.here(OPERATOR, ran, found.plan.hash)
    assert names(ask) == ["pen"]
    assert (done.status, done.undo_of, done.counts.updated) == ("completed", ran, 1)
    assert undoing.state(VIEWER, ran).undone_by == done.id


def test_what_was_not_looked_at_is_not_done(ran: UUID, ask: Any):
    done = undoing.here(OPERATOR, ran, "another hash")
    assert names(ask) == ["quill"]
    assert done.waiting[0]["operation"] == "undo"


def test_a_mapping_rests_after_an_undo_and_says_why_until_it_is_switched_on(ran: UUID, items: MappingDraft, ask: Any):
    undoing.here(OPERATOR, ran, undoing.plan(OPERATOR, ran).plan.hash)
    assert items.id is not None
    row = mappings.row(VIEWER, items.id)
    assert row.enabled is False
    assert "was undone by operator" in (row.pause_reason or "")
    for act in (lambda: runs.start(OPERATOR, row.id), lambda: runs.run_here(OPERATOR, row.id)):
        with pytest.raises(InvalidInput, match="switched off") as refused:
            act()
        assert "was undone by operator" in refused.value.hint
    mappings.set_enabled(ADMIN, items.id, True)
    assert mappings.row(VIEWER, items.id).pause_reason is None
    runs.run_here(OPERATOR, items.id)
    assert names(ask) == ["quill"]


def test_a_resting_mapping_that_is_saved_as_switched_on_rests_no_more(ran: UUID, items: MappingDraft):
    from dataclasses import replace

    undoing.here(OPERATOR, ran, undoing.plan(OPERATOR, ran).plan.hash)
    assert items.id is not None
    mappings.save(ADMIN, replace(mappings.get(ADMIN, items.id), enabled=True), activate=True)
    mappings.set_enabled(ADMIN, items.id, False)
    assert mappings.row(VIEWER, items.id).pause_reason is None


def test_an_undo_is_queued_for_a_worker_and_never_mixed_up_with_another_run(ran: UUID, items: MappingDraft):
    assert items.id is not None
    approve = undoing.plan(OPERATOR, ran).plan.hash
    waiting = runs.start(OPERATOR, items.id)
    with pytest.raises(AlreadyRunning) as refused:
        undoing.start(OPERATOR, ran, approve)
    assert refused.value.log_id == waiting.log_id
    runs.cancel(OPERATOR, waiting.log_id)
    queued = runs.get(VIEWER, undoing.start(OPERATOR, ran, approve).log_id)
    assert (queued.undo_of, queued.status) == (ran, "started")


def test_a_run_that_wrote_nothing_cannot_be_undone(items: MappingDraft, ran: UUID):
    assert items.id is not None
    quiet = runs.run_here(ADMIN, items.id).log_id
    assert "wrote nothing" in (undoing.state(VIEWER, quiet).why_not or "")
    with pytest.raises(InvalidInput, match="cannot be undone"):
        undoing.plan(OPERATOR, quiet)
    with pytest.raises(NotFound):
        undoing.state(VIEWER, uuid4())


def test_a_viewer_may_not_undo(ran: UUID):
    for act in (
        lambda: undoing.plan(VIEWER, ran),
        lambda: undoing.start(VIEWER, ran, "hash"),
        lambda: undoing.here(VIEWER, ran, "hash"),
    ):
        with pytest.raises(Forbidden):
            act()


def test_an_undo_stands_in_the_audit_trail(ran: UUID, ask: Any):
    approve = undoing.plan(OPERATOR, ran).plan.hash
    undoing.here(OPERATOR, ran, approve)
    found = ask("select actor, subject_id, after ->> 'hash' from glsync.audit where action = 'undid'")
    assert found == [("operator", str(ran), approve)]


def test_history_is_kept_for_the_days_that_are_set_and_dropped_then(ran: UUID, ask: Any):
    def forget(days: int) -> int:
        with db.connect("test") as connection, connection.cursor() as cursor:
            return history.forget_old(cursor, days)

    assert forget(30) == 0
    ask("update glsync.history set at = now() - interval '31 days' where operation = 'create'")
    assert forget(30) == 1
    assert undoing.state(VIEWER, ran).rows == 1
    ask("update glsync.history set at = now() - interval '31 days'")
    assert forget(365) == 0
    assert forget(30) == 1
    assert "longer ago than the 30 days" in (undoing.state(VIEWER, ran).why_not or "")


def glsync(*words: str) -> Any:
    return CliRunner().invoke(cli.app, words)


def test_the_command_line_shows_the_plan_and_undoes(ran: UUID, ask: Any):
    shown = json.loads(glsync("undo", str(ran), "--plan", "--json").stdout)
    assert (shown["postgres"]["update"], shown["left"], shown["already"]) == (1, [], 0)
    assert "Glide decides" in shown["next"]
    assert "1 to update" in glsync("undo", str(ran), "--plan").stdout
    assert names(ask) == ["quill"]
    done = json.loads(glsync("undo", str(ran), "--json", "--inline").stdout)
    assert (done["status"], done["updated"]) == ("completed", 1)
    assert names(ask) == ["pen"]
    again = glsync("undo", str(ran), "--inline")
    assert again.exit_code == 0
    assert "1 rows are as they were" in again.stderr


def test_the_command_line_wants_an_approval_where_much_would_go(items: MappingDraft, glide: StandIn, ask: Any):
    glide.edit("items", add=[{"$rowID": f"n{number}", "Name": "new"} for number in range(30)])
    assert items.id is not None
    log_id = str(runs.run_here(ADMIN, items.id).log_id)
    asked = glsync("undo", log_id, "--json")
    assert asked.exit_code == 3
    assert len(names(ask)) == 31
    plan_hash = json.loads(asked.stdout)["hash"]
    assert glsync("undo", log_id, "--approve", plan_hash, "--inline").exit_code == 0
    assert names(ask) == []
