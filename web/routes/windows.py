"""GET /windows/{symbol}."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from app.calendar.sessions import session_gap
from app.domain.explain import explain_split
from app.domain.indicators.rsi import seed_weight
from app.domain.row import Row
from app.domain.strategy import Strategy
from app.iso_time import iso
from app.turns import in_turns
from web.answers import CSV, answered, lines_of
from web.dependencies import CompleteReader
from web.errors import documented
from web.located import located
from web.models import BarOut, IndicatorsOut, PositionOut, SeriesStartOut, WindowOut
from web.queries import SymbolBarsQuery
from web.reader import Position

router = APIRouter(tags=["windows"])
gap = session_gap()


def _indicators(row: Row, strategy: Strategy) -> IndicatorsOut:
    return IndicatorsOut(
        timestamp=iso(row.timestamp),
        sma_fast=row.sma_fast,
        sma_slow=row.sma_slow,
        rsi=row.rsi,
        rsi_seed_weight=seed_weight(row.bars_seen, strategy.rsi_period),
        own_indicators={name: row.own_columns[name] for name in strategy.own_values},
        ready=row.bars_seen >= strategy.warm_up,
    )


async def _bars(rows: Sequence[Row]) -> list[BarOut]:
    previous: int | None = None
    bars: list[BarOut] = []
    async for row in in_turns(rows):
        bar = BarOut(
            timestamp=iso(row.timestamp),
            open=row.open,
            high=row.high,
            low=row.low,
            close=row.close,
            volume=row.volume,
            trade_count=row.trade_count,
            vwap=row.vwap,
            **row.provenance._asdict(),
            gap_minutes=None if previous is None else gap(previous, row.timestamp),
            revision=row.revision,
        )
        bars.append(bar)
        previous = row.timestamp
    return bars


def position_out(position: Position | None) -> PositionOut | None:
    """A position as answers show it."""
    return PositionOut.model_validate(position._asdict()) if position else None


def _series_start(row: Row | None) -> SeriesStartOut | None:
    split = row and row.split
    if row is None or not split:
        return None
    return SeriesStartOut(
        timestamp=iso(row.timestamp), reason="split_suspected", explanation=explain_split(split), **split
    )


@router.get(
    "/windows/{symbol:path}",
    summary="The bars behind a symbol's newest signals",
    response_model=WindowOut,
    responses=documented(307, 404, 422, 503) | CSV,
)
async def window_of_symbol(
    request: Request,
    reader: CompleteReader,
    symbol: Annotated[
        str, Path(min_length=1, description="Ticker; where there is none spelt like it, its upper case is tried.")
    ],
    query: Annotated[SymbolBarsQuery, Query()],
) -> Response:
    """Its bars, oldest first, and the indicators of the newest."""
    run_id, reason, _, spelling = await located(reader, "/windows/{symbol}", symbol, query)
    found = await reader.bars(run_id, spelling, query.limit)
    newest, since = found.rows[-1], query.since_ms()
    rows = [row for row in found.rows if row.timestamp >= since]
    head = WindowOut(
        run_id=run_id,
        run_reason=reason,
        synthetic=any(row.provenance.origin == "synthetic" for row in found.rows),
        symbol=spelling,
        strategy=newest.strategy,
        bars_seen=newest.bars_seen,
        series_start=_series_start(found.series_start),
        position=position_out(found.position),
        indicators=_indicators(newest, reader.strategy),
        bars=[],
    )
    # A bar does not say of which series it is, which a row of a table should.
    lead = {"run_id": run_id, "symbol": spelling}
    return await answered(request, head, "bars", await lines_of(await _bars(rows)), query.format, lead=lead)
