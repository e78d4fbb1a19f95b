"""The judge of the wide simulation: what it says of every row still holds, but for what a filter, a direction or a set
means by what is written of them; and it knows teams."""

from __future__ import annotations

from collections.abc import Iterator

from tests.twoway.simulation.oracle import Oracle, last_of
from tests.twoway.simulation.people import Edit
from tests.twoway.simulation.stage import TEAMS

SOURCES = {"to_glide": "postgres", "to_supabase": "glide"}
OTHER = {"glide": "postgres", "postgres": "glide"}


class WideOracle(Oracle):
    """Judges the end of one seed with filters, directions, sets and references."""

    def verdicts(self) -> Iterator[str]:
        yield from super().verdicts()
        for tag, edits in sorted(self.of_team.items()):
            yield from self._team(tag, edits)

    # --- is the row where it belongs? ---------------------------------------------------------------------------------

    def _presence(self, tag: str, edits: list[Edit], in_glide: bool, in_postgres: bool) -> Iterator[str]:
        is_there = {"glide": in_glide, "postgres": in_postgres}
        if any(edit.number in self.people.left_out for edit in edits if edit.column == "state"):
            yield from self._let_go(tag, edits, is_there)
        elif self.setting.wide.direction == "to_glide":
            yield from self._to_glide(tag, edits, is_there)
        else:
            yield from super()._presence(tag, edits, in_glide, in_postgres)

    def _let_go(self, tag: str, edits: list[Edit], is_there: dict[str, bool]) -> Iterator[str]:
        """The filter left the row out for a while or does: nothing goes away for that, nor by a delete meanwhile."""
        deletes = [edit for edit in edits if edit.act == "delete"]
        deleted_on, was_on_both = {edit.side for edit in deletes}, any(tag in run.picture for run in self.runs)
        if not deletes:
            for side in self._belongs(tag, edits[0].side):
                if not is_there[side]:
                    yield f"{tag} left the filter, nobody deleted it, and it is not in {side}"
        for delete in deletes:
            other = OTHER[delete.side]
            comes_back = any(e.column == "state" and e.side == "glide" and e.tick > delete.tick for e in edits)
            if not was_on_both or other in deleted_on or comes_back or not self._was_out(tag, edits, delete):
                continue
            if not is_there[other]:
                yield f"{tag} was out of the filter when it was deleted in {delete.side}, and is not in {other}"

    def _belongs(self, tag: str, born: str) -> set[str]:
        """The sides that must hold a row nobody deleted."""
        if born == "glide" and self.setting.wide.direction == "to_glide":
            return {"glide"}
        was_on_both = any(tag in run.picture for run in self.runs)
        if born == "postgres" or was_on_both or tag not in self.outside:
            return {"glide", "postgres"}
        return {"glide"}

    def _was_out(self, tag: str, edits: list[Edit], delete: Edit) -> bool:
        """Had a run that nothing struck seen the row outside, and was it outside ever since, until this delete?"""
        before = [run for run in self.runs if run.ended < delete.tick]
        first = next((at for at, run in enumerate(before) if run.clean and tag in run.outside), None)
        if first is None:
            return False
        changed = (e for e in edits if e.column == "state" and e.side == "glide" and e.tick > before[first].begun)
        return all(tag in run.outside for run in before[first:]) and not any(changed)

    def _to_glide(self, tag: str, edits: list[Edit], is_there: dict[str, bool]) -> Iterator[str]:
        """Postgres decides: its rows are in Glide, Glide's own rows are Glide's alone."""
        deleted_on = {edit.side for edit in edits if edit.act == "delete"}
        if edits[0].side == "glide":
            if is_there["postgres"]:
                yield f"{tag} was born in Glide, Postgres decides, and it is in Postgres"
            if is_there["glide"] == ("glide" in deleted_on):
                yield f"{tag} is Glide's own; there: {is_there['glide']}, deleted: {'glide' in deleted_on}"
        elif "postgres" not in deleted_on:
            if not all(is_there.values()):
                yield f"{tag} is a row of Postgres, which decides; there: {is_there}"
        elif is_there["postgres"]:
            yield f"{tag} was deleted in Postgres, which decides, and it is there again"
        elif is_there["glide"] and not self._may_stay(tag, edits):
            yield f"{tag} was deleted in Postgres, which decides, nobody in Glide edited it, and Glide holds it"

    def _may_stay(self, tag: str, edits: list[Edit]) -> bool:
        """May Glide hold a row that was deleted in Postgres, which decides?"""
        was_edited = any(edit.side == "glide" for edit in edits)
        return was_edited or self.setting.deletes == "keep" or self._conflict(tag, None)

    # --- does every cell say what it may? -----------------------------------------------------------------------------

    def _cells(self, tag: str, edits: list[Edit]) -> Iterator[str]:
        if tag in self.outside:
            yield from self._cells_outside(tag, edits)
            return
        yield from super()._cells(tag, edits)
        if self.setting.wide.items:
            yield from self._items(tag, [edit for edit in edits if edit.column == "items"], edits)

    def _cells_outside(self, tag: str, edits: list[Edit]) -> Iterator[str]:
        """Nothing flows while a row is outside: each cell says its own side's last edit, or what had come before."""
        since = next((at for at in range(len(self.runs)) if self._is_out_from(tag, edits, at)), None)
        for column, (glide, postgres) in self.sides.cells(tag).items():
            mine = [edit for edit in edits if edit.column == column]
            for side, number in (("glide", glide), ("postgres", postgres)):
                own, others = last_of(mine, side), {edit.number for edit in mine if edit.side != side}
                if any(edit.act == "delete" for edit in edits):  # made again from the side that did not delete it
                    others = {edit.number for edit in mine}
                if number not in others | {own.number if own else None, None}:
                    yield f"{tag}.{column} is {number} in {side}, outside the filter, and nobody wrote that"
                late = {
                    e.number for e in mine if since is not None and e.side != side and e.tick > self.runs[since].ended
                }
                if column != "team" and number is not None and number in late:
                    yield f"{tag}.{column} is {number} in {side}: it came there while the filter left the row out"

    def _is_out_from(self, tag: str, edits: list[Edit], at: int) -> bool:
        """Did this run find the row outside, struck by nothing, and all later ones, and nobody changed its state?"""
        changed = any(e.column == "state" and e.side == "glide" and e.tick > self.runs[at].begun for e in edits)
        return self.runs[at].clean and not changed and all(tag in run.outside for run in self.runs[at:])

    def _cell(self, tag: str, edits: list[Edit], column: str, glide: int | None, postgres: int | None) -> Iterator[str]:
        flow = self.setting.flow_of(column)
        if flow == "both":
            yield from super()._cell(tag, edits, column, glide, postgres)
        elif not any(edit.act == "delete" for edit in edits):
            last = last_of([edit for edit in edits if edit.column == column], SOURCES[flow])
            number = last.number if last else None
            if not glide == postgres == number:
                yield f"{tag}.{column} is {glide} in Glide, {postgres} in Postgres; it flows {flow}, from {number}"

    def _items(self, tag: str, mine: list[Edit], edits: list[Edit]) -> Iterator[str]:
        """What somebody put into a set is in both, unless somebody took it out; what was taken out is in none."""
        glide, postgres = self.sides.items(tag)
        if glide != postgres:
            if not self._conflict(tag, "items"):
                yield f"{tag}.items is {sorted(glide)} in Glide and {sorted(postgres)} in Postgres, without a conflict"
            return
        if any(edit.act == "delete" for edit in edits):
            return
        source = SOURCES.get(self.setting.flow_of("items"))
        mine = [edit for edit in mine if source in (None, edit.side)]
        taken = {number for edit in mine for number in edit.took}
        put = {edit.number for edit in mine if edit.number is not None}
        if source is None and self._sets_may_be_run_over(tag, mine):
            return
        if glide != put - taken:
            yield f"{tag}.items is {sorted(glide)}; put in: {sorted(put)}, taken out: {sorted(taken)}"

    def _sets_may_be_run_over(self, tag: str, mine: list[Edit]) -> bool:
        """As other cells; and taking out what a write in doubt has just brought looks as if that never happened.

        Where rows had to be matched anew there is no base: then their policy decides about sets as well.
        """
        in_doubt = any(edit.exposed and edit.act == "take" for edit in mine)
        return in_doubt or self._may_be_run_over(mine) or self._conflict(tag, "items", "open", "resolved", "gone")

    # --- teams --------------------------------------------------------------------------------------------------------

    def _team(self, tag: str, edits: list[Edit]) -> Iterator[str]:
        """On both sides, once, under a name somebody gave it last."""
        in_glide = [row["Name"] for row in self.stage.glide.rows(TEAMS).values() if row["Tag"] == tag]
        in_postgres = [row["name"] for row in self.stage.sql("select name from teams where tag = %s", tag)]
        last = {f"v{edit.number}" for side in OTHER if (edit := last_of(edits, side))}
        asked = any(found["base_value"] is None or found["column_name"] == "name" for found in self.conflicts)
        if len(in_glide) != 1 or len(in_postgres) != 1:
            yield f"team {tag} is there {len(in_glide)} times in Glide, {len(in_postgres)} times in Postgres"
        elif not {*in_glide, *in_postgres} <= last or (in_glide != in_postgres and not asked):
            yield f"team {tag} is called {in_glide[0]} in Glide, {in_postgres[0]} in Postgres; last: {sorted(last)}"
