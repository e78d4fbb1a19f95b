"""Continuations: opaque words that say where the next page begins."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import TYPE_CHECKING

import msgspec

from glsync.standin.replies import Refused

if TYPE_CHECKING:
    from glsync.standin.glide import Glide
    from glsync.standin.tables import Table

SNAPSHOTS_KEPT = 8


class Place(msgspec.Struct, array_like=True):
    """Where a read stands: in which table, how it counts, at which slot or row, since when."""

    app_id: str
    table_id: str
    how: str
    at: int
    issued: float
    snapshot: int = 0

    def token(self) -> str:
        return urlsafe_b64encode(msgspec.json.encode(self)).decode().rstrip("=")


class Snapshots:
    """Tables as they were when a read began, for `paging` = snapshot; the oldest make room."""

    def __init__(self) -> None:
        self._kept: dict[int, list[bytes]] = {}
        self._numbered = 0

    def take(self, table: Table) -> int:
        self._numbered += 1
        self._kept[self._numbered] = table.rows.all()
        for old in list(self._kept)[:-SNAPSHOTS_KEPT]:
            del self._kept[old]
        return self._numbered

    def rows(self, number: int) -> list[bytes] | None:
        return self._kept.get(number)


def read_page(glide: Glide, table: Table, limit: int, token: str | None) -> tuple[list[bytes], str | None]:
    """One page, and the token of the next, None on the last page.

    Raises:
        Refused: the token is expired, or was given for another table.
    """
    place = _place(glide, table, token) if token else _beginning(glide, table)
    match place.how:
        case "snapshot":
            kept = glide.snapshots.rows(place.snapshot)
            if kept is None:
                raise expired(glide)
            rows = kept[place.at : place.at + limit]
            go_on = place.at + limit if place.at + limit < len(kept) else None
        case "offset":
            rows, go_on = table.rows.counted_page(place.at, limit)
        case _:
            rows, go_on = table.rows.page(place.at, limit)
    return rows, None if go_on is None else msgspec.structs.replace(place, at=go_on, issued=glide.clock()).token()


def read_list(
    glide: Glide, table: Table, rows: list[bytes], limit: int, token: str | None
) -> tuple[list[bytes], str | None]:
    """The same over rows that were found anew, such as those of a query."""
    at = _place(glide, table, token).at if token else 0
    if at + limit >= len(rows):
        return rows[at:], None
    return rows[at : at + limit], Place(table.app_id, table.id, "found", at + limit, glide.clock()).token()


def expired(glide: Glide) -> Refused:
    return Refused(
        glide.settings.expired_continuation_status, "The continuation has expired", "request_validation_error"
    )


def _beginning(glide: Glide, table: Table) -> Place:
    how = glide.settings.paging
    snapshot = glide.snapshots.take(table) if how == "snapshot" else 0
    return Place(table.app_id, table.id, how, 0, glide.clock(), snapshot)


def _place(glide: Glide, table: Table, token: str) -> Place:
    try:
        place = msgspec.json.decode(urlsafe_b64decode(token + "=" * (-len(token) % 4)), type=Place)
    except (ValueError, msgspec.DecodeError):
        raise Refused(400, "The continuation is not valid", "request_validation_error") from None
    if (place.app_id, place.table_id) != (table.app_id, table.id):
        raise Refused(400, "The continuation belongs to another table", "request_validation_error")
    if glide.clock() - place.issued >= glide.settings.continuation_seconds:
        raise expired(glide)
    return place
