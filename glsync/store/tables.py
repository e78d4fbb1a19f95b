"""Our tables as SQLModel classes. sql/migrations is the truth; a test compares the two column by column.

What the database fills by itself may be left out of a new row: ids, times, names, workspaces of whatever has a mapping
or connection above it, and an error's fingerprint.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Identity, LargeBinary, Numeric, Text, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import JSONB, OID, TIMESTAMP
from sqlalchemy.orm import registry
from sqlalchemy.types import UserDefinedType
from sqlmodel import Field, SQLModel

DEFAULT_WORKSPACE = UUID("00000000-0000-0000-0000-000000000001")


class Instant(TIMESTAMP):
    """timestamptz"""

    def __init__(self) -> None:
        super().__init__(timezone=True)


class Json(JSONB):
    """jsonb whose None is SQL's NULL, not JSON's null"""

    def __init__(self) -> None:
        super().__init__(none_as_null=True)


class Xid8(UserDefinedType[str]):
    """The number of a transaction, as text."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "xid8"


class Table(SQLModel, registry=registry()):
    """Base of ours alone: no other model's metadata is mixed in, and a module that is read again starts afresh."""


def _key(**more: Any) -> Any:
    return Field(default=None, primary_key=True, **more)


def _new_id() -> Any:
    return _key(sa_column_kwargs={"server_default": func.gen_random_uuid()})


def _number() -> Any:
    return _key(sa_type=BigInteger, sa_column_args=[Identity(always=True)])


def _of(table: str) -> Any:
    """The row is deleted with the one it belongs to."""
    return Field(default=None, foreign_key=f"{table}.id", ondelete="CASCADE", nullable=False)


def _log() -> Any:
    return Field(default=None, foreign_key="public.gl_sync_logs.id", ondelete="SET NULL", nullable=True)


def _workspace() -> Any:
    """Filled by a trigger from the row's mapping, log or connection."""
    return Field(default=None, foreign_key="glsync.workspaces.id", nullable=False)


def _text(default: str | None = None, **more: Any) -> Any:
    return Field(default=default, sa_type=Text, **more)


def _needed_text(**more: Any) -> Any:
    return Field(default=None, sa_type=Text, nullable=False, **more)


def _needed_json() -> Any:
    return Field(default=None, sa_type=Json, nullable=False)


def _json(default: str) -> Any:
    """A jsonb that is never NULL; left out it is `default`."""
    return Field(default=None, sa_type=Json, nullable=False, sa_column_kwargs={"server_default": text(f"'{default}'")})


def _now() -> Any:
    return Field(default=None, sa_type=Instant, nullable=False, sa_column_kwargs={"server_default": func.now()})


def _when() -> Any:
    return Field(default=None, sa_type=Instant, nullable=True)


class Workspace(Table, table=True):
    __tablename__ = "workspaces"
    __table_args__ = {"schema": "glsync"}

    id: UUID = _new_id()
    name: str = _needed_text()
    created_at: datetime = _now()


class Member(Table, table=True):
    """`role` is viewer, operator, editor or admin; `source` is how they came: invited, or claims of a sign-in."""

    __tablename__ = "members"
    __table_args__ = {"schema": "glsync"}

    workspace_id: UUID = _key(foreign_key="glsync.workspaces.id", ondelete="CASCADE")
    user_id: str = _key(sa_type=Text)
    role: str = _text("viewer")
    created_at: datetime = _now()
    email: str | None = _text()
    name: str | None = _text()
    source: str = _text("invited")
    last_seen_at: datetime | None = _when()


class Invitation(Table, table=True):
    """Somebody with this proven e-mail address may come in, once, until `expires_at`."""

    __tablename__ = "invitations"
    __table_args__ = {"schema": "glsync"}

    id: UUID = _new_id()
    workspace_id: UUID = Field(default=DEFAULT_WORKSPACE, foreign_key="glsync.workspaces.id", ondelete="CASCADE")
    email: str = _needed_text()
    role: str = _needed_text()
    created_by: str = _needed_text()
    created_at: datetime = _now()
    expires_at: datetime = Field(default=None, sa_type=Instant, nullable=False)
    accepted_at: datetime | None = _when()
    accepted_by: str | None = _text()
    revoked_at: datetime | None = _when()


class DataKey(Table, table=True):
    """A workspace's key, wrapped by the master key; the highest version is the one in use."""

    __tablename__ = "data_keys"
    __table_args__ = {"schema": "glsync"}

    workspace_id: UUID = _key(foreign_key="glsync.workspaces.id", ondelete="CASCADE")
    version: int = Field(default=1, primary_key=True)
    wrapped_key: str = _needed_text()
    created_at: datetime = _now()


class ConnectionRow(Table, table=True):
    """`api_key` is sealed, see store/secrets.py. `version` is raised by the database."""

    __tablename__ = "gl_connections"
    __table_args__ = {"schema": "public"}

    id: UUID = _new_id()
    workspace_id: UUID = Field(default=DEFAULT_WORKSPACE, foreign_key="glsync.workspaces.id")
    name: str = _needed_text()
    app_id: str = _needed_text()
    api_key: str | None = _text()
    api_key_last4: str | None = _text()
    app_name: str | None = _text()
    status: str = _text("active")
    status_message: str | None = _text()
    settings: dict[str, Any] = _json("{}")
    last_sync: datetime | None = _when()
    last_checked_at: datetime | None = _when()
    version: int = 1
    created_at: datetime = _now()
    updated_at: datetime = _now()


class MappingRow(Table, table=True):
    """`version` is raised by the database with every save."""

    __tablename__ = "gl_mappings"
    __table_args__ = {"schema": "public"}

    id: UUID = _new_id()
    workspace_id: UUID = _workspace()
    connection_id: UUID = _of("public.gl_connections")
    name: str = _needed_text()
    glide_table: str = _needed_text()
    glide_table_display_name: str = _needed_text()
    supabase_table: str = _needed_text()
    column_mappings: dict[str, Any] = _json("{}")
    sync_direction: str = _text("to_supabase")
    enabled: bool = True
    deletes: str = _text("keep")
    delete_grace: int = 60
    conflict_policy: str = _text("ask")
    marker_column: str | None = _text()
    options: dict[str, Any] = _json("{}")
    status: str = _text("active")
    version: int = 1
    created_at: datetime = _now()
    updated_at: datetime = _now()


class LogRow(Table, table=True):
    """One run. `direction` and `mapping_version` are the mapping's when left out."""

    __tablename__ = "gl_sync_logs"
    __table_args__ = {"schema": "public"}

    id: UUID = _new_id()
    workspace_id: UUID = _workspace()
    mapping_id: UUID = _of("public.gl_mappings")
    status: str = _text("started")
    message: str | None = _text()
    records_processed: int = 0
    started_at: datetime = _now()
    completed_at: datetime | None = _when()
    direction: str = _needed_text()
    trigger: str = _text("manual")
    actor: str | None = _text()
    stage: str | None = _text()
    read_rows: int = 0
    created_rows: int = 0
    updated_rows: int = 0
    deleted_rows: int = 0
    skipped_rows: int = 0
    failed_rows: int = 0
    conflict_rows: int = 0
    expected_rows: int | None = None
    price: Decimal = Field(default=Decimal(0), sa_type=Numeric)
    heartbeat_at: datetime | None = _when()
    epoch: int | None = Field(default=None, sa_type=BigInteger)
    job_id: int | None = Field(default=None, sa_type=BigInteger)
    cancel_requested: bool = False
    error_type: str | None = _text()
    hint: str | None = _text()
    waiting: list[Any] = _json("[]")
    approved_hash: str | None = _text()
    plan_hash: str | None = _text()
    mapping_version: int | None = None
    options: dict[str, Any] = _json("{}")


class ErrorRow(Table, table=True):
    """`fingerprint` is made by the database; `state` and `resolved_at` follow each other."""

    __tablename__ = "gl_sync_errors"
    __table_args__ = {"schema": "public"}

    id: UUID = _new_id()
    workspace_id: UUID = _workspace()
    mapping_id: UUID = _of("public.gl_mappings")
    log_id: UUID | None = _log()
    error_type: str = _needed_text()
    error_message: str = _needed_text()
    record_data: dict[str, Any] | None = Field(default=None, sa_type=Json)
    retryable: bool | None = None
    created_at: datetime = _now()
    resolved_at: datetime | None = _when()
    resolution_notes: str | None = _text()
    glide_row_id: str | None = _text()
    column_name: str | None = _text()
    value: str | None = _text()
    rule: str | None = _text()
    hint: str | None = _text()
    fingerprint: str = _needed_text()
    attempts: int = 1
    last_seen_at: datetime = _now()
    next_retry_at: datetime | None = _when()
    resolved_by: str | None = _text()
    state: str = _text("open")
    assigned_to: str | None = _text()
    ignored_until: datetime | None = _when()


class IgnoredCause(Table, table=True):
    """Errors of this mapping, type, column and rule begin as ignored, `until` then or always."""

    __tablename__ = "ignored_causes"
    __table_args__ = (
        UniqueConstraint("mapping_id", "error_type", "column_name", "rule", postgresql_nulls_not_distinct=True),
        {"schema": "glsync"},
    )

    id: UUID = _new_id()
    mapping_id: UUID = _of("public.gl_mappings")
    workspace_id: UUID = _workspace()
    error_type: str = _needed_text()
    column_name: str | None = _text()
    rule: str | None = _text()
    until: datetime | None = _when()
    notes: str | None = _text()
    created_by: str = _needed_text()
    created_at: datetime = _now()


class Lease(Table, table=True):
    __tablename__ = "leases"
    __table_args__ = {"schema": "glsync"}

    mapping_id: UUID = _key(foreign_key="public.gl_mappings.id", ondelete="CASCADE")
    workspace_id: UUID = _workspace()
    log_id: UUID | None = _log()
    owner: str | None = _text()
    until: datetime | None = _when()
    epoch: int = Field(default=0, sa_type=BigInteger)
    advisory_key: int = Field(default=None, sa_type=BigInteger, nullable=False)


class BasePage(Table, table=True):
    """`rows` rows: 8 bytes of xxh3 each in `digests` and `id_hashes`, and their ids packed."""

    __tablename__ = "base_pages"
    __table_args__ = {"schema": "glsync"}

    mapping_id: UUID = _key(foreign_key="public.gl_mappings.id", ondelete="CASCADE")
    pass_: int = _key(sa_type=BigInteger, sa_column_kwargs={"name": "pass"})
    page: int = _key()
    workspace_id: UUID = _workspace()
    rows: int
    digests: bytes = Field(sa_type=LargeBinary)
    id_hashes: bytes = Field(sa_type=LargeBinary)
    ids: bytes = Field(sa_type=LargeBinary)


class BaseState(Table, table=True):
    """`rows` in step after pass `pass_`; `scope` is the hash of what the mapping looks at."""

    __tablename__ = "base_state"
    __table_args__ = {"schema": "glsync"}

    mapping_id: UUID = _key(foreign_key="public.gl_mappings.id", ondelete="CASCADE")
    workspace_id: UUID = _workspace()
    table_oid: int | None = Field(default=None, sa_type=OID)
    scope: str | None = _text()
    pass_: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs={"name": "pass"})
    complete: bool = False
    verified_at: datetime | None = _when()
    glide_version: str | None = _text()
    rows: int | None = Field(default=None, sa_type=BigInteger)


class Checkpoint(Table, table=True):
    __tablename__ = "checkpoints"
    __table_args__ = {"schema": "glsync"}

    mapping_id: UUID = _key(foreign_key="public.gl_mappings.id", ondelete="CASCADE")
    workspace_id: UUID = _workspace()
    log_id: UUID | None = _log()
    epoch: int = Field(sa_type=BigInteger)
    pass_: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs={"name": "pass"})
    page: int
    continuation: str | None = _text()
    counts: dict[str, Any] = _json("{}")
    saved_at: datetime = _now()


class AbsentRow(Table, table=True):
    __tablename__ = "absent_rows"
    __table_args__ = {"schema": "glsync"}

    mapping_id: UUID = _key(foreign_key="public.gl_mappings.id", ondelete="CASCADE")
    glide_row_id: str = _key(sa_type=Text)
    workspace_id: UUID = _workspace()
    log_id: UUID | None = _log()
    missing_since: datetime = _now()


class Watched(Table, table=True):
    __tablename__ = "watched"
    __table_args__ = {"schema": "glsync"}

    mapping_id: UUID = _key(foreign_key="public.gl_mappings.id", ondelete="CASCADE")
    workspace_id: UUID = _workspace()
    table_oid: int = Field(sa_type=OID)
    since: datetime = _now()


class Touched(Table, table=True):
    """A foreign transaction that wrote to the target of a mapping."""

    __tablename__ = "touched"
    __table_args__ = {"schema": "glsync"}

    mapping_id: UUID = _key(foreign_key="public.gl_mappings.id", ondelete="CASCADE")
    xid: str = _key(sa_type=Xid8)
    workspace_id: UUID = _workspace()
    at: datetime = _now()


class RunEvent(Table, table=True):
    """A line of a run's log; `level` is debug, info, warning or error."""

    __tablename__ = "run_events"
    __table_args__ = {"schema": "glsync"}

    id: int = _number()
    workspace_id: UUID = _workspace()
    log_id: UUID = _of("public.gl_sync_logs")
    at: datetime = _now()
    level: str = _text("info")
    stage: str | None = _text()
    message: str = _needed_text()
    data: dict[str, Any] | None = Field(default=None, sa_type=Json)


class Audit(Table, table=True):
    """Who did what to which thing; never changed or removed."""

    __tablename__ = "audit"
    __table_args__ = {"schema": "glsync"}

    id: int = _number()
    workspace_id: UUID = Field(default=DEFAULT_WORKSPACE, foreign_key="glsync.workspaces.id")
    at: datetime = _now()
    actor: str = _needed_text()
    action: str = _needed_text()
    subject_type: str = _needed_text()
    subject_id: str | None = _text()
    subject_name: str | None = _text()
    before: dict[str, Any] | None = Field(default=None, sa_type=Json)
    after: dict[str, Any] | None = Field(default=None, sa_type=Json)


class Usage(Table, table=True):
    """Glide updates and calls of a connection on a day, UTC."""

    __tablename__ = "usage"
    __table_args__ = {"schema": "glsync"}

    connection_id: UUID = _key(foreign_key="public.gl_connections.id", ondelete="CASCADE")
    day: date = _key(sa_column_kwargs={"server_default": text("(now() at time zone 'UTC')::date")})
    workspace_id: UUID = _workspace()
    updates: Decimal = Field(default=Decimal(0), sa_type=Numeric)
    calls: int = Field(default=0, sa_type=BigInteger)


class OpenTable(Table, table=True):
    """A table people may read through their memberships, from the role `reader` on; `writer` is the least role that may
    write, None for nobody; `app_only` leaves out whoever comes through Supabase's API."""

    __tablename__ = "open_tables"
    __table_args__ = {"schema": "glsync"}

    table_name: str = _key(sa_type=Text)
    workspace_column: str = _needed_text()
    writer: str | None = _text()
    reader: str = Field(default="viewer", sa_type=Text, nullable=False)
    app_only: bool = False


class OpenFunction(Table, table=True):
    """A function people may call: through Glide Sync, and where `reading` also through Supabase's API."""

    __tablename__ = "open_functions"
    __table_args__ = {"schema": "glsync"}

    name: str = _key(sa_type=Text)
    reading: bool


class SchemaMigration(Table, table=True):
    """The ledger of store/migrations.py."""

    __tablename__ = "schema_migration"
    __table_args__ = {"schema": "glsync"}

    version: str = _key(sa_type=Text)
    name: str = _needed_text()
    checksum: str = _needed_text()
    applied_at: datetime = _now()
    ms: int


class Link(Table, table=True):
    """A row on both sides, and its base: each half as its own side gives it back. `pg_key` is a JSON array as text."""

    __tablename__ = "links"
    __table_args__ = {"schema": "glsync"}

    id: UUID = _new_id()
    mapping_id: UUID = _of("public.gl_mappings")
    workspace_id: UUID = _workspace()
    glide_row_id: str | None = _text()
    pg_key: str | None = _text()
    base_glide: dict[str, Any] | None = Field(default=None, sa_type=Json, nullable=True)
    base_postgres: dict[str, Any] | None = Field(default=None, sa_type=Json, nullable=True)
    detached: str | None = _text()
    updated_at: datetime = _now()


class Intent(Table, table=True):
    """A write to Glide, noted before the call and after it. `raw` is what is sent, `cells` what it means."""

    __tablename__ = "intents"
    __table_args__ = {"schema": "glsync"}

    id: UUID = _new_id()
    mapping_id: UUID = _of("public.gl_mappings")
    workspace_id: UUID = Field(default=None, nullable=False)
    log_id: UUID | None = None
    epoch: int = Field(sa_type=BigInteger)
    link_id: UUID
    operation: str = _needed_text()
    glide_row_id: str | None = _text()
    pg_key: str | None = _text()
    cells: dict[str, Any] = _json("{}")
    raw: dict[str, Any] = _json("{}")
    before: dict[str, Any] | None = Field(default=None, sa_type=Json, nullable=True)
    base_glide: dict[str, Any] | None = Field(default=None, sa_type=Json, nullable=True)
    base_postgres: dict[str, Any] | None = Field(default=None, sa_type=Json, nullable=True)
    if_match: str | None = _text()
    state: str = _text("pending")
    attempts: int = 0
    scans: int = 0
    said: str | None = _text()
    price: Decimal = Field(default=Decimal(0), sa_type=Numeric)
    created_at: datetime = _now()
    sent_at: datetime | None = _when()
    ended_at: datetime | None = _when()
    call_id: UUID | None = None


class Call(Table, table=True):
    """What left for Glide together. `accepted_at` says so of all its writes: their own state stays sent until seen."""

    __tablename__ = "calls"
    __table_args__ = {"schema": "glsync"}

    id: UUID = _key()
    mapping_id: UUID = _of("public.gl_mappings")
    workspace_id: UUID = _workspace()
    sent_at: datetime = _now()
    accepted_at: datetime | None = _when()
    kept_at: datetime | None = _when()


class History(Table, table=True):
    """The before-image of a row a run changed on one side; what undo goes by."""

    __tablename__ = "history"
    __table_args__ = {"schema": "glsync"}

    id: int | None = _number()
    mapping_id: UUID = _of("public.gl_mappings")
    workspace_id: UUID = Field(default=None, nullable=False)
    log_id: UUID | None = None
    link_id: UUID | None = None
    side: str = _needed_text()
    operation: str = _needed_text()
    glide_row_id: str | None = _text()
    pg_key: str | None = _text()
    before: dict[str, Any] | None = Field(default=None, sa_type=Json, nullable=True)
    after: dict[str, Any] | None = Field(default=None, sa_type=Json, nullable=True)
    at: datetime = _now()


class ConflictRow(Table, table=True):
    """Both sides changed; both values are kept until a person picks. Without a column it is the whole row."""

    __tablename__ = "gl_conflicts"
    __table_args__ = {"schema": "public"}

    id: UUID = _new_id()
    mapping_id: UUID = _of("public.gl_mappings")
    workspace_id: UUID = _workspace()
    log_id: UUID | None = _log()
    link_id: UUID | None = None
    glide_row_id: str | None = _text()
    pg_key: str | None = _text()
    column_name: str | None = _text()
    kind: str = _needed_text()
    base_value: Any = Field(default=None, sa_type=Json, nullable=True)
    glide_value: Any = Field(default=None, sa_type=Json, nullable=True)
    postgres_value: Any = Field(default=None, sa_type=Json, nullable=True)
    state: str = _text("open")
    resolution: str | None = _text()
    created_at: datetime = _now()
    last_seen_at: datetime = _now()
    resolved_at: datetime | None = _when()
    resolved_by: str | None = _text()
    resolution_notes: str | None = _text()
    applied_at: datetime | None = _when()


class Certificate(Table, table=True):
    """Equal digests of both sides over what a mapping keeps equal."""

    __tablename__ = "certificates"
    __table_args__ = {"schema": "glsync"}

    mapping_id: UUID = _key(foreign_key="public.gl_mappings.id", ondelete="CASCADE")
    workspace_id: UUID = _workspace()
    log_id: UUID | None = _log()
    glide_digest: str = _needed_text()
    postgres_digest: str = _needed_text()
    rows: int = Field(sa_type=BigInteger)
    glide_version: str | None = _text()
    at: datetime = _now()
    scope: str | None = _text()
    read_at: datetime | None = _when()
    watch: str | None = _text()


class ScheduleRow(Table, table=True):
    """When a mapping runs by itself, and why not. `schedule` is the text that the times belong to."""

    __tablename__ = "schedules"
    __table_args__ = {"schema": "glsync"}

    mapping_id: UUID = _key(foreign_key="public.gl_mappings.id", ondelete="CASCADE")
    workspace_id: UUID = _workspace()
    schedule: str = _needed_text()
    next_at: datetime | None = _when()
    last_at: datetime | None = _when()
    paused_at: datetime | None = _when()
    pause_reason: str | None = _text()


class ShapeRow(Table, table=True):
    """The columns of both tables when the mapping was last saved and run, and what has changed since."""

    __tablename__ = "shapes"
    __table_args__ = {"schema": "glsync"}

    mapping_id: UUID = _key(foreign_key="public.gl_mappings.id", ondelete="CASCADE")
    workspace_id: UUID = _workspace()
    mapping_version: int
    glide: dict[str, Any] = _needed_json()
    postgres: dict[str, Any] = _needed_json()
    key: list[Any] = _needed_json()
    notices: list[Any] = _json("[]")
    seen_at: datetime = _now()


class LinkedTables(Table, table=True):
    """In which two tables the rows of a two-way mapping were linked."""

    __tablename__ = "linked_tables"
    __table_args__ = {"schema": "glsync"}

    mapping_id: UUID = _key(foreign_key="public.gl_mappings.id", ondelete="CASCADE")
    workspace_id: UUID = _workspace()
    glide_table: str = _needed_text()
    table_oid: int = Field(sa_type=OID)


class ApiToken(Table, table=True):
    """A key to the API, kept as its SHA-256 in hex. It acts with `role` until it expires or is revoked.

    One of a person's own has their `user_id`, and is worth no more than they are.
    """

    __tablename__ = "api_tokens"
    __table_args__ = {"schema": "glsync"}

    id: UUID = _new_id()
    workspace_id: UUID = Field(default=DEFAULT_WORKSPACE, foreign_key="glsync.workspaces.id", ondelete="CASCADE")
    name: str = _needed_text()
    role: str = _needed_text()
    token_hash: str = _needed_text()
    created_by: str = _needed_text()
    created_at: datetime = _now()
    expires_at: datetime | None = _when()
    last_used_at: datetime | None = _when()
    revoked_at: datetime | None = _when()
    revoked_by: str | None = _text()
    user_id: str | None = _text()


class Hook(Table, table=True):
    """An address that says a mapping's table changed. Path and header are kept as SHA-256, `signing_keys` sealed."""

    __tablename__ = "hooks"
    __table_args__ = {"schema": "glsync"}

    id: UUID = _new_id()
    mapping_id: UUID = _of("public.gl_mappings")
    workspace_id: UUID = _workspace()
    name: str = _needed_text()
    path_hash: str = _needed_text()
    header_hash: str | None = _text()
    signing_keys: list[str] = _json("[]")
    created_by: str = _needed_text()
    created_at: datetime = _now()
    last_called_at: datetime | None = _when()


class HookMessage(Table, table=True):
    """A signed message that was taken; it does not count a second time."""

    __tablename__ = "hook_messages"
    __table_args__ = {"schema": "glsync"}

    hook_id: UUID = _key(foreign_key="glsync.hooks.id", ondelete="CASCADE")
    message_id: str = _key(sa_type=Text)
    workspace_id: UUID = _workspace()
    at: datetime = _now()


class Subscription(Table, table=True):
    """An address that is told of events; `signing_keys` are sealed."""

    __tablename__ = "subscriptions"
    __table_args__ = {"schema": "glsync"}

    id: UUID = _new_id()
    workspace_id: UUID = Field(default=DEFAULT_WORKSPACE, foreign_key="glsync.workspaces.id", ondelete="CASCADE")
    url: str = _needed_text()
    events: list[str] = _json("[]")
    signing_keys: list[str] = _json("[]")
    enabled: bool = True
    disabled_reason: str | None = _text()
    created_by: str = _needed_text()
    created_at: datetime = _now()


class Delivery(Table, table=True):
    """One event on its way to one address; `state` is waiting, delivered or failed."""

    __tablename__ = "deliveries"
    __table_args__ = {"schema": "glsync"}

    id: UUID = _new_id()
    subscription_id: UUID = _of("glsync.subscriptions")
    workspace_id: UUID = _workspace()
    event: str = _needed_text()
    payload: dict[str, Any] = Field(default=None, sa_type=Json, nullable=False)
    state: str = _text("waiting")
    attempts: int = 0
    status: int | None = None
    said: str | None = _text()
    created_at: datetime = _now()
    next_at: datetime | None = _when()
    ended_at: datetime | None = _when()
