"""Work that a page asks for and shows when it is there: checks, previews, dry runs.

It runs beside the script, because a click stops a script half way. Nothing here writes; what writes is a job of the
worker.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, cast

import streamlit as st

from glsync.ui import state, words

T = TypeVar("T")

PATIENCE = 0.4
"""Seconds an answer may take before anything turns on the screen."""


@dataclass(frozen=True, slots=True)
class Work(Generic[T]):
    """One thing asked for. `result()` gives what came, or raises what went wrong."""

    future: Future[T]
    begun: float = field(default_factory=time.monotonic)

    @property
    def ready(self) -> bool:
        return self.future.done()

    def result(self) -> T:
        return self.future.result()


@st.cache_resource
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=4, thread_name_prefix="screen")


def ask(key: str, act: Callable[..., T], *args: Any, **named: Any) -> None:
    """Begin; an earlier answer under the same key is forgotten."""
    state.put(key, Work(_pool().submit(act, *args, **named)))


def drop(key: str) -> None:
    state.forget(key)


def answer(key: str, waiting: str) -> Work[Any] | None:
    """What was asked under the key once it is there; until then, draw that we wait and come back by ourselves."""
    work = cast("Work[Any] | None", state.get(key, None))
    if work is None:
        return None
    wait([work.future], timeout=PATIENCE)
    if work.ready:
        return work
    _waiting(work, waiting)
    return None


@st.fragment(run_every=1)
def _waiting(work: Work[Any], text: str) -> None:
    if work.ready:
        st.rerun()
    st.status(f"{text} · {words.duration(time.monotonic() - work.begun)}", type="compact")
