"""Logs: structlog over the standard library, for people on a terminal or as JSON lines, always on stderr.

    log = structlog.get_logger()
    log.info("page stored", mapping="items", rows=500)

Nothing we were told to keep (`never_show`) and nothing that looks like a key leaves through a log line or a traceback.
"""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from collections.abc import Callable
from types import TracebackType
from typing import Any

import structlog
from structlog.typing import EventDict, WrappedLogger

from glsync.redaction import redacted

LOUD = ("streamlit", "uvicorn", "uvicorn.error", "uvicorn.access")
"""Loggers that bring handlers of their own, which know nothing of secrets."""


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
    for name in LOUD:
        _hand_over(logging.getLogger(name))
    sys.excepthook = _last_words
    threading.excepthook = lambda args: _last_words(args.exc_type, args.exc_value, args.exc_traceback)


def _hand_over(logger: logging.Logger) -> None:
    """From now on its lines take our way out; those of calls, which hold paths of webhooks, are not wanted."""
    logger.handlers.clear()
    logger.propagate = True
    logger.setLevel(logging.WARNING)


def _last_words(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    """An exception nobody caught, as Python tells it, without secrets."""
    sys.stderr.write(redacted("".join(traceback.format_exception(kind, error, trace))))


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
