"""Logs: structlog over the standard library, for people on a terminal or as JSON lines, always on stderr.

    log = structlog.get_logger()
    log.info("page stored", mapping="items", rows=500)

Nothing we were told to keep (`never_show`) and nothing that looks like a key leaves through a log line or a traceback.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Callable
from typing import Any

import structlog
from structlog.typing import EventDict, WrappedLogger

HIDDEN = "***"
SHORTEST = 6
"""Shorter secrets would hide innocent words."""

_secrets: set[str] = set()
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?i)(bearer|basic)\s+[\w.~+/=-]{8,}"), rf"\1 {HIDDEN}"),
    (re.compile(r"(?i)(postgres(?:ql)?(?:\+\w+)?://[^:/@\s]*):[^@\s]+@"), rf"\1:{HIDDEN}@"),
    (re.compile(r"(?i)(\"?(?:api_?key|password|secret_?key|token)\"?\s*[=:]\s*\"?'?)(?!\*)[^\s\"',;}&]{6,}"),
     rf"\1{HIDDEN}"),
    (re.compile(r"glsync:[vk]1:\w+:[A-Za-z0-9+/=]+"), f"glsync:{HIDDEN}"),
)  # fmt: skip


def never_show(secret: str) -> None:
    """Keep this text out of every log line from now on."""
    if len(secret) >= SHORTEST:
        _secrets.update((secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]))


def redacted(text: str) -> str:
    """The text without secrets: those we know, and what looks like one."""
    for secret in sorted(_secrets, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    for pattern, instead in _PATTERNS:
        text = pattern.sub(instead, text)
    return text


def set_up(level: str = "info", form: str = "auto") -> None:
    """Send our log lines and those of libraries to stderr.

    Args:
        level: debug, info, warning or error; libraries speak from warning on.
        form: "human", "json", or "auto": human on a terminal.
    """
    human = form == "human" or (form == "auto" and sys.stderr.isatty())
    shared: list[Callable[[WrappedLogger, str, EventDict], Any]] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="%H:%M:%S" if human else "iso", utc=not human),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level.upper()),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler()  # stderr: stdout belongs to --json
    handler.setFormatter(Redacting(foreign_pre_chain=shared, processors=_last_steps(human)))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("glsync").setLevel(level.upper())


def _last_steps(human: bool) -> list[Callable[[WrappedLogger, str, EventDict], Any]]:
    tidy = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    if human:
        plain = structlog.dev.plain_traceback  # a rich one shows local variables, tokens among them
        colours = sys.stderr.isatty()
        return [tidy, structlog.dev.ConsoleRenderer(colors=colours, exception_formatter=plain, pad_event_to=0)]
    return [tidy, structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]


class Redacting(structlog.stdlib.ProcessorFormatter):
    """The last thing that happens to a line, traceback included."""

    def format(self, record: logging.LogRecord) -> str:
        return redacted(super().format(record))
