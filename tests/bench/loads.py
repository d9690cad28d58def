"""The loads: bars as a market sends them, minute by minute over all symbols."""

from dataclasses import dataclass, replace

from app.domain.records import Bar
from tests.integration.bars import random_bars


@dataclass(frozen=True, slots=True)
class Load:
    """So many symbols with so many bars each."""

    name: str
    symbols: int
    bars_each: int

    @property
    def bars(self) -> int:
        return self.symbols * self.bars_each

    def make(self) -> list[Bar]:
        return list(random_bars(self.symbols, self.bars_each, seed=20241114, run_id=f"bench-{self.name}"))

    def shrunk(self, factor: int) -> "Load":
        """The same shape with fewer bars: `wide` loses symbols, `deep` bars of each."""
        if self.symbols > self.bars_each:
            return replace(self, symbols=max(1, self.symbols // factor))
        return replace(self, bars_each=max(1, self.bars_each // factor))


def symbols_of(bars: list[Bar]) -> int:
    """How many symbols the bars of a load are of."""
    return len({bar["symbol"] for bar in bars})
