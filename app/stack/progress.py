"""Shows the stack's progress: not at all, in plain lines, or with a bar and a spinner on a terminal."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from app.terminal.streams import console as make_console

Advance = Callable[[int], None]

MB = 1_000_000


class Reporter(Protocol):
    """Gets the stack's messages and progress."""

    def say(self, text: str) -> None:
        """One line."""

    def waiting(self, text: str) -> AbstractContextManager[None]:
        """Show that something takes a while, as long as the block lasts."""

    def downloading(self, total: int) -> AbstractContextManager[Advance]:
        """A download of so many bytes; what it gives is called with each piece's bytes, from any thread."""


class Silent:
    """Says nothing."""

    def say(self, text: str) -> None:
        """Nothing."""

    @contextmanager
    def waiting(self, text: str) -> Iterator[None]:
        """Nothing."""
        yield

    @contextmanager
    def downloading(self, total: int) -> Iterator[Advance]:
        """Nothing."""
        yield lambda _: None


class Shown:
    """A bar and a spinner on a terminal, plain lines elsewhere; on stderr, so that stdout stays for results."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or make_console(stderr=True, persistent=True)

    def say(self, text: str) -> None:
        """One line."""
        self._console.print(text, markup=False, soft_wrap=True)

    @contextmanager
    def waiting(self, text: str) -> Iterator[None]:
        """A spinner, or the line itself."""
        if not self._console.is_terminal:
            self.say(text)
            yield
            return
        with self._console.status(text):
            yield

    @contextmanager
    def downloading(self, total: int) -> Iterator[Advance]:
        """A bar with bytes, speed and time left, or a line for every tenth."""
        if not self._console.is_terminal:
            yield self._lines(total)
            return
        columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
        with Progress(TextColumn("Downloading"), *columns, console=self._console) as bar:
            task = bar.add_task("", total=total)
            yield lambda count: bar.advance(task, count)

    def _lines(self, total: int) -> Advance:
        done = shown = 0

        def advance(count: int) -> None:
            nonlocal done, shown
            done += count
            tenth = 10 * done // total
            if tenth > shown:
                shown = tenth
                self.say(f"Downloaded {done / MB:.0f} of {total / MB:.0f} MB")

        return advance
