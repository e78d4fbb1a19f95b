"""The settings name every problem at once, and never a secret."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from glsync.config import default_home, keep_standin_port, misspelt, read, settings
from glsync.errors import ConfigError

Choose = Callable[..., None]


def test_without_any_setting_everything_has_a_value(environment: Choose) -> None:
    chosen = settings()
    assert chosen.home == default_home()
    assert (chosen.url, chosen.host, chosen.port) == (None, "127.0.0.1", 8501)


def test_every_wrong_setting_is_named_in_one_message(environment: Choose) -> None:
    environment(port="lots", log_level="loud", allowed_glide_hosts="http://one.example/path")
    with pytest.raises(ConfigError) as caught:
        settings()
    for name in ("GLSYNC_PORT", "GLSYNC_LOG_LEVEL", "GLSYNC_ALLOWED_GLIDE_HOSTS"):
        assert name in str(caught.value)


def test_a_wrong_database_url_is_refused_without_its_password(environment: Choose) -> None:
    for url in ("mysql://me:verysecret@host/db", "postgresql://me:very#secret@host/db", "postgresql://h:verysecret/db"):
        environment(database_url=url)
        with pytest.raises(ConfigError) as caught:
            settings()
        assert "secret" not in str(caught.value)
        assert "GLSYNC_DATABASE_URL" in str(caught.value)


def test_the_database_url_is_taken_in_both_spellings(environment: Choose) -> None:
    environment(database_url="postgres://me:p%23w@host:6543/db?sslmode=require")
    assert settings().url == "postgresql://me:p%23w@host:6543/db?sslmode=require"
    environment(database_url="postgresql:///db?host=/run/sockets")
    assert settings().url == "postgresql:///db?host=/run/sockets"


def test_an_empty_database_url_means_the_embedded_database(environment: Choose) -> None:
    environment(database_url=" ")
    assert settings().url is None


def test_secrets_stay_out_of_what_a_log_would_show(environment: Choose) -> None:
    environment(database_url="postgresql://me:verysecret@host/db", secret_key="topsecret")
    assert "topsecret" not in repr(settings())
    assert "verysecret" not in repr(settings())


def test_connections_may_name_glides_hosts_and_the_ones_an_operator_added(environment: Choose) -> None:
    environment(allowed_glide_hosts="127.0.0.1:9000, Proxy.Example")
    allows = settings().allows_glide_host
    assert allows("api.glideapp.io")
    assert allows("API.glideapps.com", 443)
    assert not allows("api.glideapp.io", 8080)
    assert allows("127.0.0.1", 9000)
    assert not allows("127.0.0.1", 9001)
    assert not allows("127.0.0.1")
    assert allows("proxy.example", 1234)
    assert not allows("evil.example")


def test_an_empty_home_is_one_that_is_not_set(environment: Choose) -> None:
    environment(home="")
    assert settings().home == default_home()


def test_a_folder_below_the_home_is_found(environment: Choose) -> None:
    assert read(home="~/sync").home == Path.home() / "sync"


def test_a_setting_that_does_not_exist_is_noticed_with_the_one_it_looks_like(environment: Choose) -> None:
    environment(databse_url="x", port="8600")
    assert misspelt() == {"GLSYNC_DATABSE_URL": "GLSYNC_DATABASE_URL"}


def test_connections_may_name_the_demos_own_stand_in(environment: Choose, folder: Path) -> None:
    environment(home=folder, allowed_glide_hosts="one.example")
    assert not settings().allows_glide_host("127.0.0.1", 40123)
    keep_standin_port(folder, 40123)
    environment()
    assert settings().allows_glide_host("127.0.0.1", 40123)
    assert settings().allows_glide_host("one.example")
    assert not settings().allows_glide_host("127.0.0.1", 40124)
