"""The pictures of docs/screens.md: python -m tests.browser.screenshots

Starts the app with its demo on an empty home, syncs it, and takes every page in both themes, wide and narrow.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser.conftest import FLAGS, NAMES, ROOT, App, Reader, installation

FOLDER = ROOT / "docs" / "screenshots"
SIZES = {"wide": (1280, 900), "narrow": (390, 844)}
PAGES = {
    "dashboard": "", "runs": "runs", "errors": "errors", "metrics": "figures", "connections": "connections",
    "mappings": "mappings", "settings": "settings",
}  # fmt: skip
COLOURS = 256
"""A picture of a page has few; with a palette it is a fifth of its size."""


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with installation() as app, sync_playwright() as playwright:
        used(app)
        path = next(filter(None, map(shutil.which, NAMES)))
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        for theme in ("light", "dark"):
            for size in SIZES:
                for name, address in PAGES.items():
                    take(browser, app, f"{name}-{theme}-{size}", address, theme, size)
            for name, address in details(app).items():
                take(browser, app, f"{name}-{theme}-wide", address, theme, "wide")
        browser.close()


def used(app: App) -> None:
    """A day's work: everything synced, something changed in Glide, synced again, somebody at the errors."""
    names = [name for (name,) in app.ask("select name from gl_mappings order by name")]
    for name in [*names, "purchase_orders", "invoices"]:
        subprocess.run(
            [sys.executable, "-m", "glsync", "sync", name, "--json"],
            cwd=ROOT, env=app._environment, capture_output=True, check=False,
        )  # fmt: skip
    app.ask("update gl_sync_errors set assigned_to = 'ada' where column_name = 'ship_date'")


def details(app: App) -> dict[str, str]:
    """What is behind the lists: a run, a cause, an error, a mapping."""
    run = app.ask("select id from gl_sync_logs where status = 'completed_with_errors' order by started_at limit 1")
    error = app.ask("select id from gl_sync_errors where column_name = 'ship_date' order by created_at limit 1")
    mapping = app.ask("select id from gl_mappings where name = 'expenses'")
    return {
        "run": f"runs?run={run[0][0]}",
        "error": f"errors?error={error[0][0]}",
        "mapping": f"mappings?mapping={mapping[0][0]}",
    }


def take(browser: Browser, app: App, name: str, address: str, theme: str, size: str) -> None:
    width, height = SIZES[size]
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=theme, timezone_id="Europe/Berlin", locale="en-GB"
    )  # type: ignore[arg-type]
    context.set_default_timeout(60_000)
    reader = Reader(context.new_page(), app).open(address)
    expect(reader.page.get_by_test_id("stSkeleton")).to_have_count(0)
    reader.page.wait_for_timeout(1500)  # charts and tables are drawn after the page is
    saved(reader.settled().page.screenshot(), FOLDER / f"{name}.png")
    context.close()


def saved(picture: bytes, file: Path) -> None:
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    image.quantize(COLOURS, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(file, optimize=True)
    print(f"{file.relative_to(ROOT)}  {file.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
