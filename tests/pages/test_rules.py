"""What holds for the text of every page and screen module, whatever they come to show."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from glsync.ui import places, texts

SCREENS = sorted((Path(__file__).parents[2] / "glsync" / "ui").glob("*.py"))
PAGES = sorted(places.PAGES.glob("*.py"))
BELOW_THE_SERVICES = ("requests", "sqlmodel", "sqlalchemy", "psycopg2", "glsync.store", "glsync.glide", "glsync.sync")
LONGEST = 160


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imported(path: Path) -> list[str]:
    nodes = list(ast.walk(tree(path)))
    plain = [name.name for node in nodes if isinstance(node, ast.Import) for name in node.names]
    return plain + [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_a_page_lets_nobody_in_before_it_has_looked_who_it_is(path):
    body = [node for node in tree(path).body if not isinstance(node, ast.Import | ast.ImportFrom | ast.Expr)]
    assert ast.unparse(body[0]).startswith(f"visit = shell.enter('{path.stem}'")


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_a_page_is_layout_and_wiring_only(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST
    assert not [name for name in imported(path) if name.startswith(BELOW_THE_SERVICES)]
    assert not [node for node in ast.walk(tree(path)) if isinstance(node, ast.ExceptHandler) and node.type is None]


@pytest.mark.parametrize("path", [*PAGES, *SCREENS], ids=lambda path: path.stem)
def test_no_screen_trusts_html_or_a_naked_exception(path):
    text = path.read_text(encoding="utf-8")
    assert "unsafe_allow" not in text
    assert "st.html(" not in text
    caught = [node.type for node in ast.walk(tree(path)) if isinstance(node, ast.ExceptHandler)]
    assert "Exception" not in [ast.unparse(kind) for kind in caught if kind]


@pytest.mark.parametrize("path", [*PAGES, *SCREENS], ids=lambda path: path.stem)
def test_every_table_and_chart_has_a_name_for_those_who_cannot_see_it(path):
    calls = [node for node in ast.walk(tree(path)) if isinstance(node, ast.Call)]
    drawn = [
        call for call in calls if ast.unparse(call.func) in ("st.dataframe", "st.data_editor", "st.vega_lite_chart")
    ]
    assert [call.lineno for call in drawn if "alt" not in [word.arg for word in call.keywords]] == []


@pytest.mark.parametrize("path", [*PAGES, *SCREENS], ids=lambda path: path.stem)
def test_every_input_has_a_key(path):
    inputs = {"st.button", "st.text_input", "st.selectbox", "st.multiselect", "st.radio", "st.data_editor", "st.toggle"}
    calls = [node for node in ast.walk(tree(path)) if isinstance(node, ast.Call)]
    drawn = [call for call in calls if ast.unparse(call.func) in inputs]
    assert [call.lineno for call in drawn if "key" not in [word.arg for word in call.keywords]] == []


def test_the_menu_names_every_page_once():
    named = [name for names in texts.SECTIONS.values() for name in names]
    assert sorted(named) == sorted(texts.TITLES) == [path.stem for path in PAGES]


def test_no_sentence_shouts_or_blames():
    shown = (texts.__file__ and Path(texts.__file__).read_text(encoding="utf-8")) or ""
    words = [node.value for node in ast.walk(ast.parse(shown)) if isinstance(node, ast.Constant)]
    sentences = [word for word in words if isinstance(word, str)]
    assert not [word for word in sentences if "!" in word or "invalid" in word.lower() or "please" in word.lower()]
