"""40 payloads stand in every text there is, and in a real browser none of them does anything, on any page."""

from __future__ import annotations

import pytest

from tests.database import run_sql
from tests.payloads import sow

from .test_looks import PATHS

pytestmark = pytest.mark.browser

LISTEN = """
window.breaches = []
document.addEventListener("securitypolicyviolation",
    e => window.breaches.push(e.violatedDirective + " " + e.blockedURI))
"""


def test_no_script_runs_nothing_is_loaded_and_the_policy_holds(fresh_app, look):
    page = look(fresh_app).page
    url = fresh_app.glsync("database-url").strip()
    sow(lambda statement: run_sql(url, statement))
    run = fresh_app.ask("select id from gl_sync_logs order by started_at desc limit 1")[0][0]
    mapping, connection = fresh_app.ask("select id, connection_id from gl_mappings where name like '<svg%' limit 1")[0]
    details = (f"runs?run={run}", f"mappings?mapping={mapping}", f"connections?connection={connection}")
    asked, dialogs = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    page.add_init_script(LISTEN)
    for path in (*PATHS.values(), *details):
        page.goto(f"{fresh_app.address}/{path}")
        page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for(timeout=60_000)
        page.locator("h1").first.wait_for(timeout=60_000)
        page.wait_for_timeout(500)  # what comes late
        assert page.evaluate("window.hacked") is None, path
        assert page.evaluate("window.breaches") == [], path
        lead = page.eval_on_selector_all("a[href]", "links => links.map(link => link.protocol)")
        assert set(lead) <= {"http:", "https:"}, path
    assert [url for url in asked if not url.startswith((fresh_app.address, "data:", "blob:"))] == []
    assert dialogs == []
