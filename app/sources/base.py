"""The interface of a source of bars."""

from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol

from app.domain.records import Bar, Origin
from app.errors import StocksError


class SourceError(StocksError):
    """The source cannot be read (any further); the message is a sentence that names the cause and the fix."""


class Fault(NamedTuple):
    """One record of a source that is not a bar: its line or place, counted from 1, and why.

    `file` is named where there are several; `unit` is what `line` counts, if it is not the source's usual
    unit.
    """

    line: int
    message: str
    file: str = ""
    unit: str = ""


OnFault = Callable[[Fault], None]
OnNotice = Callable[[str], None]


class Source(Protocol):
    """Bars of one run, in the order in which they are to be sent.

    What is not a bar is reported to a callback and skipped; the good ones go on.
    """

    @property
    def name(self) -> str:
        """Goes into `Bar.source`, for example `csv:bars.csv`."""

    @property
    def origin(self) -> Origin:
        """Goes into `Bar.origin`."""

    @property
    def run_id(self) -> str:
        """Goes into `Bar.run_id`: the series that all these bars belong to."""

    @property
    def total(self) -> int | None:
        """How many records there are; None if that is not known."""

    @property
    def read(self) -> int:
        """How many of them were read so far: sent, skipped and filtered out."""

    @property
    def doing(self) -> str | None:
        """What it waits for, or what takes it so long, as a sentence; None while it yields bars."""

    @property
    def trouble(self) -> str | None:
        """What keeps it from reading bars now, and may pass, as a sentence; None when nothing does."""

    @property
    def requests_last_minute(self) -> int | None:
        """How many requests it made in the last 60 seconds; None where it makes none."""

    def bars(self) -> Iterator[Bar | None]:
        """The bars; None: there is none now, ask again. Raises SourceError when it cannot go on.

        After `stop` it yields None within a second, also when it was waiting.
        """

    def stop(self) -> None:
        """Ends its waiting, from another thread."""


class NeverWaits:
    """The answers of a source that never waits for its bars."""

    doing: str | None = None
    trouble: str | None = None
    requests_last_minute: int | None = None

    def stop(self) -> None:
        """There is no waiting to end."""
