"""The web app's entry: streamlit run app.py, or uvicorn app:app.

Started by `up`, everything else stands already. Started alone it brings up the database, the demo's stand-in and a
worker by itself, in this one process, for hosts that run a Streamlit file and nothing more.
"""

from __future__ import annotations

import asyncio
import gc
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

import streamlit as st
import structlog
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from glsync import logs, oidc, startup
from glsync.api import Api
from glsync.config import settings
from glsync.headers import SecurityHeaders
from glsync.loopback import ThisMachineOnly, refuse_openness
from glsync.returning import BackAfterSignIn
from glsync.services.changes import CHANGES
from glsync.ui import places, push

ROUTER = Path(__file__).resolve().parent / "glsync" / "ui" / "router.py"

log = structlog.get_logger("glsync.web")
api = Api()


@asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[None]:
    logs.set_up(settings().log_level, settings().log_format)
    with ExitStack() as stack:
        refuse_openness(settings(), st.get_option("server.address"))
        if startup.CHILD not in os.environ:
            from glsync import oneprocess

            address = f"http://{st.get_option('server.address') or 'localhost'}:{st.get_option('server.port')}"
            await asyncio.to_thread(stack.enter_context, oneprocess.everything(settings(), address))
        await asyncio.to_thread(_load)
        CHANGES.start()
        stack.callback(CHANGES.stop)
        gc.collect()
        gc.freeze()  # Streamlit collects garbage after every rerun; what is loaded by now need not be looked at again
        yield


def _load() -> None:
    """Import what the first visitor would have to wait for."""
    import pandas as pd

    import glsync.ui.shell

    api.ready()
    del pd, glsync.ui.shell


async def healthz(_request: Request) -> JSONResponse:
    """This process answers."""
    return JSONResponse({"status": "ok"})


async def readyz(_request: Request) -> JSONResponse:
    """It can serve people: the database answers and has our schema. What is said of workers is for information."""
    from glsync import doctor

    state = await asyncio.to_thread(doctor.readiness)
    return JSONResponse(state, 200 if state["status"] == "ok" else 503)


def calmly(error: Exception) -> bool:
    """An error nobody foresaw: the log has all of it under a reference, which the reader sees."""
    reference = secrets.token_hex(4)
    log.error("a page failed", reference=reference, exc_info=error)
    st.error(
        f"Something went wrong on our side. It is in the log under reference {reference}.", icon=":material/error:"
    )
    return True


app = st.App(
    ROUTER,
    secrets=oidc.streamlit_auth(settings()),
    lifespan=lifespan,
    routes=[Route("/healthz", healthz), Route("/readyz", readyz), push.ROUTE, *api.routes()],
    middleware=[
        Middleware(SecurityHeaders),
        Middleware(ThisMachineOnly, chosen=settings()),
        Middleware(BackAfterSignIn, pages=places.addresses()),
    ],
    on_script_error=calmly,
)
