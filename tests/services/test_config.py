"""Configuration as code: applied, applied again, told beforehand, refused with every problem, exported."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import yaml

from glsync.errors import ConfigError, DatabaseUnavailable, Forbidden
from glsync.services import config, connections, mappings, runs
from glsync.services.access import Actor
from glsync.services.form import key_references
from glsync.standin import StandIn

from .conftest import ADMIN, EDITOR, OPERATOR, TOKEN, VIEWER

FILE = """\
connections:
  - name: ops
    app_id: ops1
    api_key: env:GLIDE_TOKEN
    settings: {{classic_url: "{classic_url}", rest_url: "{rest_url}", bigtables_url: "{bigtables_url}"}}
mappings:
  - name: items
    connection: ops
    glide_table: items
    glide_table_display_name: Items
    supabase_table: public.items
    create_table: true
    sync_direction: to_supabase
    deletes: mark
    delete_grace: 60
    conflict_policy: ask
    column_mappings:
      $rowID: {{glide_column_name: $rowID, supabase_column_name: glide_row_id, data_type: string}}
      Name:   {{glide_column_name: Item, supabase_column_name: item, data_type: text}}
      pr1ce:  {{glide_column_name: Unit price, supabase_column_name: unit_price, data_type: decimal, policy: glide}}
"""

OPS, ITEMS = "ops.yaml › connections › ops", "ops.yaml › mappings › items"


@pytest.fixture
def file(addresses: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with one connection and one mapping, and the key in the environment."""
    monkeypatch.setenv("GLIDE_TOKEN", TOKEN)
    path = tmp_path / "ops.yaml"
    path.write_text(FILE.format(**addresses))
    return path


def changed(file: Path, *changes: tuple[str, str]) -> Path:
    text = file.read_text()
    for was, now in changes:
        assert was in text
        text = text.replace(was, now)
    file.write_text(text)
    return file


def refusal(file: Path) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        config.apply(ADMIN, file)
    return str(caught.value).splitlines()


def test_a_file_is_made_true_and_then_there_is_nothing_to_change(file: Path):
    assert config.apply(EDITOR, file) == [
        "connection ops: added",
        "table public.items: created",
        "mapping items: added",
    ]
    assert config.apply(EDITOR, file) == []
    draft = mappings.find(VIEWER, "items")
    assert {pair.glide_id: pair.kind for pair in draft.pairs} == {"Name": "string", "pr1ce": "number"}
    assert (draft.deletes, mappings.row(VIEWER, draft.id).status) == ("mark", "active")
    assert connections.opened(ADMIN, draft.connection_id).token == TOKEN


def test_what_was_applied_can_run(file: Path):
    config.apply(EDITOR, file)
    assert runs.sync(OPERATOR, "items", inline=True).counts.created == 1


def test_a_dry_run_tells_the_changes_and_makes_none(file: Path, ask: Any):
    told = config.apply(EDITOR, file, dry_run=True)
    assert ask("select to_regclass('public.items')") == [(None,)]
    assert (connections.listing(VIEWER), mappings.listing(VIEWER)) == ([], [])
    assert ask("select count(*) from glsync.audit") == [(0,)]
    assert config.apply(EDITOR, file) == told


def test_each_difference_is_told_in_words(file: Path):
    config.apply(EDITOR, file)
    changes = config.apply(
        EDITOR,
        changed(
            file,
            ("app_id: ops1", "app_id: ops2"),
            ("delete_grace: 60", "delete_grace: 5"),
            ("      Name: ", "      n0te: "),
            ("supabase_column_name: item,", "supabase_column_name: note,"),
            (", policy: glide", ""),
            ("    conflict_policy: ask", "    enabled: false"),
        ),
    )
    assert changes == [
        "connection ops: app_id from ops1 to ops2",
        "table public.items: column note added",
        "mapping items: delete_grace from 60 to 5",
        "mapping items: enabled from true to false",
        "mapping items: column Name no longer mapped",
        "mapping items: column n0te mapped to note",
        "mapping items: column pr1ce: policy from glide to nothing",
    ]
    assert config.apply(EDITOR, file) == []


def test_the_token_is_sealed_anew_only_when_it_changed(file: Path, monkeypatch: pytest.MonkeyPatch, ask: Any):
    config.apply(ADMIN, file)
    sealed = ask("select api_key from gl_connections")
    config.apply(ADMIN, file)
    assert ask("select api_key from gl_connections") == sealed
    monkeypatch.setenv("GLIDE_TOKEN", "another-token-5678")
    assert config.apply(ADMIN, file) == ["connection ops: API key replaced"]
    assert ask("select api_key from gl_connections") != sealed


def test_an_editor_does_not_replace_a_token(file: Path, monkeypatch: pytest.MonkeyPatch):
    config.apply(EDITOR, file)
    monkeypatch.setenv("GLIDE_TOKEN", "another-token-5678")
    with pytest.raises(ConfigError, match="may not replace an API token"):
        config.apply(EDITOR, file)


def test_a_key_may_stand_in_a_file_beside_it(file: Path, tmp_path: Path):
    (tmp_path / "glide.key").write_text(f"{TOKEN}\n")
    config.apply(EDITOR, changed(file, ("env:GLIDE_TOKEN", "file:glide.key")))
    assert connections.opened(ADMIN, connections.find(VIEWER, "ops").id).token == TOKEN


def test_a_key_in_clear_is_taken_with_a_warning_that_leaves_it_out(file: Path, capfd: pytest.CaptureFixture[str]):
    config.apply(EDITOR, changed(file, ("env:GLIDE_TOKEN", TOKEN)))
    said = "".join(capfd.readouterr())
    assert "stands in clear" in said
    assert TOKEN not in said


@pytest.mark.parametrize(
    ("was", "now", "said"),
    [
        (
            "sync_direction: to",
            "sync_directon: to",
            f"line 13, {ITEMS} › sync_directon: unknown key; did you mean sync_",
        ),
        (
            "sync_direction: to_",
            "sync_direction: t_",
            f"line 13, {ITEMS} › sync_direction: 't_supabase' is not one of to",
        ),
        ("deletes: mark", "deletes: [mark]", f"line 14, {ITEMS} › deletes: a single value is expected here"),
        ("delete_grace: 60", "delete_grace: soon", f"line 15, {ITEMS} › delete_grace: 'soon' is not a whole number"),
        ("create_table: true", "create_table: so", f"line 12, {ITEMS} › create_table: 'so' is neither true nor false"),
        (
            "data_type: text",
            "data_type: hue",
            f"line 19, {ITEMS} › column_mappings › Name › data_type: 'hue' is not one",
        ),
        ("    glide_table: items\n", "", f"line 7, {ITEMS}: glide_table is missing"),
        ("      $rowID:", "      rowID:", f"line 17, {ITEMS} › column_mappings: $rowID is missing"),
        ("public.items", "a.b.c", f"line 11, {ITEMS} › supabase_table: 'a.b.c' is not the name of a table"),
        ("public.items", "public.gl_connections", f"line 7, {ITEMS}: public.gl_connections"),
        ("connection: ops", "connection: opps", f"line 7, {ITEMS}: there is no connection opps"),
        ("env:GLIDE_TOKEN", "env:UNSET", f"line 2, {OPS}: The environment variable UNSET holds no API key"),
        ("env:GLIDE_TOKEN", "file:nowhere", f"line 2, {OPS}: The file"),
        ("app_id: ops1", "app_id: ops1\n    name: ops", f"line 4, {OPS}: name is given twice"),
        ("mappings:", "mapings:", "line 6, ops.yaml › mapings: unknown key; did you mean mappings?"),
        ("classic_url", "clasic_url", "clasic_url: unknown key; did you mean classic_url?"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(file: Path, was: str, now: str, said: str):
    assert said in "\n".join(refusal(changed(file, (was, now))))


def test_what_is_left_empty_is_as_if_left_out(file: Path):
    config.apply(EDITOR, changed(file, ("deletes: mark", "deletes:")))
    assert mappings.find(VIEWER, "items").deletes == "keep"


def test_every_problem_is_named_at_once_and_nothing_is_done(file: Path, ask: Any):
    changed(
        file,
        ("env:GLIDE_TOKEN", "env:UNSET"),
        ("delete_grace: 60", "delete_grace: -1"),
        ("deletes: mark", "deletes: maybe"),
        ("data_type: text", "data_type: hue"),
    )
    text = file.read_text()
    sound = text[text.index("  - name: items") :].replace("-1", "1").replace("maybe", "mark").replace("hue", "text")
    sound = sound.replace("name: items", "name: parts").replace("public.items", "public.parts")
    file.write_text(text + sound.replace("connection: ops", "connection: opps"))
    assert [line.split(",")[0] for line in refusal(file)] == ["line 2", "line 14", "line 15", "line 19", "line 21"]
    assert (connections.listing(VIEWER), ask("select count(*) from glsync.audit")) == ([], [(0,)])
    assert ask("select to_regclass('public.parts')") == [(None,)]


def test_every_mistake_of_a_connection_is_named_and_those_of_its_mappings_too(file: Path, ask: Any):
    text = file.read_text()
    settings = text[text.index("settings: {") : text.index("mappings:")]
    changed(
        file,
        ("env:GLIDE_TOKEN", "env:UNSET"),
        (
            settings,
            "settings:\n      rest_url: http://10.0.0.1\n      timezone: Mars\n      timeout: soon\n      x: y\n",
        ),
        ("    create_table: true\n", ""),
    )
    said = refusal(file)
    assert [line.split(",")[0] for line in said] == ["line 2", "line 6", "line 7", "line 8", "line 9", "line 11"]
    assert said[0] == f"line 2, {OPS}: The environment variable UNSET holds no API key"
    assert said[2] == f"line 7, {OPS} › settings › timezone: 'Mars' is not a time zone"
    assert "There is no table public.items" in said[5]
    assert ask("select count(*) from gl_connections") == [(0,)]


def test_a_missing_table_is_a_problem_unless_it_is_to_be_created(file: Path):
    assert refusal(changed(file, ("    create_table: true\n", ""))) == [
        f"line 7, {ITEMS}: There is no table public.items: create it, or choose one of the list."
    ]


def test_problems_of_the_live_table_stand_at_the_line_of_their_column(file: Path):
    config.apply(EDITOR, file)
    changed(file, ("    create_table: true\n", ""), ("column_name: unit_price", "column_name: price"))
    assert refusal(file) == [
        f'line 19, {ITEMS} › column_mappings › pr1ce: Column "price" of public.items does not exist: '
        'add it or choose another one for Glide column "pr1ce".'
    ]


@pytest.mark.parametrize(
    "text", ["", "just words", "[1, 2]", "connections: {a: b}", "a: [", "\x00", "mappings: [1]", "? [a]\n: b"]
)
def test_what_is_no_configuration_at_all_is_refused_in_words(file: Path, text: str):
    file.write_text(text)
    assert refusal(file)


def test_a_file_that_is_not_there_is_named(items: Any):
    with pytest.raises(ConfigError, match="cannot be read"):
        config.apply(ADMIN, "/nowhere/at/all.yaml")


def test_two_mappings_of_one_name_are_told_apart_by_line(file: Path):
    text = file.read_text()
    file.write_text(text + text[text.index("  - name: items") :])
    assert refusal(file) == ["line 21, ops.yaml › mappings › items: the name items is already used on line 7"]


def test_the_schema_may_be_left_out_and_is_no_difference(file: Path, ask: Any):
    config.apply(EDITOR, file)
    assert config.apply(EDITOR, changed(file, ("public.items", "items"))) == []
    assert ask("select supabase_table from gl_mappings") == [("public.items",)]


def test_an_export_applied_again_changes_nothing_and_holds_no_key(file: Path, monkeypatch: pytest.MonkeyPatch):
    config.apply(EDITOR, file)
    text = config.export(VIEWER)
    assert TOKEN not in text
    assert yaml.safe_load(text)["connections"][0]["api_key"] == "env:GLIDE_TOKEN_OPS"
    monkeypatch.setenv("GLIDE_TOKEN_OPS", TOKEN)
    exported = file.with_name("exported.yaml")
    exported.write_text(text)
    assert config.apply(EDITOR, exported) == []
    assert config.export(VIEWER) == text


def test_an_export_makes_an_empty_workspace_the_same(file: Path, monkeypatch: pytest.MonkeyPatch, ask: Any):
    config.apply(EDITOR, file)
    text = config.export(VIEWER)
    mappings.remove(ADMIN, mappings.find(VIEWER, "items").id, "items")
    connections.remove(ADMIN, connections.find(VIEWER, "ops").id, "ops")
    ask("drop table items")
    monkeypatch.setenv("GLIDE_TOKEN_OPS", TOKEN)
    exported = file.with_name("exported.yaml")
    exported.write_text(text)
    assert len(config.apply(EDITOR, exported)) == 3
    assert config.export(VIEWER) == text


def test_keys_of_names_that_look_alike_are_told_apart():
    assert list(key_references(["a b", "a-b", "é", "1"]).values()) == [
        "env:GLIDE_TOKEN_A_B", "env:GLIDE_TOKEN_A_B_2", "env:GLIDE_TOKEN_CONNECTION", "env:GLIDE_TOKEN_1",
    ]  # fmt: skip


def test_what_the_file_does_not_name_stays(file: Path, glide: StandIn, items: Any):
    config.apply(EDITOR, changed(file, ("name: items", "name: other"), ("public.items", "public.others")))
    assert [row.name for row in mappings.listing(VIEWER)] == ["items", "other"]


def test_an_operator_applies_nothing(file: Path):
    with pytest.raises(Forbidden):
        config.apply(OPERATOR, file)


def test_each_workspace_exports_its_own(file: Path, ask: Any):
    config.apply(EDITOR, file)
    [(other,)] = ask("insert into glsync.workspaces (name) values ('other') returning id")
    stranger = Actor("stranger", "admin", UUID(str(other)))
    assert yaml.safe_load(config.export(stranger)) == {"connections": [], "mappings": []}


def test_the_app_of_a_connection_gets_its_name_from_the_first_run(file: Path, glide: StandIn):
    config.apply(EDITOR, file)
    assert [row.app_name for row in connections.listing(VIEWER)] == [None]
    runs.run_here(EDITOR, mappings.find(VIEWER, "items").id)
    assert [row.app_name for row in connections.listing(VIEWER)] == ["Ops"]
    asked = [call for call in glide.calls() if call["path"].endswith("/apps")]
    assert len(asked) == 1
    runs.run_here(EDITOR, mappings.find(VIEWER, "items").id)
    assert [call for call in glide.calls() if call["path"].endswith("/apps")] == asked  # never again


def test_what_the_database_refuses_is_named_at_its_place_beside_all_else_that_is_wrong(file, ask):
    ask("create domain public.items as text")
    text = file.read_text()
    second = text[text.index("  - name: items") :].replace("name: items", "name: more", 1)
    file.write_text(text + second.replace("sync_direction: to_supabase", "sync_direction: sideways"))
    with pytest.raises(ConfigError) as caught:
        config.apply(EDITOR, file)
    said = str(caught.value)
    assert f'{ITEMS}: The database says: type "items" already exists' in said
    assert "ops.yaml › mappings › more › sync_direction" in said


@pytest.mark.parametrize("table", ["gl_connections", "gl_mappings"])
def test_a_database_that_goes_away_under_way_is_told_as_that_and_nothing_is_kept(file, ask, table):
    ask("create function go() returns trigger language plpgsql security definer as "
        "$$begin perform pg_terminate_backend(pg_backend_pid()); return new; end$$")  # fmt: skip
    ask(f"create trigger go before insert on {table} for each row execute function go()")
    with pytest.raises(DatabaseUnavailable):
        config.apply(EDITOR, file)
    assert ask("select from gl_connections") == []
