"""Many calls to Glide under way together: its limit holds for all of them, nothing goes out twice or is forgotten."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from glsync import sync
from glsync.errors import Cancelled
from glsync.glide import bigtables, classic
from glsync.glide.push import calls
from glsync.store import lease
from glsync.twoway import sending
from tests.story.processes import until
from tests.twoway.crash import Point, crashed_at

ROWS = 30


@pytest.fixture
def born(world, monkeypatch):
    """New rows in Postgres, each of which is a call to Glide."""
    monkeypatch.setattr(classic, "MOST_MUTATIONS", 1)
    monkeypatch.setattr(bigtables, "MOST_ADDS", 1)
    monkeypatch.setattr(lease, "BEAT_SECONDS", 0.2)
    world.sql("insert into items (name) select 'cup ' || n from generate_series(1, %s) as n", ROWS)
    return world


def adds(world) -> list[str]:
    """What became of each add."""
    told = {200: "taken", 201: "taken", 429: "too many"}
    return [told[call["status"]] for site in ("mutate", "add") for call in world.glide.calls(site)]


def all_there_once(world) -> bool:
    names = sorted(row["Name"] for row in world.glide.rows("Items").values())
    return names == sorted(f"cup {number}" for number in range(1, ROWS + 1)) and world.names()[0] == world.names()[1]


@pytest.mark.parametrize("told", ["seconds", "none"])
def test_what_is_over_glides_limit_goes_out_again_and_nothing_goes_out_twice(born, told):
    born.glide.set(requests_per_second=20, retry_after=told)
    report = born.sync()
    born.glide.set(requests_per_second=None)
    assert report.counts.created == ROWS
    assert adds(born).count("too many") > 0
    assert adds(born).count("taken") == ROWS
    assert all_there_once(born)
    assert born.is_quiet()


def test_while_glide_wants_a_pause_no_call_leaves(born):
    born.glide.fault("status", site=["mutate", "add"], status=429, retry_after=30, skip=2, count=1)
    with ThreadPoolExecutor(1) as pool:
        run = pool.submit(sync.run, born.new_log())
        until(lambda: "slow down" in str(born.last_log()["message"]))
        sent = len(adds(born))
        beat = born.last_log()["heartbeat_at"]
        until(lambda: born.last_log()["heartbeat_at"] > beat)
        born.sql("update gl_sync_logs set cancel_requested = true")
        with pytest.raises(Cancelled):
            run.result(60)
    assert len(adds(born)) == sent < 3 + 2 * sending.LANES
    born.sync()
    assert adds(born).count("taken") == ROWS
    assert all_there_once(born)


def test_two_writes_of_one_row_are_never_in_one_call():
    writes = [("a", 1), ("b", 1), ("a", 2), (None, 1), (None, 2), ("a", 3), ("c", 1)]
    found = list(calls(writes, 3, lambda write: write[0]))
    assert found == [[("a", 1), ("b", 1), (None, 1)], [(None, 2), ("c", 1)], [("a", 2)], [("a", 3)]]


DEATHS = {
    "Glide's answer is recorded": Point("sending._note", 2),
    "history is told": Point("settle.read_back"),
    "the write is seen": Point("settle.settle", 2),
}


@pytest.mark.parametrize("point", DEATHS)
def test_history_knows_once_what_an_accepted_write_replaced_wherever_the_run_dies(classic, point):
    classic.glide_has(a={"Name": "pen"})
    classic.sync()
    classic.postgres_has("a", name="ink")
    log_id = classic.new_log()
    assert crashed_at(log_id, DEATHS[point], "after")
    classic.sync()
    assert classic.names() == ({"a": "ink"},) * 2
    found = classic.sql(
        "select log_id, before ->> 'name' as was, after ->> 'name' as now from glsync.history where side = 'glide'"
    )
    assert [(str(row["log_id"]), row["was"], row["now"]) for row in found] == [(str(log_id), "pen", "ink")]
    assert classic.is_quiet()
    assert classic.sql("select from glsync.calls") == []
