"""The demo: two made-up Glide apps of the stand-in, connected and mapped; loading it again changes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from psycopg2 import sql
from sqlmodel import Session, select

from glsync.postgres import tables as catalogue
from glsync.postgres.statement import statement
from glsync.services import access, audit, config, connections, form, queries
from glsync.services.access import Actor
from glsync.standin.demo import DEMO_APP_ID, DEMO_APP_NAME, DEMO_TOKEN, demo_mappings
from glsync.standin.flights import FLIGHTS_APP_ID, FLIGHTS_APP_NAME, FLIGHTS_TOKEN, flights_columns, flights_mappings
from glsync.store import db, tables
from glsync.store.migrations import migrate
from glsync.values import ROW_ID_COLUMN

STARTER = "domain-starter"
"""The optional migration that holds the demo's target tables."""

APPS = {DEMO_APP_ID, FLIGHTS_APP_ID}


def load(actor: Actor, classic_url: str, rest_url: str, bigtables_url: str) -> list[str]:
    """Connect the app "Demo Wholesale" at these addresses and map its twelve tables; what changed, in words."""
    access.require(actor, "editor", "load the demo")
    migrate(db.database_url(), optional=[STARTER])
    settings = _settings(classic_url, rest_url, bigtables_url)
    return _apply(actor, DEMO_APP_NAME, DEMO_APP_ID, DEMO_TOKEN, settings, demo_mappings())


def flights(actor: Actor, classic_url: str, rest_url: str, bigtables_url: str) -> list[str]:
    """Connect the app "NYC Flights", create its four target tables and map them; what changed, in words."""
    access.require(actor, "editor", "load the demo")
    made = _make_tables(actor)
    settings = _settings(classic_url, rest_url, bigtables_url)
    return made + _apply(actor, FLIGHTS_APP_NAME, FLIGHTS_APP_ID, FLIGHTS_TOKEN, settings, flights_mappings())


def is_loaded(actor: Actor) -> bool:
    """Is there a connection to one of the demo's apps?"""
    access.require(actor, "viewer", "see connections")
    with queries.reading(actor) as session:
        return bool(_connections(session, actor))


def reset(actor: Actor) -> None:
    """Take the demo away: its mappings, its connections, and the rows its runs brought. Other rows stay."""
    access.require(actor, "admin", "reset the demo")
    with queries.writing(actor) as session:
        for connection in _connections(session, actor, lock=True):
            mappings = session.exec(
                select(tables.MappingRow).where(tables.MappingRow.connection_id == connection.id)
            ).all()
            for mapping in mappings:
                _delete_rows(session, mapping)
                session.delete(mapping)
            session.flush()
            session.delete(connection)
            audit.note(session, actor, "deleted", "connection", connection.id, connection.name)


def _settings(classic_url: str, rest_url: str, bigtables_url: str) -> dict[str, str]:
    return {"classic_url": classic_url, "rest_url": rest_url, "bigtables_url": bigtables_url}


def _apply(
    actor: Actor, name: str, app_id: str, token: str, settings: dict[str, str], mappings: list[dict[str, Any]]
) -> list[str]:
    """Through the same form as everybody's configuration."""
    connection = {"name": name, "app_id": app_id, "api_key": token, "settings": settings}
    found = form.read(form.write([connection], mappings), name)
    return config.apply_form(actor, found, Path())


def _make_tables(actor: Actor) -> list[str]:
    made = []
    with queries.writing(actor) as session:
        driver = queries.driver(session)
        for target, columns in flights_columns().items():
            schema, table = catalogue.split(target)
            if catalogue.find(driver, schema, table) is None:
                types = {name: type_name for name, type_name in columns if name != ROW_ID_COLUMN}
                ddl = catalogue.ddl_create_typed(driver, schema, table, types)
                with queries.stepped_up(session), driver.cursor() as cursor:
                    cursor.execute(ddl)
                audit.note(session, actor, "created", "table", None, target, after={"statement": ddl})
                made.append(f"table {target}: created")
    return made


def _connections(session: Session, actor: Actor, *, lock: bool = False) -> list[tables.ConnectionRow]:
    wanted = connections.without_key(actor).where(
        tables.ConnectionRow.app_id.in_(APPS),  # type: ignore[attr-defined]  # a column, which mypy takes for its value
    )
    return list(session.exec(wanted.with_for_update() if lock else wanted).all())


def _delete_rows(session: Session, mapping: tables.MappingRow) -> None:
    schema, table = catalogue.split(mapping.supabase_table)
    driver = queries.driver(session)
    if catalogue.find(driver, schema, table) is None:
        return
    delete = statement("demo_delete_rows", target=sql.Identifier(schema, table), key=sql.Identifier(ROW_ID_COLUMN))
    with queries.stepped_up(session), driver.cursor() as cursor:
        cursor.execute(delete, {"mapping": str(mapping.id)})
