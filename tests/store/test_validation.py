"""gl_validate_column_mapping, gl_validate_mapping_data and gl_suggest_column_mappings."""

from __future__ import annotations

import json
from itertools import product
from uuid import uuid4

import pytest

from glsync.engine import types
from tests.store.conftest import ROW_ID, pair

FITS = [(True, "The mapping fits its table.")]


@pytest.fixture
def items(db):
    """A table of the user's own, with a column of each sort."""
    db(
        """
        create type item_state as enum ('new', 'sold');
        create domain item_mood as item_state;
        create table items (
            id uuid primary key,
            glide_row_id text unique,
            name text not null default '',
            code varchar(5),
            price numeric(10, 2),
            amount numeric,
            stock integer,
            sold boolean,
            made timestamptz,
            due date,
            tags text[],
            facts jsonb,
            state item_state,
            mood item_mood,
            total numeric generated always as (amount * 2) stored,
            line bigint generated always as identity,
            created_at timestamptz not null,
            updated_at timestamptz not null
        )
        """
    )


@pytest.fixture
def says(db, connection, items):
    """What the validation says of a mapping onto items: (is it valid, its messages)."""

    def said(columns=None, *, editing=False, **more):
        columns = ROW_ID | (columns or {}) if "column_mappings" not in more else more["column_mappings"]
        mapping = {
            "connection_id": str(connection.id), "glide_table": "native-table-items", "supabase_table": "items",
            "sync_direction": "to_supabase",
        }  # fmt: skip
        rows = db(
            "select * from gl_validate_mapping_data(%s, %s)", mapping | more | {"column_mappings": columns}, editing
        )
        assert len({row.is_valid for row in rows}) == 1
        return rows[0].is_valid, [row.validation_message for row in rows]

    return said


def test_a_mapping_that_fits_is_valid_and_says_so(says):
    good = (
        pair("n", "name")
        | pair("a", "amount", "number")
        | pair("s", "sold", "boolean")
        | pair("m", "made", "date-time")
    )
    valid, messages = says({"b": {**good["a"], "supabase_column_name": "facts", "data_type": "json"}} | good)
    assert valid
    assert messages == [
        'Warning: Column "name" of items must not be empty: rows whose cell is empty in Glide column "n" will be '
        "refused."
    ]


@pytest.mark.parametrize("column", ["state", "mood"])
def test_a_text_fits_a_list_of_words_and_a_number_does_not(says, column):
    valid, (message,) = says(pair("s", column))
    assert valid
    assert message.endswith("has the type public.item_state: cells that are none of its words will be refused.")
    valid, (message,) = says(pair("s", column, "number"))
    assert not valid
    assert "does not fit" in message
    assert "item_state" in message


def test_a_mapping_of_the_row_id_alone_is_valid(says):
    assert says() == (True, ["The mapping fits its table."])


@pytest.mark.parametrize("table", ["items", "public.items"])
def test_the_schema_of_the_target_is_public_unless_said(says, table):
    assert says(supabase_table=table)[0]


def test_a_target_in_another_schema_is_found_by_its_name_as_written(db, says):
    db('create schema "Shop"')
    db('create table "Shop"."My items" (glide_row_id text unique)')
    assert says(supabase_table="Shop.My items")[0]
    assert not says(supabase_table="shop.my items")[0]


# The mapping by itself


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"glide_table": ""}, "The mapping lacks glide_table: name the Glide table to read."),
        ({"supabase_table": None}, "The mapping lacks supabase_table: name the Postgres table to keep in step."),
        ({"sync_direction": "up"}, 'The sync direction "up" is unknown: use to_supabase, to_glide or both.'),
        ({"connection_id": "nobody"}, 'There is no connection "nobody": choose one of the list.'),
        (
            {"column_mappings": []},
            'The column mappings are not a JSON object: give them as {"<Glide column id>": {...}}.',
        ),
        (
            {"column_mappings": {}},
            "The row id is not mapped: pair $rowID with the column glide_row_id, data type string.",
        ),
    ],
)
def test_what_is_missing_or_unknown_is_named_with_what_to_do(says, more, message):
    valid, messages = says(**more)
    assert not valid
    assert message in messages


def test_something_that_is_no_mapping_is_refused_not_crashed_on(db):
    for nonsense in ("[]", '"text"', "7", "null"):
        (row, *_) = db("select * from gl_validate_mapping_data(%s::jsonb)", nonsense)
        assert row.is_valid is False


@pytest.mark.parametrize(
    "row_id",
    [
        {"glide_column_name": "$rowID", "supabase_column_name": "name", "data_type": "string"},
        {"glide_column_name": "$rowID", "supabase_column_name": "glide_row_id", "data_type": "number"},
    ],
)
def test_the_row_id_goes_to_glide_row_id_as_a_string(says, row_id):
    valid, messages = says(column_mappings={"$rowID": row_id})
    assert not valid
    assert "The row id is mapped wrongly: pair $rowID with the column glide_row_id, data type string." in messages


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ("text", 'Glide column "x" lacks data_type: complete its pair or remove it.'),
        (
            {"glide_column_name": "X", "data_type": "string"},
            'Glide column "x" lacks supabase_column_name: complete its',
        ),
        (pair("x", "name", "money")["x"], 'Glide column "x" has the unknown data type "money": use string,'),
    ],
)
def test_a_pair_that_is_incomplete_is_named(says, broken, message):
    valid, messages = says({"x": broken})
    assert not valid
    assert any(said.startswith(message) for said in messages)


@pytest.mark.parametrize(
    ("alias", "column"), [("text", "name"), ("integer", "stock"), ("decimal", "amount"), ("datetime", "made")]
)
def test_the_aliases_of_data_types_are_understood(says, alias, column):
    assert says(pair("x", column, alias))[0]


def test_two_columns_of_glide_may_not_write_to_one_of_postgres(says):
    valid, messages = says(pair("a", "code") | pair("b", "code"))
    assert not valid
    assert 'Both "a" and "b" write to column "code": keep one of the pairs.' in messages


def test_the_same_pair_of_tables_is_not_mapped_twice(db, connection, says):
    mapping = db.add(
        "gl_mappings", connection_id=connection.id, glide_table="native-table-items", supabase_table="public.items"
    )
    valid, messages = says()
    assert not valid
    assert messages == [
        'The mapping "native-table-items" already pairs native-table-items with public.items: edit that one instead.'
    ]
    assert says(editing=True, id=str(mapping.id))[0]
    assert not says(editing=True, id=str(uuid4()))[0]


def test_a_mapping_without_a_connection_yet_is_warned_about(says):
    assert says(connection_id="") == (True, ["Warning: No connection is chosen yet: choose one before saving."])


# The target


@pytest.mark.parametrize(
    "table",
    ["gl_mappings", "public.gl_sync_logs", "glsync.leases", "pg_catalog.pg_class", "glsync_queue.procrastinate_jobs"],
)
def test_our_own_tables_and_those_of_the_system_are_no_targets(says, table):
    valid, messages = says(supabase_table=table)
    assert not valid
    assert (
        messages[0]
        == f"{table} is not for syncing: it belongs to Glide Sync or to the system. Choose a table of your own."
    )


def test_a_target_that_is_not_there_is_named(says):
    assert says(supabase_table="public.nothing") == (
        False, ["There is no table public.nothing: create it, or choose one of the list."],
    )  # fmt: skip


def test_a_view_is_no_target(db, says):
    db("create view shown as select * from items")
    assert not says(supabase_table="shown")[0]


@pytest.mark.parametrize(
    ("definition", "said"),
    [
        ("id int", "has no column glide_row_id: add it"),
        ("glide_row_id int unique", "has the type integer: Glide's row ids need text"),
        ("glide_row_id text", "has no unique index of its own"),
        ("glide_row_id text, shop int, unique (glide_row_id, shop)", "has no unique index of its own"),
        ("shop int, glide_row_id text, unique (shop, glide_row_id)", "has no unique index of its own"),
        ("glide_row_id text unique deferrable", "has no unique index of its own"),
    ],
)
def test_a_target_needs_a_row_id_to_find_rows_by(db, says, definition, said):
    db(f"create table other ({definition})")
    valid, messages = says(supabase_table="other")
    assert not valid
    assert said in messages[0]


def test_a_unique_index_over_some_rows_only_does_not_do(db, says):
    db("create table other (glide_row_id text, gone boolean)")
    db("create unique index on other (glide_row_id) where not gone")
    assert "no unique index" in says(supabase_table="other")[1][0]


@pytest.mark.parametrize("definition", ["glide_row_id text primary key", "glide_row_id varchar unique"])
def test_any_unique_index_on_the_row_id_alone_does(db, says, definition):
    db(f"create table other ({definition})")
    assert says(supabase_table="other")[0]


def test_rows_made_in_postgres_need_a_row_id_that_may_be_empty(db, says):
    db("create table other (glide_row_id text primary key)")
    valid, messages = says(supabase_table="other", sync_direction="both")
    assert valid
    assert messages[0].startswith("Warning: Column glide_row_id of other may not be empty")


# The columns


def test_a_column_that_does_not_exist_is_named(says):
    assert says(pair("x", "nmae")) == (
        False, ['Column "nmae" of items does not exist: add it or choose another one for Glide column "x".'],
    )  # fmt: skip


@pytest.mark.parametrize("column", ["total", "line"])
def test_a_column_that_postgres_fills_is_not_written_but_may_be_read(says, column):
    valid, messages = says(pair("x", column, "number"))
    assert not valid
    assert messages[0].startswith(f'Column "{column}" of items is filled by Postgres itself')
    assert says(pair("x", column, "number", direction="to_glide"), sync_direction="both")[0]
    assert says(pair("x", column, "number"), sync_direction="to_glide")[0]


def test_a_kind_that_does_not_fit_its_column_is_named_with_a_type_that_would(says):
    assert says(pair("x", "price", "boolean")) == (
        False,
        [
            'A boolean of Glide column "x" does not fit column "price" of items, whose type is numeric(10,2): use '
            "boolean."
        ],
    )


def test_a_column_that_must_not_be_empty_needs_a_glide_column_or_a_default(db, says):
    db("alter table items add column owner text not null")
    message = (
        'Column "owner" of items must not be empty, has no default and gets nothing from Glide: map a Glide column '
        "onto it or give it a default."
    )
    assert says() == (False, [message])
    assert says(pair("o", "owner", direction="to_glide"), sync_direction="both") == (False, [message])
    assert says(pair("o", "owner"))[0]
    assert says(sync_direction="to_glide")[0]
    db("alter table items alter column owner set default 'nobody'")
    assert says()[0]


def test_an_id_of_another_type_and_a_creation_day_are_not_filled_by_us(db, says):
    db("create table other (glide_row_id text unique, id bigint primary key, created_at date not null)")
    valid, messages = says(supabase_table="other")
    assert not valid
    assert [message.split(" of ")[0] for message in messages] == ['Column "created_at"', 'Column "id"']


@pytest.mark.parametrize(
    ("column", "data_type", "said"),
    [
        ("code", "string", "cells longer than 5 characters will be refused"),
        ("stock", "number", "numbers with a fraction will be refused"),
        ("price", "number", "numbers that need more digits will be refused or rounded"),
        ("due", "date-time", "the time of day will be lost"),
        ("id", "string", "cells that are not a UUID will be refused"),
    ],
)
def test_a_narrower_type_is_warned_about(says, column, data_type, said):
    valid, messages = says(pair("x", column, data_type))
    assert valid
    assert any(message.startswith("Warning: ") and said in message for message in messages)


def test_whole_numbers_into_an_integer_are_no_warning(says):
    assert says(pair("x", "stock", "integer")) == (True, ["The mapping fits its table."])


def test_every_problem_is_named_at_once(says):
    valid, messages = says(pair("a", "nmae") | pair("b", "price", "boolean") | pair("c", "total", "number"))
    assert not valid
    assert len(messages) == 3


# Saved mappings


def test_a_saved_mapping_is_checked_against_the_live_table(db, mapping):
    assert db("select * from gl_validate_column_mapping(%s)", mapping.id)[0].is_valid
    db("alter table gl_products drop column vendor_product_name")
    (row,) = db("select * from gl_validate_column_mapping(%s)", mapping.id)
    assert (row.is_valid, row.validation_message) == (
        False,
        'Column "vendor_product_name" of gl_products does not exist: add it or choose another one for Glide column '
        '"Name".',
    )


def test_a_mapping_that_is_not_there_is_not_valid(db):
    (row,) = db("select * from gl_validate_column_mapping(%s)", uuid4())
    assert row.is_valid is False
    assert row.validation_message.startswith("There is no mapping")


def test_problems_tell_which_column_and_what_a_button_may_do(db, items):
    (problem, *_) = db(
        "select * from glsync.mapping_problems(%s)",
        {"glide_table": "t", "supabase_table": "items", "column_mappings": ROW_ID | pair("x", "nmae")},
    )
    assert (problem.severity, problem.glide_id, problem.fix) == ("error", "x", "add_column")


# The same words as the engine


def test_the_database_and_the_engine_agree_on_every_kind_and_alias(db):
    names = [*types.KINDS, *types.ALIASES, "money", "", "STRING"]
    rows = db("select name, glsync.kind_of(name) as kind from unnest(%s) as name", names)
    assert {row.name: row.kind for row in rows} == {name: types.kind_of(name) for name in names}


def test_the_database_and_the_engine_agree_on_what_fits(db):
    names = [
        *types.FAMILIES, "public.citext", '"My types".citext', "public.text",
        "numeric(14,2)", "character varying(20)", "timestamp(3) with time zone", "integer[]", "point",
    ]  # fmt: skip
    rows = db(
        "select kind, type, glsync.kind_fits(kind, type) as fits, glsync.type_family(type) as family "
        "from unnest(%s) as kind, unnest(%s) as type",
        list(types.KINDS), names,
    )  # fmt: skip
    assert {(row.kind, row.type): row.fits for row in rows} == {
        (kind, name): types.fits(kind, name) is None for kind, name in product(types.KINDS, names)
    }
    assert {row.type: row.family for row in rows} == {name: types.family(name) for name in names}
    assert types.fits("string", types.Enumerated("mood", ("good", "bad"))) is None
    for kind in types.KINDS:
        (row,) = db("select glsync.kind_fits(%s, 'enum') as fits", kind)
        assert row.fits is (types.fits(kind, types.Enumerated("mood", ())) is None)


def test_the_database_and_the_engine_agree_on_the_best_type_of_a_kind(db):
    rows = db("select kind, glsync.best_type(kind) as best from unnest(%s) as kind", list(types.KINDS))
    assert {row.kind: row.best for row in rows} == {kind: types.postgres_type(kind) for kind in types.KINDS}


# Suggestions


@pytest.fixture
def suggested(db):
    """The suggestions for Glide columns (id, name, type) onto gl_products: Glide name -> Postgres column."""

    def suggestions(*columns, table="gl_products"):
        described = [{"id": f"c{number}", "name": name, "type": kind} for number, (name, kind) in enumerate(columns)]
        rows = db("select * from gl_suggest_column_mappings(%s, %s::jsonb)", table, json.dumps(described))
        return {row.glide_column_name: row.suggested_supabase_column for row in rows}

    return suggestions


@pytest.mark.parametrize(
    ("name", "kind", "column"),
    [
        ("cost", "number", "cost"),
        ("Vendor Product Name", "string", "vendor_product_name"),
        ("vendorProductName", "string", "vendor_product_name"),
        ("VENDOR-PRODUCT-NAME", "string", "vendor_product_name"),
        ("Purchase notes!", "string", "purchase_notes"),
        ("Notes of purchase", "string", "purchase_notes"),
        ("Product Image", "image-uri", "product_image1"),
        ("Purchase date", "date-time", "product_purchase_date"),
        ("categ", "string", "category"),
        ("Terms", "string", "terms_for_fronted_product"),
    ],
)
def test_a_glide_column_is_suggested_the_column_of_the_most_alike_name(suggested, name, kind, column):
    assert suggested((name, kind)) == {name: column}


def test_umlauts_and_accents_are_written_plainly(db, suggested):
    db("create table orte (glide_row_id text unique, strasse text, groesse numeric, cafe text)")
    found = suggested(("Straße", "string"), ("Größe", "number"), ("Café", "string"), table="orte")
    assert found == {"Straße": "strasse", "Größe": "groesse", "Café": "cafe"}


def test_a_column_of_a_type_that_does_not_fit_is_not_suggested(suggested):
    assert suggested(("Cost", "boolean"), ("Samples", "number")) == {}


def test_columns_of_the_users_own_types_are_suggested_by_what_they_hold(db, suggested):
    db("create type state as enum ('new', 'sold'); create domain price as numeric check (value >= 0)")
    db("create table things (glide_row_id text unique, state state, price price)")
    assert suggested(("State", "string"), ("Price", "number"), table="things") == {"State": "state", "Price": "price"}
    assert suggested(("State", "number"), ("Price", "boolean"), table="things") == {}


def test_a_name_like_no_other_gets_no_suggestion(suggested):
    assert suggested(("Xylophone", "string")) == {}


def test_each_column_is_suggested_once_to_the_best_of_its_suitors(suggested):
    assert suggested(("Product category", "string"), ("Category", "string")) == {"Category": "category"}


def test_the_row_id_is_suggested_glide_row_id_and_nothing_else_is(suggested):
    assert suggested(("Glide row id", "string")) == {}


def test_a_suggestion_says_the_kind_the_glide_column_and_how_sure_it_is(db):
    columns = '[{"id": "$rowID", "name": "$rowID", "type": "string"}, {"id": "a1", "name": "Cost", "type": "number"}]'
    rows = db("select * from gl_suggest_column_mappings('public.gl_products', %s::jsonb)", columns)
    assert [(row.glide_column_id, row.suggested_supabase_column, row.data_type) for row in rows] == [
        ("$rowID", "glide_row_id", "string"), ("a1", "cost", "number"),
    ]  # fmt: skip
    assert [float(row.confidence) for row in rows] == [1.0, 0.95]


@pytest.mark.parametrize(
    "columns", ['["cost", "samples"]', '{"cost": {}, "samples": {"glide_column_name": "samples"}}']
)
def test_columns_may_be_given_by_name_alone_and_get_the_kind_of_their_column(db, columns):
    rows = db("select * from gl_suggest_column_mappings('gl_products', %s::jsonb)", columns)
    assert {(row.glide_column_name, row.data_type) for row in rows} == {("cost", "number"), ("samples", "boolean")}
    assert all(0 < row.confidence < 1 for row in rows)


def test_there_are_no_suggestions_for_a_table_that_is_not_there(suggested):
    assert suggested(("Cost", "number"), table="nothing") == {}
