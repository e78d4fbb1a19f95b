"""What each role may not do is refused before anything happens, with a word on who may."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from glsync.errors import Forbidden
from glsync.services import access, audit, connections, errors, hooks, mappings, members, runs, subscriptions, tokens
from glsync.services.access import Actor
from glsync.services.checking import ConnectionDraft

ID = uuid4()
DRAFT: Any = mappings.MappingDraft(name="x", connection_id=ID, glide_table="t", glide_table_name="T", target="public.x")

GUARDED: dict[str, list[Callable[[Actor], object]]] = {
    "operator": [
        lambda who: runs.start(who, ID),
        lambda who: runs.retry(who, ID),
        lambda who: runs.cancel(who, ID),
        lambda who: runs.plan(who, ID),
        lambda who: runs.run_here(who, ID),
        lambda who: runs.sync(who, "x"),
        lambda who: errors.resolve(who, [ID]),
        lambda who: errors.ignore(who, [ID]),
        lambda who: errors.reopen(who, [ID]),
        lambda who: errors.retry(who, ID, [ID]),
        lambda who: connections.check(who, ID),
    ],
    "editor": [
        lambda who: connections.add(who, ConnectionDraft("a", "b", "c" * 20, {})),
        lambda who: connections.edit(who, ID, version=1, name="b"),
        lambda who: connections.glide_sample(who, ID, "t"),
        lambda who: mappings.save(who, DRAFT, activate=False),
        lambda who: mappings.preview(who, DRAFT),
        lambda who: mappings.duplicate(who, ID, "y"),
        lambda who: mappings.set_enabled(who, ID, False),
        lambda who: mappings.create_table(who, DRAFT),
        lambda who: mappings.add_columns(who, DRAFT),
        lambda who: hooks.create(who, ID, "Glide"),
        lambda who: hooks.listing(who),
        lambda who: hooks.revoke(who, ID),
    ],
    "admin": [
        lambda who: connections.rotate(who, ID, "c" * 20),
        lambda who: connections.remove(who, ID, "x"),
        lambda who: mappings.remove(who, ID, "x"),
        lambda who: tokens.create(who, "x", "viewer"),
        lambda who: tokens.listing(who),
        lambda who: tokens.revoke(who, "x"),
        lambda who: subscriptions.add(who, "https://example.com"),
        lambda who: subscriptions.listing(who),
        lambda who: subscriptions.remove(who, ID),
        lambda who: members.listing(who),
        lambda who: members.invitations(who),
        lambda who: members.invite(who, "a@example.com", "viewer"),
        lambda who: members.withdraw(who, ID),
        lambda who: members.set_role(who, "x", "viewer"),
        lambda who: members.remove(who, "x"),
        lambda who: members.rename_workspace(who, "x"),
        lambda who: members.add_workspace(who, "x"),
        lambda who: audit.trail(who),
    ],
}
CASES = [(needed, number) for needed, acts in GUARDED.items() for number in range(len(acts))]


@pytest.mark.parametrize(("needed", "number"), CASES)
def test_whoever_has_less_than_the_role_is_refused_with_a_reason_before_the_database_is_asked(needed, number):
    """There is no database in this test: whatever got so far would fail otherwise."""
    act = GUARDED[needed][number]
    for role in access.ROLES[: access.ROLES.index(needed)]:
        with pytest.raises(Forbidden) as refused:
            act(Actor(f"a {role}", role))
        assert f"{role} may not" in str(refused.value)
        assert f"the role {needed} or higher" in refused.value.hint


HARMLESS = {
    "without_key",  # a query, not an answer
    "worker_is_at_hand",  # everybody may know
    "opened",  # for what talks to Glide; whoever calls it has asked
}


@pytest.mark.parametrize("service", [connections, errors, hooks, mappings, members, runs, subscriptions, tokens, audit])
def test_whatever_a_service_offers_an_actor_asks_for_a_role(service):
    """A function that takes the actor first either asks itself, or calls one that does."""
    texts = {
        name: inspect.getsource(act)
        for name, act in inspect.getmembers(service, inspect.isfunction)
        if act.__module__ == service.__name__
    }
    asking = {name for name, text in texts.items() if "access.require(" in text}
    while more := {name for name, text in texts.items() if any(f"{one}(" in text for one in asking)} - asking:
        asking |= more
    offered = {
        name
        for name in texts
        if not name.startswith("_") and next(iter(inspect.signature(getattr(service, name)).parameters), "") == "actor"
    }
    assert offered - asking - HARMLESS == set()
