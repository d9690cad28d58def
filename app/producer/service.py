"""The producer as a service: a source replayed in the background, and `/health` and `/ready` to look at it."""

import asyncio
import signal
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus

import uvicorn
from fastapi import FastAPI, Response
from starlette.types import ASGIApp

from app.access.listening import is_loopback
from app.asgi.hosts import HostCheck, Hosts
from app.asgi.limits import RequestLimits
from app.asgi.protocol import server_options
from app.asgi.security_headers import SecurityHeaders
from app.producer.health import Health, Ready, health, ready
from app.producer.runner import Runner
from app.sources.fault_counter import FaultCounter

_GRACE_S = 2
_MOST_CONNECTIONS = 200


def create_app(runner: Runner, faults: FaultCounter, broker: Callable[[], str | None]) -> FastAPI:
    """The routes; `runner` works from the application's start to its shutdown. `broker` says where the broker is."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        runner.start()
        yield
        await asyncio.to_thread(runner.stop)

    # Nothing but its health: the documentation page would load scripts from the internet, for one route.
    app = FastAPI(
        title="Stock signals: producer",
        lifespan=lifespan,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )

    @app.get("/health", responses={HTTPStatus.SERVICE_UNAVAILABLE: {"model": Health}})
    def get_health(response: Response) -> Health:
        """How far the producer is. 503 once it has failed: then it must be started again. 200 also while it waits."""
        if runner.status == "failed":
            response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
        return health(runner, faults, broker())

    @app.get("/ready", responses={HTTPStatus.SERVICE_UNAVAILABLE: {"model": Ready}})
    def get_ready(response: Response) -> Ready:
        """Whether bars go to Kafka, or are all there; 503 with the reason while they do not."""
        found = ready(runner)
        if not found.ready:
            response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
        return found

    return app


def guarded(app: ASGIApp, host: str) -> ASGIApp:
    """The application behind the limits of all our APIs; where `host`, at which it listens, is loopback, web pages
    cannot let a name of theirs point here. It says only how the producer is, so there is no token.
    """
    if is_loopback(host):
        app = HostCheck(app, Hosts.of([host]), "")
    return SecurityHeaders(RequestLimits(app))


def serve(app: ASGIApp, sock: socket.socket, most_connections: int = _MOST_CONNECTIONS) -> None:
    """Serves until SIGTERM, SIGINT or SIGHUP, then stops within seconds."""
    config = uvicorn.Config(
        app,
        log_level="warning",
        log_config=None,
        timeout_graceful_shutdown=_GRACE_S,
        **server_options(most_connections),
    )
    # uvicorn raises the signal again after its shutdown; a stop on request is no failure.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, lambda *_: signal.raise_signal(signal.SIGTERM))
    uvicorn.Server(config).run(sockets=[sock])
