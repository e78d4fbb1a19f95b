"""One attempt to deliver one message to one address that wants to be told; the next one is queued when it fails.

Messages are signed as Standard Webhooks says. An address that answers 410 is not told any more.
"""

from __future__ import annotations

import json
import random
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import requests
import structlog
from psycopg2 import extras

from glsync import __version__, outward, signing, statements
from glsync.config import settings
from glsync.errors import SyncError
from glsync.redaction import never_show
from glsync.store import db, identity, secrets

KEY_FIELD = "subscription_key"
WAITS = tuple(
    timedelta(**wait)
    for wait in (
        {"seconds": 5}, {"minutes": 5}, {"minutes": 30}, {"hours": 2}, {"hours": 5}, {"hours": 10}, {"hours": 14},
        {"hours": 20}, {"hours": 24},
    )
)  # fmt: skip
"""Between two attempts: 3 days and 4 hours in all."""
JITTER = 0.1
CONNECT_SECONDS, SILENCE_SECONDS = 10.0, 15.0
GONE = 410
LEAST_PATH = 16
"""Characters from which on the path of an address is taken for a secret."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Message:
    """What is to be delivered where. `attempts` were made before this one."""

    id: UUID
    subscription_id: UUID
    url: str
    body: bytes
    keys: tuple[str, ...]
    attempts: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of an attempt: the HTTP status, or in words why there is none."""

    status: int | None
    said: str | None = None

    @property
    def is_taken(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def deliver(delivery_id: str) -> None:
    """Make one attempt, unless there is nothing to do any more."""
    message = _load(delivery_id)
    if message is None:
        return
    answer = send(message)
    _note(message, answer)
    log.info("webhook", delivery=delivery_id, attempt=message.attempts + 1, status=answer.status, said=answer.said)


def send(message: Message) -> Answer:
    """POST the message to its address. Nothing of the answer but its status is read."""
    now = int(time.time())
    headers = {
        "Content-Type": "application/json",
        "User-Agent": f"glsync/{__version__}",
        "webhook-id": str(message.id),
        "webhook-timestamp": str(now),
        "webhook-signature": signing.signatures(message.keys, str(message.id), now, message.body),
    }
    trusted = settings().webhook_hosts
    try:
        parts = outward.checked(message.url, trusted=trusted)
        exempt = [message.url] if outward.is_trusted(parts, trusted) else []
        with (
            outward.guard(requests.Session(), trusted_urls=exempt) as session,
            session.post(
                message.url, data=message.body, headers=headers, timeout=(CONNECT_SECONDS, SILENCE_SECONDS),
                allow_redirects=False, stream=True,
            ) as response,
        ):  # fmt: skip
            return Answer(response.status_code)
    except SyncError as error:
        return Answer(None, str(error))
    except (requests.RequestException, OSError) as error:
        return Answer(None, f"No answer: {type(error).__name__}")


def keep_secret(url: str) -> None:
    """Whoever knows the whole address of a chat program's webhook may write there."""
    _, _, path = url.partition("://")[2].partition("/")
    if len(path) >= LEAST_PATH:
        never_show(path)


def _load(delivery_id: str) -> Message | None:
    with db.connect("glsync webhook") as connection, connection.cursor(cursor_factory=extras.RealDictCursor) as cursor:
        identity.refuse_copy(cursor)  # the original tells its receivers itself
        cursor.execute(statements.text("delivery_load"), {"id": delivery_id})
        found = cursor.fetchone()
        if found is None:
            return None
        workspace, subscription = UUID(str(found["workspace_id"])), UUID(str(found["subscription_id"]))
        keys = [
            secrets.decrypt(connection, workspace, subscription, KEY_FIELD, sealed) for sealed in found["signing_keys"]
        ]
    keep_secret(found["url"])
    body = json.dumps(found["payload"], ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
    return Message(UUID(delivery_id), subscription, found["url"], body, tuple(keys), found["attempts"])


def _note(message: Message, answer: Answer) -> None:
    """Write down what came of it and queue the next attempt, in one transaction."""
    again = None if answer.is_taken or answer.status == GONE else _next(message.attempts)
    state = "delivered" if answer.is_taken else "waiting" if again else "failed"
    values: dict[str, Any] = {
        "id": str(message.id), "state": state, "status": answer.status, "said": answer.said, "next": again,
    }  # fmt: skip
    with db.connect("glsync webhook") as connection, connection.cursor() as cursor:
        cursor.execute(statements.text("delivery_note"), values)
        if again:
            cursor.execute("select glsync.queue_delivery(%s, %s)", (str(message.id), again))
        if answer.status == GONE:
            cursor.execute(statements.text("subscription_gone"), {"id": str(message.subscription_id)})


def _next(attempts: int) -> datetime | None:
    """When to try again after so many attempts and one more; None: not any more."""
    if attempts >= len(WAITS):
        return None
    wait = WAITS[attempts] * (1 + random.random() * JITTER)  # noqa: S311 - spreads the load, hides nothing
    return datetime.now(UTC) + wait
