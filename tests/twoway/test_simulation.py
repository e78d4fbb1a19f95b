"""The simulation in short: seeds at whose end nothing is wrong, the same history twice, and a judge that is not blind.

Thousands of seeds are played by `make simulate`; see docs/simulation.md.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from itertools import combinations
from typing import Any

import pytest
from msgspec.structs import replace

from glsync.engine import merge
from glsync.postgres.sides import Sides
from glsync.standin.settings import UNKNOWN
from glsync.store import links
from glsync.twoway import finish, refer, sending, settle
from tests.twoway.simulation import switches
from tests.twoway.simulation.play import Play
from tests.twoway.simulation.stage import Wide


@pytest.mark.parametrize("seed", range(1, 6))
def test_after_bad_weather_both_sides_hold_what_the_history_of_edits_allows(stage, seed):
    assert Play(stage, seed).play().wrong == []


@pytest.mark.parametrize("seed", [1, 2, 5, 8])
def test_and_so_with_filters_directions_sets_and_references(stage, seed):
    assert Play(stage, seed, wide=True).play().wrong == []


@pytest.mark.parametrize(("seed", "wide"), [(3, False), (8, True)])
def test_a_seed_played_again_gives_the_same_history(stage, seed, wide):
    first, again = Play(stage, seed, wide=wide).play(), Play(stage, seed, wide=wide).play()
    assert first.trace == again.trace
    assert first.hash == again.hash


@pytest.mark.parametrize("way", range(12))
def test_however_glide_behaves_where_its_documents_are_silent(stage, way):
    assert Play(stage, 100 + way, settings=switches.settings(way)).play().wrong == []


def test_the_twelve_ways_hold_every_pair_of_behaviours_in_every_combination():
    met = Counter(
        (one, ways[one], other, ways[other]) for ways in switches.positions() for one, other in combinations(ways, 2)
    )
    assert len(met) == 4 * len(list(combinations(UNKNOWN, 2)))


real_op = sending._op
SABOTAGE: dict[str, tuple[list[tuple[Any, str, Any]], dict[str, Any], tuple[int, ...]]] = {
    "writes in doubt are sent again at once": ([(settle, "SETTLE", timedelta(0))], {"marker": True}, (51, 56, 40)),
    "nobody finds out about writes in doubt": (
        [(settle, "settle", lambda *_: frozenset()), (finish, "settle", lambda *_: frozenset())],
        {},
        (1, 2, 3),
    ),
    "updates carry no version": (
        [(sending, "_op", lambda intent: real_op(replace(intent, if_match=None)))],
        {"kind": "big", "policy": "ask", "columns": {}},
        (19, 32, 28),
    ),
    "a set both sides edited is Glide's": (
        [(merge, "_united", lambda _, now: now["glide"])],
        {"wide": Wide(items=True)},
        (5,),
    ),
    "rows outside the filter are kept equal": (
        [(Sides, "_leave_out", lambda *_: None)],
        {"wide": Wide(filter=True)},
        (4, 2, 5, 9),
    ),
    "rows the filter left out are not let go": (
        [(links, "let_go", lambda *_: None)],
        {"wide": Wide(filter=True), "deletes": "delete", "grace": 0},
        (35, 21, 38),
    ),
    "Postgres is written where it decides": (
        [(merge, "WRITES", dict.fromkeys(merge.WRITES, frozenset(merge.SIDES)))],
        {"wide": Wide("to_glide")},
        (1,),
    ),
    "a reference names another parent": (
        [(refer, "row_id", lambda run, column, key: key and min(run.row_ids[column].values()))],
        {"wide": Wide(team=True)},
        (4, 5),
    ),
    "nobody waits for a late parent": ([(refer, "name_parents", lambda *_: None)], {"wide": Wide(team=True)}, (1,)),
}
"""What is done wrong, in which kind of world, and seeds that meet it."""


@pytest.mark.parametrize("how", SABOTAGE)
def test_the_judge_finds_a_run_that_does_it_wrong(stage, monkeypatch, how):
    changes, fixed, seeds = SABOTAGE[how]
    for where, name, instead in changes:
        monkeypatch.setattr(where, name, instead)
    assert any(Play(stage, seed, **fixed).play().wrong for seed in seeds)
