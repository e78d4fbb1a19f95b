"""Everything in the web app's own process: database, the demo's stand-in and a worker in threads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import structlog

from glsync import config, demo, jobs, running, startup
from glsync.config import Settings
from glsync.standin import StandIn
from glsync.standin.demo import DEMO_APP_ID, demo_fixture
from glsync.store import db, pooler

log = structlog.get_logger(__name__)


@contextmanager
def everything(chosen: Settings, address: str) -> Iterator[None]:
    """Bring it all up for a web app at `address`; at the end stop what this process began.

    Raises:
        SyncError: the database does not come up.
    """
    wants_demo = chosen.url is None
    with ExitStack() as stack:
        with running.alone(chosen.home):
            has_standin = wants_demo and not any(other.has_standin for other in running.others(chosen.home))
            started = startup.database(chosen, demo=wants_demo)
            running.enter(chosen.home, address, has_standin=has_standin, owns_database=started)
            stack.callback(running.leave, chosen.home)
        if has_standin:
            before, port = config.standin_port(chosen.home), startup.standin_port(chosen.home)
            stack.enter_context(_standin(chosen, port))
            demo.connect(port, is_new_port=port != before)
        if db.is_transaction_pooler(db.database_url()):
            refusal = pooler.refusal("a worker")
            log.warning("no worker in this process", reason=str(refusal), todo=refusal.hint)
        else:
            stack.enter_context(jobs.worker_in_thread(chosen.concurrency))
        yield


@contextmanager
def _standin(chosen: Settings, port: int) -> Iterator[None]:
    with StandIn(port=port, data_dir=chosen.home / config.STANDIN) as glide:
        if DEMO_APP_ID not in glide.state.apps:
            glide.load(demo_fixture())
        yield
