"""What a merge must decide, read off two tables: no code, no shape and no order shared with glsync.engine.merge.

A side is described by one word ("kept", "edited", "gone", ...), a row of the table turns the words into a verdict, and
the verdict is carried out by the one function that has its name. Knows nothing of sets, of cells that could not be
read, or of bases whose halves differ.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

ROWS = """
base   glide    postgres | to_supabase        to_glide           both
-      there    there    | fields             fields             fields
-      there    missing  | postgres+          nothing            postgres+
-      missing  there    | nothing            glide+             glide+
-      missing  missing  | nothing            nothing            nothing

agreed kept     kept     | fields             fields             fields
agreed kept     edited   | fields             fields             fields
agreed edited   kept     | fields             fields             fields
agreed edited   edited   | fields             fields             fields

agreed gone     kept     | postgres-          glide+             postgres-
agreed gone     edited   | dispute            glide+             glide+?
agreed kept     gone     | postgres+          glide-             glide-
agreed edited   gone     | postgres+          dispute            postgres+?
agreed gone     gone     | forget             forget             forget

agreed unseen   kept     | nothing            nothing            nothing
agreed unseen   edited   | nothing            nothing            nothing
agreed unseen   gone     | nothing            nothing            nothing
agreed unseen   unseen   | nothing            nothing            nothing
agreed kept     unseen   | nothing            nothing            nothing
agreed edited   unseen   | nothing            nothing            nothing
agreed gone     unseen   | nothing            nothing            nothing
"""
"""+ creates the row there, - takes it away there, ? only if the side that edited is the policy, else a dispute."""

FIELDS = """
glide postgres | both    postgres glide
b     b        | leave   leave    leave
x     b        | G       G        P
b     y        | P       G        P
x     x        | agree   agree    agree
x     y        | policy  G        P
"""
"""Columns on the right: the sides the field may be written on. b is the base; G is Glide's value, P Postgres's."""

MAY_WRITE = {"to_supabase": {"postgres"}, "to_glide": {"glide"}, "both": {"glide", "postgres"}}

Cells = dict[str, Any]
Write = tuple[str, Cells]
"""What is done to a side, and with which cells."""


@dataclass
class Verdict:
    glide: Write | None = None
    postgres: Write | None = None
    disputes: set[tuple[str | None, str]] = field(default_factory=set)
    base: Cells | None = None
    let_go: str | None = None


@dataclass
class Case:
    """One row before a merge. `fields`: the sides each column may be written on. `policy` may be "glide newer"."""

    base: Cells | None
    glide: Cells | None
    postgres: Cells | None
    proven: set[str]
    fields: dict[str, set[str]]
    direction: str
    policy: str
    deletes: str

    @property
    def winner(self) -> str | None:
        return {"glide newer": "glide", "postgres newer": "postgres", "ask": None}.get(self.policy, self.policy)


def expected(case: Case) -> Verdict:
    words = ("-" if case.base is None else "agreed", _word(case, "glide"), _word(case, "postgres"))
    verdict = _ROWS[words][case.direction]
    return _CARRIED_OUT[verdict](case)


def _word(case: Case, side: str) -> str:
    row = case.glide if side == "glide" else case.postgres
    if case.base is None:
        return "missing" if row is None else "there"
    if row is None:
        return "gone" if side in case.proven else "unseen"
    return "edited" if any(row[name] != case.base.get(name) for name, sides in case.fields.items() if sides) else "kept"


def _nothing(case: Case) -> Verdict:
    return Verdict(base=case.base)


def _forget(case: Case) -> Verdict:
    return Verdict()


def _add(case: Case, to: str) -> Verdict:
    row = case.postgres if to == "glide" else case.glide
    cells = {name: row[name] for name, sides in case.fields.items() if to in sides}
    if not cells:
        return _nothing(case)
    return _with(Verdict(base=cells), to, ("create", cells))


def _take_away(case: Case, at: str) -> Verdict:
    if case.deletes == "delete":
        return _with(Verdict(), at, ("delete", {}))
    if case.deletes == "mark":
        return _with(Verdict(let_go=at), at, ("mark", {}))
    return Verdict(let_go=at)


def _dispute(case: Case) -> Verdict:
    return Verdict(disputes={(None, "edit_delete")}, base=case.base)


def _add_if_it_wins(case: Case, to: str) -> Verdict:
    editor = "postgres" if to == "glide" else "glide"
    row = case.glide if editor == "glide" else case.postgres
    all_fits = all(to in sides or not sides or row[name] is None for name, sides in case.fields.items())
    return _add(case, to) if case.policy == editor and all_fits else _dispute(case)


def _fields(case: Case) -> Verdict:
    old = case.base or {}
    verdict = Verdict(base={})
    to_glide, to_postgres = {}, {}
    for name, sides in case.fields.items():
        g, p = case.glide[name], case.postgres[name]
        answer = _field_answer(case, name, sides)
        if answer in ("leave", "dispute") and name in old:
            verdict.base[name] = old[name]
        if answer == "dispute":
            verdict.disputes.add((name, "field" if name in old else "first_match"))
        if answer == "agree":
            verdict.base[name] = g
        if answer == "G":
            verdict.base[name] = to_postgres[name] = g
        if answer == "P":
            verdict.base[name] = to_glide[name] = p
    if to_glide:
        verdict.glide = ("update", to_glide)
    if to_postgres:
        verdict.postgres = ("update", to_postgres)
    return verdict


def _field_answer(case: Case, name: str, sides: set[str]) -> str:
    if not sides:
        return "leave"
    g, p = case.glide[name], case.postgres[name]
    known = case.base is not None and name in case.base
    left = "b" if known and g == case.base[name] else "x"
    right = "b" if known and p == case.base[name] else "x" if p == g else "y"
    answer = _FIELDS[left, right]["both" if len(sides) == 2 else next(iter(sides))]
    if answer == "policy":
        return {"glide": "G", "postgres": "P", None: "dispute"}[case.winner]
    return answer


def _with(verdict: Verdict, side: str, write: Write) -> Verdict:
    setattr(verdict, side, write)
    return verdict


def _table(text: str, keys: int) -> dict[tuple[str, ...], dict[str, str]]:
    head, *lines = [line.split() for line in text.replace("|", " ").splitlines() if line.strip()]
    return {tuple(line[:keys]): dict(zip(head[keys:], line[keys:], strict=True)) for line in lines}


_ROWS = _table(ROWS, keys=3)
_FIELDS = _table(FIELDS, keys=2)
_CARRIED_OUT: dict[str, Callable[[Case], Verdict]] = {
    "nothing": _nothing,
    "forget": _forget,
    "fields": _fields,
    "dispute": _dispute,
    "glide+": lambda case: _add(case, "glide"),
    "postgres+": lambda case: _add(case, "postgres"),
    "glide+?": lambda case: _add_if_it_wins(case, "glide"),
    "postgres+?": lambda case: _add_if_it_wins(case, "postgres"),
    "glide-": lambda case: _take_away(case, "glide"),
    "postgres-": lambda case: _take_away(case, "postgres"),
}
