"""Big Tables, v2. A version that is free to ask for, rows at 0.001 update each, a row at a time when need be.

Source: Glide API v2, Tables (openapi/swagger.json of github glideapps/api-docs). See docs/glide-facts.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import msgspec
from msgspec import Raw

from glsync.errors import ContinuationExpired, GlideGarbled, GlideRejected, GlideTableMissing
from glsync.glide.client import Client, Reply
from glsync.glide.page import Page, garbled
from glsync.values import TableKind

LARGEST_PAGE = 10_000
"""Rows asked for; Glide may give fewer, and only a missing continuation means the end."""
READ_PRICE = Decimal("0.001")


class _Answer(msgspec.Struct):
    data: list[Raw]
    continuation: Any = None


_answer = msgspec.json.Decoder(_Answer)


class BigTable:
    """One Big Table over v2; `table_id` without the classic API's prefix."""

    kind: TableKind = "big"

    def __init__(self, client: Client, url: str, table_id: str) -> None:
        self._client, self._table = client, table_id
        self._rows = f"{url}/tables/{quote(table_id, safe='')}/rows"
        self._limit = LARGEST_PAGE

    def version(self) -> str | None:
        return _etag(self._client.call("HEAD", self._rows, what=self._what))

    def exists(self, row_id: str) -> bool | None:
        try:
            self._client.call("GET", f"{self._rows}/{quote(row_id, safe='')}", what=f"row {row_id!r} of {self._what}")
        except GlideTableMissing as error:
            if re.search(r"row", error.said, re.IGNORECASE) and not re.search(r"table", error.said, re.IGNORECASE):
                return False
            raise
        return True

    def pages(self, start: str | None = None) -> Iterator[Page]:
        asked = start
        while True:
            page = self._page(asked)
            if page.next is not None and page.next == asked:
                raise GlideGarbled(f"Glide's continuation of {self._what} goes in a circle")
            yield page
            if page.next is None:
                return
            asked = page.next

    @property
    def _what(self) -> str:
        return f"Big Table {self._table!r}"

    def _page(self, start: str | None) -> Page:
        try:
            reply = self._client.call("GET", self._rows, what=self._what, params=self._asked(start))
        except GlideRejected as error:
            if re.search(r"limit", error.said, re.IGNORECASE) and self._limit > 1000:
                self._limit = 1000
                return self._page(start)
            if start is not None and re.search(r"continuation|cursor|expired", error.said, re.IGNORECASE):
                raise ContinuationExpired(f"Glide does not go on with {self._what}: {error.said}") from error
            raise
        try:
            answer = _answer.decode(reply.body)
        except msgspec.DecodeError as error:
            raise garbled(self._what, reply.body) from error
        following = None if answer.continuation in (None, "") else str(answer.continuation)
        return Page(answer.data, following, READ_PRICE * len(answer.data), _etag(reply))

    def _asked(self, start: str | None) -> dict[str, str]:
        return {"limit": str(self._limit)} | ({"continuation": start} if start is not None else {})


def _etag(reply: Reply) -> str | None:
    return reply.headers.get("ETag")
