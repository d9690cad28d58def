"""GET /metrics, for Prometheus."""

from fastapi import APIRouter, Request, Response
from prometheus_client.exposition import choose_encoder

from app.metrics import registry

router = APIRouter(tags=["state"])


@router.get(
    "/metrics",
    summary="The worker's metrics, for Prometheus",
    response_class=Response,
    responses={
        200: {"description": "All names start with stocks_, python_ or process_.", "content": {"text/plain": {}}}
    },
)
async def metrics(request: Request) -> Response:
    """In Prometheus' text format, or OpenMetrics where the client asks for it."""
    encode, content_type = choose_encoder(request.headers.get("accept", ""))
    return Response(encode(registry), media_type=content_type)
