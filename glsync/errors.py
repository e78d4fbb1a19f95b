"""Every error we raise.

SyncError                      type                 retryable
├── ConfigError                CONFIG_ERROR         no    settings, mapping files
├── InvalidMapping             CONFIG_ERROR         no    carries the problems found
├── SchemaDrift                SCHEMA_DRIFT         no    columns went away or changed since the mapping was made
├── InvalidInput               VALIDATION_ERROR     no    something a person typed or sent
├── NotFound                   NOT_FOUND            no    no such connection, mapping, run, error
├── Forbidden                  PERMISSION_ERROR     no    the role is not enough
├── AlreadyRunning             ALREADY_RUNNING      no    carries the run that is
├── ParentsFirst               ALREADY_RUNNING      yes   mappings that this one refers to run before it
├── StaleVersion               STALE_WRITE          no    somebody else saved first
├── GuardStop                  GUARD_STOP           no    waits for approval of exactly one plan
├── CopiedDatabase             GUARD_STOP           no    nothing of a copy runs until it is re-armed
├── CopiedMapping              GUARD_STOP           no    nor does a mapping that another one looks like
├── LeaseLost                  LEASE_LOST           no    another runner took the mapping over
├── Cancelled                  CANCELLED            no    somebody pressed Cancel
├── Interrupted                INTERRUPTED          yes   the worker is stopping; another one carries on
├── GlideError                 API_ERROR            no
│   ├── GlideUnreachable       NETWORK_ERROR        yes   no answer: DNS, TLS, connect, deadline
│   ├── GlideBusy              RATE_LIMIT           yes   429
│   ├── GlideUnavailable       API_ERROR            yes   5xx
│   ├── GlideGarbled           API_ERROR            yes   an answer that is not what the API promises
│   ├── GlideRefusedToken      AUTH_ERROR           no    401, 403, or 404 that speaks of the API key
│   ├── GlideTableMissing      NOT_FOUND            no    never read as "empty"
│   ├── GlideQuotaSpent        QUOTA_EXCEEDED       no    402
│   ├── GlideRejected          API_ERROR            no    any other 4xx
│   ├── ContinuationExpired    API_ERROR            yes   the read starts again
│   └── SecurityBlocked        SECURITY_BLOCKED     no    a host a connection may not name
└── DatabaseError              DATABASE_ERROR       by SQLSTATE
    ├── DatabaseUnavailable    DATABASE_ERROR       yes
    └── PermissionMissing      PERMISSION_ERROR     no
        └── RowsHidden         PERMISSION_ERROR     no    row-level security hides rows of the target from us

`str(error)` says what, to which thing; `hint` says what to do and is what the pages show below it.
No message ever carries a secret: every error hides its own words.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from glsync.redaction import hidden
from glsync.values import Problem, Waiting


class SyncError(Exception):
    """Base of everything a caller may want to catch."""

    type = "INTERNAL_ERROR"
    retryable = False
    hint = ""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(hidden(message))
        if hint is not None:
            self.hint = hidden(hint)


class ConfigError(SyncError):
    type = "CONFIG_ERROR"
    hint = "Correct the setting named above and try again."


class InvalidMapping(SyncError):
    """The mapping does not fit the live tables; `problems` says where."""

    type = "CONFIG_ERROR"
    hint = "Open the mapping: each problem is listed under the column grid."

    def __init__(self, name: str, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        errors = [p.message for p in problems if p.severity == "error"]
        super().__init__(f"Mapping {name!r} cannot run: {'; '.join(errors)}")


class SchemaDrift(SyncError):
    """The tables are no longer what the mapping was made for; `changes` says how."""

    type = "SCHEMA_DRIFT"
    hint = "Nothing was written. Change the mapping or the tables as the message says, then run again."

    def __init__(self, name: str, changes: Sequence[str]) -> None:
        self.changes = tuple(changes)
        super().__init__(f"The tables of mapping {name!r} changed: {' '.join(changes)}")


class InvalidInput(SyncError):
    type = "VALIDATION_ERROR"


class NotFound(SyncError):
    type = "NOT_FOUND"

    def __init__(self, what: str, name: object, *, hint: str = "It may have been deleted; reload the list.") -> None:
        super().__init__(f"There is no {what} {str(name)!r}", hint=hint)


class Forbidden(SyncError):
    type = "PERMISSION_ERROR"

    def __init__(self, act: str, role: str, needed: str) -> None:
        super().__init__(
            f"A {role} may not {act}", hint=f"Ask somebody with the role {needed} or higher in this workspace."
        )


class AlreadyRunning(SyncError):
    type = "ALREADY_RUNNING"
    hint = "Open the running one, or cancel it first."

    def __init__(self, name: str, log_id: UUID) -> None:
        self.log_id = log_id
        super().__init__(f"A run of {name!r} is already under way")


class ParentsFirst(SyncError):
    """Queued together with mappings it refers to, a run waits until those have ended."""

    type = "ALREADY_RUNNING"
    retryable = True
    hint = "Nothing to do: it begins as soon as they have ended."


class StaleVersion(SyncError):
    type = "STALE_WRITE"
    hint = "Look at both versions and choose."

    def __init__(self, what: str, name: str) -> None:
        super().__init__(f"{what} {name!r} was saved by somebody else in the meantime")


class GuardStop(SyncError):
    type = "GUARD_STOP"
    hint = "Look at the sample rows, then approve exactly this plan or reject it."

    def __init__(self, waiting: Sequence[Waiting]) -> None:
        self.waiting = tuple(waiting)
        super().__init__("; ".join(part.reason for part in waiting))


class CopiedDatabase(SyncError):
    """A database that was restored or cloned from another one, which may be at work."""

    type = "GUARD_STOP"
    hint = "If nothing else writes to these Glide apps, re-arm it: Settings, Re-arm, or python -m glsync rearm."

    def __init__(self) -> None:
        super().__init__("This database is a copy of another one, and nothing of it runs until it is re-armed")


class CopiedMapping(SyncError):
    type = "GUARD_STOP"

    def __init__(self, name: str, original: str | None) -> None:
        shown = "a mapping of another workspace" if original is None else repr(original)
        super().__init__(
            f"Mapping {name!r} pairs the same two tables as {shown}, which runs already",
            hint=f"Delete one of them. If both are wanted: python -m glsync rearm {name}",
        )


class LeaseLost(SyncError):
    type = "LEASE_LOST"
    hint = "Nothing to do: the other run carries on from the last page that was stored."


class Cancelled(SyncError):
    type = "CANCELLED"
    hint = "Rows stored before the cancel stay; the next run goes on from there."


class Interrupted(SyncError):
    type = "INTERRUPTED"
    retryable = True
    hint = "Nothing to do: the next worker carries on from the last page that was stored."


class GlideError(SyncError):
    """Something about Glide. `status` is the HTTP status, None when no answer came; `said` is Glide's own words, `kind`
    its own name for the error, such as row_not_found."""

    type = "API_ERROR"
    kind = ""
    hint = "Look at Glide's status page, then run again."

    def __init__(self, message: str, *, status: int | None = None, said: str = "", hint: str | None = None) -> None:
        self.status, self.said = status, hidden(said)
        super().__init__(message, hint=hint)


class GlideUnreachable(GlideError):
    type = "NETWORK_ERROR"
    retryable = True
    hint = "Check the address, the firewall and the clock (TLS); then run again."


class GlideBusy(GlideError):
    type = "RATE_LIMIT"
    retryable = True
    hint = "Glide asked us to slow down for longer than a run may wait. Run again later or less often."
    retry_after: float | None = None
    """Seconds Glide asked us to wait; None when it did not say."""


class GlideUnavailable(GlideError):
    retryable = True
    hint = "Glide has trouble of its own. Run again in a moment; if it stays, see Glide's status page."


class GlideGarbled(GlideError):
    retryable = True
    hint = "Check the address of the connection: something other than Glide's API may be answering there."


class GlideRefusedToken(GlideError):
    type = "AUTH_ERROR"
    hint = "Copy the API token again from the app's settings in Glide and rotate it under Connections."


class GlideTableMissing(GlideError):
    type = "NOT_FOUND"
    hint = "Pick the table again in the mapping; it may have been deleted or recreated. Nothing was deleted here."


class GlideQuotaSpent(GlideError):
    type = "QUOTA_EXCEEDED"
    hint = "The plan's updates are used up. Raise the quota in Glide or wait for its reset."


class GlideRejected(GlideError):
    hint = "Glide said no and asking again will not help; look at the table in Glide."


class ContinuationExpired(GlideError):
    retryable = True
    hint = "The read starts again from the first page by itself."


class SecurityBlocked(GlideError):
    type = "SECURITY_BLOCKED"
    hint = "Connections may only name Glide's hosts; GLSYNC_ALLOWED_GLIDE_HOSTS adds others."


class DatabaseError(SyncError):
    """A driver error, wrapped once. `sqlstate` is Postgres's five letters, "" when there was no answer."""

    type = "DATABASE_ERROR"
    hint = "See the message; the rows stored before it stay."

    def __init__(self, message: str, *, sqlstate: str = "", hint: str | None = None) -> None:
        self.sqlstate = sqlstate
        super().__init__(message, hint=hint)


class DatabaseUnavailable(DatabaseError):
    retryable = True
    hint = "Check that the database is up and reachable; then run again."


class PermissionMissing(DatabaseError):
    type = "PERMISSION_ERROR"
    hint = "Grant what the message names to the role Glide Sync connects as."


class RowsHidden(PermissionMissing):
    """A row that a policy hides would look like one that was deleted."""

    hint = (
        "Give the role Glide Sync connects as a policy that shows it every row: create policy glsync on <the table> "
        "to <the role> using (true) with check (true); or connect as the table's owner. Nothing was read or written."
    )

    def __init__(self, table: str) -> None:
        super().__init__(f"Row-level security may hide rows of {table} from us, which would then look deleted")
