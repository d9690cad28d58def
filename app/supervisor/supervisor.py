"""Starts several workers, starts those that end again, and stops them all."""

import asyncio
import logging
import os
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress

from app.errors import StocksError
from app.logs.json_line import JsonLine
from app.supervisor.output import Output
from app.supervisor.process import WorkerPlace, WorkerProcess
from app.supervisor.restarts import BAD_STARTS, Restarts
from app.terminal.streams import colours

#: A worker finishes and commits the batches in hand; without a broker it gives up before that.
GRACE_SECONDS = 20.0

#: A signal that follows the first one within this time is the same request.
TWICE_SECONDS = 0.5

_FLUSH_SECONDS = 1.0
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_CYAN, _RESET = "\033[36m", "\033[0m"


class WorkerFailed(StocksError):
    """A worker ended again and again; `status` is that of its last end."""

    def __init__(self, number: int, status: int, last_words: str) -> None:
        super().__init__(
            f"Worker {number} has ended {BAD_STARTS} times soon after its start, at last {_how(status)}, so all were "
            f"stopped. It said:\n{last_words or '(nothing)'}"
        )
        self.status = status if status > 0 else 128 - status


class Supervisor:
    """Runs a worker in each place until SIGINT, SIGTERM, SIGHUP, or until one cannot be started or nobody reads."""

    def __init__(
        self,
        places: Sequence[WorkerPlace],
        command: Sequence[str],
        descriptor: int,
        *,
        colour: bool,
        json_lines: bool = False,
        restarts: Callable[[], Restarts] = Restarts,
    ) -> None:
        self._restarts = restarts
        self._line: Callable[[str], str] = _event if json_lines else str
        self._stopping = asyncio.Event()
        self._stopped_at = 0.0
        self._failure: WorkerFailed | None = None
        self._clean = True
        self._output = Output(descriptor, self._output_gone)
        width = len(str(len(places)))
        self._workers = [
            WorkerProcess(
                place,
                command,
                self._output,
                # What comes before an object would make its line unreadable for a program.
                b"" if json_lines else _prefix(f"{place.number:>{width}} |", colour=colour),
            )
            for place in places
        ]

    async def run(self) -> int:
        """Returns the exit status. Raises WorkerFailed."""
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            # `nohup` ignores SIGHUP, so that a program goes on without a terminal.
            if signal.getsignal(number) is not signal.SIG_IGN:
                loop.add_signal_handler(number, self._on_signal, number)
        for worker in self._workers:
            place = worker.place
            await self._say(f"Worker {place.number}  {place.url}  {place.data_dir}")
        await asyncio.gather(*map(self._keep_running, self._workers))
        await self._output.flush(_FLUSH_SECONDS)
        if self._failure:
            raise self._failure
        return 0 if self._clean else 1

    async def _keep_running(self, worker: WorkerProcess) -> None:
        number, restarts = worker.place.number, self._restarts()
        while not self._stopping.is_set():
            restarts.started()
            try:
                status = await worker.run(self._stopping)
            except OSError as error:  # The machine has no memory or no process left.
                await self._say(f"Worker {number} could not be started: {error}")
                status = os.EX_TEMPFAIL
            if self._stopping.is_set():
                # One that was about to start does not catch the signal yet.
                self._clean &= status in (0, -signal.SIGTERM)
                return
            pause = restarts.ended(status)
            if pause is None:
                self._failure = WorkerFailed(number, status, worker.lines.last_words())
                self._stop()
                return
            await self._say(f"Worker {number} has ended {_how(status)}, and starts again in {pause:.0f} s")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause)

    def _on_signal(self, number: signal.Signals) -> None:
        """The first signal stops, a later Ctrl-C or SIGTERM kills; shells and `timeout` send some signals twice."""
        if not self._stopping.is_set():
            self._stop()
        elif number != signal.SIGHUP and asyncio.get_running_loop().time() > self._stopped_at + TWICE_SECONDS:
            self._kill()

    def _stop(self) -> None:
        """Ask all workers to end, and kill those that do not."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        self._stopped_at = asyncio.get_running_loop().time()
        self._output.hurry()
        for worker in self._workers:
            worker.send(signal.SIGTERM)
        asyncio.get_running_loop().call_later(GRACE_SECONDS, self._kill)

    def _kill(self) -> None:
        for worker in self._workers:
            worker.send(signal.SIGKILL)

    def _output_gone(self) -> None:
        self._clean = False
        self._stop()

    async def _say(self, sentence: str) -> None:
        await self._output.write(f"{self._line(sentence)}\n".encode())


def supervise(
    places: Sequence[WorkerPlace],
    command: Sequence[str],
    descriptor: int,
    restarts: Callable[[], Restarts] = Restarts,
    *,
    json_lines: bool = False,
) -> int:
    """Run the command in each place; what it says goes to a file descriptor, with its number unless it is JSON.

    Returns the exit status: 0 if all ended when they were asked to. Raises WorkerFailed.
    """
    colour = os.isatty(descriptor) and colours()

    async def run() -> int:
        supervisor = Supervisor(places, command, descriptor, colour=colour, json_lines=json_lines, restarts=restarts)
        return await supervisor.run()

    return asyncio.run(run())


def _event(sentence: str) -> str:
    return JsonLine().format(logging.makeLogRecord({"name": __name__, "levelname": "INFO", "msg": sentence}))


def _prefix(text: str, *, colour: bool) -> bytes:
    return f"{_CYAN}{text}{_RESET} ".encode() if colour else f"{text} ".encode()


def _how(status: int) -> str:
    return f"with status {status}" if status >= 0 else f"by {signal.Signals(-status).name}"
