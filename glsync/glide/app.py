"""A Glide app behind its three addresses: what there is, and a source of rows for one table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from types import TracebackType
from typing import Any, Protocol
from urllib.parse import quote

import msgspec
from msgspec import Raw

from glsync import outward
from glsync.config import settings
from glsync.engine import types
from glsync.errors import ConfigError, GlideError, GlideGarbled, SecurityBlocked
from glsync.glide import bigtables, classic
from glsync.glide.client import Client, Pause
from glsync.glide.page import Page
from glsync.glide.push import Op, Outcome
from glsync.values import Connection, Endpoints, GlideColumn, GlideTable, Operation, TableKind

BIG_PREFIX = "native-table-"
"""What the classic API puts before the id of a Big Table."""


class Source(Protocol):
    """The rows of one table. A read that breaks off raises: half a table never looks like a whole one."""

    kind: TableKind

    def version(self) -> str | None:
        """The table's version, free of charge; None where Glide keeps none."""

    def pages(self, start: str | None = None) -> Iterator[Page]:
        """The table page by page, from a continuation on.

        Raises:
            ContinuationExpired: `start` is not known any more.
        """

    def exists(self, row_id: str) -> bool | None:
        """Is this row there? None where the only way to know is to read the whole table."""

    def row(self, row_id: str) -> Raw | None:
        """One row; None when it is not there. Only where rows can be asked for one by one."""

    queues_writes: bool
    """Does an answer only mean that a write is accepted?"""
    write_price: Decimal

    def most_per_call(self, operation: Operation) -> int:
        """How many rows `write` takes."""

    def write(self, ops: Sequence[Op]) -> list[Outcome]:
        """One call's worth of writes, sent once; an outcome for each.

        Raises:
            GlideError: none of it was taken or ever will be (token, table, quota).
        """


class App:
    """Use it as a context manager; it holds connections open. All methods raise GlideError's kinds."""

    def __init__(self, connection: Connection, *, pause: Pause | None = None) -> None:
        check_endpoints(connection.endpoints)
        self.connection = connection
        self.client = Client(connection, pause=pause)

    def __enter__(self) -> App:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self.client.close()

    def name(self, *, repeat: bool = True) -> str | None:
        """What Glide calls the app; None when the token reaches the app but the list leaves it out."""
        listed = self._rest("/apps", "the list of apps", repeat=repeat)
        return next((str(app.get("name")) for app in listed if app.get("id") == self.connection.app_id), None)

    def tables(self) -> list[GlideTable]:
        """Every table of the app; Big Tables told apart where v2 can be asked."""
        listed = self._rest(f"/apps/{quote(self.connection.app_id, safe='')}/tables", "the list of tables")
        big = self._big_ids()
        return [
            GlideTable(str(table["id"]), str(table.get("name") or table["id"]), _kind(str(table["id"]), big))
            for table in listed
            if table.get("id")
        ]

    def columns(self, table_id: str, *, repeat: bool = True) -> list[GlideColumn]:
        """The table's columns as Glide's schema has them; `repeat=False` for who can do without."""
        app, table = (quote(part, safe="") for part in (self.connection.app_id, table_id))
        what = f"the columns of table {table_id!r}"
        found = self._data(f"{self._at.rest_url}/apps/{app}/tables/{table}/schema", what, repeat=repeat)
        columns = found.get("columns") if isinstance(found, dict) else None
        if not isinstance(columns, list):
            raise GlideGarbled(f"Glide's answer for {what} holds no list of columns")
        return [_column(column) for column in columns if isinstance(column, dict) and column.get("id")]

    def source(self, table_id: str) -> Source:
        """The rows of one table, over v2 where the table is a Big Table and v2 can be asked: there a look is free."""
        big = self._big_ids()
        if _kind(table_id, big) == "big":
            return bigtables.BigTable(self.client, self._at.bigtables_url, table_id.removeprefix(BIG_PREFIX))
        return classic.ClassicTable(self.client, self._at.classic_url, self.connection.app_id, table_id)

    def sample(self, table_id: str, rows: int = 20) -> list[dict[str, Any]]:
        """The first rows of the first page, as they come."""
        page = next(iter(self.source(table_id).pages()))
        return [msgspec.json.decode(row) for row in page.rows[:rows]]

    @property
    def _at(self) -> Endpoints:
        return self.connection.endpoints

    def _rest(self, path: str, what: str, *, repeat: bool = True) -> list[dict[str, Any]]:
        found = self._data(f"{self._at.rest_url}{path}", what, repeat=repeat)
        if not isinstance(found, list):
            raise GlideGarbled(f"Glide's answer for {what} is not a list")
        return [item for item in found if isinstance(item, dict)]

    def _data(self, url: str, what: str, *, repeat: bool = True) -> Any:
        return self.client.ask(lambda reply: _data(reply.body, what), "GET", url, what=what, repeat=repeat)

    def _big_ids(self) -> frozenset[str]:
        """Ids of the team's Big Tables; none where v2 is refused or is not there.

        A v2 that only fails for now raises: going on over v1 would cost a hundred times as much for each write.
        """
        if not self._asks_v2():
            return frozenset()
        try:
            found = self._data(f"{self._at.bigtables_url}/tables", "the list of Big Tables")
        except GlideError as error:
            if error.retryable and not isinstance(error, GlideGarbled) and error.status != 501:
                raise
            return frozenset()
        return frozenset(str(table.get("id")) for table in found if isinstance(table, dict))

    def _asks_v2(self) -> bool:
        """A connection with a classic address of its own has v2 only where it says so."""
        own, given = Endpoints(), self._at
        return given.bigtables_url != own.bigtables_url or given.classic_url == own.classic_url


def open_glide(connection: Connection, *, pause: Pause | None = None) -> App:
    """The app of a connection.

    Raises:
        SecurityBlocked: the connection names a host it may not.
    """
    return App(connection, pause=pause)


def check_endpoints(endpoints: Endpoints) -> None:
    """Refuse every address that is not https to a host we may talk to. Hosts added by the operator may be plain http.

    Raises:
        ConfigError: not a URL.
        SecurityBlocked: a host connections may not name.
    """
    for name in ("classic_url", "rest_url", "bigtables_url"):
        url = getattr(endpoints, name)
        try:
            parts = outward.parts_of(url)
        except ValueError as error:
            raise ConfigError(f"{name} is not an address such as https://api.glideapp.io: {error}") from None
        if parts.query or parts.fragment:
            raise ConfigError(f"{name} is not an address such as https://api.glideapp.io: it has a ? or #")
        host, chosen = parts.hostname or "", settings()
        is_added = chosen.is_added_glide_host(host, parts.port)
        if not is_added and (parts.scheme != "https" or not chosen.allows_glide_host(host, parts.port)):
            raise SecurityBlocked(f"{name} names {parts.netloc}, which connections may not reach")


def _kind(table_id: str, big: frozenset[str]) -> TableKind:
    return "big" if table_id in big or table_id.removeprefix(BIG_PREFIX) in big else "classic"


def _column(found: dict[str, Any]) -> GlideColumn:
    kind = found.get("type")
    name = str(kind.get("kind") if isinstance(kind, dict) else kind)
    return GlideColumn(str(found["id"]), str(found.get("name") or found["id"]), name, types.kind_of(name))


def _data(body: bytes, what: str) -> Any:
    try:
        found = msgspec.json.decode(body)
    except (ValueError, RecursionError) as error:
        raise GlideGarbled(f"Glide's answer for {what} is not JSON", said=body[:80].decode(errors="replace")) from error
    if not isinstance(found, dict) or "data" not in found:
        raise GlideGarbled(f"Glide's answer for {what} lacks its data")
    return found["data"]
