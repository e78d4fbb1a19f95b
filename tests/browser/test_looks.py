"""Every page in both themes, wide and narrow: readable for everybody, and nothing cut off."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe

from glsync.ui import places, texts

pytestmark = pytest.mark.browser
PATHS = {name: "" if name == "dashboard" else places.ADDRESSES.get(name, name) for name in texts.TITLES}
NOT_OURS = {
    "[data-testid=stSidebarNavItems]": "the menu's list has its sections' headings among its items",
    "[data-testid=stMetricChart]": "the sparkline of a metric has no name",
    "kbd": "the hint of a shortcut is paler than its button's text",
}
"""Parts that Streamlit draws and gives no way to change, and what axe finds there."""


def details(app):
    """Addresses of details: a run, a cause, a mapping, a connection, and the editor of a new mapping."""
    run = app.ask("select id from gl_sync_logs order by started_at limit 1")[0][0]
    mapping, connection = app.ask("select id, connection_id from gl_mappings where name = 'shipping_records'")[0]
    return (
        f"runs?run={run}",
        f"mappings?mapping={mapping}",
        f"connections?connection={connection}",
        "mappings?mapping=new",
    )


def serious(reader):
    """What keeps somebody from reading or using the page. What is just being drawn anew is paler for a moment."""
    if faults := faults_now(reader):
        reader.page.wait_for_timeout(3000)
        faults = faults_now(reader)
    return faults


def faults_now(reader):
    found = Axe().run(reader.page, context={"exclude": [[part] for part in NOT_OURS]}).response["violations"]
    return [
        (one["id"], node["html"][:200], node["failureSummary"][:300])
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", PATHS)
def test_a_page_can_be_read_and_used_by_everybody_and_lacks_nothing(look, app, name, theme):
    reader, missing = look(app, theme=theme), []
    reader.page.on("requestfailed", lambda request: missing.append(request.url))
    reader.page.on("response", lambda answer: missing.append(answer.url) if answer.status >= 400 else None)
    reader.page.on("console", lambda line: missing.append(line.text) if "Content Security" in line.text else None)
    reader.open(PATHS[name])
    assert serious(reader) == []
    # on a deep link Streamlit first asks below the page's own address where its server is
    assert [url for url in missing if "/_stcore/" not in url] == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_details_can_be_read_and_used_by_everybody(look, app, theme):
    reader = look(app, theme=theme)
    assert {path: found for path in details(app) if (found := serious(reader.open(path)))} == {}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_drawer_can_be_read_and_used_by_everybody(look, app, theme):
    reader = look(app, theme=theme).open("connections").press("Add connection")
    reader.page.get_by_role("dialog").wait_for()
    assert serious(reader) == []


def test_on_a_phone_nothing_has_to_be_pushed_sideways(look, app):
    reader = look(app, width=390, height=844)
    overflow = "document.querySelector('[data-testid=stMain]').scrollWidth - document.documentElement.clientWidth"
    pages = [*PATHS.values(), *details(app)]
    assert {path: wide for path in pages if (wide := reader.open(path).page.evaluate(overflow)) > 0} == {}


def test_on_a_desk_a_page_leaves_its_tables_all_but_a_narrow_margin(look, app):
    main = look(app).open("mappings").page.get_by_test_id("stMainBlockContainer")
    main.evaluate("block => block.id = 'main'")
    main.page.wait_for_function("parseFloat(getComputedStyle(document.getElementById('main')).paddingLeft) <= 32")
