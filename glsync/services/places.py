"""Reading a YAML file so that every problem in it is named at once, with its line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches

import yaml

from glsync.errors import ConfigError

NULL, TRUE_FALSE = "tag:yaml.org,2002:null", "tag:yaml.org,2002:bool"


@dataclass(slots=True)
class Problems:
    """What is wrong with a file, each with its place, in the order of the lines."""

    found: list[tuple[int, str]] = field(default_factory=list)

    def add(self, place: Place, message: str) -> None:
        self.found.append((place.line, f"line {place.line}, {place.path}: {message}"))

    def stop(self, hint: str) -> None:
        """Raise what was found.

        Raises:
            ConfigError: one line per problem; nothing was raised when there is none.
        """
        if self.found:
            raise ConfigError("\n".join(text for _, text in sorted(self.found, key=lambda one: one[0])), hint=hint)


@dataclass(frozen=True, slots=True)
class Place:
    """A value in the file. `path` says where people look for it, `node` may be missing for a key that is not there."""

    node: yaml.Node | None
    path: str
    line: int
    problems: Problems

    @property
    def given(self) -> bool:
        return self.node is not None and self.node.tag != NULL

    def wrong(self, message: str) -> None:
        self.problems.add(self, message)

    def keys(self, known: Iterable[str], needed: Iterable[str] = ()) -> dict[str, Place]:
        """The values of these keys; a key nobody knows, one that is there twice or is missing is a problem."""
        entries = self.entries()
        known = tuple(known)
        for key, place in entries.items():
            if key not in known:
                place.wrong(_unknown(key, known))
        for key in needed:
            if key not in entries or not entries[key].given:
                self.wrong(f"{key} is missing")
        return {key: entries.get(key, self._missing(key)) for key in known}

    def entries(self) -> dict[str, Place]:
        """Every key with its value, in the order of the file. Merged keys (<<) count as given."""
        if not self.given:
            return {}
        if not isinstance(self.node, yaml.MappingNode):
            self.wrong("keys and values are expected here")
            return {}
        self._name_doubles(self.node)
        yaml.SafeLoader("").flatten_mapping(self.node)
        return {
            str(key.value): Place(value, f"{self.path} › {key.value}", key.start_mark.line + 1, self.problems)
            for key, value in self.node.value
        }

    def items(self, named: str) -> Iterator[Place]:
        """The items of a list, each with the value of its key `named` in its path."""
        if not self.given:
            return
        if not isinstance(self.node, yaml.SequenceNode):
            self.wrong("a list is expected here, each item beginning with -")
            return
        for number, node in enumerate(self.node.value, start=1):
            yield Place(node, f"{self.path} › {_name(node, named) or number}", node.start_mark.line + 1, self.problems)

    def text(self, default: str = "") -> str:
        """A scalar as it is written."""
        if not self.given:
            return default
        if not isinstance(self.node, yaml.ScalarNode):
            self.wrong("a single value is expected here")
            return default
        return str(self.node.value).strip()

    def optional(self) -> str | None:
        return self.text() or None

    def flag(self, default: bool) -> bool:
        if not self.given:
            return default
        if self.node is None or self.node.tag != TRUE_FALSE:
            self.wrong(f"{self.text()!r} is neither true nor false")
            return default
        return str(self.node.value).lower() in ("true", "yes", "on")

    def whole_number(self, default: int) -> int:
        text = self.text(str(default))
        if not text.isdecimal():
            self.wrong(f"{text!r} is not a whole number of 0 or more")
            return default
        return int(text)

    def choice(self, words: Iterable[str], default: str) -> str:
        """One of these words; the default when nothing is given."""
        text, words = self.text(default), tuple(words)
        if self.given and text not in words:
            self.wrong(f"{text!r} is not one of {', '.join(words)}{_meant(text, words)}")
            return default
        return text

    def _missing(self, key: str) -> Place:
        return Place(None, f"{self.path} › {key}", self.line, self.problems)

    def _name_doubles(self, node: yaml.MappingNode) -> None:
        seen: set[str] = set()
        for key, _ in node.value:
            name = str(key.value)
            if name in seen and name != "<<":
                Place(key, self.path, key.start_mark.line + 1, self.problems).wrong(f"{name} is given twice")
            seen.add(name)


def open_text(text: str, what: str) -> Place:
    """The whole file.

    Raises:
        ConfigError: it is not YAML.
    """
    try:
        node = yaml.SafeLoader(text).get_single_node()
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigError(f"line {line}: {what} is not YAML: {error.problem}", hint="Check the indentation.") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{what} is not YAML: {error}", hint="Save it as UTF-8 text.") from None
    return Place(node, what, 1, Problems())


def _unknown(key: str, known: tuple[str, ...]) -> str:
    return f"unknown key{_meant(key, known) or '; known are ' + ', '.join(known)}"


def _meant(word: str, known: tuple[str, ...]) -> str:
    close = get_close_matches(word.lower(), known, n=1, cutoff=0.5)
    return f"; did you mean {close[0]}?" if close else ""


def _name(node: yaml.Node, named: str) -> str | None:
    if not isinstance(node, yaml.MappingNode):
        return None
    return next((str(v.value) for k, v in node.value if k.value == named and isinstance(v, yaml.ScalarNode)), None)
