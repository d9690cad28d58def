"""GET /runs and GET /symbols."""

import time
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.iso_time import iso
from app.turns import in_turns
from web.answers import CSV, answered, lines_of
from web.dependencies import CompleteReader, chosen_run, missing, named
from web.errors import documented
from web.models import RunOut, RunsOut, SymbolOut, SymbolsOut
from web.queries import RunScopeQuery, ScopeQuery
from web.reader import RunInfo, SymbolState
from web.run_choice import ASKED_FOR, ChosenRun, choose, merge

router = APIRouter(tags=["runs"])


@router.get("/runs", summary="The runs there are", responses=documented(422, 503))
async def runs(reader: CompleteReader, query: Annotated[ScopeQuery, Query()]) -> RunsOut:
    """Those of all workers, the one active last first; `active` is the one that answers take when `run` is missing."""
    if query.scope == "local":
        found, left_out = merge(reader.runs()), reader.missing_partitions()
    else:
        elsewhere = await reader.runs_elsewhere()
        found, left_out = merge([*reader.runs(), *elsewhere.runs]), elsewhere.unasked
    active, now = choose(found).run_id, time.time() * 1000
    return RunsOut(total=len(found), missing_partitions=named(left_out), runs=[_out(run, active, now) for run in found])


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
async def symbols(request: Request, reader: CompleteReader, query: Annotated[RunScopeQuery, Query()]) -> Response:
    """Those on this worker, ascending."""
    if query.scope == "local" and query.run:
        chosen = ChosenRun(next((run for run in reader.runs() if run.run_id == query.run), None), ASKED_FOR)
    else:
        chosen = await chosen_run(reader, query.run)
    found = reader.symbol_states(chosen.run_id) if chosen.run_id else []
    head = SymbolsOut(
        run_id=chosen.run_id,
        run_reason=chosen.reason,
        synthetic=chosen.synthetic,
        total=len(found),
        missing_partitions=missing(reader),
        symbols=[],
    )
    lines = await lines_of([_symbol(state) async for state in in_turns(found)])
    return await answered(request, head, "symbols", lines, query.format)


def _symbol(state: SymbolState) -> SymbolOut:
    return SymbolOut(symbol=state.symbol, newest_bar=iso(state.newest_bar), action=state.action, bars=state.bars)
