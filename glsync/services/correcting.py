"""A cell that does not fit, corrected from its error: written to Glide, where it stands, and its row tried again."""

from __future__ import annotations

from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from glsync import glide
from glsync.engine import types
from glsync.engine.writing import to_glide
from glsync.errors import GlideBusy, InvalidInput
from glsync.glide.push import Op, Outcome
from glsync.postgres import tables as catalogue
from glsync.services import access, audit, connections, errors, mappings, queries
from glsync.services.access import Actor
from glsync.services.errors import ErrorRow, Retried
from glsync.services.mappings import MappingDraft
from glsync.store import identity, runs
from glsync.values import ColumnPair, Kind, Price

NOT_HERE = "Correct it where it comes from, then retry."


def refusal(actor: Actor, row: ErrorRow) -> str | None:
    """Why the cell of this error cannot be corrected from here; None when it can."""
    if row.state not in errors.LIVE or row.glide_row_id is None or row.column is None:
        return "Only an open error of one cell can be corrected here."
    pair = _pair(mappings.get(actor, row.mapping_id), row.column)
    if pair is None:
        return "The column is not mapped any more."
    return "The value is made by a rule of the mapping, so there is no cell to correct." if pair.rule else None


def correct(actor: Actor, error_id: UUID, text: str) -> Retried:
    """Write the value to the cell in Glide, which costs an update there, and queue a run that takes the row along.

    Raises:
        NotFound: no such error in the actor's workspace.
        InvalidInput: the value does not fit either, or the cell cannot be corrected from here.
        GlideError: Glide did not take it.
    """
    access.require(actor, "operator", "correct a value")
    row = errors.get(actor, error_id)
    if (reason := refusal(actor, row)) is not None:
        raise InvalidInput(reason, hint=NOT_HERE)
    mapping = mappings.get(actor, row.mapping_id)
    pair = _pair(mapping, row.column or "")
    assert pair is not None  # refusal looked
    value = _fitting(actor, mapping, pair, text)
    _write(actor, mapping, row.glide_row_id or "", {pair.glide_id: to_glide(pair.kind, value)})
    with queries.writing(actor) as session:
        before, after = {"value": row.value}, {"value": text.strip(), "column": row.column, "notes": text.strip()}
        audit.note(session, actor, "corrected", "error", row.id, f"{row.mapping_name}: {row.column}", before=before,
                   after=after)  # fmt: skip
    return errors.retry(actor, row.mapping_id, [row.id])


def _pair(mapping: MappingDraft, column: str) -> ColumnPair | None:
    return next((pair for pair in mapping.pairs if column in (pair.column, pair.glide_id)), None)


def _fitting(actor: Actor, mapping: MappingDraft, pair: ColumnPair, text: str) -> object:
    """The typed text as a value of its kind, read just as a run would read it."""
    with queries.reading(actor) as session:
        found = catalogue.find(queries.driver(session), mapping.schema, mapping.table) or []
        settings = connections.stored(session, actor, mapping.connection_id).settings
    held = next((column.type for column in found if column.name == pair.column), types.postgres_type(pair.kind))
    zone = ZoneInfo(str(settings.get("timezone") or "UTC"))
    try:
        value = _of_kind(pair.kind, text.strip())
        types.reader(pair.kind, held, zone)(value)
    except ValueError as error:
        raise InvalidInput(f"{text.strip()!r} does not fit {pair.column}: {error}") from None
    return value


def _of_kind(kind: Kind, text: str) -> object:
    """What Glide holds for this text in a column of the kind; nothing typed empties the cell."""
    if not text:
        return None
    if kind == "number":
        return types.to_number(text)
    return types.to_boolean(text) if kind == "boolean" else text


def _write(actor: Actor, mapping: MappingDraft, row_id: str, cells: dict[str, object]) -> None:
    with queries.reading(actor) as session, queries.driver(session).cursor() as cursor:
        identity.refuse_copy(cursor)
    with glide.open_glide(connections.opened(actor, mapping.connection_id)) as app:
        source = app.source(mapping.glide_table)
        (outcome,) = source.write([Op(str(uuid4()), "update", row_id, cells)])
        price = source.write_price
    if outcome.state not in ("done", "accepted"):
        raise _refused(outcome)
    # with the machinery's rights: people only read what was used
    with queries.unrestricted() as session, queries.driver(session).cursor() as cursor:
        runs.spend(cursor, mapping.connection_id, Price(writes=price), 1)


def _refused(outcome: Outcome) -> Exception:
    if outcome.state == "busy":
        return GlideBusy("Glide has too much to do right now")
    hint = "Look at the row in Glide; if the value is there, retry."
    return InvalidInput(f"Glide did not confirm the value: {outcome.said or outcome.state}", hint=hint)
