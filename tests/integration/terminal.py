"""A terminal of a test's own, and what is left of a command when it has been left alone."""

import fcntl
import os
import pty
import select
import subprocess
import termios
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import psutil

from tests.integration.waiting import eventually

MARK = "STOCKS_TEST_TERMINAL"
_CTRL_C = b"\x03"


class Terminal:
    """A shell command as the leader of a session on a pseudo-terminal; what it prints can be awaited."""

    def __init__(self, command: str, env: Mapping[str, str], folder: Path) -> None:
        self.env = env
        self._mark = str(folder)
        self._master, slave = pty.openpty()
        self.process = subprocess.Popen(
            ["/bin/sh", "-c", command],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**env, MARK: self._mark, "TERM": "xterm"},
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(slave)
        self._said = b""
        self._closing = threading.Event()
        #: Set while no program has the terminal, and all that was printed has been read.
        self._let_go = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def said(self) -> str:
        """Everything that was printed."""
        return self._said.decode(errors="replace")

    def until(self, text: str, seconds: float = 120) -> None:
        eventually(lambda: text in self.said(), seconds, self.said)

    def press_ctrl_c(self) -> None:
        os.write(self._master, _CTRL_C)

    def close(self) -> None:
        """As when its window is closed."""
        if not self._closing.is_set():
            self._closing.set()
            self._reader.join()
            os.close(self._master)

    def running(self) -> list[psutil.Process]:
        """All processes that the command has started and that still run, even with another parent by now."""
        found = []
        for process in psutil.process_iter(["cmdline", "environ", "status"]):
            words = " ".join(process.info["cmdline"] or ())
            marked = (process.info["environ"] or {}).get(MARK) == self._mark or self._mark in words
            if marked and process.info["status"] != psutil.STATUS_ZOMBIE:
                found.append(process)
        return found

    def ends(self, seconds: float) -> None:
        """Wait until nothing of it runs any more, and all that it printed has been read."""

        def over() -> bool:
            self.process.poll()
            return not self.running()

        eventually(over, seconds, lambda: f"{[each.info['cmdline'] for each in self.running()]}\n{self.said()[-3000:]}")
        assert self._closing.is_set() or self._let_go.wait(30)

    def end(self) -> None:
        """Kill what is left: for the end of a test."""
        self.close()
        for process in self.running():
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self.process.wait()

    def _read(self) -> None:
        while not self._closing.is_set():
            if not select.select([self._master], [], [], 0.05)[0]:
                continue
            try:
                self._said += os.read(self._master, 65536)
                self._let_go.clear()
            except OSError:  # The last program has let go of the terminal.
                self._let_go.set()
                self._closing.wait(0.05)
