"""Headers of the real web app, and a real Chromium that obeys them on every page."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

ROOT = Path(__file__).parents[2]
PATIENCE = 120
PAGES = ("", "runs", "errors", "figures", "connections", "mappings", "settings")
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
LISTEN = """
document.addEventListener("securitypolicyviolation",
    e => console.error("CSP", e.violatedDirective, e.blockedURI, e.sample))
"""
LOAD = """
from glsync.services import mappings, runs
from glsync.services.access import LOCAL
for one in mappings.listing(LOCAL, limit=3):
    runs.sync(LOCAL, one.name)
"""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The demo, up and filled, on a home of its own."""
    home = Path(tempfile.mkdtemp(prefix="glsync-test-"))
    home.chmod(0o755)  # the embedded server may run as another user
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        port = asked.getsockname()[1]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GLSYNC_")}
    environment |= {"GLSYNC_HOME": str(home), "GLSYNC_PORT": str(port)}
    url = f"http://127.0.0.1:{port}"
    up = subprocess.Popen(
        [sys.executable, "-m", "glsync", "up", "--demo"],
        cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        _until(lambda: up.poll() is not None or _answers(f"{url}/readyz"))
        _until(lambda: "demo" in _connections(environment))
        subprocess.run([sys.executable, "-c", LOAD], cwd=ROOT, env=environment, check=True, timeout=PATIENCE)
        yield url
    finally:
        up.send_signal(signal.SIGINT)
        up.wait(60)
        shutil.rmtree(home, ignore_errors=True)


def _until(holds: Any) -> None:
    Retrying(stop=stop_after_delay(PATIENCE), wait=wait_fixed(0.2), retry=retry_if_result(lambda held: not held))(holds)


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).ok
    except requests.RequestException:
        return False


def _connections(environment: dict[str, str]) -> str:
    listed = [sys.executable, "-m", "glsync", "export"]
    return subprocess.run(listed, cwd=ROOT, env=environment, capture_output=True, text=True).stdout.lower()


@pytest.mark.parametrize("path", ["/", "/runs", "/static/js/", "/_stcore/health", "/healthz", "/api/runs", "/metrics"])
def test_every_answer_has_the_headers(address, path):
    headers = requests.get(address + path, timeout=30).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "'unsafe-eval'" not in headers["Content-Security-Policy"]


def test_the_api_is_served_beside_the_screens(address):
    assert requests.get(f"{address}/api/runs", timeout=30).status_code == 401
    assert requests.post(f"{address}/api/glsync", json={}, timeout=30).status_code == 401
    assert requests.post(f"{address}/hooks/nobody", timeout=30).status_code == 404
    assert requests.get(f"{address}/api/openapi.json", timeout=30).json()["info"]["title"] == "Glide Sync"
    assert "glsync_runs" in requests.get(f"{address}/metrics", timeout=30).text
    assert requests.options(f"{address}/api/glsync", timeout=30).status_code == 204
    answer = requests.get(f"{address}/api/runs", timeout=30).headers
    assert answer["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert answer["Cache-Control"] == "no-store"


def test_what_the_api_logs_has_no_inline_script_that_is_not_known_by_its_hash(address):
    policy = requests.get(address, timeout=30).headers["Content-Security-Policy"]
    scripts = next(rule for rule in policy.split("; ") if rule.startswith("script-src"))
    assert "'sha256-" in scripts
    assert "unsafe-inline" not in scripts


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api")
    program = next((found for name in NAMES if (found := shutil.which(name))), None)
    if program is None:
        pytest.skip("No Chromium is installed: apt-get install chromium")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()


@pytest.mark.browser
@pytest.mark.parametrize("page", PAGES)
def test_no_page_breaks_the_policy_and_its_charts_and_grids_are_drawn(address, chromium, page):
    tab = chromium.new_page(viewport={"width": 1280, "height": 1700})
    said: list[str] = []
    tab.on("console", lambda message: said.append(message.text))
    tab.on("pageerror", lambda error: said.append(f"page error {error}"))
    tab.add_init_script(LISTEN)
    tab.goto(f"{address}/{page}")
    app = tab.locator('[data-testid="stApp"][data-test-script-state="notRunning"]')
    app.wait_for(timeout=PATIENCE * 1000)
    tab.locator("h1").first.wait_for(timeout=PATIENCE * 1000)
    if page == "":
        tab.locator('[data-testid="stMetricChart"]').first.wait_for(timeout=PATIENCE * 1000)
    if page == "figures":
        tab.locator('[data-testid="stVegaLiteChart"]').first.wait_for(timeout=PATIENCE * 1000)
        drawn = tab.locator('[data-testid="stVegaLiteChart"] :is(canvas, svg)')
        drawn.first.wait_for(timeout=PATIENCE * 1000)
    if page in ("runs", "connections", "mappings"):
        tab.locator('[data-testid="stDataFrame"] canvas').first.wait_for(timeout=PATIENCE * 1000)
    threading.Event().wait(1)  # what comes late: fonts, the first tick of a fragment
    broken = [line for line in said if "CSP" in line or "Content Security Policy" in line or "page error" in line]
    tab.close()
    assert broken == []
