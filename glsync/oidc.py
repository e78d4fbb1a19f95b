"""Our settings of a sign-in in the form Streamlit reads them: the section [auth] of its secrets."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

from glsync.config import Settings
from glsync.errors import ConfigError
from glsync.redaction import never_show

CALLBACK = "/oauth2callback"
COOKIE = "cookie.secret"
"""The file in GLSYNC_HOME that signs cookies of a sign-in; several machines share one GLSYNC_COOKIE_SECRET instead."""


def streamlit_auth(chosen: Settings) -> dict[str, Any] | None:
    """{"auth": ...} for Streamlit; None where the sign-in is set up in Streamlit's own file, or not at all.

    Raises:
        ConfigError: naming every setting that is missing.
    """
    if chosen.oidc_metadata_url is None:
        return None
    _refuse_gaps(chosen)
    client_secret, cookie_secret = chosen.oidc_client_secret.get_secret_value(), _cookie_secret(chosen)
    never_show(client_secret)
    never_show(cookie_secret)
    return {
        "auth": {
            "redirect_uri": chosen.public_url.rstrip("/") + CALLBACK,
            "cookie_secret": cookie_secret,
            "client_id": chosen.oidc_client_id,
            "client_secret": client_secret,
            "server_metadata_url": chosen.oidc_metadata_url,
        }
    }


def _refuse_gaps(chosen: Settings) -> None:
    wanted = {
        "GLSYNC_OIDC_CLIENT_ID": chosen.oidc_client_id,
        "GLSYNC_OIDC_CLIENT_SECRET": chosen.oidc_client_secret.get_secret_value(),
        "GLSYNC_PUBLIC_URL": chosen.public_url,
    }
    if missing := [name for name, value in wanted.items() if not value]:
        raise ConfigError(
            f"People are to sign in, and {', '.join(missing)} {'is' if len(missing) == 1 else 'are'} not set",
            hint="docs/security.md tells what belongs there.",
        )
    if not chosen.public_url.startswith(("https://", "http://")):
        raise ConfigError("GLSYNC_PUBLIC_URL is no address such as https://sync.example.com", hint="Correct it.")


def _cookie_secret(chosen: Settings) -> str:
    if chosen.cookie_secret is not None:
        return chosen.cookie_secret.get_secret_value()
    file: Path = chosen.home / COOKIE
    try:
        return file.read_text().strip()
    except FileNotFoundError:
        chosen.home.mkdir(parents=True, exist_ok=True)
        made = secrets.token_urlsafe(32)
        file.touch(mode=0o600)
        file.write_text(f"{made}\n")
        return made
