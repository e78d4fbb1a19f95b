"""Errors as work: assigned, ignored for a time or by cause, returned, and a value corrected from its error."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from glsync.errors import Forbidden, InvalidInput, NotFound
from glsync.services import correcting, errors, mappings, runs
from glsync.services.errors import ErrorFilter
from glsync.store import db, schedules

from .conftest import ADMIN, OPERATOR, VIEWER

IGNORED = ErrorFilter(states=("ignored",))


@pytest.fixture
def bad(items):
    """The error of row b, whose price is no number."""
    runs.run_here(ADMIN, items.id)
    return errors.listing(ADMIN)[0]


def now():
    return datetime.now(UTC)


def test_whoever_takes_care_of_errors_is_named_and_finds_them_again(bad):
    assert errors.assign(OPERATOR, [bad.id], "ada") == 1
    assert errors.assign(OPERATOR, [bad.id], "ada") == 0
    assert [row.assigned_to for row in errors.listing(VIEWER, ErrorFilter(assignee="ada"))] == ["ada"]
    assert errors.listing(VIEWER, ErrorFilter(assignee="bob")) == []
    errors.assign(OPERATOR, [bad.id], None)
    assert errors.get(VIEWER, bad.id).assigned_to is None
    told = [event.message for event in errors.history(VIEWER, bad.id)]
    assert told[1:] == ["Assigned to ada by operator", "Unassigned by operator"]


def test_an_error_ignored_until_a_moment_is_open_again_after_it(bad, items, database):
    errors.ignore(OPERATOR, [bad.id], "later", now() + timedelta(days=1))
    runs.run_here(ADMIN, items.id)
    assert errors.get(VIEWER, bad.id).state == "ignored"
    with db.connect("test") as connection, connection.cursor() as cursor:
        schedules.tick(cursor, now())
        connection.commit()
        assert errors.get(VIEWER, bad.id).state == "ignored"
        schedules.tick(cursor, now() + timedelta(days=2))
    found = errors.get(VIEWER, bad.id)
    assert (found.state, found.ignored_until, found.notes) == ("open", None, None)


def test_nobody_ignores_until_yesterday(bad):
    with pytest.raises(InvalidInput, match="past already"):
        errors.ignore(OPERATOR, [bad.id], "later", now() - timedelta(days=1))


def test_an_ignored_cause_is_listed_and_takes_its_errors_along(bad):
    (group,) = errors.groups(ADMIN)
    assert errors.ignore_cause(OPERATOR, group.key, "test data") == 1
    (cause,) = errors.ignored_causes(VIEWER)
    assert (cause.mapping_name, cause.column, cause.rule, cause.notes) == ("items", "unit_price", bad.rule, "test data")
    assert errors.counters(VIEWER) == {"open": 0, "retrying": 0, "resolved": 0, "ignored": 1}


def test_a_new_error_of_an_ignored_cause_begins_as_ignored(bad, items, ask):
    errors.ignore_cause(OPERATOR, errors.groups(ADMIN)[0].key, "test data")
    ask("delete from gl_sync_errors")
    runs.run_here(ADMIN, items.id)
    (row,) = errors.listing(VIEWER, IGNORED)
    assert (row.glide_row_id, row.resolved_by, row.notes, row.ignored_until) == ("b", "operator", "test data", None)


def test_a_cause_that_is_heeded_again_opens_its_errors(bad, items):
    errors.ignore_cause(OPERATOR, errors.groups(ADMIN)[0].key, "test data")
    (cause,) = errors.ignored_causes(VIEWER)
    assert errors.heed_cause(OPERATOR, cause.id) == 1
    assert errors.counters(VIEWER)["open"] == 1
    assert errors.ignored_causes(VIEWER) == []
    with pytest.raises(NotFound):
        errors.heed_cause(OPERATOR, cause.id)


def test_an_error_that_was_resolved_and_comes_back_says_so_and_remembers(bad, items):
    errors.resolve(OPERATOR, [bad.id], "corrected in Glide")
    runs.run_here(ADMIN, items.id)
    (back,) = errors.listing(VIEWER)
    assert (back.id != bad.id, back.returned, errors.get(VIEWER, bad.id).returned) == (True, True, False)
    told = [event.message for event in errors.history(VIEWER, back.id)]
    assert told[:2] == ["Seen before", "Resolved by operator: corrected in Glide"]
    assert told[2].startswith("Returned: ")


def test_a_cause_says_how_many_came_on_each_of_the_last_days(bad, ask):
    ask("update gl_sync_errors set created_at = now() - interval '50 hours'")
    assert errors.groups(VIEWER)[0].trend == [0, 0, 0, 0, 1, 0, 0]


def test_a_value_corrected_from_its_error_stands_in_glide_and_then_in_postgres(bad, items, ask):
    retried = correcting.correct(OPERATOR, bad.id, "12.50")
    assert (retried.retried, retried.started is not None) == (1, True)
    runs.run_here(ADMIN, items.id)
    assert ask("select unit_price::text from items where glide_row_id = 'b'") == [("12.5",)]
    assert errors.get(VIEWER, bad.id).state == "resolved"
    assert ask("select updates > 0 from glsync.usage") == [(True,)]
    assert "Corrected by operator: 12.50" in [event.message for event in errors.history(VIEWER, bad.id)]


def test_a_value_that_does_not_fit_either_never_reaches_glide(bad, glide):
    with pytest.raises(InvalidInput, match="does not fit unit_price"):
        correcting.correct(OPERATOR, bad.id, "quite a lot")
    assert errors.get(VIEWER, bad.id).state == "open"


def test_a_viewer_corrects_assigns_and_ignores_nothing(bad):
    for act in (
        lambda: correcting.correct(VIEWER, bad.id, "1"),
        lambda: errors.assign(VIEWER, [bad.id], "me"),
        lambda: errors.ignore_cause(VIEWER, errors.groups(VIEWER)[0].key),
    ):
        with pytest.raises(Forbidden):
            act()


def test_a_cell_that_a_rule_makes_is_not_corrected_here(bad, items):
    draft = mappings.get(ADMIN, items.id)
    pairs = [replace(pair, rule="1.0") if pair.column == "unit_price" else pair for pair in draft.pairs]
    mappings.save(ADMIN, replace(draft, pairs=pairs), activate=True)
    with pytest.raises(InvalidInput, match="made by a rule"):
        correcting.correct(OPERATOR, bad.id, "1")
