"""One of several workers, as a child process."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, cast

from app.supervisor.output import Lines, Output

_CHUNK = 64 * 1024


class WorkerPlace(NamedTuple):
    """The folder and the port of one worker, numbered from 1."""

    number: int
    data_dir: Path
    port: int
    url: str


class WorkerProcess:
    """Runs one worker after the other in one place; `lines` is what the last one said."""

    def __init__(self, place: WorkerPlace, command: Sequence[str], output: Output, prefix: bytes) -> None:
        self.place = place
        self.lines = Lines(prefix)
        self._command = command
        self._output = output
        self._prefix = prefix
        self._process: Process | None = None

    async def run(self, stopping: asyncio.Event) -> int:
        """Start it; return its status when it has ended and what it said is written.

        If `stopping` is set while it starts it gets SIGTERM. Raises OSError when it cannot be started.
        """
        self.lines = Lines(self._prefix)
        environment = {"DATA_DIR": str(self.place.data_dir), "API_PORT": str(self.place.port), "PYTHONUNBUFFERED": "1"}
        self._process = process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "app.supervisor.tether", str(os.getpid()), *self._command),
            env={**os.environ, **environment},
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=STDOUT,
            # Ctrl-C is for the supervisor.
            start_new_session=True,
        )
        if stopping.is_set():
            self.send(signal.SIGTERM)
        await self._copy(cast(asyncio.StreamReader, process.stdout))
        return await process.wait()

    def send(self, number: signal.Signals) -> None:
        """Send it a signal, if it runs."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.send_signal(number)

    async def _copy(self, said: asyncio.StreamReader) -> None:
        while data := await said.read(_CHUNK):
            if lines := self.lines.feed(data):
                await self._output.write(lines)
        if lines := self.lines.end():
            await self._output.write(lines)
