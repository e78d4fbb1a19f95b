"""The classic API, v1: queryTables and mutateTables. Reaches every table of an app.

A read costs 1 update per started 1,000 rows, a write 1 per row. Writes are only queued: a later read shows what became
of them, in no particular order.

Source: Glide, "Using Glide Tables API"; github glideapps/tables. See docs/glide-facts.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

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
from glsync.glide.client import Client, Reply, refusal
from glsync.glide.page import Page, decoded, follow, garbled, is_expired
from glsync.glide.push import Op, Outcome, all_of
from glsync.values import Operation, TableKind


class _Answer(msgspec.Struct):
    rows: list[Raw] | None = None
    next: Any = None
    error: Any = None
    message: Any = None


_answers = msgspec.json.Decoder(list[_Answer])
MOST_MUTATIONS = 500
_ANSWERED = frozenset({400, 409, 422})
"""Statuses that may come with one entry a write."""


class ClassicTable:
    """One table over queryTables."""

    kind: TableKind = "classic"

    def __init__(self, client: Client, url: str, app_id: str, table_id: str) -> None:
        self._client, self._url, self._app, self._table = client, url, app_id, table_id

    def version(self) -> str | None:
        return None

    def exists(self, row_id: str) -> bool | None:  # noqa: ARG002  # the protocol's; v1 cannot ask for one row
        return None

    def row(self, row_id: str) -> Raw | None:
        raise GlideRejected(f"The classic API cannot ask for row {row_id!r} alone")

    def pages(self, start: str | None = None) -> Iterator[Page]:
        yield from follow(self._page, start, f"table {self._table!r}")

    queues_writes = True
    write_price = Decimal(1)

    def most_per_call(self, operation: Operation) -> int:  # noqa: ARG002  # the protocol's; v1 takes as many of each
        return MOST_MUTATIONS

    def write(self, ops: Sequence[Op]) -> list[Outcome]:
        """At most 500 rows in one call, no row twice. Every entry of the answer is read, whatever the status says."""
        body = {"appID": self._app, "mutations": [self._mutation(op) for op in ops]}
        what = f"{len(ops)} writes to table {self._table!r}"
        try:
            reply = self._client.call(
                "POST", f"{self._url}/mutateTables", what=what, json=body, repeat=False, reads=_ANSWERED
            )
            entries = _entries(reply, what)
        except GlideBusy as error:
            return all_of(ops, "busy", str(error), error.retry_after)
        except (GlideUnreachable, GlideUnavailable, GlideGarbled) as error:
            return all_of(ops, "unknown", str(error))
        except GlideRejected as error:
            return all_of(ops, "failed", str(error))
        if len(entries) != len(ops):
            return all_of(ops, "unknown", f"Glide answered {len(entries)} entries for {len(ops)} writes")
        return [_outcome(op, entry) for op, entry in zip(ops, entries, strict=True)]

    def _mutation(self, op: Op) -> dict[str, Any]:
        cells = {column: "" if value is None else value for column, value in op.cells.items()}
        if op.operation == "create":
            return {"kind": "add-row-to-table", "tableName": self._table, "columnValues": cells}
        row = {"tableName": self._table, "rowID": op.row_id}
        if op.operation == "delete":
            return {"kind": "delete-row", **row}
        return {"kind": "set-columns-in-row", **row, "columnValues": cells}

    def _page(self, start: str | None) -> Page:
        query = {"tableName": self._table, "utc": True} | ({"startAt": start} if start is not None else {})
        what = f"table {self._table!r}"
        try:
            return self._client.ask(
                lambda reply: self._read(reply.body, what),
                "POST", f"{self._url}/queryTables", what=what, json={"appID": self._app, "queries": [query]},
            )  # fmt: skip
        except GlideError as error:
            if start is not None and is_expired(error):
                raise ContinuationExpired(f"Glide does not go on with {what}: {error.said}") from error
            raise

    def _read(self, body: bytes, what: str) -> Page:
        try:
            answer = decoded(_answers.decode, body)[0]
        except (ValueError, RecursionError, IndexError) as error:
            raise garbled(what, body) from error
        if answer.rows is None:
            said = str(answer.error or answer.message or "")
            if not said:
                raise garbled(what, body)
            missing = re.search(r"not found|unknown|does not exist|no such", said, re.IGNORECASE)
            raise (GlideTableMissing if missing else GlideRejected)(f"Glide rejected {what}: {said}", said=said)
        price = Decimal(max(1, -(-len(answer.rows) // 1000)))
        return Page(answer.rows, None if answer.next in (None, "") else str(answer.next), price)


def _entries(reply: Reply, what: str) -> list[dict[str, Any]]:
    """One entry a write. A call with a refused write among others may come with an error's status all the same.

    Raises:
        GlideError: the answer is about the whole call, or nothing we know.
    """
    try:
        return msgspec.json.decode(reply.body, type=list[dict[str, Any]])
    except msgspec.DecodeError as error:
        raise (garbled(what, reply.body) if reply.status < 300 else refusal(reply, what)) from error


def _outcome(op: Op, entry: dict[str, Any]) -> Outcome:
    if "error" in entry:
        return Outcome(op.id, "failed", op.row_id, str(entry["error"])[:300])
    row_id = entry.get("rowID", op.row_id)
    return Outcome(op.id, "accepted", str(row_id) if row_id else None)
