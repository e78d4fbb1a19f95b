"""What programs use besides tokens: webhooks that come in and that go out. A secret is shown once, in a dialog."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import UUID

import pandas as pd
import streamlit as st

from glsync.services import hooks, mappings, subscriptions
from glsync.ui import dialogs, state, tables, texts, words
from glsync.ui.commands import attempt, noted
from glsync.ui.components import card, guarded, icon
from glsync.ui.shell import Visit

SHOWN = "automation_secret"
Act = tuple[str, str, Callable[..., None], tuple[object, ...]]
"""A button: label, icon, what it calls, with what."""


def cards(visit: Visit) -> None:
    """The lists of webhooks."""
    one("hooks", _hooks, visit)
    one("subscriptions", _subscriptions, visit)


def one(key: str, draw: Callable[[Visit], None], visit: Visit) -> None:
    """One list, with what can be done to the row that is picked."""
    about = texts.AUTOMATION[key]
    with card(about.name, f"settings_{key}"):
        st.caption(about.intro)
        with guarded(f"settings_{key}"):
            draw(visit)


def dialog(visit: Visit) -> None:
    """Draw the dialog that is open."""
    known: dict[str, Callable[[Visit], None]] = {
        "hook_new": _new_hook,
        "subscription_new": _new_subscription,
        SHOWN: _secret,
    }
    if (asked := dialogs.asked(*known)) is not None:
        known[asked.name](visit)


def acts(new: tuple[str, str], others: Sequence[Act]) -> None:
    """The button that makes one, and those that act on the row that is picked."""
    label, dialog_name = new
    with st.container(horizontal=True):
        st.button(label, key=f"{dialog_name}_open", icon=icon("add"), on_click=state.open_dialog, args=(dialog_name,))
        for other, symbol, act, about in others:
            st.button(other, key=f"{dialog_name}_{other}", icon=icon(symbol), on_click=act, args=about)


def table(rows: dict[str, list[object]], key: str, columns: dict[str, tables.Column]) -> int | None:
    """The rows; the number of the one that is picked."""
    frame = pd.DataFrame(rows)
    st.dataframe(
        frame,
        hide_index=True,
        height="content",
        column_config=columns,
        key=key,
        on_select="rerun",
        selection_mode="single-row",
        placeholder="–",
        alt=texts.AUTOMATION[key.removeprefix("settings_").removesuffix("_table")].name,
    )
    return tables.selected(key, len(frame))


def show_once(title: str, *secrets: tuple[str, str]) -> None:
    state.open_dialog(SHOWN, title=title, secrets=secrets)


def _secret(_visit: Visit) -> None:
    asked = dialogs.asked(SHOWN)
    assert asked is not None  # whoever calls has looked

    def draw() -> None:
        st.markdown(texts.SHOWN_ONCE)
        for label, value in asked.about["secrets"]:
            st.caption(label)
            st.code(value, language=None, wrap_lines=True)
        st.button("I have copied it", key="automation_copied", type="primary", on_click=state.close_dialog)

    dialogs.show(asked.about["title"], draw, symbol="key")


# Webhooks that come in


def _hooks(visit: Visit) -> None:
    rows = hooks.listing(visit.actor)
    picked = tables.selected("settings_hooks_table", len(rows))
    chosen = rows[picked] if picked is not None else None
    others: list[Act] = []
    if chosen:
        others = [("Revoke address", "block", _revoke_hook, (visit, chosen.id, chosen.name))]
        if "signature" in chosen.proof:
            others.insert(0, ("New signing key", "key", _new_hook_key, (visit, chosen.id)))
    acts(("New address", "hook_new"), others)
    if not rows:
        return
    table(
        {
            "mapping": [row.mapping_name for row in rows],
            "name": [row.name for row in rows],
            "proof": [row.proof for row in rows],
            "called": list(tables.moments(row.last_called_at for row in rows)),
            "by": [row.created_by for row in rows],
        },
        "settings_hooks_table",
        {
            "mapping": tables.text("Mapping", pinned=True),
            "name": tables.text("Name"),
            "proof": tables.text("Senders prove themselves by"),
            "called": tables.since("Last called"),
            "by": tables.text("Made by"),
        },
    )


def _new_hook(visit: Visit) -> None:
    known = mappings.names(visit.actor)

    def draw() -> None:
        st.selectbox("Mapping", list(known), format_func=lambda id: known[id], key="hook_mapping")
        st.text_input("Name", key="hook_name", help="After its sender.", placeholder="Glide workflow")
        st.checkbox("A secret header", value=True, key="hook_header", help=texts.HOOK_HEADER)
        st.checkbox("Signed messages", key="hook_signed", help=texts.HOOK_SIGNED)
        dialogs.buttons("Make address", "hook_new", _make_hook, visit, disabled=not known)

    dialogs.show("New address", draw, symbol="webhook")


def _make_hook(visit: Visit) -> None:
    chosen, name = st.session_state["hook_mapping"], st.session_state["hook_name"]
    ways = {"with_header": st.session_state["hook_header"], "signed": st.session_state["hook_signed"]}
    if (made := attempt(hooks.create, visit.actor, chosen, name, **ways)) is not None:
        more = [("Value of the header x-webhook-secret", made.header), ("Signing key", made.key)]
        shown = [(label, value) for label, value in more if value]
        show_once("New address", ("Path, after the address of this app", made.path), *shown)


def _new_hook_key(visit: Visit, hook_id: UUID) -> None:
    if (key := attempt(hooks.new_key, visit.actor, hook_id)) is not None:
        show_once("New signing key", ("Signing key", key))


def _revoke_hook(visit: Visit, hook_id: UUID, name: str) -> None:
    if attempt(_done, hooks.revoke, visit.actor, hook_id):
        noted(f"Calls of {name} find nothing any more.")


# Webhooks that go out


def _subscriptions(visit: Visit) -> None:
    rows = subscriptions.listing(visit.actor)
    picked = tables.selected("settings_subscriptions_table", len(rows))
    chosen = rows[picked] if picked is not None else None
    others: list[Act] = []
    if chosen:
        switch = ("Pause", "pause") if chosen.enabled else ("Switch on", "play_arrow")
        others = [
            (*switch, _switch, (visit, chosen.id, not chosen.enabled)),
            ("New key", "key", _new_subscription_key, (visit, chosen.id)),
            ("Remove", "delete", _remove, (visit, chosen.id, chosen.url)),
        ]
    acts(("Tell an address", "subscription_new"), others)
    if not rows:
        return
    table(
        {
            "url": [row.url for row in rows],
            "state": [[texts.TOLD_STATES[row.enabled].word] for row in rows],
            "events": [", ".join(row.events) for row in rows],
            "why": [row.disabled_reason or "" for row in rows],
            "by": [row.created_by for row in rows],
        },
        "settings_subscriptions_table",
        {
            "url": tables.text("Address", pinned=True),
            "state": tables.chips("State", texts.TOLD_STATES.values()),
            "events": tables.text("Is told of"),
            "why": tables.text("Why not"),
            "by": tables.text("Made by"),
        },
    )
    if chosen:
        _deliveries(visit, chosen.id)


def _deliveries(visit: Visit, subscription_id: UUID) -> None:
    """What was sent of late, and what came of it."""
    sent = subscriptions.deliveries(visit.actor, subscription_id, limit=tables.PAGE)
    if not sent:
        st.caption("Nothing was sent to it yet.")
        return
    frame = pd.DataFrame(
        {
            "event": [row.event for row in sent],
            "state": [row.state for row in sent],
            "attempts": [row.attempts for row in sent],
            "said": [str(row.status or row.said or "") for row in sent],
            "at": tables.moments(row.created_at for row in sent),
        }
    )
    st.dataframe(
        frame,
        hide_index=True,
        height="content",
        column_config={
            "event": tables.text("Event"),
            "state": tables.text("State"),
            "attempts": tables.figure("Tries"),
            "said": tables.text("Answer"),
            "at": tables.since("When"),
        },
        alt="Messages sent of late",
    )


def _new_subscription(visit: Visit) -> None:
    def draw() -> None:
        st.text_input("Address", key="subscription_url", placeholder="https://example.com/glide-sync")
        st.multiselect("Events", subscriptions.EVENTS, default=list(subscriptions.EVENTS), key="subscription_events")
        dialogs.buttons("Tell it", "subscription_new", _make_subscription, visit)

    dialogs.show("Tell an address", draw, symbol="outgoing_mail")


def _make_subscription(visit: Visit) -> None:
    given = (st.session_state["subscription_url"].strip(), st.session_state["subscription_events"])
    if (made := attempt(subscriptions.add, visit.actor, *given)) is not None:
        show_once("The key its messages are signed with", ("Signing key", made[1]))


def _new_subscription_key(visit: Visit, subscription_id: UUID) -> None:
    if (key := attempt(subscriptions.new_key, visit.actor, subscription_id)) is not None:
        show_once("New signing key", ("Signing key", key))


def _switch(visit: Visit, subscription_id: UUID, enabled: bool) -> None:
    attempt(subscriptions.set_enabled, visit.actor, subscription_id, enabled=enabled)


def _remove(visit: Visit, subscription_id: UUID, url: str) -> None:
    if attempt(_done, subscriptions.remove, visit.actor, subscription_id):
        noted(f"{words.shortened(url)} is told nothing any more.")


def _done(act: Callable[..., None], *about: object) -> bool:
    """True once it is done: `attempt` tells a refusal by None."""
    act(*about)
    return True
