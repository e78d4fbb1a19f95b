"""A run killed at any commit and at any call, before or after it: the next runs end where an unhurt one would have.

Every workload is killed at each GLSYNC_TEST_CRASHES-th point (15 unless said; 1 for all of them).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest

from glsync import sync
from tests.twoway.crash import crashed_at
from tests.twoway.simulation.oracle import Sides
from tests.twoway.simulation.stage import MARKER, TABLE, Setting, Stage, allow

EVERY = int(os.environ.get("GLSYNC_TEST_CRASHES", "15"))
END = {"Tag", "Name", "prc00"}


@pytest.fixture
def stage(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    made = Stage(database)
    monkeypatch.setenv("GLSYNC_ALLOWED_GLIDE_HOSTS", allow(made.glide.url))
    with made.open():
        yield made


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
    creates(stage)
    updates(stage)
    stage.glide.edit(TABLE, delete=["g-a5"])
    stage.sql("delete from sim where tag = 'b5'")


def referenced(stage: Stage) -> None:
    """Another table of Postgres refers to a row that Glide deletes, which the database does not allow."""
    stage.sql("drop table if exists child")
    stage.sql("create table child (of text references sim (tag))")
    stage.sql("insert into child values ('a6')")
    deletes(stage)
    stage.glide.edit(TABLE, delete=["g-a6"])
    creates(stage)


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
    "foreign key": (True, referenced),
}
"""Is the mapping in step before, and what people do then."""


def begun(stage: Stage, workload: str, kind: str, *, marker: bool) -> None:
    fixed = {
        "kind": kind,
        "policy": "ask",
        "deletes": "delete",
        "grace": 0,
        "marker": marker,
        "key": "tag",
        "match": True,
    }
    stage.sql("drop table if exists child")
    stage.begin(Setting(settings={}, **fixed))
    is_synced, act = WORKLOADS[workload]
    if is_synced:
        synced(stage)
    act(stage)


def ended(stage: Stage) -> dict[str, object]:
    """Two runs later: what both sides hold, and what waits for people."""
    for _ in range(2):
        stage.hours_pass()
        sync.run(stage.new_log(None))
    calls = len(
        stage.glide.calls("mutate")
        + stage.glide.calls("add")
        + stage.glide.calls("patch")
        + stage.glide.calls("delete")
    )
    report = sync.run(stage.new_log(None))
    assert report.counts.stored == 0
    assert calls == len(
        stage.glide.calls("mutate")
        + stage.glide.calls("add")
        + stage.glide.calls("patch")
        + stage.glide.calls("delete")
    )
    assert not stage.in_doubt()
    sides = Sides.of(stage)
    marks = [row[MARKER] for rows in sides.glide.values() for row in rows if row.get(MARKER)]
    assert len(marks) == len(set(marks))
    return {
        "glide": sorted((tag, row.get("Name"), row.get("prc00")) for tag, rows in sides.glide.items() for row in rows),
        "postgres": sorted(
            (tag, row["name"], float(row["price"])) for tag, rows in sides.postgres.items() for row in rows
        ),
        "unnamed": stage.sql("select tag from sim where glide_row_id is null"),
        "conflicts": sorted(
            (c["kind"], c["column_name"] or "") for c in stage.sql("select * from gl_conflicts where state = 'open'")
        ),
        "links": stage.sql("select count(*) as n from glsync.links")[0]["n"],
        "lost": _unremembered(stage),
    }


def _unremembered(stage: Stage) -> list[str]:
    """Names that stood somewhere and are neither there any more nor in history."""
    there = {row.get("Name") for row in stage.glide.rows(TABLE).values()} | {
        row["name"] for row in stage.sql("select name from sim")
    }
    kept = {
        name
        for row in stage.sql("select before, after from glsync.history")
        for name in ((row["before"] or {}).get("name"), (row["after"] or {}).get("name"))
    }
    tags = [f"a{number}" for number in range(20)] + [f"b{number}" for number in range(20)]
    return [
        tag for tag in tags if stage.sql("select from glsync.history limit 1") and f"name of {tag}" not in there | kept
    ]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("kind", ["glide", "big"], ids=["classic", "big"])
@pytest.mark.parametrize("workload", WORKLOADS)
def test_a_run_killed_anywhere_leaves_nothing_the_next_ones_do_not_finish(stage, workload, kind, when):
    marker = WORKLOADS[workload][0]
    begun(stage, workload, kind, marker=marker)
    expected = ended(stage)
    point = 1 + (list(WORKLOADS).index(workload) + len(kind) + len(when)) % EVERY
    tried = 0
    while True:
        begun(stage, workload, kind, marker=marker)
        if not crashed_at(stage.new_log(None), point, when):
            break
        assert ended(stage) == expected, f"killed {when} point {point}"
        tried, point = tried + 1, point + EVERY
    assert tried >= 15 // EVERY
