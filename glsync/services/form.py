"""Configuration as code: the YAML form of connections and mappings, read with every problem named, and written."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, cast, get_args

import yaml

from glsync.engine import types
from glsync.errors import InvalidInput
from glsync.postgres import tables
from glsync.services import places, shapes
from glsync.services.places import Place
from glsync.values import ROW_ID, ROW_ID_COLUMN, ColumnPair, Deletes, Direction, Kind, Policy

SETTINGS = ("classic_url", "rest_url", "bigtables_url", "timezone", "timeout")
CONNECTION = ("name", "app_id", "api_key", "settings")
MAPPING = (
    "name", "connection", "glide_table", "glide_table_display_name", "supabase_table", "create_table", "sync_direction",
    "deletes", "delete_grace", "conflict_policy", "marker_column", "filter", "schedule",
    "enabled", "column_mappings",
)  # fmt: skip
PAIR = ("glide_column_name", "supabase_column_name", "data_type", *shapes.OVERRIDES)

DIRECTIONS: tuple[Direction, ...] = get_args(Direction)
DELETES: tuple[Deletes, ...] = get_args(Deletes)
POLICIES: tuple[Policy, ...] = get_args(Policy)


@dataclass(frozen=True, slots=True)
class KeyReference:
    """Where an API key stands: in an environment variable, in a file, or in clear in the form itself."""

    where: Literal["env", "file", "clear"]
    text: str

    def read(self, folder: Path) -> str:
        """The key.

        Raises:
            InvalidInput: the variable is not set, the file cannot be read, or there is nothing in it.
        """
        if self.where == "clear":
            return self.text
        found = os.environ.get(self.text, "") if self.where == "env" else _file(folder / self.text)
        if not found.strip():
            what = "The environment variable" if self.where == "env" else "The file"
            raise InvalidInput(f"{what} {self.text} holds no API key")
        return found.strip()


def _file(path: Path) -> str:
    try:
        return path.expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"The file {path} cannot be read: {error}") from None


@dataclass(frozen=True, slots=True)
class ConnectionForm:
    """A connection in the file; `is_sound` is False when something about it was named as wrong."""

    place: Place
    is_sound: bool
    name: str
    app_id: str
    key: KeyReference
    settings: dict[str, Place]


@dataclass(frozen=True, slots=True)
class MappingForm:
    """A mapping in the file; `columns` are the places of its Glide columns, `is_sound` as above."""

    place: Place
    is_sound: bool
    name: str
    connection: str
    glide_table: str
    glide_table_name: str
    target: str
    create_table: bool
    direction: Direction
    deletes: Deletes
    delete_grace: int
    conflict_policy: Policy
    marker_column: str | None
    filter: str | None
    schedule: str | None
    enabled: bool
    pairs: tuple[ColumnPair, ...]
    columns: dict[str, Place]


@dataclass(frozen=True, slots=True)
class Form:
    """A whole file. `problems` goes on collecting while it is applied."""

    problems: places.Problems
    connections: tuple[ConnectionForm, ...]
    mappings: tuple[MappingForm, ...]


def read(text: str, what: str) -> Form:
    """The form in a file; what is wrong with it is in `problems`.

    Raises:
        ConfigError: the file is not YAML at all.
    """
    file = places.open_text(text, what)
    if not file.given:
        file.wrong("the file is empty; it may hold connections and mappings")
    parts = file.keys(("connections", "mappings"))
    connections = tuple(_connection(place) for place in parts["connections"].items("name"))
    mappings = tuple(_mapping(place) for place in parts["mappings"].items("name"))
    _name_doubles(connections)
    _name_doubles(mappings)
    return Form(file.problems, connections, mappings)


def _connection(place: Place) -> ConnectionForm:
    before = len(place.problems.found)
    keys = place.keys(CONNECTION, needed=("name", "app_id", "api_key"))
    settings = keys["settings"].keys(SETTINGS)
    made = ConnectionForm(
        place=place,
        is_sound=True,
        name=keys["name"].text(),
        app_id=keys["app_id"].text(),
        key=_key_reference(keys["api_key"].text()),
        settings={name: setting for name, setting in settings.items() if setting.given},
    )
    return replace(made, is_sound=len(place.problems.found) == before)


def _key_reference(text: str) -> KeyReference:
    where, _, rest = text.partition(":")
    if where in ("env", "file"):
        return KeyReference(cast("Literal['env', 'file']", where), rest.strip())
    return KeyReference("clear", text)


def _mapping(place: Place) -> MappingForm:
    before = len(place.problems.found)
    keys = place.keys(MAPPING, needed=("name", "connection", "glide_table", "supabase_table", "column_mappings"))
    glide_table = keys["glide_table"].text()
    made = MappingForm(
        place=place,
        is_sound=True,
        name=keys["name"].text(),
        connection=keys["connection"].text(),
        glide_table=glide_table,
        glide_table_name=keys["glide_table_display_name"].text(glide_table),
        target=_target(keys["supabase_table"]),
        create_table=keys["create_table"].flag(False),
        direction=cast("Direction", keys["sync_direction"].choice(DIRECTIONS, "to_supabase")),
        deletes=cast("Deletes", keys["deletes"].choice(DELETES, "keep")),
        delete_grace=keys["delete_grace"].whole_number(60),
        conflict_policy=cast("Policy", keys["conflict_policy"].choice(POLICIES, "ask")),
        marker_column=keys["marker_column"].optional(),
        filter=keys["filter"].optional(),
        schedule=keys["schedule"].optional(),
        enabled=keys["enabled"].flag(True),
        pairs=_pairs(keys["column_mappings"]),
        columns=keys["column_mappings"].entries(),
    )
    return replace(made, is_sound=len(place.problems.found) == before)


def _target(place: Place) -> str:
    if not (text := place.text()):
        return ""
    try:
        tables.split(text)
    except InvalidInput as error:
        place.wrong(str(error))
    return text


def _pairs(place: Place) -> tuple[ColumnPair, ...]:
    entries = place.entries()
    row_id = entries.pop(ROW_ID, None)
    if row_id is not None:
        _check_row_id(row_id)
    elif place.given:
        place.wrong(f"{ROW_ID} is missing; pair it with {ROW_ID_COLUMN}, data type string")
    return tuple(_pair(glide_id, entry) for glide_id, entry in entries.items())


def _check_row_id(place: Place) -> None:
    keys = place.keys(PAIR)
    column, kind = keys["supabase_column_name"].text(ROW_ID_COLUMN), keys["data_type"].text("string")
    if column != ROW_ID_COLUMN or types.kind_of(kind) != "string":
        place.wrong(f"{ROW_ID} always goes to {ROW_ID_COLUMN}, data type string")


def _pair(glide_id: str, place: Place) -> ColumnPair:
    keys = place.keys(PAIR, needed=("supabase_column_name", "data_type"))
    return ColumnPair(
        glide_id=glide_id,
        glide_name=keys["glide_column_name"].text(glide_id),
        column=keys["supabase_column_name"].text(),
        kind=_kind(keys["data_type"]),
        direction=cast("Direction | None", keys["direction"].choice(DIRECTIONS, "") or None),
        policy=cast("Policy | None", keys["policy"].choice(POLICIES, "") or None),
        rule=keys["rule"].optional(),
        reference=keys["reference"].optional(),
        reference_column=keys["reference_column"].optional(),
    )


def _kind(place: Place) -> Kind:
    text = place.text("string")
    if (kind := types.kind_of(text)) is not None:
        return kind
    return cast("Kind", place.choice((*types.KINDS, *types.ALIASES), "string"))


def _name_doubles(forms: Iterable[ConnectionForm | MappingForm]) -> None:
    seen: dict[str, int] = {}
    for form in forms:
        if form.name in seen:
            form.place.wrong(f"the name {form.name} is already used on line {seen[form.name]}")
        seen[form.name] = form.place.line


# Writing


def write(connections: Iterable[dict[str, Any]], mappings: Iterable[dict[str, Any]]) -> str:
    """The form as text, in the order its parts are given."""
    found = {"connections": list(connections), "mappings": list(mappings)}
    return yaml.safe_dump(found, sort_keys=False, allow_unicode=True, width=120)


def key_references(names: Iterable[str]) -> dict[str, str]:
    """Connection name -> `env:GLIDE_TOKEN_<NAME>`, told apart where two names are the same in capitals."""
    references: dict[str, str] = {}
    for name in names:
        plain = re.sub(r"[^A-Z0-9]+", "_", name.upper()).strip("_") or "CONNECTION"
        wanted, number = f"env:GLIDE_TOKEN_{plain}", 1
        while wanted in references.values():
            number += 1
            wanted = f"env:GLIDE_TOKEN_{plain}_{number}"
        references[name] = wanted
    return references
