"""Signed webhooks as Standard Webhooks describes them: HMAC-SHA256 over "id.timestamp.body".

Source:
    github.com/standard-webhooks/standard-webhooks, spec: symmetric signatures, "v1", keys written whsec_<base64>.
"""

from __future__ import annotations

import hmac
import secrets
from base64 import b64decode, b64encode
from collections.abc import Iterable
from hashlib import sha256

KEY_PREFIX, VERSION = "whsec_", "v1"
KEY_BYTES = 32
SHORTEST, LONGEST = 24, 64
"""Bytes a key may have."""
TOLERANCE = 300
"""Seconds a message may be old, or ahead of our clock."""


def new_key() -> str:
    return KEY_PREFIX + b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def key_bytes(text: str) -> bytes:
    """The key behind its written form.

    Raises:
        ValueError: not base64, or not of 24 to 64 bytes. The message leaves the key out.
    """
    try:
        key = b64decode(text.strip().removeprefix(KEY_PREFIX), validate=True)
    except ValueError:
        raise ValueError("a signing key is written whsec_ and base64") from None
    if not SHORTEST <= len(key) <= LONGEST:
        raise ValueError(f"a signing key has {SHORTEST} to {LONGEST} bytes, this one has {len(key)}")
    return key


def signature(key: str, message_id: str, timestamp: int, body: bytes) -> str:
    signed = b"%s.%d.%s" % (message_id.encode(), timestamp, body)
    return f"{VERSION},{b64encode(hmac.digest(key_bytes(key), signed, sha256)).decode()}"


def signatures(keys: Iterable[str], message_id: str, timestamp: int, body: bytes) -> str:
    """The header webhook-signature: one for each key, so that a receiver may change from one to the next."""
    return " ".join(signature(key, message_id, timestamp, body) for key in keys)


def is_signed(keys: Iterable[str], message_id: str, timestamp: int, body: bytes, given: str) -> bool:
    """Is one of the given signatures by one of the keys? Each is compared in constant time."""
    wanted = [signature(key, message_id, timestamp, body).encode() for key in keys]
    return any(hmac.compare_digest(one, other.encode()) for one in wanted for other in given.split(" ")[:10])
