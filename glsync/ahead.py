"""Working ahead: the next items are made in a thread while the present one is used."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from queue import Empty, Full, Queue
from typing import TypeVar

T = TypeVar("T")

_END = object()
_PATIENCE = 0.1
"""Seconds between two looks whether the other side is still there."""


@contextmanager
def ahead(items: Iterable[T], depth: int = 1) -> Iterator[Iterator[T]]:
    """Iterate `items` in a thread, at most `depth` of them ahead. Its exception is raised where it would have been.

    Leaving the block early stops the thread after the item it is making.
    """
    queue: Queue[object] = Queue(maxsize=depth)
    left = threading.Event()

    def put(item: object) -> bool:
        while not left.is_set():
            try:
                queue.put(item, timeout=_PATIENCE)
            except Full:
                continue
            return True
        return False

    def work() -> None:
        try:
            for item in items:
                if not put(item):
                    return
        except BaseException as error:  # noqa: BLE001  # handed over to the thread that iterates
            put(_Raised(error))
        else:
            put(_END)

    thread = threading.Thread(target=work, name="ahead", daemon=True)
    thread.start()
    try:
        yield _taken(queue, thread)
    finally:
        left.set()
        thread.join()


class _Raised:
    def __init__(self, error: BaseException) -> None:
        self.error = error


def _taken(queue: Queue[object], thread: threading.Thread) -> Iterator[T]:
    while True:
        try:
            item = queue.get(timeout=_PATIENCE)
        except Empty:
            if thread.is_alive():
                continue
            item = queue.get_nowait()
        if item is _END:
            return
        if isinstance(item, _Raised):
            raise item.error
        yield item  # type: ignore[misc]  # what came out of `items`
