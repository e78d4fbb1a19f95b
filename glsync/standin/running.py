"""Running the stand-in: in a thread for tests and the one-process mode, or for good from the command line."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec
import structlog
import uvicorn

from glsync.standin import fixture as fixtures
from glsync.standin.columns import column
from glsync.standin.demo import DEMO_APP_ID, demo_fixture
from glsync.standin.faults import Fault, fault_from
from glsync.standin.flights import FLIGHTS_APP_ID, load_flights
from glsync.standin.glide import Glide
from glsync.standin.keep import Keeper
from glsync.standin.server import application
from glsync.standin.settings import Settings
from glsync.standin.tables import Cells
from glsync.standin.wire import OpenProtocol
from glsync.values import Endpoints

log = structlog.get_logger(__name__)

LOOPBACK = "127.0.0.1"
Fixture = Path | str | bytes | dict[str, Any]


class StandIn:
    """A stand-in Glide server in a thread.

    with StandIn(fixture={"apps": [...]}) as glide:
        glide.edit("items", add=[{"Name": "pen"}])
        glide.fault("status", site="rows", status=503)

    Tables are named by id, or by display name where that is unique; `app` tells apart tables of equal names.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        host: str = LOOPBACK,
        fixture: Fixture | None = None,
        data_dir: Path | str | None = None,
        clock: Callable[[], float] = time.time,
        **settings: Any,
    ) -> None:
        """Load the state and take the port; `clock` gives seconds since 1970, settings are those of settings.py.

        Raises:
            BadFixture, DataInUse, OSError: the port is taken.
        """
        self.state = Glide(Settings().changed(settings), clock)
        self._keeper = Keeper(self.state, Path(data_dir)) if data_dir else None
        if fixture is not None:
            fixtures.load(self.state, fixture, keep=data_dir is not None)
        self._socket = _listening(host, port)
        self.host, self.port = self._socket.getsockname()[:2]
        self._server = uvicorn.Server(
            uvicorn.Config(
                application(self.state, self._keeper),
                http=OpenProtocol,
                ws="none",
                lifespan="on",
                log_config=None,
                access_log=False,
                timeout_keep_alive=75,
                timeout_graceful_shutdown=1,
            )
        )
        self._thread: threading.Thread | None = None

    # Running

    def run(self) -> None:
        """Serve until a signal comes, or stop() is called."""
        with suppress(KeyboardInterrupt):
            self._server.run(sockets=[self._socket])

    def start(self) -> Self:
        """Serve in a thread; connections are taken from now on, answered as soon as it is up."""
        self._thread = threading.Thread(target=self.run, name=f"standin-{self.port}", daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop, keep the state if there is a folder for it, and wait for the end."""
        self._server.should_exit = True
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self._socket.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, type: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    # Where it is

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    @property
    def classic_url(self) -> str:
        return f"{self.url}/api/function"

    @property
    def rest_url(self) -> str:
        return f"{self.url}/api"

    @property
    def bigtables_url(self) -> str:
        return self.url

    @property
    def endpoints(self) -> Endpoints:
        return Endpoints(self.classic_url, self.rest_url, self.bigtables_url)

    # What it holds: all free, as an editor in Glide

    def load(self, fixture: Fixture) -> None:
        """Add a fixture's apps, replacing those of the same id."""
        fixtures.load(self.state, fixture)

    def reset(self, fixture: Fixture | None = None, **settings: Any) -> None:
        """Forget everything (apps, settings, faults, spending, calls) and begin with this fixture."""
        self.state.forget(Settings().changed(settings))
        if fixture is not None:
            fixtures.load(self.state, fixture)

    def edit(
        self,
        table: str,
        *,
        add: Iterable[Cells] = (),
        set: Mapping[str, Cells] | None = None,
        delete: Iterable[str] = (),
        app: str | None = None,
    ) -> list[str]:
        """Add, set and delete rows; the ids of the added ones. None and "" clear a cell.

        Raises:
            UnknownTable, LookupError: no such table, no such row.
        """
        return self.state.edit(self.state.named(table, app), add=add, set=set, delete=delete)

    def rows(self, table: str, app: str | None = None) -> dict[str, dict[str, Any]]:
        """The rows as they stand, `$rowID` -> cells without it; writes still queued are not in them."""
        with self.state.settled() as state:
            rows = [msgspec.json.decode(row) for row in state.named(table, app).rows.all()]
        return {row.pop("$rowID"): row for row in rows}

    def version(self, table: str, app: str | None = None) -> int:
        with self.state.settled() as state:
            return state.named(table, app).version

    def settle(self) -> int:
        """Let all queued writes take effect now; how many there were."""
        with self.state.lock:
            return self.state.settle(everything=True)

    def add_column(self, table: str, id: str, name: str, type: Any = "string", app: str | None = None) -> None:
        """Add a column, or give an old one a new name and type; cells stay as they are."""
        self.state.set_column(self.state.named(table, app), column(id, name, type))

    def drop_column(self, table: str, id: str, app: str | None = None) -> None:
        """Take a column and its cells away."""
        self.state.drop_column(self.state.named(table, app), id)

    def drop(self, table: str, app: str | None = None) -> None:
        """Delete a table, as its owner might."""
        with self.state.lock:
            self.state.drop_table(self.state.named(table, app))

    # How it behaves

    def set(self, **changes: Any) -> Settings:
        """Change settings by name; the settings as they are now."""
        self.state.set(self.state.settings.changed(changes))
        return self.state.settings

    @property
    def settings(self) -> Settings:
        return self.state.settings

    def fault(self, kind: str, **how: Any) -> Fault:
        """Switch a fault on (faults.py); its `hits` count up as it strikes."""
        with self.state.lock:
            return self.state.faults.add(fault_from({"kind": kind, **how}))

    def clear_faults(self) -> None:
        with self.state.lock:
            self.state.faults.clear()

    # What it saw

    def usage(self, app: str | None = None) -> dict[str, Any]:
        """An app's spending, exact decimals as text; without an app, the sums of all."""
        with self.state.settled() as state:
            return state.usage(app)

    def reset_usage(self) -> None:
        self.state.reset_usage()

    def calls(self, site: str | None = None) -> list[dict[str, Any]]:
        """The calls so far, oldest first; control calls are not among them."""
        with self.state.lock:
            return [call for call in self.state.calls if site in (None, call["site"])]

    def forget_calls(self) -> None:
        with self.state.lock:
            self.state.calls.clear()


def serve(
    *,
    port: int = 0,
    host: str = LOOPBACK,
    fixture: Fixture | None = None,
    data_dir: Path | str | None = None,
    **settings: Any,
) -> StandIn:
    """A stand-in ready to run: `with serve(...) as glide`, or `serve(...).run()` for good."""
    return StandIn(port=port, host=host, fixture=fixture, data_dir=data_dir, **settings)


def run(
    port: int = 0,
    host: str = LOOPBACK,
    fixture: Path | str | None = None,
    data: Path | str | None = None,
    demo: bool = False,
    flights: bool = False,
) -> None:
    """The command line's stand-in: serve until a signal comes, and say where. Apps kept in `data` stay as they are.

    Raises:
        BadFixture, DataInUse, FlightsMissing, OSError: the port is taken.
    """
    glide = serve(port=port, host=host, fixture=fixture, data_dir=data)
    if demo and DEMO_APP_ID not in glide.state.apps:
        glide.load(demo_fixture())
    if flights and FLIGHTS_APP_ID not in glide.state.apps:
        load_flights(glide.state)
    if not ip_address(glide.host).is_loopback:
        log.warning("The stand-in has no locks, and this address is open to the network", host=glide.host)
    log.info("The stand-in for Glide is up", url=glide.url, apps=[app.name for app in glide.state.apps.values()])
    glide.run()


def _listening(host: str, port: int) -> socket.socket:
    """A socket that takes connections already, before the server is up."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named TCP, so that asyncio switches off the delay that would add 40 ms to every small answer.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(2048)
    except OSError:
        listening.close()
        raise
    return listening
