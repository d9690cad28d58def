"""What routes share: the reader, the run asked for, and the check that the tables are complete."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import Depends, Request

from web import errors
from web.models import MissingPartition
from web.reader import PartitionOwner, Reader
from web.run_choice import ASKED_FOR, ChosenRun, choose, merge

# Not plain functions: FastAPI would have a thread call them, which waits for Python's lock while a batch is folded.


async def any_reader(request: Request) -> Reader:
    """The worker's reader, as given to create_app, whatever state the worker is in."""
    reader: Reader = request.app.state.reader
    return reader


async def complete_reader(request: Request) -> Reader:
    """The reader, once its tables are restored; raises the 503 until then."""
    reader = await any_reader(request)
    readiness = reader.readiness()
    if readiness.recovering:
        raise errors.recovering(readiness)
    return reader


AnyReader = Annotated[Reader, Depends(any_reader)]
CompleteReader = Annotated[Reader, Depends(complete_reader)]


async def chosen_run(reader: Reader, run_id: str | None) -> ChosenRun:
    """The run asked for on this worker or another, or the one that `choose` takes of those of all workers.

    Raises the 404 for a run that nobody has. Raises the 503 where no live run is known, but a worker that may
    have one does not answer: a replay must not be taken for it.
    """
    runs = reader.runs()
    for run in runs:
        if run.run_id == run_id:
            return ChosenRun(run, ASKED_FOR)
    elsewhere = await reader.runs_elsewhere()
    runs = merge([*runs, *elsewhere.runs])
    if run_id is None:
        chosen = choose(runs)
        if elsewhere.unasked and not (chosen.run and chosen.run.is_live):
            raise errors.undecided(missing(reader), elsewhere.unasked, reader.readiness().retry_after)
        return chosen
    for run in runs:
        if run.run_id == run_id:
            return ChosenRun(run, ASKED_FOR)
    raise errors.unknown_run(run_id, [run.run_id for run in runs], elsewhere.unasked)


def missing(reader: Reader) -> list[MissingPartition]:
    """The partitions that an answer over all symbols leaves out."""
    return named(reader.missing_partitions())


def named(partitions: Sequence[PartitionOwner]) -> list[MissingPartition]:
    """Partitions as answers name them."""
    return [MissingPartition(partition=each.partition, owner=each.owner) for each in partitions]
