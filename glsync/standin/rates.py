"""The rate limit of requests: so many per second, so many at one time."""

from __future__ import annotations

from email.utils import formatdate

from glsync.standin.replies import Refused
from glsync.standin.settings import Settings


class TooMany(Refused):
    """A 429; `retry_after` is the header's text, None leaves it out."""

    def __init__(self, retry_after: str | None) -> None:
        super().__init__(429, "Too many requests")
        self.retry_after = retry_after


class Rates:
    """A bucket that holds one second's worth of requests, and a count of those under way."""

    def __init__(self) -> None:
        self.running = 0
        self._left: float | None = None
        self._seen = 0.0

    def forget(self) -> None:
        """Fill the bucket."""
        self._left = None

    def admit(self, settings: Settings, now: float) -> None:
        """Take a request in.

        Raises:
            TooMany: it is one too many.
        """
        if settings.concurrency is not None and self.running >= settings.concurrency:
            raise TooMany(retry_after(settings.retry_after, 1, now))
        rate = settings.requests_per_second
        if rate is None:
            return
        size = max(rate, 1.0)
        left = size if self._left is None else min(size, self._left + (now - self._seen) * rate)
        self._seen = now
        if left < 1:
            self._left = left
            raise TooMany(retry_after(settings.retry_after, (1 - left) / rate, now))
        self._left = left - 1


def retry_after(form: str, seconds: float, now: float) -> str | None:
    """The header's text: whole seconds rounded up, an HTTP date, or nothing."""
    if form == "none":
        return None
    whole = max(0, -int(-seconds // 1))
    return formatdate(now + whole, usegmt=True) if form == "date" else str(whole)
