"""column_mappings as gl_mappings keeps it, and the pairs everything else works with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

from glsync.engine import types
from glsync.values import ROW_ID, ROW_ID_COLUMN, ColumnPair, Kind

ROW_ID_PAIR = {"glide_column_name": ROW_ID, "supabase_column_name": ROW_ID_COLUMN, "data_type": "string"}
"""What every mapping says about the row id."""

OVERRIDES = ("direction", "policy", "rule", "reference", "reference_column")
"""Keys of a pair beside the contract's three, each optional."""


def pairs_of(column_mappings: Mapping[str, Any]) -> tuple[ColumnPair, ...]:
    """The pairs of a stored object, without the row id's. A data type we do not know stays as it is, to be named."""
    return tuple(_pair(glide_id, found) for glide_id, found in column_mappings.items() if glide_id != ROW_ID)


def _pair(glide_id: str, found: Mapping[str, Any]) -> ColumnPair:
    data_type = str(found.get("data_type", ""))
    return ColumnPair(
        glide_id=glide_id,
        glide_name=str(found.get("glide_column_name") or glide_id),
        column=str(found.get("supabase_column_name", "")),
        kind=types.kind_of(data_type) or cast("Kind", data_type),
        **{key: found[key] for key in OVERRIDES if found.get(key)},
    )


def column_mappings_of(pairs: Iterable[ColumnPair]) -> dict[str, dict[str, str]]:
    """The object to store: the row id's pair first, overrides only where there are any."""
    return {ROW_ID: dict(ROW_ID_PAIR)} | {pair.glide_id: _stored(pair) for pair in pairs}


def _stored(pair: ColumnPair) -> dict[str, str]:
    contract = {
        "glide_column_name": pair.glide_name,
        "supabase_column_name": pair.column,
        "data_type": str(pair.kind),
    }
    return contract | {key: value for key in OVERRIDES if (value := getattr(pair, key))}


def same_target(one: str, other: str) -> bool:
    """Do two ways of writing a table name mean the same table?"""
    return qualified(one) == qualified(other)


def qualified(target: str) -> str:
    """`schema.table`; a table alone stands in public. Taken apart at the first dot, as the database does."""
    schema, dot, table = target.strip().partition(".")
    return f"{schema}.{table}" if dot else f"public.{schema}"
