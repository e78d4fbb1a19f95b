"""What an error means, where it usually comes from and what to do, in words for the people who keep the tables."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Advice:
    """One page of help. `steps` are in the order to try them."""

    title: str
    meaning: str
    causes: tuple[str, ...]
    steps: tuple[str, ...]


_HELD = "Only rows with such a cell are held back until they fit; the rest of the table was synced."

ADVICE: dict[str, Advice] = {
    "VALIDATION_ERROR": Advice(
        "A value does not fit its column",
        f"A cell in Glide holds something the mapped column cannot store. {_HELD}",
        (
            "Free text was typed into a column that is mapped as a number, a date or a flag.",
            "The column's type changed in Glide after the mapping was made.",
        ),
        (
            "Correct the cell in Glide; the next run takes the row along by itself.",
            "If many rows are affected, map the column as text, or change its type in the mapping.",
            "If the row should not be synced at all, ignore the error or narrow the mapping's filter.",
        ),
    ),
    "TRANSFORM_ERROR": Advice(
        "A rule could not be applied",
        f"A transformation rule of the mapping failed on this row. {_HELD}",
        (
            "The rule expects a value and the cell is empty.",
            "The rule names a column that is missing from the row.",
        ),
        (
            "Open the mapping at this column and try the rule on the preview rows.",
            "Let the rule say what to do with an empty cell.",
            "Retry the rows once the rule is saved.",
        ),
    ),
    "API_ERROR": Advice(
        "Glide answered with an error",
        "A request to Glide failed. Rows stored before it are safe, and nothing was deleted because of it.",
        (
            "Glide had trouble for a moment.",
            "The address of the connection points at something that is not Glide's API.",
            "Glide refused a value we wrote, for example into a column that is computed.",
        ),
        (
            "Retry; most of these pass by themselves.",
            "If it stays, test the connection: each step says what answered.",
            "Look at Glide's status page before changing anything here.",
        ),
    ),
    "RATE_LIMIT": Advice(
        "Glide asked to slow down",
        "Glide limits how often it may be asked. The run waited as long as it may and then stopped; no row was lost.",
        (
            "Several tools use the same Glide team at the same time.",
            "The mapping runs more often than the plan allows.",
        ),
        (
            "Run again in a few minutes.",
            "Run the mapping less often, or spread several mappings over the hour.",
        ),
    ),
    "NETWORK_ERROR": Advice(
        "Glide could not be reached",
        "There was no answer from Glide at all. Runs are tried again by themselves.",
        (
            "No internet connection, or a firewall between this machine and Glide.",
            "The address of the connection is misspelt.",
            "A proxy or an expired certificate breaks the secure connection.",
        ),
        (
            "Test the connection: the first step says what could not be reached.",
            "Ask whoever runs the network whether this machine may reach the address.",
        ),
    ),
    "DATABASE_ERROR": Advice(
        "The database refused a row",
        "Postgres did not accept the row. The other rows of the table were stored.",
        (
            "The value is too long or too large for its column.",
            "A trigger or a rule of the database stopped it.",
            "The database was restarted or ran out of space.",
        ),
        (
            "Read the message: it is what Postgres said, in its own words.",
            "Correct the cell in Glide, or widen the column in Postgres.",
            "Retry the row.",
        ),
    ),
    "CONSTRAINT_ERROR": Advice(
        "The row breaks a rule of the table",
        "A constraint in Postgres does not allow this row: a required column is empty, a check fails, or a reference "
        "leads nowhere. The other rows were stored.",
        (
            "A column that must not be empty has no value in Glide.",
            "A check constraint allows only certain values.",
            "The row it points to does not exist in Postgres.",
        ),
        (
            "Fill in the cell in Glide, then retry.",
            "Or give the column a default in Postgres, or allow it to be empty.",
            "Or sync the table it points to first.",
        ),
    ),
    "DUPLICATE_KEY": Advice(
        "Two rows claim the same key",
        "A unique column in Postgres already holds this value in another row. Neither row was guessed to be the "
        "right one.",
        (
            "The same record was entered twice in Glide.",
            "A row was copied in Glide and kept its number.",
            "Somebody added the row to Postgres by hand.",
        ),
        (
            "Compare the two rows and change or delete one of them in Glide.",
            "If both are right, the column should not be unique: ask whoever keeps the database.",
        ),
    ),
    "MATCH_AMBIGUOUS": Advice(
        "More than one row matches",
        "Several rows could be the partner of this one, so none was linked.",
        ("The match column holds the same value in several rows.",),
        ("Make the value unique in Glide or Postgres, then run again.",),
    ),
    "RELATIONSHIP": Advice(
        "The parent row is not there yet",
        "This row refers to a row of another table that has not arrived in Postgres. It waits and is linked as soon as "
        "the parent comes.",
        (
            "The parent's table is synced later, or its mapping is switched off.",
            "The parent row itself is held back by an error.",
            "The parent row was deleted in Glide.",
        ),
        (
            "Run the mapping of the parent's table first.",
            "Look whether the parent row stands in this list too.",
            "If the parent is gone for good, clear the reference in Glide.",
        ),
    ),
    "CONFLICT": Advice(
        "Both sides changed the same cell",
        "The cell was edited in Glide and in Postgres since the last run. Nothing was overwritten; both values are "
        "kept until somebody chooses.",
        (
            "Two people worked on the same record.",
            "A program writes to the table in Postgres while people edit in Glide.",
        ),
        (
            "Compare the values and set the right one on both sides; the conflict closes by itself.",
            "For a column that has one owner, set its policy in the mapping so that this side wins.",
        ),
    ),
    "AMBIGUOUS_WRITE": Advice(
        "A write may or may not have arrived",
        "Glide gave no answer after we sent a change. It is looked up before anything is sent again.",
        ("The connection broke at the wrong moment.",),
        ("Nothing to do: the next run finds out and finishes the change.",),
    ),
    "APPLY_NOT_OBSERVED": Advice(
        "Glide accepted a change but does not show it",
        "Glide puts changes in a queue. This one was accepted and has not been seen since.",
        (
            "Glide is busy and has not come to it yet.",
            "The row was deleted in Glide in the meantime.",
        ),
        (
            "Run again later: the change is compared and sent again if needed.",
            "If it happens often, a Glide Big Table takes changes at once.",
        ),
    ),
    "STALE_WRITE": Advice(
        "The row changed while we were writing",
        "Somebody edited the row between our reading and our writing, so we did not overwrite it.",
        ("People or programs edit this row often.",),
        ("Nothing to do: the row is read again and compared in the next run.",),
    ),
    "AUTH_ERROR": Advice(
        "Glide does not accept the token",
        "The API token of the connection was refused. All mappings of this connection wait.",
        (
            "The token was replaced or revoked in Glide.",
            "A character was lost when it was copied.",
            "The app belongs to another team than the token.",
        ),
        (
            "Copy the token again from the app's settings in Glide.",
            "Rotate it under Connections and test the connection.",
        ),
    ),
    "PERMISSION_ERROR": Advice(
        "The database does not allow this",
        "The role we connect as may not write to the table.",
        (
            "A grant is missing, or was taken back.",
            "Row-level security keeps our role from the rows.",
        ),
        (
            "Ask whoever keeps the database to grant what the message names.",
            "Then retry.",
        ),
    ),
    "NOT_FOUND": Advice(
        "The table is not there",
        "The Glide table of the mapping no longer exists. It was not read as empty, and nothing was deleted.",
        (
            "The table was deleted or recreated in Glide.",
            "The app was copied, and the copy has tables with other ids.",
        ),
        (
            "Open the mapping and pick the table again.",
            "If the table is gone for good, switch the mapping off.",
        ),
    ),
    "QUOTA_EXCEEDED": Advice(
        "The Glide plan's updates are used up",
        "Glide answers no further requests until the quota resets or is raised.",
        ("Runs, other integrations and workflows share one quota.",),
        (
            "See Metrics for what our runs used.",
            "Raise the quota in Glide, or wait for its reset, and run less often until then.",
        ),
    ),
    "BUDGET_STOP": Advice(
        "The run would cost more than allowed",
        "The run stopped before spending more Glide updates than the budget of this mapping.",
        ("Many rows changed at once.", "The budget is smaller than one full read of the table."),
        ("Approve this run once, raise the budget, or run less often.",),
    ),
    "SCHEMA_DRIFT": Advice(
        "The table changed its columns",
        "A mapped column is missing or has another type than when the mapping was made.",
        ("Somebody renamed, deleted or retyped a column.",),
        (
            "Open the mapping: what changed is listed under the column grid.",
            "Choose the column again, or take it out of the mapping, and save.",
        ),
    ),
    "GUARD_STOP": Advice(
        "The run waits for your approval",
        "The run would change or delete more than is usual, so that part was stopped before anything was written.",
        (
            "Rows were deleted in bulk on purpose.",
            "A filter changed, or a table was emptied by mistake.",
        ),
        (
            "Look at the sample rows.",
            "Approve exactly this plan if it is what you want.",
            "Otherwise restore the rows on the other side and run again.",
        ),
    ),
    "SNAPSHOT_UNSTABLE": Advice(
        "The table moved while it was read",
        "Rows changed during the read, so nothing was concluded from rows that were missing. Changes were synced.",
        ("The table is edited all the time.",),
        ("Nothing to do at first.", "If it stays, run this mapping at a quiet hour."),
    ),
    "LEASE_LOST": Advice(
        "Another run took over",
        "Two runs of the mapping met, and this one stepped back. The other carries on from the last stored page.",
        ("The machine slept, or its connection to the database broke.",),
        ("Nothing to do.",),
    ),
    "CANCELLED": Advice(
        "The run was cancelled",
        "Somebody cancelled it. Rows stored before that stay.",
        ("Cancel was pressed.",),
        ("Run again when you are ready; it goes on from there.",),
    ),
    "INTERRUPTED": Advice(
        "The run was interrupted",
        "The program that worked on it was stopped. Rows stored before that stay.",
        ("The worker was restarted, for example for an update.",),
        ("Nothing to do: another worker carries on from the last page.",),
    ),
    "ALREADY_RUNNING": Advice(
        "A run is already under way",
        "One mapping is synced by one run at a time.",
        ("The run was started twice.",),
        ("Open the running one, or cancel it first.",),
    ),
    "CONFIG_ERROR": Advice(
        "The mapping does not fit its tables",
        "The mapping names something that is not there or cannot hold its values, so it was not run.",
        (
            "A column was renamed or dropped in Postgres.",
            "The target has no unique column glide_row_id.",
        ),
        ("Open the mapping: each problem is listed, with a fix where there is one.", "Save and run again."),
    ),
    "SECURITY_BLOCKED": Advice(
        "The address is not allowed",
        "A connection may only talk to Glide's own hosts and to those an administrator has allowed.",
        ("The connection names another host, for example a proxy.",),
        (
            "Use Glide's own addresses: leave the fields empty.",
            "Or ask an administrator to add the host to GLSYNC_ALLOWED_GLIDE_HOSTS.",
        ),
    ),
    "SYSTEMIC_FAILURE": Advice(
        "Most rows fail for the same reason",
        "So many rows failed alike that the run stopped instead of listing each of them.",
        ("A column changed its type, or the target table changed.",),
        ("Look at the one cause named in the message and correct the mapping.", "Then run again."),
    ),
    "INTERNAL_ERROR": Advice(
        "Something went wrong on our side",
        "This should not happen. Rows stored before it stay as they are.",
        ("A fault in Glide Sync.",),
        ("Retry once.", "If it comes back, report it with the run's number and its log."),
    ),
}
"""Error type -> advice; what a type means whatever the rule."""

_UNKNOWN = Advice(
    "An error of an unknown kind",
    "It was recorded by something other than Glide Sync, or by another version of it.",
    ("Another program wrote it with gl_record_sync_error.",),
    ("Read the message and the record.", "Resolve it with a note when it is dealt with."),
)


def _value(title: str, meaning: str, causes: tuple[str, ...], *steps: str) -> Advice:
    """Advice on a cell: what it must be, then what always helps."""
    again = "The next run takes the corrected rows along by itself."
    return Advice(title, f"{meaning} {_HELD}", causes, (*steps, again))


_RULES: tuple[tuple[re.Pattern[str], Advice], ...] = (
    (
        re.compile(r"row id|^a JSON object", re.I),
        _value(
            "The row has no usable id",
            "Every row is known by its row id, and this one came without one.",
            ("Something other than Glide answered.", "The table is of a kind that has no row ids."),
            "Look at the table in Glide: each row should have a Row ID.",
        ),
    ),
    (
        re.compile(r"\bNUL\b"),
        _value(
            "The cell holds an invisible character",
            "The text holds the character NUL, which no text in Postgres may hold.",
            ("The text was pasted from another program, or written by one.",),
            "Type the text into the cell again.",
        ),
    ),
    (
        re.compile(r"\b(characters|bytes), |^longer than|too long", re.I),
        _value(
            "The text is too long for its column",
            "The column in Postgres takes fewer characters than the cell holds.",
            ("A longer text was typed than the column was made for.",),
            "Shorten the text in Glide, or ask whoever keeps the database to make the column wider.",
        ),
    ),
    (
        re.compile(r"whole number", re.I),
        _value(
            "The number has a fraction",
            "The column takes whole numbers only, and nothing is rounded.",
            ("A price or a weight was mapped onto a column for counts.",),
            "Correct the cell, or map the column onto one that takes fractions.",
        ),
    ),
    (
        re.compile(r"range|digits|decimals|out of range|overflow", re.I),
        _value(
            "The number does not fit its column",
            "The number is larger, or has more decimals, than the column in Postgres can hold. Nothing is rounded.",
            ("The column was made for smaller or coarser numbers.", "A digit too many was typed."),
            "Check the number in Glide, or ask whoever keeps the database to make the column wider.",
        ),
    ),
    (
        re.compile(r"^a text, not", re.I),
        _value(
            "The cell holds a list",
            "The column is mapped as text and the cell holds several values.",
            ("The column in Glide takes several pictures or values.",),
            "Map the column as array or json, onto a column of type jsonb.",
        ),
    ),
    (
        re.compile(r"^a duration", re.I),
        _value(
            "The cell is not a duration",
            "The column is mapped as a duration and the cell holds something that cannot be read as one.",
            ("Only a figure was typed, without its unit.",),
            "Write the duration as 01:30:00, or map the column as a number.",
        ),
    ),
    (
        re.compile(r"^a (date|time)|\b(timestamp|date/time)\b", re.I),
        _value(
            "The cell is not a date or time",
            "The column is mapped as a date or time and the cell holds text that cannot be read as one without "
            "guessing.",
            ("Day and month may be either way round.", "The date was typed as text, for example next Friday."),
            "Write the date as 2026-03-31, or choose it with Glide's date picker.",
            "Set the time zone of the connection if times come without one.",
        ),
    ),
    (
        re.compile(r"^a number|\b(numeric|integer|double precision)\b", re.I),
        _value(
            "The cell is not a number",
            "The column is mapped as a number and the cell holds text that cannot be read as one.",
            (
                "A unit, a currency sign or thousands marks stand with the figure, as in $1,234.50.",
                "A placeholder such as n/a or tbd was typed in.",
            ),
            "Leave only the figure in the cell, written as 1234.5, or empty the cell.",
            "If the column is meant to hold text, map it as text.",
        ),
    ),
    (
        re.compile(r"\b(true|false|boolean)\b", re.I),
        _value(
            "The cell is neither true nor false",
            "The column is mapped as a flag and the cell holds another word.",
            ("The column holds words such as maybe or open.",),
            "Use true or false in the cell, or map the column as text.",
        ),
    ),
    (
        re.compile(r"\be-?mail\b", re.I),
        _value(
            "The cell is not an email address",
            "The column is mapped as an email address and the cell holds something else.",
            ("A name was typed in place of the address.", "Two addresses stand in one cell."),
            "Leave one address in the cell, or map the column as text.",
        ),
    ),
    (
        re.compile(r"\buuid\b", re.I),
        _value(
            "The cell is not a UUID",
            "The column in Postgres takes UUIDs only, and the cell holds other text.",
            ("The column holds Glide's own row ids, which are no UUIDs.",),
            "Map the column onto one of type text.",
        ),
    ),
    (
        re.compile(r"\b(json|array|list)\b", re.I),
        _value(
            "The cell is not a list or JSON",
            "The column is mapped as a list or JSON and the cell holds something that cannot be read as such.",
            ("A bracket or a quotation mark is missing.",),
            "Correct the text in Glide, or map the column as text.",
        ),
    ),
)
"""How a broken rule begins or what it speaks of (engine/types.py, Postgres) -> advice; the first that fits counts."""


def advice(error_type: str, rule: str | None = None) -> Advice:
    """The advice for an error type, made more exact by the rule a cell had to satisfy."""
    if error_type == "VALIDATION_ERROR" and rule:
        for pattern, exact in _RULES:
            if pattern.search(rule):
                return exact
    return ADVICE.get(error_type, _UNKNOWN)
