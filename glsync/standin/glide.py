"""Everything the stand-in knows: apps, tables, writes on their way, spending, settings, calls."""

from __future__ import annotations

import heapq
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from random import Random
from typing import Any

import msgspec

from glsync.standin.columns import Column
from glsync.standin.faults import Faults
from glsync.standin.paging import Snapshots
from glsync.standin.rates import Rates
from glsync.standin.replies import Call, Refused
from glsync.standin.settings import Settings
from glsync.standin.stashes import Stashes
from glsync.standin.tables import ROW_ID, App, Cells, Change, Kind, Table
from glsync.standin.usage import Meter

CALLS_KEPT = 20_000


class Job(msgspec.Struct):
    """Work a v2 call was answered with; it is told of from `due` on, as `result` or as `error`."""

    owner: str
    id: str
    due: float
    result: dict[str, Any] | None = None
    error: dict[str, str] | None = None


class UnknownTable(LookupError):
    """No table, or more than one, has this name."""


class Glide:
    """The state behind the server. Take `lock` around anything longer than one method."""

    def __init__(self, settings: Settings | None = None, clock: Callable[[], float] = time.time) -> None:
        self.lock = threading.RLock()
        self.clock = clock
        self.rates = Rates()
        self.changed = 0
        self.dropped_tables: set[tuple[str, str]] = set()
        self._begin()
        self.set(settings or Settings())

    def _begin(self) -> None:
        """Know nothing."""
        self.apps: dict[str, App] = {}
        self.tables: dict[tuple[str, str], Table] = {}
        self.meters: dict[str, Meter] = {}
        self.faults = Faults()
        self.snapshots = Snapshots()
        self.stashes = Stashes()
        self.jobs: dict[tuple[str, str], Job] = {}
        self.calls: deque[dict[str, Any]] = deque(maxlen=CALLS_KEPT)
        self.queue: list[tuple[float, int, str, str, Change]] = []
        self._queued = 0
        self._noted = 0

    def forget(self, settings: Settings) -> None:
        """Begin anew."""
        with self.lock:
            self.dropped_tables |= set(self.tables)
            self.changed += 1
            self._begin()
            self.rates.forget()
            self.set(settings)

    def set(self, settings: Settings) -> None:
        """Replace the settings; everything random starts anew from their seed."""
        with self.lock:
            self.settings = settings
            self.chance = Random(settings.seed)  # noqa: S311  chance, not secrecy

    # Apps and tables

    def add_app(self, id: str, name: str, tokens: Iterable[str]) -> App:
        """A new app, or the old one with this id under its new name and tokens."""
        app = self.apps[id] = App(id, name, list(tokens))
        self.meters.setdefault(id, Meter())
        self.changed += 1
        return app

    def add_table(self, app_id: str, id: str, name: str, kind: Kind, columns: Iterable[Column]) -> Table:
        table = self.tables[app_id, id] = Table(app_id, id, name, kind, columns)
        self.changed += 1
        return table

    def drop_table(self, table: Table) -> None:
        del self.tables[table.app_id, table.id]
        self.dropped_tables.add((table.app_id, table.id))
        self.changed += 1

    def apps_of(self, token: str) -> list[App]:
        return [app for app in self.apps.values() if token and token in app.tokens]

    def tables_of(self, app_id: str) -> list[Table]:
        return [table for table in self.tables.values() if table.app_id == app_id]

    def named(self, name: str, app_id: str | None = None) -> Table:
        """A table by any of its names, for editors and tests.

        Raises:
            UnknownTable: there is none, or several apps have one.
        """
        found = [t for t in self.tables.values() if t.answers_to(name) and app_id in (None, t.app_id)]
        if not found:
            found = [t for t in self.tables.values() if t.name == name and app_id in (None, t.app_id)]
        if len(found) != 1:
            raise UnknownTable(f"{len(found)} tables are called {name!r}; name one, with its app if need be")
        return found[0]

    # Who may see what

    def app_for(self, token: str, app_id: str) -> App:
        """v1: the app, if the token sees it."""
        apps = self.apps_of(token)
        if not apps:
            raise Refused(self.settings.bad_token_status, "Invalid API token")
        for app in apps:
            if app.id == app_id:
                return app
        raise Refused(self.settings.unknown_app_status, f"App {app_id} not found")

    def table_for(self, app: App, name: str) -> Table:
        """v1: a table of the app."""
        for table in self.tables_of(app.id):
            if table.answers_to(name):
                return table
        raise Refused(self.settings.unknown_app_status, f"Table {name} not found", "table_not_found")

    def team(self, token: str) -> list[App]:
        """v2: the apps a token sees; v2 says 404 to a token it does not know."""
        if apps := self.apps_of(token):
            return apps
        raise Refused(404, "API key not found, or duplicate API key found")

    def big_tables(self, token: str) -> list[Table]:
        apps = {app.id for app in self.team(token)}
        return [table for table in self.tables.values() if table.app_id in apps and self.in_v2(table)]

    def big_table(self, token: str, id: str) -> Table:
        apps = {app.id for app in self.team(token)}
        for table in self.tables.values():
            if table.app_id in apps and table.answers_to(id):
                if self.in_v2(table):
                    return table
                raise Refused(404, f"Table {id} is not a Big Table", "table_not_big_table")
        raise Refused(404, f"Table {id} not found", "table_not_found")

    def refuse_if_spent(self, app_id: str) -> None:
        """402 once the app's quota of updates is used up."""
        quota = self.settings.quota
        if quota is not None and float(self.meters[app_id].updates) >= quota:
            raise Refused(402, "The updates of this plan are used up", "payment_required")

    def in_v2(self, table: Table) -> bool:
        return table.kind == "big" or (table.kind == "small" and self.settings.small_tables_in_v2)

    # Writes

    def write(self, table: Table, changes: list[Change]) -> int:
        """Let the changes take effect now; how many rows changed."""
        done = table.apply(changes, self.settings, self.chance)
        self.changed += 1
        return done

    def accept(self, table: Table, changes: list[Change]) -> None:
        """Take v1 writes: at once on Big and Small Tables, through the queue on classic ones."""
        if table.kind != "glide":
            self._charge(table, self.write(table, changes))
            return
        if self.settings.queue_order == "shuffled":
            self.chance.shuffle(changes)
        for change in changes:
            due = self.clock() + self.settings.queue_delay + self.chance.random() * self.settings.queue_jitter
            self._queued += 1
            heapq.heappush(self.queue, (due, self._queued, table.app_id, table.id, change))
        self.changed += 1
        self.settle()

    def settle(self, *, everything: bool = False) -> int:
        """Let queued writes that are due take effect, or all of them; how many did."""
        done, now = 0, self.clock()
        while self.queue and (everything or self.queue[0][0] <= now):
            _, _, app_id, table_id, change = heapq.heappop(self.queue)
            if table := self.tables.get((app_id, table_id)):
                self._charge(table, self.write(table, [change]))
            done += 1
        return done

    def restore_queue(self, writes: list[tuple[float, int, str, str, Change]]) -> None:
        """Take up writes that were on their way when the stand-in stopped."""
        self.queue = sorted(writes)
        self._queued = max((number for _, number, *_ in writes), default=0)

    def _charge(self, table: Table, rows: int) -> None:
        self.meters[table.app_id].wrote_classic(rows)

    def edit(
        self,
        table: Table,
        *,
        add: Iterable[Cells] = (),
        set: Mapping[str, Cells] | None = None,
        delete: Iterable[str] = (),
    ) -> list[str]:
        """Change rows as an editor in Glide does: free, at once, any value; the ids of the added rows."""
        with self.lock:
            self.settle()
            changes = [Change("add", str(row.get(ROW_ID) or table.new_row_id()), _cells(row)) for row in add]
            ids = [change.row_id for change in changes]
            changes += [Change("set", id, _cells(cells)) for id, cells in (set or {}).items()]
            changes += [Change("delete", id) for id in delete]
            if unknown := {id for c in changes for id in c.cells} - table.columns.keys():
                raise LookupError(f"{table.name} has no column {min(unknown)!r}")
            if missing := [c.row_id for c in changes if c.op != "add" and c.row_id not in table.rows]:
                raise LookupError(f"{table.name} has no row {missing[0]!r}")
            self.write(table, changes)
            return ids

    def set_column(self, table: Table, column: Column) -> None:
        with self.lock:
            table.columns[column.id] = column
            self.changed += 1

    def drop_column(self, table: Table, id: str) -> None:
        with self.lock:
            self.write(table, [Change("set", row, {id: None}) for row in table.rows])
            del table.columns[id]

    def move_first(self, table: Table, count: int) -> None:
        """Take the first rows out and put them back at the end, as other people's edits might."""
        moved = [(id, table.row(id) or {}) for id in table.rows.first(count)]
        self.write(table, [Change("delete", id) for id, _ in moved])
        self.write(table, [Change("add", id, _cells(row)) for id, row in moved])

    # Spending and calls

    def spent(self) -> int:
        """Thousandths of an update, all apps together."""
        return sum(meter.reads + meter.writes for meter in self.meters.values())

    def usage(self, app_id: str | None = None) -> dict[str, Any]:
        """One app's spending; without an app, the sums of all."""
        if app_id is not None:
            return self.meters[app_id].as_dict()
        total = Meter()
        for meter in self.meters.values():
            total.add(meter)
        return total.as_dict()

    def reset_usage(self) -> None:
        with self.lock:
            self.meters = {id: Meter() for id in self.meters}
            self.changed += 1

    def note(self, call: Call, status: int | None, seconds: float, fault: str | None) -> None:
        """Remember a call; `status` None: it got no answer."""
        with self.lock:
            self._noted += 1
            self.calls.append(
                {
                    "n": self._noted,
                    "at": self.clock(),
                    "site": call.site,
                    "method": call.method,
                    "path": call.address,
                    "query": dict(call.query),
                    "app": call.app_id,
                    "table": call.table_id,
                    "status": status,
                    "rows": call.rows,
                    "updates": str(Decimal(call.cost) / 1000),
                    "fault": fault,
                    "bytes": len(call.body),
                    "body": call.body[: self.settings.log_body].decode(errors="replace"),
                    "seconds": round(seconds, 6),
                }
            )
            if meter := self.meters.get(call.app_id):
                meter.called(call.site)

    @contextmanager
    def settled(self) -> Iterator[Glide]:
        """The state, locked, with everything due done."""
        with self.lock:
            self.settle()
            yield self


def _cells(row: Cells) -> dict[str, Any]:
    return {id: cell for id, cell in row.items() if id != ROW_ID}
