"""What the documents tell people to type exists, and the cheap part of it runs."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from glsync.__main__ import app
from glsync.config import PREFIX, Settings
from tests.ground.conftest import ROOT

DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def commands(text: str) -> Iterator[list[str]]:
    """The words of every command in the bash blocks, without comments."""
    for block in blocks(text, "bash"):
        for line in block.splitlines():
            if words := shlex.split(line, comments=True):
                yield words
            if inner := re.search(r"\$\((.*?)\)", line):
                yield shlex.split(inner[1])


ALL = [(path.name, words) for path in DOCUMENTS for words in commands(path.read_text(encoding="utf-8"))]


def without_variables(words: list[str]) -> list[str]:
    return words[next(number for number, word in enumerate(words) if not re.match(r"[A-Z_]+=", word)) :]


@pytest.mark.parametrize("words", [words for _, words in ALL], ids=[f"{name}: {words}" for name, words in ALL])
def test_every_command_in_the_documents_exists(words: list[str]) -> None:
    match without_variables(words):
        case ["make", target, *_]:
            assert f"\n{target}:" in (ROOT / "Makefile").read_text(encoding="utf-8")
        case ["python" | ".venv/bin/python", "-m", "glsync", *rest]:
            assert_understood(rest)
        case ["pip", "install", "-r", file]:
            assert (ROOT / file).is_file()
        case ["streamlit" | ".venv/bin/streamlit", "run", file, *_]:
            assert (ROOT / file).is_file()
        case ["export" | "psql", *_]:
            pass
        case other:
            raise AssertionError(f"a kind of command nobody looks at here: {other}")


def assert_understood(words: list[str]) -> None:
    """The command exists and takes these words; what they name need not be there."""
    command = typer.main.get_command(app).commands[words[0]]
    known = {option for parameter in command.params for option in [*parameter.opts, *parameter.secondary_opts]}
    assert {word.partition("=")[0] for word in words[1:] if word.startswith("-")} <= known
    wanted = [parameter for parameter in command.params if parameter.param_type_name == "argument"]
    given = len([word for word in words[1:] if not word.startswith("-")])
    assert sum(parameter.required for parameter in wanted) <= given <= len(wanted)


def test_the_yaml_of_the_readme_can_be_applied(database: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from glsync.services import config
    from glsync.services.access import LOCAL

    monkeypatch.setenv("GLIDE_TOKEN", "any-token-will-do")
    (example,) = blocks(README, "yaml")
    file = folder / "sync.yaml"
    file.write_text(example)
    changes = config.apply(LOCAL, file)
    assert {"connection ops: added", "mapping items: added"} <= set(changes)
    assert config.apply(LOCAL, file) == []


def test_every_link_to_a_file_leads_somewhere() -> None:
    for path in DOCUMENTS:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", path.read_text(encoding="utf-8")):
            assert (path.parent / target).exists(), f"{path.name} links to {target}"


def test_the_readme_tells_of_every_command() -> None:
    assert [name for name in typer.main.get_command(app).commands if f"`{name}`" not in README] == []


def test_operations_tells_of_every_setting() -> None:
    told = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    assert [name for name in Settings.model_fields if f"`{PREFIX}{name.upper()}`" not in told] == []


def required(*files: str) -> set[str]:
    """The distributions these requirement files name."""
    lines = [line for file in files for line in (ROOT / file).read_text(encoding="utf-8").splitlines()]
    names = [re.match(r"[A-Za-z0-9._-]+", line) for line in lines if line and not line.startswith(("#", "-"))]
    return {name[0].lower().replace("_", "-") for name in names if name}


def test_dependencies_tells_of_every_requirement() -> None:
    told = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8").lower()
    asked = required("requirements.txt", "requirements-dev.txt", "requirements-bench.txt")
    assert sorted(name for name in asked if name not in told) == []


@pytest.mark.parametrize(
    ("places", "files"),
    [
        (["app.py", "pages", "glsync"], ["requirements.txt"]),
        (["tests", ".ci"], ["requirements.txt", "requirements-dev.txt"]),
        (["benchmarks"], ["requirements.txt", "requirements-dev.txt", "requirements-bench.txt"]),
    ],
)
def test_whatever_is_imported_is_required(places: list[str], files: list[str]) -> None:
    sources = [
        path for place in places for path in ([ROOT / place] if place.endswith(".py") else (ROOT / place).rglob("*.py"))
    ]
    imported = {name for path in sources for name in imports(ast.parse(path.read_text(encoding="utf-8")))}
    providers = importlib.metadata.packages_distributions()
    asked = required(*files)
    ours = {"glsync", "tests", "tools", "benchmarks", "pages", "app"} | set(sys.stdlib_module_names)
    missing = {
        name: providers.get(name, [name])
        for name in imported - ours
        if not {one.lower().replace("_", "-") for one in providers.get(name, [name])} & asked
    }
    assert missing == {}


def imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.partition(".")[0]
