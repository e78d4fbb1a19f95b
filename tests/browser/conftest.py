"""A real app (`python -m glsync up`), and a reader with a real Chromium in front of it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import requests
from playwright.sync_api import Browser, Error, Locator, Page, expect, sync_playwright

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0
"""Seconds anything may take before a test calls it broken; machines differ."""
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
NO_BROWSER = "No Chromium is installed, and these tests need one: apt-get install chromium"

expect.set_options(timeout=PATIENCE * 1000)


def until(is_true: Callable[[], Any], what: str) -> Any:
    """Wait for a condition and return what it gave."""
    deadline, pause = time.monotonic() + PATIENCE, threading.Event()
    while time.monotonic() < deadline:
        if found := is_true():
            return found
        pause.wait(0.1)
    raise AssertionError(f"never happened: {what}")


# The app


class App:
    """An app of its own: home, processes, database, stand-in."""

    def __init__(self, home: Path, **settings: str) -> None:
        self.home, self.port = home, _free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self._environment = {k: v for k, v in os.environ.items() if not k.startswith("GLSYNC_")} | {
            "GLSYNC_HOME": str(home),
            "GLSYNC_PORT": str(self.port),
            "GLSYNC_PUBLIC_URL": self.address,
            **settings,
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> App:
        with (self.home / "up.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "glsync", "up", "--demo"],
                cwd=ROOT, env=self._environment, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        until(self._is_ready, f"the app is up:\n{self.said}")
        return self

    def _is_ready(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.said
        with suppress(requests.RequestException):
            return requests.get(f"{self.address}/readyz", timeout=5).ok
        return False

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(PATIENCE)

    def signal(self, number: int) -> None:
        """Tell `up` something, and none of its children."""
        assert self._process is not None
        self._process.send_signal(number)

    @property
    def said(self) -> str:
        return (self.home / "up.log").read_text(errors="replace")

    def glsync(self, *words: str) -> str:
        """What the command line answers."""
        done = subprocess.run(
            [sys.executable, "-m", "glsync", *words],
            cwd=ROOT, env=self._environment, capture_output=True, text=True, check=True, timeout=PATIENCE,
        )  # fmt: skip
        return done.stdout

    def ask(self, statement: str) -> list[tuple[Any, ...]]:
        """Run a statement in the app's database."""
        connection = psycopg2.connect(self.glsync("database-url").strip())
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
            found = cursor.fetchall() if cursor.description else []
        connection.close()
        return found

    @property
    def glide(self) -> str:
        """Where the stand-in for Glide answers."""
        settings = self.ask("select settings ->> 'bigtables_url' from gl_connections where name = 'Demo Wholesale'")
        return str(settings[0][0])

    def in_glide(self, route: str, body: Any) -> Any:
        """Change something behind the stand-in, as somebody in Glide would."""
        answer = requests.post(f"{self.glide}/_standin{route}", json=body, timeout=PATIENCE)
        assert answer.ok, answer.text
        return answer.json()

    def table(self, mapping: str) -> str:
        """The id of the Glide table behind a mapping."""
        return str(self.ask(f"select glide_table from gl_mappings where name = '{mapping}'")[0][0])

    def rows(self, mapping: str) -> list[dict[str, Any]]:
        """The rows of a mapping's table as they stand in Glide."""
        address = f"{self.glide}/_standin/tables/{self.table(mapping)}/rows"
        return requests.get(address, timeout=PATIENCE).json()["rows"]


def _free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])


@contextmanager
def installation(**settings: str) -> Iterator[App]:
    """An app on an empty home, gone afterwards."""
    home = Path(tempfile.mkdtemp(prefix="glsync-test-"))
    home.chmod(0o755)  # the embedded server may run as another user
    app = App(home, **settings)
    try:
        yield app.start()
    finally:
        app.stop()
        app.glsync("down")
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def fresh_app() -> Iterator[App]:
    """An app nobody has used."""
    with installation() as app:
        yield app


@pytest.fixture(scope="session")
def app() -> Iterator[App]:
    """One app for all tests that do not mind each other; its demo was synced once."""
    with installation() as app:
        for name in ("accounts", "purchase_orders", "invoices", "estimates", "shipping_records"):
            subprocess.run(
                [sys.executable, "-m", "glsync", "sync", name, "--json"],
                cwd=ROOT, env=app._environment, capture_output=True, check=False, timeout=PATIENCE,
            )  # fmt: skip
        of_invoices = "mapping_id = (select id from gl_mappings where name = 'invoices')"
        app.ask(f"delete from gl_sync_errors where {of_invoices}")  # a list as long as the screen, on any screen
        yield app


# The reader


class Reader:
    """Somebody with a browser. What they wait for is what they see."""

    def __init__(self, page: Page, app: App) -> None:
        self.page, self.app = page, app
        self.faults: list[str] = []
        page.on("pageerror", lambda error: self.faults.append(str(error)))

    def open(self, path: str = "") -> Reader:
        self.page.goto(f"{self.app.address}/{path}")
        return self.settled()

    def settled(self) -> Reader:
        """Until the page has drawn what was asked of it."""
        self.page.wait_for_timeout(120)  # the state turns to running a moment after the act
        self.page.locator('[data-test-script-state="notRunning"]').wait_for(timeout=PATIENCE * 1000)
        return self

    def press(self, name: str, *, exact: bool = True) -> Reader:
        self.page.get_by_role("button", name=name, exact=exact).first.click()
        return self.settled()

    def choose(self, box: str, option: str) -> Reader:
        """Choose from a list, narrowed by typing."""
        field = self.page.get_by_role("combobox", name=box, exact=True).first
        field.click()
        field.fill(option)
        self.page.get_by_role("option", name=option, exact=True).first.click()
        return self.settled()

    def type(self, label: str, text: str) -> Reader:
        field = self.page.get_by_label(label, exact=True).first
        field.fill(text)
        field.blur()  # Tab would stay within a password field, on its eye, and leave the text uncommitted for a while
        return self.settled()

    def follow(self, name: str) -> Reader:
        self.page.get_by_role("link", name=name).first.click()
        return self.settled()

    def sees(self, text: str, *, within: float = PATIENCE) -> Reader:
        expect(self.page.get_by_text(text).first).to_be_visible(timeout=within * 1000)
        return self

    def sees_no(self, text: str) -> Reader:
        expect(self.page.get_by_text(text)).to_have_count(0)
        return self

    def grid(self, key: str) -> Grid:
        return Grid(self, self.page.locator(f'[class*="st-key-{key}"]').first)


class Grid:
    """A table of cells. It is drawn on a canvas; beside it stands a hidden table for screen readers, which is read."""

    def __init__(self, reader: Reader, place: Locator) -> None:
        self.reader, self.frame = reader, place.get_by_test_id("stDataFrame").first
        self.frame.wait_for()

    def cell(self, column: int, row: int) -> Locator:
        return self.frame.get_by_test_id(f"glide-cell-{column}-{row}")

    def text(self, column: int, row: int) -> str:
        return self.cell(column, row).text_content() or ""

    def has(self, column: int, row: int, text: str) -> Grid:
        expect(self.cell(column, row)).to_contain_text(text)
        return self

    def rows(self) -> int:
        """How many rows there are, the header left out."""
        return int(self.frame.locator("table[role=grid]").get_attribute("aria-rowcount") or 1) - 1

    def row_of(self, column: int, text: str) -> int:
        """The row whose cell reads so."""

        def found() -> list[int]:
            return [row for row in range(self.rows()) if text in self.text(column, row)]

        return int(until(found, f"a row {text}")[0])

    def tick(self, row: int) -> Reader:
        """Pick a row by its box."""
        self.frame.click(position={"x": 16, "y": 35 + 35 * row + 17})
        return self.reader.settled()

    def edit(self, column: int, row: int, text: str) -> Reader:
        """Walk to a cell with the keyboard, open it, type, and take it with Enter."""
        keyboard = self.reader.page.keyboard
        self.frame.click(position={"x": 60, "y": 35 + 17})
        self._is_at(0, 0)
        for at in range(row):
            keyboard.press("ArrowDown")
            self._is_at(0, at + 1)
        for at in range(column):
            keyboard.press("ArrowRight")
            self._is_at(at + 1, row)
        keyboard.press("Enter")
        field = self.reader.page.locator("#portal").locator("input, textarea").first
        field.fill(text)
        option = self.reader.page.locator("#portal").get_by_role("option", name=text, exact=True)
        with suppress(Error):
            option.first.wait_for(timeout=1500)
        keyboard.press("Enter")
        self.reader.settled()
        return self.reader

    def _is_at(self, column: int, row: int) -> None:
        expect(self.cell(column, row)).to_have_attribute("aria-selected", "true")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.fail(NO_BROWSER)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def look(chromium: Browser) -> Iterator[Callable[..., Reader]]:
    """Sit somebody in front of an app: `theme` light or dark, `width` of their screen."""
    readers: list[Reader] = []

    def sit_down(app: App, *, theme: Any = "light", width: int = 1280, height: int = 900) -> Reader:
        context = chromium.new_context(
            viewport={"width": width, "height": height},
            color_scheme=theme,
            timezone_id="Europe/Berlin",
            locale="en-GB",
        )
        context.set_default_timeout(PATIENCE * 1000)
        readers.append(Reader(context.new_page(), app))
        return readers[-1]

    yield sit_down
    for reader in readers:
        broken = reader.page.get_by_text("Something went wrong on our side").count()
        reader.page.context.close()
        assert not reader.faults, reader.faults
        assert not broken, reader.app.said[-3000:]
