"""Columns that appeared, went away or changed since a mapping was made, and what follows from it.

a Glide column appeared                     told
a Glide column that is not mapped went      told
a mapped Glide column went away             stops, if its Postgres column holds anything: an absent column reads as
                                            empty cells, so every cell would be cleared; else told
a mapped Glide column changed its kind      read by its new kind where that fits the Postgres column, else stops;
                                            told only where the mapping reads it as another kind on purpose
a Postgres column appeared, went, changed   told; the mapping's own checks stop what does not fit any more
the primary key changed                     stops a mapping that writes to Glide: rows are known by their key there
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from collections.abc import Mapping as ReadOnly
from dataclasses import dataclass, field

from glsync.engine import types
from glsync.values import ROW_ID, ColumnPair, Direction, GlideColumn, Kind, TableColumn


@dataclass(frozen=True, slots=True)
class Shape:
    """Two tables. `glide`: column id -> [name, type], `postgres`: column -> type, `key`: the primary key's columns."""

    glide: ReadOnly[str, Sequence[str]] = field(default_factory=dict)
    postgres: ReadOnly[str, str] = field(default_factory=dict)
    key: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Drift:
    """One difference. `column` is the Glide column's id; `kind` is the kind it is to be read by from now on."""

    message: str
    column: str | None = None
    stops: bool = False
    kind: Kind | None = None


def shape_of(glide: Sequence[GlideColumn], postgres: Sequence[TableColumn]) -> Shape:
    return Shape(
        glide={column.id: [column.name, column.type] for column in glide},
        postgres={column.name: column.type for column in postgres},
        key=[column.name for column in postgres if column.primary_key],
    )


def renewed(was: Shape, now: Shape, pairs: Sequence[ColumnPair]) -> Shape:
    """The shape of a mapping that was saved: as now, but for columns it still reads as what they no longer are."""
    kept = {
        pair.glide_id: was.glide[pair.glide_id]
        for pair in pairs
        if pair.glide_id in was.glide
        and pair.glide_id in now.glide
        and pair.kind == types.kind_of(was.glide[pair.glide_id][1])
    }
    return Shape({**now.glide, **kept}, now.postgres, now.key)


def drifts(
    was: Shape, now: Shape, pairs: Sequence[ColumnPair], direction: Direction, filled: Collection[str]
) -> list[Drift]:
    """What differs, and what it means for these pairs. `filled` are the Postgres columns that hold any value."""
    return [
        *_key(was, now, direction),
        *_glide(was, now, {pair.glide_id: pair for pair in pairs}, filled),
        *_postgres(was, now, {pair.column for pair in pairs}),
    ]


def _key(was: Shape, now: Shape, direction: Direction) -> Iterator[Drift]:
    if list(was.key) == list(now.key):
        return
    before, after = (", ".join(key) or "none" for key in (was.key, now.key))
    said = f"The primary key in Postgres was {before} and is {after}"
    yield Drift(f"{said}: save the mapping if its rows are the same ones.", stops=direction != "to_supabase")


def _glide(was: Shape, now: Shape, pairs: ReadOnly[str, ColumnPair], filled: Collection[str]) -> Iterator[Drift]:
    for glide_id, (name, kind) in now.glide.items():
        if glide_id not in was.glide:
            yield Drift(f"Column {_named(glide_id, name)} appeared in Glide and is not mapped.", glide_id)
        elif was.glide[glide_id][1] != kind:
            yield _changed(glide_id, was, now, pairs.get(glide_id))
    for glide_id in [*was.glide, *(glide_id for glide_id in pairs if glide_id not in was.glide)]:
        if glide_id not in now.glide and glide_id != ROW_ID:
            yield _gone(glide_id, was, pairs.get(glide_id), filled)


def _gone(glide_id: str, was: Shape, pair: ColumnPair | None, filled: Collection[str]) -> Drift:
    said = (
        f"Column {_named(glide_id, was.glide.get(glide_id, [pair.glide_name if pair else ''])[0])} is gone from Glide"
    )
    if pair is None:
        return Drift(f"{said}; it is not mapped.", glide_id)
    if pair.column not in filled or pair.rule:
        return Drift(f"{said}: remove its pair from the mapping.", glide_id)
    return Drift(
        f"{said}, and every cell of {pair.column} would be cleared: put the column back, map another one, or remove "
        "its pair.",
        glide_id,
        stops=True,
    )


def _changed(glide_id: str, was: Shape, now: Shape, pair: ColumnPair | None) -> Drift:
    name, after = now.glide[glide_id]
    before = was.glide[glide_id][1]
    said = f"Column {_named(glide_id, name)} was of the type {before} in Glide and is {after}"
    kind = types.kind_of(after)
    if pair is None or kind is None or pair.kind != types.kind_of(before) or pair.rule or pair.reference:
        return Drift(f"{said}; it is read as the mapping says.", glide_id)
    if misfit := types.fits(kind, now.postgres.get(pair.column, types.postgres_type(kind))):
        return Drift(f"{said}, and {misfit}: choose another Postgres column or another type.", glide_id, stops=True)
    return Drift(f"{said}; it is read as {kind} until the mapping says otherwise.", glide_id, kind=kind)


def _postgres(was: Shape, now: Shape, mapped: Collection[str]) -> Iterator[Drift]:
    for column, kind in now.postgres.items():
        if column not in was.postgres:
            yield Drift(f"Column {column} appeared in Postgres.")
        elif was.postgres[column] != kind:
            yield Drift(f"Column {column} was of the type {was.postgres[column]} in Postgres and is {kind}.")
    for column in was.postgres.keys() - now.postgres.keys() - set(mapped):
        yield Drift(f"Column {column} is gone from Postgres.")


def _named(glide_id: str, name: str) -> str:
    return f'"{name}" ({glide_id})' if name and name != glide_id else f'"{glide_id}"'
