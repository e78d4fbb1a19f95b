"""Is a connection right? What a person typed, checked by itself; then tried against Glide in four steps."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from glsync import glide
from glsync.errors import (
    ConfigError,
    GlideError,
    GlideGarbled,
    GlideRefusedToken,
    GlideUnreachable,
    InvalidInput,
    SecurityBlocked,
    SyncError,
)
from glsync.values import Connection, Endpoints, GlideTable

ADDRESSES = ("classic_url", "rest_url", "bigtables_url")
SETTINGS = (*ADDRESSES, "timezone", "timeout")
"""What `settings` may hold: three addresses, the zone of date-times without an offset, seconds to wait for a byte."""


CHECK_SECONDS = 10.0

StepName = Literal["reach", "sign in", "list tables", "read a row"]
STEPS: tuple[StepName, ...] = ("reach", "sign in", "list tables", "read a row")


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a check. `detail` says what was found or what went wrong, in words for people."""

    name: StepName
    state: Literal["done", "failed", "skipped"]
    detail: str
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class ConnectionDraft:
    """A connection as somebody types it. The token is in clear and therefore kept out of repr."""

    name: str
    app_id: str
    token: str = field(repr=False)
    settings: dict[str, Any] = field(default_factory=dict)


# Checking what a person typed


def checked(draft: ConnectionDraft) -> ConnectionDraft:
    """The draft without stray blanks.

    Raises:
        InvalidInput: a field is empty or wrong.
        SecurityBlocked: an address connections may not name.
    """
    return ConnectionDraft(
        name=filled(draft.name, "name"),
        app_id=filled(draft.app_id, "app ID"),
        token=checked_token(draft.token),
        settings=checked_settings(draft.settings),
    )


def checked_settings(settings: dict[str, Any]) -> dict[str, Any]:
    """The settings without the empty ones; addresses without a slash at their end."""
    if unknown := sorted(settings.keys() - set(SETTINGS)):
        raise InvalidInput(f"Unknown settings: {', '.join(unknown)}", hint=f"Known are {', '.join(SETTINGS)}.")
    kept = {key: value.strip() if isinstance(value, str) else value for key, value in settings.items()}
    kept = {key: value for key, value in kept.items() if value not in (None, "")}
    kept |= {name: str(kept[name]).rstrip("/") for name in ADDRESSES if name in kept}
    _check_zone(kept.get("timezone"))
    if "timeout" in kept:
        kept["timeout"] = _seconds(kept["timeout"])
    glide.check_endpoints(endpoints_of(kept))
    return kept


def _check_zone(zone: object) -> None:
    try:
        if zone is not None:
            ZoneInfo(str(zone))
    except (ZoneInfoNotFoundError, ValueError):
        raise InvalidInput(f"{zone!r} is not a time zone", hint="Use a name such as Europe/Berlin or UTC.") from None


def _seconds(value: object) -> float:
    try:
        seconds = float(str(value))
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 600:
        raise InvalidInput(f"timeout is {value!r}, which is not a number of seconds", hint="Use 1 to 600.")
    return seconds


def checked_token(token: str) -> str:
    """The token without blanks around it.

    Raises:
        InvalidInput: empty, or with a character no token has; the message leaves the token out.
    """
    token = filled(token, "token")
    if not token.isascii() or not token.isprintable() or " " in token:
        raise InvalidInput("The token holds a blank or a character no token has", hint="Copy it from Glide again.")
    return token


def filled(text: str, what: str) -> str:
    if not text.strip():
        raise InvalidInput(f"The {what} is empty", hint=f"Enter the {what}.")
    return text.strip()


def endpoints_of(settings: dict[str, Any]) -> Endpoints:
    """The three addresses; Glide's own where none is given."""
    return Endpoints(**{name: str(settings[name]).rstrip("/") for name in ADDRESSES if settings.get(name)})


# Trying it


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of trying a connection; `app_name` is None when Glide does not tell it."""

    steps: list[Step]
    app_name: str | None = None

    @property
    def failure(self) -> Step | None:
        return next((step for step in self.steps if step.state == "failed"), None)


def tried(connection: Connection) -> Tried:
    """Reach, sign in, list tables, read a row: given up after CHECK_SECONDS, ended by the first that fails."""
    give_up: threading.Event = threading.Event()
    answer: Future[Tried] = Future()
    threading.Thread(target=_try, args=(connection, give_up, answer), daemon=True).start()
    try:
        return answer.result(timeout=CHECK_SECONDS)
    except TimeoutError:
        return failed(
            "reach", GlideUnreachable(f"No complete answer within {CHECK_SECONDS:.0f} seconds"), CHECK_SECONDS
        )
    finally:
        give_up.set()


def _try(connection: Connection, give_up: threading.Event, answer: Future[Tried]) -> None:
    def pause(seconds: float, error: GlideError) -> None:
        if seconds > 1 or give_up.wait(seconds):
            raise error

    begun = monotonic()
    try:
        with glide.open_glide(connection, pause=pause) as app:
            answer.set_result(_steps(app, begun))
    except SyncError as error:
        answer.set_result(failed(_stage(error), error, monotonic() - begun))
    except Exception as error:  # noqa: BLE001  # raised again where the answer is waited for
        answer.set_exception(error)


def _steps(app: glide.App, begun: float) -> Tried:
    found = app.tables()
    name = _name(app)
    steps = [
        Step("reach", "done", f"{app.connection.endpoints.rest_url} answers", monotonic() - begun),
        Step("sign in", "done", f"The token is accepted for {name}" if name else "The token is accepted"),
        Step("list tables", "done", f"{len(found)} table{'' if len(found) == 1 else 's'}"),
        _read_step(app, found),
    ]
    return Tried(steps, name)


def _name(app: glide.App) -> str | None:
    """The app's name, which only decorates: a token that reaches the tables need not reach the list of apps."""
    try:
        return app.name()
    except GlideError:
        return None


def _read_step(app: glide.App, found: list[GlideTable]) -> Step:
    """Prove the token by a real read, of a Big Table where there is one: there a row costs next to nothing."""
    if not found:
        return Step("read a row", "skipped", "The app has no tables yet")
    table = next((table for table in found if table.kind == "big"), found[0])
    begun = monotonic()
    try:
        rows = app.sample(table.id, 1)
    except SyncError as error:
        return Step("read a row", "failed", _told(error), monotonic() - begun)
    said = f"Read a row of {table.name}" if rows else f"{table.name} can be read and is empty"
    return Step("read a row", "done", said, monotonic() - begun)


def _stage(error: SyncError) -> StepName:
    if isinstance(error, GlideUnreachable | GlideGarbled | SecurityBlocked | ConfigError):
        return "reach"
    return "sign in" if isinstance(error, GlideRefusedToken) else "list tables"


def failed(stage: StepName, error: SyncError, seconds: float = 0.0) -> Tried:
    """The steps of a check that ended at `stage`."""
    at = STEPS.index(stage)
    before = [Step(name, "done", "") for name in STEPS[:at]]
    after = [Step(name, "skipped", "Not tried") for name in STEPS[at + 1 :]]
    return Tried([*before, Step(stage, "failed", _told(error), seconds), *after])


def _told(error: SyncError) -> str:
    return f"{error}. {error.hint}" if error.hint else str(error)
