"""A page of raw Glide rows to lines that COPY reads, and the cells that do not fit.

A `Layout` is made once per run. Its fast way decodes a whole page into a Struct made for the mapping and turns each row
into a line by one generated function; a row that way refuses is read again cell by cell (`types.reader`), which finds
out which cell broke which rule. Both ways store the same value for the same cell.

Lines are CSV in COPY's sense with separators JSON text cannot hold unescaped: fields end with U+001F, texts are quoted
by U+001E, NULL is empty. A page with such an escape goes the careful way, where quotes inside a text are doubled.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Mapping as ReadOnly
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Raw, ValidationError

from glsync.engine import checks, types
from glsync.engine.checks import Check
from glsync.engine.expressions import Rule
from glsync.engine.rules import Rules
from glsync.values import ROW_ID, ROW_ID_COLUMN, BadCell, ColumnPair

DELIMITER, QUOTE = "\x1f", "\x1e"
FILTER = "(filter)"
"""The column an error of the filter names."""

_CONTROL = re.compile(rb"\\u00[01]")
_UNDERSCORED = re.compile(rb'":\s*"\s*[-+]?[\d.]*_[\d._eE+-]*\s*"')
"""A text such as "1_000", which Decimal takes for a number."""
_UNNAMEABLE = re.compile(r'["\\\x00-\x1f]')
_EVERYTHING = re.compile(rb"")
_decode_row = msgspec.json.Decoder(dict[str, Raw]).decode
_decode_any = msgspec.json.Decoder(float_hook=Decimal).decode


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A cell whose JSON cannot be read, and what it would have to be."""

    text: str
    rule: str


@dataclass(frozen=True, slots=True)
class Batch:
    """A page made ready: `lines[i]` stores the row `ids[i]`; rows with a bad cell are in `bad` only. Ids are unique.

    `outside` are rows the mapping's filter leaves out, by id, with the line of those that could be read.
    """

    ids: list[str]
    lines: list[str]
    bad: list[BadCell] = field(default_factory=list)
    bad_rows: dict[str, Any] = field(default_factory=dict)
    outside: dict[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Layout:
    """How the rows of one mapping are read and stored. `columns` starts with the row id's."""

    columns: tuple[str, ...]
    quoted: tuple[str, ...]
    readers: ReadOnly[str, types.Reader]
    decode: Callable[[bytes], list[Any]]
    line: Callable[[Any], str]
    checks: tuple[Check, ...]
    careful: tuple[re.Pattern[bytes], ...]
    """A page in which one of these is found is read cell by cell."""
    rules: Rules | None = None
    """The user's own; with any, every row is read cell by cell."""


def layout(
    pairs: Sequence[ColumnPair], column_types: ReadOnly[str, str], zone: tzinfo = UTC, rules: Rules | None = None
) -> Layout:
    """The layout of these pairs over a table whose columns have these types (as format_type() spells them).

    Raises:
        ValueError: a kind does not fit its column; checked long before by the mapping's validation.
    """
    fields: list[tuple[str, Any, Any]] = [("id", str, msgspec.field(name=ROW_ID))]
    parts, found = [_quoted("r.id")], [checks.filled("id")]
    names: dict[str, Any] = {}
    readers = {pair.glide_id: types.reader(pair.kind, column_types[pair.column], zone) for pair in pairs}
    for number, pair in enumerate(pairs):
        attribute = f"f{number}"
        cell = _cell(pair, column_types[pair.column], attribute, readers[pair.glide_id], zone)
        fields.append((attribute, cell.type, msgspec.field(default=cell.default, name=_key(pair.glide_id, attribute))))
        parts.append(cell.expression)
        found += cell.checks
        names |= cell.names
    struct = msgspec.defstruct("Row", fields, gc=False)
    return Layout(
        columns=(ROW_ID_COLUMN, *(pair.column for pair in pairs)),
        quoted=(
            ROW_ID_COLUMN,
            *(pair.column for pair, part in zip(pairs, parts[1:], strict=True) if part.startswith(QUOTE)),
        ),
        readers=readers,
        decode=msgspec.json.Decoder(list[struct]).decode,  # type: ignore[valid-type]  # made a line above
        line=_generated(DELIMITER.join(parts), names),
        checks=tuple(found),
        careful=tuple(_careful(pairs, fields)),
        rules=rules,
    )


def _careful(pairs: Sequence[ColumnPair], fields: Sequence[tuple[str, Any, Any]]) -> Iterator[re.Pattern[bytes]]:
    yield _CONTROL
    if any(type_ == Decimal | None for _, type_, _ in fields):
        yield _UNDERSCORED
    if any(_UNNAMEABLE.search(pair.glide_id) for pair in pairs):
        yield _EVERYTHING


def _key(glide_id: str, attribute: str) -> str:
    """The JSON key of a column, which may not need escaping; a layout with one that does never goes the fast way."""
    return attribute if _UNNAMEABLE.search(glide_id) else glide_id


def transform(rows: Sequence[Raw], layout: Layout) -> Batch:
    """A page's raw rows made ready for COPY; a row id that comes twice keeps its last row."""
    if layout.rules is not None:
        return _by_rules(rows, layout, layout.rules)
    try:
        batch = _whole_page(b"[" + b",".join(rows) + b"]", layout)
    except (ValidationError, ValueError):
        batch = _row_by_row(rows, layout)
    return _last_of_each(batch)


def read_row(row: ReadOnly[str, Any], layout: Layout) -> tuple[list[str | None], list[BadCell]]:
    """One decoded row, cell by cell: the texts in the order of `layout.columns`, and every cell that does not fit.

    A column with a rule is read from what the rule gives.
    """
    row_id = row.get(ROW_ID)
    if not isinstance(row_id, str) or not row_id:
        return [], [BadCell("", ROW_ID, types.shown(row_id), "a row id, a text that is not empty")]
    cells: list[str | None] = [row_id]
    bad = []
    own = layout.rules.cells if layout.rules else {}
    for (glide_id, read), column in zip(layout.readers.items(), layout.columns[1:], strict=True):
        value = row.get(glide_id)
        if rule := own.get(glide_id):
            try:
                cells.append(_ruled(rule, row, read))
            except ValueError as error:
                bad.append(BadCell(row_id, column, types.shown(_shown(value)), str(error), "TRANSFORM_ERROR"))
            continue
        try:
            cells.append(_read(read, value))
        except ValueError as error:
            bad.append(BadCell(row_id, column, types.shown(_shown(value)), str(error)))
            cells.append(None)
    return cells, bad


def _ruled(rule: Rule, row: ReadOnly[str, Any], read: types.Reader) -> str | None:
    """What a rule gives, read in place of the cell.

    Raises:
        ValueError: the rule and why it failed.
    """
    try:
        found = rule.value(row)
    except ValueError as error:
        raise ValueError(f"the rule {rule.source} failed: {error}") from error
    try:
        return read(found)
    except ValueError as error:
        raise ValueError(f"the rule {rule.source} gave {types.shown(found)}, which is not {error}") from error


def _read(read: types.Reader, value: object) -> str | None:
    if isinstance(value, Unreadable):
        raise ValueError(value.rule)
    return read(value)


def _shown(value: object) -> object:
    return value.text if isinstance(value, Unreadable) else value


def _whole_page(page: bytes, layout: Layout) -> Batch:
    """The fast way.

    Raises:
        ValidationError, ValueError: some row of the page needs the careful way.
    """
    if any(pattern.search(page) for pattern in layout.careful):
        raise ValueError("a text that the fast way does not take")
    rows = layout.decode(page)
    if not all(check(rows) for check in layout.checks):
        raise ValueError("a cell that the fast way does not take")
    return Batch([row.id for row in rows], list(map(layout.line, rows)))


def _row_by_row(rows: Iterable[Raw], layout: Layout) -> Batch:
    batch = Batch([], [])
    for raw in rows:
        try:
            one = _whole_page(b"[" + raw + b"]", layout)
        except (ValidationError, ValueError):
            _careful_one(raw, layout, batch)
        else:
            batch.ids.extend(one.ids)
            batch.lines.extend(one.lines)
    return batch


def _by_rules(rows: Sequence[Raw], layout: Layout, rules: Rules) -> Batch:
    """Every row cell by cell. A row the filter leaves out is not told when it cannot be read: nobody asked for it."""
    batch = Batch([], [])
    decoded = [row for raw in rows if (row := _decoded_row(raw, batch)) is not None]
    last = {_name(row): number for number, row in enumerate(decoded)}
    for number, row in enumerate(decoded):
        if _name(row) and last[_name(row)] != number:
            continue
        try:
            is_inside = _takes(rules, row)
        except ValueError as error:
            _refuse(row, [_undecided(row, rules, error)], batch)
            continue
        cells, bad = read_row(row, layout)
        if not is_inside:
            batch.outside[_name(row)] = None if bad else _line(cells, layout)
        elif bad:
            _refuse(row, bad, batch)
        else:
            batch.ids.append(_name(row))
            batch.lines.append(_line(cells, layout))
    return batch


def looked_at(row: ReadOnly[str, Any], layout: Layout) -> tuple[list[str | None], list[BadCell]] | None:
    """`read_row` of a row the mapping is about; None of one that its filter leaves out."""
    rules = layout.rules or Rules()
    try:
        return read_row(row, layout) if _takes(rules, row) else None
    except ValueError as error:
        return [_name(row)], [_undecided(row, rules, error)]


def _takes(rules: Rules, row: ReadOnly[str, Any]) -> bool:
    """A row without an id is always looked at: it must be told."""
    return not _name(row) or rules.takes(row)


def _undecided(row: ReadOnly[str, Any], rules: Rules, error: ValueError) -> BadCell:
    source = rules.filter.source if rules.filter else ""
    return BadCell(_name(row), FILTER, "", f"the filter {source} failed: {error}", "TRANSFORM_ERROR")


def _name(row: ReadOnly[str, Any]) -> str:
    """The row's id, "" for a row without a usable one."""
    found = row.get(ROW_ID)
    return found if isinstance(found, str) else ""


def _careful_one(raw: Raw, layout: Layout, batch: Batch) -> None:
    row = _decoded_row(raw, batch)
    if row is None:
        return
    cells, bad = read_row(row, layout)
    if bad:
        _refuse(row, bad, batch)
        return
    batch.ids.append(str(cells[0]))
    batch.lines.append(_line(cells, layout))


def _decoded_row(raw: Raw, batch: Batch) -> dict[str, object] | None:
    """The row's cells; None for what is no row, which is told."""
    try:
        return {glide_id: _decoded(cell) for glide_id, cell in _decode_row(raw).items()}
    except (ValueError, RecursionError) as error:
        batch.bad.append(BadCell("", ROW_ID, types.shown(_text(raw)), f"a JSON object: {error}"))
        return None


def _refuse(row: ReadOnly[str, object], bad: list[BadCell], batch: Batch) -> None:
    batch.bad.extend(bad)
    batch.bad_rows[bad[0].row_id] = {glide_id: _shown(value) for glide_id, value in row.items()}


def _line(cells: Sequence[str | None], layout: Layout) -> str:
    return DELIMITER.join(
        "" if text is None else _quote(text) if column in layout.quoted else text
        for column, text in zip(layout.columns, cells, strict=True)
    )


def _decoded(cell: Raw) -> object:
    try:
        return _decode_cell(cell)
    except ValueError as error:
        return Unreadable(_text(cell), str(error))


def _decode_cell(cell: Raw) -> object:
    """A cell with its numbers exact.

    Raises:
        ValueError: what it would have to be.
    """
    try:
        return _decode_any(cell)
    except UnicodeDecodeError:
        raise ValueError("text in UTF-8") from None
    except InvalidOperation:
        raise ValueError("a number within the range of decimals") from None
    except (msgspec.DecodeError, RecursionError) as error:
        raise ValueError(f"JSON that can be read: {error}") from None


def _text(raw: Raw) -> str:
    return bytes(raw).decode(errors="replace")


def _last_of_each(batch: Batch) -> Batch:
    if len(set(batch.ids)) == len(batch.ids):
        return batch
    last = {row_id: number for number, row_id in enumerate(batch.ids)}
    return Batch(list(last), [batch.lines[number] for number in last.values()], batch.bad, batch.bad_rows)


def _quote(text: str) -> str:
    return f"{QUOTE}{text.replace(QUOTE, QUOTE + QUOTE)}{QUOTE}"


# --- the fast way: a field of the Struct, an expression for its text, checks over a whole column --------------------


@dataclass(frozen=True, slots=True)
class _Cell:
    type: Any
    expression: str
    checks: tuple[Check, ...] = ()
    default: Any = None
    names: ReadOnly[str, Any] = field(default_factory=dict)


def _cell(pair: ColumnPair, type_name: str, name: str, read: types.Reader, zone: tzinfo) -> _Cell:
    """The fast way of one column, or its reader wrapped when there is none."""
    kind = "string" if pair.kind in types.TEXT_KINDS else pair.kind
    bare = f"{{'' if r.{name} is None else r.{name}!s}}"
    match kind, types.family(type_name):
        case "string", "text":
            return _Cell(_text_type(type_name), _quoted(f"r.{name} or ''"), checks.texts(pair.kind, type_name, name))
        case "string", "enum" if isinstance(type_name, types.Enumerated):
            words = Literal[(*type_name.words, "")]  # type: ignore[valid-type]  # known since the catalogue was read
            return _Cell(words | None, _quoted(f"r.{name} or ''"), checks.texts(pair.kind, type_name, name))
        case "number", "numeric":
            return _Cell(Decimal | None, bare, (checks.numerics(name, type_name),))
        case "number", "integer":
            low, high = types.INTEGER_RANGE[type_name]
            return _Cell(Annotated[int, msgspec.Meta(ge=low, le=high)] | None, bare)
        case "number", "float":
            return _Cell(float | None, bare)
        case "boolean", "boolean":
            return _Cell(bool | None, bare)
        case "date-time", "timestamptz":
            text = f"{{r.{name} if r.{name} and r.{name}[-1] == 'Z' else offset(r.{name}) if r.{name} else ''}}"
            return _Cell(str | None, text, (checks.instants(name, zone),), names={"offset": types.with_offset})
        case "date", "date":
            return _Cell(str | None, f"{{r.{name} or ''}}", (checks.dates(name),))
        case "json", "json":
            return _Cell(Raw, _quoted(f"json(r.{name})"), default=Raw(b"null"), names={"json": _json(read)})
        case _:
            text = f"{QUOTE}{{{name}(r.{name})}}{QUOTE}"
            return _Cell(Raw, text, default=Raw(b"null"), names={name: _by_reader(read)})


def _quoted(expression: str) -> str:
    return f"{QUOTE}{{{expression}}}{QUOTE}"


def _generated(template: str, names: ReadOnly[str, Any]) -> Callable[[Any], str]:
    """The row function: one f-string, as dataclasses make their methods. Its names are ours (r.f0), never a user's."""
    scope = dict(names)
    exec(f"def line(r):\n    return f{template!r}", scope)  # noqa: S102  # the template holds no text from outside
    made: Callable[[Any], str] = scope["line"]
    return made


def _text_type(type_name: str) -> Any:
    found = re.search(r"^character[^(]*\((\d+)\)", type_name)
    return Annotated[str, msgspec.Meta(max_length=int(found[1]))] | None if found else str | None


def _json(read: types.Reader) -> Callable[[Raw], str]:
    """The cell's own JSON; but an object that came as its text is read."""
    unpacked = _by_reader(read)

    def cell(raw: Raw) -> str:
        text = str(raw, "utf-8")
        if text[0] == '"' and ("{" in text or "[" in text):
            return unpacked(raw)
        return "" if text in ('""', "null") else text

    return cell


def _by_reader(read: types.Reader) -> Callable[[Raw], str]:
    def cell(raw: Raw) -> str:
        text = read(_decode_cell(raw)) or ""
        if QUOTE in text:
            raise ValueError("a quote: the careful way")
        return text

    return cell
