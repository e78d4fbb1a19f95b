"""State that survives: an ordinary stop, and a kill."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
import requests

from glsync.standin import StandIn
from glsync.standin.keep import DataInUse
from tests.standin.conftest import APP, FIXTURE, ITEMS, ORDERS, TOKEN, Client, add


def test_everything_is_there_again_after_a_stop(tmp_path, clock):
    with StandIn(fixture=FIXTURE, data_dir=tmp_path, clock=clock) as glide:
        ask = Client(glide)
        glide.edit(ORDERS, add=[{"$rowID": id, "Name": id} for id in "abc"])
        glide.edit(ORDERS, set={"b": {"Kx9aB": 2}}, delete=["a"])
        glide.set(queue_delay=60)
        ask.mutate(add(ITEMS, Name="queued"))
        ask.call("PUT", "/stashes/load/1", json=[{"Name": "stashed"}])
        ask.call("PUT", "/tables/orders", json=[{"nope": 1}], headers={"x-glide-asynchronous": "true"})
        ask.page()
        before = (glide.rows(ORDERS), glide.version(ORDERS), glide.usage("ops")["updates"])
    with StandIn(fixture=FIXTURE, data_dir=tmp_path, clock=clock) as glide:
        ask = Client(glide)
        assert (glide.rows(ORDERS), glide.version(ORDERS), glide.usage("ops")["updates"]) == before
        refused = ask.call("PATCH", "/tables/orders/rows/b", json={}, headers={"If-Match": '"2"'})
        unchanged = ask.call("PATCH", "/tables/orders/rows/c", json={}, headers={"If-Match": '"2"'})
        assert (refused.status_code, unchanged.status_code) == (412, 200)
        assert ask.call("POST", "/tables/orders/rows", json={"$stashID": "load"}).status_code == 201
        assert list(glide.rows(ITEMS)) == []
        clock.forward(60)
        assert [row["Name"] for row in glide.rows(ITEMS).values()] == ["queued"]
    with StandIn(data_dir=tmp_path, clock=clock) as glide:
        assert [row["Name"] for row in glide.rows(ITEMS).values()] == ["queued"]
        assert [row["Name"] for row in glide.rows(ORDERS).values()] == ["b", "c", "stashed"]


def test_a_read_goes_on_where_it_was_after_a_restart(tmp_path):
    with StandIn(fixture=FIXTURE, data_dir=tmp_path) as glide:
        glide.edit(ORDERS, add=[{"$rowID": id} for id in "abcdef"])
        glide.edit(ORDERS, delete=["a", "d"])
        following = Client(glide).page(limit=2).json()["continuation"]
    with StandIn(data_dir=tmp_path) as glide:
        reply = Client(glide).page(limit=9, continuation=following).json()
        assert [row["$rowID"] for row in reply["data"]] == ["e", "f"]


def test_rows_changed_and_deleted_after_a_restart_stay_so(tmp_path):
    for edit in ({"add": [{"$rowID": id} for id in "abc"]}, {"delete": ["a"], "set": {"b": {"Name": "pen"}}}, {}):
        with StandIn(fixture=FIXTURE, data_dir=tmp_path) as glide:
            glide.edit(ORDERS, **edit)
    with StandIn(data_dir=tmp_path) as glide:
        assert glide.rows(ORDERS) == {"b": {"Name": "pen"}, "c": {}}


def test_tables_that_were_dropped_or_replaced_stay_so(tmp_path):
    with StandIn(fixture=FIXTURE, data_dir=tmp_path) as glide:
        glide.edit(ITEMS, add=[{"$rowID": "a"}, {"$rowID": "b"}])
        glide.drop(ORDERS)
    with StandIn(data_dir=tmp_path) as glide:
        assert list(glide.rows(ITEMS)) == ["a", "b"]
        assert Client(glide).page().status_code == 404
        glide.load(FIXTURE)
    with StandIn(data_dir=tmp_path) as glide:
        assert glide.rows(ITEMS) == {}


def test_ids_given_after_a_restart_are_new_ones(tmp_path):
    ids = []
    for _ in range(3):
        with StandIn(fixture=FIXTURE, data_dir=tmp_path) as glide:
            ids += glide.edit(ITEMS, add=[{}])
    with StandIn(data_dir=tmp_path) as glide:
        assert list(glide.rows(ITEMS)) == ids
        assert len(set(ids)) == 3


def test_a_folder_serves_one_stand_in_at_a_time(tmp_path):
    with StandIn(fixture=FIXTURE, data_dir=tmp_path), pytest.raises(DataInUse):
        StandIn(data_dir=tmp_path)


@pytest.fixture
def started(tmp_path):
    """Starts `python -m glsync.standin` and gives its address; kills what is left."""
    running = []

    def start(*options):
        process = subprocess.Popen(
            [sys.executable, "-m", "glsync.standin", *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        running.append(process)
        for line in process.stdout:
            if "http://" in line:
                return process, line.split("http://")[1].split()[0]
        raise AssertionError(f"it ended with {process.wait()}")

    yield start
    for process in running:
        process.kill()
        process.wait()


def test_a_kill_loses_at_most_the_last_second(tmp_path, started):
    fixture, data = tmp_path / "fixture.json", tmp_path / "data"
    fixture.write_text(json.dumps(FIXTURE))
    process, address = started("--fixture", str(fixture), "--data", str(data))
    edits = f"http://{address}/_standin/tables/{ITEMS}/edits"
    written = []
    while len(written) < 20 or written[-1][0] - written[0][0] < 1.6:
        written.append((time.monotonic(), requests.post(edits, json={"add": [{}]}, timeout=5).json()["rowIDs"][0]))
    os.kill(process.pid, signal.SIGKILL)
    killed = time.monotonic()
    process.wait()
    _, address = started("--data", str(data))
    rows = requests.get(f"http://{address}/_standin/tables/{ITEMS}/rows", timeout=5).json()["rows"]
    kept = [row["$rowID"] for row in rows]
    assert kept == [id for _, id in written][: len(kept)]
    assert set(kept) >= {id for when, id in written if killed - when > 1}


def test_a_stop_by_signal_keeps_everything_and_the_command_line_serves_glides_addresses(tmp_path, started):
    fixture = tmp_path / "fixture.json"
    fixture.write_text(json.dumps(FIXTURE))
    process, address = started("--fixture", str(fixture), "--data", str(tmp_path / "data"))
    body = {"appID": APP, "mutations": [add(ITEMS, Name="pen")]}
    headers = {"Authorization": f"Bearer {TOKEN}"}
    requests.post(f"http://{address}/api/function/mutateTables", json=body, headers=headers, timeout=5)
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 0
    _, address = started("--data", str(tmp_path / "data"))
    rows = requests.get(f"http://{address}/api/apps/{APP}/tables/{ITEMS}/rows", headers=headers, timeout=5).json()
    assert [row["Name"] for row in rows["data"]["rows"]] == ["pen"]


@pytest.mark.parametrize("content", ["{", '{"apps": [{"name": "no id"}]}', None])
def test_a_fixture_that_cannot_be_used_is_said_and_ends_it(tmp_path, content):
    fixture = tmp_path / "fixture.json"
    if content is not None:
        fixture.write_text(content)
    ended = subprocess.run(
        [sys.executable, "-m", "glsync.standin", "--fixture", str(fixture)], capture_output=True, text=True, timeout=30
    )
    assert (ended.returncode, ended.stderr.startswith("The fixture cannot be")) == (2, True)
