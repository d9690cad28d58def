"""GET /market: whether the exchange is open. GET /session: where symbols stand in their newest session."""

import time
from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.calendar.sessions import sessions
from app.domain.records import MINUTE_MS
from app.iso_time import iso
from web.dependencies import CompleteReader, chosen_run, missing
from web.errors import documented
from web.models_page import MarketOut, SessionOut
from web.queries import NoQuery, RunQuery
from web.reader import SessionRows

router = APIRouter(tags=["market"])


@router.get("/market", summary="Whether the New York Stock Exchange is open", responses=documented(422))
async def market(_: Annotated[NoQuery, Query()]) -> MarketOut:
    """By the regular sessions of the exchange's calendar, early closes included."""
    return market_at(int(time.time() * 1000))


def market_at(now_ms: int) -> MarketOut:
    """The state of the market at a time, UTC epoch milliseconds."""
    state = sessions().state(now_ms)
    return MarketOut(
        now=iso(now_ms),
        open=state.is_open,
        last_change=iso(state.last_change) if state.last_change is not None else None,
        next_change=iso(state.next_change) if state.next_change is not None else None,
    )


@router.get(
    "/session",
    summary="Each symbol's open in the newest session, and its last transition",
    response_model=SessionOut,
    responses=documented(404, 422, 503),
)
async def session(reader: CompleteReader, query: Annotated[RunQuery, Query()]) -> Response:
    """Columns of the same length: the first of each belongs to the first symbol, and so on."""
    run = (await chosen_run(reader, query.run)).run
    began, next_open = (None, None) if run is None else sessions().around(run.newest_bar)
    rows = SessionRows([], [], [], [])
    if run is not None:
        rows = await reader.session(run.run_id, (began if began is not None else run.newest_bar) // MINUTE_MS)
    answer = SessionOut(
        run_id=run.run_id if run else None,
        session_open=None if began is None else iso(began),
        next_open=None if next_open is None else iso(next_open),
        missing_partitions=missing(reader),
        symbols=list(rows.symbols),
        opens=list(rows.opens),
        transitions=[None if turned is None else iso(turned) for turned in rows.transitions],
        actions=list(rows.actions),
    )
    # Written here: FastAPI would look at each of thousands of values once more.
    return Response(answer.model_dump_json(), media_type="application/json")
