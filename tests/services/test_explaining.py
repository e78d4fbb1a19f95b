"""One row explained: what was agreed, what both sides say, what decides and why, who wrote it, what is open."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from typer.testing import CliRunner

from glsync import __main__ as cli
from glsync.errors import Forbidden, InvalidInput
from glsync.services import explaining, mappings, runs
from glsync.services.mappings import MappingDraft
from glsync.standin import StandIn

from .conftest import ADMIN, OPERATOR, VIEWER


@pytest.fixture
def both(draft: MappingDraft, glide: StandIn, monkeypatch: pytest.MonkeyPatch) -> MappingDraft:
    """Items, kept equal both ways and in step; the cell of row b that is no number is corrected."""
    from glsync.twoway import settle

    monkeypatch.setattr(settle, "PAUSES", (0.02, 0.05, 0.1))
    mappings.create_table(ADMIN, draft)
    saved = mappings.save(ADMIN, replace(draft, direction="both", deletes="delete", delete_grace=0), activate=True)
    glide.edit("items", set={"b": {"pr1ce": 2}})
    runs.run_here(ADMIN, _id(saved))
    return saved


def _id(draft: MappingDraft) -> UUID:
    assert draft.id is not None
    return draft.id


def why(found: explaining.Explanation, column: str) -> str:
    return next(one.why for one in found.row.columns if one.column == column)


def test_a_row_in_step_says_so_column_by_column_and_who_wrote_it(both: MappingDraft):
    found = explaining.explain(OPERATOR, _id(both), "a")
    assert (found.row.told, found.next) == ("In step: a run now would write nothing.", "Nothing.")
    item = next(one for one in found.row.columns if one.column == "item")
    assert (item.base, item.glide, item.postgres, item.is_agreed) == ("pen", "pen", "pen", True)
    assert item.why == "Unchanged on both sides since they last agreed."
    assert [(one.side, one.operation) for one in found.wrote] == [("postgres", "create")]


def test_a_row_is_found_by_its_key_in_postgres_too(both: MappingDraft, ask: Any):
    [(key,)] = ask("select id from items where glide_row_id = 'b'")
    found = explaining.explain(OPERATOR, _id(both), str(key))
    assert found.row.glide_row_id == "b"
    assert found.row == replace(explaining.explain(OPERATOR, _id(both), "b").row, price=found.row.price)


def test_an_edit_on_one_side_says_which_way_it_goes(both: MappingDraft, glide: StandIn, ask: Any):
    glide.edit("items", set={"a": {"Name": "quill"}})
    ask("update items set unit_price = 9 where glide_row_id = 'a'")
    found = explaining.explain(OPERATOR, _id(both), "a")
    assert why(found, "item") == "Changed in Glide since both last agreed: Postgres gets the new value."
    assert why(found, "unit_price") == "Changed in Postgres since both last agreed: Glide gets the new value."
    assert found.row.told == "The next run writes it: changed in Postgres, changed in Glide."
    assert found.next == "Nothing: the next run does it."
    assert ask("select item from items where glide_row_id = 'a'") == [("pen",)]


def test_a_conflict_says_that_somebody_has_to_pick(disputed: MappingDraft):
    found = explaining.explain(OPERATOR, _id(disputed), "a", "item")
    (item,) = found.row.columns
    assert (item.base, item.glide, item.postgres) == ("pen", "a by Glide", "a by Postgres")
    assert "the mapping asks, so nothing is written until somebody picks" in item.why
    assert [one.column for one in found.conflicts] == ["item"]
    assert "Pick a value" in found.next


@pytest.mark.parametrize(("policy", "target"), [("glide", "Postgres"), ("postgres", "Glide")])
def test_a_policy_that_decides_is_named(disputed: MappingDraft, policy: str, target: str):
    kept = mappings.get(ADMIN, _id(disputed))
    mappings.save(ADMIN, replace(kept, conflict_policy=policy), activate=True)  # type: ignore[arg-type]
    said = why(explaining.explain(OPERATOR, _id(disputed), "a"), "item")
    assert said.startswith("Changed on both sides since they last agreed; ")
    assert f"wins: {target} gets" in said


def test_a_row_that_is_gone_from_one_side_says_what_becomes_of_it(both: MappingDraft, glide: StandIn):
    glide.edit("items", delete=["a"])
    found = explaining.explain(OPERATOR, _id(both), "a")
    assert (found.row.in_glide, found.row.in_postgres) == (False, True)
    assert "in Postgres only" in why(found, "item")


def test_where_glide_decides_the_row_says_so_and_shows_its_open_error(items: MappingDraft, glide: StandIn, ask: Any):
    runs.run_here(ADMIN, _id(items))
    ask("update items set item = 'changed here' where glide_row_id = 'a'")
    found = explaining.explain(OPERATOR, _id(items), "a", "Item")
    assert why(found, "item") == "Glide decides about this column: Postgres gets its value."
    assert [(one.side, one.operation) for one in found.wrote] == []
    held = explaining.explain(OPERATOR, _id(items), "b")
    assert held.row.in_glide is None
    assert [error.column for error in held.errors] == ["unit_price"]
    assert held.next


def test_a_row_nobody_knows_and_a_column_that_is_none_are_refused(both: MappingDraft):
    with pytest.raises(InvalidInput, match="Neither Glide nor Postgres has a row 'nobody'"):
        explaining.explain(OPERATOR, _id(both), "nobody")
    with pytest.raises(InvalidInput, match="has no column 'nothing'"):
        explaining.explain(OPERATOR, _id(both), "a", "nothing")


def test_looking_writes_nothing_and_a_viewer_may_not_spend(both: MappingDraft, glide: StandIn, ask: Any):
    def state() -> Any:
        return (
            ask("select xmin::text, * from items order by id"),
            ask("select count(*) from glsync.history"),
            glide.rows("items"),
        )

    before = state()
    explaining.explain(OPERATOR, _id(both), "a")
    assert state() == before
    with pytest.raises(Forbidden):
        explaining.explain(VIEWER, _id(both), "a")


def test_the_command_line_explains_a_row(both: MappingDraft, glide: StandIn):
    glide.edit("items", set={"a": {"Name": "quill"}})
    said = CliRunner().invoke(cli.app, ["explain", "items", "a"])
    assert 'item: base "pen", Glide "quill", Postgres "pen"' in said.stdout
    assert "Next: Nothing: the next run does it." in said.stdout
    found = json.loads(CliRunner().invoke(cli.app, ["explain", "items", "a", "--column", "item", "--json"]).stdout)
    assert [one["column"] for one in found["row"]["columns"]] == ["item"]
    assert CliRunner().invoke(cli.app, ["explain", "items", "nobody"]).exit_code == 1
