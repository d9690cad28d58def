"""GET /signals and GET /signals/{symbol}."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from app.turns import in_turns
from web.dependencies import CompleteReader, chosen_run, missing
from web.errors import documented
from web.located import located
from web.models import MissingPartition, SignalsOut
from web.queries import SignalsQuery, SymbolSignalsQuery
from web.reader import Page, RunInfo
from web.signal_out import signal_out

router = APIRouter(tags=["signals"])

SymbolPath = Annotated[
    str, Path(min_length=1, description="Ticker; where there is none spelt like it, its upper case is tried.")
]


async def _answer(run: RunInfo | None, page: Page, left_out: list[MissingPartition]) -> SignalsOut:
    signals = [signal_out(signal) async for signal in in_turns(page.signals)]
    origins = {signal.origin for signal in signals} | ({run.origin} if run else set())
    return SignalsOut(
        run_id=run.run_id if run else None,
        synthetic="synthetic" in origins,
        total=page.total,
        missing_partitions=left_out,
        signals=signals,
    )


@router.get("/signals", summary="The newest signals over all symbols", responses=documented(404, 422, 503))
async def newest_signals(reader: CompleteReader, query: Annotated[SignalsQuery, Query()]) -> SignalsOut:
    """Newest bar first, ties by symbol ascending."""
    run = chosen_run(reader, query.run)
    page = await reader.recent(run.run_id, query.wanted()) if run else Page(0, [])
    return await _answer(run, page, missing(reader))


@router.get(
    "/signals/{symbol:path}",
    summary="The newest signals of one symbol",
    responses=documented(307, 404, 422, 503),
)
async def signals_of_symbol(
    reader: CompleteReader, symbol: SymbolPath, query: Annotated[SymbolSignalsQuery, Query()]
) -> SignalsOut:
    """Newest bar first."""
    run, spelling = await located(reader, "/signals", symbol, query)
    return await _answer(run, await reader.signals(run.run_id, spelling, query.wanted()), [])
