"""Which Postgres column a Glide column most likely belongs to: by name, checked by type and sample, with confidence."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from glsync.engine import types
from glsync.values import ROW_ID, ROW_ID_COLUMN, ColumnPair, GlideColumn, Kind, TableColumn

LIKELY = 0.6
"""Below this a pair is not suggested: a wrong pair costs more than an empty field."""

RETYPED, MISFIT = 0.96, 0.5
"""What is left of the confidence when another kind than Glide's has to be read, and when no kind fits the column."""

_KIND_FOR: dict[str, Kind] = {
    "numeric": "number", "integer": "number", "float": "number", "boolean": "boolean", "timestamptz": "date-time",
    "timestamp": "date-time", "date": "date", "time": "time", "interval": "duration", "json": "json", "array": "array",
}  # fmt: skip
"""Family of a Postgres type -> the kind that reads a text cell into it."""

LONGEST_NAME = 55
"""Characters of a name we make, so that a number still fits into Postgres's 63."""

_OURS = frozenset({ROW_ID_COLUMN, "id", "created_at", "updated_at", "deleted_at"})
"""Columns that are filled by the database or by us; suggested only to a Glide column of exactly their name."""

_LONG_FORMS = {
    "qty": "quantity", "amt": "amount", "addr": "address", "desc": "description", "num": "number", "nr": "number",
    "tel": "phone", "telephone": "phone", "mail": "email", "pic": "photo", "picture": "photo", "img": "image",
    "uid": "id", "cust": "customer", "prod": "product", "inv": "invoice", "po": "purchaseorder", "dob": "birthdate",
}  # fmt: skip
"""What people shorten in column names."""

_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss"})

Sample = Sequence[Mapping[str, Any]]
"""Raw rows of the Glide table: column id -> cell."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A Glide column and the Postgres column it seems to mean, None when nothing is close.

    `confidence` is from 0 to 1; 1 is the same name and a fitting type.
    """

    glide_id: str
    column: str | None
    kind: Kind
    confidence: float


def suggest(columns: Sequence[GlideColumn], targets: Sequence[TableColumn], sample: Sample = ()) -> list[Suggestion]:
    """One suggestion per Glide column, in their order. No Postgres column is suggested twice."""
    by_name = {column.name: column for column in targets if not column.generated and column.name != ROW_ID_COLUMN}
    scored = [
        (_score(glide, target, sample), glide.id, target.name)
        for glide in columns
        if glide.id != ROW_ID
        for target in by_name.values()
    ]
    chosen = _best_pairs(scored)
    return [_suggestion(glide, by_name, chosen, sample) for glide in columns if glide.id != ROW_ID]


def _suggestion(
    glide: GlideColumn, targets: Mapping[str, TableColumn], chosen: Mapping[str, tuple[str, float]], sample: Sample
) -> Suggestion:
    if glide.id not in chosen:
        return Suggestion(glide.id, None, glide.kind or "string", 0.0)
    column, confidence = chosen[glide.id]
    kind = _kind(glide, targets[column], sample) or glide.kind or "string"
    return Suggestion(glide.id, column, kind, round(confidence, 2))


def _best_pairs(scored: list[tuple[float, str, str]]) -> dict[str, tuple[str, float]]:
    """The pairs of highest confidence first, each side used once; ties go to the earlier name."""
    chosen: dict[str, tuple[str, float]] = {}
    taken: set[str] = set()
    for confidence, glide_id, column in sorted(scored, key=lambda pair: (-pair[0], pair[1:])):
        if confidence < LIKELY:
            break
        if glide_id not in chosen and column not in taken:
            chosen[glide_id] = (column, confidence)
            taken.add(column)
    return chosen


def _score(glide: GlideColumn, target: TableColumn, sample: Sample) -> float:
    name = max(likeness(glide.name, target.name), likeness(glide.id, target.name) if len(glide.id) > 5 else 0.0)
    if name < LIKELY or (target.name in _OURS and name < 1):
        return 0.0
    kind = _kind(glide, target, sample)
    if kind is None:
        return name * MISFIT
    return name if kind == (glide.kind or "string") else name * RETYPED


def _kind(glide: GlideColumn, target: TableColumn, sample: Sample) -> Kind | None:
    """The kind to read this cell as: Glide's own, else one the column takes and every sample cell can be read as."""
    own: Kind = glide.kind or "string"
    if types.fits(own, target.type) is None:
        return own
    other = _KIND_FOR.get(types.family(target.type))
    if other is None or own not in types.TEXT_KINDS or not _readable(other, target.type, glide.id, sample):
        return None
    return other


def _readable(kind: Kind, type_name: str, glide_id: str, sample: Sample) -> bool:
    read = types.reader(kind, type_name)
    try:
        for row in sample:
            read(row.get(glide_id))
    except ValueError:
        return False
    return True


def likeness(left: str, right: str) -> float:
    """How alike two names are, from 0 to 1, whatever their case, separators or plural."""
    one, other = words(left), words(right)
    if not one or not other:
        return 0.0
    if one == other or "".join(one) == "".join(other):
        return 1.0
    if sorted(one) == sorted(other):
        return 0.95
    shared = len(set(one) & set(other)) / len(set(one) | set(other))
    spelled = SequenceMatcher(None, "".join(one), "".join(other), autojunk=False).ratio()
    if not shared:  # only a slip of the pen: "subtotal" is not "total"
        return spelled if spelled >= 0.85 else 0.0
    return min(0.94, max(spelled, (shared + spelled) / 2 + (0.2 if shared >= 0.5 else 0.0)))


def words(name: str) -> list[str]:
    """The words of a name, small and singular: "unitPrices", "Unit price" and "unit_price" are all unit, price."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z](?:[a-rt-z]|s\w))", " ", name)
    singular = (_singular(word) for word in re.split(r"[\W_]+", _plain(apart).lower()) if word)
    return [_LONG_FORMS.get(word, word) for word in singular]


def _singular(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        return f"{word[:-3]}y"
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def fresh_pairs(columns: Sequence[GlideColumn]) -> list[ColumnPair]:
    """Pairs for a table that is still to be made: each Glide column gets a Postgres name like its own, used once."""
    pairs: list[ColumnPair] = []
    taken = {ROW_ID_COLUMN, "id", "deleted_at"}
    for column in columns:
        if column.id == ROW_ID:
            continue
        name = free_name(column.name, taken)
        taken.add(name)
        pairs.append(ColumnPair(column.id, column.name, name, column.kind or "string"))
    return pairs


def free_name(wanted: str, taken: Collection[str]) -> str:
    """A plain Postgres name for a Glide name: "Unit price (€)" is unit_price, or unit_price_2 when that is taken."""
    name = re.sub(r"[^a-z0-9]+", "_", _plain(wanted).lower()).strip("_")[:LONGEST_NAME].strip("_") or "column"
    name = f"c_{name}" if name[0].isdigit() else name
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name}_{number}"
    return free


def _plain(text: str) -> str:
    """Without umlauts and accents, letters of other scripts as they are."""
    apart = unicodedata.normalize("NFKD", text.translate(_UMLAUTS))
    return "".join(letter for letter in apart if not unicodedata.combining(letter))
