"""The keys that protect secrets at rest: changed under way, kept in Supabase Vault, and useless in the wrong hands."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest
from typer.testing import CliRunner

from glsync.__main__ import app
from glsync.config import settings
from glsync.errors import ConfigError, Forbidden
from glsync.redaction import redacted
from glsync.services import connections, hooks, keys, mappings, subscriptions
from glsync.services.access import LOCAL, Actor
from glsync.services.connections import ConnectionDraft
from glsync.services.mappings import MappingDraft
from glsync.store import db, masterkey, secrets
from glsync.values import ColumnPair
from tests.conftest import run_sql

TOKEN = "glide-token-b1946ac92492d234"
WORKSPACE = UUID("00000000-0000-0000-0000-000000000001")
VAULT = Path(__file__).with_name("vault.sql").read_text()


def a_key() -> str:
    return base64.b64encode(os.urandom(32)).decode()


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Choose settings for this test."""

    def choose(**values: str | None) -> None:
        for name, value in values.items():
            monkeypatch.setenv(f"GLSYNC_{name.upper()}", value or "")
        settings.cache_clear()

    return choose


@pytest.fixture
def stored(database: str, use: Callable[..., None]) -> UUID:
    """A connection whose token is sealed, under the key of the file."""
    use(allowed_glide_hosts="127.0.0.1:9")
    return connections.add(LOCAL, ConnectionDraft("ops", "ops1", TOKEN, {"classic_url": "http://127.0.0.1:9"})).id


@pytest.fixture
def read(database: str) -> Callable[[UUID], str]:
    """The token of a connection as a run gets it."""

    def token(connection_id: UUID) -> str:
        [(sealed,)] = run_sql(database, f"select api_key from gl_connections where id = '{connection_id}'")
        with db.connect("test") as connection:
            return secrets.decrypt(connection, WORKSPACE, connection_id, "api_key", sealed)

    return token


def key_file() -> Path:
    return settings().home / masterkey.FILE


def wrapped_with(database: str) -> str:
    """The id of the master key that every data key is wrapped with."""
    [(found,)] = run_sql(database, "select distinct split_part(wrapped_key, ':', 3) from glsync.data_keys")
    return found


class TestChanging:
    def test_a_new_master_key_takes_over_and_the_old_one_is_of_no_use_any_more(self, database, stored, read):
        old = key_file().read_text()
        assert keys.rotate(LOCAL) == keys.Rotated("file", 1, None)
        assert read(stored) == TOKEN
        assert key_file().stat().st_mode & 0o777 == 0o600
        key_file().write_text(old)
        with pytest.raises(ConfigError, match="another secret key"):
            read(stored)

    @pytest.mark.parametrize(
        "dies", ["masterkey.next_file", "rotation._rewrap", "masterkey.take_next_file"], ids=lambda name: name[-15:]
    )
    @pytest.mark.parametrize("when", ["before", "after"])
    def test_killed_anywhere_everything_stays_readable_and_the_next_change_carries_it_through(
        self, database, stored, read, dies, when
    ):
        killed = subprocess.run([sys.executable, "-c", KILLED, dies, when], check=False, cwd=Path(__file__).parents[2])
        assert killed.returncode == 9
        assert read(stored) == TOKEN
        assert new_workspace_reads_back(database)
        keys.rotate(LOCAL)
        assert sorted(path.name for path in settings().home.iterdir() if "lock" not in path.name) == [masterkey.FILE]
        assert read(stored) == TOKEN
        assert wrapped_with(database) == masterkey.id_of(masterkey.from_files()[0])

    def test_an_operators_keys_are_both_good_until_the_change_is_done(self, database, stored, read, use):
        old, new = base64.b64encode(masterkey.from_files()[0]).decode(), a_key()
        use(secret_key=old)
        with pytest.raises(ConfigError, match="GLSYNC_NEXT_SECRET_KEY is not set"):
            keys.rotate(LOCAL)
        use(next_secret_key=new)
        assert read(stored) == TOKEN
        assert keys.rotate(LOCAL) == keys.Rotated("setting", 1, None)
        assert read(stored) == TOKEN
        assert new_workspace_reads_back(database)
        use(secret_key=new, next_secret_key=None)
        assert read(stored) == TOKEN
        with db.connect("test") as connection:
            assert secrets.readable(connection) == 2

    def test_new_data_keys_seal_every_secret_anew_and_what_the_old_ones_sealed_is_still_read(
        self, database, stored, read, use
    ):
        use(webhook_hosts="127.0.0.1:9")
        with db.connect("test") as connection:
            earlier = secrets.encrypt(connection, WORKSPACE, stored, "api_key", "said-at-the-same-moment")
        mapping = mappings.save(
            LOCAL,
            MappingDraft(
                name="m", connection_id=stored, glide_table="t", glide_table_name="T", target="public.t",
                pairs=[ColumnPair("Name", "Name", "name", "string")],
            ),
            activate=False,
        )  # fmt: skip
        hooks.create(LOCAL, mapping.id, "h", signed=True)
        subscriptions.add(LOCAL, "http://127.0.0.1:9/")
        assert keys.rotate(LOCAL, data_keys=True) == keys.Rotated("file", 1, 3)
        sealed = run_sql(
            database, "select api_key from gl_connections union all select signing_keys ->> 0 from glsync.hooks"
            " union all select signing_keys ->> 0 from glsync.subscriptions",
        )  # fmt: skip
        assert {text.split(":")[2] for (text,) in sealed} == {"2"}
        assert read(stored) == TOKEN
        with db.connect("test") as connection:
            assert secrets.decrypt(connection, WORKSPACE, stored, "api_key", earlier) == "said-at-the-same-moment"

    def test_only_an_admin_changes_it_and_the_audit_trail_says_who_but_no_key(self, database, stored):
        with pytest.raises(Forbidden):
            keys.rotate(Actor("somebody", "editor"))
        keys.rotate(Actor("vera", "admin"))
        [(who, said)] = run_sql(database, "select actor, after::text from glsync.audit where action = 'rotated'")
        assert (who, key_file().read_text().strip() in said) == ("vera", False)

    def test_the_command_says_what_is_left_to_do_and_shows_no_key(self, database, stored):
        told = CliRunner().invoke(app, ["rotate-key", "--data-keys"])
        assert told.exit_code == 0, told.output
        assert "1 of the workspaces' keys" in told.output
        assert "renew the copies" in told.output
        assert key_file().read_text().strip() not in told.output


KILLED = """
import os, sys
from glsync.services import keys
from glsync.services.access import LOCAL
from glsync.store import masterkey, rotation
module, _, name = sys.argv[1].partition(".")
home = {"masterkey": masterkey, "rotation": rotation}[module]
real = getattr(home, name)

def dying(*given):
    if sys.argv[2] == "after":
        real(*given)
    os._exit(9)

setattr(home, name, dying)
keys.rotate(LOCAL)
"""


def new_workspace_reads_back(database: str) -> bool:
    """A workspace made at this moment gets a key that is good now and later."""
    [(made,)] = run_sql(database, "insert into glsync.workspaces (name) values (gen_random_uuid()::text) returning id")
    with db.connect("test") as connection:
        workspace = UUID(str(made))
        sealed = secrets.encrypt(connection, workspace, workspace, "api_key", TOKEN)
        return secrets.decrypt(connection, workspace, workspace, "api_key", sealed) == TOKEN


class TestVault:
    @pytest.fixture(autouse=True)
    def vault(self, database: str) -> None:
        run_sql(database, VAULT)

    def test_the_master_key_lives_in_vault_where_there_is_one_and_is_in_no_file(self, database, stored, read):
        assert read(stored) == TOKEN
        assert not key_file().exists()
        [(kept,)] = run_sql(database, "select decrypted_secret from vault.decrypted_secrets")
        assert wrapped_with(database) == masterkey.id_of(masterkey.parse_key(kept, "Vault"))

    def test_it_stands_in_no_statement_so_that_no_statement_log_holds_it(self, database, stored, read):
        for name in ("vault_make_key", "vault_renew_key"):
            text = (Path(__file__).parents[2] / "sql" / "queries" / f"{name}.sql").read_text()
            assert "gen_random_uuid()" in text
            assert text.count("%(") == 1  # the secret's name, and no secret

    def test_it_is_changed_in_one_transaction(self, database, stored, read):
        before = wrapped_with(database)
        assert keys.rotate(LOCAL) == keys.Rotated("vault", 1, None)
        assert wrapped_with(database) != before
        assert read(stored) == TOKEN

    def test_a_key_of_the_operator_or_a_file_that_was_there_before_wins(self, database, use, read):
        use(secret_key=a_key(), allowed_glide_hosts="127.0.0.1:9")
        draft = ConnectionDraft("ops", "ops1", TOKEN, {"classic_url": "http://127.0.0.1:9"})
        assert read(connections.add(LOCAL, draft).id) == TOKEN
        assert run_sql(database, "select * from vault.secrets") == []

    def test_a_role_that_may_not_use_vault_is_told_so(self, database, stored):
        with db.connect("test") as connection, connection.cursor() as cursor:
            cursor.execute("set local role glsync_worker")
            with pytest.raises(ConfigError, match="which this database role may not read"):
                masterkey.all_keys(cursor)

    def test_a_key_that_is_gone_from_vault_is_said_to_be_missing_and_not_made_again(self, database, stored, read):
        run_sql(database, "delete from vault.secrets")
        with pytest.raises(ConfigError, match="holds no secret named glsync_master_key"):
            read(stored)
        assert run_sql(database, "select * from vault.secrets") == []


class TestInTheWrongHands:
    def test_a_dump_of_the_database_holds_no_secret_and_no_key_that_opens_one(self, database, stored):
        tables = run_sql(
            database,
            "select table_schema || '.' || table_name from information_schema.tables"
            " where table_schema in ('public', 'glsync', 'glsync_queue') and table_type = 'BASE TABLE'",
        )
        dump = "".join(str(run_sql(database, f"select t::text from {table} as t")) for (table,) in tables)
        assert "glsync:v1:1:" in dump
        assert TOKEN not in dump
        assert key_file().read_text().strip() not in dump

    @pytest.mark.parametrize("column", ["workspace_id", "version"])
    def test_the_key_of_one_workspace_does_not_pass_for_that_of_another(self, database, stored, read, column):
        new_workspace_reads_back(database)
        run_sql(
            database,
            "update glsync.data_keys as k set wrapped_key = o.wrapped_key from glsync.data_keys as o"
            f" where k.workspace_id = '{WORKSPACE}' and o.workspace_id <> '{WORKSPACE}'"
            if column == "workspace_id" else "update glsync.data_keys set version = 2",
        )  # fmt: skip
        with pytest.raises(ConfigError, match=r"altered in the database|no key of version") as caught:
            read(stored)
        assert caught.value.hint

    def test_two_connections_whose_tokens_were_swapped_open_neither(self, database, stored, read):
        draft = ConnectionDraft("other", "ops2", "another-token-0123456789", {"classic_url": "http://127.0.0.1:9"})
        other = connections.add(LOCAL, draft).id
        run_sql(
            database,
            "update gl_connections as c set api_key = o.api_key from gl_connections as o where c.id <> o.id",
        )
        for one in (stored, other):
            with pytest.raises(ConfigError, match="belongs to another connection"):
                read(one)

    def test_every_key_that_was_used_stays_out_of_the_logs(self, database, stored, read):
        read(stored)
        for secret in (TOKEN, key_file().read_text().strip()):
            assert redacted(f"it said {secret}.") == "it said ***."
