"""What goes in and out of a handler: a call, a reply, a refusal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")


class Reply(msgspec.Struct):
    """An answer on its way out."""

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = {}
    content_type: str = "application/json"


class Call(msgspec.Struct):
    """A request, read whole. `site` is the call's name (see sites.py); `path` holds the ids in its address."""

    site: str
    method: str
    address: str
    path: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    app_id: str = ""
    table_id: str = ""
    rows: int = 0
    """Rows read or written; like the ids above and the cost, filled in on the way, for the log."""
    cost: int = 0

    @property
    def token(self) -> str:
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""

    def read(self, type: type[T]) -> T:
        """The body as this type.

        Raises:
            msgspec.DecodeError, msgspec.ValidationError: it is something else.
        """
        return msgspec.json.decode(self.body, type=type)


class Refused(Exception):
    """A call that gets an error for an answer. `type` is v2's word for it."""

    def __init__(self, status: int, message: str, type: str = "request_error") -> None:
        super().__init__(message)
        self.status, self.message, self.type = status, message, type


def json_reply(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Reply:
    return Reply(status, msgspec.json.encode(value), headers or {})


def rows_reply(before: bytes, rows: Iterable[bytes], after: bytes, headers: dict[str, str] | None = None) -> Reply:
    """A reply around rows that are JSON already."""
    return Reply(200, before + b",".join(rows) + after, headers or {})
