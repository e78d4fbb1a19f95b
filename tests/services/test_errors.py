"""Errors: counted, grouped, resolved, ignored, reopened, retried, exported."""

from __future__ import annotations

import io
from typing import Any
from uuid import UUID, uuid4

import pytest

from glsync.errors import Forbidden, InvalidInput, NotFound
from glsync.services import errors, mappings, runs
from glsync.services.access import Actor
from glsync.services.errors import STATES, ErrorFilter
from glsync.services.mappings import MappingDraft
from glsync.standin import StandIn

from .conftest import ADMIN, OPERATOR, VIEWER


def sql(value: object) -> str:
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else "'" + str(value).replace("'", "''") + "'"


@pytest.fixture
def wrong(items: MappingDraft, ask: Any) -> Any:
    """Note an error as a run does; its id."""

    def note(row: str, *, column: str | None = "unit_price", rule: str | None = "a number", **more: Any) -> UUID:
        given = {"type": "VALIDATION_ERROR", "message": f"Row {row} does not fit", "value": "a lot", "retryable": True}
        given |= more
        [(error_id,)] = ask(
            "select gl_record_sync_error("
            f"'{items.id}', {sql(given['type'])}, {sql(given['message'])}, null, {sql(given['retryable'])}, "
            f"{sql(row)}, {sql(column)}, {sql(given['value'])}, {sql(rule)})"
        )
        return UUID(str(error_id))

    return note


def test_every_state_is_counted_even_when_there_is_nothing(items: MappingDraft):
    assert errors.counters(VIEWER) == dict.fromkeys(STATES, 0)
    assert errors.oldest(VIEWER) is None


def test_errors_of_one_cause_are_one_group(wrong: Any):
    for row in "abc":
        wrong(row)
    wrong("d", rule="a whole number")
    wrong("e", column=None, rule=None, type="RELATIONSHIP")
    found = errors.groups(VIEWER)
    assert [(g.type, g.column, g.rule, g.count) for g in found] == [
        ("VALIDATION_ERROR", "unit_price", "a number", 3),
        ("RELATIONSHIP", None, None, 1),
        ("VALIDATION_ERROR", "unit_price", "a whole number", 1),
    ]
    assert (found[0].sample_value, found[0].advice.title) == ("a lot", "The cell is not a number")


def test_a_group_opens_by_its_key(wrong: Any):
    wrong("a")
    wrong("b", rule='odd | rule: "x" – ü')
    wrong("c", column=None, rule=None, type="RELATIONSHIP")
    for group in errors.groups(VIEWER):
        chosen = ErrorFilter(group=group.key)
        [row] = errors.listing(VIEWER, chosen)
        assert (row.type, row.column, row.rule) == (group.type, group.column, group.rule)
        assert errors.count(VIEWER, chosen) == 1
        assert errors.groups(VIEWER, chosen) == [group]


@pytest.mark.parametrize("key", ["x", "W10", "e30", "bnVsbA", "WzEsMiwzLDRd", "ä"])
def test_a_key_that_names_no_group_is_refused(items: MappingDraft, key: str):
    with pytest.raises(InvalidInput, match="names no group"):
        errors.listing(VIEWER, ErrorFilter(group=key))


def test_errors_are_found_by_state_type_column_and_words(wrong: Any, items: MappingDraft):
    wrong("a", value="50% off")
    wrong("b", column="item", type="CONSTRAINT_ERROR")
    errors.ignore(OPERATOR, [wrong("c")])
    assert errors.count(VIEWER) == 2
    assert errors.count(VIEWER, ErrorFilter(states=STATES)) == 3
    assert errors.count(VIEWER, ErrorFilter(types=("CONSTRAINT_ERROR",))) == 1
    assert errors.count(VIEWER, ErrorFilter(column="unit_price")) == 1
    assert errors.count(VIEWER, ErrorFilter(search="50% OFF")) == 1
    assert errors.count(VIEWER, ErrorFilter(search="f_t")) == 0
    assert errors.count(VIEWER, ErrorFilter(mapping_id=uuid4())) == 0


def test_resolving_closes_with_a_note_and_whoever_did_it(wrong: Any):
    first, second = wrong("a"), wrong("b")
    assert errors.resolve(OPERATOR, [first], " corrected by hand ") == 1
    row = errors.get(VIEWER, first)
    assert (row.state, row.resolved_by, row.notes) == ("resolved", "operator", "corrected by hand")
    assert errors.get(VIEWER, second).state == "open"
    assert errors.resolve(OPERATOR, [first], "again") == 0


def test_a_whole_group_is_resolved_at_once(wrong: Any):
    for row in "abc":
        wrong(row)
    other = wrong("d", column="item")
    [group, _] = errors.groups(VIEWER)
    assert errors.resolve(OPERATOR, ErrorFilter(group=group.key), "known") == 3
    assert [row.id for row in errors.listing(VIEWER)] == [other]


def test_what_is_ignored_stays_ignored_when_it_is_met_again(wrong: Any):
    errors.ignore(OPERATOR, [wrong("a")], "a test row")
    wrong("a")
    assert errors.counters(VIEWER) == {"open": 0, "retrying": 0, "resolved": 0, "ignored": 1}


def test_what_was_resolved_and_is_met_again_is_open_again(wrong: Any):
    errors.resolve(OPERATOR, [wrong("a")])
    wrong("a")
    assert errors.counters(VIEWER) == {"open": 1, "retrying": 0, "resolved": 1, "ignored": 0}


def test_reopening_takes_back_a_resolve_and_an_ignore(wrong: Any):
    first, second = wrong("a"), wrong("b")
    errors.resolve(OPERATOR, [first], "by mistake")
    errors.ignore(OPERATOR, [second])
    assert errors.reopen(OPERATOR, [first, second]) == 2
    assert [(row.state, row.resolved_at, row.notes) for row in errors.listing(VIEWER)] == [("open", None, None)] * 2


def test_reopening_never_makes_two_open_errors_of_one_thing(wrong: Any):
    first = wrong("a")
    errors.resolve(OPERATOR, [first])
    second = wrong("a")
    assert errors.reopen(OPERATOR, [first]) == 0
    errors.resolve(OPERATOR, [second])
    assert errors.reopen(OPERATOR, [first, second]) == 1
    assert [row.id for row in errors.listing(VIEWER)] == [second]


def test_a_retry_takes_what_can_be_retried_and_says_why_the_rest_cannot(items: MappingDraft, wrong: Any):
    good = wrong("a")
    wrong("b", type="CONFLICT", retryable=False)
    done = errors.retry(OPERATOR, items.id, ErrorFilter())
    assert (done.retried, done.not_retryable, done.reasons) == (1, 1, ("Both sides changed the same cell (1)",))
    assert errors.get(VIEWER, good).state == "retrying"
    assert runs.get(VIEWER, done.started.log_id).trigger == "retry"


def test_a_retry_of_nothing_retryable_starts_no_run(items: MappingDraft, wrong: Any):
    done = errors.retry(OPERATOR, items.id, [wrong("a", retryable=False)])
    assert (done.started, done.retried, done.not_retryable) == (None, 0, 1)
    assert runs.active(VIEWER) == []


def test_a_row_corrected_in_glide_is_stored_by_its_retry_and_its_error_closed(
    glide: StandIn, items: MappingDraft, ask: Any
):
    runs.run_here(OPERATOR, items.id)
    [error] = errors.listing(VIEWER)
    assert (error.glide_row_id, error.column, error.record["Name"]) == ("b", "unit_price", "ink")
    glide.edit("items", set={"b": {"pr1ce": 3}})
    errors.retry(OPERATOR, items.id, [error.id])
    runs.run_here(OPERATOR, items.id)
    assert ask("select item from items where glide_row_id = 'b'") == [("ink",)]
    assert errors.get(VIEWER, error.id).state == "resolved"


def test_the_history_of_an_error_is_told_in_order(wrong: Any):
    error_id = wrong("a")
    wrong("a")
    errors.ignore(OPERATOR, [error_id, wrong("b")], "later")
    errors.reopen(ADMIN, [error_id])
    errors.resolve(OPERATOR, ErrorFilter(), "done")
    told = [event.message for event in errors.history(VIEWER, error_id)]
    assert told == [
        "First seen: Row a does not fit", "Seen again, 2 times in all", "Ignored by operator: later",
        "Reopened by local", "Resolved by operator: done",
    ]  # fmt: skip


def test_an_error_resolved_by_a_run_says_so(wrong: Any, ask: Any):
    error_id = wrong("a")
    ask(f"select gl_resolve_sync_error('{error_id}', 'fixed')")
    assert errors.history(VIEWER, error_id)[-1].message.endswith(": fixed")


def test_no_cell_of_an_export_acts_as_a_formula(wrong: Any):
    for row, value in enumerate(["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "\n=1", "plain", "a=b"]):
        wrong(f"=row{row}", value=value)
    exported = errors.export(VIEWER).sort_values("glide_row_id")
    assert list(exported["value"]) == ["'=1+1", "'+1", "'-1", "'@x", "'\t'=1", "'\r'=1", "'\n'=1", "plain", "a=b"]
    assert all(text.startswith("'=row") for text in exported["glide_row_id"])
    written = io.StringIO()
    exported.to_csv(written, index=False)
    assert "unit_price" in written.getvalue()


def test_an_export_of_nothing_has_its_columns_all_the_same(items: MappingDraft):
    assert list(errors.export(VIEWER).columns) == list(errors.EXPORTED)


def test_a_hundred_thousand_open_errors_are_grouped_and_resolved_by_group(items: MappingDraft, ask: Any):
    ask(
        "insert into gl_sync_errors (mapping_id, error_type, error_message, glide_row_id, column_name, value, rule) "
        f"select '{items.id}', 'VALIDATION_ERROR', 'Row ' || n, 'r' || n, 'c' || n % 10, 'a lot', 'a number' "
        "from generate_series(1, 100000) n returning 1"
    )
    ask("vacuum analyze gl_sync_errors")
    found = errors.groups(VIEWER, limit=5)
    assert [group.count for group in found] == [10_000] * 5
    assert errors.resolve(OPERATOR, ErrorFilter(group=found[0].key), "all of them") == 10_000
    assert errors.counters(VIEWER) == {"open": 90_000, "retrying": 0, "resolved": 10_000, "ignored": 0}
    [(line,)] = ask("select after from glsync.audit where action = 'resolved'")
    assert line["count"] == 10_000
    assert "ids" not in line


def test_each_role_stops_where_its_rights_end(items: MappingDraft, wrong: Any):
    error_id = wrong("a")
    for act in (
        lambda: errors.resolve(VIEWER, [error_id]),
        lambda: errors.ignore(VIEWER, [error_id]),
        lambda: errors.reopen(VIEWER, [error_id]),
        lambda: errors.retry(VIEWER, items.id, [error_id]),
    ):
        with pytest.raises(Forbidden):
            act()


def test_nobody_sees_or_closes_an_error_of_another_workspace(items: MappingDraft, wrong: Any, ask: Any):
    error_id = wrong("a")
    [(other,)] = ask("insert into glsync.workspaces (name) values ('other') returning id")
    stranger = Actor("stranger", "admin", UUID(str(other)))
    assert errors.groups(stranger) == errors.listing(stranger) == []
    assert errors.resolve(stranger, [error_id]) == errors.resolve(stranger, ErrorFilter()) == 0
    assert len(errors.export(stranger)) == 0
    for act in (lambda: errors.get(stranger, error_id), lambda: errors.retry(stranger, items.id, [error_id])):
        with pytest.raises(NotFound):
            act()


def test_deleting_a_mapping_takes_its_errors_along(items: MappingDraft, wrong: Any):
    wrong("a")
    mappings.remove(ADMIN, items.id, "items")
    assert errors.counters(VIEWER) == dict.fromkeys(STATES, 0)
