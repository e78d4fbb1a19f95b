"""Settings that somebody gave the database or the role change nothing of what a run reads, decides and writes."""

from __future__ import annotations

import threading

import psycopg2
import pytest

SETTINGS = {
    "timezone": "Asia/Kolkata",
    "datestyle": "German, DMY",
    "intervalstyle": "sql_standard",
    "bytea_output": "escape",
    "client_encoding": "LATIN1",
    "extra_float_digits": "-5",
    "quote_all_identifiers": "on",
    "transform_null_equals": "on",
    "search_path": "",
    "default_transaction_isolation": "serializable",
    "statement_timeout": "200ms",
    "lock_timeout": "200ms",
    "idle_in_transaction_session_timeout": "200ms",
    "idle_session_timeout": "200ms",
}
SINCE_17 = {"transaction_timeout": "200ms"}


@pytest.fixture
def foreign(world):
    """Rows in step, and then a database that means everything differently."""
    world.sql("alter table items add column weight double precision, add column length interval")
    world.glide_has(a={"Name": "pen", "ord00": "2026-01-02T03:04:05.678Z"}, b={"Name": "cup €", "prc00": 0.1})
    world.sync()
    world.sql(
        "update items set length = '1 day 02:03:04', weight = 0.1::float8 + 0.2::float8"
    )  # columns of their own, which history and undo know
    name = world.sql("select current_database() as name")[0]["name"]
    settings = SETTINGS | (SINCE_17 if world.connection.info.server_version >= 17_00_00 else {})
    for setting, value in settings.items():
        world.sql(f"alter database {name} set {setting} to '{value}'")
    return world


def test_what_was_in_step_is_in_step(foreign):
    assert foreign.sync().counts.stored == 0


def test_edits_of_both_sides_arrive_as_they_were_written(foreign):
    foreign.glide_has(a={"Name": "back\\slash 'quote' €"})
    foreign.postgres_has("b", name="o'clock \\ 12 – 世", ordered_at="2026-05-06 07:08:09.5+05:30")
    assert foreign.sync().counts.updated == 2
    assert foreign.in_postgres()["a"]["name"] == "back\\slash 'quote' €"
    there = foreign.glide.rows("Items")["b"]
    assert (there["Name"], there["ord00"]) == ("o'clock \\ 12 – 世", "2026-05-06T01:38:09.500Z")
    assert foreign.sync().counts.stored == 0


def test_a_run_outlasts_a_slow_glide_and_somebody_who_holds_a_row(foreign):
    """Longer than any of the limits above."""
    foreign.glide.set(latency=0.5)
    foreign.glide_has(a={"Name": "quill"})
    with psycopg2.connect(foreign.connection.dsn) as person, person.cursor() as cursor:
        cursor.execute("set transaction_timeout = 0" if person.info.server_version >= 17_00_00 else "select")
        cursor.execute(
            "set idle_in_transaction_session_timeout = 0; update public.items set weight = 1 where glide_row_id = 'a'"
        )
        letting_go = threading.Timer(3, person.commit)
        letting_go.start()
        assert foreign.sync().counts.updated == 1
        letting_go.join()
