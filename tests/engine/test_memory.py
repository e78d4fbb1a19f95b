"""The base knows which rows still say what was stored, and which are gone, whatever moves while Glide is read."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from glsync.engine.memory import BasePage, Memory, digests, doubled
from glsync.engine.prepare import hash_ids
from tests.engine.shell import Row, Shell, encoded
from tests.examples import examples


def base_page(number: int, rows: list[Row], pass_: int = 1) -> BasePage:
    ids = tuple(row[0] for row in rows)
    return BasePage(number, pass_, digests([encoded(row) for row in rows]), hash_ids(ids), ids)


def page(*rows: Row):
    return digests([encoded(row) for row in rows])


A, B, C = ("a", "pen"), ("b", "ink"), ("c", "nib")


def test_an_empty_memory_knows_nothing_and_misses_nothing():
    memory = Memory()
    assert not memory.known(0, page(A, B)).any()
    assert memory.vanished() == []
    assert memory.supersede(hash_ids(["a"])).tolist() == [False]


def test_a_row_that_says_the_same_is_known_wherever_it_stands_now():
    memory = Memory([base_page(0, [A, B]), base_page(1, [C])])
    assert memory.known(0, page(C, A)).tolist() == [True, True]
    assert memory.vanished() == [(0, 1, 1)]


def test_a_row_with_new_content_is_not_known_and_not_gone():
    memory = Memory([base_page(0, [A, B])])
    changed = ("a", "quill")
    assert memory.known(0, page(changed, B)).tolist() == [False, True]
    memory.supersede(hash_ids(["a"]))
    assert memory.vanished() == []


def test_old_content_does_not_excuse_a_row_that_was_superseded():
    memory = Memory([base_page(0, [A])])
    memory.supersede(hash_ids(["a"]))
    assert memory.known(0, page(A)).tolist() == [False]


def test_a_row_met_with_its_old_content_and_then_with_new_is_told():
    memory = Memory([base_page(0, [A, B])])
    memory.known(0, page(A))
    assert memory.supersede(hash_ids(["a", "b"])).tolist() == [True, False]


def test_a_memory_not_to_be_trusted_knows_no_row_but_still_misses_those_that_vanish():
    memory = Memory([base_page(0, [A, B])], trusted=False)
    assert not memory.known(0, page(A, B)).any()
    memory.supersede(hash_ids(["a"]))
    assert memory.vanished() == [(0, 1, 1)]


def test_a_row_that_stands_in_the_base_twice_is_not_gone_while_it_is_met_once():
    memory = Memory([base_page(0, [A, B]), base_page(1, [("a", "pen"), C])])
    memory.known(0, page(B))
    memory.known(1, page(A, C))
    assert memory.vanished() == []


def test_a_row_that_was_not_stored_is_never_known():
    held = base_page(0, [A, B])
    held.digests[0] = 0
    memory = Memory([held])
    assert memory.has_gaps
    assert memory.known(0, page(A, B)).tolist() == [False, True]
    assert not memory.holds(0, page(A, B))
    assert memory.known(0, np.zeros(1, np.uint64)).tolist() == [False]


def test_a_page_is_held_only_row_for_row_and_in_its_newest_state():
    memory = Memory([base_page(0, [A, B]), base_page(0, [B, A], pass_=2)])
    assert memory.holds(0, page(B, A))
    assert not memory.holds(0, page(A, B))
    assert not memory.holds(1, page(B, A))


def test_of_a_row_id_on_several_pages_only_the_last_place_counts():
    pages = [hash_ids(["a", "b"]), hash_ids([]), hash_ids(["c", "a"]), hash_ids(["a", "d"])]
    assert doubled(pages) == [(0, 0), (2, 1)]
    assert doubled([]) == []


def test_digests_tell_rows_apart_by_a_single_byte():
    assert len(set(digests([Raw(b'{"a":1}'), Raw(b'{"a":2}'), Raw(b'{"a":1} '), Raw(b"")]).tolist())) == 4


# --- any history ---------------------------------------------------------------------------------------------------

IDS = st.sampled_from("abcdefgh")
TABLE = st.dictionaries(IDS, st.integers(0, 2), max_size=8)
EDIT = st.tuples(st.sampled_from(["set", "delete", "to_end", "to_start"]), IDS, st.integers(0, 2))


class Glide:
    """A table in order, two rows a page, that somebody edits between two pages of a read."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.edits: dict[int, list[tuple[str, str, int]]] = {}
        self.told: dict[str, object] = {}
        self.asked = 0

    def is_now(self, table: dict[str, int]) -> None:
        order = [row for row in self.rows if row[0] in table]
        self.rows = [(key, table[key]) for key, _ in order]
        self.rows += [(key, value) for key, value in table.items() if key not in {row[0] for row in order}]

    def page(self, number: int) -> list[Row] | None:
        for edit in self.edits.pop(self.asked, []):
            self.edit(*edit)
        self.asked += 1
        if number and number * 2 >= len(self.rows):
            return None
        found = self.rows[number * 2 : number * 2 + 2]
        self.told |= dict(found)
        return found

    def edit(self, what: str, key: str, value: int) -> None:
        old = dict(self.rows)
        rest = [row for row in self.rows if row[0] != key]
        match what:
            case "set" if key in old:
                self.rows = [(key, value) if row[0] == key else row for row in self.rows]
            case "set":
                self.rows.append((key, value))
            case "delete":
                self.rows = rest
            case "to_end" if key in old:
                self.rows = [*rest, (key, old[key])]
            case "to_start" if key in old:
                self.rows = [(key, old[key]), *rest]


STEP = st.fixed_dictionaries(
    {
        "table": TABLE,
        "edits": st.dictionaries(st.integers(0, 4), st.lists(EDIT, max_size=2), max_size=2),
        "crash": st.none() | st.integers(0, 3),
        "resume": st.booleans(),
    }
)


@examples(400)
@given(st.lists(STEP, min_size=1, max_size=5), TABLE)
def test_after_any_history_postgres_holds_the_last_word_on_every_row_and_nothing_there_counts_as_gone(steps, last):
    glide, shell = Glide(), Shell()
    known: set[str] = set()
    for step in steps:
        glide.is_now(step["table"])
        glide.edits, glide.asked = dict(step["edits"]), 0
        if not (step["resume"] and shell.place):
            glide.told = {}
        ended = shell.read(glide.page, pages=step["crash"], resume=step["resume"])
        known |= shell.met
        if ended:
            assert {key: shell.postgres[key] for key in glide.told} == glide.told
            assert not shell.gone & shell.met
            known = set(shell.met)
    glide.edits = {}
    for _ in range(2):  # the first read may have to mend what moved under the ones before
        glide.is_now(last)
        glide.told = {}
        before = known
        shell.read(glide.page)
        assert {key: shell.postgres[key] for key in last} == last
        assert shell.gone == before - last.keys()
        known = set(last)
    shell.looked_at = 0
    shell.read(glide.page)
    assert (shell.looked_at, shell.gone) == (0, set())
