"""The frozen words every floor speaks. No behaviour beyond what a value knows about itself."""

from __future__ import annotations

from collections.abc import Mapping as ReadOnly
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

ROW_ID = "$rowID"
"""The Glide column that names a row; every mapping pairs it with ROW_ID_COLUMN."""
ROW_ID_COLUMN = "glide_row_id"

Side = Literal["glide", "postgres"]
Direction = Literal["to_supabase", "to_glide", "both"]
Deletes = Literal["keep", "mark", "delete"]
Policy = Literal["glide", "postgres", "newest", "ask"]
Kind = Literal[
    "string", "number", "boolean", "date-time", "image-uri", "email-address", "uri", "audio-uri", "phone-number",
    "markdown", "emoji", "date", "time", "duration", "json", "array",
]  # fmt: skip
Status = Literal["started", "processing", "completed", "completed_with_errors", "failed", "cancelled"]
Trigger = Literal["manual", "cli", "schedule", "retry", "webhook", "api"]
TableKind = Literal["classic", "big"]

Cells = ReadOnly[str, Any]
"""Postgres column name -> canonical value. An empty Glide cell is None; a column that is not mapped is not there."""


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where a connection's API lives; the defaults are Glide's own hosts. No slash at the end."""

    classic_url: str = "https://api.glideapp.io/api/function"
    rest_url: str = "https://functions.prod.internal.glideapps.com/api"
    bigtables_url: str = "https://api.glideapps.com"


@dataclass(frozen=True, slots=True)
class Connection:
    """A Glide app and the key to it. `token` is in clear and therefore kept out of repr."""

    id: UUID
    workspace_id: UUID
    name: str
    app_id: str
    token: str = field(repr=False)
    endpoints: Endpoints = Endpoints()
    settings: ReadOnly[str, Any] = field(default_factory=dict)
    app_name: str | None = None


@dataclass(frozen=True, slots=True)
class ColumnPair:
    """A Glide column paired with a Postgres column.

    `kind` is what Glide holds. `policy` and `direction` override the mapping's; `is_set` unites lists that both sides
    changed; `rule` is a CEL expression over the row's Glide values whose result is read in place of the cell.
    `reference` is the name of the mapping whose rows the column refers to, `reference_column` the column of that
    mapping's table whose values stand in Postgres, where it is not the one its types tell.
    """

    glide_id: str
    glide_name: str
    column: str
    kind: Kind
    direction: Direction | None = None
    policy: Policy | None = None
    rule: str | None = None
    is_set: bool = False
    reference: str | None = None
    reference_column: str | None = None


@dataclass(frozen=True, slots=True)
class Reference:
    """A column whose cells mean rows of another mapping, its parent: in Glide by row id, in Postgres by `key`.

    `key` is a column of the parent's table. `is_bound`: a foreign key watches over it. `is_soft`: the mappings refer to
    each other in a circle, so a row may come before its parent and the column stays empty until then.
    """

    column: str
    parent_id: UUID
    parent: str
    schema: str
    table: str
    key: str
    is_bound: bool = False
    is_soft: bool = False


@dataclass(frozen=True, slots=True)
class Unlinked:
    """A row of a side whose reference leads nowhere on the other. `parent` is what it names: Glide's row id, or the
    parent's key in Postgres.

    `is_held`: the row itself waits; else it is stored with the column empty.
    """

    row_id: str
    reference: Reference
    parent: Any
    is_held: bool
    side: Side = "glide"


@dataclass(frozen=True, slots=True)
class Mapping:
    """A Glide table and a Postgres table, paired. `pairs` leaves out the row id, which every mapping has."""

    id: UUID
    workspace_id: UUID
    connection_id: UUID
    name: str
    glide_table: str
    glide_table_name: str
    schema: str
    table: str
    pairs: tuple[ColumnPair, ...]
    direction: Direction = "to_supabase"
    deletes: Deletes = "keep"
    delete_grace: int = 60
    conflict_policy: Policy = "ask"
    marker_column: str | None = None
    filter: str | None = None
    match_key: tuple[str, ...] = ()
    """Columns that tell on the first match which rows are the same; unique on both sides."""
    newest: tuple[str, str] | None = None
    """For the policy newest: the mapped column that holds Glide's time of change, and the column of Postgres's."""
    enabled: bool = True
    version: int = 1
    references: tuple[Reference, ...] = ()
    """The references among the pairs, found in the tables as they are."""

    @property
    def target(self) -> str:
        """`schema.table`, for people; never for SQL."""
        return f"{self.schema}.{self.table}"


@dataclass(frozen=True, slots=True)
class GlideTable:
    """A table as Glide lists it."""

    id: str
    name: str
    kind: TableKind = "classic"


@dataclass(frozen=True, slots=True)
class GlideColumn:
    """A column as Glide's schema describes it; `kind` is None for kinds we do not know, which are read as they come."""

    id: str
    name: str
    type: str
    kind: Kind | None


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A column of a Postgres table as the catalogue describes it; `type` as format_type() spells it."""

    name: str
    type: str
    nullable: bool
    has_default: bool
    generated: bool = False
    primary_key: bool = False
    unique: bool = False


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with a mapping. Only an error keeps it from running; `fix` names what a button may do."""

    severity: Literal["error", "warning"]
    message: str
    column: str | None = None
    fix: str | None = None


@dataclass(frozen=True, slots=True)
class BadCell:
    """A cell that does not fit. The row it stands in is held back; the rest of the page goes on.

    `value` is the raw cell, shortened for people; `rule` is what it had to satisfy.
    """

    row_id: str
    column: str
    value: str
    rule: str
    type: str = "VALIDATION_ERROR"


@dataclass(frozen=True, slots=True)
class Price:
    """What a run costs in Glide updates, see docs/glide-facts.md for the rates."""

    reads: Decimal = Decimal(0)
    writes: Decimal = Decimal(0)

    @property
    def updates(self) -> Decimal:
        return self.reads + self.writes


@dataclass(frozen=True, slots=True)
class Waiting:
    """A part of a plan that a guard stopped until somebody approves exactly `hash`."""

    reason: str
    side: Side
    operation: str
    rows: int
    hash: str
    sample: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows of one run. created, updated and deleted are rows stored, never rows attempted."""

    read: int = 0
    created: int = 0
    updated: int = 0
    deleted: int = 0
    skipped: int = 0
    failed: int = 0
    conflicts: int = 0

    @property
    def stored(self) -> int:
        return self.created + self.updated + self.deleted

    def __add__(self, other: Counts) -> Counts:
        return Counts(*(getattr(self, name) + getattr(other, name) for name in self.__slots__))


@dataclass(frozen=True, slots=True)
class SideWrites:
    """How many rows a plan writes on one side."""

    create: int = 0
    update: int = 0
    delete: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run would do now. `hash` names exactly this plan; approving it approves nothing else."""

    glide: SideWrites
    postgres: SideWrites
    conflicts: int
    failed: int
    price: Price
    hash: str
    waiting: tuple[Waiting, ...] = ()
    samples: tuple[ReadOnly[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class RunReport:
    """What a run did."""

    log_id: UUID
    status: Status
    message: str
    counts: Counts
    seconds: float
    price: Price
    waiting: tuple[Waiting, ...] = ()
    finished_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Left:
    """A row an undo leaves as it is, and why."""

    side: Side
    row: str
    reason: str


@dataclass(frozen=True, slots=True)
class UndoPlan:
    """What undoing a run would write now, what it leaves, and how many rows are as they were before the run anyway."""

    log_id: UUID
    plan: Plan
    left: tuple[Left, ...] = ()
    already: int = 0


@dataclass(frozen=True, slots=True)
class ColumnWhy:
    """One column of a row: what both sides last agreed on, what they say now, and why a run does what it does.

    `is_agreed` is False for a column that both sides never agreed on; `base` is None then.
    """

    column: str
    glide_name: str
    base: Any
    is_agreed: bool
    glide: Any
    postgres: Any
    policy: Policy
    direction: Direction
    why: str


@dataclass(frozen=True, slots=True)
class RowWhy:
    """One row as a run would see it now. `in_glide` is None when its cells cannot be read; `price` is of looking."""

    glide_row_id: str | None
    pg_key: str | None
    written_by: str | None
    in_glide: bool | None
    in_postgres: bool
    is_linked: bool
    told: str
    columns: tuple[ColumnWhy, ...]
    price: Decimal = Decimal(0)


# --- two-way: what a comparison sees and what it decides -------------------------------------------------------------

Operation = Literal["create", "update", "mark", "delete"]
"""`mark` leaves the row where it is and says in it that it was deleted."""


@dataclass(frozen=True, slots=True)
class FieldRule:
    """How one column is kept equal. `is_set`: a list whose order says nothing, so what both sides changed is united."""

    column: str
    direction: Direction
    policy: Policy
    is_set: bool = False


@dataclass(frozen=True, slots=True)
class Base:
    """A row as both sides last agreed on it, in the form each side gives it back: types are lossy, so they may differ.

    A column that is in neither half was never agreed on.
    """

    glide: Cells
    postgres: Cells


@dataclass(frozen=True, slots=True)
class Seen:
    """One row now.

    `glide` and `postgres` are None for a row that is absent there; a column that is not among the cells could not be
    read. `glide_gone` and `postgres_gone` say that an absence is proven and not just not seen. The times are those of
    people's last edits; a time that our own writes move decides nothing and must be None. `detached` is what the last
    Decision said.
    """

    base: Base | None
    glide: Cells | None
    postgres: Cells | None
    glide_gone: bool = False
    postgres_gone: bool = False
    glide_at: datetime | None = None
    postgres_at: datetime | None = None
    detached: Side | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One row to write on one side. `cells` are the columns to set; none for a mark and a delete."""

    side: Side
    operation: Operation
    cells: Cells = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Conflict:
    """Both sides changed and nobody may guess.

    A field's `base`, `glide` and `postgres` are cells, the base in Postgres's form, None when there is none. Without a
    column it is the whole row, an edit against a delete: the base and the row are Cells, the deleted side is None.
    """

    column: str | None
    kind: Literal["field", "edit_delete", "first_match"]
    base: Any
    glide: Any
    postgres: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What to do about one row: at most one change a side, Postgres first.

    `base` is what both sides agree on once all changes are made; None forgets the row. A written cell stands in it as
    it was sent: whoever writes it stores what the side gave back in its place, for the columns written and no others.
    `detached` is the side on which the row is let go: it stays there and is not created on the other side again.
    `keeps_base`: base and detached are what they were, there is nothing to store.
    """

    base: Base | None
    changes: tuple[Change, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    detached: Side | None = None
    keeps_base: bool = False
    reason: str = ""
