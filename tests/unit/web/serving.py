"""An application of the tests, served on a port as the worker serves it: for clients that need an address."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI


class ApiServer(uvicorn.Server):
    """Tells when it has started, and on which port."""

    def __init__(self, app: FastAPI) -> None:
        super().__init__(uvicorn.Config(app, "127.0.0.1", 0, log_level="error", ws="none", server_header=False))
        self.listening = threading.Event()

    async def startup(self, sockets: object = None) -> None:
        await super().startup()
        self.listening.set()

    @property
    def url(self) -> str:
        port = self.servers[0].sockets[0].getsockname()[1]
        return f"http://127.0.0.1:{port}"


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """The address."""
    server = ApiServer(app)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    assert server.listening.wait(20)
    try:
        yield server.url
    finally:
        server.should_exit = True
        thread.join(20)
