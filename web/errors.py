"""Every error has one shape, that of `web.problems`: what is wrong, and what to do."""

import asyncio
import difflib
from bisect import bisect_left
from collections.abc import Collection, Mapping, Sequence
from itertools import islice, zip_longest
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from app.times import iso
from web.invalid import faults_of, known_parameters
from web.links import LINKS
from web.partition_out import partitions_out
from web.partition_status import PartitionStatus
from web.problems import KINDS, MEDIA_TYPE, PREFIX, Problem, problem
from web.reader import PartitionOwner, Readiness

NAMED, MEANT = 20, 3
"""How many symbols or runs an error names before it says how many more there are."""

_LONGEST = 100

NO_BARS = "no bars have arrived yet; start a producer, for example with `make replay`"


class ProblemError(Exception):
    """An answer other than 200: its status, its sentence, and what a program may want to read.

    `kind` is one of `web.problems.KINDS`; without it, the usual one of the status.
    """

    def __init__(
        self, status: int, detail: str, headers: dict[str, str] | None = None, *, kind: str | None = None, **extra: Any
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers
        self.kind = kind
        self.extra = extra


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
        kind="recovering",
        reasons=reasons,
        recovering=True,
    )


def unknown_run(run_id: str, runs: Sequence[str], partitions: Sequence[PartitionStatus]) -> ProblemError:
    """404 that names the runs there are, the one active last first, and the workers that may have others."""
    known = f"there is {named(runs)}" if runs else NO_BARS
    owners = sorted({each.owner for each in partitions if each.owner and each.status != "active"})
    others = f" Other workers may have it: {', '.join(owners)}." if owners else ""
    detail = f"No run {run_id!r} here: {known}.{others}"
    return ProblemError(404, detail, kind="unknown-run", runs=runs[:NAMED], owners=owners)


async def unknown_symbol(symbol: str, run_id: str | None, symbols: Sequence[str]) -> ProblemError:
    """404 that names the symbols that are nearest, of all that there are, ascending."""
    if run_id is None:
        return ProblemError(404, f"No symbol {symbol!r}: {NO_BARS}.", kind="unknown-symbol", symbols=[], near=[])
    # Comparing with every symbol takes tens of milliseconds when there are thousands.
    alike = await asyncio.to_thread(difflib.get_close_matches, symbol.upper(), symbols, NAMED)
    meant = f" Did you mean {' or '.join(alike[:MEANT])}?" if alike else ""
    nearest = sorted([*alike, *neighbours(symbol.upper(), symbols, NAMED - len(alike), set(alike))])
    more = len(symbols) - len(nearest)
    listed = f"{'the nearest are' if more else 'there is'} {', '.join(nearest)}{f', of {len(symbols)}' if more else ''}"
    known = listed if symbols else "there are none of this run"
    detail = f"No symbol {symbol!r} in run {run_id}: {known}.{meant}"
    return ProblemError(404, detail, kind="unknown-symbol", symbols=nearest, near=alike[:MEANT])


def neighbours(symbol: str, symbols: Sequence[str], count: int, without: Collection[str]) -> list[str]:
    """So many symbols around a place in the alphabet; `symbols` ascending."""
    at = bisect_left(symbols, symbol)
    before = (each for each in reversed(symbols[max(0, at - NAMED - len(without)) : at]) if each not in without)
    after = (each for each in symbols[at : at + NAMED + len(without)] if each not in without)
    in_turn = (each for pair in zip_longest(before, after) for each in reversed(pair) if each is not None)
    return list(islice(in_turn, count))


def undecided(missing: Sequence[PartitionStatus], retry_after: int) -> ProblemError:
    """503: whether there is a live run is not known while a worker that may have one does not answer."""
    partitions = ", ".join(str(each.partition) for each in missing)
    return ProblemError(
        503,
        f"Whether there is a live run is not known: no worker answers for partitions {partitions}. Name a run with "
        f"?run= (GET /runs lists them), or try again in {retry_after} s.",
        {"Retry-After": str(retry_after)},
        kind="worker-missing",
        partitions=[each.model_dump() for each in partitions_out(missing)],
    )


def no_bar(symbol: str, at: int, before: int | None, after: int | None) -> ProblemError:
    """404: the symbol has no bar at that time; the nearest ones are named."""
    near = [iso(each) for each in (before, after) if each is not None]
    named_times = f"the nearest are those of {' and '.join(near)}" if near else "none is kept"
    return ProblemError(404, f"{symbol} has no bar of {iso(at)}: {named_times}.", kind="no-bar", near=near)


def unowned(symbol: str, elsewhere: PartitionOwner, retry_after: int) -> ProblemError:
    """503: another worker should have the symbol, but none is known to."""
    return ProblemError(
        503,
        f"{symbol!r} belongs to partition {elsewhere.partition}, which this worker does not hold and no other is known"
        f" to hold: partitions are probably being handed over; try again in {retry_after} s.",
        {"Retry-After": str(retry_after)},
        kind="worker-missing",
        partition=elsewhere.partition,
        owner=elsewhere.owner,
    )


def unreachable(symbol: str, owner: str, why: str, retry_after: int) -> ProblemError:
    """503: the worker that has the symbol does not answer."""
    return ProblemError(
        503,
        f"The worker at {owner}, which holds {symbol!r}, does not answer ({why}); try again in {retry_after} s.",
        {"Retry-After": str(retry_after)},
        kind="worker-missing",
        owner=owner,
    )


def passed_on(symbol: str, owner: str, status: int, body: Mapping[str, Any], retry_after: str | None) -> ProblemError:
    """What the worker that has the symbol said against a request."""
    detail = str(body["detail"])
    if status == 503:
        detail = f"The worker at {owner}, which holds {symbol!r}, says: {detail}"
    extra = {name: value for name, value in body.items() if name not in Problem.model_fields}
    kind = str(body.get("type", "")).removeprefix(PREFIX)
    headers = {"Retry-After": retry_after} if retry_after else None
    return ProblemError(status, detail, headers, kind=kind if kind in KINDS else None, **extra)


def other_version(asked: int | None, ours: int) -> ProblemError:
    """406: a worker of another version asks."""
    return ProblemError(
        406,
        f"This worker answers other workers in version {ours} of their form, not in version {asked}: they are of "
        "different versions of stock-signals; answers are complete when all are upgraded.",
    )


async def _problem(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ProblemError)  # noqa: S101 - only registered for these
    return problem(request.scope, error.status, error.detail, kind=error.kind, headers=error.headers, extra=error.extra)


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - only registered for these
    faults = faults_of(error.errors(), known_parameters(request.scope.get("route")))
    detail = "; ".join(f"{fault['parameter']}={fault['value']}: {fault['message']}" for fault in faults)
    ending = "" if detail.endswith("?") else "."
    return problem(request.scope, 422, f"{detail}{ending}", extra={"errors": faults})


async def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - only registered for these
    detail, headers, path = error.detail, dict(error.headers or {}), request.url.path
    if error.status_code == 404:
        detail = f"There is nothing at {path}; {_meant(path)}/docs lists what there is."
    elif error.status_code == 405:
        # HEAD goes wherever GET does, which FastAPI does not know.
        headers["Allow"] = allowed = "GET, HEAD" if headers.get("Allow", "GET") == "GET" else headers["Allow"]
        detail = f"{request.method} does not go with {path}, which takes {allowed.replace(', ', ' and ')}."
    return problem(request.scope, error.status_code, detail, headers=headers)


def _meant(path: str) -> str:
    # What is far longer is like none, and would take long to compare.
    alike = difflib.get_close_matches(f"/{path[1:_LONGEST].partition('/')[0]}", LINKS, 1, 0.75)
    return f"did you mean {alike[0]}? " if alike else ""


async def _bug(request: Request, error: Exception) -> JSONResponse:
    detail = f"A fault in the worker ({type(error).__name__}); its log says more."
    return problem(request.scope, 500, detail)


def install(app: FastAPI) -> None:
    """Give every error of the application the one shape."""
    app.add_exception_handler(ProblemError, _problem)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _bug)


def as_problems(schema: dict[str, Any]) -> dict[str, Any]:
    """An OpenAPI description, changed in place: FastAPI describes every model as application/json, errors too."""
    shared = schema.get("components", {}).get("responses", {})
    of_routes = (each["responses"] for path in schema["paths"].values() for each in path.values())
    for answers in (shared, *of_routes):
        for answer in answers.values():
            content = answer.get("content", {})
            if content.get("application/json", {}).get("schema") == {"$ref": "#/components/schemas/Problem"}:
                content[MEDIA_TYPE] = content.pop("application/json")
    return schema


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that may fail with these, for its OpenAPI entry."""
    said = {
        404: "No such run or symbol; the body names what there is.",
        422: "A parameter is wrong; the body says which and why.",
        503: "The tables are being restored, the worker that has it does not answer, or what there is is staler than "
        "asked for; Retry-After says when to ask again.",
    }
    return {status: {"description": said[status], "model": Problem} for status in statuses}
