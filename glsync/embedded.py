"""A private Postgres for people who have none yet: initialised, started and stopped by us, kept in one folder.

    url = Embedded(home).start()      up, however it was left; any number of processes may say so at once
    Embedded(home).stop()             down; until then it stays up, whoever started it

The server listens on a Unix socket in a folder only its user may open, and on no network; that is why it asks for no
password.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

import psutil
import psycopg2
from filelock import FileLock, Timeout
from tenacity import Retrying, retry_if_exception_type, retry_if_result, stop_after_delay, wait_fixed

from glsync.errors import ConfigError, DatabaseUnavailable
from glsync.programs import Account, Programs, account_for_root, find_programs, place_for_data, reachable

DATABASE = "glsync"
PORT = 5432
"""Only part of the socket's name: nothing listens on a network."""
SETTINGS = {"listen_addresses": "", "timezone": "UTC", "log_timezone": "UTC"}
LONGEST_SOCKET_FOLDER = 85
"""Bytes. A socket's whole path must stay below 104 on macOS and 108 on Linux."""
LARGEST_LOG = 10_000_000

State = Literal["up", "starting", "down"]
Answer = Literal["up", "starting", "down", "missing"]


class Embedded:
    """The server whose data are in `home`/pg<major>."""

    def __init__(self, home: Path) -> None:
        self.home = home.expanduser().absolute()

    @property
    def url(self) -> str:
        """The URL of our database; it stays the same over stops and starts."""
        return self._url(DATABASE)

    def running(self) -> bool:
        return self._asked("postgres") != "down"

    def start(self) -> str:
        """Bring the server up unless it is, and return the URL of our database.

        Raises:
            ConfigError: no Postgres to be found, or data of a version none of those found can read.
            DatabaseUnavailable: it does not start; the message quotes its log.
        """
        if self._asked(DATABASE) == "up":
            return self.url
        self._make_home()
        with self._alone():
            if not self.running():
                programs, account = self._programs()
                self._initialise(programs, account)
                self._clear_away_the_dead()
                self._launch(programs, account)
            self._wait_until_up()
            self._make_database()
        return self.url

    def stop(self) -> bool:
        """Stop the server, ending its connections; False when it was not running."""
        if not self.running():
            return False
        with self._alone():
            if not self.running():
                return False
            self._run(*self._programs(), self._data(), "pg_ctl", "-D", ".", "-w", "-t", "60", "-m", "fast", "stop")
            if self._sockets() != self._data():
                self._sockets().rmdir()
        return True

    def remove(self) -> None:
        """Stop the server and delete its data, wherever they are; the home stays."""
        self.stop()
        data, folder = self._data(), self.home / self._data().name
        shutil.rmtree(data, ignore_errors=True)
        if folder.is_symlink():
            folder.unlink()
            data.parent.rmdir()

    # Where things are

    def _majors(self) -> list[int]:
        """The versions this home has data of, newest first."""
        versions = [path.parent.name.removeprefix("pg") for path in self.home.glob("pg*/PG_VERSION")]
        return sorted((int(version) for version in versions if version.isdigit()), reverse=True)

    def _data(self) -> Path:
        return (self.home / f"pg{next(iter(self._majors()), 0)}").resolve()

    def _sockets(self) -> Path:
        data = self._data()
        if len(os.fsencode(data)) <= LONGEST_SOCKET_FOLDER and "," not in str(data):  # clients read a comma as "or"
            return data
        return Path("/tmp") / f"glsync-{sha256(os.fsencode(data)).hexdigest()[:16]}"  # noqa: S108 - see _private

    def _url(self, database: str) -> str:
        return f"postgresql://postgres@/{database}?host={quote(str(self._sockets()), safe='/')}&port={PORT}"

    def _log(self) -> Path:
        return self._data() / "server.log"

    def _make_home(self) -> None:
        if not self.home.exists():
            self.home.mkdir(parents=True, exist_ok=True)
            self.home.chmod(0o755 if _is_root() else 0o700)
        if not os.access(self.home, os.W_OK | os.X_OK):
            raise ConfigError(
                f"The folder {self.home} belongs to somebody else", hint="Set GLSYNC_HOME to a folder of your own."
            )

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Nobody else starts or stops this server meanwhile."""
        try:
            with FileLock(self.home / "postgres.lock", timeout=180):
                yield
        except Timeout:
            raise DatabaseUnavailable(
                f"Somebody else has been starting or stopping the database in {self.home} for three minutes",
                hint="See which process has postgres.lock in that folder open, and end it.",
            ) from None

    def _programs(self) -> tuple[Programs, Account | None]:
        """The programs that fit the data there are, and the user to run them as, None for ourselves."""
        majors = self._majors()
        programs = find_programs(majors[0] if majors else None)
        if not _is_root():
            return programs, None
        account = account_for_root(self._data() if majors else None)
        return reachable(programs, account), account

    # What state it is in

    def _asked(self, database: str) -> Answer:
        """What a connection to this database says; a server that shuts down counts as down."""
        if not self._majors():
            return "down"
        try:
            self._connect(database).close()
        except psycopg2.OperationalError as error:
            return _answer(str(error))
        return "up"

    def _connect(self, database: str) -> Any:
        return psycopg2.connect(self._url(database), connect_timeout=5)

    # The steps of a start

    def _initialise(self, programs: Programs, account: Account | None) -> None:
        """Make the data folder, once. It gets its name when it is whole, so a killed initdb is no obstacle."""
        if self._majors():
            return
        place = place_for_data(self.home, account)
        for left_over in place.glob("pg-new-*"):
            shutil.rmtree(left_over)
        new = place / f"pg-new-{uuid.uuid4().hex}"
        new.mkdir(mode=0o700)
        if account:
            os.chown(new, account.uid, account.gid)
        locale = ["--locale=C"]
        if programs.major >= 17:  # so that lower() and upper() know more letters than the ASCII ones
            locale += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        self._run(programs, account, new, "initdb", "-D", ".", "-U", "postgres", "-A", "trust", "-E", "UTF8", *locale)
        whole = new.rename(place / f"pg{programs.major}")
        if place != self.home:
            (self.home / whole.name).unlink(missing_ok=True)  # a link to data that are gone
            (self.home / whole.name).symlink_to(whole)

    def _clear_away_the_dead(self) -> None:
        """Remove the marks of a postmaster that was killed, and its backends, some of which may still be at work.

        Postgres itself takes a zombie, or a stranger who got the old process id after a restart, for a living one; and
        it does not start while one of the old backends holds their common memory.
        """
        mark = self._data() / "postmaster.pid"
        words = mark.read_text().split() if mark.exists() else []
        if words and not _is_postmaster(int(words[0]), self._data()):
            _end_backends(self._data())
            mark.unlink(missing_ok=True)
            for socket in self._sockets().glob(".s.PGSQL.*"):
                socket.unlink(missing_ok=True)

    def _launch(self, programs: Programs, account: Account | None) -> None:
        sockets = self._sockets()
        if sockets != self._data():
            _private(sockets, account)
        if self._log().exists() and self._log().stat().st_size > LARGEST_LOG:
            self._log().replace(self._log().with_suffix(".log.1"))
        chosen = [part for name, value in SETTINGS.items() for part in ("-c", f"{name}={value}")]
        options = shlex.join(["-k", _as_list_entry(sockets), "-p", str(PORT), *chosen])
        command = ("pg_ctl", "-D", ".", "-w", "-t", "60", "-l", self._log().name, "-o", options, "start")

        def launch() -> None:
            if not self.running():
                self._run(programs, account, self._data(), *command)

        # memory and sockets of a killed postmaster are not always free at once: hence again, for a while
        again = retry_if_exception_type(DatabaseUnavailable)
        Retrying(retry=again, stop=stop_after_delay(15), wait=wait_fixed(0.25), reraise=True)(launch)

    def _wait_until_up(self) -> None:
        """A server that was killed reads its log before it lets anybody in; with much to read that takes minutes."""
        until_up = Retrying(
            retry=retry_if_result(lambda answer: answer == "starting"),
            stop=stop_after_delay(600),
            wait=wait_fixed(0.1),
            retry_error_callback=lambda _: "starting",
        )
        if until_up(self._asked, "postgres") != "up":
            raise DatabaseUnavailable(f"The embedded Postgres does not come up: {self._last_words()}", hint=self._see())

    def _make_database(self) -> None:
        if self._asked(DATABASE) != "missing":
            return
        connection = self._connect("postgres")
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(f"create database {DATABASE}")
        connection.close()

    def _run(self, programs: Programs, account: Account | None, where: Path, program: str, *arguments: str) -> None:
        """Run a Postgres program in a folder, to its end.

        It is told the folder as ".", because pg_ctl hands paths to a shell that would read their $ and quotes. Its
        output goes to a file: the server inherits it, and a pipe would stay open as long as the server is up.
        """
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")} | {"LC_ALL": "C"}
        command = [str(programs.folder / program), *arguments]
        with tempfile.TemporaryFile() as output:
            done = subprocess.run(  # noqa: S603 - our own programs, arguments as a list
                command, check=False, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=where,
                env=environment, **(account.as_user() if account else {}),
            )  # fmt: skip
            output.seek(0)
            said = output.read().decode(errors="replace")
        if done.returncode:
            raise DatabaseUnavailable(f"{program} failed: {said.strip()[-800:]} {self._last_words()}", hint=self._see())

    def _last_words(self) -> str:
        return self._log().read_text(errors="replace")[-800:].strip() if self._log().exists() else ""

    def _see(self) -> str:
        return f"Its log is {self._log()}; a full disk is the usual reason."


def _answer(said: str) -> Answer:
    """What an error on connecting tells about the server. It speaks English: we start it with LC_ALL=C."""
    if "FATAL" not in said or "shutting down" in said:
        return "down"
    if "starting up" in said or "recovery" in said or "not yet accepting" in said:
        return "starting"
    return "missing" if "does not exist" in said else "up"


def _private(folder: Path, account: Account | None) -> None:
    """Make a folder in /tmp that only the server's user may open, and refuse one somebody else made there before us."""
    folder.mkdir(mode=0o700, exist_ok=True)
    if account and not folder.is_symlink() and folder.stat().st_uid == os.geteuid():
        os.chown(folder, account.uid, account.gid)
    owner = account.uid if account else os.geteuid()
    if folder.is_symlink() or folder.stat().st_uid != owner or folder.stat().st_mode & 0o077:
        raise ConfigError(
            f"{folder} belongs to somebody else, and the database's socket would be in their hands",
            hint="Remove that folder, or set GLSYNC_HOME to a shorter path.",
        )


def _as_list_entry(folder: Path) -> str:
    """A folder as an entry of Postgres's comma-separated list."""
    doubled = str(folder).replace('"', '""')
    return f'"{doubled}"'


def _is_postmaster(pid: int, data: Path) -> bool:
    """Is this process a living Postgres, and of these data as far as one may see?"""
    try:
        return _is_postgres(psutil.Process(pid), data)
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:  # on macOS one may not look into a process of another user
        return True


def _is_postgres(process: psutil.Process, data: Path) -> bool:
    if "postgres" not in process.name() or process.status() == psutil.STATUS_ZOMBIE:
        return False
    return Path(process.cwd()) == data


def _end_backends(data: Path) -> None:
    """End the backends of a dead postmaster: nobody waits for their answers, and their work is rolled back."""
    ended = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):  # it ended meanwhile, or is somebody else's
            if _is_postgres(process, data):
                process.kill()
                ended.append(process)
    psutil.wait_procs(ended, timeout=10)


def _is_root() -> bool:
    return os.name == "posix" and os.geteuid() == 0
