"""What is done about errors: retried, resolved, ignored for a time or always, assigned, or their value corrected."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

import streamlit as st

from glsync.errors import SyncError
from glsync.services import correcting, errors
from glsync.services.errors import ErrorRow, Selection
from glsync.ui import background, commands, components, dialogs, places, state, texts, words
from glsync.ui.components import card, guarded, icon
from glsync.ui.shell import Visit
from glsync.ui.state import Flash

NOTE, HOW_LONG, DAY, ALSO_NEW = "errors_note", "errors_how_long", "errors_until", "errors_also_new"
CORRECTION = "errors_correction_work"


def buttons(
    visit: Visit, chosen: Selection, count: int, mapping_id: UUID | None, about: str, *, group: str | None = None
) -> None:
    """Retry, resolve, ignore, assign. `group` is the cause when all of it is meant; retrying needs one mapping."""
    may, why = visit.may("operator"), visit.why_not("operator")
    asked = {"chosen": chosen, "count": count, "group": group}
    with st.container(horizontal=True, key="errors_acts"):
        if mapping_id is not None:
            st.button(
                f"Retry {about}",
                key="errors_retry",
                type="primary",
                icon=icon("replay"),
                disabled=not may,
                help=why or texts.RETRY_HELP,
                on_click=commands.retry_errors,
                args=(visit.actor, mapping_id, chosen),
            )
        for name, symbol, help in (
            ("resolve", "check_circle", None), ("ignore", "visibility_off", texts.IGNORE_HELP)
        ):  # fmt: skip
            st.button(
                f"{name.capitalize()} {about}",
                key=f"errors_{name}",
                icon=icon(symbol),
                disabled=not may,
                help=why or help,
                on_click=state.open_dialog,
                args=(name,),
                kwargs=asked,
            )
        st.button(
            "Assign to me",
            key="errors_assign",
            icon=icon("person_add"),
            disabled=not may,
            help=why or texts.ASSIGN_HELP,
            on_click=commands.assign,
            args=(visit.actor, chosen),
        )


# Closing, with a note


def closing_dialog(visit: Visit) -> None:
    """The note that closes errors; a dialog that is open is drawn again with every run of the page."""
    asked = dialogs.asked("resolve", "ignore")
    if asked is None:
        return
    verb, count, chosen = asked.name.capitalize(), asked.about["count"], asked.about["chosen"]
    group = asked.about.get("group")

    def draw() -> None:
        st.markdown(texts.CLOSING[asked.name])
        st.selectbox(
            "A note at hand", texts.NOTES[asked.name], index=None, key="errors_template", on_change=_use_template
        )
        st.text_area("Note", key=NOTE, placeholder="What was done, or why it does not matter", required=True)
        if asked.name == "ignore":
            _how_long(group)
        dialogs.buttons(verb, "errors_note", _closed, visit, asked.name, chosen, group)

    dialogs.show(f"{verb} {words.counted(count, 'error')}", draw, symbol="edit_note")


def _how_long(group: str | None) -> None:
    chosen = st.selectbox("For how long", list(texts.IGNORE_FOR), key=HOW_LONG)
    if texts.IGNORE_FOR[chosen] == texts.A_DAY:
        st.date_input("Until", value=date.today() + timedelta(days=7), min_value=date.today(), key=DAY)
    if group is not None:
        st.checkbox("Also new ones of this cause", key=ALSO_NEW, help=texts.ALSO_NEW)


def _until() -> datetime | None:
    """The end of the day that was chosen, in the reader's time zone; None for always."""
    days = texts.IGNORE_FOR[state.get(HOW_LONG, next(iter(texts.IGNORE_FOR)))]
    if days is None:
        return None
    if days != texts.A_DAY:
        return datetime.now(UTC) + timedelta(days=days)
    chosen: date = st.session_state[DAY]
    return datetime.combine(chosen, time(23, 59), tzinfo=words.zone())


def _use_template() -> None:
    st.session_state[NOTE] = st.session_state["errors_template"] or st.session_state.get(NOTE, "")


def _closed(visit: Visit, how: str, chosen: Selection, group: str | None) -> None:
    note = st.session_state[NOTE].strip()
    if not note:
        state.flash(Flash("bad", texts.NOTE_NEEDED))
        return
    until, always = _until(), bool(group and state.get(ALSO_NEW, False))
    state.close_dialog()
    state.forget(NOTE, "errors_template", HOW_LONG, DAY, ALSO_NEW)
    if how == "resolve":
        commands.resolve(visit.actor, chosen, note)
    elif group is not None and always:
        commands.ignore_cause(visit.actor, group, note, until)
    else:
        commands.ignore(visit.actor, chosen, note, until)


# Correcting one value


def correction(visit: Visit, row: ErrorRow) -> None:
    """The cell's value, to be changed in Glide from here, and its row tried again."""
    if row.column is None or row.glide_row_id is None or row.state not in errors.LIVE:
        return
    reason = correcting.refusal(visit.actor, row)
    with card("Correct the value", "errors_correction", aside=row.column):
        if reason is not None:
            st.caption(words.plain(reason))
            return
        with st.container(horizontal=True, vertical_alignment="bottom"):
            typed = st.text_input(
                "Value in Glide",
                value=row.value or "",
                key=f"errors_value_{row.id}",
                live=True,
                disabled=not visit.may("operator"),
                help=f"Has to be {words.plain(row.rule)}." if row.rule else None,
            )
            st.button(
                "Save in Glide and retry",
                key="errors_correct",
                icon=icon("save"),
                disabled=not visit.may("operator") or typed == (row.value or ""),
                help=visit.why_not("operator") or texts.CORRECT_HELP,
                on_click=_correct,
                args=(visit, row.id),
            )
        _corrected(row.id)


def _correct(visit: Visit, error_id: UUID) -> None:
    typed = st.session_state[f"errors_value_{error_id}"]
    background.ask(f"{CORRECTION}_{error_id}", correcting.correct, visit.actor, error_id, typed)


def _corrected(error_id: UUID) -> None:
    """What became of the value that was sent off."""
    work = background.answer(f"{CORRECTION}_{error_id}", texts.CORRECTING)
    if work is None:
        return
    try:
        retried = work.result()
    except SyncError as error:
        components.failure(error, "errors_correct", may_repeat=False)
        return
    st.markdown(f":green[{icon('check_circle')}] {texts.CORRECTED}")
    if retried.started is not None:
        places.link("Open the run", "runs", icon=icon("arrow_forward"), run=retried.started.log_id)


# Causes that are ignored


def ignored_causes(visit: Visit) -> None:
    """What is never shown as open, with who said so and the way back."""
    with guarded("errors_ignored"):
        found = errors.ignored_causes(visit.actor)
        if not found:
            return
        with st.expander(f"Ignored causes · {len(found)}", icon=icon("visibility_off"), key="errors_ignored"):
            for cause in found:
                with st.container(horizontal=True, vertical_alignment="center"):
                    about = " · ".join(filter(None, (cause.mapping_name, cause.column, cause.rule)))
                    st.markdown(f"**{words.plain(cause.advice.title)}** {words.plain(about)}", width="stretch")
                    ends = f"until {words.moment(cause.until)}" if cause.until else "always"
                    st.caption(words.plain(f"{ends} · {cause.created_by}: {cause.notes or ''}"), width="content")
                    st.button(
                        "Show again",
                        key=f"errors_heed_{cause.id}",
                        icon=icon("visibility"),
                        type="tertiary",
                        disabled=not visit.may("operator"),
                        help=visit.why_not("operator"),
                        on_click=commands.heed_cause,
                        args=(visit.actor, cause.id),
                    )
