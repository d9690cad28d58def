"""GET /windows/{symbol}."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import APIRouter, Path, Query

from app.domain.draft import Draft
from app.domain.explain import explain_split
from app.domain.measures import measure
from app.domain.strategy import Strategy
from app.domain.window import Window
from app.iso_time import iso
from app.sessions import session_gap
from web.dependencies import CompleteReader
from web.errors import documented
from web.located import located
from web.models import BarOut, IndicatorsOut, PositionOut, SeriesStartOut, WindowOut
from web.queries import SymbolQuery

router = APIRouter(tags=["windows"])
gap = session_gap()


def _indicators(window: Window, strategy: Strategy) -> IndicatorsOut | None:
    newest = window.newest_timestamp
    # The averages kept are those of the periods they were made with.
    if newest is None or window.strategy != strategy.name:
        return None
    draft = Draft(window, strategy, gap)
    measures = measure(draft, len(draft.closes) - 1)
    return IndicatorsOut(
        timestamp=iso(newest),
        sma_20=measures.sma_fast,
        sma_50=measures.sma_slow,
        rsi_14=measures.rsi,
        rsi_seed_weight=measures.seed_weight,
        ready=measures.ready,
    )


def _bars(window: Window) -> Iterator[BarOut]:
    previous: int | None = None
    for bar in window.bars():
        gap_minutes = None if previous is None else gap(previous, bar.timestamp)
        yield BarOut.model_validate({**bar._asdict(), "timestamp": iso(bar.timestamp), "gap_minutes": gap_minutes})
        previous = bar.timestamp


def _series_start(window: Window) -> SeriesStartOut | None:
    if not window.starts:
        return None
    start = window.starts[-1]
    return SeriesStartOut(
        timestamp=iso(start.timestamp),
        reason="split_suspected",
        explanation=explain_split(start.split),
        **start.split,
    )


@router.get(
    "/windows/{symbol:path}",
    summary="The bars behind a symbol's newest signals",
    responses=documented(307, 404, 422, 503),
)
async def window_of_symbol(
    reader: CompleteReader,
    symbol: Annotated[
        str, Path(min_length=1, description="Ticker; where there is none spelt like it, its upper case is tried.")
    ],
    query: Annotated[SymbolQuery, Query()],
) -> WindowOut:
    """Its bars, oldest first, and the indicators of the newest."""
    run, spelling, window = await located(reader, "/windows", symbol, query, reader.window)
    bars = list(_bars(window))
    return WindowOut(
        run_id=run.run_id,
        synthetic=any(bar.origin == "synthetic" for bar in bars),
        symbol=spelling,
        strategy=window.strategy,
        bars_seen=window.bars_of_series,
        series_start=_series_start(window),
        position=PositionOut.model_validate(window.position._asdict()) if window.position else None,
        indicators=_indicators(window, reader.strategy),
        bars=bars,
    )
