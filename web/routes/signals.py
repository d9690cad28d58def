"""GET /signals and GET /signals/{symbol}."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Path, Query, Request, Response

from app.iso_time import iso
from app.turns import in_turns
from web.answers import CSV, answered, lines_of
from web.dependencies import CompleteReader, chosen_run, missing
from web.errors import documented
from web.located import located
from web.models import MissingPartition, SignalsOut
from web.queries import FormatQuery, SignalsQuery, SymbolSignalsQuery, cursor_of
from web.reader import Page
from web.signal_out import signal_out

router = APIRouter(tags=["signals"])

SymbolPath = Annotated[
    str, Path(min_length=1, description="Ticker; where there is none spelt like it, its upper case is tried.")
]


async def _answer(
    request: Request,
    response: Response,
    query: FormatQuery,
    run: tuple[str | None, str, bool],
    page: Page,
    next_address: str | None,
    left_out: list[MissingPartition],
) -> Response:
    run_id, reason, synthetic = run
    signals = [signal_out(signal) async for signal in in_turns(page.signals)]
    head = SignalsOut(
        run_id=run_id,
        run_reason=reason,
        synthetic=synthetic or any(signal.origin == "synthetic" for signal in signals),
        total=page.total,
        missing_partitions=left_out,
        next=next_address,
        signals=[],
    )
    return await answered(request, head, "signals", await lines_of(signals), query.format, headers=response.headers)


def _next(request: Request, response: Response, run_id: str, changed: dict[str, str]) -> str:
    """The address of the rest of a list, of the same run; said in the header, too."""
    kept = [(name, value) for name, value in request.query_params.multi_items() if name not in (*changed, "run", "hop")]
    address = f"{request.url.path}?{urlencode([*kept, ('run', run_id), *changed.items()])}"
    response.headers["Link"] = f'<{address}>; rel="next"'
    return address


@router.get(
    "/signals",
    summary="The newest signals over all symbols",
    response_model=SignalsOut,
    responses=documented(404, 422, 503) | CSV,
)
async def newest_signals(
    request: Request, response: Response, reader: CompleteReader, query: Annotated[SignalsQuery, Query()]
) -> Response:
    """Newest bar first, ties by symbol ascending; with `latest`, by symbol."""
    chosen = await chosen_run(reader, query.run)
    run_id = chosen.run_id
    page = await reader.recent(run_id, query.wanted()) if run_id else Page(0, [])
    rest = _next(request, response, run_id, {"cursor": cursor_of(page.next)}) if run_id and page.next else None
    run = run_id, chosen.reason, chosen.synthetic
    return await _answer(request, response, query, run, page, rest, missing(reader))


@router.get(
    "/signals/{symbol:path}",
    summary="The newest signals of one symbol",
    response_model=SignalsOut,
    responses=documented(307, 404, 422, 503) | CSV,
)
async def signals_of_symbol(
    request: Request,
    response: Response,
    reader: CompleteReader,
    symbol: SymbolPath,
    query: Annotated[SymbolSignalsQuery, Query()],
) -> Response:
    """Newest bar first."""
    run_id, reason, synthetic, spelling = await located(reader, "/signals/{symbol}", symbol, query)
    page = await reader.signals(run_id, spelling, query.wanted())
    # A symbol has one signal a bar, so the rest are those of the bars before.
    rest = _next(request, response, run_id, {"until": iso(page.next[0])}) if page.next else None
    return await _answer(request, response, query, (run_id, reason, synthetic), page, rest, [])
