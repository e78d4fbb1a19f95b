"""The judge: slow, simple, and it knows every edit. It shares no code with the engine."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.twoway.simulation.people import Edit, People, items_in, number_of, numbers_in
from tests.twoway.simulation.stage import ITEMS, MARKER, NOTE, OUT, STATE, TABLE, TEAMS, Setting, Stage

Cells = dict[str, int | None]
Picture = dict[str, dict[str, tuple[int | None, int | None]]]
"""Tag -> column -> the numbers in Glide and in Postgres, of rows that are on both sides once."""


@dataclass
class Run:
    """One run between two ticks. `clean`: it completed, nothing struck it, nothing waits; then its picture counts."""

    begun: int
    ended: int
    clean: bool
    picture: Picture = field(default_factory=dict)
    outside: frozenset[str] = frozenset()
    """Tags of rows of Glide that the filter left out before it and after it."""


@dataclass
class Sides:
    """The rows of both sides by their tag."""

    glide: dict[str, list[dict[str, Any]]]
    postgres: dict[str, list[dict[str, Any]]]
    setting: Setting
    teams: dict[Any, int] = field(default_factory=dict)
    """What a reference holds, a row id of Glide or a key of Postgres -> the number of that team."""

    @staticmethod
    def of(stage: Stage) -> Sides:
        glide: dict[str, list[dict[str, Any]]] = defaultdict(list)
        postgres: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for row_id, row in stage.glide.rows(TABLE).items():
            glide[row["Tag"]].append(row | {"id": row_id})
        for row in stage.sql("select * from sim where deleted_at is null order by tag"):
            postgres[row["tag"]].append(row)
        found = Sides(glide, postgres, stage.setting)
        if stage.setting.wide.team:
            found.teams |= {row_id: int(row["Tag"][1:]) for row_id, row in stage.glide.rows(TEAMS).items()}
            found.teams |= {row["id"]: int(row["tag"][1:]) for row in stage.sql("select id, tag from teams")}
        return found

    def picture(self) -> Picture:
        return {
            tag: self.cells(tag) for tag in self.glide if len(self.glide[tag]) == len(self.postgres.get(tag, ())) == 1
        }

    def cells(self, tag: str) -> dict[str, tuple[int | None, int | None]]:
        (glide,), (postgres,) = self.glide[tag], self.postgres[tag]
        names = {column: glide_id for column, glide_id in self.setting.cells.items() if column != "items"}
        return {c: (self._number(c, glide.get(id_)), self._number(c, postgres.get(c))) for c, id_ in names.items()}

    def items(self, tag: str) -> tuple[frozenset[int], frozenset[int]]:
        """The sets of a row that is on both sides once."""
        (glide,), (postgres,) = self.glide[tag], self.postgres[tag]
        return items_in(glide.get(ITEMS)), items_in(postgres["items"])

    def outside(self) -> frozenset[str]:
        """Tags of rows of Glide that are none of the mapping's."""
        rows = [row for found in self.glide.values() for row in found] if self.setting.wide.filter else []
        return frozenset(row["Tag"] for row in rows if (row.get(STATE) or "").startswith(OUT))

    def _number(self, column: str, value: Any) -> int | None:
        if column == "team":
            return self.teams[value] if value else None
        return number_of(column, value)


class Oracle:
    """Judges the end of one seed."""

    def __init__(self, stage: Stage, setting: Setting, people: People, runs: list[Run]) -> None:
        self.stage, self.setting, self.runs = stage, setting, runs
        self.sides = Sides.of(stage)
        self.outside = self.sides.outside()
        self.people, self.notes = people, people.notes
        self.of_row: dict[str, list[Edit]] = defaultdict(list)
        self.of_team: dict[str, list[Edit]] = defaultdict(list)
        for edit in people.edits:
            (self.of_team if edit.tag.startswith("P") else self.of_row)[edit.tag].append(edit)
        self.conflicts = stage.sql("select * from gl_conflicts")
        self.kept = self._kept()
        errors = stage.sql("select error_type from gl_sync_errors where error_type = 'DUPLICATE_KEY'")
        warned = stage.sql("select from glsync.run_events where message like '%may come twice%'")
        self.doubles_told = bool(errors or warned)

    def verdicts(self) -> Iterator[str]:
        """Everything that is wrong."""
        for tag, edits in sorted(self.of_row.items()):
            glide, postgres = self.sides.glide.get(tag, []), self.sides.postgres.get(tag, [])
            if len(glide) > 1 or len(postgres) > 1:
                if self.setting.marker or not self.doubles_told:
                    yield f"{tag} is there {len(glide)} times in Glide, {len(postgres)} times in Postgres"
                continue
            yield from self._presence(tag, edits, bool(glide), bool(postgres))
            if glide and postgres:
                yield from self._cells(tag, edits)
            yield from self._notes(tag, glide, postgres)
            yield from self._nothing_lost(tag, edits)
        yield from self._memory()

    # --- is the row where it belongs? ---------------------------------------------------------------------------------

    def _presence(self, tag: str, edits: list[Edit], in_glide: bool, in_postgres: bool) -> Iterator[str]:
        deletes = [edit for edit in edits if edit.act == "delete"]
        where = f"in Glide: {in_glide}, in Postgres: {in_postgres}"
        if not deletes:
            if not (in_glide and in_postgres):
                yield f"{tag} was never deleted; {where}"
            return
        if self._conflict(tag, None) or self._somebody_picked(tag):
            return
        if self.setting.deletes == "keep":
            sides = {edit.side for edit in deletes}
            if not in_glide and not in_postgres and len(sides) == 1 and edits[0].side not in sides:
                yield f"{tag} was deleted on one side and kept on none"
            return
        if in_glide != in_postgres:
            yield f"{tag} was deleted by somebody; {where}"
        by = {edit.side for edit in deletes}
        edited = any(edit.side not in by for edit in edits if edit.act in ("edit", "put", "take"))
        if in_glide and in_postgres and not edited:
            yield f"{tag} was deleted, nobody edited it on the other side, and it is there again"

    def _somebody_picked(self, tag: str) -> bool:
        """Did a person decide between an edit and a delete of this row?"""
        rows = [value for found in self.conflicts for value in (found["glide_value"], found["postgres_value"])]
        return any(isinstance(row, dict) and row.get("tag") == tag for row in rows)

    # --- does every cell say what it may? -----------------------------------------------------------------------------

    def _cells(self, tag: str, edits: list[Edit]) -> Iterator[str]:
        for column, (glide, postgres) in self.sides.cells(tag).items():
            yield from self._cell(tag, edits, column, glide, postgres)

    def _cell(self, tag: str, edits: list[Edit], column: str, glide: int | None, postgres: int | None) -> Iterator[str]:
        mine = [edit for edit in edits if edit.column == column]
        what = f"{tag}.{column} is {glide} in Glide and {postgres} in Postgres"
        if glide != postgres:
            if not self._conflict(tag, column):
                yield f"{what}, without a conflict"
            return
        last = {side: last_of(mine, side) for side in ("glide", "postgres")}
        may = {edit.number for edit in last.values() if edit} or {None}
        if any(edit.act == "delete" for edit in edits):  # made again from the side that did not delete it
            may |= {edit.number for edit in mine} | {None}
        if glide not in may:
            yield f"{what}, which is nobody's last edit: {sorted(map(str, may))}"
        elif not any(edit.act == "delete" for edit in edits):
            yield from self._winner(tag, column, mine, last, glide)

    def _winner(
        self, tag: str, column: str, mine: list[Edit], last: dict[str, Edit | None], final: int | None
    ) -> Iterator[str]:
        """Did the right one of two last edits win?"""
        in_glide, in_postgres = last["glide"], last["postgres"]
        if self._may_be_run_over(mine) or self._conflict(tag, column, "open", "resolved", "gone"):
            return
        agreed = None
        for run in reversed(self.runs):
            seen = run.picture.get(tag, {}).get(column) if run.clean else None
            if seen and seen[0] == seen[1] is not None and not any(run.begun < e.tick <= run.ended for e in mine):
                agreed, since = seen[0], [edit for edit in mine if edit.tick > run.ended]
                if len({edit.side for edit in since}) == 1 and since[-1].number != final:
                    by = since[-1].side
                    yield f"{tag}.{column}: only {by} edited it since both said {seen[0]}, and {final} stands"
                if not since and final != seen[0]:
                    yield f"{tag}.{column}: nobody edited it since both said {seen[0]}, and {final} stands"
                break
        if in_glide is None or in_postgres is None or None in (in_glide.number, in_postgres.number):
            return
        if in_glide.number == in_postgres.number:  # two who name the same team
            return
        if agreed in (in_glide.number, in_postgres.number):  # one of them went back to the team both had named
            return
        first, second = sorted((in_glide.tick, in_postgres.tick))
        is_old = all(any(e.tick < first and e.side == side for e in self.of_row[tag]) for side in ("glide", "postgres"))
        if is_old and not any(run.ended >= first and run.begun < second for run in self.runs):
            policy = self.setting.policy_of(column)
            if policy == "ask":
                yield f"{tag}.{column}: both sides edited it, and nobody was asked"
            elif final not in self._may_win(policy, tag, in_glide, in_postgres):
                yield f"{tag}.{column}: both sides edited it, {policy} decides, and {final} stands"

    def _may_win(self, policy: str, tag: str, in_glide: Edit, in_postgres: Edit) -> set[int | None]:
        """The numbers this policy lets stand. The times are those of rows: a later edit of another cell counts too."""
        if policy != "newest":
            return {in_glide.number if policy == "glide" else in_postgres.number}
        last = max(in_glide, in_postgres, key=lambda edit: edit.tick)
        later = {edit.side for edit in self.of_row[tag] if edit.tick > last.tick}
        return {edit.number for edit in (in_glide, in_postgres) if edit is last or edit.side in later}

    def _may_be_run_over(self, mine: list[Edit]) -> bool:
        """A classic table takes any write at any time: an edit made under way may be overwritten unseen."""
        return self.setting.kind == "glide" and any(edit.exposed for edit in mine)

    # --- is every edit somewhere? -------------------------------------------------------------------------------------

    def _nothing_lost(self, tag: str, edits: list[Edit]) -> Iterator[str]:
        standing = {
            n for row in [*self.sides.glide.get(tag, []), *self.sides.postgres.get(tag, [])] for n in numbers_in(row)
        }
        for at, edit in enumerate(edits):
            if edit.number is None or edit.number in standing or edit.number in self.kept or edit.column == "team":
                continue
            later, is_item = edits[at + 1 :], edit.act == "put"
            superseded = any(
                (e.side == edit.side and (e.act == "delete" or (e.column == edit.column and not is_item)))
                or edit.number in e.took
                for e in later
            )
            overtaken = any(e.number == edit.number for e in later)
            exposed = edit.exposed and (self.setting.kind == "glide" or any(e.act == "delete" for e in edits))
            if not (superseded or overtaken or exposed or self._was_seen_over(tag, edit, later)):
                yield f"{tag}.{edit.column} = {edit.number} of {edit.side} is nowhere"

    def _was_seen_over(self, tag: str, edit: Edit, later: list[Edit]) -> bool:
        """It had reached the other side, and was edited over there."""
        other = [e for e in later if e.side != edit.side and e.column == edit.column]
        reached = [run for run in self.runs if edit.number in run.picture.get(tag, {}).get(edit.column or "", ())]
        return bool(other) and any(run.ended < other[-1].tick for run in reached)

    def _kept(self) -> frozenset[int]:
        """Every number that history, conflicts and the journal know."""
        found: set[int] = set()
        for row in self.stage.sql("select before, after from glsync.history"):
            found |= numbers_in(row["before"] or {}) | numbers_in(row["after"] or {})
        for row in self.stage.sql("select before, cells from glsync.intents"):
            found |= numbers_in(row["before"] or {}) | numbers_in(row["cells"])
        for row in self.conflicts:
            for value in (row["glide_value"], row["postgres_value"], row["base_value"]):
                if isinstance(value, dict):
                    found |= numbers_in(value)
                elif row["column_name"] == "items":
                    found |= items_in(value)
                elif row["column_name"] in self.setting.cells and value is not None:
                    found.add(number_of(row["column_name"], value) or 0)
        return frozenset(found)

    # --- what nobody mapped, and what we remember ---------------------------------------------------------------------

    def _notes(self, tag: str, glide: list[dict[str, Any]], postgres: list[dict[str, Any]]) -> Iterator[str]:
        if any(edit.act == "delete" for edit in self.of_row[tag]):
            return  # a row made again has lost what nobody mapped
        for side, rows, column in (("glide", glide, NOTE), ("postgres", postgres, "private")):
            said = self.notes.get(f"{side} {tag}")
            if rows and (rows[0].get(column) or None) != said:
                yield f"{tag}: a column nobody mapped says {rows[0].get(column)!r} in {side} and not {said!r}"

    def _memory(self) -> Iterator[str]:
        if self.stage.in_doubt():
            yield "writes are still in doubt"
        if self.setting.deletes != "keep" and self.stage.sql(
            "select from sim where glide_row_id is null and deleted_at is null"
        ):
            yield "a row of Postgres has no name of Glide"
        marks = [row[MARKER] for rows in self.sides.glide.values() for row in rows if row.get(MARKER)]
        if len(marks) != len(set(marks)) and not self.doubles_told:
            yield "a marker is there twice"
        for left in self.stage.sql("select error_type, error_message from gl_sync_errors where state = 'open'"):
            if left["error_type"] not in ("DUPLICATE_KEY", "MATCH_AMBIGUOUS"):
                yield f"an error stays: {left['error_type']} {left['error_message']}"

    def _conflict(self, tag: str, column: str | None, *states: str) -> bool:
        rows = [*self.sides.glide.get(tag, []), *self.sides.postgres.get(tag, [])]
        ids = {row.get("id") for row in rows} | {row.get("glide_row_id") for row in rows}
        return any(
            found["column_name"] == column and found["glide_row_id"] in ids and found["state"] in (states or ("open",))
            for found in self.conflicts
        )


def last_of(edits: list[Edit], side: str) -> Edit | None:
    """This side's last of them."""
    return max((edit for edit in edits if edit.side == side), key=lambda edit: edit.tick, default=None)
