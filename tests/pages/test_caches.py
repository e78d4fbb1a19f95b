"""What a reader is shown is kept where no other reader could get it, and nothing unpickles what came from outside."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from glsync.services import connections
from glsync.services.access import LOCAL
from glsync.ui import background

ROOT = Path(__file__).parents[2]
FILES = [*(ROOT / "pages").rglob("*.py"), *(ROOT / "glsync").rglob("*.py"), ROOT / "app.py"]


def imports(tree: ast.AST) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {name.name.partition(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found


@pytest.mark.parametrize("library", ["pickle", "shelve", "marshal", "dill"])
def test_no_file_of_ours_can_unpickle_anything(library):
    assert [file.name for file in FILES if library in imports(ast.parse(file.read_text(encoding="utf-8")))] == []


def test_only_the_threads_of_the_screens_are_shared_by_readers():
    """st.cache_data pickles what it keeps, and what st.cache_resource keeps every reader gets: it holds no answer."""
    cached = re.compile(r"@st\.cache_(data|resource)[^\n]*\n(?:async )?def (\w+)\((.*?)\)", re.DOTALL)
    found = [match for file in FILES for match in cached.findall(file.read_text(encoding="utf-8"))]
    assert found == [("resource", "_pool", "")]


def test_what_one_reader_asked_for_another_does_not_get(open_page, ops):
    mine, theirs = open_page("connections"), open_page("connections")
    mine.app.session_state["plan_work"] = background.Work(background._pool().submit(connections.listing, LOCAL))
    mine.run()
    assert "plan_work" in mine.app.session_state
    assert "plan_work" not in theirs.run().app.session_state
