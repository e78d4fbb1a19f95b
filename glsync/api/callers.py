"""Who calls: the holder of an API token, within its rate."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer
from starlette.requests import HTTPConnection

from glsync.api.failures import NotSignedIn, TooManyCalls
from glsync.api.limits import Buckets
from glsync.config import settings
from glsync.services import tokens
from glsync.services.access import Actor

BURST_SECONDS = 6
"""A caller may save up what it did not use for so long."""
MOST_FAILURES = 30
"""Wrong tokens an address may send at once; then one every two seconds."""


class Callers:
    """The buckets of one web process: for callers with a token, and for addresses that only guess."""

    def __init__(self, rate: float) -> None:
        self.calls = Buckets(rate, rate * BURST_SECONDS)
        self.failures = Buckets(0.5, MOST_FAILURES)

    def admit(self, address: str, token: str | None) -> Actor:
        """Whoever holds this token.

        Raises:
            NotSignedIn: nobody does.
            TooManyCalls: more calls than allowed, or more wrong tokens.
        """
        if not token:
            raise NotSignedIn("This call needs an API token")
        found = tokens.actor_of(token)
        if found is None:
            self.count_failure(address)
            raise NotSignedIn("The API token is unknown, expired or revoked")
        token_id, actor = found
        if wait := self.calls.take(token_id):
            raise TooManyCalls(wait)
        return actor

    def count_failure(self, address: str) -> None:
        """Somebody there guesses. Only their wrong guesses are slowed: others may share the address, as behind a proxy.

        Raises:
            TooManyCalls: more wrong guesses than allowed.
        """
        if wait := self.failures.take(address):
            raise TooManyCalls(wait)


def address_of(connection: HTTPConnection) -> str:
    return connection.client.host if connection.client else ""


def token_of(connection: HTTPConnection) -> str | None:
    """The token of Authorization, else of apikey, as clients made for Supabase's functions send it."""
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    if scheme:
        return token.strip() if scheme.lower() == "bearer" else None
    return connection.headers.get("apikey")


_bearer = HTTPBearer(auto_error=False, description="An API token of this installation")
_apikey = APIKeyHeader(name="apikey", auto_error=False, description="The same token")


def caller(
    request: Request,
    _bearer_token: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
    _key: Annotated[str | None, Security(_apikey)],
) -> Actor:
    """Who calls; every path but the webhooks asks this first."""
    callers: Callers = request.app.state.callers
    return callers.admit(address_of(request), token_of(request))


Caller = Annotated[Actor, Depends(caller)]


def new_callers() -> Callers:
    return Callers(settings().api_rate)
