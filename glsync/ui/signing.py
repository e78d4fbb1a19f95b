"""Who reads: the one local user, or somebody who signed in; what they see until they have; their workspaces."""

from __future__ import annotations

import time
from typing import NoReturn
from uuid import UUID

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from glsync.config import settings, streamlit_secrets
from glsync.errors import SyncError
from glsync.services import access, signing_in
from glsync.services.access import Actor
from glsync.services.signing_in import Membership, Person
from glsync.ui import components, state, texts, words
from glsync.ui.components import icon

FRESH = 2.0
"""Seconds for which who somebody is need not be asked again; what they may, the database asks at every statement."""
_ACTOR, _ADMITTED, _LOOKED_AT = "signing_actor", "signing_admitted", "signing_workspace"


def reader() -> Actor:
    """Who reads this page. Where people sign in and nobody did, the page ends here with the way to do so."""
    if not settings().sign_in:
        return access.LOCAL
    kept: tuple[float, Actor] | None = state.get(_ACTOR, None)
    if kept is not None and time.monotonic() - kept[0] < FRESH:
        return kept[1]
    person = _person()
    try:
        if state.get(_ADMITTED, None) != person:
            signing_in.admit(person)
            state.put(_ADMITTED, person)
        found = signing_in.actor(person, state.get(_LOOKED_AT, None))
    except SyncError as error:
        components.failure(error, "signing_failed")
        st.stop()
    if found is None:
        _belongs_nowhere(person)
    state.put(_ACTOR, (time.monotonic(), found))
    return found


def _person() -> Person:
    if not st.user.is_logged_in:
        _ask_to_sign_in(texts.SIGN_IN)
    claims = st.user.to_dict()
    issued = claims.get("iat")
    if not isinstance(issued, int | float) or time.time() - issued > settings().session_hours * 3600:
        _ask_to_sign_in(texts.SIGN_IN_OVER)
    try:
        return signing_in.person_of(claims)
    except SyncError as error:
        components.failure(error, "signing_nobody", may_repeat=False)
        st.button("Sign out", key="signing_out", icon=icon("logout"), on_click=st.logout)
        st.stop()


def _ask_to_sign_in(said: str) -> NoReturn:
    with _alone():
        st.markdown(said)
        for name in _providers():
            label = f"Sign in with {words.plain(name)}" if name else "Sign in"
            st.button(
                label, key=f"signing_in_{name}", type="primary", icon=icon("login"), on_click=st.login, args=(name,)
            )
    st.stop()


def _providers() -> list[str | None]:
    """None for the only one, or for the one without a name in Streamlit's own file; else their names there."""
    auth = {} if settings().oidc_metadata_url else streamlit_secrets().get("auth", {})
    named = [name for name, value in auth.items() if isinstance(value, dict) and "client_id" in value]
    return [None, *named] if "client_id" in auth or not named else list(named)


def _belongs_nowhere(person: Person) -> NoReturn:
    with _alone():
        st.markdown(texts.BELONGS_NOWHERE.format(name=words.plain(person.shown)))
        if person.email is None:
            st.caption(texts.EMAIL_NOT_PROVEN)
        st.button("Sign out", key="signing_out", icon=icon("logout"), on_click=st.logout)
    st.stop()


def _alone() -> DeltaGenerator:
    """A place in the middle of a page that has nothing else."""
    _, middle, _ = st.columns([1, 2, 1])
    box = middle.container(border=True, key="signing")
    box.subheader(texts.PRODUCT, anchor=False)
    return box


# In the menu


def draw_menu(actor: Actor) -> None:
    """Who is signed in, the workspace they look at, a way to another one and a way out."""
    if actor.user_id is None:
        return
    try:
        mine = signing_in.workspaces(_person())
    except SyncError:
        return  # the line above says that the database is away
    names = {one.workspace_id: one.workspace for one in mine}
    if len(mine) > 1:
        st.selectbox(
            "Workspace",
            list(names),
            index=list(names).index(actor.workspace_id) if actor.workspace_id in names else None,
            format_func=lambda id: names[id],
            key="signing_switch",
            on_change=_switch,
            args=(mine,),
        )
    elif mine:
        st.caption(f"{icon('workspaces')} {words.plain(mine[0].workspace)}")
    st.caption(f"{icon('person')} {words.plain(actor.name)} · {actor.role}")
    st.button("Sign out", key="signing_out", type="tertiary", icon=icon("logout"), on_click=st.logout)


def _switch(mine: list[Membership]) -> None:
    """To another workspace: nothing of the one before stays in this tab."""
    wanted: UUID | None = state.get("signing_switch", None)
    if wanted not in {one.workspace_id for one in mine}:
        return
    person = _person()
    for key in [key for key in st.session_state if not str(key).startswith("signing_")]:
        del st.session_state[key]
    state.forget(_ACTOR)
    state.put(_LOOKED_AT, wanted)
    st.query_params.clear()
    signing_in.look_at(person, wanted)
