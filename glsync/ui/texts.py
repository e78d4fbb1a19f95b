"""All wording of the screens in one place: titles, states, empty states, buttons. No markup except icons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Colour = Literal["red", "orange", "yellow", "blue", "green", "violet", "gray"]

PRODUCT = "Glide Sync"


@dataclass(frozen=True, slots=True)
class Title:
    """What a page is called, its icon, and the one sentence under its heading."""

    name: str
    icon: str
    intro: str


TITLES = {
    "dashboard": Title("Dashboard", "space_dashboard", "Is the data fresh, and does anything wait for you?"),
    "runs": Title("Sync runs", "sync", "What is running now, and everything that ran before."),
    "errors": Title(
        "Errors", "error", "Rows that were held back, grouped by cause. The rest of each table was synced."
    ),
    "metrics": Title("Metrics", "monitoring", "How much moved, how fast, how well and at what price."),
    "connections": Title("Connections", "cable", "The Glide apps you sync, and the keys to them."),
    "mappings": Title("Mappings", "account_tree", "Which Glide table goes to which Postgres table, column by column."),
    "settings": Title("Settings", "settings", "Your API tokens and, for administrators, this installation."),
}
SECTIONS = {
    "Overview": ("dashboard",),
    "Sync": ("runs", "errors", "metrics"),
    "Setup": ("connections", "mappings", "settings"),
}


@dataclass(frozen=True, slots=True)
class Chip:
    """A state as people see it: always a word and an icon, never a colour alone."""

    word: str
    icon: str
    colour: Colour


RUN_STATES = {
    "started": Chip("Queued", "schedule", "gray"),
    "processing": Chip("Syncing", "sync", "blue"),
    "completed": Chip("Completed", "check_circle", "green"),
    "completed_with_errors": Chip("Completed with errors", "warning", "orange"),
    "failed": Chip("Failed", "error", "red"),
    "cancelled": Chip("Cancelled", "block", "gray"),
    "waiting": Chip("Waiting for approval", "pan_tool", "violet"),
}
HEALTH = {
    "healthy": Chip("Healthy", "check_circle", "green"),
    "syncing": Chip("Syncing", "sync", "blue"),
    "queued": Chip("Queued", "schedule", "gray"),
    "partly": Chip("With errors", "warning", "orange"),
    "failed": Chip("Action needed", "error", "red"),
    "cancelled": Chip("Cancelled", "block", "gray"),
    "paused": Chip("Paused", "pause_circle", "gray"),
    "paused_itself": Chip("Schedule paused", "pause_circle", "orange"),
    "retrying": Chip("Retrying", "replay", "orange"),
    "draft": Chip("Draft", "edit_note", "gray"),
    "never": Chip("Not run yet", "radio_button_unchecked", "gray"),
}
CONNECTION_STATES = {
    "active": Chip("Connected", "check_circle", "green"),
    "inactive": Chip("Not tested", "radio_button_unchecked", "gray"),
    "error": Chip("Action needed", "error", "red"),
}
ERROR_STATES = {
    "open": Chip("Open", "error", "red"),
    "retrying": Chip("Retrying", "replay", "orange"),
    "resolved": Chip("Resolved", "check_circle", "green"),
    "ignored": Chip("Ignored", "visibility_off", "gray"),
}
CONFLICT_KINDS = {
    "field": Chip("Changed on both sides", "alt_route", "orange"),
    "edit_delete": Chip("Edited here, deleted there", "delete_history", "red"),
    "first_match": Chip("Different when first met", "join", "violet"),
}
RETURNED = Chip("Returned", "history", "violet")
"""Beside the state of an error that was resolved before."""
UNKNOWN_STATE = Chip("Unknown", "help", "gray")

DIRECTIONS = {"to_supabase": "Glide → Postgres", "to_glide": "Postgres → Glide", "both": "Both ways"}
DELETES = {
    "keep": "Keep the row in Postgres",
    "mark": "Mark the row (deleted_at)",
    "delete": "Delete the row in Postgres",
}
POLICIES = {
    "ask": "Ask: keep both values until somebody chooses",
    "glide": "Glide wins",
    "postgres": "Postgres wins",
    "newest": "The newest change wins",
}
WINNERS = {"ask": "Ask", "glide": "Glide", "postgres": "Postgres", "newest": "Newest"}
"""The policies as short as a cell."""
TRIGGERS = {
    "manual": "Sync now",
    "cli": "Command line",
    "schedule": "Schedule",
    "retry": "Retry",
    "webhook": "Webhook",
    "api": "API",
}
ERROR_TYPES = {
    "VALIDATION_ERROR": "A value does not fit its column",
    "TRANSFORM_ERROR": "A rule could not be applied",
    "API_ERROR": "Glide answered with an error",
    "RATE_LIMIT": "Glide asked to slow down",
    "NETWORK_ERROR": "Glide could not be reached",
    "DATABASE_ERROR": "Postgres refused the row",
    "CONFLICT": "Changed on both sides",
    "RELATIONSHIP": "Its parent row is missing",
    "AUTH_ERROR": "Glide refused the token",
    "PERMISSION_ERROR": "A right is missing",
    "QUOTA_EXCEEDED": "The Glide plan's updates are used up",
    "NOT_FOUND": "Something is gone",
    "GUARD_STOP": "Waits for approval",
    "CONFIG_ERROR": "The mapping does not fit",
    "INTERNAL_ERROR": "An unexpected failure",
}
KINDS = {
    "string": "Text",
    "number": "Number",
    "boolean": "True / false",
    "date-time": "Date and time",
    "date": "Date",
    "time": "Time",
    "duration": "Duration",
    "image-uri": "Image",
    "uri": "Link",
    "audio-uri": "Audio",
    "email-address": "Email",
    "phone-number": "Phone",
    "markdown": "Rich text",
    "emoji": "Emoji",
    "json": "JSON",
    "array": "List",
}


@dataclass(frozen=True, slots=True)
class Empty:
    """An empty place that says what belongs there and what to do."""

    icon: str
    title: str
    body: str


EMPTY = {
    "dashboard": Empty(
        "rocket_launch", "Keep your first table in sync",
        "Connect a Glide app, map one of its tables to Postgres, then press Sync now.",
    ),
    "connections": Empty(
        "cable", "Connect your first Glide app",
        "You need the app's id and an API token; both are in the app's settings in Glide.",
    ),
    "mappings": Empty(
        "account_tree", "Map your first table",
        "Choose a Glide table and the Postgres table it goes to. Columns of the same name are paired for you.",
    ),
    "mappings_unconnected": Empty(
        "cable", "First connect a Glide app", "A mapping begins with a table of a Glide app, so connect one first.",
    ),
    "mappings_filtered": Empty("filter_alt_off", "No mapping fits this search", "Clear it to see all mappings."),
    "runs": Empty("sync", "Nothing ran yet", "Press Sync now above. The run shows here, live, while it works."),
    "runs_filtered": Empty("filter_alt_off", "No run fits these filters", "Clear the filters to see all runs."),
    "running": Empty("check", "Nothing is running", "Runs show here while they work."),
    "errors": Empty("task_alt", "Nothing needs you", "Every row that was read fits its column."),
    "errors_filtered": Empty("filter_alt_off", "No error fits these filters", "Clear the filters to see all errors."),
    "metrics": Empty("monitoring", "No figures yet", "They appear with the first run."),
    "activity": Empty("history", "No activity yet", "Runs, changes and resolutions show here, with who did them."),
    "errors_gone": Empty("task_alt", "Nothing is left of this cause", "Its errors were resolved, or came to fit."),
    "conflicts_gone": Empty(
        "task_alt", "Nothing is left to decide here", "It was decided, or both sides came to agree.",
    ),
    "gone": Empty("search_off", "This is no longer here", "It may have been deleted. Go back to the list."),
}  # fmt: skip

SIGN_IN = "Sign in to see your workspaces."
SIGN_IN_OVER = "Your sign-in is over. Sign in again to go on."
BELONGS_NOWHERE = (
    "You are signed in as **{name}**, and no workspace is open to you. Ask an administrator to invite this e-mail "
    "address, then sign in again."
)
EMAIL_NOT_PROVEN = "Whoever signed you in did not say that your e-mail address is proven, so no invitation opens to it."
MEMBERS = "Who may come in, and what they may do here. Pick somebody to change their role or to remove them."
NO_SIGN_IN = (
    "Nobody signs in here yet: whoever reaches this app on this machine is its administrator. docs/security.md tells "
    "how to set up a sign-in; people you invite now may come in from then on."
)
SOURCES = {"invited": "Invitation", "claims": "Role of their sign-in"}
ROLE_OF_CLAIM = "This role comes with the sign-in and is changed there; it counts from the next sign-in on."
REMOVE_MEMBER = "**{name}** sees nothing of this workspace from now on. What they did stays in the list of changes."
TELL_THEM = "Nothing is sent: tell them to sign in within {days} days."
NEEDS = "Needs the role {role} or higher."
"""Help of a button that is drawn but disabled for this reader."""
DEMO_DATA = "A stand-in on this machine plays Glide. Nothing leaves it."
LIVE_DATA = "Connected to Glide itself."
REARM = "Only when nothing else writes to these Glide apps any more, or when their connections here name other ones."
COPY = (
    "This database is a copy of another one, which may be at work. So that no two write to the same Glide app, nothing "
    "of it runs until it is re-armed in the settings."
)
NO_WORKER = "Runs wait in the queue until a worker takes them. Start one with: python -m glsync worker"
WORKER = "A worker is at hand: what is queued begins at once."
LIVE = "The database tells this page of every change as it happens."
POLLING = "Polling every {seconds} s"
POLLING_HELP = "The database cannot tell this page of changes right now, so the page looks by itself."

STEPS = {
    "connection": ("Connect a Glide app", "connections"),
    "mapping": ("Map one of its tables to Postgres", "mappings"),
    "sync": ("Sync it for the first time", "runs"),
}
"""What a new installation does first: name in the overview -> label and page."""
VERDICTS = {
    "empty": ("gray", "rocket_launch", "Nothing is mapped yet"),
    "not_run": ("blue", "play_circle", "Ready for the first sync"),
    "syncing": ("blue", "sync", "Syncing now: {running}"),
    "attention": ("orange", "warning", "{attention} your attention"),
    "healthy": ("green", "check_circle", "All healthy"),
}
"""Verdict of the overview -> colour, icon, words."""
FIRST_SYNC = "Everything is connected"
FIRST_SYNC_DEMO = "The demo is connected"
FIRST_SYNC_BODY = "{tables} are mapped to Postgres. One press brings their rows in step."
SYNC_ALL = "Sync all tables"
SYNC_ALL_DEMO = "Sync all demo tables"
NEVER = "Never"
NEVER_RAN = "{mappings} that should run had no good run yet. The bars are the ages of the others, the stalest first."
HELD_BACK_BEFORE = "A later run met these rows again; they are listed under Errors."

DRY_RUN_HELP = "Reads both sides and shows what a run would do now. Nothing is written."
CANCEL_HELP = "Stops after the page it is at. Rows stored before stay."
HAPPENINGS = {
    "started": "is queued",
    "processing": "is syncing",
    "completed": "completed",
    "completed_with_errors": "completed with errors",
    "failed": "failed",
    "cancelled": "was cancelled",
}
"""What a run did, after the name of its mapping."""
NO_LOG = "This run wrote no lines."
APPROVAL = "{rows} in {side}: {act}. Nothing else of this mapping is approved by this, and no later run."
WORKING_PLAN = "Reading both sides"
NOTHING_TO_DO = "Both sides are equal: a run now would write nothing."

EXPLAIN_ROW = "Its id in Glide, or its key in Postgres"
EXPLAIN_HELP = "Shows what both sides say now and why a run does what it does. Looking in Glide may cost updates."
WORKING_EXPLAIN = "Looking at the row on both sides"
NOT_AGREED = "never agreed on"
NEVER_WRITTEN = "No run wrote this row, as far back as history is kept."
PART_WAITS = "This part will wait for approval; the rest is written."
UNDO_HELP = "Puts back what this run replaced, on both sides. What it would do is shown first."
UNDO_WAITS = "Pressing the button below approves exactly this."
UNDO_LIMITS = (
    "Only rows that still say what the run wrote are put back. A row that comes back in Glide has a new id there, and "
    "columns that are not mapped come back empty. An undo is a run of its own and can itself be undone."
)
WORKING_UNDO = "Looking at the rows the run wrote"
NOTHING_TO_UNDO = "Every row is as it was before the run, or was changed since: there is nothing to put back."
IS_UNDO = "This run put back what another one had written."
WAS_UNDONE = "This run was undone."

RETRY_HELP = "Runs the mapping again with these rows. Those that fit by then are stored and their errors resolved."
IGNORE_HELP = "The row stays held back, and its error no longer counts as open."
CLOSING = {
    "resolve": "The errors are closed with your note. If the same cell fails again, it comes back as a new error.",
    "ignore": "The errors no longer count as open. The rows stay held back until their cells fit.",
}
A_DAY = 0
IGNORE_FOR: dict[str, int | None] = {"Always": None, "1 day": 1, "7 days": 7, "30 days": 30, "Until a day": A_DAY}
"""How long errors are ignored -> days; None: always; A_DAY: until a day to be chosen."""
ALSO_NEW = "Errors of this cause that are met from now on begin as ignored. The list of causes has the way back."
ASSIGN_HELP = "Others see that you take care of them."
CORRECT_HELP = "Writes the cell in Glide, which costs an update there, and runs the mapping again with this row."
CORRECTING = "Writing the value to Glide"
CORRECTED = "Glide took the value, and the row is tried again."
NOTES = {
    "resolve": ("Corrected in Glide", "Corrected in Postgres", "Mapping changed", "Row deleted in Glide"),
    "ignore": ("Test data", "Old record, not needed in Postgres", "Will be corrected later"),
}
"""Notes at hand for closing errors."""

CONFLICTS = "both values are kept until somebody picks one; everything else is in step."
CONFLICTS_HOW = "Pick the value that stands on both sides. It is written only while both still say what you see here."
SAMPLE = {"side": "Written in", "operation": "What"}
"""What the samples of a plan tell of a row."""
NEVER_AGREED = "Both sides had it before they met"
NO_VALUE = "Empty"
NO_ROW = "No such row"
PICK_MANY = (
    "The other side's values are overwritten. What they were stays in the history of the run, which can be undone."
)

TESTING = "Testing: reach, sign in, list tables, read a row"
STEP_STATES = {
    "done": ("check_circle", "green"),
    "failed": ("error", "red"),
    "skipped": ("radio_button_unchecked", "gray"),
}
SETTINGS = {
    "classic_url": "Address of the classic API",
    "rest_url": "Address of its tables",
    "bigtables_url": "Address of Big Tables",
    "timezone": "Time zone of dates without one",
}
SETTINGS_DEFAULTS = {
    "classic_url": "https://api.glideapp.io/api/function",
    "rest_url": "https://functions.prod.internal.glideapps.com/api",
    "bigtables_url": "https://api.glideapps.com",
    "timezone": "UTC",
}
HELP = {
    "name": "Yours to choose; mappings and lists show it.",
    "app_id": "In Glide: the app's settings, Integrations, API.",
    "token": "In Glide: the app's settings, Integrations, API. It is stored encrypted and never shown again.",
    "settings": "Leave these empty to use Glide's own addresses.",
}
ROTATING = "The new token replaces the old one at once. Runs under way finish with the one they began with."
DELETE_CONNECTION = "The connection and its token are removed. Rows in Postgres and in Glide stay as they are."
DELETE_USED = "{mappings} of this connection would lose it. Delete them or point them at another one first."

READING_TABLES = "Reading the tables of the app"
READING_COLUMNS = "Reading the table's columns and some rows"
PREVIEWING = "Reading 20 rows and converting them"
MARKER_HELP = "A column of your own where new rows carry a mark, so that a lost answer of Glide cannot double a row."
DELETES_NOTE = "More than 25 rows or 10 % of a table at once wait for your approval, and an emptied table always does."
UNSAVED = "{changes} not saved"
NEW_MAPPING = "New mapping"
CREATE_TABLE = "This statement makes the table. Nothing is created before you press the button."
ADD_COLUMNS = "This statement adds the columns. Nothing is changed before you press the button."
STALE = "While you edited, somebody else saved this mapping. Choose whose version stays."
DELETE_MAPPING = "The mapping is removed with its runs and errors. The rows in Glide and in Postgres stay as they are."
NO_PROBLEMS = "No problem found: this mapping fits its tables."
PREVIEW_NOTE = "The first rows as they would be stored. Marked cells do not fit; their rows would be held back."
FIXES = {
    "remove_pair": "Unmap it",
    "choose_type": "Choose a type that fits",
    "create_table": "Create the table",
    "add_column": "Add the column",
    "add_mark_column": "Add the column",
}
"""Problems a button can solve: what the button says."""

OWN = "Empty: as the mapping says."
REFERENCE_HELP = (
    "The mapping whose rows the cells mean. Glide holds their row ids, Postgres their keys; a row waits for its parent."
)
RULE_HELP = "A CEL expression over the row, read in place of the cell, such as Price * 1.19. Goes to Postgres only."
FILTER_HELP = "A CEL expression over the row as Glide gives it; other rows are left out. Empty: every row."
SCHEDULE_HELP = "An interval such as every 15m, or five cron fields and a time zone. Empty: only when somebody asks."
UNSURE = "Look at these pairs again, their names only resemble each other: {pairs}"
TRIED_AGAIN = "The last run broke off for a passing reason; it is tried again by itself {when}."
RESTS = "Paused by hand: the schedule {schedule} rests until the mapping is switched on."
OUTSIDE = "{rows} of those read are left out by the filter."
RESTORED = "This is the mapping as it was before that change. Nothing is stored until you save it."

CHOOSE_TABLES = "Choose both tables; then their columns are paired here."
DRY_RUN_SAVED = "Shows what a run of the saved mapping would do now. Save your changes first."
SYNC_SAVED = "Runs the saved mapping. Save your changes first."
NOTHING_TO_PAIR = "No unmapped column resembles one in Postgres: nothing was paired."
NOT_YET = "Solve the errors under the columns, or say that you have read the warnings."
FIELD_NAMES = {
    "name": "name",
    "target": "Postgres table",
    "supabase_table": "Postgres table",
    "glide_table": "Glide table",
    "glide_table_display_name": "Glide table",
    "connection_id": "connection",
    "column_mappings": "columns",
    "direction": "direction",
    "sync_direction": "direction",
    "deletes": "deletes",
    "delete_grace": "delete grace",
    "conflict_policy": "conflict policy",
    "marker_column": "marker column",
    "filter": "filter",
    "schedule": "schedule",
    "options": "options",
    "enabled": "switched on",
    "status": "state",
}

AUTOMATION = {
    "own_tokens": Title(
        "Your API tokens",
        "key",
        "Keys to the HTTP API that act as you: never as more than you are, and not at all once you leave.",
    ),
    "tokens": Title("API tokens", "key", "Keys to the HTTP API, each with a role. Only a hash of them is kept."),
    "hooks": Title("Webhooks in", "webhook", "Addresses that bring a mapping's next run forward when they are called."),
    "subscriptions": Title(
        "Webhooks out",
        "outgoing_mail",
        "Addresses that are told when a run ended or errors came up, without any row.",
    ),
}
TOKEN_STATES = {
    "active": Chip("Valid", "check_circle", "green"),
    "expired": Chip("Expired", "schedule", "gray"),
    "revoked": Chip("Revoked", "block", "gray"),
}
TOLD_STATES = {True: Chip("On", "check_circle", "green"), False: Chip("Paused", "pause_circle", "gray")}
VALID_FOR: dict[str, int | None] = {"30 days": 30, "90 days": 90, "1 year": 365, "Until it is revoked": None}
"""How long a token is good -> days."""
SHOWN_ONCE = "Copy it now: it is shown this once and nowhere kept in clear."
ROLE_HELP = "viewer reads; operator runs, retries and resolves; editor changes mappings; admin does everything."
HOOK_HEADER = "Senders add the header x-webhook-secret."
HOOK_SIGNED = "Senders sign their messages as Standard Webhooks describes; each message counts once."

EXPORT = "Connections and mappings as YAML, API keys only as references. `python -m glsync apply` takes it back in."
DEMO = "A stand-in on this machine plays Glide: nothing leaves it, and nothing here can break anything."
NO_DEMO = "No demo is set up here. `python -m glsync up --demo` starts one."
FLIGHTS_HELP = "A large app to watch a run with: all flights from New York City in 2013."
LOADING_FLIGHTS = "Loading the flights into the stand-in"
RESET = "The demo's tables in Glide, its connections, mappings and synced rows go back to how they were at first."
NOTE_NEEDED = "A note is needed: it is what the next person will read."
