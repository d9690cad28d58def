"""The API, as the worker serves it: `create_app(reader)`.

The worker hands it to uvicorn on its own event loop, with the options of app.asgi.protocol.
"""

import time
from typing import Any

import httpx
from fastapi import FastAPI
from starlette.types import ASGIApp

from web import errors, openapi
from web.access.gate import gated
from web.access.policy import Access
from web.head import HeadMiddleware
from web.reader import Reader
from web.relay import RelayMiddleware
from web.routes import docs, explain, login, market, metrics, operations, page, runs, signals, state, stream, windows
from web.stream import Push

DESCRIPTION = """\
BUY, SELL and HOLD for one-minute bars, each with the numbers it follows from.

Times are ISO-8601 in UTC, and a bar's time is the start of its minute. Answers are of one *run*: the live one, or the
newest replay where there is none, unless `?run=` names another; `run_reason` says why. What is marked `synthetic` is
not market data. While a worker restores its tables, data answers 503 with `Retry-After`. With several workers each
answers for its own partitions: lists say which are missing and who holds them, and a symbol elsewhere is a redirect
to its worker.
"""


class Api(FastAPI):
    """The application, behind all that stands before it: also what answers a fault in it is."""

    def __init__(self, access: Access) -> None:
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
        access: Access = self.state.access
        return gated(super().build_middleware_stack(), access)

    def openapi(self) -> dict[str, Any]:
        """The schema, with what is the same for all routes, and examples."""
        if self.openapi_schema is None:
            self.openapi_schema = openapi.completed(super().openapi(), asks_for_token=bool(self.state.access.token))
        return self.openapi_schema


def create_app(
    reader: Reader,
    push: Push | None = None,
    others: httpx.AsyncClient | None = None,
    access: Access | None = None,
) -> Api:
    """The ASGI application over one worker's tables; it starts and stops nothing. Without `push`, no stream.

    `others` asks other workers for the page; without it, one that needs no proxy. Without `access` everybody may ask.
    """
    app = Api(access or Access())
    app.state.reader = reader
    app.state.push = push
    app.state.started = time.time()
    app.add_middleware(RelayMiddleware, reader=reader, client=others)
    app.add_middleware(HeadMiddleware)
    errors.install(app)
    for concern in (page, docs, login, explain, signals, stream, windows, runs, market, state, operations, metrics):
        app.include_router(concern.router)
    app.mount("/static", page.files, "static")
    app.mount(docs.SWAGGER, docs.files, "swagger")
    return app
