"""The settings: GLSYNC_* from the environment, read once, every problem named at once."""

from __future__ import annotations

import os
import re
import tomllib
from contextlib import suppress
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from platformdirs import user_data_path
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from glsync.errors import ConfigError

PREFIX = "GLSYNC_"
GLIDE_HOSTS = ("api.glideapp.io", "functions.prod.internal.glideapps.com", "api.glideapps.com")
"""Glide's own hosts, for the classic API, its REST neighbour and Big Tables."""
ROOT_HOME = Path("/var/lib/glsync")

STANDIN, PORT = "standin", "port"
"""The demo's folder in the home, and in it the file that holds its port."""

_HOST = re.compile(r"(?P<host>[a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:]+\])(:(?P<port>\d{1,5}))?")


def default_home() -> Path:
    """Our folder when GLSYNC_HOME is not set. Not below the home of root: its database runs as another user."""
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    return ROOT_HOME if is_root else user_data_path("glsync")


def _hosts(text: object) -> object:
    """ "a.example, 127.0.0.1:9000" as a tuple of lower-case entries."""
    if not isinstance(text, str):
        return text
    return tuple(part.strip().lower() for part in text.split(",") if part.strip())


def _checked_hosts(hosts: tuple[str, ...]) -> tuple[str, ...]:
    for host in hosts:
        if not _HOST.fullmatch(host):
            raise ValueError(f"{host!r} is not a host or host:port (write it without http:// and without a path)")
    return hosts


def _checked_url(secret: SecretStr) -> SecretStr:
    """A database URL in the form libpq and SQLAlchemy both read. Messages leave the URL out: it holds a password."""
    text = secret.get_secret_value().strip()
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        raise ValueError("cannot be read as a URL; percent-encode special characters of the password") from None
    if parts.scheme not in ("postgres", "postgresql"):
        raise ValueError("must begin with postgresql:// (copy it from Connect in the Supabase dashboard)")
    if parts.fragment or parts.netloc.count("@") > 1:
        raise ValueError("has a special character in the password; percent-encode it (# is %23, @ is %40, / is %2F)")
    return SecretStr(text.replace("postgres://", "postgresql://", 1))


def _nothing_is_none(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


def _checked_origins(origins: tuple[str, ...]) -> tuple[str, ...]:
    for origin in origins:
        scheme, _, host = origin.partition("://")
        if scheme not in ("http", "https") or not _HOST.fullmatch(host):
            raise ValueError(f"{origin!r} is not an origin such as https://app.example.com")
    return origins


def _home(value: object) -> object:
    """An empty GLSYNC_HOME is one that is not set, and never the current folder."""
    return default_home() if isinstance(value, str) and not value.strip() else value


Hosts = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_hosts), AfterValidator(_checked_hosts)]
Origins = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_hosts), AfterValidator(_checked_origins)]
DatabaseUrl = Annotated[SecretStr, AfterValidator(_checked_url)]


class Settings(BaseSettings):
    """What an operator may choose; every field is GLSYNC_<NAME> in the environment."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True)

    home: Annotated[Path, BeforeValidator(_home), AfterValidator(lambda path: path.expanduser().absolute())] = Field(
        default_factory=default_home, description="folder for the embedded database, the secret key and the demo"
    )
    database_url: Annotated[DatabaseUrl | None, BeforeValidator(_nothing_is_none)] = Field(
        None, description="Postgres or Supabase; left out: a private Postgres in GLSYNC_HOME"
    )
    worker_database_url: Annotated[DatabaseUrl | None, BeforeValidator(_nothing_is_none)] = Field(
        None, description="the same database for the worker of `up`, as a login of its own; left out: the same login"
    )
    secret_key: Annotated[SecretStr | None, BeforeValidator(_nothing_is_none)] = Field(
        None, description="32 bytes in base64 or hex; left out: the file secret.key in GLSYNC_HOME"
    )
    next_secret_key: Annotated[SecretStr | None, BeforeValidator(_nothing_is_none)] = Field(
        None, description="the key that takes over from GLSYNC_SECRET_KEY while it is changed"
    )
    allowed_glide_hosts: Hosts = Field(
        (), description="hosts a connection may name besides Glide's own, comma separated"
    )
    webhook_hosts: Hosts = Field((), description="private hosts that may be told of events, comma separated")
    cors_origins: Origins = Field((), description="origins of web pages that may call the API, comma separated")
    api_rate: float = Field(10.0, gt=0, le=10_000, description="calls a second an API token may make, on average")
    oidc_metadata_url: Annotated[str | None, BeforeValidator(_nothing_is_none)] = Field(
        None, description="https://.../.well-known/openid-configuration of whoever signs people in"
    )
    oidc_client_id: str = Field("", description="the client id registered there")
    oidc_client_secret: SecretStr = Field(SecretStr(""), description="the client secret registered there")
    oidc_role_claim: str = Field("", description="the claim that tells roles: a role, or workspace:role, or several")
    oidc_trust_email: bool = Field(False, description="take an e-mail for proven where nothing is said about that")
    cookie_secret: Annotated[SecretStr | None, BeforeValidator(_nothing_is_none)] = Field(
        None, description="signs the cookies of a sign-in; left out: the file cookie.secret in GLSYNC_HOME"
    )
    public_url: str = Field("", description="address under which people reach the web app, for signing in")
    session_hours: float = Field(12.0, gt=0, le=720, description="hours a sign-in lasts")
    history_days: int = Field(
        30, ge=1, le=3650, description="days for which what runs replaced is kept, so that they can be undone"
    )
    host: str = Field("127.0.0.1", min_length=1, description="address the web app listens on")
    port: int = Field(8501, ge=1, le=65535, description="port of the web app")
    concurrency: int = Field(2, ge=1, le=64, description="runs a worker works on at once")
    page_timeout: float = Field(5.0, gt=0, le=600, description="seconds a page may wait for one SQL statement")
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["auto", "human", "json"] = Field(
        "auto", description="auto: human on a terminal, else JSON lines"
    )

    @property
    def sign_in(self) -> bool:
        """Do people sign in here? By our settings, or by Streamlit's own secrets."""
        return self.oidc_metadata_url is not None or "auth" in streamlit_secrets()

    @property
    def url(self) -> str | None:
        """The database URL in clear, None when the embedded one is to be used."""
        return self.database_url.get_secret_value() if self.database_url else None

    @property
    def worker_url(self) -> str | None:
        return self.worker_database_url.get_secret_value() if self.worker_database_url else None

    def is_added_glide_host(self, host: str, port: int | None) -> bool:
        """Did the operator add this host? An entry without a port stands for every port of its host."""
        shown = f"[{host.lower()}]" if ":" in host else host.lower()
        return shown in self.allowed_glide_hosts or f"{shown}:{port}" in self.allowed_glide_hosts

    def allows_glide_host(self, host: str, port: int | None = None) -> bool:
        """May a connection talk to this host? An entry without a port stands for every port of its host."""
        name = host.lower()
        if name in GLIDE_HOSTS:
            return port in (None, 443)
        return name in self.allowed_glide_hosts or f"{name}:{port or 443}" in self.allowed_glide_hosts


@cache
def streamlit_secrets() -> dict[str, Any]:
    """What Streamlit reads from .streamlit/secrets.toml, in the current folder before the home; {} without such a file.

    Raises:
        ConfigError: a file that is no TOML.
    """
    found: dict[str, Any] = {}
    for folder in (Path.home(), Path.cwd()):
        file = folder / ".streamlit" / "secrets.toml"
        with suppress(OSError):
            try:
                found |= tomllib.loads(file.read_text(encoding="utf-8"))
            except tomllib.TOMLDecodeError as error:
                raise ConfigError(f"{file} is not TOML: {error}", hint="Correct it and start again.") from None
    return found


def read(**given: Any) -> Settings:
    """The settings of this environment; `given` comes before it.

    Raises:
        ConfigError: naming every setting that is wrong, without its value where that is a secret.
    """
    try:
        return Settings(**given)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_context=False)
        raise ConfigError("; ".join(map(_told, problems))) from None  # the original quotes the values


SECRET = {
    "cookie_secret", "oidc_client_secret", "database_url", "worker_database_url", "secret_key", "next_secret_key",
}  # fmt: skip
"""Settings whose value no message repeats."""


def _told(problem: Any) -> str:
    field = str(problem["loc"][0])
    secret = field in SECRET
    said = "" if secret else f" (given: {problem['input']!r})"
    return f"{PREFIX}{field.upper()}: {problem['msg'].removeprefix('Value error, ')}{said}"


@cache
def settings() -> Settings:
    """The settings of this process; `settings.cache_clear()` forgets them. Connections may name the demo's stand-in."""
    chosen = read()
    if (demo := standin_port(chosen.home)) is None:
        return chosen
    allowed = (*chosen.allowed_glide_hosts, f"127.0.0.1:{demo}")
    return chosen.model_copy(update={"allowed_glide_hosts": allowed})


def standin_port(home: Path) -> int | None:
    """The port the demo's stand-in was given in this home, so that the demo's connection stays valid; None: no demo."""
    try:
        return int((home / STANDIN / PORT).read_text())
    except (OSError, ValueError):
        return None


def keep_standin_port(home: Path, port: int) -> None:
    (home / STANDIN).mkdir(parents=True, exist_ok=True)
    (home / STANDIN / PORT).write_text(f"{port}\n")


INTERNAL = frozenset(
    {"GLSYNC_CHILD", "GLSYNC_PG_BIN", "GLSYNC_TEST_DATABASE_URL", "GLSYNC_CHROMIUM", "GLSYNC_MERGE_EXAMPLES"}
)
"""Names of ours that are no settings: for children of `up`, for where programs are, and for tests."""


def misspelt() -> dict[str, str]:
    """GLSYNC_* variables that mean nothing to us -> the setting they look like, "" when none is close."""
    known = {PREFIX + name.upper() for name in Settings.model_fields} | INTERNAL
    unknown = [name for name in os.environ if name.startswith(PREFIX) and name not in known]
    return {name: next(iter(get_close_matches(name, known, 1)), "") for name in unknown}
