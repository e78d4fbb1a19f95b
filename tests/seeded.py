"""Secrets that tests plant, and where they stand when they get out."""

from __future__ import annotations

import base64

from glsync.redaction import never_show

TOLD = (
    "token-of-ops-1234", "d3b07384-d113-4ec6-a5c2-4f2b8a1d9e07", 'odd"glide\\token-ü-77', "hdr_Zm9vYmFyYmF6cXV4cXV1eA",
    "path_nB8sVqT1kLw0Yx3", "pa55-word/of:db", "T024BE7LD/B1H2J3K4L/c4fe-a11-b0b", base64.b64encode(b"m" * 32).decode(),
    "6d" * 32, "whole-sentence secret with spaces 9",
)  # fmt: skip
"""Secrets the program was told of: tokens, headers, passwords, keys; they may stand anywhere."""

LOOKING = {
    "gls_Q2hhcmxpZSBhbmQgdGhlIGNob2NvbGF0ZQ9": "token {} was made",
    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw": "signed with {}",
    "xJ3k9fLq7Zt5Vb2Nw8Rm": "POST /hooks/{} 202",
    "pw-of-db-1": "connection to postgresql://me:{}@db.example.com:5432/app failed",
    "p%40ss%2Fw0rd1": "postgresql+psycopg2://me:{}@db/app",
    "pg-pw-0003": "postgres://me:{}@/app?host=/tmp",
    "smtp-pw-0004": "smtps://mailer:{}@mail.example.com",
    "redis-pw-0005": "redis://:{}@cache:6379/0",
    "proxy-pw-0006": "https://user:{}@proxy.example.com/x",
    "bearer0007abcdef": "Authorization: Bearer {}",
    "YmFzaWM6MDAwOA==": "Authorization: Basic {}",
    "eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoic2VydmljZSJ9.c2lnbmF0dXJlMDAwOQ": "service key {}",
    "sb_secret_0010abcdefghij": "SUPABASE_KEY {}",
    "apikey-0011": "apikey: {}",
    "api-key-0012": '{{"api_key": "{}", "rows": 3}}',
    "pw-0013-": "password={}",
    "pw-0014-": "PASSWD: {}",
    "secret-key-0015": "secret_key = {}",
    "client-0016": "client_secret={}&x=1",
    "cookie-0017": "cookie_secret: '{}'",
    "access-0018": "?access_token={}&y=2",
    "refresh-0019": '{{"refresh_token":"{}"}}',
    "header-0020": "X-Webhook-Secret: {}",
    "QUJDREVGR0hJSktMTU5PUA==": "stored glsync:v1:1:{}",
    "UVdFUlRZVUlPUEFTREZHSA==": "wrapped glsync:k1:0a1b2c3d:{}",
}
"""Secrets nobody told us of -> how they look where they stand."""

SECRETS = (*TOLD, *LOOKING)


def plant() -> str:
    """A text that holds every one of them."""
    for secret in TOLD:
        never_show(secret)
    told = [f"it said {secret} to us" for secret in TOLD]
    return " | ".join([*told, *(around.format(secret) for secret, around in LOOKING.items())])


def found_in(text: str) -> list[str]:
    """Those that stand in a text, however it is written down: plain, or in JSON."""
    spelled = text.replace('\\"', '"').replace("\\\\", "\\").replace("\\u00fc", "ü")
    return [secret for secret in SECRETS if secret in text or secret in spelled]
