"""Errors a person can act on: one row per thing that is wrong, raised again when it is met again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from psycopg2 import extensions

from glsync import statements
from glsync.redaction import hidden, without_known

MOST_PER_RUN = 10_000
"""Errors noted row by row in one run; past it, each cause gets one error with the count, so that no list is flooded."""

_encode = msgspec.json.Encoder(decimal_format="number", order="deterministic").encode


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that is wrong. Without a row id it is about the whole run."""

    type: str
    message: str
    row_id: str | None = None
    column_name: str | None = None
    value: str | None = None
    rule: str | None = None
    hint: str | None = None
    retryable: bool = False
    record: Any = None


class Recorder:
    """Notes the troubles of one run, page by page, inside the page's transaction."""

    def __init__(self, mapping_id: UUID, log_id: UUID) -> None:
        self._mapping_id, self._log_id = mapping_id, log_id
        self._noted = 0
        self._more: Counter[tuple[str, str | None, str | None]] = Counter()

    def note(self, cursor: extensions.cursor, troubles: Iterable[Trouble]) -> None:
        unique = {(each.type, each.row_id, each.column_name, each.rule): each for each in troubles}
        room = max(0, MOST_PER_RUN - self._noted)
        now = list(unique.values())[:room]
        self._more.update((each.type, each.column_name, each.rule) for each in list(unique.values())[room:])
        self._noted += len(now)
        self._write(cursor, now)

    def close(self, cursor: extensions.cursor) -> None:
        """Note what had no room row by row."""
        self._write(
            cursor,
            [
                Trouble(
                    kind, f"{count:,} more rows fail for the same reason: {rule}", column_name=column, rule=rule,
                    retryable=True,
                )
                for (kind, column, rule), count in self._more.items()
            ],
        )  # fmt: skip

    def _write(self, cursor: extensions.cursor, troubles: list[Trouble]) -> None:
        if not troubles:
            return
        said = [asdict(each) | {"message": hidden(each.message)} for each in troubles]
        text = without_known(_encode(said).decode()).replace("\\u0000", "\\ufffd")  # jsonb holds no NUL
        cursor.execute(
            statements.text("errors_record"),
            {"mapping": str(self._mapping_id), "log": str(self._log_id), "errors": text},
        )


def settle(cursor: extensions.cursor, mapping_id: UUID, since: datetime) -> int:
    """After a complete read: resolve what runs once found wrong and this read, begun at `since`, did not."""
    cursor.execute(statements.text("errors_settle"), {"mapping": str(mapping_id), "since": since})
    return cursor.rowcount
