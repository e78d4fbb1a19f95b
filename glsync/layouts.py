"""How the rows of a mapping are read into its table, by the table as it is and the connection's settings."""

from __future__ import annotations

from datetime import UTC, tzinfo
from hashlib import sha256
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from glsync.engine.rules import rules_of
from glsync.engine.transform import Layout, layout
from glsync.errors import ConfigError, InvalidMapping
from glsync.postgres.target import Target
from glsync.store import runs
from glsync.values import Problem


def layout_of(job: runs.Job, target: Target) -> Layout:
    """The layout of this run.

    Raises:
        InvalidMapping: a kind does not fit its column.
    """
    try:
        return layout(target.pairs, target.cell_types, zone_of(job), rules_of(job.mapping.filter, job.mapping.pairs))
    except ValueError as error:
        raise InvalidMapping(job.mapping.name, [Problem("error", str(error))]) from error


def zone_of(job: runs.Job) -> tzinfo:
    """The zone of date-times without an offset, from the connection's settings; UTC when it names none."""
    name = job.connection.settings.get("timezone")
    if not name or name == "UTC":
        return UTC
    try:
        return ZoneInfo(str(name))
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ConfigError(f"Connection {job.connection.name!r} names an unknown time zone: {name!r}") from error


def scope_of(job: runs.Job, target: Target) -> str:
    """What the digests were made for: another scope means that equal raw rows may be stored otherwise.

    Its first half names the Glide table, so that one pointed elsewhere can be told from one mapped otherwise.
    """
    pairs = [
        (pair.glide_id, name, target.places.get(name), pair.kind, str(target.types[name]), pair.rule)
        for pair in target.pairs
        for name in [pair.column]
    ]
    table = (job.connection.app_id, job.mapping.glide_table)
    refers = [(each.column, str(each.parent_id), each.key, each.is_bound, each.is_soft) for each in target.references]
    return _short(table) + _short((job.mapping.filter, str(zone_of(job)), target.file, pairs, refers))


def _short(parts: object) -> str:
    return sha256(msgspec.json.encode(parts)).hexdigest()[:16]
