"""Deletes that wait go only when somebody who may says the hash of exactly this plan: 5 hashes, 3 roles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from glsync.errors import Forbidden
from glsync.services import mappings, runs
from glsync.services.mappings import MappingDraft
from glsync.standin import StandIn

from .conftest import ADMIN, OPERATOR, VIEWER

ROWS, GONE = 40, 30
ACTORS = {"viewer": VIEWER, "operator": OPERATOR, "admin": ADMIN}
Hash = Callable[[str], str]


@pytest.fixture
def waiting(glide: StandIn, draft: MappingDraft) -> str:
    """The hash under which most rows of a table wait for being deleted."""
    glide.edit("items", add=[{"$rowID": f"r{n}", "Name": f"item {n}"} for n in range(ROWS)], delete=["b"])
    deleting = replace(draft, deletes="delete", delete_grace=0)
    mappings.create_table(ADMIN, deleting)
    mappings.save(ADMIN, deleting, activate=True)
    runs.sync(ADMIN, "items", inline=True)
    glide.edit("items", delete=[f"r{n}" for n in range(GONE)])
    return str(runs.sync(ADMIN, "items", inline=True).waiting[0]["hash"])


HASHES: dict[str, tuple[Hash, bool]] = {
    "the plan's": (lambda hash: hash, True),
    "none": (lambda _: "", False),
    "one sign off": (lambda hash: hash[:-1] + ("0" if hash[-1] != "0" else "1"), False),
    "a beginning": (lambda hash: hash[:8], False),
    "another plan's": (lambda hash: hash, False),
}


@pytest.mark.parametrize("role", ACTORS)
@pytest.mark.parametrize("said", HASHES)
def test_only_the_plans_own_hash_from_somebody_who_may(waiting, glide, ask, role, said):
    made, goes = HASHES[said]
    if said == "another plan's":
        glide.edit("items", delete=[f"r{GONE}"])  # one row more than was looked at
    if role == "viewer":
        with pytest.raises(Forbidden):
            runs.sync(VIEWER, "items", inline=True, approve=made(waiting) or None)
    else:
        done = runs.sync(ACTORS[role], "items", inline=True, approve=made(waiting) or None)
        assert done.counts.deleted == (GONE if goes else 0)
        assert bool(done.waiting) is not goes
    left = ROWS + 1 - (GONE if goes and role != "viewer" else 0)
    assert ask("select count(*) from public.items") == [(left,)]
    noted: list[tuple[Any, ...]] = ask("select actor, after ->> 'hash' from glsync.audit where action = 'approved'")
    assert noted == ([] if role == "viewer" or not made(waiting) else [(ACTORS[role].name, made(waiting))])
