"""A mapping in two directions whose sides were edited apart: what conflicts are made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from glsync.services import mappings, runs
from glsync.services.access import LOCAL
from glsync.services.mappings import MappingDraft
from glsync.standin import StandIn
from glsync.twoway import settle


def dispute(
    draft: MappingDraft, glide: StandIn, ask: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> MappingDraft:
    """The draft, saved and synced; then both sides changed the name and price of the rows a and b, and it ran again."""
    monkeypatch.setattr(settle, "PAUSES", (0.02, 0.05, 0.1))
    both = replace(draft, direction="both", deletes="delete", delete_grace=0)
    if not ask("select to_regclass('public.items') is not null")[0][0]:
        mappings.create_table(LOCAL, both)
    saved = mappings.save(LOCAL, both, activate=True)
    assert saved.id is not None
    glide.edit("items", set={"b": {"pr1ce": 2}})
    runs.run_here(LOCAL, saved.id)
    glide.edit("items", set={row: {"Name": f"{row} by Glide", "pr1ce": 10} for row in "ab"})
    ask("update items set item = glide_row_id || ' by Postgres', unit_price = 20")
    runs.run_here(LOCAL, saved.id)
    return saved
