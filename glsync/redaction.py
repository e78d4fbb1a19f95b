"""What never leaves: secrets we were told of (`never_show`), and what looks like one.

    redacted(text)     for logs and tracebacks: hides what may be a secret, and now and then an innocent word
    hidden(text)       for messages people read: hides what is one beyond doubt
    without_known(text)  for rows of people: hides what we were told of, and nothing else

Every SyncError hides its own words, so that pages, API, command line, run logs and the error list all tell the same.
"""

from __future__ import annotations

import json
import re
from functools import cache

MASK = "***"
SHORTEST = 6
"""Shorter secrets would hide innocent words."""

_secrets: set[str] = set()

Rules = tuple[tuple[re.Pattern[str], str], ...]

_NAMED = r"(?i)((?:api_?key|pass(?:word|wd)|secret(?:_?key)?|token)[\\\"']*\s*[=:]\s*[\\\"']*)(?!\*|env:|file:)"
"""A name and where its value begins; within JSON or a repr, quotation marks have backslashes before them."""
_VALUE = r"[^\s\"',;}&\\]{6,}"
_BEYOND_DOUBT: Rules = (
    (re.compile(r"(?i)(bearer|basic)\s+(?=\S*[\d=])[\w.~+/=-]{8,}"), rf"\1 {MASK}"),
    (re.compile(r"(?i)(postgres(?:ql)?(?:\+\w+)?://[^:/@\s]*):[^@\s]+@"), rf"\1:{MASK}@"),
    (re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://[^:/@\s]*):[^@/\s]+@"), rf"\1:{MASK}@"),
    (re.compile(r"glsync:[vk]1:\w+:[A-Za-z0-9+/=]+"), f"glsync:{MASK}"),
    (re.compile(r"\bgls_[\w-]{20,}"), MASK),
    (re.compile(r"\bwhsec_[A-Za-z0-9+/=_-]{16,}"), MASK),
    (re.compile(r"(/hooks/)[\w-]{16,}"), rf"\1{MASK}"),
    (re.compile(r"\beyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{10,}"), MASK),
    (re.compile(r"\bsb_secret_[\w-]{10,}"), MASK),
    (re.compile(_NAMED + r"(?=[^\s\"',;}&\\]*\d)" + _VALUE), rf"\1{MASK}"),
)
_IN_LOGS: Rules = (
    *_BEYOND_DOUBT,
    (re.compile(r"(?i)(bearer|basic)\s+[\w.~+/=-]{8,}"), rf"\1 {MASK}"),
    (re.compile(_NAMED + _VALUE), rf"\1{MASK}"),
)


def never_show(secret: str) -> None:
    """Keep this text out of every log line and message from now on."""
    if len(secret) >= SHORTEST and secret not in _secrets:
        in_json = (json.dumps(secret, ensure_ascii=escaped)[1:-1] for escaped in (True, False))
        _secrets.update((secret, repr(secret)[1:-1], secret.replace("\\", "\\\\"), *in_json))
        _known.cache_clear()


def redacted(text: str) -> str:
    return _without(_IN_LOGS, without_known(text))


def hidden(text: str) -> str:
    return _without(_BEYOND_DOUBT, without_known(text))


def without_known(text: str) -> str:
    known = _known()
    return known.sub(MASK, text) if known else text


@cache
def _known() -> re.Pattern[str] | None:
    """All of them at once, the longest first: one may be a part of another."""
    ordered = sorted(_secrets, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, ordered))) if ordered else None


def _without(rules: Rules, text: str) -> str:
    for pattern, instead in rules:
        text = pattern.sub(instead, text)
    return text
