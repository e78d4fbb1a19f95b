"""Two people, one in Glide and one in Postgres, who edit, add and delete, and remember everything they did.

Every value anybody writes is new in the world and carries a number, so whoever finds it knows whose edit it was.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.twoway.simulation.stage import (
    CHANGED,
    COLUMNS,
    ITEMS,
    NOTE,
    OUT,
    STATE,
    TABLE,
    TEAM,
    TEAMS,
    Setting,
    Stage,
)
from tests.twoway.simulation.weather import Weather


@dataclass(frozen=True)
class Edit:
    """Something a person did. `number` is that of the value, None for an emptied cell; a delete knows what it took.

    Into a set a number is "put", and "take" knows which it took out. A reference has the number of the team it names.
    """

    tick: int
    side: str
    tag: str
    act: str
    column: str | None = None
    number: int | None = None
    took: frozenset[int] = frozenset()
    exposed: bool = False
    """In Glide, while a run or a write of ours was under way: nothing protects it on tables without versions."""


@dataclass
class People:
    """Who edits what and when, from the seed's dice."""

    stage: Stage
    setting: Setting
    dice: Random
    weather: Weather
    trace: list[str]
    left: int
    edits: list[Edit] = field(default_factory=list)
    notes: dict[str, str] = field(default_factory=dict)
    running: bool = False
    tick: int = 0
    numbers: int = 0
    tags: int = 0
    teams: int = 0
    left_out: set[int] = field(default_factory=set)
    """Numbers of states with which a row is outside the filter."""

    def act(self) -> None:
        """One thing, on one side."""
        if not self.left:
            return
        self.left -= 1
        if self.setting.wide.team and self.dice.random() < 0.15:
            self._team(self.dice.choice(["glide", "postgres"]))
            return
        side = self.dice.choice(["glide", "postgres"])
        tags = self._tags(side)
        roll = self.dice.random()
        if not tags or roll < 0.22:
            self._add(side)
        elif roll < 0.32 and len(tags) > 2:
            self._delete(side, self.dice.choice(self._unwanted(tags)))
        elif roll < 0.37:
            self._note(side, self.dice.choice(tags))
        else:
            tag, column = self.dice.choice(tags), self.dice.choice(list(self.setting.cells))
            {"items": self._sort_items, "team": self._refer}.get(column, self._edit)(side, tag, column)

    def mend(self) -> None:
        """Cells nobody could read are corrected by whoever spoiled them."""
        for row_id, row in self.stage.glide.rows(TABLE).items():
            if isinstance(row.get("prc00"), str):
                number, value = self._value("price", "glide")
                self.stage.glide.edit(TABLE, set={row_id: {"prc00": value} | self._now(CHANGED)})
                self._remember("glide", row["Tag"], "edit", "price", number)

    # --- acts ---------------------------------------------------------------------------------------------------------

    def _add(self, side: str) -> None:
        self.tags += 1
        tag = f"T{self.tags:03}"
        made = {column: self._value(column, side) for column in self._plain if self.dice.random() < 0.8}
        teams = self._teams(side) if self.setting.wide.team else []
        if teams and self.dice.random() < 0.7:
            made["team"] = self.dice.choice(teams)
        if side == "glide":
            names = self.setting.cells
            cells = {names[column]: value for column, (_, value) in made.items()} | self._now(CHANGED)
            self.stage.glide.edit(TABLE, add=[{"$rowID": f"g{self.tags:03}", "Tag": tag, **cells}])
        else:
            row = {"tag": tag} | {column: value for column, (_, value) in made.items()} | self._now("edited_at")
            self.stage.sql(f"insert into sim ({', '.join(row)}) values ({', '.join(['%s'] * len(row))})", *row.values())
        self._remember(side, tag, "add")
        for column, (number, _) in made.items():
            self._remember(side, tag, "edit", column, number)
        if self.setting.wide.items and self.dice.random() < 0.5:
            self._sort_items(side, tag)

    def _edit(self, side: str, tag: str, column: str) -> None:
        number: int | None
        if self.dice.random() < 0.1:
            number, value = None, None
        elif side == "glide" and column == "price" and self.dice.random() < 0.1:
            number, _ = self._value(column, side)
            value = f"much {number}"
        else:
            number, value = self._value(column, side)
        self._set(side, tag, column, value)
        self._remember(side, tag, "edit", column, number)

    def _set(self, side: str, tag: str, column: str, value: Any) -> None:
        if side == "glide":
            cells = {self.setting.cells[column]: value} | self._now(CHANGED)
            self.stage.glide.edit(TABLE, set={self._row_id(tag): cells})
        else:
            value = json.dumps(value) if isinstance(value, list) else value
            cells = {column: value} | self._now("edited_at")
            sets = ", ".join(f"{name} = %s" for name in cells)
            self.stage.sql(f"update sim set {sets} where tag = %s and deleted_at is null", *cells.values(), tag)

    def _sort_items(self, side: str, tag: str, column: str = "items") -> None:
        """One item more in the set, or one less."""
        if side == "glide":
            now = self.stage.glide.rows(TABLE)[self._row_id(tag)].get(ITEMS) or []
        else:
            (row,) = self.stage.sql("select items from sim where tag = %s and deleted_at is null limit 1", tag)
            now = row["items"] or []
        if now and self.dice.random() < 0.4:
            left_out = self.dice.choice(sorted(now))
            self._set(side, tag, column, [item for item in now if item != left_out])
            self._remember(side, tag, "take", column, took=items_in([left_out]))
        else:
            self.numbers += 1
            self._set(side, tag, column, [*now, f"i{self.numbers}"])
            self._remember(side, tag, "put", column, self.numbers)

    def _refer(self, side: str, tag: str, column: str) -> None:
        """The row belongs to some team, or to none any more."""
        if side == "glide":
            now = self.stage.glide.rows(TABLE)[self._row_id(tag)].get(TEAM)
        else:
            now = self.stage.sql("select team from sim where tag = %s and deleted_at is null limit 1", tag)[0]["team"]
        teams = [team for team in self._teams(side) if team[1] != now]
        number, value = self.dice.choice(teams) if teams and self.dice.random() < 0.9 else (None, None)
        self._set(side, tag, column, value)
        self._remember(side, tag, "edit", column, number)

    def _team(self, side: str) -> None:
        """A new team, or a new name for one."""
        teams = self._teams(side)
        self.numbers += 1
        name = f"v{self.numbers}"
        if teams and self.dice.random() < 0.4:
            number, id_ = self.dice.choice(teams)
            if side == "glide":
                self.stage.glide.edit(TEAMS, set={id_: {"Name": name}})
            else:
                self.stage.sql("update teams set name = %s where id = %s", name, id_)
        else:
            self.teams += 1
            number = self.teams
            if side == "glide":
                self.stage.glide.edit(TEAMS, add=[{"$rowID": f"t{number:03}", "Tag": f"P{number:03}", "Name": name}])
            else:
                self.stage.sql("insert into teams (tag, name) values (%s, %s)", f"P{number:03}", name)
        self._remember(side, f"P{number:03}", "edit", "name", self.numbers)

    def _teams(self, side: str) -> list[tuple[int, Any]]:
        """(number, what a reference to it holds) of every team this side knows."""
        if side == "glide":
            found = [(row["Tag"], row_id) for row_id, row in self.stage.glide.rows(TEAMS).items()]
        else:
            found = [(row["tag"], row["id"]) for row in self.stage.sql("select tag, id from teams")]
        return sorted((int(tag[1:]), id_) for tag, id_ in found)

    def _delete(self, side: str, tag: str) -> None:
        if side == "glide":
            row_id = self._row_id(tag)
            took = numbers_in(self.stage.glide.rows(TABLE)[row_id])
            self.stage.glide.edit(TABLE, delete=[row_id])
        else:
            (row,) = self.stage.sql("select * from sim where tag = %s and deleted_at is null limit 1", tag)
            took = numbers_in(row)
            if self.setting.deletes == "mark" and self.dice.random() < 0.5:
                self.stage.sql("update sim set deleted_at = now() where tag = %s", tag)
            else:
                self.stage.sql("delete from sim where tag = %s and deleted_at is null", tag)
        self._remember(side, tag, "delete", took=took)

    def _note(self, side: str, tag: str) -> None:
        """In a column nobody mapped."""
        self.numbers += 1
        text = f"n{self.numbers}"
        if side == "glide":
            self.stage.glide.edit(TABLE, set={self._row_id(tag): {NOTE: text}})
        else:
            self.stage.sql("update sim set private = %s where tag = %s and deleted_at is null", text, tag)
        self.notes[f"{side} {tag}"] = text
        self.trace.append(f"{self.tick} {side} {tag} note")

    # --- small words --------------------------------------------------------------------------------------------------

    @property
    def _plain(self) -> list[str]:
        """The columns whose every value is new."""
        return [column for column in self.setting.cells if column not in ("items", "team")]

    def _value(self, column: str, side: str) -> tuple[int, Any]:
        """A number nobody used and a value that carries it; now and then one that Glide keeps less well."""
        self.numbers += 1
        number = self.numbers
        is_odd = self.dice.random() < 0.2
        if column == "name":
            return number, f"v{number}{'  ' if is_odd else ''}"
        if column == "state":
            is_out = self.dice.random() < 0.4
            self.left_out |= {number} if is_out else set()
            return number, f"{OUT if is_out else 'open'} {number}"
        if column == "price":
            return number, f"{number}.12345678901234567891" if is_odd and side == "postgres" else number
        micros = "123" if is_odd and side == "postgres" else "000"
        return number, f"2026-01-01T{number // 60000:02}:{number // 1000 % 60:02}:07.{number % 1000:03}{micros}Z"

    def _now(self, column: str) -> dict[str, str]:
        """When an edit is made, where people note that."""
        hours, minutes, seconds = (self.tick + 1) // 3600, (self.tick + 1) // 60 % 60, (self.tick + 1) % 60
        return {column: f"2026-03-01T{hours:02}:{minutes:02}:{seconds:02}Z"} if self.setting.tells_time else {}

    def _remember(
        self, side: str, tag: str, act: str, column: str | None = None, number: int | None = None, **more: Any
    ) -> None:
        self.tick += 1
        exposed = side == "glide" and (self.running or self.weather.is_late or self.stage.in_doubt())
        self.edits.append(Edit(self.tick, side, tag, act, column, number, exposed=exposed, **more))
        self.trace.append(f"{self.tick} {side} {tag} {act} {column} {number}")

    def _unwanted(self, tags: list[str]) -> list[str]:
        """The rows of which one is to go: with a filter, often one that it leaves out in Glide."""
        if not self.setting.wide.filter or self.dice.random() < 0.5:
            return tags
        rows = self.stage.glide.rows(TABLE).values()
        outside = {row["Tag"] for row in rows if (row.get(STATE) or "").startswith(OUT)}
        return [tag for tag in tags if tag in outside] or tags

    def _tags(self, side: str) -> list[str]:
        if side == "glide":
            return sorted({row["Tag"] for row in self.stage.glide.rows(TABLE).values()})
        return [
            row["tag"] for row in self.stage.sql("select distinct tag from sim where deleted_at is null order by 1")
        ]

    def _row_id(self, tag: str) -> str:
        return next(row_id for row_id, row in self.stage.glide.rows(TABLE).items() if row["Tag"] == tag)


def number_of(column: str, value: Any) -> int | None:
    """The number a cell carries, in whatever form a side keeps it; None for an empty cell."""
    if value in (None, ""):
        return None
    text = value.isoformat(timespec="microseconds") if hasattr(value, "isoformat") else str(value)
    if column == "at":
        hours, minutes, thousandths = re.search(r"T(\d\d):(\d\d):07\.?(\d{0,3})", text.replace(" ", "T")).groups()  # type: ignore[union-attr]
        return (int(hours) * 60 + int(minutes)) * 1000 + int(thousandths.ljust(3, "0"))
    return int(re.search(r"\d+", text).group())  # type: ignore[union-attr]


def numbers_in(row: dict[str, Any]) -> frozenset[int]:
    """Every number a row carries, in Glide's words or Postgres's."""
    columns = {**COLUMNS, "state": STATE}
    found = [number_of(column, row.get(column, row.get(glide_id))) for column, glide_id in columns.items()]
    return frozenset(number for number in found if number is not None) | items_in(row.get("items", row.get(ITEMS)))


def items_in(items: Iterable[str] | None) -> frozenset[int]:
    """The numbers in a set."""
    return frozenset(int(item[1:]) for item in items or ())
