"""Something that happened to a run or an error."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Event:
    """`level` is debug, info, warning or error; the message is a sentence for people."""

    at: datetime
    level: str
    message: str
