"""The log of a run: what it is to do, how far it is, how it ended."""

from __future__ import annotations

import json
from collections.abc import Mapping as ReadOnly
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from psycopg2 import extensions, extras

from glsync import statements
from glsync.engine import types
from glsync.errors import ConfigError, NotFound
from glsync.redaction import hidden
from glsync.store import references, secrets
from glsync.values import (
    ROW_ID,
    ColumnPair,
    Connection,
    Counts,
    Endpoints,
    Mapping,
    Price,
    RunReport,
    Status,
    Waiting,
)


@dataclass(frozen=True, slots=True)
class Job:
    """What a run is asked to do. `done` is what an earlier attempt at the same run already stored.

    `stood` is how foreign writes were noted when the last run left both sides equal, if nothing of ours ran since.
    """

    log_id: UUID
    status: Status
    mapping: Mapping
    connection: Connection
    approved_hash: str | None = None
    options: ReadOnly[str, Any] = field(default_factory=dict)
    done: Counts = field(default_factory=Counts)
    paid: Decimal = Decimal(0)
    stood: str | None = None


def load(cursor: extensions.cursor, log_id: UUID) -> Job:
    """The job behind a log.

    Raises:
        NotFound: no such log.
        ConfigError: the connection has no key, or it cannot be decrypted here.
    """
    row = _named_row(cursor, "run_load", {"log": str(log_id)})
    if row is None:
        raise NotFound("run", log_id)
    job = of_mapping(cursor, UUID(str(row["mapping_id"])))
    return replace(
        job,
        log_id=log_id,
        status=row["status"],
        approved_hash=row["approved_hash"] or row["options"].get("approve"),
        options=row["options"],
        done=Counts(
            row["read_rows"], row["created_rows"], row["updated_rows"], row["deleted_rows"], row["skipped_rows"],
            row["failed_rows"], row["conflict_rows"],
        ),
        paid=row["price"],
    )  # fmt: skip


def mapping_of(cursor: extensions.cursor, log_id: UUID) -> tuple[UUID, str]:
    """(id, name) of the mapping a run belongs to.

    Raises:
        NotFound: no such log.
    """
    cursor.execute(
        "select m.id, m.name from public.gl_sync_logs as l join public.gl_mappings as m on m.id = l.mapping_id"
        " where l.id = %s",
        (str(log_id),),
    )
    found = cursor.fetchone()
    if found is None:
        raise NotFound("run", log_id)
    return UUID(str(found[0])), found[1]


def of_mapping(cursor: extensions.cursor, mapping_id: UUID) -> Job:
    """What a run of this mapping would be asked to do; its log is made up, for a plan has none.

    Raises:
        NotFound, ConfigError: as `load`.
    """
    row = _named_row(cursor, "run_mapping", {"mapping": str(mapping_id)})
    if row is None:
        raise NotFound("mapping", mapping_id)
    mapping = _mapping(row)
    return Job(
        uuid4(), "started", replace(mapping, references=references.of(cursor, mapping)), _connection(cursor, row)
    )


def _named_row(cursor: extensions.cursor, query: str, given: ReadOnly[str, Any]) -> ReadOnly[str, Any] | None:
    with cursor.connection.cursor(cursor_factory=extras.RealDictCursor) as named:
        named.execute(statements.text(query), given)
        found: ReadOnly[str, Any] | None = named.fetchone()
    return found


def pairs_of(column_mappings: ReadOnly[str, Any]) -> tuple[ColumnPair, ...]:
    """column_mappings of the contract as pairs, without the row id's.

    Raises:
        ConfigError: a data_type nobody knows.
    """
    pairs = []
    for glide_id, found in column_mappings.items():
        if glide_id == ROW_ID:
            continue
        kind = types.kind_of(str(found.get("data_type")))
        if kind is None:
            raise ConfigError(f"Column {glide_id!r} has the data_type {found.get('data_type')!r}, which is not known")
        pairs.append(
            ColumnPair(
                glide_id=glide_id,
                glide_name=found.get("glide_column_name") or glide_id,
                column=found["supabase_column_name"],
                kind=kind,
                direction=found.get("direction"),
                policy=found.get("policy"),
                rule=found.get("rule"),
                is_set=bool(found.get("union")),
                reference=found.get("reference") or None,
                reference_column=found.get("reference_column") or None,
            )
        )
    return tuple(pairs)


def _mapping(row: ReadOnly[str, Any]) -> Mapping:
    return Mapping(
        id=UUID(str(row["mapping_id"])),
        workspace_id=UUID(str(row["workspace_id"])),
        connection_id=UUID(str(row["connection_id"])),
        name=row["name"],
        glide_table=row["glide_table"],
        glide_table_name=row["glide_table_display_name"],
        schema=row["schema"],
        table=row["table"],
        pairs=pairs_of(row["column_mappings"]),
        direction=row["sync_direction"],
        deletes=row["deletes"],
        delete_grace=row["delete_grace"],
        conflict_policy=row["conflict_policy"],
        marker_column=row["marker_column"],
        filter=row["options"].get("filter"),
        match_key=tuple(row["options"].get("match_key") or ()),
        newest=tuple(row["options"]["newest"]) if row["options"].get("newest") else None,
        enabled=row["enabled"],
        version=row["version"],
    )


def _connection(cursor: extensions.cursor, row: ReadOnly[str, Any]) -> Connection:
    name, connection_id = row["connection_name"], UUID(str(row["connection_id"]))
    if not row["api_key"]:
        raise ConfigError(f"Connection {name!r} has no API token", hint="Enter it under Connections, Rotate token.")
    workspace_id = UUID(str(row["workspace_id"]))
    settings = row["settings"]
    urls = {key: str(settings[key]).rstrip("/") for key in Endpoints.__slots__ if settings.get(key)}
    return Connection(
        id=connection_id,
        workspace_id=workspace_id,
        name=name,
        app_id=row["app_id"],
        token=secrets.decrypt(cursor.connection, workspace_id, connection_id, "api_key", row["api_key"]),
        endpoints=Endpoints(**urls),
        settings=settings,
        app_name=row["app_name"],
    )


def begin(cursor: extensions.cursor, job: Job, epoch: int) -> bool:
    """Mark the run as under way and close what dead processes left of this mapping. False: it had already ended."""
    log_id, mapping_id = str(job.log_id), str(job.mapping.id)
    cursor.execute(statements.text("run_abandoned"), {"mapping": mapping_id, "log": log_id})
    for (abandoned,) in cursor.fetchall():
        spend_of(cursor, abandoned)
    cursor.execute(statements.text("run_begin"), {"log": log_id, "epoch": epoch, "version": job.mapping.version})
    return cursor.rowcount == 1


def progress(
    cursor: extensions.cursor, log_id: UUID, stage: str, counts: Counts, price: Decimal, expected: int | None
) -> None:
    """Counts so far; in the transaction that stored the rows, so that they are never ahead of them."""
    cursor.execute(
        statements.text("run_progress"),
        {"log": str(log_id), "stage": stage, "price": price, "expected": expected, "stored": counts.stored}
        | asdict(counts),
    )


def end(
    cursor: extensions.cursor, report: RunReport, epoch: int, *, error_type: str | None = None, hint: str | None = None
) -> None:
    """The last word of a run; a run has only one, and only its holder's."""
    cursor.execute(
        statements.text("run_end"),
        {
            "log": str(report.log_id),
            "epoch": epoch,
            "status": report.status,
            "message": hidden(report.message),
            "type": error_type,
            "hint": hint and hidden(hint),
            "waiting": waiting_json(report.waiting),
            "plan_hash": report.waiting[0].hash if report.waiting else None,
        },
    )


def told_of_token(cursor: extensions.cursor, log_id: UUID, refused: str | None) -> None:
    """Note at the run's connection that Glide refused its token, in its words; None: Glide takes it (again)."""
    cursor.execute(statements.text("connection_told"), {"log": str(log_id), "refused": refused and hidden(refused)})


def name_app(cursor: extensions.cursor, connection_id: UUID, name: str) -> None:
    """Note what Glide calls the connection's app, where that is not known yet."""
    cursor.execute(statements.text("connection_named"), {"connection": str(connection_id), "name": name})


def is_ours(cursor: extensions.cursor, log_id: UUID, epoch: int) -> bool:
    """May the holder of this epoch say how the run ended? Holds the log still until the commit."""
    cursor.execute(statements.text("run_is_ours"), {"log": str(log_id), "epoch": epoch})
    return cursor.fetchone() is not None


def first(cursor: extensions.cursor, log_id: UUID) -> list[str]:
    """The runs that this one was queued behind and that are yet to end."""
    cursor.execute(statements.text("runs_first"), {"log": str(log_id)})
    return [str(row[0]) for row in cursor.fetchall()]


def note(
    cursor: extensions.cursor, log_id: UUID, message: str, *, level: str = "info", stage: str | None = None
) -> None:
    """One line in the run's log."""
    cursor.execute(
        "insert into glsync.run_events (log_id, level, stage, message) values (%s, %s, %s, %s)",
        (str(log_id), level, stage, hidden(message)),
    )


def spend(cursor: extensions.cursor, connection_id: UUID, price: Price, calls: int) -> None:
    """Add to what the connection used today."""
    cursor.execute(
        statements.text("usage_note"), {"connection": str(connection_id), "updates": price.updates, "calls": calls}
    )


def spent_this_month(cursor: extensions.cursor, connection_id: UUID) -> Decimal:
    """Glide updates the connection used since the first of the month, UTC."""
    cursor.execute(
        """select coalesce(sum(updates), 0) from glsync.usage
           where connection_id = %s and day >= date_trunc('month', now() at time zone 'UTC')::date""",
        (str(connection_id),),
    )
    return Decimal((cursor.fetchone() or (0,))[0])


def spend_of(cursor: extensions.cursor, log_id: UUID | str) -> None:
    """Add what a run that broke off had spent."""
    cursor.execute(statements.text("usage_of_log"), {"log": str(log_id)})


def sweep(cursor: extensions.cursor) -> list[str]:
    """End the runs nobody works on any more; their ids."""
    cursor.execute(statements.text("run_sweep"))
    swept = [str(row[0]) for row in cursor.fetchall()]
    for log_id in swept:
        spend_of(cursor, log_id)
    return swept


def waiting_json(waiting: Sequence[Waiting]) -> str:
    """What waits for a person, as the log and the command line show it."""
    return json.dumps([asdict(part) for part in waiting])


def moment(cursor: extensions.cursor) -> datetime:
    """Now, by the database's clock: the only one that all runs share."""
    cursor.execute("select clock_timestamp()")
    found: datetime = (cursor.fetchone() or (None,))[0]
    return found
