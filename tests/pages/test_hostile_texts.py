"""40 payloads stand in every text there is, and no page takes one for more than text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from glsync.services import connections, errors, mappings, runs
from glsync.services.access import LOCAL
from glsync.ui import texts
from tests.payloads import PAYLOADS, sow

from .conftest import Page

ROOT = Path(__file__).parents[2]
AS_THEY_ARE = {"code", "text", "json", "arrow_data_frame", "text_input", "text_area", "alert_dialog"}
"""Elements that show their text and read no Markdown in it."""
READS_MARKDOWN = {"body", "label", "help", "value", "delta", "title", "caption", "options", "captions", "text"}
OUR_OWN = {"glsync_live", "glsync_frame"}
"""The one component of ours: a script that hears of changes and is given no data."""
SINGLE = (str, bytes, int, float, bool)
ESCAPED = re.compile(r"\\.")
TAG = re.compile(r"<[a-z!/?]", re.IGNORECASE)
LINK = re.compile(r"\]\(\s*<?([^)]*)|\]:\s*(\S+)")
LEADS = re.compile(r"https?://|/|#|\?|[\w-]*$")


@pytest.fixture
def sown(database: str, ask: Any) -> None:
    sow(ask)


def is_message(value: Any) -> bool:
    """Is it one of the messages Streamlit draws from?"""
    return hasattr(value, "ListFields")


def elements(page: Page) -> Iterator[tuple[str, Any]]:
    """(kind, its message) of everything that is drawn."""

    def walk(node: Any) -> Iterator[tuple[str, Any]]:
        if is_message(getattr(node, "proto", None)):
            yield node.type, node.proto
        for child in getattr(node, "children", {}).values():
            yield from walk(child)

    yield from walk(page.app._tree)


def markdown_in(message: Any) -> Iterator[str]:
    """Every text of a message that the browser would read as Markdown."""
    for field, value in message.ListFields():
        several = (
            value if not isinstance(value, str | bytes | int | float | bool) and hasattr(value, "__iter__") else [value]
        )
        for one in several:
            if is_message(one):
                yield from markdown_in(one)
            elif isinstance(one, str) and field.name in READS_MARKDOWN:
                yield one


def active(markdown: str) -> list[str]:
    """Parts of a Markdown text that act: tags, and links that lead elsewhere than to pages."""
    bare = ESCAPED.sub("", markdown)
    links = [first or second for first, second in LINK.findall(bare)]
    return [*TAG.findall(bare), *(link for link in links if not LEADS.match(link))]


def places_of() -> list[tuple[str, dict[str, object]]]:
    """Every page, and its details for each payload's connection, mapping, run and error."""
    found: list[tuple[str, dict[str, object]]] = [(page, {}) for page in texts.TITLES]
    found += [("runs", {"run": run.id}) for run in runs.history(LOCAL, limit=4)]
    found += [("mappings", {"mapping": row.id}) for row in mappings.listing(LOCAL, limit=4)]
    found += [("connections", {"connection": row.id}) for row in connections.listing(LOCAL)[:4]]
    found += [("errors", {"group": group.key}) for group in errors.groups(LOCAL, limit=4)]
    return found


def test_no_page_takes_data_for_more_than_text(open_page, sown):
    assert len(PAYLOADS) == 40
    seen, acting = 0, []
    for page, parameters in places_of():
        for kind, message in elements(open_page(page, **parameters)):
            assert not getattr(message, "allow_html", False), f"{page} lets {kind} hold HTML"
            assert kind not in ("html", "iframe", "component_instance"), f"{page} draws {kind}"
            if kind == "bidi_component":
                assert message.component_name in OUR_OWN
            if kind in AS_THEY_ARE:
                seen += "hacked" in str(message)
                continue
            for text in markdown_in(message):
                seen += "hacked" in text
                acting += [f"{page}: {kind} would act on {text!r}"] if active(text) else []
    assert not acting, "\n".join(acting)
    assert seen > 40, "the payloads were to be seen"


@pytest.mark.parametrize("payload", PAYLOADS)
def test_what_is_found_would_be_found(payload):
    from glsync.ui import words

    harmless = ("&", "{", "$", "`", "--", "]]", "[x][x]")
    assert active(payload) or payload.startswith(harmless) or "https://evil" in payload
    assert active(words.plain(payload)) == []


def test_no_page_may_draw_html_or_foreign_components():
    banned = re.compile(r"unsafe_allow_html|unsafe_allow_javascript|st\.html\(|components\.v1|st\.iframe|st\.image\(")
    made = re.compile(r"components\.v2\.component\(\s*\"(\w+)\"")
    files = [*(ROOT / "pages").glob("*.py"), *(ROOT / "glsync" / "ui").glob("*.py"), ROOT / "app.py"]
    assert [file.name for file in files if banned.search(file.read_text(encoding="utf-8"))] == []
    assert {name for file in files for name in made.findall(file.read_text(encoding="utf-8"))} == OUR_OWN
