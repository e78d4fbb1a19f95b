"""Several mappings in one go: parents before children, and whoever waited gets its turn without anybody's act."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from glsync.services import access, here, runs
from glsync.store import db, schedules
from tests.family import Family
from tests.story.processes import QUICK, ROOT, WORK, running, until

ME = access.LOCAL


@pytest.fixture
def family(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Family]:
    with Family(database, monkeypatch) as made:
        made.sql("update gl_mappings set enabled = false")  # the items of every world
        yield made


@pytest.fixture
def shop(family: Family) -> Family:
    """Grandparents, parents and children whose alphabet is the wrong way round."""
    family.has("zoo_customers")
    family.has("my_orders", "customer uuid not null references zoo_customers", customer="zoo_customers")
    family.has("all_lines", "of_order uuid not null references my_orders", of_order="my_orders")
    family.edit("zoo_customers", ann={"name": "Ann"})
    family.edit("my_orders", o1={"customer": "ann"}, o2={"customer": "ann"})
    family.edit("all_lines", **{f"l{n}": {"of_order": f"o{1 + n % 2}"} for n in range(20)})
    return family


def ever_told(family: Family) -> int:
    return int(family.sql("select count(*) as n from gl_sync_errors")[0]["n"])


def test_all_mappings_run_parents_first_and_each_once(shop: Family):
    told: list[str] = []
    ended = here.run_all(ME, lambda run: told.append(run.mapping_name))
    assert told == ["zoo_customers", "my_orders", "all_lines"]
    assert {run.status for run in ended} == {"completed"}
    assert (len(shop.rows("all_lines")), ever_told(shop)) == (20, 0)


def test_rows_that_go_away_together_go_in_one_go_children_first(shop: Family):
    here.run_all(ME)
    for name in shop.ids:
        shop.change(name, deletes="delete", delete_grace=0)
    shop.edit("zoo_customers", ann=None, ben={})
    shop.edit("my_orders", o1=None, o2={"customer": "ben"})
    shop.edit("all_lines", l0=None, **{f"l{n}": {"of_order": "o2"} for n in range(2, 20, 2)})
    here.run_all(ME)
    assert set(shop.rows("zoo_customers")) == {"ben"}
    assert set(shop.rows("my_orders")) == {"o2"}
    assert shop.errors() == []


def test_a_circle_of_mappings_is_linked_in_one_go_and_then_quiet(family: Family):
    family.sql("create table people (id uuid primary key default gen_random_uuid(), glide_row_id text unique)")
    family.has("teams", "lead uuid references people", lead="people")
    family.sql("alter table people add team uuid references teams")
    family.glide_server_has("people", [])
    family.maps("people", {"team": "uuid"}, team="teams")
    family.glide.add_column("native-table-people", "team", "team", "string")
    family.edit("teams", red={"lead": "ann"})
    family.edit("people", ann={"team": "red"})
    here.run_all(ME)
    assert family.links("teams", "lead", "people") == {"red": "ann"}
    assert family.links("people", "team", "teams") == {"ann": "red"}
    assert family.errors() == []
    assert [run.counts.stored for run in here.run_all(ME)] == [0, 0]


def test_the_command_line_runs_them_all_a_line_each(shop: Family):
    done = subprocess.run(
        [sys.executable, "-m", "glsync", "sync", "--json", "--inline"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert [json.loads(line)["created"] for line in done.stdout.splitlines()] == [1, 2, 20]


# --- workers ---------------------------------------------------------------------------------------------------------


def queued(family: Family, name: str) -> UUID:
    return runs.start(ME, family.ids[name]).log_id


def until_idle(family: Family) -> None:
    until(lambda: not family.sql("select from gl_sync_logs where completed_at is null"), 60, "for all runs")


def test_queued_together_children_wait_for_the_runs_of_their_parents(shop: Family):
    shop.glide.fault("latency", site="query", table="native-table-zoo_customers", count=None, seconds=1)
    started = runs.start_all(ME)
    assert len(started) == 3
    with running(QUICK + WORK):
        until_idle(shop)
    assert (len(shop.rows("all_lines")), ever_told(shop)) == (20, 0)


def test_a_run_of_the_parent_brings_its_waiting_children(shop: Family):
    for name in ("all_lines", "my_orders"):
        shop.run_of(name)
    assert len(shop.troubles("my_orders")) == 2
    with running(QUICK + WORK):
        queued(shop, "zoo_customers")
        until(lambda: len(shop.rows("all_lines")) == 20, 60, "for the lines")
        until_idle(shop)
    assert shop.errors() == []
    actors = {row["actor"] for row in shop.sql("select actor from gl_sync_logs where trigger = 'retry'")}
    assert actors == {"Glide Sync, after zoo_customers", "Glide Sync, after my_orders"}


def test_a_run_after_which_nobody_can_go_on_starts_no_other(shop: Family):
    shop.edit("my_orders", o2={"customer": "nobody"})
    with running(QUICK + WORK):
        runs.start_all(ME)
        until_idle(shop)
        queued(shop, "zoo_customers")
        until_idle(shop)
    assert shop.sql("select from gl_sync_logs where trigger = 'retry'") == []
    assert [trouble[3] for trouble in shop.troubles("my_orders")] == ["nobody"]


def test_schedules_that_are_due_together_queue_parents_first(shop: Family):
    shop.sql('update gl_mappings set options = options || \'{"schedule": "every 1h"}\' where enabled')
    with db.connect("test") as connection, connection.cursor() as cursor:
        schedules.tick(cursor, datetime(2026, 3, 1, 1, tzinfo=UTC))
        logs = schedules.tick(cursor, datetime(2026, 3, 1, 2, tzinfo=UTC))
    found = shop.sql("select l.*, m.name from gl_sync_logs as l join gl_mappings as m on m.id = l.mapping_id")
    order: list[dict[str, Any]] = [row for log in logs for row in found if str(row["id"]) == log]
    assert [row["name"] for row in order] == ["zoo_customers", "my_orders", "all_lines"]
    assert [set(row["options"].get("after", [])) for row in order] == [set(), set(logs[:1]), set(logs[:2])]
