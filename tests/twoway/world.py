"""The world of two directions: rows on both sides, edited by people, and runs that keep them equal.

world.glide_has(a={"Name": "pen"})          somebody in Glide
world.postgres_has("a", name="ink")         somebody in Postgres, by the row's name in Glide
new = world.postgres_adds(name="cup")       a row born in Postgres; its key
world.sync()
world.names()                               ({"a": "ink", ...} in Glide, the same in Postgres)
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from glsync.standin.faults import Fault, Faults
from glsync.standin.replies import Call
from glsync.twoway import settle
from glsync.values import RunReport
from tests.story.processes import until
from tests.world import COLUMNS, TABLE, World

WRITES = ("mutate", "add", "patch", "delete")
"""Calls that change rows in Glide."""
MORE = [
    {"id": "note0", "name": "Note", "type": "string"},
    {"id": "calc0", "name": "Computed", "type": "string", "computed": True},
    {"id": "mark0", "name": "Marker", "type": "string"},
]
"""Columns of Glide that no mapping pairs: somebody's own, a computed one, and one for markers."""


class _Meanwhile(Faults):
    """No fault: somebody acts when a call comes in."""

    def __init__(self, site: str, number: int, act: Callable[[], None]) -> None:
        super().__init__()
        self._site, self._left, self._act = site, number, act

    def strike(self, call: Call) -> list[Fault]:
        self._left -= call.site == self._site
        if self._left == 0 and call.site == self._site:
            self._act()
        return []


class TwoWay(World):
    def __init__(self, database: str, monkeypatch: pytest.MonkeyPatch, kind: str = "glide") -> None:
        super().__init__(database, monkeypatch, kind)
        monkeypatch.setattr(settle, "PAUSES", (0.02, 0.05, 0.1))

    def map(self, **changes: Any) -> Any:
        two_way = {"sync_direction": "both", "deletes": "delete", "delete_grace": 0}
        return super().map(**(two_way | changes))

    def pair(self, glide_id: str, **changes: Any) -> None:
        """Change how one column is kept equal, its direction or policy."""
        pairs = self.column_mappings()
        pairs[glide_id] = pairs[glide_id] | changes
        self.change_mapping(column_mappings=json.dumps(pairs))

    def option(self, **options: Any) -> None:
        self.sql(
            "update gl_mappings set options = options || %s where id = %s", json.dumps(options), str(self.mapping_id)
        )

    # People

    def postgres_has(self, row: str, **cells: Any) -> None:
        """Somebody changes a row of Postgres, named as Glide names it."""
        sets = ", ".join(f"{column} = %s" for column in cells)
        self.sql(f"update public.items set {sets} where glide_row_id = %s", *cells.values(), row)

    def postgres_adds(self, **cells: Any) -> str:
        names, marks = ", ".join(cells), ", ".join(["%s"] * len(cells))
        return str(
            self.sql(f"insert into public.items ({names}) values ({marks}) returning id", *cells.values())[0]["id"]
        )

    def postgres_drops(self, *rows: str) -> None:
        self.sql("delete from public.items where glide_row_id = any(%s)", list(rows))

    def pick(self, side: str, column: str | None = None) -> None:
        """Somebody picks a side for the open conflict."""
        self.sql(
            """update gl_conflicts set state = 'resolved', resolution = %s, resolved_at = now(), resolved_by = 'ann'
               where state = 'open' and column_name is not distinct from %s""",
            side,
            column,
        )

    def during(self, site: str, number: int, act: Callable[[], None]) -> None:
        """Let somebody act just before Glide answers the so-many-th call of this site."""
        self.glide.state.faults = _Meanwhile(site, number, act)

    def waits_for(self, condition: Callable[[], bool]) -> None:
        until(condition, what="for Glide")

    def time_passes(self, seconds: int = 3600) -> None:
        """All that waits for time has waited that much longer."""
        back = f"{seconds} seconds"
        self.sql("update glsync.intents set sent_at = sent_at - %s::interval", back)
        self.sql("update glsync.absent_rows set missing_since = missing_since - %s::interval", back)

    # What there is

    def names(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Row -> name, in Glide and in Postgres."""
        glide = {row: cells.get("Name") for row, cells in self.glide.rows(TABLE).items()}
        postgres = self.sql(
            "select coalesce(glide_row_id, '-') as row, name from public.items where deleted_at is null"
        )
        return glide, {found["row"]: found["name"] for found in postgres}

    def conflicts(self, state: str = "open") -> list[dict[str, Any]]:
        return self.sql("select * from gl_conflicts where state = %s order by glide_row_id, column_name", state)

    def history(self, side: str) -> list[dict[str, Any]]:
        return self.sql("select * from glsync.history where side = %s order by id", side)

    def writes(self) -> int:
        """Calls so far that change rows in Glide."""
        return sum(len(self.glide.calls(site)) for site in WRITES)

    def is_quiet(self) -> bool:
        """Does a further run write nothing anywhere?"""
        before, history = self.writes(), len(self.sql("select from glsync.history"))
        report = self.sync()
        return report.counts.stored == 0 and (self.writes(), len(self.sql("select from glsync.history"))) == (
            before,
            history,
        )

    def sync_until_quiet(self, most: int = 4) -> RunReport:
        report = self.sync()
        for _ in range(most):
            if not report.counts.stored:
                break
            report = self.sync()
        return report

    def spent(self) -> str:
        return str(self.glide.usage("shop")["updates"])

    @staticmethod
    def _fixture(kind: str) -> dict[str, Any]:
        columns = [{"id": glide_id, "name": name, "type": type_} for glide_id, name, type_, *_ in COLUMNS]
        table = {"id": TABLE, "name": "Items", "kind": kind, "columns": columns + MORE, "rows": []}
        return {"apps": [{"id": "shop", "name": "Shop", "tokens": ["token-of-the-shop"], "tables": [table]}]}
