"""An API key is readable only where it belongs, with the key it was stored with, and shows up in no message or log."""

from __future__ import annotations

import base64
import logging
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from glsync.embedded import Embedded
from glsync.errors import ConfigError
from glsync.store import db, masterkey, secrets
from glsync.store.migrations import migrate

Choose = Callable[..., None]
TOKEN = "glide-token-5f2b9c1e77d0"
WORKSPACE = UUID("00000000-0000-0000-0000-000000000001")


@pytest.fixture(scope="module")
def url(server: Embedded) -> str:
    migrate(server.url)
    return server.url


@pytest.fixture
def home(environment: Choose, url: str, folder: Path) -> Path:
    environment(database_url=url, home=folder)
    return folder


@pytest.fixture
def database(home: Path) -> Iterator[db.Connection]:
    """A transaction that is rolled back: each test begins without a data key."""
    connection = db.open_connection("test")
    yield connection
    connection.rollback()
    connection.close()


def a_key() -> str:
    return base64.b64encode(os.urandom(32)).decode()


def test_a_secret_comes_back_and_is_stored_unreadably(database: db.Connection) -> None:
    connection = uuid4()
    stored = secrets.encrypt(database, WORKSPACE, connection, "api_key", TOKEN)
    assert stored.startswith("glsync:v1:1:")
    assert TOKEN not in stored
    assert secrets.decrypt(database, WORKSPACE, connection, "api_key", stored) == TOKEN


def test_the_same_secret_is_never_stored_the_same_way(database: db.Connection) -> None:
    connection = uuid4()
    assert len({secrets.encrypt(database, WORKSPACE, connection, "api_key", TOKEN) for _ in range(5)}) == 5


def test_a_session_reads_what_a_connection_stored(home: Path) -> None:
    connection = uuid4()
    with db.session() as session:
        stored = secrets.encrypt(session, WORKSPACE, connection, "api_key", TOKEN)
        assert secrets.decrypt(session, WORKSPACE, connection, "api_key", stored) == TOKEN
        session.rollback()


def test_a_secret_moved_to_another_connection_workspace_or_field_cannot_be_read(database: db.Connection) -> None:
    connection, other = uuid4(), uuid4()
    with database.cursor() as cursor:
        cursor.execute("insert into glsync.workspaces (id, name) values (%s, 'Other')", (str(other),))
    stored = secrets.encrypt(database, WORKSPACE, connection, "api_key", TOKEN)
    secrets.encrypt(database, other, connection, "api_key", TOKEN)
    for place in ((WORKSPACE, uuid4(), "api_key"), (other, connection, "api_key"), (WORKSPACE, connection, "hook")):
        with pytest.raises(ConfigError, match="cannot be read"):
            secrets.decrypt(database, *place, stored)


@pytest.mark.parametrize("altered", ["plain-token", "glsync:v1:1:!!!", "glsync:v1:x:AAAA", "glsync:v1:1:", ""])
def test_what_is_not_in_our_form_is_refused(database: db.Connection, altered: str) -> None:
    secrets.encrypt(database, WORKSPACE, uuid4(), "api_key", TOKEN)
    with pytest.raises(ConfigError, match="cannot be read") as caught:
        secrets.decrypt(database, WORKSPACE, uuid4(), "api_key", altered)
    assert caught.value.hint


def test_one_changed_letter_is_noticed(database: db.Connection) -> None:
    connection = uuid4()
    stored = secrets.encrypt(database, WORKSPACE, connection, "api_key", TOKEN)
    swapped = stored[:-6] + ("A" if stored[-6] != "A" else "B") + stored[-5:]
    with pytest.raises(ConfigError, match="altered"):
        secrets.decrypt(database, WORKSPACE, connection, "api_key", swapped)


def test_another_secret_key_is_told_from_the_right_one_and_neither_is_shown(
    database: db.Connection, environment: Choose, url: str
) -> None:
    first, second, connection = a_key(), a_key(), uuid4()
    environment(secret_key=first, database_url=url)
    stored = secrets.encrypt(database, WORKSPACE, connection, "api_key", TOKEN)
    environment(secret_key=second, database_url=url)
    with pytest.raises(ConfigError, match="another secret key") as caught:
        secrets.decrypt(database, WORKSPACE, connection, "api_key", stored)
    said = str(caught.value) + caught.value.hint
    assert not any(part in said for part in (first, second, TOKEN))


def test_the_key_file_is_made_once_and_only_its_owner_may_read_it(home: Path) -> None:
    keys: list[bytes] = []
    threads = [threading.Thread(target=lambda: keys.append(masterkey.from_files(create=True)[0])) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(keys)) == 1
    assert len(keys) == 8
    assert [path.name for path in home.iterdir()] == ["secret.key"]
    assert (home / "secret.key").stat().st_mode & 0o777 == 0o600


def test_reading_never_makes_a_key(database: db.Connection, home: Path) -> None:
    stored = secrets.encrypt(database, WORKSPACE, uuid4(), "api_key", TOKEN)
    (home / "secret.key").unlink()
    with pytest.raises(ConfigError, match="no secret key"):
        secrets.decrypt(database, WORKSPACE, uuid4(), "api_key", stored)
    with pytest.raises(ConfigError, match="no secret key"):
        secrets.encrypt(database, WORKSPACE, uuid4(), "api_key", TOKEN)
    assert not (home / "secret.key").exists()


@pytest.mark.parametrize("form", [lambda key: base64.b64encode(key), lambda key: base64.urlsafe_b64encode(key)])
def test_a_key_may_be_written_in_base64_or_hex(form: Callable[[bytes], bytes]) -> None:
    key = os.urandom(32)
    assert masterkey.parse_key(form(key).decode().rstrip("="), "here") == key
    assert masterkey.parse_key(key.hex() + "\n", "here") == key


@pytest.mark.parametrize("text", ["", "short", "not base64 at all!", base64.b64encode(b"x" * 31).decode(), "ä" * 44])
def test_a_malformed_key_is_refused_without_quoting_it(text: str) -> None:
    with pytest.raises(ConfigError, match="GLSYNC_SECRET_KEY is not a key") as caught:
        masterkey.parse_key(text, "GLSYNC_SECRET_KEY")
    assert not text or text not in str(caught.value)
    assert "python -c" in caught.value.hint


def test_only_the_end_of_a_long_token_is_shown() -> None:
    assert secrets.last4(TOKEN) == "77d0"
    assert secrets.last4("short") == ""


def test_a_secret_that_was_used_stays_out_of_the_logs(
    database: db.Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    from glsync import logs

    before = logging.getLogger().handlers[:]
    logs.set_up("info", "json")
    try:
        secrets.encrypt(database, WORKSPACE, uuid4(), "api_key", TOKEN)
        try:
            raise RuntimeError(f"Glide said no to {TOKEN}")
        except RuntimeError:
            logging.getLogger("glsync.somewhere").exception("it failed with %s", TOKEN)
    finally:
        logging.getLogger().handlers[:] = before
    said = capsys.readouterr().err
    assert "it failed with ***" in said
    assert "Glide said no to ***" in said
    assert TOKEN not in said
