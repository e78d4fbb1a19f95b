"""A page of raw Glide rows becomes lines for COPY; a cell that does not fit is told, never guessed."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from glsync.engine import transform, types
from glsync.values import ColumnPair, Kind
from tests.engine.copying import FITTING, Cells, careful, fast, layout, raw
from tests.examples import examples

# --- cells as Glide might send them --------------------------------------------------------------------------------

SIGNS = list("\x01\x08\t\n\x0b\f\r\x1b\x1c\x1d\x1e\x1f\"\\',{}[].%é€😀\u200f\u2028\u05d0\ufeff")
TEXTS = st.lists(st.sampled_from([*SIGNS, "a", "B", " ", "\\.", "\n\\.\n", "\\N", "NULL", "\\x00"]), max_size=8).map(
    "".join
)
NUMBERS = st.one_of(
    st.integers(-(2**70), 2**70).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.decimals(allow_nan=False, allow_infinity=False, places=None).map(str),
    st.sampled_from(
        [
            "0",
            "-0",
            "0.0",
            "1.50",
            "1e2",
            "1e308",
            "1e309",
            "1e-400",
            "9007199254740993",
            "123456789012345678901234567890",
            "12345678901.5",
            "0.00000001",
            "1E+5",
            "-1.5e-7",
            "99.995",
            "12300",
            "1e999999999999999999999",
        ]
    ),
)
MOMENTS = st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31), timezones=st.sampled_from([
    None, UTC, timezone(timedelta(hours=14)), timezone(-timedelta(hours=9, minutes=30)),
])).map(datetime.isoformat)  # fmt: skip
SPELLINGS = st.sampled_from(
    [
        "2024-07-29T14:04:15.561Z",
        "2024-07-29T14:04:15z",
        "2024-07-29t14:04:15Z",
        "2024-07-29 14:04:15+02:00",
        "2024-07-29T14:04:15",
        "2024-07-29T14:04",
        "2024-07-29",
        " 2024-07-29 ",
        "2024-02-30",
        "7/29/2024",
        "29.07.2024",
        "July 29, 2024",
        "20240729",
        "2024-07-29T14:04:15.1234565Z",
        "2024-07-29T14:04:15.9999999Z",
        "2024-07-29T24:00:00Z",
        "2024-07-29T23:59:60Z",
        "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00+10:00",
        "9999-12-31T23:59:59.999Z",
        "9999-12-31T23:59:59-10:00",
        "2024-07-29T14:04:15+16:00",
        "2024-03-31T02:30:00",
        "2024-10-27T02:30:00",
        "14:04",
        "4:04",
        "24:00",
        "14:04:15.123456",
        "infinity",
        "now",
        "PT1H30M",
        "P1DT2H",
        "-PT5M",
        "01:30:00",
        "-1:30",
        "1:90",
        "P1M",
        "1 day",
        "yes",
        "maybe",
        "TRUE",
        "0",
        "on",
        "N",
        "name@example.com",
        "not a mail",
        "a@b@c",
        "1,234",
        "12 USD",
        "1_000",
        " 7 ",
        "NaN",
        "Infinity",
        "1e5",
        "٣",
        "twelve",
        "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
        "{A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11}",
    ]
)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**60), 2**60), TEXTS), lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)
    ), max_leaves=6,
)  # fmt: skip
RAW = st.one_of(
    NUMBERS.map(str.encode),
    st.one_of(TEXTS, MOMENTS, SPELLINGS, JSON).map(lambda value: json.dumps(value, ensure_ascii=False).encode()),
    st.one_of(TEXTS, JSON).map(lambda value: json.dumps(value, ensure_ascii=True).encode()),
    st.lists(TEXTS, max_size=3).map(lambda value: json.dumps(value).encode()),
    st.sampled_from(
        [
            b"null",
            b'""',
            b"true",
            b"false",
            b"[]",
            b"{}",
            b'"\\u0000"',
            b'"\\\\u0000"',
            b'"\\/"',
            b'"\xff"',
            b"[[1],[null]]",
        ]
    ),
)


@pytest.mark.parametrize(("kind", "type_name"), FITTING, ids=lambda value: value.replace(" ", "-"))
def test_the_fast_way_and_the_careful_way_store_the_same_value(cells: Cells, kind: Kind, type_name: str):
    cells.take(type_name)
    how = layout(kind, type_name)

    @examples(30)
    @given(RAW)
    def check(cell: bytes) -> None:
        quick = fast([raw(cell)], how)
        if quick is not None and not (type_name == "json" and b"1e9999" in cell):  # json keeps any digits as they are
            assert same(type_name, cells.stored(quick, how)) == same(
                type_name, cells.stored(careful([raw(cell)], how), how)
            )

    check()


def same(type_name: str, stored: list[str | None] | str) -> object:
    """json keeps blanks and the order of keys, which are no part of its value."""
    if type_name != "json" or stored == "refused":
        return stored
    return [text and json.loads(text, parse_float=Decimal, parse_int=Decimal) for text in stored]


@pytest.mark.parametrize("type_name", ["timestamp with time zone", "timestamp without time zone"])
def test_both_ways_read_date_times_without_offset_in_the_zone_of_the_connection(cells: Cells, type_name: str):
    cells.take(type_name)
    how = layout("date-time", type_name, zone=ZoneInfo("America/New_York"))
    batch = transform.transform([raw(b'"2024-07-29T14:04:15"'), raw(b'"2024-07-29T14:04:15Z"', "s")], how)
    cells.stored(batch, how)
    assert [text and text[:19] for text in cells.shown()] == ["2024-07-29 18:04:15", "2024-07-29 14:04:15"]


# --- what arrives ----------------------------------------------------------------------------------------------------

ARRIVES: list[tuple[Kind, str, bytes | None, str | None]] = [
    ("string", "text", None, None),
    ("string", "text", b"null", None),
    ("string", "text", b'""', None),
    ("string", "text", b'" "', " "),
    ("string", "text", "\"😀 שלום \u200f\"".encode(), "😀 שלום \u200f"),
    ("string", "text", rb'"a\nb\\.\n\\.\nc\"\u001e\u001f\u0001"', 'a\nb\\.\n\\.\nc"\x1e\x1f\x01'),
    ("string", "text", rb'"\\N"', "\\N"),
    ("string", "text", rb'"\\u0000"', "\\u0000"),
    ("string", "text", b"12.50", "12.5"),
    ("string", "text", b"1e3", "1000"),
    ("string", "text", b"true", "true"),
    ("number", "numeric", b"123456789012345678901234567890", "123456789012345678901234567890"),
    ("number", "numeric", b"0.1234567890123456789012345678901", "0.1234567890123456789012345678901"),
    ("number", "numeric", b"-0", "0"),
    ("string", "uuid", b'"{0B3FC2A47A52-4F0E9A513C2F4D7E8A90}"', "0b3fc2a4-7a52-4f0e-9a51-3c2f4d7e8a90"),
    ("number", "numeric", b'"12.5"', "12.5"),
    ("number", "numeric", b"0", "0"),
    ("number", "numeric(4,4)", b"0", "0.0000"),
    ("number", "numeric(38,18)", b"12345678901.5", "12345678901.500000000000000000"),
    ("number", "numeric(60,2)", b"1111111111111111111111111111111.25", "1111111111111111111111111111111.25"),
    ("number", "numeric(5,-2)", b"12300", "12300"),
    ("number", "bigint", b"9007199254740993", "9007199254740993"),
    ("number", "integer", b"3.0", "3"),
    ("number", "double precision", b"1e308", "1e+308"),
    ("number", "double precision", b"-0.0", "-0"),
    ("boolean", "boolean", b"false", "false"),
    ("boolean", "boolean", b'"Yes"', "true"),
    ("boolean", "boolean", b"0", "false"),
    ("date-time", "timestamp with time zone", b'"0001-01-01T00:00:00Z"', "0001-01-01 00:00:00+00"),
    ("date-time", "timestamp with time zone", b'"9999-12-31T23:59:59.999Z"', "9999-12-31 23:59:59.999+00"),
    ("date-time", "timestamp with time zone", b'"2024-07-29T14:04:15"', "2024-07-29 14:04:15+00"),
    ("date-time", "timestamp with time zone", b'"2024-07-29T14:04Z"', "2024-07-29 14:04:00+00"),
    ("date-time", "timestamp without time zone", b'"2024-07-29 14:04+05:30"', "2024-07-29 08:34:00"),
    ("date-time", "timestamp with time zone", b'"2024-07-29"', "2024-07-29 00:00:00+00"),
    ("date-time", "timestamp without time zone", b'"2024-07-29T14:04:15+02:00"', "2024-07-29 12:04:15"),
    ("date-time", "date", b'"2024-07-29T00:00:00Z"', "2024-07-29"),
    ("date", "date", b'"2024-02-29"', "2024-02-29"),
    ("date", "timestamp with time zone", b'"2024-07-29"', "2024-07-29 00:00:00+00"),
    ("time", "time without time zone", b'"4:05"', "04:05:00"),
    ("duration", "interval", b'"PT1H30M"', "01:30:00"),
    ("duration", "interval", b'"-PT5M"', "-00:05:00"),
    ("duration", "interval", b'"-26:00:00"', "-26:00:00"),
    ("duration", "integer", b"90", "90"),
    ("json", "jsonb", rb'{"b": [1.50, null], "a": "x\ny"}', '{"a": "x\\ny", "b": [1.50, null]}'),
    ("json", "jsonb", rb'"\\u0000"', '"\\\\u0000"'),
    ("json", "json", b"0", "0"),
    ("array", "text[]", rb'["a\nb", "c,d", "e\"f", "g\\h", "NULL", null, "", "{}", "\ti\u0001"]',
     '{"a\nb","c,d","e\\"f","g\\\\h","NULL",NULL,"","{}","\ti\x01"}'),
    ("array", "text[]", b"[]", "{}"),
    ("array", "text[]", b'"alone"', "{alone}"),
    ("array", "jsonb", b"[[1, [2]], []]", "[[1, [2]], []]"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "type_name", "cell", "stored"), ARRIVES)
def test_an_edge_value_arrives_in_postgres_as_it_is(
    cells: Cells, kind: Kind, type_name: str, cell: bytes | None, stored: str | None
):
    cells.take(type_name)
    how = layout(kind, type_name)
    for batch in (transform.transform([raw(cell)], how), careful([raw(cell)], how)):
        cells.stored(batch, how)
        assert cells.shown() == [stored]


REFUSED: list[tuple[Kind, str, bytes, str]] = [
    ("string", "text", b'"\\u0000"', "NUL"),
    ("string", "text", b"[1]", "not a list"),
    ("string", "text", b'"\xff"', "UTF-8"),
    ("string", "character varying(12)", b'"thirteen sign"', "at most 12 characters"),
    ("string", "uuid", b'"no uuid"', "a uuid such as"),
    ("string", "uuid", b'"{0b3fc2a4-7a52-4f0e-9a51-3c2f4d7e8a90"', "a uuid such as"),
    ("string", "uuid", b"12", "a uuid such as"),
    ("string", "name", ('"' + "é" * 32 + '"').encode(), "at most 63 bytes"),
    ("number", "numeric", b'"1,234"', "without thousands marks"),
    ("number", "numeric", b'"1_000"', "without thousands marks"),
    ("number", "numeric", b'"12 USD"', "without thousands marks"),
    ("number", "numeric", b'"NaN"', "a number such as"),
    ("number", "numeric", b'"Infinity"', "a number such as"),
    ("number", "numeric", b"true", "a number such as"),
    ("number", "numeric", b"1e999999999999999999999", "range of decimals"),
    ("number", "numeric", b"1e200000", "at most 131072 digits"),
    ("number", "numeric(14,2)", b"0.125", "at most 2 decimals"),
    ("number", "numeric(14,2)", b"1000000000000", "at most 12 digits"),
    ("number", "numeric(5,-2)", b"12345", "rounded away"),
    ("number", "smallint", b"40000", "range of smallint"),
    ("number", "integer", b"1.5", "a whole number"),
    ("number", "double precision", b"1e309", "double precision"),
    ("boolean", "boolean", b'"maybe"', "true or false"),
    ("boolean", "boolean", b"2", "true or false"),
    ("date-time", "timestamp with time zone", b'"7/29/2024"', "ISO form"),
    ("date-time", "timestamp with time zone", b'"July 29, 2024"', "ISO form"),
    ("date-time", "timestamp with time zone", b"1722261855", "no unit"),
    ("date-time", "timestamp with time zone", b'"9999-12-31T23:59:59-10:00"', "years 1 and 9999"),
    ("date-time", "date", b'"2024-07-29T14:04:15Z"', "time of day"),
    ("date", "date", b'"2024-02-30"', "ISO form"),
    ("date", "date", b'"29.07.2024"', "ISO form"),
    ("time", "time without time zone", b'"24:00"', "time of day"),
    ("duration", "interval", b"90", "no unit"),
    ("duration", "interval", b'"1 day"', "a duration"),
    ("email-address", "text", b'"not a mail"', "e-mail"),
    ("json", "jsonb", b'{"a": "\\u0000"}', "NUL"),
    ("array", "text[]", b"[[1]]", "not a list"),
    ("array", "text[]", b'["\\u0000"]', "NUL"),
    ("array", "jsonb", b"{}", "a list"),
]


@pytest.mark.parametrize(("kind", "type_name", "cell", "rule"), REFUSED)
def test_a_cell_that_does_not_fit_is_told_with_its_row_column_value_and_rule(
    kind: Kind, type_name: str, cell: bytes, rule: str
):
    batch = transform.transform([raw(b"null", "other"), raw(cell, "r1")], layout(kind, type_name))
    (bad,) = batch.bad
    assert (bad.row_id, bad.column, batch.ids) == ("r1", "cell", ["other"])
    assert rule in bad.rule
    assert bad.value


# --- rows ----------------------------------------------------------------------------------------------------


def test_an_e_mail_that_is_no_address_holds_only_its_own_row():
    batch = transform.transform(
        [raw(b'"a@b.c"', "a"), raw(b'"?"', "b"), raw(b'"d@e.f"', "c")], layout("email-address", "text")
    )
    assert (batch.ids, [bad.row_id for bad in batch.bad]) == (["a", "c"], ["b"])


def test_a_row_id_that_comes_twice_keeps_its_last_row(cells: Cells):
    cells.take("text")
    how = layout("string", "text")
    batch = transform.transform([raw(b'"old"', "a"), raw(b'"b"', "b"), raw(b'"new"', "a")], how)
    assert (batch.ids, cells.stored(batch, how)) == (["a", "b"], ["new", "b"])


@pytest.mark.parametrize(
    "row", [b'{"c":"x"}', b'{"$rowID":"","c":"x"}', b'{"$rowID":7}', b'{"$rowID":null}', b"42", b"[]"]
)
def test_a_row_without_a_usable_id_is_told_and_the_others_go_on(row: bytes):
    batch = transform.transform([Raw(row), raw(b'"x"', "b")], layout("string", "text"))
    assert batch.ids == ["b"]
    assert [(bad.row_id, bad.column) for bad in batch.bad] == [("", "$rowID")]


def test_a_cell_nobody_mapped_may_hold_anything(cells: Cells):
    cells.take("text")
    how = layout("string", "text")
    row = Raw(b'{"$rowID":"a","other":{"x":[1e999999999999999999999,"\xff"]},"c":"\\u001e"}')
    assert cells.stored(transform.transform([row], how), how) == ["\x1e"]


def test_every_bad_cell_of_a_row_is_told_at_once():
    pairs = [ColumnPair("n", "N", "n", "number"), ColumnPair("d", "D", "d", "date")]
    how = transform.layout(pairs, {"n": "integer", "d": "date"})
    batch = transform.transform([Raw(b'{"$rowID":"a","n":"x","d":"y"}')], how)
    assert [(bad.column, bad.value) for bad in batch.bad] == [("n", "x"), ("d", "y")]
    assert batch.bad_rows == {"a": {"$rowID": "a", "n": "x", "d": "y"}}


def test_the_order_and_number_of_columns_do_not_matter(cells: Cells):
    """Names of columns never reach the generated function, however they look."""
    names = ['a"b', "r.id", "{x}", "%s", "}}", "\\", "$rowID2", "class", "é", ""]
    pairs = [ColumnPair(name, name, f"column {number}", "string") for number, name in enumerate(names)]
    how = transform.layout(pairs, {pair.column: "text" for pair in pairs})
    row = Raw(msgspec.json.encode({**{name: f"v{number}" for number, name in enumerate(names)}, "$rowID": "a"}))
    (line,) = transform.transform([row], how).lines
    assert [field.strip("\x1e") for field in line.split("\x1f")] == [
        "a",
        *(f"v{number}" for number in range(len(names))),
    ]


def test_a_kind_that_does_not_fit_its_column_is_refused_before_any_row():
    with pytest.raises(ValueError, match="a number does not fit a column of type boolean; use numeric"):
        layout("number", "boolean")


def test_a_long_cell_is_shortened_for_people():
    (bad,) = transform.transform([raw(b'"' + b"x" * 5000 + b'"')], layout("number", "numeric")).bad
    assert len(bad.value) == 200
    assert types.shown({"a": 1}) == '{"a":1}'
