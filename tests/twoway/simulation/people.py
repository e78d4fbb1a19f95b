"""Two people, one in Glide and one in Postgres, who edit, add and delete, and remember everything they did.

Every value anybody writes is new in the world and carries a number, so whoever finds it knows whose edit it was.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.twoway.simulation.stage import CHANGED, COLUMNS, NOTE, TABLE, Setting, Stage
from tests.twoway.simulation.weather import Weather


@dataclass(frozen=True)
class Edit:
    """Something a person did. `number` is that of the value, None for an emptied cell; a delete knows what it took."""

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

    def act(self) -> None:
        """One thing, on one side."""
        if not self.left:
            return
        self.left -= 1
        side = self.dice.choice(["glide", "postgres"])
        tags = self._tags(side)
        roll = self.dice.random()
        if not tags or roll < 0.22:
            self._add(side)
        elif roll < 0.32 and len(tags) > 2:
            self._delete(side, self.dice.choice(tags))
        elif roll < 0.37:
            self._note(side, self.dice.choice(tags))
        else:
            self._edit(side, self.dice.choice(tags), self.dice.choice(list(COLUMNS)))

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
        made = {column: self._value(column, side) for column in COLUMNS if self.dice.random() < 0.8}
        if side == "glide":
            cells = {COLUMNS[column]: value for column, (_, value) in made.items()} | self._now(CHANGED)
            self.stage.glide.edit(TABLE, add=[{"$rowID": f"g{self.tags:03}", "Tag": tag, **cells}])
        else:
            row = {"tag": tag} | {column: value for column, (_, value) in made.items()} | self._now("edited_at")
            self.stage.sql(f"insert into sim ({', '.join(row)}) values ({', '.join(['%s'] * len(row))})", *row.values())
        self._remember(side, tag, "add")
        for column, (number, _) in made.items():
            self._remember(side, tag, "edit", column, number)

    def _edit(self, side: str, tag: str, column: str) -> None:
        number: int | None
        if self.dice.random() < 0.1:
            number, value = None, None
        elif side == "glide" and column == "price" and self.dice.random() < 0.1:
            number, _ = self._value(column, side)
            value = f"much {number}"
        else:
            number, value = self._value(column, side)
        if side == "glide":
            self.stage.glide.edit(TABLE, set={self._row_id(tag): {COLUMNS[column]: value} | self._now(CHANGED)})
        else:
            cells = {column: value} | self._now("edited_at")
            sets = ", ".join(f"{name} = %s" for name in cells)
            self.stage.sql(f"update sim set {sets} where tag = %s and deleted_at is null", *cells.values(), tag)
        self._remember(side, tag, "edit", column, number)

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

    def _value(self, column: str, side: str) -> tuple[int, Any]:
        """A number nobody used and a value that carries it; now and then one that Glide keeps less well."""
        self.numbers += 1
        number = self.numbers
        is_odd = self.dice.random() < 0.2
        if column == "name":
            return number, f"v{number}{'  ' if is_odd else ''}"
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
    found = [number_of(column, row.get(column, row.get(glide_id))) for column, glide_id in COLUMNS.items()]
    return frozenset(number for number in found if number is not None)
