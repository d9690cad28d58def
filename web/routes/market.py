"""GET /market: whether the exchange is open. GET /session: where symbols stand in their newest session."""

import asyncio
import time
from functools import partial
from itertools import chain
from operator import itemgetter
from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.calendar.sessions import sessions
from app.domain.records import MINUTE_MS
from app.times import iso
from web.dependencies import CompleteQuestion, part_response
from web.errors import documented
from web.models_page import MarketOut, SessionOut
from web.partition_out import partitions_out
from web.queries import NoQuery, SessionQuery
from web.reader import Reader
from web.workers.part import WorkerPart

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
async def session(question: CompleteQuestion, query: Annotated[SessionQuery, Query()]) -> Response:
    """Columns of the same length: the first of each belongs to the first symbol, and so on. Of all workers."""
    at = query.at_ms()
    if at is None:
        run = await question.run(query)
        at = run.newest_bar if run else 0
        query = query.of(run.run_id if run else query.run, at)
    began, next_open = sessions().around(at) if at else (None, None)
    make = partial(session_here, question.reader, at if began is None else began)
    found = await question.of_run("/session", query, make)
    if question.is_part:
        return part_response(found.only)
    parts = (zip(*part.head["session"], strict=True) for part in found.parts.values())
    # Each is in order already, and such lists are merged in no time.
    rows = sorted(chain.from_iterable(parts), key=itemgetter(0))
    symbols, opens, turned, actions = zip(*rows, strict=True) if rows else ((), (), (), ())
    await asyncio.sleep(0)
    answer = SessionOut(
        run_id=found.run_id,
        session_open=None if began is None else iso(began),
        next_open=None if next_open is None else iso(next_open),
        complete=found.complete,
        partitions=partitions_out(found.partitions),
        symbols=list(symbols),
        opens=list(opens),
        transitions=[None if time is None else iso(time) for time in turned],
        actions=list(actions),
    )
    await asyncio.sleep(0)
    # Written here: FastAPI would look at each of thousands of values once more.
    return Response(answer.model_dump_json(), media_type="application/json")


async def session_here(reader: Reader, since_ms: int, run_id: str) -> WorkerPart:
    """Where each symbol that this worker has stands in a session that opened at a time: columns, by symbol."""
    rows = await reader.session(run_id, since_ms // MINUTE_MS)
    return WorkerPart({"session": [list(rows.symbols), list(rows.opens), list(rows.transitions), list(rows.actions)]})
