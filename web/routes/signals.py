"""GET /signals and GET /signals/{symbol}."""

from functools import partial
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Path, Query, Request, Response

from app.asgi.answer import quoted_path
from app.times import iso
from web.answers import CSV, answered
from web.dependencies import CompleteQuestion, part_response
from web.errors import documented
from web.models import SignalsOut
from web.partition_out import partitions_out
from web.queries import FormatQuery, SignalsQuery, SymbolSignalsQuery, cursor_of
from web.question import Answered
from web.signal_lists import Merged, merged, newest_here, symbol_here

router = APIRouter(tags=["signals"])

SymbolPath = Annotated[
    str, Path(min_length=1, description="Ticker; where there is none spelt like it, its upper case is tried.")
]


async def _answer(
    request: Request, query: FormatQuery, found: Answered, signals: Merged, rest: dict[str, str]
) -> Response:
    """The list, and where it goes on: the address of the same run with `rest` changed, said in the header, too."""
    address = _next(request, found.run_id, rest) if found.run_id and rest else None
    answer = SignalsOut(
        run_id=found.run_id,
        run_reason=found.run_reason,
        synthetic=found.synthetic,
        complete=found.complete,
        partitions=partitions_out(found.partitions),
        total=signals.total,
        next=address,
        signals=[],
    )
    headers = {"Link": f'<{address}>; rel="next"'} if address else None
    lines = [line.json for line in signals.lines]
    return await answered(request, answer, "signals", lines, query.format, headers=headers)


def _next(request: Request, run_id: str, changed: dict[str, str]) -> str:
    kept = [(name, value) for name, value in request.query_params.multi_items() if name not in (*changed, "run")]
    # A header is Latin-1, and a symbol may be anything that can be printed.
    return f"{quoted_path(request.scope['path'])}?{urlencode([*kept, ('run', run_id), *changed.items()])}"


@router.get(
    "/signals",
    summary="The newest signals over all symbols",
    response_model=SignalsOut,
    responses=documented(404, 422, 503) | CSV,
)
async def newest_signals(
    request: Request, question: CompleteQuestion, query: Annotated[SignalsQuery, Query()]
) -> Response:
    """Newest bar first, ties by symbol ascending; with `latest`, by symbol. Of all workers."""
    wanted = query.wanted()
    found = await question.of_run("/signals", query, partial(newest_here, question.reader, wanted), wanted.limit)
    if question.is_part:
        return part_response(found.only)
    signals = await merged(found.parts.values(), wanted)
    return await _answer(request, query, found, signals, {"cursor": cursor_of(signals.next)} if signals.next else {})


@router.get(
    "/signals/{symbol:path}",
    summary="The newest signals of one symbol",
    response_model=SignalsOut,
    responses=documented(404, 422, 503) | CSV,
)
async def signals_of_symbol(
    request: Request, question: CompleteQuestion, symbol: SymbolPath, query: Annotated[SymbolSignalsQuery, Query()]
) -> Response:
    """Newest bar first, from the worker that has the symbol."""
    wanted = query.wanted()
    make = partial(symbol_here, question.reader, wanted)
    found = await question.of_symbol("/signals/{symbol}", symbol, query, make, wanted.limit)
    if question.is_part:
        return part_response(found.only)
    signals = await merged(found.parts.values(), wanted)
    # A symbol has one signal a bar, so the rest are those of the bars before.
    return await _answer(request, query, found, signals, {"until": iso(signals.next[0])} if signals.next else {})
