"""Which mapping comes before which: parents before their children, as far as they form no circle.

A circle is opened at a column that may be empty: its rows come first without it, and get it once the others are there.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Edge:
    """`child` refers to `parent`. `needed`: the column must not be empty."""

    child: str
    parent: str
    needed: bool = False


def parents_first(names: Iterable[str], edges: Iterable[Edge]) -> list[str]:
    """The names in an order in which nobody comes before a parent; those that are free to choose go by the alphabet."""
    known = sorted(set(names))
    parents = _parents(edge for edge in soft_left_out(edges))
    order: dict[str, None] = {}
    for name in known:
        _visit(name, parents, order, on_the_way=set())
    wanted = set(known)
    return [name for name in order if name in wanted]


def soft_left_out(edges: Iterable[Edge]) -> list[Edge]:
    """The edges without those that a row may do without for a while."""
    every = list(edges)
    return [edge for edge in every if edge.needed or not closes_circle(edge, every)]


def closes_circle(edge: Edge, edges: Iterable[Edge]) -> bool:
    """Does the way on from the parent lead back to the child?"""
    parents = _parents(edges)
    seen: set[str] = set()
    left = [edge.parent]
    while left:
        name = left.pop()
        if name == edge.child:
            return True
        if name not in seen:
            seen.add(name)
            left += parents.get(name, ())
    return False


def kin(name: str, edges: Iterable[Edge]) -> set[str]:
    """Whoever a name's rows lead to, and whoever's rows lead to it, on ways of any length."""
    every = list(edges)
    upwards, downwards = _parents(every), _parents(Edge(edge.parent, edge.child) for edge in every)
    return _reached(name, upwards) | _reached(name, downwards)


def _reached(name: str, steps: dict[str, list[str]]) -> set[str]:
    seen: set[str] = set()
    left = [name]
    while left:
        left += (fresh := [each for each in steps.get(left.pop(), ()) if each not in seen])
        seen.update(fresh)
    return seen


def _visit(name: str, parents: dict[str, list[str]], order: dict[str, None], on_the_way: set[str]) -> None:
    if name in order or name in on_the_way:
        return
    on_the_way.add(name)
    for parent in parents.get(name, ()):
        _visit(parent, parents, order, on_the_way)
    order[name] = None


def _parents(edges: Iterable[Edge]) -> dict[str, list[str]]:
    """Name -> its parents by the alphabet."""
    found: dict[str, set[str]] = {}
    for edge in edges:
        found.setdefault(edge.child, set()).add(edge.parent)
    return {child: sorted(names) for child, names in found.items()}
