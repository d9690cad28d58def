"""GET /health and GET /ready: whether the process lives, and whether it does its work."""

import time
from importlib.metadata import version

from fastapi import APIRouter, Request, Response

from app.times import iso
from web.dependencies import AnyReader
from web.models import HealthOut, ReadyOut

router = APIRouter(tags=["state"])

VERSION = version("stock-signals")


@router.get("/health", summary="The process lives")
async def health(request: Request, reader: AnyReader) -> HealthOut:
    """Always 200 while it does; `status` and `reasons` say how well it is."""
    readiness = reader.readiness()
    started: float = request.app.state.started
    return HealthOut(
        status="ok" if readiness.ready else "recovering" if readiness.recovering else "degraded",
        reasons=list(readiness.reasons),
        version=VERSION,
        started_at=iso(int(started) * 1000),
        uptime_seconds=round(time.time() - started, 3),
    )


@router.get(
    "/ready",
    summary="The worker does its work",
    responses={503: {"model": ReadyOut, "description": "It does not; Retry-After says when to ask again."}},
)
async def ready(reader: AnyReader, response: Response) -> ReadyOut:
    """200 when it does, else 503 with the reasons."""
    readiness = reader.readiness()
    if not readiness.ready:
        response.status_code = 503
        response.headers["Retry-After"] = str(readiness.retry_after)
    return ReadyOut(
        ready=readiness.ready,
        reasons=list(readiness.reasons),
        deployment=readiness.deployment,
        dead_letters=dict(readiness.dead_letters),
    )
