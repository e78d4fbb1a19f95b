"""SQL over Big Tables, as the official client writes it."""

import pytest

from tests.standin.conftest import ITEMS, ORDERS, PARTS

ROWS = [
    {"$rowID": "a", "Name": "pen", "Kx9aB": 3, "zA8cC": True},
    {"$rowID": "b", "Name": "ink", "Kx9aB": 10},
    {"$rowID": "c", "Name": "nib", "Kx9aB": 10.5, "zA8cC": False},
    {"$rowID": "d", "Name": "it's"},
]


def found(glide, ask, rest, params=()):
    if not glide.rows(ORDERS):
        glide.edit(ORDERS, add=ROWS)
    reply = ask.query(ORDERS, sql=f'SELECT * FROM "{ORDERS}" {rest}', params=list(params))
    assert reply.status_code == 200, reply.text
    return "".join(row["$rowID"] for row in reply.json()[0]["rows"])


@pytest.mark.parametrize(
    ("rest", "ids"),
    [
        ("", "abcd"),
        ("LIMIT 2", "ab"),
        ("""WHERE "Name" = 'ink'""", "b"),
        ("""WHERE "Name" = 'it''s'""", "d"),
        ("""WHERE "Name" != 'ink'""", "acd"),
        ('WHERE "Kx9aB" > 3', "bc"),
        ('WHERE "Kx9aB" >= 10.5', "c"),
        ('WHERE "Kx9aB" < 4', "a"),
        ('WHERE "Kx9aB" <= 10', "ab"),
        ("""WHERE "Kx9aB" = '10'""", "b"),
        ('WHERE "Kx9aB" IS NULL', "d"),
        ('WHERE "Kx9aB" IS NOT NULL AND "zA8cC" = true', "a"),
        ("""WHERE "Name" = 'pen' OR "Name" = 'nib' OR "Name" = 'nix'""", "ac"),
        ("""WHERE "Name" = 'pen' AND "Kx9aB" = 4 OR "Name" = 'ink' AND "Kx9aB" = 10""", "b"),
        ("""WHERE "$rowID" = 'c'""", "c"),
        ("""WHERE "$rowID" = 'c' LIMIT 1""", "c"),
        ("""WHERE "$rowID" = 'c' AND "Name" = 'pen'""", ""),
        ("""WHERE "$rowID" = 'c' OR "Name" = 'pen'""", "ac"),
        ("""WHERE "$rowID" = 'gone'""", ""),
        ('WHERE "Name" = "Name"', "abcd"),
        ('WHERE "Kx9aB" < "Name"', "abc"),
        ('ORDER BY "Kx9aB" DESC LIMIT 3', "dcb"),
        ('ORDER BY "Kx9aB" ASC', "abcd"),
        ('ORDER BY "Name"', "bdca"[:1] + "dca"),
        ("""WHERE "Name" < 'o' ORDER BY "Name" DESC;""", "cdb"),
    ],
)
def test_the_queries_of_the_official_client_find_their_rows(glide, ask, rest, ids):
    assert found(glide, ask, rest) == ids


def test_values_may_be_given_as_params(glide, ask):
    assert found(glide, ask, 'WHERE "Name" = $1 OR "$rowID" = $2 LIMIT $3', ["it's", "a", 5]) == "ad"
    assert found(glide, ask, 'WHERE "$rowID" = $1', ["b"]) == "b"


@pytest.mark.parametrize(
    "sql",
    [
        "", "SELECT", 'SELECT "Name" FROM "native-table-orders"', 'SELECT * FROM "native-table-items"',
        "SELECT * FROM native-table-orders", 'DELETE FROM "native-table-orders"',
        'SELECT * FROM "native-table-orders" WHERE "nope" = 1',
        'SELECT * FROM "native-table-orders" WHERE "Name" LIKE 1',
        """SELECT * FROM "native-table-orders" WHERE "Name" = 'it's'""", 'SELECT * FROM "native-table-orders" LIMIT -1',
        'SELECT * FROM "native-table-orders" WHERE "Name" = $2', 'SELECT * FROM "native-table-orders" x',
        'SELECT * FROM "native-table-orders" WHERE "Name" =', 'SELECT * FROM "native-table-orders" ORDER BY',
        'SELECT * FROM "native-table-orders"; DROP TABLE x',
    ],
)  # fmt: skip
def test_any_other_sql_is_a_400(ask, sql):
    assert ask.query(ORDERS, sql=sql, params=["a"]).status_code == 400


def test_sql_on_other_tables_is_refused_in_the_words_the_official_client_knows(glide, ask):
    words = "SQL queries only supported for queryable data sources"
    for table in (ITEMS, PARTS):
        reply = ask.query(table, sql=f'SELECT * FROM "{table}"')
        assert (reply.status_code, reply.json()) == (400, {"message": words})
    glide.set(sql_on_small_tables=True)
    assert ask.query(PARTS, sql=f'SELECT * FROM "{PARTS}"').status_code == 200


def test_a_result_of_more_than_a_page_goes_on(glide, ask):
    glide.edit(ORDERS, add=[{"Kx9aB": number} for number in range(25_000)])
    sql = f'SELECT * FROM "{ORDERS}" WHERE "Kx9aB" >= 5 ORDER BY "Kx9aB" DESC'
    assert [row["Kx9aB"] for row in ask.rows(ORDERS, sql=sql)] == list(range(24_999, 4, -1))
