"""A load's bars, made once for all that is measured with them: bytes for the topic, closes for the judge."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from app.domain.records import Bar
from tests.integration.random_bars import random_bars

Record = tuple[bytes, bytes]
"""Key and value."""


class RecordedBars:
    """So many bars of each symbol, minute by minute over all symbols, so that bar n is of symbol n % symbols.

    records: key and value of each bar; closes: f8[minutes, symbols]; timestamps: i8[minutes], UTC epoch milliseconds.
    """

    def __init__(self, name: str, symbols: int, minutes: int, encode: Callable[[Bar], bytes]) -> None:
        self.run_id = f"bench-{name}"
        self.symbols: list[str] = []
        self.records: list[Record] = []
        times: list[int] = []
        closes: list[float] = []
        for number, bar in enumerate(random_bars(symbols, minutes, seed=20241114, run_id=self.run_id)):
            if number < symbols:
                self.symbols.append(bar["symbol"])
            if number % symbols == 0:
                times.append(bar["timestamp"])
            closes.append(bar["close"])
            self.records.append((bar["symbol"].encode(), encode(bar)))
            #: What all bars have in common.
            self.copied = {field: str(bar[field]) for field in ("run_id", "origin", "source", "feed")}
        self.timestamps: npt.NDArray[np.int64] = np.array(times)
        self.closes: npt.NDArray[np.float64] = np.array(closes).reshape(minutes, symbols)

    def __len__(self) -> int:
        return len(self.records)
