"""Which signals are worth an alert."""

from collections.abc import Collection
from dataclasses import dataclass

from app.domain.records import Signal


@dataclass(frozen=True, slots=True)
class Rules:
    """What the user asked for. No `symbols` means all of them.

    `seed_weight` is the most that may still hang on where the series began (a signal's `rsi_seed_weight`, 0 to 1).
    """

    symbols: Collection[str] = ()
    actions: Collection[str] = ("BUY", "SELL")
    origins: Collection[str] = ("live",)
    seed_weight: float = 0.001

    def covers(self, signal: Signal) -> bool:
        """Whether signals of this symbol and origin count at all."""
        return signal["origin"] in self.origins and (not self.symbols or signal["symbol"] in self.symbols)

    def matches(self, signal: Signal) -> bool:
        """Whether the signal is a transition to send."""
        return (
            signal["transition"]
            and signal["action"] in self.actions
            and signal["rsi_seed_weight"] <= self.seed_weight
            and self.covers(signal)
        )
