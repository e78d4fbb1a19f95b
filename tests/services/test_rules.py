"""Rules and filters as somebody writes them: checked before they are saved, and seen at work in the preview."""

from __future__ import annotations

from dataclasses import replace

import pytest

from glsync.errors import InvalidMapping
from glsync.services import mappings
from glsync.services.mappings import MappingDraft
from glsync.values import Direction

from .conftest import EDITOR, VIEWER


def ruled(draft: MappingDraft, **rules: str) -> MappingDraft:
    return replace(draft, pairs=[replace(pair, rule=rules.get(pair.glide_id)) for pair in draft.pairs])


def problems(draft: MappingDraft) -> list[tuple[str | None, str]]:
    return [(found.column, found.message) for found in mappings.problems(VIEWER, draft) if found.severity == "error"]


def test_sound_rules_are_no_problem_and_are_saved(items: MappingDraft) -> None:
    draft = replace(ruled(items, Name="trim(Name)", pr1ce='row["Unit price"] * 1.19'), filter="pr1ce > 1.0")
    assert problems(draft) == []
    saved = mappings.save(EDITOR, draft, activate=True)
    assert mappings.get(VIEWER, saved.id) == saved


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("pr1ce *", "cannot be read at position 8"),
        ("pr1ce >\n > 2.0", "cannot be read at line 2, position 2"),
        ("price * 2.0", "names 'price' at position 1"),
        ('row["Price"]', "names 'Price' at position 5"),
        ("row.pr1ce", "uses row at position 1"),
        ("shell(Name)", "calls 'shell' at position 1"),
        ("Name // pr1ce", "at position 6"),
        ("Item.all(a, Item.all(b, Item.all(c, true)))", "more than 2 times"),
    ],
)
def test_a_mistake_in_a_rule_is_named_with_its_column_and_position(items: MappingDraft, rule: str, said: str) -> None:
    [(column, message)] = problems(ruled(items, pr1ce=rule))
    assert column == "pr1ce"
    assert message.startswith('The rule of Glide column "pr1ce"')
    assert said in message
    with pytest.raises(InvalidMapping):
        mappings.save(EDITOR, ruled(items, pr1ce=rule), activate=True)


def test_every_broken_expression_is_named_at_once(items: MappingDraft) -> None:
    draft = replace(ruled(items, Name="nobody", pr1ce="1 +"), filter="true &&")
    assert [column for column, _ in problems(draft)] == [None, "Name", "pr1ce"]


@pytest.mark.parametrize(("mapping", "column"), [("to_glide", None), ("both", "both"), ("both", "to_glide")])
def test_what_a_rule_gives_goes_to_postgres_only(
    items: MappingDraft, mapping: Direction, column: Direction | None
) -> None:
    draft = ruled(items, Name="trim(Name)")
    pairs = [replace(pair, direction=column) if pair.rule else pair for pair in draft.pairs]
    [(found, message)] = problems(replace(draft, pairs=pairs, direction=mapping))
    assert (found, "goes to Postgres only" in message) == ("Name", True)


def test_a_rule_is_fine_in_a_mapping_of_both_directions(items: MappingDraft) -> None:
    assert problems(replace(ruled(items, Name="trim(Name)"), direction="both")) == []


def test_the_preview_shows_what_the_rules_give(items: MappingDraft) -> None:
    found = mappings.preview(EDITOR, ruled(items, Name='upper(Name) + "!"', pr1ce="2.0"))
    assert [(row[items.pairs[0].column], row["unit_price"]) for row in found.rows] == [("PEN!", "2"), ("INK!", "2")]
    assert (found.bad, found.outside) == ([], 0)


def test_the_preview_marks_cells_whose_rule_fails(items: MappingDraft) -> None:
    [bad] = mappings.preview(EDITOR, ruled(items, pr1ce="pr1ce * 2.0")).bad
    assert (bad.row_id, bad.type, bad.value) == ("b", "TRANSFORM_ERROR", "a lot")
    assert "pr1ce * 2.0" in bad.rule


def test_the_preview_counts_the_rows_the_filter_leaves_out(items: MappingDraft) -> None:
    found = mappings.preview(EDITOR, replace(items, filter='Name == "pen"'))
    assert ([row["glide_row_id"] for row in found.rows], found.outside) == (["a"], 1)


def test_the_preview_goes_on_without_the_rules_that_cannot_be_used(items: MappingDraft) -> None:
    found = mappings.preview(EDITOR, replace(ruled(items, Name="upper(", pr1ce="3.0"), filter="oops"))
    assert [(row[items.pairs[0].column], row["unit_price"]) for row in found.rows] == [("pen", "3"), ("ink", "3")]
