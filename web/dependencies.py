"""Dependencies that routes share: the reader, and the question to this worker and the others."""

from typing import Annotated

from fastapi import Depends, Request, Response
from fastapi.responses import StreamingResponse

from web import errors
from web.question import Question
from web.reader import Reader
from web.workers.part import MEDIA_TYPE, VERSION, WorkerPart, version_of, write_part

# Not plain functions: FastAPI would have a thread call them, which waits for Python's lock while a batch is folded.


async def any_reader(request: Request) -> Reader:
    """The worker's reader, as given to create_app, whatever state the worker is in."""
    reader: Reader = request.app.state.reader
    return reader


AnyReader = Annotated[Reader, Depends(any_reader)]


async def any_question(request: Request, reader: AnyReader) -> Question:
    """The question, whatever state the worker is in; raises the 406 for a worker that reads another form of parts."""
    state, version = request.app.state, version_of(request.headers.get("accept", ""))
    if version not in (None, VERSION):
        raise errors.other_version(version, VERSION)
    return Question(reader, state.group, state.runs, is_part=version is not None)


AnyQuestion = Annotated[Question, Depends(any_question)]


async def complete_question(question: AnyQuestion) -> Question:
    """The question, once this worker's tables are restored; raises the 503 until then."""
    readiness = question.reader.readiness()
    if readiness.recovering:
        raise errors.recovering(readiness)
    return question


CompleteQuestion = Annotated[Question, Depends(complete_question)]


def part_response(part: WorkerPart) -> Response:
    """The answer to another worker."""
    return StreamingResponse(write_part(part), media_type=MEDIA_TYPE)
