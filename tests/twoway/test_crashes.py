"""A run killed by the system at any of fourteen points, before it or after: the next runs end as if nothing had been.

Six workloads, each killed at each point: 168 deaths, half of them on a Big Table. `make crashes` plays them on both
kinds of table, and kills each workload at every single commit and call besides (GLSYNC_TEST_CRASHES=all).
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from glsync import sync
from tests.twoway.crash import Point, crashed_at, frozen_at
from tests.twoway.simulation.oracle import Sides
from tests.twoway.simulation.stage import MARKER, NOTE, TABLE, Setting, Stage

ALL = os.environ.get("GLSYNC_TEST_CRASHES") == "all"
POINTS = {
    "the run begins": Point("sync._run"),
    "the tables are opened": Point("observe.open_run"),
    "a page of Glide is read": Point("observe.read_glide"),
    "a later page of Glide is read": Point("observe.read_glide", 2),
    "writes in doubt are settled": Point("settle.settle"),
    "absences are noted": Point("absences.proven_gone"),
    "Postgres is read": Point("observe.read_postgres", 2),
    "a page of Postgres is written": Point("write._write"),
    "what needs no write is remembered": Point("write._remember"),
    "writes to Glide are noted as sent": Point("sending._note"),
    "Glide is written": Point("write"),
    "Glide's answer is recorded": Point("sending._note", 2),
    "the run ends": Point("finish._finish"),
}
"""Where a run dies, in the order it comes there. The fourteenth: frozen while it writes to Glide, and overtaken."""
FROZEN = "frozen as Glide is written"
BOSS = "boss0"
EVERY = 1 if ALL else 3
"""Each so-many-th of the cases belongs to the suite."""


def glide_adds(stage: Stage, *tags: str) -> None:
    stage.glide.edit(
        TABLE, add=[{"$rowID": f"g-{tag}", "Tag": tag, "Name": f"name of {tag}", "prc00": 1} for tag in tags]
    )


def postgres_adds(stage: Stage, *tags: str) -> None:
    for tag in tags:
        stage.sql("insert into sim (tag, name, price) values (%s, %s, 2)", tag, f"name of {tag}")


def synced(stage: Stage) -> None:
    glide_adds(stage, *(f"a{number}" for number in range(20)))
    postgres_adds(stage, *(f"b{number}" for number in range(20)))
    sync.run(stage.new_log(None))
    stage.glide.edit(TABLE, set={f"g-a{number}": {NOTE: "nobody's business"} for number in range(20)})
    stage.sql("update sim set private = 'nobody''s business'")


def creates(stage: Stage) -> None:
    glide_adds(stage, "new in Glide", "also new in Glide")
    postgres_adds(stage, "new in Postgres", "also new in Postgres")


def updates(stage: Stage) -> None:
    stage.glide.edit(
        TABLE, set={"g-a1": {"Name": "by Glide"}, "g-a2": {"Name": "both: Glide"}, "g-a3": {"Name": "asked: Glide"}}
    )
    stage.sql("update sim set price = 22 where tag = 'a2'")
    stage.sql("update sim set name = 'by Postgres' where tag = 'b1'")
    stage.sql("update sim set name = 'asked: Postgres' where tag = 'a3'")


def deletes(stage: Stage) -> None:
    stage.glide.edit(TABLE, delete=["g-a1", "g-a4"])
    stage.sql("delete from sim where tag in ('b2', 'b3')")


def everything(stage: Stage) -> None:
    """And a cell that nobody can read, which holds up no other row."""
    stage.glide.edit(TABLE, set={"g-a8": {"prc00": "much", "Name": "held back"}})
    creates(stage)
    updates(stage)
    stage.glide.edit(TABLE, delete=["g-a5"])
    stage.sql("delete from sim where tag = 'b5'")


def graph(stage: Stage) -> None:
    """Rows refer to rows of their own table by a real foreign key, in circles too; one that goes is held."""
    stage.glide.edit(
        TABLE,
        set={"g-a1": {BOSS: "g-a2"}, "g-a3": {BOSS: None}},
        add=[
            {"$rowID": "g-yin", "Tag": "yin", "Name": "name of yin", BOSS: "g-yang"},
            {"$rowID": "g-yang", "Tag": "yang", "Name": "name of yang", BOSS: "g-yin"},
        ],
        delete=["g-a6"],
    )
    postgres_adds(stage, "left", "right")
    for tag, boss in {"left": "right", "right": "left", "b1": "a1", "a7": "a6", "a9": "left"}.items():
        stage.sql("update sim set boss = %s where tag = %s", boss, tag)
    deletes(stage)


def refers(stage: Stage) -> None:
    """A column on both sides that names a row of the same table."""
    stage.glide.add_column(TABLE, BOSS, "Boss")
    stage.sql("alter table sim add column boss text references sim")
    pair = {"glide_column_name": "Boss", "supabase_column_name": "boss", "data_type": "string", "reference": "sim"}
    stage.sql("update gl_mappings set column_mappings = column_mappings || %s", json.dumps({BOSS: pair}))
    glide_adds(stage, "head")
    stage.glide.edit(TABLE, add=[{"$rowID": "g-hand", "Tag": "hand", "Name": "name of hand", BOSS: "g-head"}])


def meeting(stage: Stage) -> None:
    """Both sides held the same rows before there was a mapping, and some that differ."""
    glide_adds(stage, "both", "differs", "only in Glide")
    postgres_adds(stage, "both", "differs", "only in Postgres")
    stage.sql("update sim set price = 1 where tag = 'both'")


WORKLOADS: dict[str, tuple[bool, Callable[[Stage], None]]] = {
    "create": (True, creates),
    "update": (True, updates),
    "delete": (True, deletes),
    "everything": (True, everything),
    "first match": (False, meeting),
    "foreign keys": (True, graph),
}
"""Is the mapping in step before, and what people do then."""


def begun(stage: Stage, workload: str, kind: str) -> None:
    """Both sides as people left them, before the run that will die."""
    is_synced, act = WORKLOADS[workload]
    page = 15 if is_synced else 2
    stage.begin(
        Setting(
            settings={"page_rows": page, "big_page_rows": page},
            kind=kind,
            policy="ask",
            deletes="delete",
            grace=0,
            marker=is_synced,
            key="tag",
            match=True,
        )
    )
    if act is graph:
        refers(stage)
    if is_synced:
        synced(stage)
    act(stage)


def ended(stage: Stage, before: frozenset[Any]) -> dict[str, object]:
    """Two runs later: what both sides hold, what waits for people, and what is nowhere any more."""
    for _ in range(2):
        stage.hours_pass()
        sync.run(stage.new_log(None))
    writes = writes_to(stage)
    report = sync.run(stage.new_log(None))
    assert (report.counts.stored, writes_to(stage)) == (0, writes), "a further run wrote"
    assert not stage.in_doubt()
    rows = stage.glide.rows(TABLE)
    marks = [row[MARKER] for row in rows.values() if row.get(MARKER)]
    assert len(marks) == len(set(marks)), "a row came twice"
    return {
        "glide": sorted((r["Tag"], r.get("Name"), str(r.get("prc00")), r.get(NOTE)) for r in rows.values()),
        "glide refers": {r["Tag"]: rows.get(r[BOSS], {}).get("Tag") for r in rows.values() if r.get(BOSS)},
        "postgres": stage.sql(
            """select tag, name, price, private, to_jsonb(sim) ->> 'boss' as boss, glide_row_id is null as unnamed
               from sim order by tag"""
        ),
        "conflicts": stage.sql("select kind, column_name from gl_conflicts where state = 'open' order by 1, 2"),
        "errors": stage.sql("select error_type, glide_row_id from gl_sync_errors where state = 'open' order by 1, 2"),
        "links": stage.sql("select count(*) as n from glsync.links"),
        "lost": sorted(before - standing(stage) - kept(stage)),
    }


def writes_to(stage: Stage) -> int:
    return sum(len(stage.glide.calls(site)) for site in ("mutate", "add", "patch", "delete"))


def standing(stage: Stage) -> frozenset[Any]:
    """(tag, name) of every row on either side."""
    in_glide = {(row["Tag"], row.get("Name")) for row in stage.glide.rows(TABLE).values()}
    return frozenset(in_glide | {(row["tag"], row["name"]) for row in stage.sql("select tag, name from sim")})


def kept(stage: Stage) -> frozenset[Any]:
    """(tag, name) of every row that history or a conflict knows."""
    rows = [row for pair in stage.sql("select before, after from glsync.history") for row in pair.values() if row]
    found = {(row.get("tag"), row.get("name")) for row in rows}
    asked = stage.sql("select glide_value, postgres_value from gl_conflicts where column_name = 'name'")
    sides = Sides.of(stage)
    tags = [*sides.glide, *sides.postgres]
    return frozenset(found | {(tag, value) for row in asked for value in row.values() for tag in tags})


@pytest.fixture(scope="module")
def unhurt() -> dict[tuple[str, str], dict[str, object]]:
    """(workload, kind) -> the end of it when nothing dies."""
    return {}


def expected(unhurt: dict[tuple[str, str], Any], stage: Stage, workload: str, kind: str) -> dict[str, object]:
    if (workload, kind) not in unhurt:
        begun(stage, workload, kind)
        unhurt[workload, kind] = ended(stage, standing(stage))
        assert unhurt[workload, kind]["lost"] == []
    return unhurt[workload, kind]


def cases() -> Iterator[Any]:
    """(workload, point, when, kind): both kinds of table in turn, or each on both."""
    for number, workload in enumerate(WORKLOADS):
        for at, point in enumerate([*POINTS, FROZEN]):
            for after, when in enumerate(["before", "after"]):
                if (number + 2 * at + after) % EVERY == 0:
                    for kind in ["glide", "big"] if ALL else [["glide", "big"][(number + at) % 2]]:
                        yield pytest.param(workload, point, when, kind, id=f"{workload}-{point}-{when}-{kind}")


@pytest.mark.parametrize(("workload", "point", "when", "kind"), list(cases()))
def test_a_run_that_dies_leaves_nothing_the_next_ones_do_not_finish(stage, unhurt, workload, point, when, kind):
    end = expected(unhurt, stage, workload, kind)
    begun(stage, workload, kind)
    before = standing(stage)
    log_id = stage.new_log(None)
    if point == FROZEN:
        assert frozen_at(log_id, Point("write"), when, partial(overtaken, stage))
    else:
        assert crashed_at(log_id, POINTS[point], when)
    assert ended(stage, before) == end


def overtaken(stage: Stage) -> None:
    """Its lease runs out, and another run does the work."""
    stage.sql("update glsync.leases set until = now() - interval '1 hour'")
    stage.sql("update gl_sync_logs set heartbeat_at = now() - interval '1 hour'")
    sync.run(stage.new_log(None))


@pytest.mark.skipif(not ALL, reason="make crashes")
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("kind", ["glide", "big"], ids=["classic", "big"])
@pytest.mark.parametrize("workload", WORKLOADS)
def test_a_run_may_die_at_every_single_commit_and_call(stage, unhurt, workload, kind, when):
    end = expected(unhurt, stage, workload, kind)
    for number in range(1, 200):
        begun(stage, workload, kind)
        before = standing(stage)
        if not crashed_at(stage.new_log(None), Point("any", number), when):
            return
        assert ended(stage, before) == end, f"killed {when} point {number}"
    pytest.fail("a run has fewer points")
