"""Errors as problem details, `application/problem+json` (RFC 9457): one shape for all of them.

`type` is an address that says more of this kind of error, `title` names the kind, `detail` says in a sentence what is
wrong here and what to do, `instance` is the path that was asked for. What a program may want to read comes beside them.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, NamedTuple

from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.types import Scope

from app.asgi.answer import quoted_path

MEDIA_TYPE = "application/problem+json"
PREFIX = "/problems/"


class ProblemKind(NamedTuple):
    """A kind of error: its status, its title, and how to come out of it."""

    status: int
    title: str
    fix: str


KINDS = {
    "invalid-parameter": ProblemKind(
        422,
        "A parameter is wrong",
        "`errors` names each parameter with its value and what it should be; /docs lists the parameters of an address.",
    ),
    "unknown-run": ProblemKind(404, "There is no such run", "`runs` names the runs that there are, as GET /runs does."),
    "unknown-symbol": ProblemKind(
        404, "There is no such symbol", "`near` and `symbols` name what may be meant; GET /symbols lists all of a run."
    ),
    "no-bar": ProblemKind(404, "The symbol has no bar at that time", "`near` names the bars before and after it."),
    "nothing-here": ProblemKind(404, "There is nothing at this address", "/docs lists every address."),
    "method": ProblemKind(405, "The method does not go with this address", "The header Allow lists those that do."),
    "recovering": ProblemKind(
        503,
        "The worker is restoring its tables",
        "Ask again after as many seconds as the header Retry-After says; GET /ready tells how far it is.",
    ),
    "worker-missing": ProblemKind(
        503,
        "A worker that is needed for the answer does not answer",
        "Ask again after as many seconds as the header Retry-After says; GET /worker tells who holds which partition.",
    ),
    "stale": ProblemKind(
        503,
        "There is no answer as new as asked for",
        "Ask again after as many seconds as the header Retry-After says, or without min_position and max_lag.",
    ),
    "unavailable": ProblemKind(
        503,
        "What is needed for the answer cannot be reached",
        "Ask again after as many seconds as the header Retry-After says; `stocks doctor` looks for the cause.",
    ),
    "fault": ProblemKind(500, "A fault in the worker", "Its log has the traceback; please report it."),
}

_OF_STATUS = {404: "nothing-here", 405: "method", 422: "invalid-parameter", 500: "fault", 503: "unavailable"}


def kind_of(status: int, name: str | None = None) -> tuple[str, str]:
    """`type` and `title` of a kind, by default the one of the status; a status without a kind gets HTTP's own title."""
    name = name or _OF_STATUS.get(status)
    return (f"{PREFIX}{name}", KINDS[name].title) if name else ("about:blank", HTTPStatus(status).phrase)


class Problem(BaseModel):
    """Every error's body, as RFC 9457 has it; beside these, what a program may want to read."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(
        description="The kind of error: an address here that says more.", examples=["/problems/unknown-symbol"]
    )
    title: str = Field(description="The kind of error in words, the same for each of its kind.")
    status: int = Field(description="HTTP's number, as the answer has it.")
    instance: str = Field(description="The path that was asked for.", examples=["/signals/GOGL"])
    detail: str = Field(description="What is wrong and what to do, in a sentence or two.")


def problem(
    scope: Scope,
    status: int,
    detail: str,
    *,
    kind: str | None = None,
    headers: Mapping[str, str] | None = None,
    extra: Mapping[str, Any] | None = None,
) -> JSONResponse:
    """The answer to a request that failed; it is an ASGI application, so that middleware can send it, too.

    `kind` is one of KINDS, by default the one of the status.
    """
    address, title = kind_of(status, kind)
    body = {
        "type": address,
        "title": title,
        "status": status,
        "detail": detail,
        # Without the query, which may hold what does not belong into logs.
        "instance": quoted_path(scope["path"]),
        **(extra or {}),
    }
    return JSONResponse(body, status, headers, MEDIA_TYPE)
