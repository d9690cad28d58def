"""The API, as the worker serves it: `create_app(reader)`.

The worker hands it to uvicorn on its own event loop, with the options of app.asgi.protocol.
"""

import time
from typing import Any

from fastapi import FastAPI
from starlette.types import ASGIApp

from web import errors, openapi
from web.access.gate import gated
from web.access.policy import AccessPolicy
from web.compression import CompressionMiddleware
from web.head import HeadMiddleware
from web.reader import Reader
from web.revalidation import RevalidationMiddleware
from web.routes import (
    docs,
    explain,
    login,
    market,
    metrics,
    operations,
    page,
    problems,
    runs,
    signals,
    state,
    stream,
    windows,
)
from web.run_directory import RunDirectory
from web.stream import Push
from web.workers.gather import WorkerGroup

DESCRIPTION = """\
BUY, SELL and HOLD for one-minute bars, each with the numbers it follows from.

Times are ISO-8601 in UTC, and a bar's time is the start of its minute. Answers are of one *run*: the live one, or the
newest replay where there is none, unless `?run=` names another; `run_reason` says why. What is marked `synthetic` is
not market data. While a worker restores its tables, data answers 503 with `Retry-After`. Any of several workers answers
for all: it asks the others, and `complete` says whether all partitions are in the answer, `partitions` how each is.
"""


class ApiApplication(FastAPI):
    """The application, behind all that stands before it: also what answers a fault in it is."""

    def __init__(self, access: AccessPolicy) -> None:
        # No redirects to other spellings of a path: they would lead to whatever host a request names.
        super().__init__(
            title="Stock signals",
            version=state.VERSION,
            description=DESCRIPTION,
            docs_url=None,
            redoc_url=None,
            redirect_slashes=False,
        )
        self.state.access = access

    def build_middleware_stack(self) -> ASGIApp:
        """The routes and what stands before them."""
        access: AccessPolicy = self.state.access
        return gated(super().build_middleware_stack(), access)

    def openapi(self) -> dict[str, Any]:
        """The schema, with what is the same for all routes, and examples."""
        if self.openapi_schema is None:
            schema = errors.as_problems(super().openapi())
            self.openapi_schema = openapi.completed(schema, asks_for_token=bool(self.state.access.token))
        return self.openapi_schema


def create_app(
    reader: Reader, push: Push | None = None, group: WorkerGroup | None = None, access: AccessPolicy | None = None
) -> ApiApplication:
    """The ASGI application over one worker's tables; it starts and stops nothing. Without `push`, no stream.

    `group` asks the other workers; without it, a new one does. Without `access` everybody may ask.
    """
    app = ApiApplication(access or AccessPolicy())
    app.state.reader = reader
    app.state.push = push
    app.state.group = group or WorkerGroup(reader)
    app.state.runs = RunDirectory(reader, app.state.group)
    app.state.started = time.time()
    app.add_middleware(RevalidationMiddleware)
    app.add_middleware(CompressionMiddleware)
    app.add_middleware(HeadMiddleware)
    errors.install(app)
    for concern in (
        *(page, docs, login, explain, signals, stream, windows, runs, market, state, operations, metrics, problems),
    ):
        # As they are; `include_router` would make each route once more, at the first requests.
        app.router.routes.extend(concern.router.routes)
    app.mount("/static", page.files, "static")
    app.mount(docs.SWAGGER, docs.files, "swagger")
    return app
