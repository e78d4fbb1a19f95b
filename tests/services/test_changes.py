"""Screens hear of changes: what the database tells, and what happens while it cannot."""

from __future__ import annotations

import threading

import pytest

from glsync.config import settings
from glsync.errors import DatabaseUnavailable
from glsync.services import changes, errors, mappings, runs
from glsync.services.changes import Changes
from glsync.store import db

from ..conftest import run_sql
from .conftest import ADMIN

PATIENCE = 60


class Ear:
    """Hears changes, and waits for what it is interested in."""

    def __init__(self, told: Changes) -> None:
        self.changes, self._moved = told, threading.Event()

    def hears(self, topic, act):
        """Did this act raise the number of the topic?"""
        before = self.changes.versions()[topic]
        act()
        return self.waits_for(lambda: self.changes.versions()[topic] > before)

    def waits_for(self, is_true):
        with self.changes.heard_by(self._moved.set):
            for _ in range(PATIENCE * 10):
                if is_true():
                    return True
                self._moved.wait(0.1)
                self._moved.clear()
        return False


@pytest.fixture
def ear(database):
    told = Changes(polling=0.2, again=0.05)
    told.start()
    ear = Ear(told)
    assert ear.waits_for(lambda: told.listening)
    yield ear
    told.stop()


def test_whatever_a_screen_shows_is_told_of_when_it_changes(ear, items):
    assert ear.hears("mappings", lambda: mappings.set_enabled(ADMIN, items.id, False))
    assert ear.hears("activity", lambda: mappings.set_enabled(ADMIN, items.id, True))
    assert ear.hears("runs", lambda: runs.start(ADMIN, items.id))
    assert ear.hears("errors", lambda: runs.run_here(ADMIN, items.id))
    assert ear.hears("errors", lambda: errors.resolve(ADMIN, errors.OPEN, "corrected"))
    assert ear.hears("connections", lambda: run_sql(settings().url, "update gl_connections set app_name = 'Other'"))


def test_nothing_is_told_while_nothing_changes(ear, items):
    mappings.set_enabled(ADMIN, items.id, False)
    ear.hears("connections", lambda: run_sql(settings().url, "notify glsync, 'connections'"))  # and all before it
    before = ear.changes.versions()
    mappings.listing(ADMIN)
    assert ear.hears("activity", lambda: run_sql(settings().url, "notify glsync, 'activity'"))
    assert ear.changes.versions() == before | {"activity": before["activity"] + 1}


def test_a_connection_that_is_lost_is_made_again_and_everything_may_have_changed(ear):
    kill = "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'glsync changes'"
    before = ear.changes.versions()
    run_sql(settings().url, kill)
    assert ear.waits_for(lambda: all(now > before[topic] for topic, now in ear.changes.versions().items()))
    assert ear.waits_for(lambda: ear.changes.listening)
    assert ear.hears("mappings", lambda: run_sql(settings().url, "update gl_mappings set enabled = enabled"))


def test_while_the_database_is_away_screens_look_again_and_again(database, monkeypatch):
    monkeypatch.setenv("GLSYNC_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")
    settings.cache_clear()
    db.forget()
    told = Changes(polling=0.05, again=0.01)
    told.start()
    before = told.versions()["runs"]
    assert Ear(told).waits_for(lambda: told.versions()["runs"] >= before + 3)
    assert not told.listening
    told.stop()


def test_a_pooler_that_carries_no_notices_is_not_asked_to(database, monkeypatch):
    on_its_port = "postgresql://nobody@127.0.0.1:6543/nothing"
    monkeypatch.setenv("GLSYNC_DATABASE_URL", on_its_port)
    settings.cache_clear()
    db.forget()
    with pytest.raises(DatabaseUnavailable, match="carries no LISTEN"):
        Changes()._listen()


def test_the_topics_of_the_triggers_are_those_screens_wait_for(ask):
    named = ask("select distinct encode(tgargs, 'escape') from pg_trigger where tgname = 'tell_of_change'")
    assert {name.removesuffix("\\000") for (name,) in named} == set(changes.TOPICS) - {"listener"}
