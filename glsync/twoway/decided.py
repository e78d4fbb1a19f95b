"""What a run is to do: rows with what was decided about them, sorted by side and act."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal

from xxhash import xxh3_128_hexdigest

from glsync.postgres.sides import Difference
from glsync.store import links
from glsync.store.links import Link
from glsync.store.problems import Trouble
from glsync.values import Base, Change, Conflict, Decision, Operation, Side, SideWrites, Unlinked, Waiting


@dataclass(frozen=True, slots=True)
class Later:
    """A row that is new in Glide and only to be made in Postgres. Its cells are looked up again when its turn comes."""

    k: str
    link_id: str
    exactly: str


@dataclass(frozen=True, slots=True)
class Item:
    """One row with what was decided about it. `link` is what identifies it from now on."""

    seen: Difference
    link: Link
    decision: Decision

    def change(self, side: Side) -> Change | None:
        for each in self.decision.changes:
            if each.side == side:
                return each
        return None

    @property
    def name(self) -> str:
        return self.link.glide_row_id or f"pg:{self.link.pg_key}"


@dataclass(slots=True)
class Decided:
    """What a run is to do, sorted. `agreed` are rows whose base alone moves, `over` links that are forgotten."""

    items: list[Item] = field(default_factory=list)
    later: list[Later] = field(default_factory=list)
    agreed: list[Link] = field(default_factory=list)
    over: list[str] = field(default_factory=list)
    named: list[Difference] = field(default_factory=list)
    conflicts: list[tuple[Link, Conflict]] = field(default_factory=list)
    picked: list[tuple[str, str]] = field(default_factory=list)
    """What people chose and this plan does: (conflict, link)."""
    overtaken: list[str] = field(default_factory=list)
    """Choices made before a side changed once more."""
    identity: tuple[str, int] | None = None
    """The tables this mapping is about, to be remembered; None while their change waits for an approval."""
    lacking: list[tuple[str, Unlinked]] = field(default_factory=list)
    """(link, what it refers to) of rows that Glide cannot be told of in full, because it does not know the parent."""
    unreadable: dict[str, list[Trouble]] = field(default_factory=dict)
    """Link -> why nothing of its row goes to Glide: cells it could not give back. Its part in Postgres is written."""
    put_off: int = 0
    """Rows that are made in Glide in a later run, because Glide may hold them unmet."""
    waiting: tuple[Waiting, ...] = ()
    base_rows: int = 0
    price: Decimal = Decimal(0)
    hash: str = ""
    """Of the whole plan, with what waits: approving it approves all."""

    def of(self, side: Side, operation: Operation) -> list[Item]:
        """The rows on which this is done. What Glide could not give back is not."""
        found = [item for item in self.items if (change := item.change(side)) and change.operation == operation]
        return found if side == "postgres" else [item for item in found if item.link.id not in self.unreadable]

    def writes(self, side: Side) -> SideWrites:
        return SideWrites(
            create=len(self.of(side, "create")) + (len(self.later) if side == "postgres" else 0),
            update=len(self.of(side, "update")),
            delete=len(self.of(side, "delete")) + len(self.of(side, "mark")),
        )


def exactly(item: Item, change: Change) -> str:
    """What is written where, values and all; a digest, because a first run has as many as there are rows."""
    text = f"{item.name} {change.side} {change.operation} {links.as_json(change.cells)}"
    return xxh3_128_hexdigest(text.encode())


def based(link: Link, base: Base | None, detached: Side | None = None) -> Link:
    """The link with another base under it."""
    halves = (base.glide, base.postgres) if base else (None, None)
    return replace(link, base_glide=halves[0], base_postgres=halves[1], detached=detached)
