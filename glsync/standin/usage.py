"""What calls cost: Glide's "updates", counted in thousandths so that sums stay exact."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

import msgspec


class Meter(msgspec.Struct):
    """One app's spending. `reads` and `writes` are thousandths of an update; `calls` counts calls by call site."""

    reads: int = 0
    writes: int = 0
    rows_read: int = 0
    rows_written: int = 0
    calls: dict[str, int] = {}

    @property
    def updates(self) -> Decimal:
        return Decimal(self.reads + self.writes) / 1000

    def as_dict(self) -> dict[str, Any]:
        """For people and tests; amounts are exact decimal texts."""
        return {
            "updates": str(self.updates),
            "reads": str(Decimal(self.reads) / 1000),
            "writes": str(Decimal(self.writes) / 1000),
            "rows_read": self.rows_read,
            "rows_written": self.rows_written,
            "calls": self.calls,
        }

    def add(self, other: Meter) -> None:
        self.reads += other.reads
        self.writes += other.writes
        self.rows_read += other.rows_read
        self.rows_written += other.rows_written
        self.calls = dict(Counter(self.calls) + Counter(other.calls))

    def called(self, site: str) -> None:
        self.calls[site] = self.calls.get(site, 0) + 1

    def read_classic(self, rows: int) -> None:
        """v1: one update for each started 1,000 rows of a call; a call that finds none is one as well."""
        self.rows_read += rows
        self.reads += 1000 * max(1, -(-rows // 1000))

    def wrote_classic(self, rows: int) -> None:
        """v1: one update for each row changed."""
        self.rows_written += rows
        self.writes += 1000 * rows

    def read_big(self, rows: int) -> None:
        """v2: a thousandth of an update for each row."""
        self.rows_read += rows
        self.reads += rows

    def wrote_big(self, rows: int) -> None:
        """v2: a hundredth of an update for each row added, changed or deleted."""
        self.rows_written += rows
        self.writes += 10 * rows
