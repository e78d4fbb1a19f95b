"""The contract's tables: what is there, what it takes and what it refuses."""

from __future__ import annotations

import psycopg2.errors
import pytest

from glsync.store.tables import DEFAULT_WORKSPACE

TABLES = {
    "gl_connections": "id app_id api_key app_name status settings:jsonb last_sync:time created_at updated_at",
    "gl_mappings": "id connection_id:uuid glide_table glide_table_display_name supabase_table column_mappings:jsonb "
    "sync_direction enabled:boolean created_at updated_at",
    "gl_sync_logs": "id mapping_id:uuid status message records_processed:integer started_at:time completed_at:time",
    "gl_sync_errors": "id mapping_id:uuid error_type error_message record_data:jsonb retryable:boolean created_at "
    "resolved_at:time resolution_notes",
}
DOMAIN = {
    "gl_accounts": "account_name accounts_uid client_type date_added_client:time email_of_who_added photo",
    "gl_products": "vendor_product_name new_product_name category cost:numeric total_qty_purchased:numeric "
    "product_purchase_date:time product_image1 purchase_notes samples:boolean fronted:boolean "
    "terms_for_fronted_product total_units_behind_sample:numeric miscellaneous_items:boolean rowid_accounts "
    "rowid_purchase_orders rowid_vendor_payments",
    "gl_invoices": "invoice_order_date:time created_timestamp:time submitted_timestamp:time user_email notes "
    "processed:boolean rowid_accounts",
    "gl_invoice_lines": "renamed_product_name date_of_sale:time qty_sold:numeric selling_price:numeric "
    "product_sale_note rowid_invoices rowid_products",
    "gl_estimates": "estimate_date:time is_a_sample:boolean add_note rowid_accounts rowid_invoices",
    "gl_estimate_lines": "sale_product_name date_of_sale:time qty_sold:numeric selling_price:numeric rowid_estimates "
    "rowid_products",
    "gl_purchase_orders": "po_date:time purchase_order_uid date_payment_date:time docs_shortlink rowid_accounts",
    "gl_customer_payments": "payment_amount:numeric date_of_payment:time type_of_payment payment_note rowid_invoices "
    "rowid_accounts",
    "gl_vendor_payments": "payment_amount:numeric date_of_payment:time vendor_purchase_note rowid_accounts "
    "rowid_purchase_orders rowid_products",
    "gl_customer_credits": "payment_amount:numeric date_of_payment:time payment_type payment_note rowid_estimates "
    "rowid_invoices rowid_accounts",
    "gl_shipping_records": "box_sizes box_weight:numeric sender_name receiver_name receiver_address ship_date:time "
    "tracking_number rowid_invoices rowid_accounts",
    "gl_expenses": "amount:numeric date:time category notes submitted_by",
}
TYPES = {"id": "uuid", "created_at": "timestamp with time zone", "updated_at": "timestamp with time zone"}


def described(words: str) -> dict[str, str]:
    """`cost:numeric notes` as column -> type; text unless said."""
    columns = dict((*word.split(":"), "")[:2] for word in words.split())
    names = {"time": "timestamp with time zone", "": "text"}
    return {name: TYPES.get(name) or names.get(type_, type_) for name, type_ in columns.items()}


def columns_of(db, table):
    rows = db(
        "select column_name as name, data_type as type, column_default is not null as filled "
        "from information_schema.columns where table_schema = 'public' and table_name = %s",
        table,
    )
    return {row.name: row for row in rows}


@pytest.mark.parametrize("table", [*TABLES, *DOMAIN])
def test_a_table_of_the_contract_has_its_columns_in_their_types_and_ids_and_times_fill_themselves(db, table):
    expected = described(TABLES.get(table) or f"id glide_row_id {DOMAIN[table]} created_at updated_at")
    found = columns_of(db, table)
    assert {name: found[name].type for name in expected if name in found} == expected
    assert all(found[name].filled for name in {"id", "created_at", "updated_at", "started_at"} & set(found))


@pytest.mark.parametrize("table", DOMAIN)
def test_a_domain_table_takes_a_glide_row_once_and_rows_that_glide_has_not_named_yet(db, table):
    db(f"insert into {table} (glide_row_id) values ('a'), (null), (null)")
    with pytest.raises(psycopg2.errors.UniqueViolation):
        db(f"insert into {table} (glide_row_id) values ('a')")


def test_a_child_may_come_before_its_parent_and_names_it_by_its_glide_row(db):
    for table, words in DOMAIN.items():
        for column in described(words):
            if column.startswith("rowid_"):
                child = db.add(table, **{column: f"parent of {table}"})
                parent = db.add(f"gl_{column.removeprefix('rowid_')}", glide_row_id=f"parent of {table}")
                assert getattr(child, column) == parent.glide_row_id
                db(f"delete from gl_{column.removeprefix('rowid_')}")


def test_a_changed_row_of_the_domain_starter_says_when(db):
    before = db.add("gl_products", cost=1)
    db("update gl_products set cost = 2")
    (after,) = db("select * from gl_products")
    assert after.updated_at > before.updated_at
    assert after.created_at == before.created_at


# Connections


def test_a_connection_needs_no_more_than_its_app(db):
    added = db.add("gl_connections", app_id="app-1")
    assert (added.status, added.settings, added.name, added.workspace_id) == ("active", {}, "app-1", DEFAULT_WORKSPACE)
    assert (added.api_key, added.app_name, added.last_sync) == (None, None, None)


@pytest.mark.parametrize("status", ["active", "inactive", "error"])
def test_a_connection_has_one_of_the_statuses(db, status):
    assert db.add("gl_connections", app_id="a", status=status).status == status


def test_a_connection_refuses_another_status(db):
    with pytest.raises(psycopg2.errors.CheckViolation):
        db.add("gl_connections", app_id="a", status="broken")


def test_a_key_in_clear_is_never_stored_and_the_connection_says_so(db):
    added = db.add("gl_connections", app_id="a", api_key="6f1d8c2e-secret-9b4a")
    assert added.api_key is None
    assert added.api_key_last4 == "9b4a"
    assert "not stored" in added.status_message
    assert "6f1d8c2e" not in str(db("select c::text from gl_connections as c"))
    assert "not stored" in db.connection.notices[-1]


def test_a_key_too_short_to_hide_shows_none_of_it(db):
    assert db.add("gl_connections", app_id="a", api_key="tiny").api_key_last4 == ""


def test_a_sealed_key_is_kept_and_a_later_one_in_clear_does_not_replace_it_in_clear(db):
    added = db.add("gl_connections", app_id="a", api_key="glsync:v1:1:c2VhbGVk")
    assert added.api_key == "glsync:v1:1:c2VhbGVk"
    db("update gl_connections set api_key = 'in-clear'")
    assert db.one("select api_key from gl_connections") is None


def test_connections_of_the_same_app_get_different_names(db):
    names = [db.add("gl_connections", app_id="a", app_name="Shop").name for _ in range(3)]
    assert names == ["Shop", "Shop 2", "Shop 3"]


def test_a_connection_stays_in_its_workspace(db, connection):
    other = db.add("glsync.workspaces", name="Other")
    with pytest.raises(psycopg2.errors.CheckViolation, match="stays in its workspace"):
        db("update gl_connections set workspace_id = %s", other.id)


# Mappings


def test_a_mapping_written_as_the_contract_does_fills_the_rest(db, connection):
    added = db.add("gl_mappings", connection_id=connection.id, glide_table="t1", supabase_table="items")
    assert (added.column_mappings, added.enabled, added.sync_direction) == ({}, True, "to_supabase")
    assert (added.name, added.glide_table_display_name) == ("t1", "t1")
    assert (added.deletes, added.delete_grace, added.conflict_policy) == ("keep", 60, "ask")
    assert (added.status, added.options, added.version) == ("active", {}, 1)


@pytest.mark.parametrize("direction", ["to_supabase", "to_glide", "both"])
def test_a_mapping_has_one_of_the_directions(db, connection, direction):
    added = db.add(
        "gl_mappings", connection_id=connection.id, glide_table="t", supabase_table="items", sync_direction=direction
    )
    assert added.sync_direction == direction


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("sync_direction", "sideways"), ("deletes", "maybe"), ("conflict_policy", "loudest"), ("status", "paused"),
        ("delete_grace", -1), ("column_mappings", "[]"), ("options", "7"), ("glide_table", ""), ("supabase_table", ""),
    ],
)  # fmt: skip
def test_a_mapping_refuses_words_that_mean_nothing(db, mapping, column, value):
    with pytest.raises(psycopg2.errors.CheckViolation):
        db(f"update gl_mappings set {column} = %s", value)


def test_a_pair_of_tables_is_mapped_once_per_connection(db, mapping):
    pairing = {"glide_table": mapping.glide_table, "supabase_table": mapping.supabase_table}
    with pytest.raises(psycopg2.errors.UniqueViolation):
        db.add("gl_mappings", connection_id=mapping.connection_id, **pairing)
    second = db.add("gl_connections", app_id="app-2")
    assert db.add("gl_mappings", connection_id=second.id, **pairing).name == "native-table-products"


def test_a_save_raises_the_version_and_the_time_and_saving_the_same_does_not(db, mapping):
    (saved,) = db("update gl_mappings set enabled = false returning *")
    assert saved.version == 2
    assert saved.updated_at > mapping.updated_at
    (again,) = db("update gl_mappings set enabled = false returning *")
    assert (again.version, again.updated_at) == (saved.version, saved.updated_at)


def test_a_check_of_a_connection_is_no_save_of_it(db, connection):
    (checked,) = db("update gl_connections set last_checked_at = now(), status = 'error' returning *")
    assert checked.version == connection.version


# Logs and errors


@pytest.mark.parametrize(
    "status", ["started", "processing", "completed", "completed_with_errors", "failed", "cancelled"]
)
def test_a_log_has_one_of_the_statuses(db, mapping, status):
    assert db.add("gl_sync_logs", mapping_id=mapping.id, status=status).status == status


@pytest.mark.parametrize(("column", "value"), [("status", "success"), ("trigger", "cron"), ("direction", "up")])
def test_a_log_refuses_another_word(db, mapping, column, value):
    with pytest.raises(psycopg2.errors.CheckViolation):
        db.add("gl_sync_logs", mapping_id=mapping.id, **{column: value})


def test_a_log_written_as_the_contract_does_fills_the_rest(db, mapping):
    log = db.add("gl_sync_logs", mapping_id=mapping.id)
    assert (log.status, log.records_processed, log.direction, log.trigger) == ("started", 0, "to_supabase", "manual")
    assert (log.completed_at, log.message, log.waiting, log.mapping_version) == (None, None, [], mapping.version)


@pytest.mark.parametrize(
    "error_type",
    ["VALIDATION_ERROR", "TRANSFORM_ERROR", "API_ERROR", "RATE_LIMIT", "NETWORK_ERROR", "DATABASE_ERROR", "CONFLICT",
     "RELATIONSHIP"],
)  # fmt: skip
def test_an_error_has_a_type(db, mapping, error_type):
    error = db.add("gl_sync_errors", mapping_id=mapping.id, error_type=error_type, error_message="It broke.")
    assert (error.error_type, error.state, error.resolved_at) == (error_type, "open", None)


def test_an_error_refuses_a_type_that_is_no_code(db, mapping):
    with pytest.raises(psycopg2.errors.CheckViolation):
        db.add("gl_sync_errors", mapping_id=mapping.id, error_type="it broke", error_message="It broke.")


def test_an_error_is_resolved_by_its_state_or_by_its_time_and_reopened_by_either(db, mapping):
    db.add("gl_sync_errors", mapping_id=mapping.id, error_type="CONFLICT", error_message="Both changed.")

    def after(change):
        (error,) = db(f"update gl_sync_errors set {change} returning state, resolved_at is not null as ended")
        return error.state, error.ended

    assert after("resolved_at = now()") == ("resolved", True)
    assert after("resolved_at = null") == ("open", False)
    assert after("state = 'ignored'") == ("ignored", True)
    assert after("state = 'retrying'") == ("retrying", False)


# Workspaces


def test_everything_below_a_connection_is_in_its_workspace_whatever_a_statement_says(db):
    other = db.add("glsync.workspaces", name="Other").id
    connection = db.add("gl_connections", app_id="a", workspace_id=other).id
    mapping = db.add(
        "gl_mappings", connection_id=connection, glide_table="t", supabase_table="s", workspace_id=DEFAULT_WORKSPACE
    ).id
    log = db.add("gl_sync_logs", mapping_id=mapping, workspace_id=DEFAULT_WORKSPACE)
    rows = [
        log,
        db.add("gl_sync_errors", mapping_id=mapping, error_type="CONFLICT", error_message="x"),
        db.add("glsync.leases", mapping_id=mapping, advisory_key=1),
        db.add(
            "glsync.base_pages", mapping_id=mapping, page=0, rows=0, digests="", id_hashes="", ids="", **{"pass": 1}
        ),
        db.add("glsync.base_state", mapping_id=mapping, workspace_id=DEFAULT_WORKSPACE),
        db.add("glsync.checkpoints", mapping_id=mapping, epoch=1, page=0),
        db.add("glsync.absent_rows", mapping_id=mapping, glide_row_id="a"),
        db.add("glsync.watched", mapping_id=mapping, table_oid=1),
        db.add("glsync.run_events", log_id=log.id, message="Read page 1."),
        db.add("glsync.usage", connection_id=connection),
    ]
    assert {row.workspace_id for row in rows} == {other}


def test_a_mapping_of_no_connection_and_a_log_of_no_mapping_are_refused(db):
    nobody = "00000000-0000-0000-0000-00000000dead"
    with pytest.raises(psycopg2.errors.ForeignKeyViolation, match="There is no connection"):
        db.add("gl_mappings", connection_id=nobody, glide_table="t", supabase_table="s")
    with pytest.raises(psycopg2.errors.ForeignKeyViolation, match="There is no mapping"):
        db.add("gl_sync_logs", mapping_id=nobody)


def test_the_audit_trail_is_append_only(db):
    db.add("glsync.audit", actor="eve", action="mapping.delete", subject_type="mapping")
    for statement in ("update glsync.audit set actor = 'bob'", "delete from glsync.audit", "truncate glsync.audit"):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege, match="append only"):
            db(statement)


def test_deleting_a_connection_takes_what_belongs_to_it(db, mapping):
    log = db.add("gl_sync_logs", mapping_id=mapping.id)
    db.add("gl_sync_errors", mapping_id=mapping.id, log_id=log.id, error_type="CONFLICT", error_message="x")
    db.add("glsync.base_state", mapping_id=mapping.id)
    db("delete from gl_connections")
    for table in ("gl_mappings", "gl_sync_logs", "gl_sync_errors", "glsync.base_state"):
        assert db.one(f"select count(*) from {table}") == 0
