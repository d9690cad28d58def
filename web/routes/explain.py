"""GET /signals/{symbol}/explain."""

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from app.domain.row import Row
from app.domain.signal import signal_of
from app.domain.signal_inputs import AverageInputs, RsiInputs, SignalInputs, Trigger, inputs_of
from app.domain.strategy import Strategy
from app.times import iso
from web.dependencies import CompleteQuestion, part_response
from web.errors import documented, no_bar
from web.explain_models import (
    CauseOut,
    CloseOut,
    ExplainOut,
    FastOut,
    PreviousOut,
    RevisionOut,
    RsiOut,
    RuleOut,
    SeedOut,
    SlowOut,
)
from web.partition_out import partitions_out
from web.queries import ExplainQuery
from web.reader import Reader
from web.routes.signals import SymbolPath
from web.routes.windows import position_out
from web.signal_out import signal_out
from web.workers.part import WorkerPart

router = APIRouter(tags=["signals"])


async def explanation_here(reader: Reader, at: int | None, run_id: str, symbol: str) -> WorkerPart:
    """All that a signal of a symbol follows from that this worker has. Raises the 404 for a time without a bar."""
    found = await reader.series_at(run_id, symbol, at)
    if not found.rows:
        raise no_bar(symbol, at or 0, found.before, found.after)
    strategy, inputs = reader.strategy, inputs_of(found.rows, found.seed, reader.strategy)
    signal = signal_of(inputs.row, run_id, symbol, strategy)
    parts: dict[str, BaseModel | None] = {
        "signal": signal_out(signal),
        "rule": _rule(strategy),
        "sma_fast": FastOut(**_average(inputs.fast)),
        "sma_slow": SlowOut(**_average(inputs.slow)),
        "rsi": _rsi(inputs.rsi),
        "revision": _revision(inputs),
        "position": position_out(found.position),
    }
    explanation = {name: each and each.model_dump(mode="json") for name, each in parts.items()}
    return WorkerPart({"explanation": {"symbol": symbol, **explanation}, "synthetic": signal["origin"] == "synthetic"})


@router.get(
    "/signals/{symbol:path}/explain",
    summary="All that a signal follows from",
    response_model=ExplainOut,
    responses=documented(404, 422, 503),
)
async def explain_signal(
    question: CompleteQuestion, symbol: SymbolPath, query: Annotated[ExplainQuery, Query()]
) -> ExplainOut | Response:
    """Of the newest bar, or the one that starts `at` a time: enough to compute each number again by hand."""
    make = partial(explanation_here, question.reader, query.at_ms())
    found = await question.of_symbol("/signals/{symbol}/explain", symbol, query, make)
    if question.is_part:
        return part_response(found.only)
    return ExplainOut(
        run_id=found.known_run,
        run_reason=found.run_reason,
        synthetic=found.synthetic,
        complete=found.complete,
        partitions=partitions_out(found.partitions),
        **found.only.head["explanation"],
    )


def _rule(strategy: Strategy) -> RuleOut:
    own = strategy.own_rule
    if own:
        says = (
            f"{own.name} decides, a rule of your own: its code is not known here, only its indicators, which are in "
            "own_indicators, and the clause that held, own_reason."
        )
    else:
        says = (
            f"BUY when RSI < {strategy.buy_below:g} and SMA-{strategy.fast} > SMA-{strategy.slow}, SELL when RSI > "
            f"{strategy.sell_above:g} and SMA-{strategy.fast} < SMA-{strategy.slow}, otherwise HOLD; HOLD as well "
            f"after {strategy.rsi_period} unchanged closes, and while averages differ by less than a relative 1e-9."
        )
    return RuleOut(
        strategy=strategy.name,
        fast=strategy.fast,
        slow=strategy.slow,
        rsi_period=strategy.rsi_period,
        buy_below=None if own else strategy.buy_below,
        sell_above=None if own else strategy.sell_above,
        warm_up=strategy.warm_up,
        says=says,
    )


def _average(average: AverageInputs) -> dict[str, Any]:
    return {
        "period": average.period,
        "closes": _closes(average.rows),
        "complete": average.is_complete,
        "value": average.value,
    }


def _closes(rows: Sequence[Row]) -> list[CloseOut]:
    return [CloseOut(timestamp=iso(row.timestamp), close=row.close) for row in rows]


def _rsi(rsi: RsiInputs) -> RsiOut:
    before = rsi.previous
    return RsiOut(
        period=rsi.period,
        step=rsi.step,
        previous=before
        and PreviousOut(timestamp=iso(before.timestamp), close=before.close, gain=before.gain, loss=before.loss),
        change=rsi.change,
        gain=rsi.gain,
        loss=rsi.loss,
        value=rsi.value,
        seed=SeedOut(
            bar=rsi.seeded_at_bar, timestamp=iso(rsi.seed.timestamp) if rsi.seed else None, weight=rsi.seed_weight
        ),
    )


def _revision(inputs: SignalInputs) -> RevisionOut:
    return RevisionOut(revision=inputs.row.revision, cause=_cause(inputs.cause) if inputs.cause else None)


def _cause(cause: Trigger) -> CauseOut:
    origin, source, feed, _ = cause.row.provenance
    return CauseOut(kind=cause.kind, timestamp=iso(cause.row.timestamp), origin=origin, source=source, feed=feed)
