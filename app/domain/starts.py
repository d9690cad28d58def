"""Where splits begin a symbol's series anew, oldest first; hardly ever there is one."""

from collections.abc import Sequence
from typing import NamedTuple

from app.domain.records import Split


class Start(NamedTuple):
    """The first bar of a series that began with what looks like a split.

    `bar` counts the bars of the run and symbol before it; `timestamp` is its
    start, UTC epoch milliseconds; prices are in the symbol's currency.
    """

    bar: int
    timestamp: int
    previous_close: float
    open: float

    @property
    def split(self) -> Split:
        """As records say it."""
        return {"previous_close": self.previous_close, "open": self.open}


def newest(starts: Sequence[Start], bar: int) -> Start | None:
    """Where the series begins that the bar belongs to, counted as `Start.bar` is; None: with its run's first bar."""
    return next((start for start in reversed(starts) if start.bar <= bar), None)


def needed(starts: Sequence[Start], oldest: int) -> list[Start]:
    """The starts of the series that bars from the oldest one on belong to."""
    first = newest(starts, oldest)
    return [start for start in starts if start.bar > oldest or start == first]


def moved(starts: Sequence[Start], bar: int) -> list[Start]:
    """The starts when one more bar comes before all from `bar` on."""
    return [start._replace(bar=start.bar + 1) if start.bar >= bar else start for start in starts]
