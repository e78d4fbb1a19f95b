"""GET /metrics in Prometheus's text form: of a token's workspace, or of everything for a caller on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address
from urllib.parse import urlsplit
from uuid import UUID

from fastapi import APIRouter, Request
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector
from starlette.responses import Response

from glsync.api.callers import Callers, address_of, token_of
from glsync.api.failures import RESPONSES
from glsync.services import status
from glsync.values import Status

router = APIRouter()

FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")
"""A header only a proxy adds: then the caller is somewhere else, however near the proxy is."""
STATUSES: tuple[Status, ...] = ("started", "processing", "completed", "completed_with_errors", "failed", "cancelled")


@router.get(
    "/metrics", responses={code: RESPONSES[code] for code in (401, 429, 503)}, response_class=Response,
    operation_id="metrics",
)  # fmt: skip
def metrics(request: Request) -> Response:
    """Figures for Prometheus: runs, rows, errors, the queue and the worker's heartbeat."""
    workspace = None
    if token_of(request) is not None or not is_local(request):
        callers: Callers = request.app.state.callers
        workspace = callers.admit(address_of(request), token_of(request)).workspace_id
    registry = CollectorRegistry()
    registry.register(_Figures(workspace))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


def is_local(request: Request) -> bool:
    """Does the call come from this machine, to this machine's own name, with no proxy in between?"""
    if any(header in request.headers for header in FORWARDED):
        return False
    host = urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
    return host in ("localhost", "127.0.0.1", "::1") and _is_loopback(address_of(request))


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


class _Figures(Collector):
    """Read from the database when asked, so that every web process tells the same."""

    def __init__(self, workspace_id: UUID | None) -> None:
        self._workspace_id = workspace_id

    def describe(self) -> list[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        found = status.figures(self._workspace_id)
        runs = GaugeMetricFamily("glsync_runs", "Runs there are records of", labels=["status"])
        counted = {row["status"]: row["runs"] for row in found["runs"]}
        for one in STATUSES:
            runs.add_metric([one], counted.get(one, 0))
        yield runs
        rows = CounterMetricFamily("glsync_rows", "Rows of all runs, by what became of them", labels=["what"])
        for row in found["rows"]:
            rows.add_metric([row["what"]], row["rows"])
        yield rows
        errors = GaugeMetricFamily("glsync_errors", "Errors that are not resolved", labels=["type", "state"])
        for row in found["errors"]:
            errors.add_metric([row["error_type"], row["state"]], row["errors"])
        yield errors
        queue = GaugeMetricFamily(
            "glsync_queue_jobs", "Jobs that wait (todo) or run (doing)", labels=["queue", "status"]
        )
        jobs = {(row["queue"], row["status"]): row["jobs"] for row in found["queue"]}
        for name in ("sync", "webhooks"):
            for state in ("todo", "doing"):
                queue.add_metric([name, state], jobs.get((name, state), 0))
        yield queue
        (worker,) = found["worker"]
        yield GaugeMetricFamily("glsync_workers", "Workers alive", value=worker["alive"])
        if worker["age"] is not None:
            yield GaugeMetricFamily(
                "glsync_worker_heartbeat_age_seconds", "Since a worker's last sign of life", value=worker["age"]
            )
        sent = GaugeMetricFamily("glsync_webhook_deliveries", "Messages of webhooks that go out", labels=["state"])
        for row in found["deliveries"]:
            sent.add_metric([row["state"]], row["deliveries"])
        yield sent
