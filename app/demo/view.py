"""Prints the demo's signals for a person."""

from collections import Counter
from collections.abc import Iterable

from rich.console import Console

from app.domain.records import Action, Signal
from app.times import iso

_STYLES: dict[Action, str] = {"BUY": "bold green", "SELL": "bold red", "HOLD": "dim"}


class DemoView:
    """Prints each turn to BUY or SELL, and counts the rest."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self.counts: Counter[Action] = Counter()
        self._holds_said = 0

    def show(self, signals: Iterable[Signal]) -> None:
        """Show signals that have come."""
        for signal in sorted(signals, key=lambda signal: (signal["timestamp"], signal["symbol"])):
            self.counts[signal["action"]] += 1
            if signal["transition"] and signal["action"] != "HOLD":
                self._print(self._line(signal), signal["action"])

    def say_holds(self) -> None:
        """Print one line for all HOLDs since the last such line, if there were any."""
        new = self.counts["HOLD"] - self._holds_said
        if new:
            self._holds_said += new
            self._console.print(
                f"SYNTHETIC  … HOLD for {new:,} bars", style=_STYLES["HOLD"], markup=False, soft_wrap=True
            )

    def total(self) -> str:
        """All that came, in a sentence."""
        counts = ", ".join(f"{self.counts[action]:,} {action}" for action in _STYLES)
        return f"{self.counts.total():,} signals: {counts}"

    def _print(self, text: str, action: Action) -> None:
        self._console.print(text, style=_STYLES[action], markup=False, soft_wrap=True)

    def _line(self, signal: Signal) -> str:
        return (
            f"SYNTHETIC  {iso(signal['timestamp'])}  {signal['symbol']:<5} {signal['action']:<4} "
            f"at {signal['close']:>7.2f}: {signal['explanation']}"
        )
