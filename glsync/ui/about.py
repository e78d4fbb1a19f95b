"""What this installation is: version, database, worker, home, and the demo's stand-in for Glide."""

from __future__ import annotations

import platform
from dataclasses import dataclass

import streamlit as st

import glsync
from glsync import config, demo, doctor
from glsync.services import access
from glsync.services.access import Actor
from glsync.store import db


@dataclass(frozen=True, slots=True)
class About:
    """Facts for the Settings page. `standin` is the address of the demo's Glide, None when none is set up."""

    facts: tuple[tuple[str, str], ...]
    is_ready: bool
    standin: str | None


def about() -> About:
    """Asked anew every time: what is wrong right now is what people look for here."""
    chosen = config.settings()
    state = doctor.readiness()
    port = config.standin_port(chosen.home)
    database = "embedded, in the home folder" if chosen.url is None else db.without_password(chosen.url)
    facts = (
        ("Glide Sync", glsync.__version__),
        ("Database", database if state["database"] == "ok" else str(state["database"])),
        ("Schema", str(state["schema"] or "–")),
        ("Worker", str(state["worker"] or "–")),
        ("History, to undo runs", f"kept for {chosen.history_days} days (GLSYNC_HISTORY_DAYS)"),
        ("Home folder", str(chosen.home)),
        ("Python and Streamlit", f"{platform.python_version()}, {st.__version__}"),
    )
    return About(facts, state["status"] == "ok", f"http://127.0.0.1:{port}" if port else None)


def reset_demo(actor: Actor) -> list[str]:
    """Bring the demo back to how it was at first; what changed, in words.

    Raises:
        Forbidden: only an admin may.
        ConfigError: no demo is running here.
    """
    access.require(actor, "admin", "reset the demo")
    return demo.reset(actor, config.settings().home)


def add_flights(actor: Actor) -> list[str]:
    """Load the large demo app, connect and map it; what changed, in words.

    Raises:
        Forbidden, ConfigError: as above.
        InvalidInput: the stand-in cannot load it.
    """
    access.require(actor, "editor", "load the demo")
    return demo.add_flights(actor, config.settings().home)
