"""The stage of one seed: the stand-in begun anew, an empty table in Postgres, a mapping, and time nobody waits for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import psycopg2
from psycopg2 import extras

from glsync.config import settings
from glsync.standin import StandIn
from glsync.store import db, secrets
from glsync.store.lease import Lease
from glsync.twoway import observe, sending, settle

APP, TOKEN, TABLE = "sim", "token-of-the-simulation", "native-table-sim"
PAIRS = {
    "Tag": ("Tag", "string", "tag"),
    "Name": ("Name", "string", "name"),
    "prc00": ("Price", "number", "price"),
    "at000": ("At", "date-time", "at"),
    "chg00": ("Changed", "date-time", "changed"),
}
"""Glide id -> name, kind, column. The tag names a row for the oracle and is never edited."""
NOTE, MARKER, CHANGED = "note0", "mark0", "chg00"
COLUMNS = {column: glide_id for glide_id, (_, _, column) in PAIRS.items() if column not in ("tag", "changed")}
"""Column -> Glide id, of what people edit. `changed` and, in Postgres, `edited_at` say when, for the policy newest."""
POLICIES = ["glide", "postgres", "ask", "newest"]
STATE, ITEMS, TEAM = "stt00", "itm00", "tea00"
MORE = {
    "state": (STATE, "State", "string", "text"),
    "items": (ITEMS, "Items", "array", "jsonb"),
    "team": (TEAM, "Team", "string", "integer references public.teams"),
}
"""Column -> Glide id, name, kind and Postgres type, of what only the wide simulation has."""
FILTER, OUT = 'State == null || !State.startsWith("done")', "done"
"""A row whose state begins so is none of the mapping's."""
TEAMS, TEAM_PAIRS = "native-table-teams", {"Tag": ("Tag", "string", "tag"), "Name": ("Name", "string", "name")}
"""Glide's table of parents, kept equal by a mapping of its own, always both ways and with a marker."""


class Clock:
    """Seconds that pass when somebody says so."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass(frozen=True)
class Wide:
    """What a seed is about besides, where the simulation is wide. Its dice are its own, the other choices stay."""

    direction: str = "both"
    flows: dict[str, str] = field(default_factory=dict, hash=False)
    """Column -> its own direction."""
    filter: bool = False
    items: bool = False
    """Is there a column that holds sets, united where both sides edit one?"""
    team: bool = False
    """Do rows refer to those of a second mapping?"""

    @staticmethod
    def of(dice: Random) -> Wide:
        direction = dice.choice(["both", "both", "both", "to_glide"])
        names = [*COLUMNS, *MORE]
        flows = {name: dice.choice(["to_glide", "to_supabase"]) for name in names if dice.random() < 0.1}
        filter_, items, team = (dice.random() < share for share in (0.5, 0.6, 0.5))
        return Wide(direction, flows if direction == "both" else {}, filter_, items, team)

    @property
    def columns(self) -> list[str]:
        """Those of MORE that this seed has."""
        return [name for name, is_there in zip(MORE, (self.filter, self.items, self.team), strict=True) if is_there]


@dataclass(frozen=True)
class Setting:
    """What a seed is about."""

    kind: str
    policy: str
    deletes: str
    grace: int
    marker: bool
    key: str
    match: bool
    settings: dict[str, Any] = field(hash=False)
    columns: dict[str, str] = field(default_factory=dict, hash=False)
    """Column -> its own policy."""
    wide: Wide = Wide()

    @property
    def cells(self) -> dict[str, str]:
        """Column -> Glide id, of what people edit."""
        return COLUMNS | {name: MORE[name][0] for name in self.wide.columns}

    @property
    def pairs(self) -> dict[str, tuple[str, str, str]]:
        return PAIRS | {MORE[name][0]: (*MORE[name][1:3], name) for name in self.wide.columns}

    def flow_of(self, column: str) -> str:
        return self.wide.flows.get(column, self.wide.direction)

    def policy_of(self, column: str) -> str:
        return self.columns.get(column, self.policy)

    @property
    def tells_time(self) -> bool:
        """Do people note when they edited?"""
        return "newest" in (self.policy, *self.columns.values())

    @staticmethod
    def of(dice: Random, **fixed: Any) -> Setting:
        behaviour = {
            "page_rows": dice.choice([3, 7, 10_000]),
            "big_page_rows": dice.choice([3, 7, 10_000]),
            "short_pages": dice.random() < 0.3,
            "paging": dice.choice(["slots", "slots", "offset", "snapshot"]),
            "version_steps": dice.choice(["one", "per_row", "irregular"]),
            "version_moves_on_computed": dice.random() < 0.5,
            "empty_text": dice.choice(["clears", "kept"]),
            "numbers": dice.choice(["double", "exact"]),
            "dates": dice.choice(["as_sent", "utc_milliseconds"]),
            "queue_delay": dice.choice([0.0, 0.0, 0.5, 3.0]),
            "queue_jitter": dice.choice([0.0, 1.0, 5.0]),
            "queue_order": dice.choice(["shuffled", "as_sent"]),
            "batch_with_errors": dice.choice(["apply_others", "apply_none"]),
            "batch_error_status": dice.choice([200, 400, 422]),
            "add_returns_row_id": dice.random() < 0.85,
            "seed": dice.randrange(1 << 30),
        }
        chosen = {
            "kind": dice.choice(["glide", "big"]),
            "policy": dice.choice(POLICIES),
            "deletes": dice.choice(["delete"] * 6 + ["mark", "mark", "keep"]),
            "grace": dice.choice([0, 60]),
            "marker": dice.random() < 0.6,
            "key": dice.choice(["id", "tag"]),
            "match": dice.random() < 0.3,
            "columns": {column: dice.choice(POLICIES) for column in COLUMNS if dice.random() < 0.15},
        }
        return Setting(settings=behaviour | fixed.pop("settings", {}), **(chosen | fixed))


class Stage:
    """A database and a stand-in for many seeds, one after the other."""

    def __init__(self, database: str) -> None:
        self.clock = Clock()
        self.glide = StandIn(clock=self.clock)
        self.connection = psycopg2.connect(database)
        self.connection.autocommit = True
        extras.register_default_jsonb(self.connection)
        self.sql("set lock_timeout = '3s'")

    @contextmanager
    def open(self) -> Iterator[Stage]:
        """Serve, without any waiting and with one call at a time, so that a seed is one history."""
        with self.glide, at_once(self.clock):
            yield self
        self.connection.close()

    def begin(self, setting: Setting) -> None:
        """Nothing but an empty table on each side and the mapping of this seed."""
        self.setting = setting
        self.clock.now = 1_800_000_000.0
        tables = [_table(TABLE, "Sim", setting.kind, setting.pairs)]
        tables += [_table(TEAMS, "Teams", setting.kind, TEAM_PAIRS)] if setting.wide.team else []
        self.glide.reset(
            {"apps": [{"id": APP, "name": "Sim", "tokens": [TOKEN], "tables": tables}]}, **setting.settings
        )
        self.sql("delete from gl_connections")
        self.sql("drop table if exists public.sim, public.teams")
        if setting.wide.team:
            self.sql("create table public.teams (id serial primary key, glide_row_id text unique, tag text, name text)")
        more = "".join(f", {name} {MORE[name][3]}" for name in setting.wide.columns)
        keys = {"id": "id int generated by default as identity primary key, tag text", "tag": "tag text primary key"}
        self.sql(
            f"""create table public.sim ({keys[setting.key]}, glide_row_id text unique, name text, price numeric,
                at timestamptz, changed timestamptz, edited_at timestamptz, private text,
                deleted_at timestamptz{more})"""
        )
        self.connection_id = self._connect()
        self.teams_id = self._map_teams(setting) if setting.wide.team else None
        self.mapping_id = self._map(setting)

    def sql(self, statement: str, *values: Any) -> list[dict[str, Any]]:
        with self.connection.cursor(cursor_factory=extras.RealDictCursor) as cursor:
            cursor.execute(statement, values or None)
            return [dict(row) for row in cursor.fetchall()] if cursor.description is not None else []

    def new_log(self, approve: str | None, mapping_id: UUID | None = None) -> UUID:
        found = self.sql(
            """insert into gl_sync_logs (mapping_id, status, trigger, approved_hash)
               values (%s, 'started', 'manual', %s) returning id""",
            str(mapping_id or self.mapping_id),
            approve,
        )
        return UUID(str(found[0]["id"]))

    def hours_pass(self) -> None:
        """Whatever waits for time has waited: graces, answers that may come late, queues."""
        self.clock.now += 3600
        self.sql("update glsync.intents set sent_at = sent_at - interval '1 hour'")
        self.sql("update glsync.absent_rows set missing_since = missing_since - interval '1 hour'")

    def in_doubt(self) -> bool:
        return bool(
            self.sql("select from glsync.intents where state in ('pending', 'sent', 'accepted', 'unknown') limit 1")
        )

    def is_waiting(self) -> bool:
        """Is a write in doubt, or an absence in its grace?"""
        young = "select from glsync.absent_rows where missing_since > now() - interval '60 seconds' limit 1"
        return self.in_doubt() or bool(self.sql(young))

    def _connect(self) -> UUID:
        urls = {
            "classic_url": self.glide.classic_url,
            "rest_url": self.glide.rest_url,
            "bigtables_url": self.glide.bigtables_url,
        }
        found = self.sql(
            "insert into gl_connections (name, app_id, settings) values ('sim', %s, %s) returning id, workspace_id",
            APP,
            json.dumps(urls),
        )[0]
        with db.connect("simulation") as connection:
            sealed = secrets.encrypt(
                connection, UUID(str(found["workspace_id"])), UUID(str(found["id"])), "api_key", TOKEN
            )
        self.sql("update gl_connections set api_key = %s where id = %s", sealed, found["id"])
        return UUID(str(found["id"]))

    def _map(self, setting: Setting) -> UUID:
        wide, pairs = setting.wide, _pairs(setting.pairs)
        for glide_id, (_, _, column) in setting.pairs.items():
            pairs[glide_id] |= {"policy": setting.columns[column]} if column in setting.columns else {}
            pairs[glide_id] |= {"direction": wide.flows[column]} if column in wide.flows else {}
        if wide.direction == "both":
            pairs[CHANGED]["direction"] = "to_supabase"
        if wide.items:
            pairs[ITEMS]["union"] = True
        if wide.team:
            pairs[TEAM]["reference"] = "teams"
        options: dict[str, Any] = {"match_key": ["tag"]} if setting.match else {}
        options |= {"filter": FILTER} if wide.filter else {}
        if setting.tells_time:
            options["newest"] = ["changed", "edited_at"]
        return self._insert_mapping(
            {
                "connection_id": str(self.connection_id),
                "name": "sim",
                "glide_table": TABLE,
                "glide_table_display_name": "Sim",
                "supabase_table": "sim",
                "column_mappings": json.dumps(pairs),
                "sync_direction": wide.direction,
                "deletes": setting.deletes,
                "delete_grace": setting.grace,
                "conflict_policy": setting.policy,
                "marker_column": MARKER if setting.marker else None,
                "options": json.dumps(options),
            }
        )

    def _map_teams(self, setting: Setting) -> UUID:
        return self._insert_mapping(
            {
                "connection_id": str(self.connection_id),
                "name": "teams",
                "glide_table": TEAMS,
                "glide_table_display_name": "Teams",
                "supabase_table": "teams",
                "column_mappings": json.dumps(_pairs(TEAM_PAIRS)),
                "sync_direction": "both",
                "conflict_policy": "glide" if setting.policy == "newest" else setting.policy,
                "marker_column": MARKER,
            }
        )

    def _insert_mapping(self, row: dict[str, Any]) -> UUID:
        found = self.sql(
            f"insert into gl_mappings ({', '.join(row)}) values ({', '.join(['%s'] * len(row))}) returning id",
            *row.values(),
        )
        return UUID(str(found[0]["id"]))


def _table(table: str, name: str, kind: str, pairs: dict[str, tuple[str, str, str]]) -> dict[str, Any]:
    """A table as the stand-in's fixture has it, with the columns of these pairs and two that nobody mapped."""
    columns = [{"id": glide_id, "name": title, "type": type_} for glide_id, (title, type_, _) in pairs.items()]
    columns += [{"id": NOTE, "name": "Note"}, {"id": MARKER, "name": "Marker"}]
    return {"id": table, "name": name, "kind": kind, "columns": columns, "rows": []}


def _pairs(pairs: dict[str, tuple[str, str, str]]) -> dict[str, dict[str, Any]]:
    """column_mappings of the contract."""
    found = {"$rowID": ("$rowID", "string", "glide_row_id")} | pairs
    return {
        glide_id: {"glide_column_name": name, "supabase_column_name": column, "data_type": kind}
        for glide_id, (name, kind, column) in found.items()
    }


@contextmanager
def at_once(clock: Clock) -> Iterator[None]:
    """Waiting moves the clock instead; nothing is done ahead or side by side."""

    def wait(lease: Lease, seconds: float, message: str) -> None:  # the signature of Lease.wait
        clock.now += seconds
        lease.go_on()

    @contextmanager
    def inline(items: Any, depth: int = 1) -> Iterator[Any]:  # the signature of ahead
        yield iter(items)

    changes = [
        (Lease, "wait", wait),
        (observe, "ahead", inline),
        (observe, "POINT_READS_AT_ONCE", 1),
        (sending, "ahead", inline),
        (sending, "LANES", 1),
        (settle, "PAUSES", (1.0, 3.0, 5.0)),
        (settle, "clock", clock),
    ]
    before = [(where, name, getattr(where, name)) for where, name, _ in changes]
    for where, name, value in changes:
        setattr(where, name, value)
    try:
        yield
    finally:
        for where, name, value in before:
            setattr(where, name, value)


def allow(url: str) -> str:
    """The stand-in's host, as the setting that lets connections name it wants it."""
    settings.cache_clear()
    return urlsplit(url).netloc
