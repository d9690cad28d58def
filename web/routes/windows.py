"""GET /windows/{symbol}."""

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.calendar.sessions import session_gap
from app.cooperative import in_turns
from app.domain.explanation import explain_split
from app.domain.indicators.rsi import seed_weight
from app.domain.row import Row
from app.domain.strategy import Strategy
from app.times import iso
from web.answers import CSV, answered
from web.dependencies import CompleteQuestion, part_response
from web.errors import documented
from web.line import Line
from web.models import BarOut, IndicatorsOut, PositionOut, SeriesStartOut, WindowOut
from web.partition_out import partitions_out
from web.queries import SymbolBarsQuery
from web.reader import Position, Reader
from web.routes.signals import SymbolPath
from web.workers.part import WorkerPart

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


def _bars(rows: Iterable[Row]) -> Iterator[BarOut]:
    previous: int | None = None
    for row in rows:
        yield BarOut(
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
        previous = row.timestamp


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


async def window_here(reader: Reader, limit: int, since: int, run_id: str, symbol: str) -> WorkerPart:
    """The bars of a symbol that this worker has, and what follows from them."""
    found = await reader.bars(run_id, symbol, limit)
    if not found.rows:
        return WorkerPart({"window": None})  # Its partition has gone.
    newest, position = found.rows[-1], position_out(found.position)
    start, indicators = _series_start(found.series_start), _indicators(newest, reader.strategy)
    window = {
        "symbol": symbol,
        "strategy": newest.strategy,
        "bars_seen": newest.bars_seen,
        "series_start": start and start.model_dump(mode="json"),
        "position": position and position.model_dump(mode="json"),
        "indicators": indicators.model_dump(mode="json"),
    }
    rows = [row for row in found.rows if row.timestamp >= since]
    lines = [
        Line(row.timestamp, symbol, row.revision, bar.model_dump_json().encode())
        async for row, bar in in_turns(zip(rows, _bars(rows), strict=True))
    ]
    synthetic = any(row.provenance.origin == "synthetic" for row in found.rows)
    return WorkerPart({"window": window, "synthetic": synthetic}, lines)


@router.get(
    "/windows/{symbol:path}",
    summary="The bars behind a symbol's newest signals",
    response_model=WindowOut,
    responses=documented(404, 422, 503) | CSV,
)
async def window_of_symbol(
    request: Request, question: CompleteQuestion, symbol: SymbolPath, query: Annotated[SymbolBarsQuery, Query()]
) -> Response:
    """Its bars, oldest first, and the indicators of the newest; from the worker that has the symbol."""
    make = partial(window_here, question.reader, query.limit, query.since_ms())
    found = await question.of_symbol("/windows/{symbol}", symbol, query, make, query.limit)
    if question.is_part:
        return part_response(found.only)
    answer = WindowOut(
        run_id=found.known_run,
        run_reason=found.run_reason,
        synthetic=found.synthetic,
        complete=found.complete,
        partitions=partitions_out(found.partitions),
        **found.only.head["window"],
        bars=[],
    )
    # A bar does not say of which series it is, which a row of a table should.
    lead = {"run_id": answer.run_id, "symbol": answer.symbol}
    return await answered(request, answer, "bars", [line.json for line in found.only.lines], query.format, lead=lead)
