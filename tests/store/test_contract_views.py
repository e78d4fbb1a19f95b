"""The contract's views: one row per what, with which figures."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import pytest

VIEWS = {
    "gl_mapping_status": "mapping_id connection_id app_name glide_table glide_table_display_name supabase_table "
    "sync_direction enabled current_status last_sync_started_at last_sync_completed_at records_processed "
    "total_records total_syncs error_count",
    "gl_recent_logs": "id mapping_id status message records_processed started_at completed_at glide_table "
    "glide_table_display_name supabase_table app_name sync_direction",
    "gl_sync_stats": "sync_date syncs successful_syncs failed_syncs total_records_processed completed_with_errors",
    "gl_product_sync_stats": "mapping_id connection_id app_name glide_table glide_table_display_name supabase_table "
    "sync_direction total_products error_count last_sync_time",
    "gl_tables_view": "table_name schema_name columns estimated_rows",
}
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def run(db, mapping, status="completed", started=NOON, **more):
    """A run of the mapping; it takes a minute unless it is still under way."""
    ended = None if status in ("started", "processing") else started + timedelta(minutes=1)
    return db.add("gl_sync_logs", mapping_id=mapping.id, status=status, started_at=started, completed_at=ended, **more)


def error(db, mapping, **more):
    return db.add(
        "gl_sync_errors",
        **({"mapping_id": mapping.id, "error_type": "VALIDATION_ERROR", "error_message": "Not a number."} | more),
    )


def status_of(db, mapping) -> SimpleNamespace:
    (row,) = db("select * from gl_mapping_status where mapping_id = %s", mapping.id)
    return row


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_has_its_columns_and_runs_with_the_rights_of_its_reader(db, view):
    columns = db("select attname as name from pg_attribute where attrelid = %s::regclass and attnum > 0", view)
    assert set(VIEWS[view].split()) <= {column.name for column in columns}
    assert "security_invoker=true" in db.one("select reloptions from pg_class where oid = %s::regclass", view)


# gl_mapping_status


def test_a_mapping_that_never_ran_has_no_status_and_zeros(db, mapping):
    row = status_of(db, mapping)
    assert (row.mapping_id, row.connection_id, row.app_name) == (mapping.id, mapping.connection_id, "Shop")
    assert (row.glide_table_display_name, row.supabase_table, row.enabled) == ("Products", "gl_products", True)
    assert (row.current_status, row.last_sync_started_at, row.records_processed) == (None, None, None)
    assert (row.total_records, row.total_syncs, row.error_count) == (0, 0, 0)


def test_a_mapping_shows_its_last_run_and_counts_all(db, mapping):
    run(db, mapping, started=NOON, created_rows=10, records_processed=10)
    run(db, mapping, started=NOON + timedelta(hours=1), deleted_rows=3, updated_rows=2, records_processed=5)
    row = status_of(db, mapping)
    assert (row.current_status, row.total_syncs, row.records_processed, row.total_records) == ("completed", 2, 5, 7)
    assert row.last_sync_completed_at - row.last_sync_started_at == timedelta(minutes=1)


def test_a_mapping_counts_the_rows_its_base_knows_once_there_is_one(db, mapping):
    run(db, mapping, created_rows=10)
    db.add("glsync.base_state", mapping_id=mapping.id, rows=1234)
    assert status_of(db, mapping).total_records == 1234


@pytest.mark.parametrize("status", ["started", "processing", "failed", "completed_with_errors", "cancelled"])
def test_a_mapping_speaks_the_statuses_of_its_logs(db, mapping, status):
    run(db, mapping, started=NOON)
    run(db, mapping, started=NOON + timedelta(hours=1), status=status)
    assert status_of(db, mapping).current_status == status


def test_a_failed_run_leaves_the_time_of_the_last_success(db, mapping):
    success = run(db, mapping, started=NOON)
    run(db, mapping, status="failed", started=NOON + timedelta(hours=1))
    assert status_of(db, mapping).last_success_at == success.completed_at


def test_a_mapping_counts_errors_that_are_neither_resolved_nor_ignored(db, mapping):
    error(db, mapping, glide_row_id="a")
    error(db, mapping, glide_row_id="b", state="retrying")
    error(db, mapping, glide_row_id="c", state="resolved")
    error(db, mapping, glide_row_id="d", state="ignored")
    assert status_of(db, mapping).error_count == 2


# gl_recent_logs


def test_recent_logs_come_newest_first_with_the_words_of_their_mapping(db, mapping):
    old = run(db, mapping, started=NOON, message="2 rows stored.", records_processed=2)
    new = run(db, mapping, started=NOON + timedelta(hours=1))
    first, second = db("select * from gl_recent_logs")
    assert [first.id, second.id] == [new.id, old.id]
    assert (second.message, second.records_processed, second.status) == ("2 rows stored.", 2, "completed")
    assert (second.app_name, second.glide_table, second.glide_table_display_name, second.supabase_table) == (
        "Shop", "native-table-products", "Products", "gl_products",
    )  # fmt: skip
    assert second.sync_direction == "to_supabase"


# gl_sync_stats


def test_stats_count_a_day_of_utc_by_how_its_runs_ended(db, mapping):
    for status in ("completed", "completed", "completed_with_errors", "failed", "cancelled", "processing"):
        run(db, mapping, status=status, records_processed=10)
    run(db, mapping, started=datetime(2026, 3, 1, 23, 59, tzinfo=UTC) + timedelta(minutes=2), records_processed=1)
    db("set timezone = 'Pacific/Auckland'")
    later, day = db("select * from gl_sync_stats")
    assert (later.sync_date, later.syncs) == (date(2026, 3, 2), 1)
    assert (day.sync_date, day.syncs, day.total_records_processed) == (date(2026, 3, 1), 6, 60)
    assert (day.successful_syncs, day.completed_with_errors, day.failed_syncs) == (2, 1, 1)
    assert (day.cancelled_syncs, day.unfinished_syncs) == (1, 1)


# gl_product_sync_stats


def test_product_stats_count_the_products_that_are_there(db, mapping):
    db("insert into gl_products (glide_row_id) values ('a'), ('b')")
    error(db, mapping)
    ended = run(db, mapping).completed_at
    (row,) = db("select * from gl_product_sync_stats")
    assert (row.mapping_id, row.total_products, row.error_count, row.last_sync_time) == (mapping.id, 3, 1, ended)


@pytest.mark.parametrize(("table", "is_there"), [("public.gl_products", True), ("gl_invoices", False)])
def test_product_stats_are_about_mappings_onto_products(db, mapping, table, is_there):
    db("update gl_mappings set supabase_table = %s", table)
    assert bool(db("select * from gl_product_sync_stats")) is is_there


def test_product_stats_work_without_the_domain_starter(db, mapping):
    db("drop table gl_products")
    (row,) = db("select * from gl_product_sync_stats")
    assert row.total_products is None


# gl_tables_view


def tables(db):
    return {row.supabase_table: row for row in db("select * from gl_tables_view")}


def test_the_tables_a_mapping_may_target_are_listed_with_their_columns(db):
    db("create schema shop")
    db("create table shop.items (id uuid default gen_random_uuid(), glide_row_id text unique, price numeric not null)")
    row = tables(db)["shop.items"]
    assert (row.schema_name, row.table_name, row.has_row_key) == ("shop", "items", True)
    assert [column["name"] for column in row.columns] == ["id", "glide_row_id", "price"]
    assert row.columns[2] == {
        "name": "price", "type": "numeric", "nullable": False, "has_default": False, "generated": False,
    }  # fmt: skip


def test_a_table_in_public_is_listed_by_its_bare_name_and_says_when_it_cannot_find_a_row_again(db):
    db("create table things (id int)")
    assert tables(db)["things"].has_row_key is False


def test_estimated_rows_are_those_of_postgres_and_null_before_it_looked(db):
    db("create table things as select generate_series(1, 50) as n")
    assert tables(db)["things"].estimated_rows is None
    db("analyze things")
    assert tables(db)["things"].estimated_rows == 50


def test_control_tables_our_schemas_and_parts_of_a_table_are_not_listed(db):
    db("create table measured (day date) partition by range (day)")
    db("create table measured_2026 partition of measured for values from ('2026-01-01') to ('2027-01-01')")
    found = tables(db)
    assert "measured" in found
    assert not {"measured_2026", "gl_connections", "gl_mappings", "gl_sync_logs", "gl_sync_errors"} & set(found)
    assert not {row.schema_name for row in found.values()} & {"glsync", "glsync_queue", "pg_catalog"}


def test_tables_the_reader_may_not_use_are_not_listed(db):
    db("create schema closed")
    db("create table closed.items (id int)")
    db("create table own_eyes_only (id int)")
    with db.acting_as("glsync_app", "somebody"):
        assert not {"closed.items", "own_eyes_only"} & set(tables(db))


# Size


@pytest.fixture
def crowd(db, connection):
    """Fifty mappings with 400 open errors each; one of them."""
    db("set synchronous_commit = on")  # vacuum calls no page visible to all whose commit is not on disk yet
    db(
        "insert into gl_mappings (connection_id, glide_table, supabase_table) "
        "select %s, n::text, 'gl_products' from generate_series(1, 50) as n",
        connection.id,
    )
    db(
        "insert into gl_sync_errors (mapping_id, error_type, error_message, glide_row_id) "
        "select m.id, 'API_ERROR', 'x', n::text from gl_mappings as m, generate_series(1, 400) as n"
    )
    db("vacuum analyze")
    return db("select * from gl_mappings limit 1")[0]


def scans(plan):
    """(kind of node, table) of every scan in an explained plan."""
    if "Relation Name" in plan:
        yield plan["Node Type"], plan["Relation Name"]
    for part in plan.get("Plans", []):
        yield from scans(part)


@pytest.mark.parametrize(
    "read",
    [
        "select * from gl_mapping_status where mapping_id = '{mapping}'",
        "select * from gl_sync_errors where mapping_id = '{mapping}' and resolved_at is null "
        "order by created_at desc limit 100",
        "select * from gl_sync_errors where workspace_id = '{workspace}' order by created_at desc limit 50",
        "select state, count(*) from gl_sync_errors where workspace_id = '{workspace}' group by state",
    ],
)
def test_what_a_page_reads_of_many_errors_goes_by_an_index(db, crowd, read):
    statement = read.format(mapping=crowd.id, workspace=crowd.workspace_id)
    (plan,) = db.one(f"explain (format json) {statement}")
    touched = {node for node, table in scans(plan["Plan"]) if table == "gl_sync_errors"}
    assert touched
    assert "Seq Scan" not in touched
