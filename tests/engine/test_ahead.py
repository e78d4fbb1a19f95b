"""Working ahead hands over every item in order, every error where it belongs, and leaves no thread behind."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from glsync.ahead import ahead


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "ahead"]


def test_every_item_comes_in_its_order():
    with ahead(iter(range(1000)), depth=3) as items:
        assert list(items) == list(range(1000))
    assert not threads()


def test_an_error_is_raised_after_the_items_made_before_it():
    def broken() -> Iterator[int]:
        yield 1
        yield 2
        raise OSError("the line is dead")

    got = []
    with pytest.raises(OSError, match="the line is dead"), ahead(broken()) as items:
        got.extend(iter(items))
    assert got == [1, 2]
    assert not threads()


def test_the_next_item_is_made_while_this_one_is_used_and_no_further():
    made: list[int] = []
    at_three = threading.Event()

    def counting() -> Iterator[int]:
        for number in range(10):
            made.append(number)
            if number == 2:
                at_three.set()
            yield number

    with ahead(counting()) as items:
        assert next(items) == 0
        assert at_three.wait(5)  # one waits in the queue, one is held by the thread that wants to put it there
        assert len(made) <= 3


def test_leaving_early_stops_the_thread_after_its_item():
    going_on = threading.Event()

    def slow() -> Iterator[int]:
        for number in range(1_000_000):
            yield number
            going_on.set()

    with ahead(slow()) as items:
        next(items)
        assert going_on.wait(5)
    assert not threads()


def test_an_error_of_the_user_passes_through_and_ends_the_thread():
    def use() -> None:
        with ahead(iter(range(5))) as items:
            next(items)
            raise KeyError("ours")

    with pytest.raises(KeyError):
        use()
    assert not threads()


def test_two_stages_pass_on_an_error_of_the_first():
    def first() -> Iterator[int]:
        yield 1
        raise LookupError("gone")

    with pytest.raises(LookupError), ahead(first()) as one, ahead(number * 2 for number in one) as two:
        list(two)
    assert not threads()


def test_none_and_errors_as_values_are_items_like_any_other():
    items = [None, ValueError("not raised"), StopIteration()]
    with ahead(items) as got:
        assert list(got) == items
