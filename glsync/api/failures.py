"""Every failure as {"success": false, "error": {"type", "message", "hint"}} with the status that fits it."""

from __future__ import annotations

from typing import Any, Literal

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from glsync.errors import (
    AlreadyRunning,
    CopiedDatabase,
    CopiedMapping,
    DatabaseUnavailable,
    Forbidden,
    GlideBusy,
    GlideError,
    GlideTableMissing,
    GuardStop,
    InvalidInput,
    InvalidMapping,
    NotFound,
    SecurityBlocked,
    StaleVersion,
    SyncError,
)
from glsync.services.hooks import NotProven

log = structlog.get_logger("glsync.api")


class Problem(BaseModel):
    type: str = Field(description="One of the error types, such as NOT_FOUND or RATE_LIMIT")
    message: str = Field(description="What went wrong, and with which thing")
    hint: str = Field(description="What to do about it")


class Failure(BaseModel):
    success: Literal[False]
    error: Problem


class BadRequest(SyncError):
    """The body or an address is not what the API's description says."""

    type = "VALIDATION_ERROR"
    hint = "GET /api/openapi.json describes every call."


class NotSignedIn(SyncError):
    type = "AUTH_ERROR"
    hint = "Send Authorization: Bearer TOKEN; an admin makes one with: python -m glsync token create NAME --role ROLE"


class TooManyCalls(SyncError):
    type = "RATE_LIMIT"
    retryable = True

    def __init__(self, seconds: float) -> None:
        self.retry_after = seconds
        super().__init__("Too many calls", hint=f"Call again in {max(1, round(seconds))} seconds, and less often.")


class TooLarge(SyncError):
    type = "VALIDATION_ERROR"


class RunFailed(SyncError):
    """A run that was waited for did not do its work."""

    def __init__(self, type: str, message: str, hint: str) -> None:
        self.type = type
        super().__init__(message, hint=hint)


STATUS: tuple[tuple[type[SyncError], int], ...] = (
    (BadRequest, 400), (NotSignedIn, 401), (NotProven, 401), (Forbidden, 403), (NotFound, 404),
    (GlideTableMissing, 404), (AlreadyRunning, 409), (CopiedDatabase, 409), (CopiedMapping, 409), (StaleVersion, 409),
    (GuardStop, 409), (TooLarge, 413), (InvalidInput, 422), (InvalidMapping, 422), (SecurityBlocked, 422),
    (TooManyCalls, 429), (GlideBusy, 429), (GlideError, 502), (DatabaseUnavailable, 503),
)  # fmt: skip
"""The first kind that fits decides; anything else is our own trouble, 500."""

OF_TYPE = {
    "API_ERROR": 502, "AUTH_ERROR": 502, "NETWORK_ERROR": 502, "QUOTA_EXCEEDED": 502, "RATE_LIMIT": 502,
    "NOT_FOUND": 502, "CONFIG_ERROR": 422, "VALIDATION_ERROR": 422, "CANCELLED": 409, "ALREADY_RUNNING": 409,
    "GUARD_STOP": 409, "LEASE_LOST": 409, "DATABASE_ERROR": 502, "PERMISSION_ERROR": 502,
}  # fmt: skip
"""For runs, which keep only the type of what ended them."""

RESPONSES: dict[int | str, dict[str, Any]] = {
    400: {"model": Failure, "description": "The call is not what this page describes"},
    401: {"model": Failure, "description": "No token, or one that is unknown, expired or revoked"},
    403: {"model": Failure, "description": "The token's role is not enough"},
    404: {"model": Failure, "description": "No such thing in the token's workspace"},
    409: {"model": Failure, "description": "A run is already under way"},
    413: {"model": Failure, "description": "The body is too large"},
    422: {"model": Failure, "description": "Understood, but it cannot be done, such as a run of an invalid mapping"},
    429: {"model": Failure, "description": "Too many calls, to us or to Glide"},
    500: {"model": Failure, "description": "Trouble of our own; the log has it under the request's id"},
    502: {"model": Failure, "description": "Glide failed, or the run did"},
    503: {"model": Failure, "description": "The database does not serve us now"},
}


LONGEST_WORD = 300
"""Characters of what is said about one part of a call."""


def status_of(error: SyncError) -> int:
    if isinstance(error, RunFailed):
        return OF_TYPE.get(error.type, 500)
    return next((status for kind, status in STATUS if isinstance(error, kind)), 500)


def failure(type: str, message: str, hint: str, status: int, headers: dict[str, str] | None = None) -> JSONResponse:
    said = {"success": False, "error": {"type": type, "message": message, "hint": hint}}
    return JSONResponse(said, status, headers)


def answer(error: SyncError) -> JSONResponse:
    """The response an error of ours is told by."""
    headers = {}
    if isinstance(error, NotSignedIn):
        headers["WWW-Authenticate"] = "Bearer"
    if (seconds := getattr(error, "retry_after", None)) is not None:
        headers["Retry-After"] = str(max(1, round(seconds)))
    return failure(error.type, str(error), error.hint, status_of(error), headers)


def install(app: FastAPI) -> None:
    """Answer every exception in this form."""
    app.add_exception_handler(SyncError, _ours)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _http)


async def _ours(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, SyncError)
    if status_of(error) == 500:
        log.error("a call failed", type=error.type, reason=str(error))
    return answer(error)


async def _malformed(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    problems = [
        f"{_place(problem['loc'])}: {_short(problem['msg'].removeprefix('Value error, '))}"
        for problem in error.errors()[:5]
    ]
    return answer(BadRequest("; ".join(problems)))


def _place(location: tuple[int | str, ...]) -> str:
    return _short(".".join(str(part) for part in location)) or "body"


def _short(text: str) -> str:
    """What was sent may stand in it, and be as long as a body."""
    return text if len(text) <= LONGEST_WORD else f"{text[:LONGEST_WORD]} ..."


async def _http(_request: Request, error: Exception) -> JSONResponse:
    """What the framework itself refuses: an unknown path, a method a path does not have."""
    assert isinstance(error, HTTPException)
    type = {404: "NOT_FOUND", 405: "VALIDATION_ERROR"}.get(error.status_code, "VALIDATION_ERROR")
    headers = dict(error.headers or {})
    return failure(type, str(error.detail), BadRequest.hint, error.status_code, headers)
