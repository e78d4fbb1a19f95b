"""Bringing a database to the schema this code needs."""

from __future__ import annotations

from glsync.store.migrations import migrate, status


def test_migrating_twice_does_nothing_the_second_time(empty_database_url):
    assert migrate(empty_database_url)
    assert migrate(empty_database_url) == []
    assert status(empty_database_url).pending == ()
