"""POST /hooks/<secret path>: somebody says a mapping's table changed."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from starlette.concurrency import run_in_threadpool

from glsync.api.callers import Callers, address_of
from glsync.api.failures import RESPONSES
from glsync.api.words import Success
from glsync.errors import NotFound
from glsync.services import hooks

router = APIRouter()

WANTED = (400, 401, 404, 409, 413, 422, 429, 500, 503)


@router.post(
    "/hooks/{token}", response_model=Success, status_code=202, operation_id="hook",
    responses={status: RESPONSES[status] for status in WANTED},
)  # fmt: skip
async def hook(token: Annotated[str, Path(max_length=100)], request: Request) -> Any:
    """Glide's action "Trigger webhook", or any sender: a run follows within seconds. The body is not read for content.

    The address is the secret. Some webhooks ask for X-Webhook-Secret, or for a signature as Standard Webhooks has it.
    """
    callers: Callers = request.app.state.callers
    body = await request.body()
    try:
        taken = await run_in_threadpool(hooks.received, token, request.headers, body)
    except (NotFound, hooks.NotProven):
        callers.count_failure(address_of(request))
        raise
    return {"success": True, "logId": str(taken.log_id) if taken.log_id else None}
