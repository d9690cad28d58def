"""The API, as the worker serves it: `create_app(reader)`.

The worker hands it to uvicorn on its own event loop. Set there: `ws="none"`
(older websockets crash it) and `server_header=False`.
"""

import time

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline

from web import errors
from web.compression import CompressionMiddleware
from web.head import HeadMiddleware
from web.reader import Reader
from web.revalidation import RevalidationMiddleware
from web.routes import explain, market, metrics, operations, page, problems, runs, signals, state, stream, windows
from web.runs import Runs
from web.security import SecurityHeadersMiddleware
from web.stream import Push
from web.workers.group import Group

DESCRIPTION = """\
BUY, SELL and HOLD for one-minute bars, each with the numbers it follows from.

Times are ISO-8601 in UTC, and a bar's time is the start of its minute. Answers are of one *run*: the live one, or the
newest replay where there is none, unless `?run=` names another; `run_reason` says why. What is marked `synthetic` is
not market data. While a worker restores its tables, data answers 503 with `Retry-After`. Any of several workers answers
for all: it asks the others, and `complete` says whether all partitions are in the answer, `partitions` how each is.
"""


def create_app(reader: Reader, push: Push | None = None, group: Group | None = None) -> FastAPI:
    """The ASGI application over one worker's tables; it starts and stops nothing. Without `push`, no stream.

    `group` asks the other workers; without it, a new one does.
    """
    app = FastAPIOffline(
        title="Stock signals",
        version=state.VERSION,
        description=DESCRIPTION,
        redoc_url=None,
        swagger_ui_parameters={"validatorUrl": None},
    )
    app.state.reader = reader
    app.state.push = push
    app.state.group = group or Group(reader)
    app.state.runs = Runs(reader, app.state.group)
    app.state.started = time.time()
    app.add_middleware(RevalidationMiddleware)
    app.add_middleware(CompressionMiddleware)
    app.add_middleware(HeadMiddleware)
    app.add_middleware(SecurityHeadersMiddleware)
    errors.install(app)
    for concern in (page, explain, signals, stream, windows, runs, market, state, operations, metrics, problems):
        app.include_router(concern.router)
    app.mount("/static", page.files, "static")
    return app
