"""The loads: bars as a market sends them, minute by minute over all symbols."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from app.domain.records import Bar
from tests.bench.recorded_bars import RecordedBars


@dataclass(frozen=True, slots=True)
class Load:
    """So many symbols with so many bars each."""

    name: str
    symbols: int
    bars_each: int

    @property
    def bars(self) -> int:
        return self.symbols * self.bars_each

    def make(self, encode: Callable[[Bar], bytes]) -> RecordedBars:
        return RecordedBars(self.name, self.symbols, self.bars_each, encode)

    def part(self, share: float) -> "Load":
        """What a program is given that is too slow for all of it."""
        return self if share == 1.0 else self.shrunk(round(1 / share))

    def shrunk(self, factor: int) -> "Load":
        """The same shape with fewer bars: `wide` loses symbols, `deep` bars of each."""
        if self.symbols > self.bars_each:
            return replace(self, symbols=max(1, self.symbols // factor))
        return replace(self, bars_each=max(1, self.bars_each // factor))
