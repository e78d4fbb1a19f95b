"""The models say what the migrated database says."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
import sqlalchemy
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlmodel import Session, select

from glsync.store.tables import ConnectionRow, LogRow, MappingRow, Table, Workspace

KEYS_OF_SQL = ("index", "unique_constraint")
"""Indexes and unique keys are for the database alone; no model repeats them."""


@pytest.fixture
def engine(database_url: str):
    everything_in_full = {"options": "-c search_path="}  # so that public is written out as well
    engine = sqlalchemy.create_engine(
        database_url.replace("postgresql:", "postgresql+psycopg2:", 1), connect_args=everything_in_full
    )
    yield engine
    engine.dispose()


def is_ours(item: Any, name: str | None, kind: str, reflected: bool, other: Any) -> bool:
    """Ours are the tables in glsync and the contract's four; the domain starter and the queue have no models."""
    if kind == "table" and reflected and other is None:
        return item.schema == "glsync"
    return kind not in KEYS_OF_SQL


def test_models_and_migrations_describe_the_same_tables(engine):
    options = {"include_schemas": True, "compare_type": True, "include_object": is_ours}
    with engine.connect() as connection, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Did not recognize type 'xid8'")
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, Table.metadata) == []


def test_a_row_made_by_a_model_is_filled_by_the_database(engine):
    with Session(engine) as session:
        connection = ConnectionRow(app_id="app-1")
        session.add(connection)
        session.flush()
        mapping = MappingRow(connection_id=connection.id, glide_table="t1", supabase_table="items")
        session.add(mapping)
        session.flush()
        session.add(LogRow(mapping_id=mapping.id))
        session.commit()
        log = session.exec(select(LogRow)).one()
        default = session.exec(select(Workspace)).one()
        assert (connection.name, mapping.name, log.direction) == ("app-1", "t1", "to_supabase")
        assert {connection.workspace_id, mapping.workspace_id, log.workspace_id} == {default.id}
        assert (mapping.column_mappings, log.waiting, log.completed_at) == ({}, [], None)
        assert log.started_at.tzinfo is not None


def test_models_may_be_read_a_second_time_as_a_hot_reload_does():
    import importlib

    import glsync.store.tables as tables

    before = dict(vars(tables))
    try:
        assert importlib.reload(tables).MappingRow is not before["MappingRow"]
    finally:
        vars(tables).update(before)
