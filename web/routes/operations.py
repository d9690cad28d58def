"""GET /worker and GET /dead-letters: what the page on operations shows."""

import platform
import time
from importlib.metadata import version
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from app.dead_letters.letter import Letter
from app.errors import StocksError
from app.metrics import bars, batch_records, batch_seconds, dead_letters, retries, signals
from app.times import iso
from web import errors
from web.dependencies import AnyQuestion, AnyReader, part_response
from web.errors import documented
from web.metrics_summary import by_label, quantile, totals
from web.models_page import BatchesOut, DeadLetterOut, DeadLettersOut, HeldPartitionOut, WorkerOut
from web.partition_out import partitions_out
from web.queries import NoQuery
from web.routes.state import VERSION
from web.workers.part import WorkerPart

router = APIRouter(tags=["operations"])

_LIBRARIES = ("faust-streaming", "aiokafka", "confluent-kafka", "rocksdict", "pyarrow", "fastapi")
_SHOWN_BYTES = 64


class WorkerQuery(NoQuery):
    """Whose partitions."""

    scope: Literal["all", "local"] = Field(
        default="all", description="local: only partitions of this worker, without asking the others."
    )


class LettersQuery(NoQuery):
    """How many dead letters."""

    limit: int = Field(default=20, ge=1, le=100, description="At most this many letters, the newest.")


@router.get(
    "/worker",
    summary="This worker, all partitions and who holds them",
    response_model=WorkerOut,
    responses=documented(422),
)
async def worker(
    request: Request, question: AnyQuestion, query: Annotated[WorkerQuery, Query()]
) -> WorkerOut | Response:
    """Partitions are as their workers say. Counts are of this worker since it started, GET /metrics has them, too."""
    reader = question.reader
    if question.is_part:
        return part_response(await question.here(nothing_here))
    readiness, address = reader.readiness(), reader.operations.address
    partitions = await question.partitions("/worker", nothing_here, query.scope)
    started: float = request.app.state.started
    return WorkerOut(
        version=VERSION,
        versions={"python": platform.python_version(), **{name: version(name) for name in _LIBRARIES}},
        strategy=reader.strategy.name,
        status="ok" if readiness.ready else "recovering" if readiness.recovering else "degraded",
        reasons=list(readiness.reasons),
        address=address,
        started_at=iso(int(started) * 1000),
        uptime_seconds=round(time.time() - started, 3),
        workers=sorted({each.owner for each in partitions if each.owner}),
        partitions=[
            HeldPartitionOut(**each.model_dump(), here=each.owner == address) for each in partitions_out(partitions)
        ],
        batches=BatchesOut(
            count=totals(batch_seconds)[0],
            records=int(totals(batch_records)[1]),
            median_seconds=quantile(batch_seconds, 0.5),
            p99_seconds=quantile(batch_seconds, 0.99),
        ),
        bars=by_label(bars),
        signals=by_label(signals),
        dead_letters=by_label(dead_letters),
        retries=by_label(retries),
    )


async def nothing_here() -> WorkerPart:
    """An empty part: every part carries the state of its partitions, and more is not asked for."""
    return WorkerPart({})


@router.get("/dead-letters", summary="The newest dead letters", responses=documented(422, 503))
async def newest_dead_letters(reader: AnyReader, query: Annotated[LettersQuery, Query()]) -> DeadLettersOut:
    """Read from their topic, at most a few seconds ago; `stocks dead-letters` shows all, and sends them again."""
    try:
        found = await reader.operations.dead_letters(query.limit)
    except StocksError as error:
        raise errors.ProblemError(503, str(error), {"Retry-After": "5"}) from None
    return DeadLettersOut(read=found.read, reasons=found.reasons, letters=[_letter(each) for each in found.letters])


def _letter(letter: Letter) -> DeadLetterOut:
    return DeadLetterOut(
        partition=letter.place.partition,
        offset=letter.place.offset,
        reason=letter.reason or None,
        exception=letter.why or None,
        source=None if letter.source is None else str(letter.source),
        time=letter.time,
        key=letter.key_text,
        value=None if letter.value is None else letter.value[:_SHOWN_BYTES].hex(" "),
        value_bytes=len(letter.value or b""),
    )
