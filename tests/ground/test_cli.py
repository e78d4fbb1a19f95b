"""The command line: its commands, its exit codes, results on stdout and everything else on stderr."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psycopg2
import pytest
import requests

from glsync.embedded import Embedded
from glsync.standin import StandIn
from glsync.store import db
from glsync.values import Counts
from tests.ground.conftest import ROOT

COMMANDS = (
    "up", "down", "worker", "migrate", "database-url", "doctor", "standin", "demo", "apply", "export", "sync", "plan",
    "status",
)  # fmt: skip
TOKEN = "a-token-of-the-stand-in"
FIXTURE = {
    "apps": [
        {
            "id": "app1",
            "name": "Ops",
            "tokens": [TOKEN],
            "tables": [
                {
                    "id": "native-table-items",
                    "name": "Items",
                    "kind": "glide",
                    "columns": [{"id": "Name", "name": "Item", "type": "string"}],
                    "rows": [{"$rowID": "r1", "Name": "pen"}, {"$rowID": "r2", "Name": "ink"}],
                }
            ],
        }
    ]
}


@pytest.fixture
def env(folder: Path, database_url: str) -> dict[str, str]:
    plain = {name: value for name, value in os.environ.items() if not name.startswith("GLSYNC_")}
    return plain | {"GLSYNC_HOME": str(folder), "GLSYNC_DATABASE_URL": database_url, "GLIDE_TOKEN": TOKEN}


def glsync(env: dict[str, str], *words: object, code: int = 0) -> subprocess.CompletedProcess[str]:
    """One call of the command line, which has to end with this exit code."""
    done = subprocess.run(
        [sys.executable, "-m", "glsync", *map(str, words)],
        cwd=ROOT, env=env, capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert done.returncode == code, done.stdout + done.stderr
    return done


def test_help_names_every_command(env: dict[str, str]) -> None:
    said = glsync(env, "--help").stdout
    assert [word for word in COMMANDS if word not in said] == []


@pytest.mark.parametrize(
    "words", [["nothing"], ["sync", "--approve", "x"], ["apply", "/no/such/file.yaml"], ["up", "--port", "0"]]
)
def test_wrong_use_ends_with_2(env: dict[str, str], words: list[str]) -> None:
    assert glsync(env, *words, code=2).stdout == ""


def test_an_error_is_one_line_and_what_to_do_on_stderr(env: dict[str, str]) -> None:
    done = glsync(env | {"GLSYNC_DATABASE_URL": "postgresql://me:verysecret@127.0.0.1:1/db"}, "status", code=1)
    first, second = done.stderr.splitlines()
    assert first.startswith("Error: The database does not answer")
    assert "database is up" in second
    assert "verysecret" not in done.stderr
    assert done.stdout == ""


def test_with_json_an_error_is_a_line_of_json_too(env: dict[str, str]) -> None:
    done = glsync(env, "sync", "nothing like that", "--json", code=1)
    said = json.loads(done.stdout)
    assert (said["status"], said["error"]["type"]) == ("failed", "NOT_FOUND")
    assert said["error"]["hint"]


def test_every_wrong_setting_is_named_before_anything_starts(env: dict[str, str]) -> None:
    done = glsync(env | {"GLSYNC_PORT": "lots", "GLSYNC_CONCURRENCY": "0"}, "up", code=1)
    assert "GLSYNC_PORT" in done.stderr
    assert "GLSYNC_CONCURRENCY" in done.stderr


def test_migrate_says_what_it_applied_and_then_nothing(env: dict[str, str], empty_database_url: str) -> None:
    env = env | {"GLSYNC_DATABASE_URL": empty_database_url}
    assert "Applied 0001_workspaces" in glsync(env, "migrate").stdout
    assert glsync(env, "migrate").stdout == "Up to date.\n"
    assert "domain_starter" in glsync(env, "migrate", "--domain-starter").stdout


def test_a_database_without_our_schema_is_told_to_migrate(env: dict[str, str], empty_database_url: str) -> None:
    done = glsync(env | {"GLSYNC_DATABASE_URL": empty_database_url}, "status", code=1)
    assert "python -m glsync migrate" in done.stderr


def test_the_url_of_the_embedded_database_opens_a_database_with_our_tables(folder: Path, env: dict[str, str]) -> None:
    del env["GLSYNC_DATABASE_URL"]
    url = glsync(env, "database-url").stdout.strip()
    connection = psycopg2.connect(url)
    with connection, connection.cursor() as cursor:
        cursor.execute("select count(*) from gl_mappings")
        assert cursor.fetchone() == (0,)
    connection.close()
    assert glsync(env, "down").stdout == "Stopped.\n"
    assert not Embedded(folder).running()


CONFIGURATION = """
connections:
  - name: ops
    app_id: app1
    api_key: env:GLIDE_TOKEN
    settings: {{classic_url: {glide}/api/function, rest_url: {glide}/api, bigtables_url: {glide}}}
mappings:
  - name: items
    connection: ops
    glide_table: native-table-items
    glide_table_display_name: Items
    supabase_table: public.items
    create_table: true
    sync_direction: to_supabase
    column_mappings:
      $rowID: {{glide_column_name: $rowID, supabase_column_name: glide_row_id, data_type: string}}
      Name: {{glide_column_name: Item, supabase_column_name: item, data_type: string}}
"""


def test_a_file_is_applied_planned_synced_and_exported(folder: Path, env: dict[str, str], database_url: str) -> None:
    with StandIn(fixture=FIXTURE) as glide:
        env = env | {"GLSYNC_ALLOWED_GLIDE_HOSTS": f"127.0.0.1:{glide.port}"}
        file = folder / "sync.yaml"
        file.write_text(CONFIGURATION.format(glide=glide.url))

        would = glsync(env, "apply", file, "--dry-run").stdout
        assert "mapping items: added" in would
        assert json.loads(glsync(env, "status", "--json").stdout)["mappings"] == []
        assert glsync(env, "apply", file).stdout == would
        assert glsync(env, "apply", file).stdout == "Nothing to change.\n"

        plan = json.loads(glsync(env, "plan", "items", "--json").stdout)
        assert plan["postgres"] == {"create": 2, "update": 0, "delete": 0}

        done = glsync(env, "sync", "items", "--json", "--inline")
        assert len(done.stdout.splitlines()) == 1
        run = json.loads(done.stdout)
        assert (run["status"], run["created"], run["records_processed"], run["waiting"]) == ("completed", 2, 2, [])
        assert {"log_id", "price", "seconds", *Counts.__slots__} <= run.keys()
        assert "completed" in glsync(env, "sync", "items", "--inline").stdout
        assert "items" in glsync(env, "status").stdout

        exported = glsync(env, "export").stdout
        assert TOKEN not in exported
        again = folder / "again.yaml"
        again.write_text(exported)
        env["GLIDE_TOKEN_OPS"] = TOKEN
        assert glsync(env, "apply", again).stdout == "Nothing to change.\n"
    with db.connect("test", url=database_url) as connection, connection.cursor() as cursor:
        cursor.execute("select item from public.items order by item")
        assert cursor.fetchall() == [("ink",), ("pen",)]


def test_a_run_that_held_rows_back_ends_with_3_and_one_that_failed_with_1(folder: Path, env: dict[str, str]) -> None:
    with StandIn(fixture=FIXTURE) as glide:
        env = env | {"GLSYNC_ALLOWED_GLIDE_HOSTS": f"127.0.0.1:{glide.port}"}
        file = folder / "sync.yaml"
        text = CONFIGURATION.format(glide=glide.url).replace(
            "column_name: item, data_type: string", "column_name: item, data_type: number"
        )
        file.write_text(text)
        glsync(env, "apply", file)
        held = json.loads(glsync(env, "sync", "items", "--json", "--inline", code=3).stdout)
        assert (held["status"], held["failed"]) == ("completed_with_errors", 2)
        glide.drop("Items")
        failed = json.loads(glsync(env, "sync", "items", "--json", "--inline", code=1).stdout)
        assert failed["status"] == "failed"
        assert "does not know table" in failed["message"]
        assert "Pick the table again" in failed["hint"]


def test_a_worker_stops_by_itself_when_asked(env: dict[str, str]) -> None:
    worker = subprocess.Popen([sys.executable, "-m", "glsync", "worker"], cwd=ROOT, env=env)
    try:
        while "sign of life" not in glsync(env, "doctor").stdout:
            assert worker.poll() is None
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(60) == 0
    finally:
        worker.kill()
        worker.wait()


def test_the_stand_in_answers_at_its_port_until_it_is_stopped(folder: Path, env: dict[str, str]) -> None:
    file = folder / "fixture.json"
    file.write_text(json.dumps(FIXTURE))
    command = [sys.executable, "-m", "glsync", "standin", "--fixture", str(file), "--port", "0"]
    standin = subprocess.Popen(command, cwd=ROOT, env=env, stderr=subprocess.PIPE, text=True)
    assert standin.stderr is not None
    url = json.loads(standin.stderr.readline())["url"]
    assert requests.get(f"{url}/_standin", timeout=10).json()["apps"][0]["name"] == "Ops"
    standin.terminate()
    standin.communicate(timeout=60)


def test_a_stand_in_with_a_broken_fixture_is_wrong_use(folder: Path, env: dict[str, str]) -> None:
    (folder / "fixture.json").write_text("{")
    assert "Error:" in glsync(env, "standin", "--fixture", folder / "fixture.json", code=2).stderr


def test_the_demo_can_only_be_changed_where_one_runs(env: dict[str, str]) -> None:
    assert "up --demo" in glsync(env, "demo", "reset", code=1).stderr


def test_the_doctor_finds_a_sound_installation_well(env: dict[str, str]) -> None:
    said = glsync(env, "doctor").stdout
    for name in ("python", "home", "database", "schema", "writing", "notices", "secret key", "web app"):
        assert f"ok   {name}" in said
    assert "warn worker" in said
    assert "warn glide" in said or "ok   glide" in said


def test_the_doctor_says_what_to_do_and_ends_with_1(env: dict[str, str], empty_database_url: str) -> None:
    away = glsync(env | {"GLSYNC_DATABASE_URL": "postgresql://me@127.0.0.1:1/db"}, "doctor", code=1).stdout
    assert "fail database" in away
    bare = glsync(env | {"GLSYNC_DATABASE_URL": empty_database_url, "GLSYNC_DATABSE_URL": "x"}, "doctor", code=1).stdout
    assert "fail schema" in bare
    assert "Run python -m glsync migrate." in bare
    assert "Did you mean GLSYNC_DATABASE_URL?" in bare


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_pages_are_not_opened_to_others_without_a_sign_in(env: dict[str, str], host: str) -> None:
    refused = glsync(env, "up", "--no-demo", "--host", host, code=1)
    assert f"No sign-in is set up, and the web app would listen on {host}" in refused.stderr
    assert "docs/security.md" in refused.stderr
    assert "fail settings" in glsync(env | {"GLSYNC_HOST": host}, "doctor", code=1).stdout


def test_people_are_invited_into_a_workspace_of_their_own(env: dict[str, str]) -> None:
    assert "Sales is there." in glsync(env, "workspace", "add", "Sales").stdout
    assert glsync(env, "workspace", "list").stdout.split() == ["Default", "Sales"]
    words = ("member", "invite", "Ada@example.com", "--role", "admin", "--workspace", "Sales")
    assert "ada@example.com may come in as admin until" in glsync(env, *words).stdout
    assert "ada@example.com" in glsync(env, "member", "list", "--workspace", "Sales").stdout
    assert glsync(env, "member", "list").stdout == ""
    assert "'boss' is not a role" in glsync(env, "member", "invite", "a@b.example", "--role", "boss", code=1).stderr
    assert "There is no workspace" in glsync(env, "member", "list", "--workspace", "Nowhere", code=1).stderr


def test_the_secret_key_is_changed_by_a_command_and_the_audit_trail_knows(env: dict[str, str], folder: Path) -> None:
    (folder / "secret.key").write_text("ab" * 32)
    said = glsync(env, "rotate-key")
    assert "The new key is in secret.key" in said.stderr
    assert (folder / "secret.key").read_text() != "ab" * 32
    with db.connect("test", url=env["GLSYNC_DATABASE_URL"]) as connection, connection.cursor() as cursor:
        cursor.execute("select count(*) from glsync.audit where subject_type = 'secret key' or action ~ 'key|rotat'")
        assert cursor.fetchone() == (1,)


def test_a_worker_begins_no_run_on_tables_that_are_older_than_the_program(env: dict[str, str]) -> None:
    with db.connect("test", url=env["GLSYNC_DATABASE_URL"]) as connection, connection.cursor() as cursor:
        cursor.execute("delete from glsync.schema_migration where version = (select max(version) from "
                       "glsync.schema_migration where version ~ '^[0-9]')")  # fmt: skip
    said = glsync(env, "worker", code=1).stderr
    assert "lacks what this version needs" in said
    assert "python -m glsync migrate" in said
