"""A page against the base: only rows that say something new are read, and only what was stored is remembered."""

from __future__ import annotations

import numpy as np
import pytest
from msgspec import Raw

from glsync.engine.memory import LET_GO, Memory
from glsync.engine.prepare import Prepared, hash_ids, prepare, row_ids, without
from glsync.engine.rules import rules_of
from glsync.engine.transform import layout
from glsync.values import ColumnPair
from tests.engine.shell import HOW, Row, encoded

A, B, C = ("a", "pen"), ("b", "ink"), ("c", "nib")


def prepared(*rows: Row | Raw, memory: Memory | None = None, number: int = 0, pass_: int = 1) -> Prepared:
    raws = [row if isinstance(row, Raw) else encoded(row) for row in rows]
    return prepare(raws, number, pass_, memory or Memory(), HOW)


def memory_of(*pages: Prepared) -> Memory:
    return Memory([found.page for found in pages if found.page])


def test_the_first_read_takes_every_row_and_remembers_the_page():
    found = prepared(A, B)
    assert (found.batch.ids, found.rows) == (["a", "b"], 2)
    assert found.page is not None
    assert (found.page.number, found.page.pass_, found.page.ids) == (0, 1, ("a", "b"))


def test_a_page_that_says_what_it_said_needs_nothing():
    found = prepared(A, B, memory=memory_of(prepared(A, B)), pass_=2)
    assert (found.rows, found.batch.lines, found.page) == (2, [], None)


def test_a_page_whose_rows_only_moved_is_remembered_anew_and_writes_nothing():
    found = prepared(B, A, memory=memory_of(prepared(A, B)), pass_=2)
    assert found.batch.lines == []
    assert found.page is not None
    assert found.page.ids == ("b", "a")


def test_a_changed_row_is_read_and_the_page_renewed():
    found = prepared(("a", "quill"), B, memory=memory_of(prepared(A, B)), pass_=2)
    assert found.batch.ids == ["a"]
    assert found.page is not None
    assert (found.page.renews, found.page.id_hashes.tolist()) == (1, hash_ids(["a", "b"]).tolist())


def test_a_row_that_comes_on_two_pages_with_different_content_is_taken_at_its_last_word():
    memory = memory_of(prepared(A, B))
    first = prepared(A, C, memory=memory, pass_=2)
    second = prepared(("a", "quill"), B, memory=memory, number=1, pass_=2)
    assert first.batch.ids == ["c"]
    assert "a" in second.batch.ids


@pytest.mark.parametrize("order", [[A, ("a", "quill")], [("a", "quill"), A]])
def test_a_row_that_comes_twice_on_one_page_is_taken_at_its_last_word(order: list[Row]):
    found = prepared(*order, memory=memory_of(prepared(A)), pass_=2)
    assert found.batch.lines == prepared(order[1]).batch.lines


@pytest.mark.parametrize(
    "row",
    [
        encoded(("x", [1])),
        Raw(b'{"$rowID":"x","c":"\\u0000"}'),
        Raw(b'{"$rowID":"x","c":"\xff"}'),
        Raw(b'{"$rowID":"x","c":1e999999999999999999999}'),
        Raw(b'{"c":"no id"}'),
        Raw(b'{"$rowID":7}'),
        Raw(b"42"),
    ],
)
def test_a_row_that_cannot_be_read_is_looked_at_again_by_the_next_read(row: Raw):
    first = prepared(A, row, B)
    assert (first.batch.ids, len(first.batch.bad)) == (["a", "b"], 1)
    memory = memory_of(first)
    assert memory.has_gaps
    again = prepared(A, row, B, memory=memory, pass_=2)
    assert (again.batch.ids, len(again.batch.bad)) == ([], 1)
    assert memory.vanished() == []


def test_a_row_postgres_refused_is_looked_at_again_by_the_next_read():
    page = without(prepared(A, B), {"b"})
    assert (page.digests == 0).tolist() == [False, True]
    assert prepared(A, B, memory=Memory([page]), pass_=2).batch.ids == ["b"]


def test_a_bad_row_does_not_keep_its_neighbours_from_being_known():
    first = prepared(A, ("x", [1]), B)
    again = prepared(A, ("x", "mended"), B, memory=memory_of(first), pass_=2)
    assert again.batch.ids == ["x"]


def test_ids_are_found_even_where_nothing_else_of_the_row_can_be_read():
    assert row_ids([Raw(b'{"c":"\xff","$rowID":"a"}'), Raw(b'{"$rowID":null}'), Raw(b"[]")]) == ["a", "", ""]
    assert row_ids([Raw(b'{"c":"pen"}')]) == [""]
    assert len(np.unique(hash_ids(["a", "b", "A", "", "é"]))) == 5


def test_a_page_of_which_all_was_stored_is_remembered_as_it_is():
    found = prepared(A, B)
    assert found.page is not None
    assert without(found, []) == found.page


def test_an_empty_page_is_a_page():
    found = prepared()
    assert found.page is not None
    assert prepared(memory=memory_of(found), pass_=2).page is None


def test_a_row_the_filter_leaves_out_is_looked_at_again_and_is_not_missed_when_it_goes():
    pairs = [ColumnPair("c", "C", "c", "string")]
    pens = layout(pairs, {"c": "text"}, rules=rules_of('C == "pen"', pairs))
    first = prepare([encoded(A), encoded(B)], 0, 1, Memory(), pens)
    assert first.page is not None
    assert (first.batch.ids, list(first.batch.outside)) == (["a"], ["b"])
    assert first.page.digests.tolist()[1] == LET_GO
    again = memory_of(first)
    assert list(prepare([encoded(A), encoded(B)], 0, 2, again, pens).batch.outside) == ["b"]
    without_it = memory_of(first)
    prepare([encoded(A)], 0, 2, without_it, pens)
    assert without_it.vanished() == []
