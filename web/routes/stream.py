"""GET /stream: the signals as they come."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request
from starlette.responses import Response

from web.dependencies import AnyQuestion, part_response
from web.errors import ProblemError, documented
from web.queries import LocalQuery, StreamQuery
from web.stream import Push
from web.stream.response import StreamResponse
from web.stream.snapshot import PATH, newest_here

router = APIRouter(tags=["signals"])


async def open_push(request: Request) -> Push:
    """The Push given to create_app. Raises the 503 if there is none, or if the worker stops."""
    push: Push | None = request.app.state.push
    if push is None or push.hub.closed:
        raise ProblemError(503, "This worker is stopping; ask another, or try again in 2 s.", {"Retry-After": "2"})
    return push


OpenPush = Annotated[Push, Depends(open_push)]


@router.get(
    "/stream",
    summary="The signals as they come, as server-sent events",
    response_class=Response,
    responses=documented(422, 503)
    | {
        200: {
            "description": "Events `snapshot`, `signal`, `progress` and `reset`, each with JSON, without an end. "
            "Sent an id again, the stream goes on behind it, on any worker.",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        }
    },
)
async def stream(
    push: OpenPush,
    query: Annotated[StreamQuery, Query()],
    last_event_id: Annotated[
        str | None, Header(description="The id of the last event that came; browsers send it by themselves.")
    ] = None,
) -> Response:
    """A new client gets a snapshot first, one with an id what it has missed and nothing else."""
    return StreamResponse(push.client(query.wanted(), last_event_id or query.last_event_id))


@router.get(PATH, include_in_schema=False)
async def local(question: AnyQuestion, query: Annotated[LocalQuery, Query()]) -> Response:
    """For other workers: the newest signals of this one's partitions."""
    return part_response(await question.here(partial(newest_here, question.reader, query.run, query.chosen)))
