"""The Postgres side of a mapping: its table, its columns, and the DDL that makes them fit, shown before it runs."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session

from glsync.engine import suggest as matching
from glsync.engine.suggest import Suggestion
from glsync.errors import InvalidInput
from glsync.postgres import tables as catalogue
from glsync.services import access, audit, queries, shapes
from glsync.services.access import Actor
from glsync.services.drafts import MappingDraft
from glsync.values import ColumnPair, GlideColumn, TableColumn


def target_tables(actor: Actor) -> list[str]:
    """Tables a mapping may target, as schema.table; those of public first."""
    access.require(actor, "viewer", "see tables")
    with queries.reading(actor) as session, queries.stepped_up(session):  # the view shows what the asking role may read
        return [row["target"] for row in queries.rows(session, "mappings_targets")]


def target_columns(actor: Actor, target: str) -> list[TableColumn]:
    """The columns of a table in their order.

    Raises:
        NotFound: there is no such table, or it is not one a mapping may target.
    """
    access.require(actor, "viewer", "see tables")
    with queries.reading(actor) as session:
        return catalogue.columns(queries.driver(session), *catalogue.split(target))


def suggest(
    actor: Actor, columns: Sequence[GlideColumn], target: str, sample: matching.Sample = ()
) -> list[Suggestion]:
    """Which column of the target each Glide column seems to mean; with a sample of raw rows it is surer of types."""
    access.require(actor, "viewer", "see tables")
    return matching.suggest(columns, target_columns(actor, target), sample)


def likely_references(actor: Actor, target: str) -> dict[str, str]:
    """Column -> the mapping whose rows it seems to mean, by its foreign key or a name such as rowid_accounts."""
    access.require(actor, "viewer", "see tables")
    with queries.reading(actor) as session:
        found = queries.rows(session, "references_likely", workspace=actor.workspace_id, target=target)
    return {row["column_name"]: row["parent"] for row in found}


def create_table_ddl(actor: Actor, what: MappingDraft | Sequence[GlideColumn], target: str | None = None) -> str:
    """The statements that would create the target: of a draft, or of Glide columns under names like their own."""
    access.require(actor, "editor", "create a table")
    with queries.reading(actor) as session:
        if isinstance(what, MappingDraft):
            return _ddl_create(session, what)
        schema, table = catalogue.split(target or "")
        return catalogue.ddl_create(queries.driver(session), schema, table, matching.fresh_pairs(what))


def create_table(actor: Actor, draft: MappingDraft) -> None:
    """Create the draft's target as `create_table_ddl` shows it.

    Raises:
        InvalidInput: it exists already, or stands where no mapping may write.
    """
    access.require(actor, "editor", "create a table")
    with queries.writing(actor) as session:
        make_table(session, actor, draft)


def make_table(session: Session, actor: Actor, draft: MappingDraft) -> None:
    """`create_table`, in a transaction that is open."""
    if catalogue.find(queries.driver(session), draft.schema, draft.table) is not None:
        raise InvalidInput(f"There is already a table {draft.target}", hint="Add the missing columns to it.")
    _run(session, actor, "created", draft, _ddl_create(session, draft))


def add_columns_ddl(actor: Actor, draft: MappingDraft) -> str:
    """The statement that would add what the draft maps and the target lacks."""
    access.require(actor, "editor", "add columns")
    with queries.reading(actor) as session:
        return _ddl_add(session, draft)


def add_columns(actor: Actor, draft: MappingDraft) -> list[str]:
    """Add what the draft maps and the target lacks; the names of the new columns.

    Raises:
        InvalidInput: nothing is missing.
    """
    access.require(actor, "editor", "add columns")
    with queries.writing(actor) as session:
        return make_columns(session, actor, draft)


def make_columns(session: Session, actor: Actor, draft: MappingDraft) -> list[str]:
    """`add_columns`, in a transaction that is open."""
    added = [pair.column for pair in missing(session, draft)]
    _run(session, actor, "extended", draft, _ddl_add(session, draft))
    return added


def missing(session: Session, draft: MappingDraft) -> list[ColumnPair]:
    """The pairs whose column the target lacks; the mark for deletes counts as one when the draft marks them."""
    names = {column.name for column in catalogue.columns(queries.driver(session), draft.schema, draft.table)}
    pairs = [pair for pair in draft.pairs if pair.column not in names]
    if draft.deletes == "mark" and catalogue.MARK_COLUMN not in names | {pair.column for pair in pairs}:
        pairs.append(ColumnPair("", "", catalogue.MARK_COLUMN, "date-time"))
    return pairs


def _ddl_create(session: Session, draft: MappingDraft) -> str:
    _refuse_hidden(session, draft)
    schema, table = catalogue.split(shapes.qualified(draft.target))
    marks = draft.deletes == "mark"
    return catalogue.ddl_create(queries.driver(session), schema, table, draft.pairs, marks=marks)


def _ddl_add(session: Session, draft: MappingDraft) -> str:
    _refuse_hidden(session, draft)
    schema, table = catalogue.split(shapes.qualified(draft.target))
    return catalogue.ddl_add(queries.driver(session), schema, table, missing(session, draft))


def let_worker_in(session: Session, target: str) -> None:
    """A worker with a login of its own may write this table from now on. Of a table of somebody else that is theirs."""
    with queries.stepped_up(session):
        queries.scalar(session, "target_let_worker_in", target=target)


def _refuse_hidden(session: Session, draft: MappingDraft) -> None:
    """Our own tables and those of the system are nobody's to shape."""
    if queries.scalar(session, "mappings_hidden", schema=draft.schema, table=draft.table):
        raise InvalidInput(f"{draft.target} belongs to Glide Sync or to the system", hint="Choose another name.")


def _run(session: Session, actor: Actor, action: str, draft: MappingDraft, ddl: str) -> None:
    """Execute statements made of names that were checked and quoted, and types of our own list."""
    with queries.stepped_up(session), queries.driver(session).cursor() as cursor:
        cursor.execute(ddl)
    audit.note(session, actor, action, "table", None, shapes.qualified(draft.target), after={"statement": ddl})
