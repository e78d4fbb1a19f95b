"""API tokens: everybody's own, and those of services, which administrators look after. A token is shown once."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import streamlit as st

from glsync.services import access, tokens
from glsync.services.access import Role
from glsync.services.tokens import TokenRow
from glsync.ui import automation, dialogs, state, tables, texts, words
from glsync.ui.commands import attempt, noted
from glsync.ui.shell import Visit


def own(visit: Visit) -> None:
    """The reader's own. The one user of an installation without sign-in has none: theirs would be a service's."""
    if visit.actor.user_id is not None:
        automation.one("own_tokens", _own, visit)


def all_of_them(visit: Visit) -> None:
    """Those of services and of people, for administrators."""
    automation.one("tokens", _all, visit)


def dialog(visit: Visit) -> None:
    """Draw the dialog that is open."""
    known: dict[str, Callable[[Visit], None]] = {"token_new": _new, "own_token_new": _new_own}
    if (asked := dialogs.asked(*known)) is not None:
        known[asked.name](visit)


def _own(visit: Visit) -> None:
    rows = tokens.listing_own(visit.actor)
    _list(rows, "own_tokens", ("New token of mine", "own_token_new"), tokens.revoke_own, visit)


def _all(visit: Visit) -> None:
    rows = tokens.listing(visit.actor)
    _list(rows, "tokens", ("New token", "token_new"), _revoke_any, visit)


def _revoke_any(actor: access.Actor, token_id: UUID) -> TokenRow:
    return tokens.revoke(actor, str(token_id))


def _list(
    rows: list[TokenRow],
    name: str,
    new: tuple[str, str],
    revoke: Callable[[access.Actor, UUID], TokenRow],
    visit: Visit,
) -> None:
    key = f"settings_{name}_table"
    picked = tables.selected(key, len(rows))
    chosen = rows[picked] if picked is not None else None
    acts: list[automation.Act] = []
    if chosen and chosen.state == "active":
        acts.append(("Revoke", "block", _revoke, (visit, revoke, chosen.id)))
    automation.acts(new, acts)
    if rows:
        automation.table(_columns(rows), key, _config(has_owners=name == "tokens"))


def _columns(rows: list[TokenRow]) -> dict[str, list[object]]:
    return {
        "name": [row.name for row in rows],
        "state": [[texts.TOKEN_STATES[row.state].word] for row in rows],
        "role": [row.role for row in rows],
        "used": list(tables.moments(row.last_used_at for row in rows)),
        "expires": list(tables.moments(row.expires_at for row in rows)),
        "of": ["Their own" if row.user_id else "A service" for row in rows],
        "by": [row.created_by for row in rows],
    }


def _config(*, has_owners: bool) -> dict[str, tables.Column | None]:
    return {
        "name": tables.text("Token", pinned=True),
        "state": tables.chips("State", texts.TOKEN_STATES.values()),
        "role": tables.text("Role"),
        "used": tables.since("Last used"),
        "expires": tables.since("Expires"),
        "of": tables.text("Whose") if has_owners else None,
        "by": tables.text("Made by") if has_owners else None,
    }


def _revoke(visit: Visit, revoke: Callable[[access.Actor, UUID], TokenRow], token_id: UUID) -> None:
    if (gone := attempt(revoke, visit.actor, token_id)) is not None:
        noted(f"{gone.name} opens nothing any more.")


# Making one


def _new(visit: Visit) -> None:
    _form(visit, "token", "nightly job", access.ROLES, tokens.create)


def _new_own(visit: Visit) -> None:
    may = [role for role in access.ROLES if access.allowed(visit.actor, role)]
    _form(visit, "own_token", "my notebook", may, tokens.create_own)


Maker = Callable[[access.Actor, str, Role, int | None], tuple[TokenRow, str]]


def _form(visit: Visit, key: str, example: str, roles: tuple[Role, ...] | list[Role], make: Maker) -> None:
    def draw() -> None:
        st.text_input("Name", key=f"{key}_name", help="After whoever will use it.", placeholder=example)
        st.selectbox("Role", roles, key=f"{key}_role", help=texts.ROLE_HELP)
        st.selectbox("Valid for", list(texts.VALID_FOR), index=1, key=f"{key}_days")
        dialogs.buttons("Make token", f"{key}_new", _make, visit, key, make)

    dialogs.show("New token", draw, symbol="key")


def _make(visit: Visit, key: str, make: Maker) -> None:
    name, role = state.get(f"{key}_name", ""), state.get(f"{key}_role", access.ROLES[0])
    days = texts.VALID_FOR[st.session_state[f"{key}_days"]]
    if (made := attempt(make, visit.actor, name, role, days)) is not None:
        automation.show_once(f"Token {words.plain(made[0].name)}", ("Token", made[1]))
