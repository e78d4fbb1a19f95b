"""The part of the Settings about people: members, invitations, the workspace, and what was changed by whom."""

from __future__ import annotations

from uuid import UUID

import pandas as pd
import streamlit as st

from glsync.config import settings
from glsync.services import access, audit, members
from glsync.services.members import InvitationRow, MemberRow
from glsync.ui import dialogs, mapping_history, state, tables, texts, words
from glsync.ui.commands import attempt, done
from glsync.ui.components import card, icon
from glsync.ui.shell import Visit

MEMBERS = "people_members"
TRAIL = 50
"""Lines of the trail on one page."""


def draw(visit: Visit) -> None:
    with card("Members", "people"):
        st.caption(texts.MEMBERS if settings().sign_in else texts.NO_SIGN_IN)
        _members(visit, members.listing(visit.actor))
        _invitations(visit, members.invitations(visit.actor))
    with card("Workspace", "people_workspace"):
        _workspace(visit)
    with card("What was changed", "people_trail"):
        _trail(visit)


# Members


def _members(visit: Visit, found: list[MemberRow]) -> None:
    if not found:
        return
    frame = pd.DataFrame(
        {
            "name": [row.name for row in found],
            "email": [row.email for row in found],
            "role": [row.role for row in found],
            "source": [texts.SOURCES[row.source] for row in found],
        }
    )
    st.dataframe(
        frame,
        key=MEMBERS,
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        column_config={
            "name": tables.text("Name"),
            "email": tables.text("E-mail"),
            "role": tables.text("Role"),
            "source": tables.text("Came by"),
        },
        alt="Members of this workspace",
    )
    if (picked := tables.selected(MEMBERS, len(found))) is not None:
        _one(visit, found[picked])


def _one(visit: Visit, row: MemberRow) -> None:
    st.markdown(f"**{words.plain(row.name)}**")
    if row.source == "claims":
        st.caption(texts.ROLE_OF_CLAIM)
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        role = st.selectbox(
            "Role", access.ROLES, index=access.ROLES.index(row.role), key=f"people_role_{row.user_id}", width=160
        )
        st.button(
            "Change role", key="people_change", on_click=_change, args=(visit, row, role), disabled=role == row.role
        )
        st.button(
            "Remove",
            key="people_remove",
            icon=icon("person_remove"),
            on_click=state.open_dialog,
            args=("remove_member",),
            kwargs={"user": row.user_id, "shown": row.name},
        )


def _change(visit: Visit, row: MemberRow, role: access.Role) -> None:
    if attempt(members.set_role, visit.actor, row.user_id, role) is not None:
        done(f"{row.name} is now {role}.")


def removing_dialog(visit: Visit) -> None:
    if (asked := dialogs.asked("remove_member")) is None:
        return
    user, shown = str(asked.about["user"]), str(asked.about["shown"])

    def body() -> None:
        st.markdown(texts.REMOVE_MEMBER.format(name=words.plain(shown)))
        dialogs.buttons("Remove", "people_removing", _remove, visit, user, shown)

    dialogs.show("Remove a member", body, symbol="person_remove")


def _remove(visit: Visit, user: str, shown: str) -> None:
    state.close_dialog()
    if attempt(members.remove, visit.actor, user) is not None:
        done(f"{shown} is no member any more.")


# Invitations


def _invitations(visit: Visit, found: list[InvitationRow]) -> None:
    for row in found:
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            until = "is over" if row.is_over else f"until {words.moment(row.expires_at)}"
            st.markdown(f"{icon('mail')} {words.plain(row.email)} as {row.role}, {until}", width="content")
            st.button(
                "Withdraw", key=f"people_withdraw_{row.id}", type="tertiary", on_click=_withdraw, args=(visit, row.id)
            )
    with (
        st.form("people_invite", border=False, clear_on_submit=False),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        st.text_input("E-mail of somebody to invite", key="people_email", placeholder="ada@example.com")
        st.selectbox("Their role", access.ROLES, key="people_new_role", width=160)
        st.form_submit_button("Invite", icon=icon("person_add"), on_click=_invite, args=(visit,))


def _invite(visit: Visit) -> None:
    email, role = state.get("people_email", ""), state.get("people_new_role", access.ROLES[0])
    if (made := attempt(members.invite, visit.actor, email, role)) is not None:
        st.session_state["people_email"] = ""
        done(f"{made.email} may come in as {made.role}.", texts.TELL_THEM.format(days=members.DAYS))


def _withdraw(visit: Visit, invitation_id: UUID) -> None:
    if (address := attempt(members.withdraw, visit.actor, invitation_id)) is not None:
        done(f"The invitation for {address} is withdrawn.")


# The workspace


def _workspace(visit: Visit) -> None:
    name = members.workspace_name(visit.actor)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        wanted = st.text_input("Name", value=name, key="people_workspace_name")
        st.button(
            "Rename", key="people_rename", on_click=_rename, args=(visit, wanted), disabled=wanted.strip() == name
        )
    if visit.actor.user_id is None:
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        new = st.text_input("Name of another workspace", key="people_workspace_new")
        st.button(
            "Add workspace", key="people_add", icon=icon("add"), on_click=_add, args=(visit, new), disabled=not new
        )


def _rename(visit: Visit, name: str) -> None:
    if (renamed := attempt(members.rename_workspace, visit.actor, name)) is not None:
        done(f"The workspace is now called {renamed}.")


def _add(visit: Visit, name: str) -> None:
    if attempt(members.add_workspace, visit.actor, name) is not None:
        st.session_state["people_workspace_new"] = ""
        done(f"{name.strip()} is there, with you as its admin.", "Choose it in the menu.")


# The trail


def _trail(visit: Visit) -> None:
    page = state.get("people_trail_page", 1)
    found = audit.trail(visit.actor, limit=TRAIL, offset=(page - 1) * TRAIL)
    frame = pd.DataFrame(
        {
            "at": tables.moments(line.at for line in found),
            "actor": [line.actor for line in found],
            "act": [f"{line.action} {line.subject_type}" for line in found],
            "thing": [line.subject_name for line in found],
            "change": [_told(line) for line in found],
        }
    )
    st.dataframe(
        frame,
        key="people_trail_table",
        hide_index=True,
        column_config={
            "at": tables.at("When"),
            "actor": tables.text("Who"),
            "act": tables.text("What"),
            "thing": tables.text("Which"),
            "change": tables.text("From what to what"),
        },
        alt="Changes, newest first",
    )
    if len(found) == TRAIL or page > 1:
        st.pagination(page + (len(found) == TRAIL), key="people_trail_page")


def _told(line: audit.Line) -> str:
    """role: viewer → operator; of what was added or removed, what it is."""
    if line.before and line.after:
        return ", ".join(mapping_history.touched(name, line.before.get(name), now) for name, now in line.after.items())
    return ", ".join(f"{name}: {value}" for name, value in (line.after or line.before or {}).items() if value)
