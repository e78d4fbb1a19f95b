"""Big Tables, v2. A version that is free to ask for, rows at 0.001 update each, a row at a time when need be.

Source: Glide API v2, Tables (openapi/swagger.json of github glideapps/api-docs). See docs/glide-facts.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import msgspec
from msgspec import Raw

from glsync.errors import (
    ContinuationExpired,
    GlideBusy,
    GlideError,
    GlideGarbled,
    GlideRejected,
    GlideTableMissing,
    GlideUnavailable,
    GlideUnreachable,
)
from glsync.glide.client import Client, Reply
from glsync.glide.page import Page, decoded, follow, garbled, is_expired
from glsync.glide.push import Op, Outcome, all_of
from glsync.values import Operation, TableKind

MOST_ADDS = 100
MOST_OTHERS = 25
"""Requests that are noted together: so many may be in doubt after a crash."""
LARGEST_PAGE = 10_000
"""Rows asked for; Glide may give fewer, and only a missing continuation means the end."""
SMALLER_PAGE = 1000
READ_PRICE = Decimal("0.001")


class _Answer(msgspec.Struct):
    data: list[Raw]
    continuation: Any = None


class _OneRow(msgspec.Struct):
    data: Raw


class _Ids(msgspec.Struct):
    rowIDs: list[str]  # noqa: N815  # Glide's spelling


class _Added(msgspec.Struct):
    data: _Ids


_answer = msgspec.json.Decoder(_Answer)
_row = msgspec.json.Decoder(_OneRow)


class BigTable:
    """One Big Table over v2; `table_id` without the classic API's prefix."""

    kind: TableKind = "big"

    def __init__(self, client: Client, url: str, table_id: str) -> None:
        self._client, self._table = client, table_id
        self._rows = f"{url}/tables/{quote(table_id, safe='')}/rows"
        self._limit = LARGEST_PAGE

    def version(self) -> str | None:
        try:
            return _etag(self._client.call("HEAD", self._rows, what=self._what))
        except GlideRejected as error:
            if error.status in (400, 405, 501):  # a server that keeps no versions: the rows themselves will tell
                return None
            raise

    def exists(self, row_id: str) -> bool | None:
        return self.row(row_id) is not None

    def row(self, row_id: str) -> Raw | None:
        what = f"row {row_id!r} of {self._what}"
        try:
            return self._client.ask(_one_row(what), "GET", f"{self._rows}/{quote(row_id, safe='')}", what=what)
        except GlideTableMissing as error:
            if _speaks_of_row(error):
                return None
            raise

    def pages(self, start: str | None = None) -> Iterator[Page]:
        yield from follow(self._page, start, self._what)

    queues_writes = False
    write_price = Decimal("0.01")

    def most_per_call(self, operation: Operation) -> int:
        """Adds go in one POST; updates and deletes are a request each, because v2 has no other."""
        return MOST_ADDS if operation == "create" else MOST_OTHERS

    def write(self, ops: Sequence[Op]) -> list[Outcome]:
        """Adds together, in the order of the answer's row ids; updates with If-Match; deletes, which are repeatable.

        What was not sent because an earlier part met with an error is `busy`; the next call meets that error first.
        """
        adds = [op for op in ops if op.operation == "create"]
        rest = [op for op in ops if op.operation != "create"]
        done = self._add(adds) if adds else []
        while rest and not (done and done[-1].state == "busy"):
            try:
                done.append(self._one(rest[0]))
            except GlideError:
                if not done:
                    raise
                break
            rest = rest[1:]
        return done + all_of(rest, "busy", "not sent", done[-1].after if done else None)

    def _add(self, ops: Sequence[Op]) -> list[Outcome]:
        what = f"{len(ops)} new rows of {self._what}"
        rows = [{column: value for column, value in op.cells.items() if value is not None} for op in ops]
        try:
            reply = self._client.call(
                "POST", self._rows, what=what, json=rows, params={"onSchemaError": "abort"}, repeat=False
            )
            ids = msgspec.json.decode(reply.body, type=_Added).data.rowIDs
        except GlideBusy as error:
            return all_of(ops, "busy", str(error), error.retry_after)
        except (GlideUnreachable, GlideUnavailable, GlideGarbled, msgspec.DecodeError) as error:
            return all_of(ops, "unknown", str(error))
        except GlideRejected as error:
            if len(ops) == 1:
                return all_of(ops, "failed", str(error))
            middle = len(ops) // 2  # one bad row refuses them all: halve until it stands alone
            first = self._add(ops[:middle])
            try:
                return first + self._add(ops[middle:])
            except GlideError as later:
                return first + all_of(ops[middle:], "busy", str(later))
        if len(ids) != len(ops):
            return all_of(ops, "unknown", f"Glide named {len(ids)} rows for {len(ops)} adds")
        return [Outcome(op.id, "accepted", row_id) for op, row_id in zip(ops, ids, strict=True)]

    def _one(self, op: Op) -> Outcome:
        url = f"{self._rows}/{quote(op.row_id or '', safe='')}"
        what = f"row {op.row_id!r} of {self._what}"
        try:
            if op.operation == "delete":
                self._client.call("DELETE", url, what=what, waits=False)
            else:
                headers = {"If-Match": op.if_match} if op.if_match else {}
                self._client.call(
                    "PATCH", url, what=what, json=dict(op.cells), headers=headers,
                    params={"onSchemaError": "abort"}, repeat=False,
                )  # fmt: skip
        except GlideBusy as error:
            return Outcome(op.id, "busy", op.row_id, str(error), error.retry_after)
        except (GlideUnreachable, GlideUnavailable, GlideGarbled) as error:
            return Outcome(op.id, "unknown", op.row_id, str(error))
        except (GlideRejected, GlideTableMissing) as error:
            if error.status == 412 or _speaks_of_row(error):
                return Outcome(op.id, "stale", op.row_id, str(error))
            if isinstance(error, GlideTableMissing):
                raise
            return Outcome(op.id, "failed", op.row_id, str(error))
        return Outcome(op.id, "accepted", op.row_id)

    @property
    def _what(self) -> str:
        return f"Big Table {self._table!r}"

    def _page(self, start: str | None) -> Page:
        try:
            return self._client.ask(self._read, "GET", self._rows, what=self._what, params=self._asked(start))
        except GlideError as error:
            is_refusal = isinstance(error, GlideRejected)
            if is_refusal and re.search(r"limit", error.said, re.IGNORECASE) and self._limit > SMALLER_PAGE:
                self._limit = SMALLER_PAGE
                return self._page(start)
            if start is not None and is_expired(error):
                raise ContinuationExpired(f"Glide does not go on with {self._what}: {error.said}") from error
            raise

    def _read(self, reply: Reply) -> Page:
        try:
            answer = decoded(_answer.decode, reply.body)
        except (ValueError, RecursionError) as error:
            raise garbled(self._what, reply.body) from error
        following = None if answer.continuation in (None, "") else str(answer.continuation)
        return Page(answer.data, following, READ_PRICE * len(answer.data), _etag(reply))

    def _asked(self, start: str | None) -> dict[str, str]:
        return {"limit": str(self._limit)} | ({"continuation": start} if start is not None else {})


def _etag(reply: Reply) -> str | None:
    return reply.headers.get("ETag")


def _one_row(what: str) -> Callable[[Reply], Raw]:
    def read(reply: Reply) -> Raw:
        try:
            return decoded(_row.decode, reply.body).data
        except (ValueError, RecursionError) as error:
            raise garbled(what, reply.body) from error

    return read


def _speaks_of_row(error: GlideError) -> bool:
    """Is it this row that is missing, and not its table? Where Glide does not name the error, its words tell."""
    if error.kind.endswith("_not_found"):
        return error.kind == "row_not_found"
    return bool(re.search(r"\brow\b", error.said, re.IGNORECASE)) and not re.search(r"table", error.said, re.IGNORECASE)
