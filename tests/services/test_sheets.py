"""84 cells that would act as formulas: 7 beginnings, 4 places, 3 ways to read the file."""

from __future__ import annotations

import csv
import io

import pandas as pd
import pytest

from glsync.services import errors, sheets
from glsync.services.access import LOCAL

BEGINNINGS = {"equals": "=", "plus": "+", "minus": "-", "at": "@", "tab": "\t", "return": "\r", "nul": "\0"}
PLACES = ("first", "middle", "last", "header")
SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t"}
ACTIVE = tuple(BEGINNINGS.values())


def cells(text: str, separator: str) -> list[str]:
    """What a spreadsheet set to this separator takes for cells."""
    lines = csv.reader(io.StringIO(text.replace("\0", "\1"), newline=""), delimiter=separator)
    return [cell.replace("\1", "\0") for line in lines for cell in line]


@pytest.mark.parametrize("separator", SEPARATORS)
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("beginning", BEGINNINGS)
def test_no_cell_begins_like_a_formula(beginning, place, separator):
    sign = BEGINNINGS[beginning]
    formula = f"{sign}cmd|' /C calc'!A0" if sign in "=+-@" else f"{sign}=1+1"
    values = {"a": "plain", "b": "words", "c": "more", "d": 1.5}
    if place == "header":
        values = {"a": "plain", formula: "words", f"x{SEPARATORS[separator]}{formula}": 2}
    else:
        values[{"first": "a", "middle": "b", "last": "c"}[place]] = formula
        values["e"] = f"words{SEPARATORS[separator]}{formula}"  # the same behind what begins a cell for this reader
        values["f"] = f'"{SEPARATORS[separator]}"{formula}'
    found = cells(sheets.csv(pd.DataFrame([values])), SEPARATORS[separator])
    assert [cell for cell in found if cell.startswith(ACTIVE)] == []
    assert any("=1+1" in cell or "calc" in cell for cell in found)  # nothing was thrown away


@pytest.mark.parametrize("innocent", ["plain", "a=b", "1 - 2", "me@example.com", "", "5;6", "'quoted'"])
def test_other_words_stay_as_they_are(innocent):
    assert sheets.guarded(innocent) == innocent


def test_numbers_stay_numbers():
    assert sheets.csv(pd.DataFrame([{"day": "x", "rows": -5}])) == '"day","rows"\n"x",-5\n'


def test_the_list_of_errors_is_exported_so(items, ask):
    ask(
        "insert into gl_sync_errors (mapping_id, error_type, error_message, glide_row_id, value)"
        f" values ('{items.id}', 'VALIDATION_ERROR', '=1+1;=2+2', '@row', E'\\t=cmd')"
    )
    for separator in SEPARATORS.values():
        found = cells(sheets.csv(errors.export(LOCAL)), separator)
        assert [cell for cell in found if cell.startswith(ACTIVE)] == []
