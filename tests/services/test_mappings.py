"""Mappings: drafted, checked, previewed, saved, copied, switched, removed."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from glsync.errors import AlreadyRunning, Forbidden, InvalidInput, InvalidMapping, NotFound, StaleVersion
from glsync.services import connections, mappings, shapes
from glsync.services.access import Actor
from glsync.services.connections import ConnectionRow
from glsync.services.mappings import MappingDraft
from glsync.store import runs
from glsync.values import ColumnPair

from .conftest import ADMIN, EDITOR, OPERATOR, VIEWER


def errors_of(draft: MappingDraft) -> list[str]:
    return [problem.message for problem in mappings.problems(VIEWER, draft) if problem.severity == "error"]


def test_a_mapping_whose_table_is_missing_says_so_and_offers_to_create_it(draft: MappingDraft):
    [problem] = mappings.problems(VIEWER, draft)
    assert (problem.severity, problem.fix) == ("error", "create_table")


def test_the_ddl_is_shown_first_and_then_makes_a_table_that_fits(draft: MappingDraft):
    shown = mappings.create_table_ddl(EDITOR, draft)
    assert shown == (
        'CREATE TABLE "public"."items" (\n'
        '    "id" uuid PRIMARY KEY DEFAULT gen_random_uuid(),\n'
        '    "glide_row_id" text UNIQUE,\n'
        '    "item" text,\n'
        '    "unit_price" numeric,\n'
        '    "bought_on" timestamp with time zone,\n'
        '    "created_at" timestamp with time zone NOT NULL DEFAULT now(),\n'
        '    "updated_at" timestamp with time zone NOT NULL DEFAULT now()\n'
        ");\n"
        'ALTER TABLE "public"."items" ENABLE ROW LEVEL SECURITY;'
    )
    mappings.create_table(EDITOR, draft)
    assert mappings.problems(VIEWER, draft) == []
    assert "public.items" in mappings.target_tables(VIEWER)
    assert [column.name for column in mappings.target_columns(VIEWER, "items")][:3] == ["id", "glide_row_id", "item"]


def test_a_table_for_glide_columns_gets_plain_names(ops: ConnectionRow):
    columns = connections.glide_columns(VIEWER, ops.id, "items")
    shown = mappings.create_table_ddl(EDITOR, columns, "items")
    assert '"unit_price" numeric' in shown
    assert '"bought_on" timestamp with time zone' in shown


def test_missing_columns_are_added_and_named(items: MappingDraft):
    wider = replace(items, pairs=[*items.pairs, ColumnPair("q", "Qty", "qty", "number")], deletes="mark")
    assert {problem.fix for problem in mappings.problems(VIEWER, wider)} == {"add_column", "add_mark_column"}
    assert 'ADD COLUMN "qty" numeric' in mappings.add_columns_ddl(EDITOR, wider)
    assert mappings.add_columns(EDITOR, wider) == ["qty", "deleted_at"]
    assert mappings.problems(VIEWER, wider) == []
    with pytest.raises(InvalidInput, match="no column to add"):
        mappings.add_columns(EDITOR, wider)


@pytest.mark.parametrize(
    "target", ["public.gl_connections", "glsync.audit", "glsync_queue.procrastinate_jobs", "pg_catalog.mine"]
)
def test_our_own_tables_and_those_of_the_system_are_nobodys_to_create_or_map(draft: MappingDraft, target: str):
    with pytest.raises(InvalidInput):
        mappings.create_table(EDITOR, replace(draft, target=target))
    with pytest.raises(InvalidMapping):
        mappings.save(EDITOR, replace(draft, target=target), activate=True)


@pytest.mark.parametrize("target", ['x"; drop table y; --', "a.b.c", "x" * 64, " ", "tab\tle"])
def test_a_name_postgres_would_not_keep_is_refused(draft: MappingDraft, target: str):
    with pytest.raises(InvalidInput):
        mappings.create_table(EDITOR, replace(draft, target=target))


def test_odd_but_honest_names_are_quoted(draft: MappingDraft, ask: Any):
    odd = replace(draft, target="public.Größe & Co", pairs=[ColumnPair("Name", "Item", "Straße; --", "string")])
    mappings.create_table(EDITOR, odd)
    assert errors_of(odd) == []
    assert ask('select "Straße; --" from public."Größe & Co"') == []


def test_a_saved_mapping_reads_back_as_it_was_written(draft: MappingDraft):
    pairs = [
        replace(draft.pairs[0], rule="upper(Name)"),
        replace(draft.pairs[1], direction="to_supabase"),
        replace(draft.pairs[2], policy="newest"),
    ]
    full = replace(
        draft, pairs=pairs, deletes="keep", delete_grace=5, conflict_policy="glide", marker_column="m4rk",
        filter="pr1ce > 1.0", enabled=False,
    )  # fmt: skip
    saved = mappings.save(EDITOR, full, activate=False)
    read = mappings.get(VIEWER, saved.id)
    assert read == saved == mappings.find(VIEWER, "items")
    assert replace(read, id=None, version=0, pairs=[]) == replace(full, pairs=[])
    assert sorted(read.pairs, key=str) == sorted(pairs, key=str)


def test_the_row_id_is_always_stored_as_the_contract_says(items: MappingDraft, ask: Any):
    [(stored,)] = ask("select column_mappings from gl_mappings")
    assert stored["$rowID"] == {
        "glide_column_name": "$rowID", "supabase_column_name": "glide_row_id", "data_type": "string",
    }  # fmt: skip
    assert set(stored["pr1ce"]) == {"glide_column_name", "supabase_column_name", "data_type"}


def test_services_and_runs_read_the_same_pairs(items: MappingDraft, ask: Any):
    [(stored,)] = ask("select column_mappings from gl_mappings")
    assert shapes.pairs_of(stored) == runs.pairs_of(stored)


def test_the_second_of_two_who_save_is_told(items: MappingDraft):
    first = mappings.save(EDITOR, replace(items, delete_grace=5), activate=True)
    assert first.version == items.version + 1
    with pytest.raises(StaleVersion):
        mappings.save(EDITOR, replace(items, delete_grace=9), activate=True)
    assert mappings.get(VIEWER, items.id).delete_grace == 5


def test_saving_what_is_there_changes_nothing(items: MappingDraft, ask: Any):
    before = ask("select count(*) from glsync.audit")
    assert mappings.save(EDITOR, items, activate=True) == items
    assert ask("select count(*) from glsync.audit") == before


def test_a_draft_may_be_wrong_but_is_not_activated(draft: MappingDraft):
    saved = mappings.save(EDITOR, draft, activate=False)
    assert mappings.row(VIEWER, saved.id).status == "draft"
    with pytest.raises(InvalidMapping) as caught:
        mappings.save(EDITOR, saved, activate=True)
    assert caught.value.problems[0].fix == "create_table"
    assert mappings.row(VIEWER, saved.id).status == "draft"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": " "}, "no name"),
        ({"glide_table": ""}, "no Glide table"),
        ({"target": ""}, "no Postgres table"),
    ],
)
def test_what_cannot_even_be_stored_is_refused(draft: MappingDraft, change: dict[str, Any], said: str):
    with pytest.raises(InvalidInput, match=said):
        mappings.save(EDITOR, replace(draft, **change), activate=False)


def test_a_glide_column_mapped_twice_is_a_problem_and_is_not_stored(items: MappingDraft):
    doubled = replace(items, pairs=[*items.pairs, replace(items.pairs[0], column="unit_price")])
    assert errors_of(doubled) == ['Glide column "Name" is mapped 2 times: keep one.']
    with pytest.raises(InvalidInput):
        mappings.save(EDITOR, doubled, activate=False)


def test_one_name_and_one_pair_of_tables_belong_to_one_mapping(items: MappingDraft):
    with pytest.raises(InvalidInput, match="already a mapping named"):
        mappings.save(EDITOR, replace(items, id=None, version=0, target="public.other"), activate=False)
    with pytest.raises(InvalidInput, match="already pairs"):
        mappings.save(EDITOR, replace(items, id=None, version=0, name="again", target="items"), activate=False)


def test_what_the_options_get_wrong_is_found(items: MappingDraft):
    timeless = [pair for pair in items.pairs if pair.kind != "date-time"]
    both = replace(items, direction="both", conflict_policy="newest", pairs=timeless, delete_grace=-1)
    found = {problem.message.split(":")[0]: problem.severity for problem in mappings.problems(VIEWER, both)}
    assert found["The delete grace is below 0 seconds"] == "error"
    assert found["The newest side is to win, and no date-time column is mapped to tell which it is"] == "error"
    assert found["No marker column is chosen"] == "warning"


def test_a_direction_that_nothing_would_heed_is_refused_rather_than_ignored(items: MappingDraft):
    turned = replace(items.pairs[1], direction="to_glide")
    [found] = errors_of(replace(items, pairs=[turned]))
    assert found.startswith(f'Glide column "{turned.glide_id}" has the direction to_glide, and the mapping goes')


def test_two_mappings_onto_one_table_warn_each_other(items: MappingDraft):
    other = replace(items, id=None, version=0, name="parts", glide_table="parts")
    [warning] = mappings.problems(VIEWER, other)
    assert (warning.severity, warning.message.split(":")[0]) == ("warning", "items also writes to public.items")


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"pairs": [ColumnPair("Name", "Item", "nowhere", "string")]},
        {"pairs": [ColumnPair("Name", "Item", "unit_price", "boolean")]},
        {"pairs": [ColumnPair("Name", "Item", "item", "colour")]},
        {"target": "public.gone"},
        {"direction": "sideways"},
    ],
)
def test_what_the_services_find_wrong_the_sql_function_finds_wrong(
    items: MappingDraft, change: dict[str, Any], ask: Any
):
    changed = replace(items, **change)
    asked = json.dumps(
        {
            "id": str(items.id), "connection_id": str(items.connection_id), "glide_table": changed.glide_table,
            "supabase_table": changed.target, "sync_direction": changed.direction,
            "column_mappings": shapes.column_mappings_of(changed.pairs),
        }
    )  # fmt: skip
    said = ask(f"select is_valid from gl_validate_mapping_data('{asked}'::jsonb, true)")
    assert all(valid for (valid,) in said) is (errors_of(changed) == [])


def test_the_preview_shows_rows_as_they_would_be_stored_and_marks_what_does_not_fit(items: MappingDraft):
    preview = mappings.preview(EDITOR, items)
    assert preview.columns == ("glide_row_id", *(pair.column for pair in items.pairs))
    assert preview.rows[0] == {
        "glide_row_id": "a", "item": "pen", "unit_price": "1.5", "bought_on": "2026-01-02T03:04:05Z",
    }  # fmt: skip
    [bad] = preview.bad
    assert (bad.row_id, bad.column, bad.value) == ("b", "unit_price", "a lot")


def test_the_preview_needs_no_table_yet(draft: MappingDraft):
    assert mappings.preview(EDITOR, draft).rows[0]["unit_price"] == "1.5"


def test_columns_are_suggested_for_the_target(items: MappingDraft, ops: ConnectionRow):
    columns = connections.glide_columns(VIEWER, ops.id, "items")
    found = {s.glide_id: (s.column, s.kind) for s in mappings.suggest(VIEWER, columns, "public.items")}
    assert found == {"Name": ("item", "string"), "pr1ce": ("unit_price", "number"), "b0ght": ("bought_on", "date-time")}


def test_a_copy_is_a_draft_that_is_switched_off_and_writes_elsewhere(items: MappingDraft):
    copy = mappings.duplicate(EDITOR, items.id, "items again")
    assert (copy.name, copy.enabled, copy.target) == ("items again", False, "public.items_copy")
    assert mappings.row(VIEWER, copy.id).status == "draft"
    assert mappings.duplicate(EDITOR, items.id, "third").target == "public.items_copy2"


def test_a_mapping_is_switched_off_and_on(items: MappingDraft):
    assert mappings.set_enabled(EDITOR, items.id, False).enabled is False
    assert mappings.set_enabled(EDITOR, items.id, True).enabled is True


def test_removing_a_mapping_keeps_the_rows_and_asks_for_its_name(items: MappingDraft, ask: Any):
    ask("insert into items (glide_row_id, item) values ('a', 'pen')")
    with pytest.raises(InvalidInput, match="not the name"):
        mappings.remove(ADMIN, items.id, "item")
    mappings.remove(ADMIN, items.id, "items")
    assert mappings.listing(VIEWER) == []
    assert ask("select item from items") == [("pen",)]


def test_a_mapping_is_not_removed_under_a_run(items: MappingDraft, ask: Any):
    ask(
        "insert into gl_sync_logs (mapping_id, status, heartbeat_at) "
        f"values ('{items.id}', 'processing', now()) returning id"
    )
    with pytest.raises(AlreadyRunning):
        mappings.remove(ADMIN, items.id, "items")


def test_mappings_are_found_by_name_table_and_connection(items: MappingDraft):
    for search in ("ITEM", "ops", "public.items", "%"):
        expected = 0 if search == "%" else 1
        assert len(mappings.listing(VIEWER, search=search)) == mappings.count(VIEWER, search) == expected
    [row] = mappings.listing(VIEWER)
    assert (row.target, row.current_status, row.open_errors) == ("public.items", None, 0)


def test_the_history_tells_who_changed_what(items: MappingDraft):
    mappings.save(EDITOR, replace(items, delete_grace=5), activate=True)
    saved, added = mappings.history(VIEWER, items.id)
    assert (saved.actor, saved.action, saved.before, saved.after) == (
        "editor", "saved", {"delete_grace": 60}, {"delete_grace": 5},
    )  # fmt: skip
    assert (added.action, added.before) == ("added", None)


def test_each_role_stops_where_its_rights_end(items: MappingDraft):
    with pytest.raises(Forbidden):
        mappings.save(OPERATOR, items, activate=True)
    with pytest.raises(Forbidden):
        mappings.create_table(OPERATOR, items)
    with pytest.raises(Forbidden):
        mappings.set_enabled(VIEWER, items.id, False)
    with pytest.raises(Forbidden):
        mappings.remove(EDITOR, items.id, "items")


def test_nobody_sees_or_saves_a_mapping_of_another_workspace(items: MappingDraft, ask: Any):
    [(other,)] = ask("insert into glsync.workspaces (name) values ('other') returning id")
    stranger = Actor("stranger", "admin", UUID(str(other)))
    assert mappings.listing(stranger) == []
    for act in (
        lambda: mappings.get(stranger, items.id),
        lambda: mappings.save(stranger, items, activate=True),
        lambda: mappings.save(stranger, replace(items, id=None), activate=True),
        lambda: mappings.remove(stranger, items.id, "items"),
    ):
        with pytest.raises(NotFound):
            act()
