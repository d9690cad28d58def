"""GET /runs and GET /symbols."""

import time
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.cooperative import in_turns
from app.times import iso
from web.answers import CSV, answered
from web.dependencies import CompleteQuestion, part_response
from web.errors import documented
from web.line import Line
from web.models_runs import RunOut, RunsOut, SymbolsOut
from web.partition_out import partitions_out
from web.queries import ScopeQuery, SymbolListQuery
from web.question import symbols_here
from web.reader import RunInfo
from web.run_choice import choose
from web.run_directory import merged_runs

router = APIRouter(tags=["runs"])


@router.get("/runs", summary="The runs there are", response_model=RunsOut, responses=documented(422, 503))
async def runs(question: CompleteQuestion, query: Annotated[ScopeQuery, Query()]) -> RunsOut | Response:
    """Those of all workers, the one active last first; `active` is the one that answers take when `run` is missing."""
    found = await question.of_all("/runs", query, question.runs.part_here)
    if question.is_part:
        return part_response(found.only)
    known = merged_runs(list(found.parts.values()))
    active, now = choose(known).run_id, time.time() * 1000
    return RunsOut(
        total=len(known),
        complete=found.complete,
        partitions=partitions_out(found.partitions),
        runs=[_out(run, active, now) for run in known],
    )


def _out(run: RunInfo, active: str | None, now_ms: float) -> RunOut:
    return RunOut(
        run_id=run.run_id,
        origin=run.origin,
        live=run.is_live,
        active=run.run_id == active,
        first_bar=None if run.first_bar is None else iso(run.first_bar),
        oldest_kept_bar=iso(run.oldest_kept),
        newest_bar=iso(run.newest_bar),
        newest_bar_ahead=run.newest_bar > now_ms,
        active_at=iso(run.active_at),
        symbols=run.symbols,
        bars=run.bars,
        signals=run.signals,
    )


@router.get(
    "/symbols",
    summary="The symbols of a run",
    response_model=SymbolsOut,
    responses=documented(404, 422, 503) | CSV,
)
async def symbols(request: Request, question: CompleteQuestion, query: Annotated[SymbolListQuery, Query()]) -> Response:
    """Those of all workers, ascending."""
    found = await question.of_run("/symbols", query, partial(symbols_here, question.reader))
    if question.is_part:
        return part_response(found.only)
    # Two workers may have a symbol while its partition is handed over: the one that is further is right.
    states: dict[str, Line] = {}
    async for line in in_turns(sorted(line for part in found.parts.values() for line in part.lines)):
        states[line.symbol] = line
    answer = SymbolsOut(
        run_id=found.run_id,
        run_reason=found.run_reason,
        synthetic=found.synthetic,
        total=len(states),
        complete=found.complete,
        partitions=partitions_out(found.partitions),
        symbols=[],
    )
    lines = [states[symbol].json for symbol in sorted(states)]
    return await answered(request, answer, "symbols", lines, query.format)
