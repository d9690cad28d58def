"""Every error has one shape, `{"detail": "a sentence", …}`: what is wrong, and what to do."""

import asyncio
import difflib
from bisect import bisect_left
from collections.abc import Collection, Sequence
from itertools import islice, zip_longest
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from app.iso_time import iso
from web.models import MissingPartition, Problem
from web.reader import PartitionOwner, Readiness

NAMED, MEANT = 20, 3
"""How many symbols or runs an error names before it says how many more there are."""

NO_BARS = "no bars have arrived yet; start a producer, for example with `make replay`"


class ProblemError(Exception):
    """An answer other than 200: its status, its sentence, and what a program may want to read."""

    def __init__(self, status: int, detail: str, headers: dict[str, str] | None = None, **extra: Any) -> None:
        super().__init__(detail)
        self.status = status
        self.body = {"detail": detail, **extra}
        self.headers = headers


def named(names: Sequence[str]) -> str:
    """The first names and how many more, for example `AAPL, SPY and 3 more`."""
    listed = ", ".join(names[:NAMED])
    return f"{listed} and {len(names) - NAMED} more" if len(names) > NAMED else listed


def recovering(readiness: Readiness) -> ProblemError:
    """503: the tables are incomplete, so anything said from them could be wrong."""
    reasons = list(readiness.reasons)
    return ProblemError(
        503,
        f"The worker is restoring its tables; try again in {readiness.retry_after} s. {' '.join(reasons)}".rstrip(),
        {"Retry-After": str(readiness.retry_after)},
        reasons=reasons,
    )


def unknown_run(run_id: str, runs: Sequence[str], missing: Sequence[PartitionOwner]) -> ProblemError:
    """404 that names the runs there are, the one active last first, and the workers that may have others."""
    known = f"there is {named(runs)}" if runs else NO_BARS
    owners = sorted({each.owner for each in missing if each.owner})
    others = f" Other workers may have it: {', '.join(owners)}." if owners else ""
    return ProblemError(404, f"No run {run_id!r} here: {known}.{others}", runs=runs[:NAMED], owners=owners)


async def unknown_symbol(symbol: str, run_id: str | None, symbols: Sequence[str]) -> ProblemError:
    """404 that names the symbols that are nearest, of all that there are, ascending."""
    if run_id is None:
        return ProblemError(404, f"No symbol {symbol!r}: {NO_BARS}.", symbols=[], near=[])
    # Comparing with every symbol takes tens of milliseconds when there are thousands.
    alike = await asyncio.to_thread(difflib.get_close_matches, symbol.upper(), symbols, NAMED)
    meant = f" Did you mean {' or '.join(alike[:MEANT])}?" if alike else ""
    nearest = sorted([*alike, *neighbours(symbol.upper(), symbols, NAMED - len(alike), set(alike))])
    more = len(symbols) - len(nearest)
    listed = f"{'the nearest are' if more else 'there is'} {', '.join(nearest)}{f', of {len(symbols)}' if more else ''}"
    known = listed if symbols else "there are none of this run"
    return ProblemError(
        404, f"No symbol {symbol!r} in run {run_id}: {known}.{meant}", symbols=nearest, near=alike[:MEANT]
    )


def neighbours(symbol: str, symbols: Sequence[str], count: int, without: Collection[str]) -> list[str]:
    """So many symbols around a place in the alphabet; `symbols` ascending."""
    at = bisect_left(symbols, symbol)
    before = (each for each in reversed(symbols[max(0, at - NAMED - len(without)) : at]) if each not in without)
    after = (each for each in symbols[at : at + NAMED + len(without)] if each not in without)
    in_turn = (each for pair in zip_longest(before, after) for each in reversed(pair) if each is not None)
    return list(islice(in_turn, count))


def undecided(missing: Sequence[MissingPartition], unasked: Sequence[PartitionOwner], retry_after: int) -> ProblemError:
    """503: whether there is a live run is not known while a worker that may have one does not answer."""
    partitions = ", ".join(str(each.partition) for each in unasked)
    return ProblemError(
        503,
        f"Whether there is a live run is not known: no worker answers for partitions {partitions}. Name a run with "
        f"?run= (GET /runs lists them), or try again in {retry_after} s.",
        {"Retry-After": str(retry_after)},
        missing_partitions=[each.model_dump() for each in missing],
    )


def no_bar(symbol: str, at: int, before: int | None, after: int | None) -> ProblemError:
    """404: the symbol has no bar at that time; the nearest ones are named."""
    near = [iso(each) for each in (before, after) if each is not None]
    named_times = f"the nearest are those of {' and '.join(near)}" if near else "none is kept"
    return ProblemError(404, f"{symbol} has no bar of {iso(at)}: {named_times}.", near=near)


def unowned(symbol: str, elsewhere: PartitionOwner, retry_after: int) -> ProblemError:
    """503: another worker should have the symbol, but none is known to."""
    return ProblemError(
        503,
        f"{symbol!r} belongs to partition {elsewhere.partition}, which this worker does not hold and no other is known"
        f" to hold: partitions are probably being handed over; try again in {retry_after} s.",
        {"Retry-After": str(retry_after)},
        partition=elsewhere.partition,
        owner=elsewhere.owner,
    )


def passed_on(symbol: str, elsewhere: PartitionOwner, location: str) -> ProblemError:
    """307: another worker holds the symbol's partition."""
    return ProblemError(
        307,
        f"{symbol!r} belongs to partition {elsewhere.partition}, which another worker holds: {location}",
        {"Location": location},
        partition=elsewhere.partition,
        owner=elsewhere.owner,
    )


async def _problem(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ProblemError)  # noqa: S101 - only registered for these
    return JSONResponse(error.body, error.status, error.headers)


async def _invalid(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - only registered for these
    faults = [
        {"parameter": str(fault["loc"][1]), "value": str(fault["input"]), "message": _message(fault)}
        for fault in error.errors()
    ]
    detail = "; ".join(f"{fault['parameter']}={fault['value']}: {fault['message']}" for fault in faults)
    return JSONResponse({"detail": f"{detail}.", "errors": faults}, 422)


def _message(fault: Any) -> str:
    if fault["type"] == "extra_forbidden":
        return "there is no such parameter"
    message: str = fault["msg"].removeprefix("Value error, ")
    return message.replace("Input should", "it should").replace("String should", "it should")


async def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - only registered for these
    detail = error.detail
    if error.status_code == 404:
        detail = f"There is nothing at {request.url.path}; /docs lists what there is."
    return JSONResponse({"detail": detail}, error.status_code, error.headers)


async def _bug(_: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"detail": f"A fault in the worker ({type(error).__name__}); its log says more."}, 500)


def install(app: FastAPI) -> None:
    """Give every error of the application the one shape."""
    app.add_exception_handler(ProblemError, _problem)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _bug)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that may fail with these, for its OpenAPI entry."""
    said = {
        307: "Another worker holds the symbol; its address is in Location.",
        404: "No such run or symbol; the body names what there is.",
        422: "A parameter is wrong; the body says which and why.",
        503: "The tables are being restored; Retry-After says when to ask again.",
    }
    return {
        status: {"description": said[status]} | ({} if status == 307 else {"model": Problem}) for status in statuses
    }
