"""How a worker starts and ends: the API first, checks before anything runs, and the first reason of a crash last."""

import sys
from collections.abc import Iterable
from contextlib import suppress
from typing import IO, TYPE_CHECKING, NoReturn, cast

import click
import faust
from faust.app.base import BootStrategy
from faust.contrib.asgi import AsgiService
from faust.types import ServiceT

from app.engine.errors import OperatorError
from app.engine.memory import bound_heaps

if TYPE_CHECKING:
    from app.engine.app import BatchApp


class ApiFirst(BootStrategy):
    """Starts the API before the consumer, so that it can say that tables are being restored."""

    def web_server(self) -> Iterable[ServiceT]:
        """The API's server, where there is an API and `--without-web` was not given."""
        app = cast("BatchApp", self.app)
        if app.asgi_app is None or not self._should_enable_web():
            return []
        return [
            AsgiService(
                app.asgi_app,
                host=app.conf.web_bind,
                port=app.conf.web_port,
                uvicorn_options=app.asgi_options(),
                loop=app.loop,
                beacon=app.beacon,
            )
        ]


class CheckedWorker(faust.Worker):
    """Ends with a sentence where a worker cannot work, and before anything has started where that is known."""

    _first_crash: BaseException | None = None

    @property
    def crash_reason(self) -> BaseException | None:
        """Why the worker crashed: the first reason, not the cancelled tasks that follow from it."""
        return self._first_crash

    @crash_reason.setter
    def crash_reason(self, reason: BaseException | None) -> None:
        if reason is None or self._first_crash is None:
            self._first_crash = reason

    def execute_from_commandline(self) -> NoReturn:
        """Run the worker until it ends; raises SystemExit with a sentence where there is one."""
        bound_heaps()  # Before any client makes threads: a thread that runs already has its heap.
        try:
            cast("BatchApp", self.app).prepare()
        except OperatorError as error:
            self.tell(error, sys.stderr)
            raise SystemExit(error.exit_status) from None
        try:
            super().execute_from_commandline()
        finally:
            if isinstance(self.crash_reason, OperatorError):
                # Faust has put its log in the place of sys.stderr. Nobody may be there to read it.
                with suppress(OSError):
                    self.tell(self.crash_reason, sys.__stderr__)

    def tell(self, error: OperatorError, stream: IO[str] | None) -> None:
        """Say why the worker ends."""
        click.echo(f"Error: {error}", file=stream)
