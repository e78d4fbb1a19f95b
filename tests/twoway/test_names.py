"""Columns may have any name: those that our own statements use for other things, too."""

from __future__ import annotations

import json
import re
import string

import pytest

from glsync.standin.columns import Column
from glsync.statements import SQL
from tests.twoway.test_undo import undo

TABLE = "Words"
RESERVED = {"id", "glide_row_id", "deleted_at", "created_at", "updated_at"}
"""Columns every table has here."""


def words() -> list[str]:
    """Every letter, and whatever stands where a statement of ours names something; what begins with glsync is ours."""
    named = re.compile(r"(?:\bas|\bfrom|\bjoin|\bwith|\binto|,)\s+([a-z_]+)\b")
    found = {word for file in (SQL / "queries").glob("*.sql") for word in named.findall(file.read_text("utf-8"))}
    return sorted(word for word in (found | set(string.ascii_lowercase)) - RESERVED if not word.startswith("glsync"))


WORDS = words()


def glide_row(text: str) -> dict[str, str]:
    return dict.fromkeys((f"g_{word}" for word in WORDS), text)


@pytest.fixture
def wordy(world):
    columns = ", ".join(f'"{word}" text' for word in WORDS)
    world.sql(
        f"""create table wordy (id uuid primary key default gen_random_uuid(), glide_row_id text unique, {columns},
            deleted_at timestamptz, created_at timestamptz default now(), updated_at timestamptz default now())"""
    )
    kind = world.glide.state.named("Items").kind
    world.glide.state.add_table("shop", TABLE, TABLE, kind, [Column(f"g_{word}", word.upper()) for word in WORDS])
    pairs = {"$rowID": {"glide_column_name": "$rowID", "supabase_column_name": "glide_row_id", "data_type": "string"}}
    for word in WORDS:
        pairs[f"g_{word}"] = {
            "glide_column_name": word.upper(), "supabase_column_name": word, "data_type": "string"
        }  # fmt: skip
    world.mapping_id = world.map(
        name="wordy", glide_table=TABLE, glide_table_display_name=TABLE, supabase_table="wordy",
        column_mappings=json.dumps(pairs),
    )  # fmt: skip
    world.glide.edit(TABLE, add=[{"$rowID": f"r{n}", **glide_row(f"text {n}")} for n in range(4)])
    return world


def postgres(world) -> dict[str, set[str]]:
    rows = world.sql("select * from wordy where deleted_at is null")
    return {row["glide_row_id"]: {row[word] for word in WORDS} for row in rows}


def glide(world) -> dict[str, set[str]]:
    return {row_id: {row.get(f"g_{word}") for word in WORDS} for row_id, row in world.glide.rows(TABLE).items()}


def cells(rows: dict[str, set[str]]) -> list[list[str]]:
    """Without the rows' ids: a row that comes back has another one in Glide."""
    return sorted(sorted(map(str, row)) for row in rows.values())


def test_there_are_many_such_words():
    assert {"t", "v", "hit", "done", "cells", "planned"} <= set(WORDS)
    assert len(WORDS) > 150


@pytest.mark.parametrize("deletes", ["delete", "mark"])
def test_rows_of_such_columns_are_kept_equal_in_both_directions_and_put_back(wordy, deletes):
    wordy.change_mapping(deletes=deletes)
    assert wordy.sync().counts.created == 4
    assert postgres(wordy) == glide(wordy) == {f"r{n}": {f"text {n}"} for n in range(4)}
    sets = ", ".join(f"\"{word}\" = 'by Postgres'" for word in WORDS)
    wordy.sql(f"update wordy set {sets} where glide_row_id = 'r0'")
    wordy.sql("delete from wordy where glide_row_id = 'r1'")
    wordy.glide.edit(TABLE, set={"r2": glide_row("by Glide")}, delete=["r3"], add=[{"$rowID": "r4", "g_t": "new"}])
    wordy.sql("insert into wordy (t) values ('born')")
    before = cells(postgres(wordy)), cells(glide(wordy))
    report = wordy.sync()
    assert (report.counts.created, report.counts.updated, report.counts.deleted) == (2, 2, 2)
    assert postgres(wordy) == glide(wordy)
    assert wordy.sync().counts.stored == 0
    assert undo(wordy, report).status == "completed"
    assert (cells(postgres(wordy)), cells(glide(wordy))) == before


@pytest.mark.parametrize("deletes", ["delete", "mark"])
def test_rows_of_such_columns_are_stored_changed_and_deleted_from_glide(wordy, deletes):
    wordy.change_mapping(sync_direction="to_supabase", deletes=deletes)
    assert wordy.sync().counts.created == 4
    wordy.glide.edit(TABLE, set={"r2": glide_row("by Glide")}, delete=["r3"])
    report = wordy.sync()
    assert (report.counts.updated, report.counts.deleted) == (1, 1)
    assert postgres(wordy) == glide(wordy)
    assert undo(wordy, report).status == "completed"
    assert postgres(wordy) == {f"r{n}": {f"text {n}"} for n in range(4)}
