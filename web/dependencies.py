"""What routes share: the reader, the run asked for, and the check that the tables are complete."""

from typing import Annotated

from fastapi import Depends, Request

from web import errors
from web.models import MissingPartition
from web.reader import Reader, RunInfo

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


def chosen_run(reader: Reader, run_id: str | None) -> RunInfo | None:
    """The run asked for, or the one active last; None when there is none at all; raises the 404 for an unknown one."""
    runs = reader.runs()
    if run_id is None:
        return runs[0] if runs else None
    for run in runs:
        if run.run_id == run_id:
            return run
    raise errors.unknown_run(run_id, [run.run_id for run in runs], reader.missing_partitions())


def missing(reader: Reader) -> list[MissingPartition]:
    """The partitions that an answer over all symbols leaves out."""
    return [MissingPartition(partition=each.partition, owner=each.owner) for each in reader.missing_partitions()]
