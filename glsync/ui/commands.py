"""What buttons do: each calls one service and leaves a message for the next drawing of the page.

They are on_click callbacks. `st.rerun()` at the end draws the whole page again even when the button stands in a part
that is redrawn by itself, so that the message, the menu and the lists all show the new state.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal, TypeVar
from uuid import UUID

import streamlit as st

from glsync.errors import AlreadyRunning, SyncError
from glsync.services import conflicts, errors, mappings, runs, undoing
from glsync.services.access import Actor
from glsync.services.conflicts import Picked
from glsync.services.errors import ErrorFilter, Selection
from glsync.ui import background, state, words
from glsync.ui.components import log, reference
from glsync.ui.state import Flash
from glsync.values import Side

T = TypeVar("T")

UNDO = "undo_work"
PLAN = "plan_work"
"""Where the dry run that is open keeps its answer."""


def attempt(act: Callable[..., T], *args: Any, **named: Any) -> T | None:
    """Call a service; a refusal becomes a message with its hint, and None comes back."""
    try:
        return act(*args, **named)
    except AlreadyRunning as error:
        noted(str(error), error.hint, _open_run(error.log_id))
        return None
    except SyncError as error:
        log.warning("command_failed", reference=reference(error), type=error.type, error=str(error))
        state.flash(Flash("bad", str(error), error.hint, reference(error)))
        return None


def done(text: str, hint: str = "", link: tuple[str, str, dict[str, str]] | None = None) -> None:
    state.flash(Flash("good", text, hint, link=link))


def noted(text: str, hint: str = "", link: tuple[str, str, dict[str, str]] | None = None) -> None:
    state.flash(Flash("note", text, hint, link=link))


def _open_run(log_id: UUID) -> tuple[str, str, dict[str, str]]:
    return ("Open the run", "runs", {"run": str(log_id)})


def sync_now(actor: Actor, mapping_id: UUID, name: str, approve: str | None = None) -> None:
    """Queue one run; a second press while it waits leads to the first."""
    if (started := attempt(runs.start, actor, mapping_id, approve=approve)) is not None:
        if started.new:
            done(f"{name} is queued.", link=_open_run(started.log_id))
        else:
            noted(f"{name} is already queued.", link=_open_run(started.log_id))
    st.rerun()


def sync_all(actor: Actor) -> None:
    """Queue a run of every mapping that is active and switched on."""
    started = attempt(runs.start_all, actor) or []
    if new := sum(run.new for run in started):
        done(f"{words.counted(new, 'run')} queued.", link=("Watch them", "runs", {}))
    elif started:
        noted("All of them are queued already.", link=("Watch them", "runs", {}))
    st.rerun()


def dry_run(actor: Actor, mapping_id: UUID, name: str) -> None:
    """Work out what a run would do, beside the page, and open the place where it will be shown."""
    background.ask(PLAN, runs.plan, actor, mapping_id)
    state.open_dialog("plan", mapping=mapping_id, name=name)
    st.rerun()


def plan_undo(actor: Actor, log_id: UUID, name: str) -> None:
    """Work out what undoing a run would do, and open the place where it will be shown."""
    background.ask(UNDO, undoing.plan, actor, log_id)
    state.open_dialog("undo", run=log_id, name=name)
    st.rerun()


def undo(actor: Actor, log_id: UUID, name: str, approve: str) -> None:
    """Queue the undo of a run, of exactly the plan that was looked at."""
    if (started := attempt(undoing.start, actor, log_id, approve)) is not None:
        done(f"The undo of this run of {name} is queued.", undoing.RESTS, _open_run(started.log_id))
    st.rerun()


def cancel(actor: Actor, log_id: UUID, name: str) -> None:
    """Ask a run to stop at its next page."""
    if (asked := attempt(runs.cancel, actor, log_id)) is not None:
        noted(
            f"{name} stops after the page it is at." if asked else f"{name} had ended already.",
            "Rows stored before stay." if asked else "",
        )
    st.rerun()


def retry(actor: Actor, mapping_id: UUID, name: str) -> None:
    """Queue a run that takes rejected rows along."""
    if (started := attempt(runs.retry, actor, mapping_id)) is not None:
        done(f"A retry of {name} is queued.", link=_open_run(started.log_id))
    st.rerun()


def pause(actor: Actor, mapping_id: UUID, name: str, enabled: bool) -> None:
    """Switch a mapping on or off."""
    if attempt(mappings.set_enabled, actor, mapping_id, enabled) is not None:
        noted(f"{name} is switched on." if enabled else f"{name} is paused.")


def retry_errors(actor: Actor, mapping_id: UUID, chosen: Selection) -> None:
    """Queue a run that takes these rows along, and say which it cannot take."""
    if (found := attempt(errors.retry, actor, mapping_id, chosen)) is not None:
        reasons = "; ".join(found.reasons)
        if found.started is None:
            noted("None of these errors can be retried.", reasons)
        else:
            left = f"{words.number(found.not_retryable)} are not retryable: {reasons}" if found.not_retryable else ""
            done(f"{words.counted(found.retried, 'row')} will be retried.", left, _open_run(found.started.log_id))
    st.rerun()


def resolve(actor: Actor, chosen: Selection, note: str) -> None:
    if (count := attempt(errors.resolve, actor, chosen, note)) is not None:
        _closed(actor, f"{words.counted(count, 'error')} resolved.", chosen)
    st.rerun()


def assign(actor: Actor, chosen: Selection) -> None:
    if (count := attempt(errors.assign, actor, chosen, actor.name)) is not None:
        done(f"{words.counted(count, 'error')} assigned to you." if count else "They are yours already.")
    st.rerun()


def ignore_cause(actor: Actor, group: str, note: str, until: datetime | None) -> None:
    if (count := attempt(errors.ignore_cause, actor, group, note, until)) is not None:
        done(f"The cause is ignored, and {words.counted(count, 'error')} with it.", "Ignored causes are listed below.")
    st.rerun()


def heed_cause(actor: Actor, cause_id: UUID) -> None:
    if (count := attempt(errors.heed_cause, actor, cause_id)) is not None:
        noted(f"The cause is shown again: {words.counted(count, 'error')} open.")


def ignore(actor: Actor, chosen: Selection, note: str, until: datetime | None = None) -> None:
    if (count := attempt(errors.ignore, actor, chosen, note, until)) is not None:
        _closed(actor, f"{words.counted(count, 'error')} ignored.", chosen)
    st.rerun()


def _closed(actor: Actor, text: str, chosen: Selection) -> None:
    """Say it, with a way back where the errors are known one by one."""
    undo = None if isinstance(chosen, ErrorFilter) else ("Undo", "undo", reopen, (actor, chosen))
    state.flash(Flash("good", text, button=undo))


def reopen(actor: Actor, chosen: Selection) -> None:
    if (count := attempt(errors.reopen, actor, chosen)) is not None:
        noted(f"{words.counted(count, 'error')} open again.")
    st.rerun()


def pick_side(actor: Actor, conflict_id: UUID, side: Side) -> None:
    """One conflict is decided; a run carries it out."""
    found = attempt(conflicts.resolve, actor, [conflict_id], side)
    if found is not None:
        _picked(found, side, ("Take back", "undo", leave_conflicts, (actor, [conflict_id])))
    st.rerun()


def pick_many(actor: Actor, conflict_id: UUID, side: Side, scope: Literal["row", "alike"]) -> None:
    """A whole row, or all conflicts like this one, are decided at once."""
    act = conflicts.resolve_row if scope == "row" else conflicts.resolve_alike
    if (found := attempt(act, actor, conflict_id, side)) is not None:
        _picked(found, side, None)
    state.close_dialog()
    st.rerun()


def _picked(found: Picked, side: Side, button: tuple[str, str, Callable[..., None], tuple[Any, ...]] | None) -> None:
    if not found.count:
        noted("It was over already.", "The sides came to agree, or somebody else decided.")
        return
    name = "Glide" if side == "glide" else "Postgres"
    text = f"{name} was picked for {words.counted(found.count, 'conflict')}."
    rests = f"{', '.join(found.resting)} is switched off: it is carried out when it runs again."
    link = _open_run(found.started[0].log_id) if found.started else None
    state.flash(Flash("good", text, rests if found.resting else "A run carries it out now.", link=link, button=button))


def leave_conflicts(actor: Actor, ids: list[UUID]) -> None:
    """Take picks back that no run has carried out yet."""
    if (count := attempt(conflicts.leave, actor, ids)) is not None:
        left = f"{words.counted(count, 'conflict')} open again." if count else "A run has carried it out already."
        noted(left, "" if count else "Undo that run to have both values back.")
    st.rerun()
