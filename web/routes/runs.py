"""GET /runs and GET /symbols."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Query

from app.iso_time import iso
from web.dependencies import CompleteReader, chosen_run, missing
from web.errors import documented
from web.models import RunOut, RunsOut, SymbolsOut
from web.queries import NoQuery, RunQuery

router = APIRouter(tags=["runs"])


@router.get("/runs", summary="The runs there are", responses=documented(422, 503))
async def runs(reader: CompleteReader, _: Annotated[NoQuery, Query()]) -> RunsOut:
    """The one active last first: the run that other answers take when `run` is missing."""
    found = reader.runs()
    return RunsOut(
        total=len(found),
        missing_partitions=missing(reader),
        runs=[
            RunOut.model_validate({**asdict(run), "newest_bar": iso(run.newest_bar), "active": run is found[0]})
            for run in found
        ],
    )


@router.get("/symbols", summary="The symbols of a run", responses=documented(404, 422, 503))
async def symbols(reader: CompleteReader, query: Annotated[RunQuery, Query()]) -> SymbolsOut:
    """Ascending."""
    run = chosen_run(reader, query.run)
    found = reader.symbols(run.run_id) if run else []
    return SymbolsOut(
        run_id=run.run_id if run else None,
        synthetic=run is not None and run.origin == "synthetic",
        total=len(found),
        missing_partitions=missing(reader),
        symbols=list(found),
    )
