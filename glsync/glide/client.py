"""One HTTP conversation with Glide: token, deadline, retry, and every failure as one of our errors.

What may be repeated (reads, conditional writes) is tried again with jitter and Retry-After; what may not is sent once.
Redirects are not followed, because the token would travel with them. No message holds the token.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec
import requests
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential
from urllib3.exceptions import HTTPError

from glsync import __version__, outward
from glsync.config import settings
from glsync.errors import (
    GlideBusy,
    GlideError,
    GlideGarbled,
    GlideQuotaSpent,
    GlideRefusedToken,
    GlideRejected,
    GlideTableMissing,
    GlideUnavailable,
    GlideUnreachable,
)
from glsync.values import Connection

Pause = Callable[[float, GlideError], None]
"""Waits that many seconds before the next try; may raise to give up (a cancelled run does)."""

ATTEMPTS = 6
LONGEST_PAUSE = 60.0
"""Seconds; a Retry-After beyond it ends the call, so that a run never looks frozen."""
CONNECT_SECONDS = 10.0
SILENCE_SECONDS = 30.0
"""The longest wait for the next byte."""
DEADLINE_SECONDS = 120.0
"""The longest one call may take, slow trickles included."""
LARGEST_ANSWER = 256 * 1024 * 1024
"""Bytes; a page of 10,000 rows is some 5 MB."""
CHUNK = 1 << 20

_encode = msgspec.json.Encoder(decimal_format="number").encode
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer with a status below 300."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Client:
    """A requests.Session with Glide's manners. One per connection and thread of work; `close()` it."""

    def __init__(self, connection: Connection, *, pause: Pause | None = None) -> None:
        _check(connection.token)
        self._pause = pause or (lambda seconds, _: threading.Event().wait(seconds) and None)
        self._token = connection.token.encode()
        self._silence = float(connection.settings.get("timeout") or SILENCE_SECONDS)
        self._session = outward.guard(requests.Session(), trusted_urls=_added(connection), pool_size=16)
        self._session.headers.update(
            {"Authorization": f"Bearer {connection.token}", "User-Agent": f"glsync/{__version__}"}
        )
        self.calls = 0

    def close(self) -> None:
        self._session.close()

    def call(
        self,
        method: str,
        url: str,
        *,
        what: str,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        repeat: bool = True,
        waits: bool = True,
        reads: Container[int] = (),
    ) -> Reply:
        """One call, repeated while that helps and is allowed.

        Args:
            what: the thing asked for as people call it ("table 'Products'"), for messages.
            json: the body; encoded once.
            repeat: False for what must not happen twice, such as adding a row.
            waits: False for who sends several calls side by side and has all of them wait when Glide is busy.
            reads: statuses from 300 on whose answer the caller reads itself.
        Raises:
            GlideError: one of its kinds; with repeat=False a GlideUnreachable may mean the call took effect.
        """
        return self.ask(
            lambda reply: reply, method, url, what=what, json=json, headers=headers, params=params, repeat=repeat,
            waits=waits, reads=reads,
        )  # fmt: skip

    def ask(
        self,
        read: Callable[[Reply], T],
        method: str,
        url: str,
        *,
        what: str,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        repeat: bool = True,
        waits: bool = True,
        reads: Container[int] = (),
    ) -> T:
        """`call`, and what `read` makes of the answer; one it finds garbled is asked for again like any failure."""
        body = None if json is None else _encode(json)
        sent = {"Content-Type": "application/json", **(headers or {})} if body is not None else dict(headers or {})
        retrying = Retrying(
            retry=retry_if_exception(
                lambda error: (
                    repeat
                    and isinstance(error, GlideError)
                    and error.retryable
                    and (waits or not isinstance(error, GlideBusy))
                )
            ),
            stop=stop_after_attempt(ATTEMPTS),
            wait=_wait,
            sleep=lambda _: None,
            before_sleep=self._before_next,
            reraise=True,
        )
        return retrying(lambda: self._read_by(read, self._once(method, url, what, body, sent, params, reads)))

    def _read_by(self, read: Callable[[Reply], T], reply: Reply) -> T:
        try:
            return read(reply)
        except GlideError:
            if self._token not in reply.body:
                raise
        return read(self._without_token(reply))  # raises the same without it

    def _without_token(self, reply: Reply) -> Reply:
        return replace(reply, body=reply.body.replace(self._token, b"[token]"))

    def _before_next(self, state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        seconds = state.next_action.sleep if state.next_action else 0.0
        if not isinstance(error, GlideError) or seconds > LONGEST_PAUSE:
            raise error or RuntimeError("a retry without an error")
        self._pause(seconds, error)

    def _once(
        self,
        method: str,
        url: str,
        what: str,
        body: bytes | None,
        headers: Mapping[str, str],
        params: Mapping[str, str] | None,
        reads: Container[int],
    ) -> Reply:
        self.calls += 1
        host = urlsplit(url).netloc
        try:
            with self._session.request(
                method,
                url,
                data=body,
                headers=headers,
                params=params,
                timeout=(CONNECT_SECONDS, self._silence),
                allow_redirects=False,
                stream=True,
            ) as response:
                reply = Reply(response.status_code, response.headers, self._read(response, what))
        except requests.exceptions.SSLError as error:
            raise GlideUnreachable(f"The secure connection to {host} failed: {_reason(error)}") from error
        except (requests.exceptions.RequestException, HTTPError, OSError) as error:
            raise GlideUnreachable(f"{host} gave no whole answer for {what}: {_reason(error)}") from error
        if reply.status >= 300:
            reply = self._without_token(reply)
            if reply.status not in reads:
                raise refusal(reply, what)
        return reply

    def _read(self, response: requests.Response, what: str) -> bytes:
        """The body, within the deadline. requests' own timeout is only for the silence between two bytes."""
        until = time.monotonic() + max(DEADLINE_SECONDS, self._silence)
        chunks, size = [], 0
        while chunk := response.raw.read1(CHUNK, decode_content=True):
            chunks.append(chunk)
            size += len(chunk)
            if time.monotonic() > until:
                raise GlideUnreachable(f"The answer for {what} was not complete after {DEADLINE_SECONDS:.0f} seconds")
            if size > LARGEST_ANSWER:
                raise GlideGarbled(f"The answer for {what} is larger than {LARGEST_ANSWER >> 20} MB")
        return b"".join(chunks)


def _check(token: str) -> None:
    """Refuse what no header takes here, where no library quotes it."""
    if not token or token != token.strip() or not token.isascii() or not token.isprintable():
        raise GlideRefusedToken("The API token is empty or holds characters that no token has")


def _added(connection: Connection) -> list[str]:
    """The connection's addresses on hosts the operator added; they alone may be inside this network."""
    at = connection.endpoints
    urls = ((url, urlsplit(url)) for url in (at.classic_url, at.rest_url, at.bigtables_url))
    return [url for url, parts in urls if settings().is_added_glide_host(parts.hostname or "", parts.port)]


def _wait(state: RetryCallState) -> float:
    """Seconds to the next try: what Retry-After says, else 0.5, 1, 2 ... 10 with full jitter."""
    error = state.outcome.exception() if state.outcome else None
    asked = getattr(error, "retry_after", None)
    if asked is not None:
        return float(asked)
    return float(wait_random_exponential(multiplier=0.5, max=10)(state)) + 0.05


def _reason(error: BaseException) -> str:
    """The innermost cause in words, without the addresses of objects."""
    inner = error
    while (deeper := inner.__cause__ or inner.__context__) is not None:
        inner = deeper
    text = re.sub(r"<[^<>]* object at 0x[0-9a-f]+>:? ?", "", str(inner)) or type(inner).__name__
    return text[:200]


def refusal(reply: Reply, what: str) -> GlideError:
    """What a status of 300 and more means. Glide's 404 has at least four meanings, so its words decide."""
    kind, said = _said(reply.body)
    error = _refusal(reply, what, kind, said)
    error.kind = kind
    return error


def _refusal(reply: Reply, what: str, kind: str, said: str) -> GlideError:
    words = f"{kind} {said}".lower()
    told: dict[str, Any] = {"status": reply.status, "said": said}
    suffix = f": {said}" if said else ""
    if reply.status == 429:
        busy = GlideBusy(f"Glide asked us to slow down while asking for {what} (HTTP 429){suffix}", **told)
        busy.retry_after = _retry_after(reply.headers)
        return busy
    if reply.status >= 500:
        return GlideUnavailable(f"Glide failed on {what} (HTTP {reply.status}){suffix}", **told)
    if reply.status < 400:
        moved = GlideGarbled(f"{what} answered with a redirect (HTTP {reply.status}), which is not followed", **told)
        moved.retryable = False
        return moved
    if reply.status in (401, 403) or (kind in _UNSPECIFIC and _speaks_of_token(words)):
        return GlideRefusedToken(f"Glide does not accept the API token (HTTP {reply.status}){suffix}", **told)
    if reply.status == 402 or "payment_required" in words:
        return GlideQuotaSpent(f"Glide's quota of updates is used up (HTTP {reply.status}){suffix}", **told)
    if reply.status == 404 or _speaks_of_missing_table(words):
        return GlideTableMissing(f"Glide does not know {what} (HTTP {reply.status}){suffix}", **told)
    return GlideRejected(f"Glide rejected {what} (HTTP {reply.status}){suffix}", **told)


_UNSPECIFIC = frozenset({"", "request_error", "request_validation_error"})
"""Error types that leave it to the message what is wrong; Glide says request_error of a token it does not know."""
_TOKEN = re.compile(
    r"api[ _-]?key|unauthori[sz]ed|not authenticated"
    r"|\b(api|access|auth\w*|bearer|invalid|unknown|bad|missing|expired|revoked)\b.{0,20}\btoken\b"
    r"|\btoken\b.{0,30}\b(invalid|unknown|missing|expired|revoked|not (found|valid|known))\b"
)


def _speaks_of_token(words: str) -> bool:
    return bool(_TOKEN.search(words)) and not re.search(r"continuation|page|cursor|startat", words)


def _speaks_of_missing_table(words: str) -> bool:
    return bool(
        re.search(r"table_not|(table|app)\b.*(not found|unknown|does not exist|no such)|no such (table|app)", words)
    )


def _said(body: bytes) -> tuple[str, str]:
    """(error type, message) of the three shapes Glide's errors come in; of anything else its first words."""
    try:
        found = msgspec.json.decode(body)
    except (ValueError, RecursionError):
        return "", re.sub(r"<[^>]*>|\s+", " ", body[:400].decode(errors="replace")).strip()[:120]
    if isinstance(found, list) and found:
        found = found[0]
    if not isinstance(found, dict):
        return "", ""
    error = found.get("error", found)
    if isinstance(error, dict):
        return str(error.get("type", "")), str(error.get("message", ""))[:300]
    return "", str(found.get("message") or error)[:300]


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds, from either form of the header; None when there is none we can read."""
    text = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]*)?", text):
        return float(text)
    try:
        return max(0.0, (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None
