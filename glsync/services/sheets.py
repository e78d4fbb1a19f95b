"""Tables for spreadsheets, in which no cell acts as a formula.

A file of ours has commas between quoted cells; a spreadsheet may be set to read semicolons or tabs instead, so that
what stands behind one of those inside a cell begins a cell there.

Source:
    CWE-1236; OWASP ASVS 5.0, 1.2.10.
"""

from __future__ import annotations

import csv as quoting
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

_FIRST = re.compile("\\A(?=[\\s\0]*[=+\\-@＝＋－＠]|[\t\r\n\0])")
_BEHIND_A_SEPARATOR = re.compile("(?<=[;\t\r\n])(?=[ \0\"']*[=+\\-@\t\r\0])")


def guarded(cell: object) -> object:
    """The text with an apostrophe before whatever a spreadsheet would take for a formula; other values as they are."""
    if not isinstance(cell, str):
        return cell
    return _FIRST.sub("'", _BEHIND_A_SEPARATOR.sub("'", cell), count=1)


def guard(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with every text guarded, those of its columns' names too."""
    texts = {str(name): frame[name].map(guarded, na_action="ignore") for name in frame.select_dtypes(["object", "str"])}
    safe: pd.DataFrame = frame.assign(**texts).rename(columns=guarded)
    return safe


def csv(frame: pd.DataFrame) -> str:
    """The frame as a file: a line a row, the columns' names first, every text in quotation marks."""
    text: str = guard(frame).to_csv(index=False, quoting=quoting.QUOTE_NONNUMERIC)
    return text
