"""What a person may set about the stand-in: its limits, and every behaviour that Glide leaves unsaid."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

Positive = Annotated[int, Meta(ge=1)]
Seconds = Annotated[float, Meta(ge=0)]
Status = Annotated[int, Meta(ge=200, le=599)]


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Defaults are what is certain or likeliest; the words behind each name say what the choices mean."""

    # The version of a Big Table
    version_moves_on_computed: bool = True
    """Does an edit that touches only computed columns move the table's version?"""
    version_steps: Literal["one", "per_row", "irregular"] = "one"
    """By how much a write moves the version: 1; 1 for each row it changed; 1 to 5, seeded."""
    page_etag: Literal["with_rows", "before_rows", "after_rows"] = "with_rows"
    """When a page's ETag is taken; before and after leave `page_etag_gap` in between, in which others may write."""
    page_etag_gap: Seconds = 0.05

    # Stashes and jobs
    stash_second_commit: Literal["adds_again", "refused"] = "adds_again"
    """What committing one stash a second time does."""
    stash_seconds: Seconds = 48 * 3600
    async_jobs: bool = True
    """Is a request that allows a job (x-glide-asynchronous) answered with one?"""
    job_seconds: Seconds = 0
    """How long a job says `running`."""

    # Reading
    page_rows: Positive = 10_000
    """Rows of a v1 page."""
    big_page_rows: Positive = 10_000
    """Rows of a v2 page, as default and as ceiling of `limit`."""
    short_pages: bool = False
    """Does v2 now and then return fewer rows than `limit` although more remain?"""
    paging: Literal["slots", "offset", "snapshot"] = "slots"
    """What a continuation points at: a place between rows (no row is missed), a count of rows (a row deleted before
    it makes the read miss one), or the table as it was when the read began."""
    continuation_seconds: Seconds = 3600
    """How long a continuation is good for."""
    expired_continuation_status: Status = 400
    computed_in_rows: bool = True
    """Do rows show computed columns?"""
    computed_in_schema: bool = True
    row_id_in_schema: bool = False
    """Does the schema list `$rowID` as a column?"""
    classic_dates: Literal["iso", "local"] = "iso"
    """How v1 shows date-times to a query without `utc`: as stored, or as `7/29/2024, 2:04:15 PM`."""

    # Writing
    queue_delay: Seconds = 0
    """Time from the acceptance of a v1 write on a classic table to its effect."""
    queue_jitter: Seconds = 0
    """Up to this much more, for each mutation anew: later ones may overtake."""
    queue_order: Literal["shuffled", "as_sent"] = "shuffled"
    """In which order the mutations of one request take effect; Glide promises none."""
    batch_with_errors: Literal["apply_others", "apply_none"] = "apply_others"
    """What one refused mutation means for the others of its request."""
    batch_error_status: Status = 200
    """The status of an answer that holds an `error` entry."""
    add_returns_row_id: bool = True
    """Does an added row's result name its id? (Not so for tables without a Row ID column.)"""
    timed_out_write: Literal["lands", "lost", "lands_late"] = "lands"
    """What becomes of a write whose answer a fault withholds, unless the fault itself says."""
    late_seconds: Seconds = 0.5
    """How late `lands_late` is."""
    empty_text: Literal["clears", "kept"] = "clears"
    """What writing "" does: empties the cell, or leaves an empty text in it."""
    classic_null: Literal["clears", "ignored", "refused"] = "clears"
    """What null does in a v1 write; in v2 it always clears."""
    classic_wrong_type: Literal["stored", "refused"] = "stored"
    """What v1 does with a value that is not of its column's type."""
    numbers: Literal["double", "exact"] = "double"
    """Are numbers kept as JavaScript keeps them (2^53 + 1 becomes 2^53), or as sent?"""
    dates: Literal["as_sent", "utc_milliseconds", "utc_seconds"] = "as_sent"
    """In which spelling a written date-time is read back."""

    # Refusing
    bad_token_status: Status = 401
    """v1's answer to a token it does not know; v2 answers 404."""
    unknown_app_status: Status = 404
    """v1's answer to an app the token does not see, or a table that is not there."""
    refused_sql_status: Status = 400
    sql_on_small_tables: bool = False
    small_tables_in_v2: bool = False
    max_mutations: Positive = 500
    max_body: Positive = 15_000_000
    """Bytes of a request; more is 413."""
    quota: Annotated[float, Meta(ge=0)] | None = None
    """Updates each app may spend; after that, 402. None: no end."""

    # Rates
    requests_per_second: Annotated[float, Meta(gt=0)] | None = None
    """More than this is answered 429, with a burst of one second's worth. None: no limit."""
    concurrency: Positive | None = None
    """More requests than this at one time are answered 429."""
    retry_after: Literal["seconds", "date", "none"] = "seconds"
    """How such a 429 says when to come back."""
    latency: Seconds = 0
    """Every request takes at least this long."""

    # The stand-in itself
    seed: int = 0
    """Of everything random above."""
    log_body: Annotated[int, Meta(ge=0)] = 2_000
    """Bytes of each request's body kept in the log of calls."""

    def changed(self, changes: dict[str, Any]) -> Settings:
        """These settings with some replaced.

        Raises:
            msgspec.ValidationError: an unknown name, or a value that does not fit.
        """
        return msgspec.convert({**msgspec.structs.asdict(self), **changes}, Settings)


UNKNOWN: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "computed columns move the version": ({"version_moves_on_computed": True}, {"version_moves_on_computed": False}),
    "a write moves the version by one": ({"version_steps": "one"}, {"version_steps": "irregular"}),
    "a stash can be committed twice": ({"stash_second_commit": "adds_again"}, {"stash_second_commit": "refused"}),
    "a page is of one moment and its continuation lives": (
        {"page_etag": "with_rows", "paging": "slots", "continuation_seconds": 3600.0},
        {"page_etag": "after_rows", "paging": "offset", "continuation_seconds": 1.0},
    ),
    "pages are large and full, requests not counted": (
        {"page_rows": 10_000, "big_page_rows": 10_000, "short_pages": False, "requests_per_second": None},
        {"page_rows": 100, "big_page_rows": 50, "short_pages": True, "requests_per_second": 50.0},
    ),
    "a write whose answer is lost lands at once": ({"timed_out_write": "lands"}, {"timed_out_write": "lands_late"}),
    "an empty text clears a cell": ({"empty_text": "clears"}, {"empty_text": "kept"}),
    "dates and numbers are read as written": (
        {"dates": "as_sent", "numbers": "exact"},
        {"dates": "utc_milliseconds", "numbers": "double"},
    ),
    "v1 writes take effect at once": (
        {"queue_delay": 0.0, "queue_jitter": 0.0},
        {"queue_delay": 0.5, "queue_jitter": 0.5},
    ),
}
"""What Glide's documents do not say, each with settings for both answers: whoever syncs must be right in either."""
