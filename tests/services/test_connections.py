"""Connections: listed, tried, added, changed, removed."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest

from glsync.errors import Forbidden, InvalidInput, NotFound, SecurityBlocked, StaleVersion
from glsync.services import access, connections
from glsync.services.access import Actor
from glsync.services.connections import ConnectionDraft, ConnectionRow, Step
from glsync.services.mappings import MappingDraft
from glsync.standin import StandIn
from glsync.store.tables import DEFAULT_WORKSPACE

from .conftest import ADMIN, EDITOR, OPERATOR, TOKEN, VIEWER


def states(steps: list[Step]) -> dict[str, str]:
    return {step.name: step.state for step in steps}


def test_the_local_user_is_in_the_workspace_every_installation_begins_with():
    assert access.DEFAULT_WORKSPACE == DEFAULT_WORKSPACE == access.LOCAL.workspace_id


def test_a_role_may_do_what_the_roles_before_it_may():
    assert [access.allowed(Actor("x", role), "operator") for role in access.ROLES] == [False, True, True, True]


def test_a_connection_shows_only_the_end_of_its_token(ops: ConnectionRow):
    assert connections.listing(VIEWER) == [ops]
    assert (ops.key_last4, ops.status, ops.used_by) == ("1234", "active", 0)


def test_the_token_is_stored_sealed_and_opens_only_for_glide(ops: ConnectionRow, ask: Any):
    [(sealed,)] = ask("select api_key from gl_connections")
    assert sealed.startswith("glsync:v1:")
    assert TOKEN not in sealed
    assert connections.opened(ADMIN, ops.id).token == TOKEN


def test_a_draft_keeps_its_token_out_of_repr():
    assert TOKEN not in repr(ConnectionDraft("ops", "ops1", TOKEN))


def test_a_right_connection_passes_all_four_steps(addresses: dict[str, Any]):
    steps = connections.check(EDITOR, ConnectionDraft("ops", "ops1", TOKEN, addresses))
    assert states(steps) == dict.fromkeys(["reach", "sign in", "list tables", "read a row"], "done")
    assert steps[1].detail == "The token is accepted for Ops"


def test_a_wrong_token_fails_at_sign_in(addresses: dict[str, Any]):
    steps = connections.check(EDITOR, ConnectionDraft("ops", "ops1", "not-the-token", addresses))
    assert states(steps) == {"reach": "done", "sign in": "failed", "list tables": "skipped", "read a row": "skipped"}
    assert "not-the-token" not in steps[1].detail


def test_an_address_nobody_answers_at_fails_at_reach(addresses: dict[str, Any]):
    dead = addresses | {"rest_url": "http://127.0.0.1:9/api"}
    assert states(connections.check(EDITOR, ConnectionDraft("ops", "ops1", TOKEN, dead)))["reach"] == "failed"


def test_an_unknown_app_fails_at_list_tables(addresses: dict[str, Any]):
    steps = connections.check(EDITOR, ConnectionDraft("ops", "nowhere", TOKEN, addresses))
    assert [step.name for step in steps if step.state == "failed"] == ["list tables"]


def test_an_app_without_tables_passes_and_says_that_nothing_could_be_read(glide: StandIn, addresses: dict[str, Any]):
    glide.load({"apps": [{"id": "empty", "name": "Empty", "tokens": ["empty-token-12"], "tables": []}]})
    steps = connections.check(EDITOR, ConnectionDraft("empty", "empty", "empty-token-12", addresses))
    assert (steps[-1].name, steps[-1].state) == ("read a row", "skipped")


def test_checking_a_stored_connection_notes_how_it_went(glide: StandIn, ops: ConnectionRow):
    glide.fault("status", site="tables", status=401)
    connections.check(OPERATOR, ops.id)
    failed = connections.get(VIEWER, ops.id)
    assert (failed.status, failed.status_message[:7]) == ("error", "sign in")
    glide.clear_faults()
    connections.check(OPERATOR, ops.id)
    again = connections.get(VIEWER, ops.id)
    assert (again.status, again.status_message, again.app_name) == ("active", None, "Ops")
    assert again.last_checked_at > failed.last_checked_at


def test_a_connection_made_by_sql_without_a_key_fails_its_check_with_words(ops: ConnectionRow, ask: Any):
    ask("update gl_connections set api_key = null")
    steps = connections.check(OPERATOR, ops.id)
    assert "has no API token" in next(step.detail for step in steps if step.state == "failed")


def test_tables_columns_and_rows_of_the_app_are_shown(ops: ConnectionRow):
    assert [table.name for table in connections.glide_tables(VIEWER, ops.id)] == ["Items"]
    assert [column.name for column in connections.glide_columns(VIEWER, ops.id, "items")][-2:] == [
        "Unit price", "Bought on",
    ]  # fmt: skip
    assert connections.glide_sample(EDITOR, ops.id, "items", rows=1)[0]["Name"] == "pen"


def test_an_edit_changes_what_is_given_and_refuses_an_old_version(ops: ConnectionRow):
    edited = connections.edit(EDITOR, ops.id, name="operations", version=ops.version)
    assert (edited.name, edited.app_id, edited.settings) == ("operations", ops.app_id, ops.settings)
    with pytest.raises(StaleVersion):
        connections.edit(EDITOR, ops.id, name="other", version=ops.version)


def test_rotating_replaces_the_token_and_clears_the_last_check(ops: ConnectionRow):
    rotated = connections.rotate(ADMIN, ops.id, "another-token-5678")
    assert (rotated.key_last4, rotated.last_checked_at) == ("5678", None)
    assert connections.opened(ADMIN, ops.id).token == "another-token-5678"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"name": " "}, "The name is empty"),
        ({"app_id": ""}, "The app ID is empty"),
        ({"token": "two words"}, "The token holds a blank"),
        ({"settings": {"clasic_url": "x"}}, "Unknown settings: clasic_url"),
        ({"settings": {"timezone": "Europe/Atlantis"}}, "is not a time zone"),
        ({"settings": {"timeout": "soon"}}, "not a number of seconds"),
    ],
)
def test_what_is_typed_wrong_is_refused_in_words(glide: StandIn, wrong: dict[str, Any], said: str):
    with pytest.raises(InvalidInput, match=said):
        connections.add(EDITOR, ConnectionDraft(**({"name": "n", "app_id": "a", "token": TOKEN} | wrong)))


def test_no_connection_may_name_a_host_of_the_inner_network(glide: StandIn):
    with pytest.raises(SecurityBlocked):
        connections.add(EDITOR, ConnectionDraft("n", "a", TOKEN, {"classic_url": "http://169.254.169.254/latest"}))


def test_two_connections_of_one_name_are_refused(ops: ConnectionRow):
    with pytest.raises(InvalidInput, match="already a connection named 'ops'"):
        connections.add(EDITOR, ConnectionDraft("ops", "ops1", TOKEN))


def test_a_connection_in_use_is_not_removed_and_its_mappings_are_named(ops: ConnectionRow, items: MappingDraft):
    with pytest.raises(InvalidInput, match="is used by items"):
        connections.remove(ADMIN, ops.id, "ops")
    assert [row.name for row in connections.used_by(VIEWER, ops.id)] == ["items"]


def test_removing_asks_for_the_name(ops: ConnectionRow):
    with pytest.raises(InvalidInput, match="not the name"):
        connections.remove(ADMIN, ops.id, "opps")
    connections.remove(ADMIN, ops.id, "ops")
    with pytest.raises(NotFound):
        connections.find(VIEWER, "ops")


def test_each_role_stops_where_its_rights_end(ops: ConnectionRow):
    with pytest.raises(Forbidden):
        connections.add(OPERATOR, ConnectionDraft("n", "a", TOKEN))
    with pytest.raises(Forbidden):
        connections.check(VIEWER, ops.id)
    with pytest.raises(Forbidden):
        connections.rotate(EDITOR, ops.id, TOKEN)
    with pytest.raises(Forbidden):
        connections.remove(EDITOR, ops.id, "ops")


def test_nobody_sees_a_connection_of_another_workspace(ops: ConnectionRow, ask: Any):
    [(other,)] = ask("insert into glsync.workspaces (name) values ('other') returning id")
    stranger = Actor("stranger", "admin", UUID(str(other)))
    assert connections.listing(stranger) == []
    with pytest.raises(NotFound):
        connections.get(stranger, ops.id)
    with pytest.raises(NotFound):
        connections.opened(stranger, ops.id)


def test_every_change_is_in_the_audit_trail_and_no_token_ever(ops: ConnectionRow, ask: Any):
    connections.edit(EDITOR, ops.id, name="operations", version=ops.version)
    connections.rotate(ADMIN, ops.id, "another-token-5678")
    connections.remove(ADMIN, ops.id, "operations")
    lines = ask("select actor, action, before, after from glsync.audit order by id")
    assert [line[:2] for line in lines] == [
        ("local", "added"), ("editor", "changed"), ("local", "rotated"), ("local", "deleted"),
    ]  # fmt: skip
    assert lines[1][2:] == ({"name": "ops"}, {"name": "operations"})
    assert TOKEN not in json.dumps(lines)
    assert "another-token" not in json.dumps(lines)
