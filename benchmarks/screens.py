"""How the screens bear much data and many readers: python -m benchmarks.screens

A Postgres of its own holds 500 mappings, 10,000 runs and 100,000 open errors. Of every page: the median time of its
script on the server (five runs after the first, without a browser), then in Chromium the first paint and the moment
everything is drawn. Then 20 tabs that nobody touches: CPU of the web app's process. Then ten changes in the database:
how long until the screen shows them.
"""

from __future__ import annotations

import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import psycopg2
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.ground import postgres

ROOT = Path(__file__).parents[1]
MAPPINGS, RUNS, ERRORS, TABS, SECONDS = 500, 10_000, 100_000, 20, 40
PAGES = ("dashboard", "runs", "errors", "metrics", "connections", "mappings", "settings")
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking")
SHOWN = "name => document.querySelector('[data-testid=stDataFrame] table')?.textContent.includes(name)"
"""Asked of every frame of the browser; a search through the whole page would take longer than drawing it."""
FILL = f"""
insert into gl_connections (name, app_id) values ('Large', 'large-app');
insert into gl_mappings (connection_id, name, glide_table, glide_table_display_name, supabase_table, column_mappings)
select c.id, 'mapping ' || lpad(n::text, 3, '0'), 'table-' || n, 'Table ' || n, 'public.t' || n,
    jsonb_build_object('$rowID', jsonb_build_object('glide_column_name', '$rowID', 'supabase_column_name',
    'glide_row_id', 'data_type', 'string'))
from gl_connections as c, generate_series(1, {MAPPINGS}) as n;
with m as (select id, row_number() over (order by name) as n from gl_mappings)
insert into gl_sync_logs (mapping_id, status, started_at, completed_at, records_processed, created_rows, read_rows,
    failed_rows, message, actor)
select m.id, case when n.n % 11 = 0 then 'completed_with_errors' when n.n % 37 = 0 then 'failed' else 'completed' end,
    now() - n.n * interval '4 minutes', now() - n.n * interval '4 minutes' + interval '9 seconds', n.n % 500, n.n % 500,
    n.n % 900, n.n % 3, 'Rows were brought in step.', 'ada'
from generate_series(1, {RUNS}) as n join m on m.n = n.n % {MAPPINGS} + 1;
with m as (select id, row_number() over (order by name) as n from gl_mappings)
insert into gl_sync_errors (mapping_id, error_type, error_message, record_data, retryable, glide_row_id, column_name,
    value, rule, created_at)
select m.id, 'VALIDATION_ERROR', 'Row ' || n.n || ' does not fit', jsonb_build_object('Name', 'row ' || n.n), true,
    'row-' || n.n, 'column_' || n.n % 7, 'value ' || n.n, 'a number', now() - n.n * interval '5 seconds'
from generate_series(1, {ERRORS}) as n join m on m.n = n.n % 40 + 1;
insert into glsync.audit (actor, action, subject_type, subject_id, subject_name)
select 'ada', 'saved', 'mapping', id::text, name from gl_mappings;
vacuum analyze
"""


def main() -> None:
    home = Path(tempfile.mkdtemp(prefix="glsync-bench-"))
    home.chmod(0o755)
    try:
        with postgres(home) as url:
            os.environ |= {"GLSYNC_DATABASE_URL": url, "GLSYNC_HOME": str(home), "GLSYNC_LOG_LEVEL": "error"}
            _fill(url)
            addresses = _addresses(url)
            _load("before the pages")
            _server_times(addresses)
            _load("after the pages")
            with _app() as (address, process), sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(FLAGS))
                _paints(browser, address, addresses)
                _load("after the paints")
                _changes(browser, address, url)
                _load("after the changes")
                _idle(browser, address, process)
                _load("after the idle tabs")
                browser.close()
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _load(when: str) -> None:
    """Times by the clock mean little on a machine that others want as well."""
    print(f"({when}: {os.getloadavg()[0]:.1f} processes want {os.cpu_count()} cores)")


def _fill(url: str) -> None:
    from glsync.store.migrations import migrate

    migrate(url)
    connection = psycopg2.connect(url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        for statement in FILL.split(";\n"):
            cursor.execute(statement)
    connection.close()
    print(f"{MAPPINGS:,} mappings, {RUNS:,} runs, {ERRORS:,} open errors")


def _addresses(url: str) -> dict[str, tuple[str, dict[str, str]]]:
    """What is measured: label -> page and query parameters."""
    from glsync.services import errors
    from glsync.services.access import LOCAL

    group = errors.groups(LOCAL, limit=1)[0]
    row = errors.listing(LOCAL, errors.ErrorFilter(group=group.key), limit=1)[0]
    with psycopg2.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("select id from gl_sync_logs where failed_rows > 0 order by started_at desc limit 1")
        ((run,),) = cursor.fetchall()
    return {name: (name, {}) for name in PAGES} | {
        "one run": ("runs", {"run": str(run)}),
        "a cause": ("errors", {"group": group.key}),
        "one error": ("errors", {"error": str(row.id)}),
    }


def _server_times(addresses: dict[str, tuple[str, dict[str, str]]]) -> None:
    import logging

    from streamlit.testing.v1 import AppTest

    from glsync.ui import places

    logging.disable(logging.WARNING)
    print("\n| page | server, median of 5 | CPU of the page | CPU of Postgres |\n|---|---|---|---|")
    for label, (page, parameters) in addresses.items():
        app = AppTest.from_file(str(ROOT / "glsync" / "ui" / "router.py"), default_timeout=60)
        app.run()
        app.switch_page(places.file_of(page))
        for key, value in parameters.items():
            app.query_params[key] = value
        app.run()
        assert not app.exception, app.exception
        wall, ours, theirs = [], [], []
        for _ in range(5):
            began, cpu, backends = time.perf_counter(), time.process_time(), _postgres_cpu()
            app.run()
            wall.append(time.perf_counter() - began)
            ours.append(time.process_time() - cpu)
            theirs.append(_postgres_cpu() - backends)
        figures = " | ".join(f"{statistics.median(each) * 1000:,.0f} ms" for each in (wall, ours, theirs))
        print(f"| {label} | {figures} |")


def _postgres_cpu() -> float:
    """Seconds of CPU the server's processes have used."""
    backends = psutil.Process(int(os.environ["BENCH_POSTMASTER"])).children()
    return sum(sum(each.cpu_times()[:2]) for each in backends)


def _browser_cpu() -> float:
    """Seconds of CPU the browser's processes have used; of those that ended meanwhile nothing is known."""
    used = 0.0
    for each in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            used += sum(each.cpu_times()[:2]) if "chrom" in each.name() else 0.0
    return used


@contextmanager
def _app() -> Iterator[tuple[str, psutil.Process]]:
    """The web app alone, in a process of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    with subprocess.Popen(command, cwd=ROOT, env=os.environ | {"GLSYNC_CHILD": "1"}, stdout=subprocess.DEVNULL) as app:
        address = f"http://127.0.0.1:{port}"
        try:
            for _ in range(600):
                with suppress(OSError), urllib.request.urlopen(f"{address}/readyz", timeout=5):
                    break
                time.sleep(0.1)
            yield address, psutil.Process(app.pid)
        finally:
            app.terminate()


def _paints(browser: Browser, address: str, addresses: dict[str, tuple[str, dict[str, str]]]) -> None:
    from urllib.parse import urlencode

    from glsync.ui import places

    _opened(browser, address)  # the very first visitor pays for what is made once
    print("\n| page | first paint | everything drawn | CPU of the browser |\n|---|---|---|---|")
    for label, (page, parameters) in addresses.items():
        path = "" if page == "dashboard" else places.ADDRESSES.get(page, page)
        began, cpu = time.perf_counter(), _browser_cpu()
        tab = _opened(browser, f"{address}/{path}?{urlencode(parameters)}")
        drawn, cpu = time.perf_counter() - began, _browser_cpu() - cpu
        paint = tab.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
        print(f"| {label} | {paint / 1000:.2f} s | {drawn:.2f} s | {cpu:.2f} s |")
        tab.context.close()


def _opened(browser: Browser, address: str) -> Page:
    tab = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    tab.goto(address, wait_until="commit")
    tab.locator("h1").first.wait_for(timeout=60_000)
    tab.locator('[data-test-script-state="notRunning"]').wait_for(timeout=60_000)
    return tab


def _changes(browser: Browser, address: str, url: str) -> None:
    """From the commit to the word on the screen."""
    tab = _opened(browser, address)
    connection = psycopg2.connect(url)
    connection.autocommit = True
    times = []
    for number in range(10):
        tab.wait_for_timeout(2500)
        name = f"changed {number}"
        with connection.cursor() as cursor:
            cursor.execute("update gl_mappings set name = %s where glide_table = 'table-1'", (f"a {name}",))
        began = time.perf_counter()
        tab.wait_for_function(SHOWN, arg=name, timeout=60_000)
        times.append(time.perf_counter() - began)
    connection.close()
    tab.context.close()
    print(f"\nfrom a change to the screen: median {statistics.median(times):.2f} s, at most {max(times):.2f} s")


def _idle(browser: Browser, address: str, process: psutil.Process) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    for number in range(TABS):
        tab = context.new_page()
        tab.goto(f"{address}/{'' if number % 2 else 'runs'}")
        tab.locator("h1").first.wait_for(timeout=60_000)
    time.sleep(10)
    before = sum(process.cpu_times()[:2])
    time.sleep(SECONDS)
    used = sum(process.cpu_times()[:2]) - before
    print(f"\n{TABS} idle tabs: {used / SECONDS:.1%} of a core")
    context.close()


if __name__ == "__main__":
    main()
