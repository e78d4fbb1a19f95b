"""The API as one ASGI app."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.middleware import Middleware

from glsync import __version__
from glsync.api import actions, callers, calls, failures, metrics, resources
from glsync.api.cors import Cors
from glsync.api.guards import BodyLimit, Calm, RequestIds
from glsync.config import settings

LARGEST_BODY = 1024 * 1024
"""Bytes; the API's own bodies have some hundred, those of webhooks a few thousand."""


def build() -> FastAPI:
    """A new app: its own rate limits, the settings as they are now."""
    app = FastAPI(
        title="Glide Sync",
        version=__version__,
        description="Keeps Glide tables and Postgres tables equal. Every call needs an API token.",
        openapi_url="/api/openapi.json",
        docs_url=None,  # their pages load scripts from elsewhere, which our headers forbid
        redoc_url=None,
        redirect_slashes=False,
        middleware=[
            Middleware(RequestIds),
            Middleware(Calm),
            Middleware(Cors, origins=settings().cors_origins),
            Middleware(BodyLimit, largest=LARGEST_BODY),
        ],
    )
    app.state.callers = callers.new_callers()
    failures.install(app)
    for part in (actions, resources, calls, metrics):
        app.include_router(part.router)
    return app
