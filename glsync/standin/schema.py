"""v2's rules for rows that do not fit a table's columns."""

from __future__ import annotations

import csv
import io
from typing import Any, Literal

from glsync.standin.columns import Column, UnknownKind, column, fits, kind_for
from glsync.standin.replies import Call, Refused
from glsync.standin.tables import Table

OnSchemaError = Literal["abort", "dropColumns", "updateSchema"]
DELIMITERS = {"text/csv": ",", "text/tab-separated-values": "\t"}


def accepted(table: Table, rows: list[dict[str, Any]], on_schema_error: OnSchemaError) -> list[dict[str, Any]]:
    """The rows as the table will take them; `updateSchema` changes the table's columns.

    Raises:
        Refused: 422, and then nothing has changed.
    """
    match on_schema_error:
        case "dropColumns":
            return [{id: cell for id, cell in row.items() if _problem(table, id, cell) is None} for row in rows]
        case "updateSchema":
            _widen(table, rows)
            return rows
    for row in rows:
        for id, cell in row.items():
            if refused := _problem(table, id, cell):
                raise refused
    return rows


def _problem(table: Table, id: str, cell: object) -> Refused | None:
    if id.startswith("$"):
        return Refused(422, f"Column ID {id} is reserved", "column_id_reserved")
    known = table.columns.get(id)
    if known is None or known.computed:
        return Refused(422, f"Column ID {id} not found", "column_id_not_found")
    if not fits(cell, known):
        return Refused(422, f"Column {id} has an invalid value", "column_has_invalid_value")
    return None


def _widen(table: Table, rows: list[dict[str, Any]]) -> None:
    """Add the columns that are missing; a column met by a value of another type becomes a text column."""
    wanted = dict(table.columns)
    for row in rows:
        for id, cell in row.items():
            problem = _problem(table, id, cell)
            if problem is None:
                continue
            if problem.type == "column_id_reserved" or (id in wanted and wanted[id].computed):
                raise problem
            if id not in wanted:
                wanted[id] = Column(id, id, kind_for(cell))
            elif not fits(cell, wanted[id]):
                wanted[id] = Column(id, wanted[id].name, "string")
    table.columns = wanted


def columns_from(described: list[dict[str, Any]]) -> list[Column]:
    """Columns as a v2 caller describes them: `id`, `displayName`, `type`."""
    found: dict[str, Column] = {}
    for one in described:
        id = str(one.get("id") or "")
        if not id:
            raise Refused(400, "A column needs an id", "request_validation_error")
        if id.startswith("$"):
            raise Refused(422, f"Column ID {id} is reserved", "column_id_reserved")
        if id in found:
            raise Refused(422, f"Column ID {id} is not unique", "column_id_not_unique")
        try:
            found[id] = column(id, one.get("displayName"), one.get("type", "string"))
        except UnknownKind as error:
            raise Refused(400, str(error), "request_validation_error") from None
    return list(found.values())


def inferred(rows: list[dict[str, Any]]) -> list[Column]:
    """Columns for rows that came without a description, each typed by its first value."""
    first: dict[str, Any] = {}
    for row in rows:
        for id, cell in row.items():
            if first.get(id) in (None, ""):
                first[id] = cell
    return [Column(id, id, kind_for(cell)) for id, cell in first.items() if not id.startswith("$")]


def tabular(call: Call, table: Table | None = None) -> list[dict[str, Any]] | None:
    """The rows of a CSV or TSV body, read by the table's columns or else by their looks; None for a JSON body."""
    delimiter = DELIMITERS.get(call.headers.get("content-type", "").partition(";")[0].strip())
    if delimiter is None:
        return None
    try:
        rows = list(csv.DictReader(io.StringIO(call.body.decode("utf-8-sig")), delimiter=delimiter, strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise Refused(400, f"The body cannot be read: {error}", "request_validation_error") from None
    if any(None in row or None in row.values() for row in rows):
        raise Refused(400, "A line has more or fewer cells than the first", "request_validation_error")
    columns = table.columns if table else {}
    return [{id: _read(text, columns.get(id)) for id, text in row.items() if text != ""} for row in rows]


def _read(text: str, known: Column | None) -> Any:
    kind = known.type if known else None
    if kind in (None, "boolean") and text.lower() in ("true", "false"):
        return text.lower() == "true"
    if kind in (None, "number"):
        try:
            return float(text) if set(text) & set(".eE") else int(text)
        except ValueError:
            return text
    return text
