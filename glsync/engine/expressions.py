"""Expressions in CEL, compiled once: every name and function is checked, and what could grow without end is refused."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Mapping as ReadOnly
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any

from glsync.engine.exchange import FUNCTIONS, given, result

LONGEST = 1000
"""Characters of an expression."""
MOST_LOOKS = 2
"""Times an expression may go through a list (all, exists, filter): each multiplies the time a row takes."""

_LOOKS = ("all", "exists", "exists_one", "existsOne", "filter")
_NATIVE = (
    "has", "size", "contains", "startsWith", "endsWith", "matches", "int", "double", "string", "timestamp", "duration",
    "getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear", "getHours", "getMinutes",
    "getSeconds", "getMilliseconds",
)  # fmt: skip
_RESERVED = frozenset({
    "as", "break", "const", "continue", "else", "false", "for", "function", "if", "import", "in", "let", "loop",
    "namespace", "null", "package", "return", "row", "true", "var", "void", "while",
})  # fmt: skip
_TOKEN = re.compile(
    r"""(?P<blank>\s+) | (?P<text>"(?:[^"\\\n]|\\.)*" | '(?:[^'\\\n]|\\.)*')
      | (?P<number>0x[0-9a-fA-F]+u? | (?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?u?) | (?P<word>[A-Za-z_]\w*)
      | (?P<sign>&&|\|\||==|!=|<=|>=|.)""",
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_WORD = re.compile(r"[A-Za-z_]\w*", re.ASCII)


class RuleError(ValueError):
    """An expression that cannot be used; the message names the place where it has one."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One compiled expression. `words` and `keys` are what it reads: name in the expression -> Glide column id."""

    source: str
    run: Callable[[dict[str, Any]], Any]
    words: ReadOnly[str, str]
    keys: ReadOnly[str, str]

    def value(self, row: ReadOnly[str, Any]) -> Any:
        """The result as a JSON value, numbers as int or Decimal.

        Args:
            row: decoded cells by Glide column id.
        Raises:
            ValueError: what failed, in words.
        """
        known: dict[str, Any] = {word: given(row.get(glide_id), word) for word, glide_id in self.words.items()}
        if self.keys:
            known["row"] = {key: given(row.get(glide_id), key) for key, glide_id in self.keys.items()}
        try:
            found = self.run(known)
        except Exception as error:  # whatever a person's expression runs into is about the row, never about us
            raise ValueError(_in_words(error)) from error
        return result(found)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int


def compiled(source: str, columns: ReadOnly[str, str]) -> Rule:
    """An expression over columns, name -> Glide column id.

    Raises:
        RuleError: it is too long, no CEL, or names what there is not.
    """
    if len(source) > LONGEST:
        raise RuleError(f"is longer than {LONGEST} characters")
    try:
        program = _cel().compile(source)
    except ValueError as error:
        raise RuleError(_syntax(error, source)) from None
    tokens = _tokens(source)
    calls = [token for token, after in _with_next(tokens) if token.kind == "word" and after.text == "("]
    _check_calls(calls)
    keys = dict(_keys(tokens, columns))
    words = dict(_words(tokens, columns))
    ours = {call.text: FUNCTIONS[call.text] for call in calls if call.text in FUNCTIONS}
    return Rule(source.strip(), _runner(program, ours), words, keys)


def _runner(program: Any, ours: dict[str, Callable[..., Any]]) -> Callable[[dict[str, Any]], Any]:
    if not ours:
        run: Callable[[dict[str, Any]], Any] = program.execute
        return run
    context = _cel().Context
    return lambda known: program.execute(context(known, ours))


@cache
def _cel() -> ModuleType:
    """Loaded when the first rule is met, which costs a third of a second: most mappings have none."""
    import cel

    logging.getLogger("cel").setLevel(logging.CRITICAL + 1)  # it logs what failed, cells and all; we tell it our way
    return cel


def _syntax(error: ValueError, source: str) -> str:
    found = re.search(r"<input>:(\d+):(\d+): (?:Syntax error: )?([^\n]*)", str(error))
    if not found:
        return f"is not CEL: {str(error)[:200]}"
    line, column, said = int(found[1]), int(found[2]), found[3].partition(" expecting {")[0]
    place = f"position {column}" if "\n" not in source.strip("\n") else f"line {line}, position {column}"
    return f"cannot be read at {place}: {said}"


def _tokens(source: str) -> list[_Token]:
    tokens = [
        _Token(found.lastgroup or "", found[0], found.start() + 1)
        for found in _TOKEN.finditer(source)
        if found.lastgroup != "blank"
    ]
    for token, after in _with_next(tokens):
        is_prefix = token.kind == "word" and after.kind == "text" and after.at == token.at + len(token.text)
        is_triple = token.kind == after.kind == "text" and after.at == token.at + len(token.text)
        if is_prefix or is_triple or token.text == after.text == "/" or token.text in "\\#\"'":
            raise RuleError(f"has a text or comment of a form that rules do not take at position {token.at}")
    return tokens


def _with_next(tokens: Sequence[_Token]) -> Iterator[tuple[_Token, _Token]]:
    yield from zip(tokens, [*tokens[1:], _Token("end", "end", 0)], strict=True)


def _check_calls(calls: Iterable[_Token]) -> None:
    """Only functions we know; each goes through a list at most once, and makes no more than it is given."""
    looks = 0
    for call in calls:
        looks += call.text in _LOOKS
        if call.text not in _LOOKS and call.text not in _NATIVE and call.text not in FUNCTIONS:
            known = ", ".join(sorted({*_NATIVE, *_LOOKS, *FUNCTIONS}))
            raise RuleError(
                f"calls {call.text!r} at position {call.at}, which there is not; there are the functions {known}"
            )
        if looks > MOST_LOOKS:
            raise RuleError(f"goes through lists more than {MOST_LOOKS} times, at position {call.at}")


def _keys(tokens: Sequence[_Token], columns: ReadOnly[str, str]) -> Iterator[tuple[str, str]]:
    for place, token in enumerate(tokens):
        if token.text != "row" or token.kind != "word" or _is_member(tokens, place):
            continue
        rest = [after.text for after in tokens[place + 1 : place + 4]]
        if len(rest) < 3 or rest[0] != "[" or tokens[place + 2].kind != "text" or rest[2] != "]":
            raise RuleError(f'uses row at position {token.at} in another way than row["Name of a column"]')
        key = str(_cel().evaluate(rest[1]))
        if key not in columns:
            raise RuleError(_unknown(key, tokens[place + 2].at, columns))
        yield key, columns[key]


def _words(tokens: Sequence[_Token], columns: ReadOnly[str, str]) -> Iterator[tuple[str, str]]:
    """The columns named as bare words; not members, not functions, not the names a look through a list makes."""
    items = {
        tokens[place + 2].text
        for place, token in enumerate(tokens[:-3])
        if token.text in _LOOKS and tokens[place + 1].text == "(" and tokens[place + 3].text == ","
    }
    for place, (token, after) in enumerate(_with_next(tokens)):
        is_column = token.kind == "word" and token.text not in _RESERVED and token.text not in items
        if not is_column or after.text == "(" or _is_member(tokens, place):
            continue
        if token.text not in columns:
            raise RuleError(_unknown(token.text, token.at, columns))
        yield token.text, columns[token.text]


def _is_member(tokens: Sequence[_Token], place: int) -> bool:
    return place > 0 and tokens[place - 1].text == "."


def _unknown(name: str, at: int, columns: ReadOnly[str, str]) -> str:
    known = ", ".join(
        name if _WORD.fullmatch(name) and name not in _RESERVED else f'row["{name}"]'
        for name in dict.fromkeys(columns)
    )  # fmt: skip
    return f"names {name!r} at position {at}, which is no column, or of two columns; there are {known}"


def _in_words(error: Exception) -> str:
    """CEL's error for people who wrote one line of it."""
    said = str(error)
    if isinstance(error, KeyError):
        return f"there is no {said} in an object"
    if undefined := re.search(r"Undefined variable or function: '(\w+)'", said):
        return f"{undefined[1]} cannot take what it was given; is the cell empty?"
    if "perator" in said or "overload" in said or "operation" in said:
        kinds = re.search(r"Unsupported operation: (\w+ \S+ \w+)", said)
        what = kinds[1].replace("float", "number") if kinds else "these kinds do not go together"
        return f"{what} cannot be worked out; an empty cell is null, and a number is written 2.0, not 2"
    called = re.search(r"Python function call failed: \w+: (.*?)\. Check function", said)
    return called[1] if called else said.splitlines()[0][:200]
