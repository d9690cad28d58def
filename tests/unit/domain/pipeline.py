"""Both folds in a row, through the tables' bytes, as two agents do it."""

from collections.abc import Sequence

from app.domain import history
from app.domain.history import History
from app.domain.records import MINUTE_MS, Bar, Indicators, Signal
from app.domain.split import Gap
from app.domain.step import Outcome, Stepped, step
from app.domain.strategy import Strategy
from app.domain.window import Window
from tables.signals_value import decode_history, encode_history
from tables.window_value import decode_window, encode_window
from tests.bars import TOPIC_ID

NOW_MS = 1_732_000_000_000


def every_minute(previous_ms: int, timestamp_ms: int) -> int:
    """A calendar that never closes."""
    return (timestamp_ms - previous_ms) // MINUTE_MS - 1


def fold(
    window: Window, bars: Sequence[tuple[int, Bar]], strategy: Strategy, gap: Gap = every_minute
) -> tuple[Window, Stepped]:
    return step(window, bars, topic_id=TOPIC_ID, partition=3, strategy=strategy, gap=gap, now_ms=NOW_MS)


class Pipeline:
    """One series' window and history, and all that they put out."""

    def __init__(self, strategy: Strategy, signal_history: int = 50, gap: Gap = every_minute) -> None:
        self.strategy = strategy
        self.gap = gap
        self.signal_history = signal_history
        self.window = Window(strategy.name)
        self.history = History(strategy.name)
        self.outcomes: list[Outcome] = []
        self.indicators: list[Indicators] = []
        self.signals: list[Signal] = []

    def feed(self, bars: Sequence[tuple[int, Bar]]) -> Stepped:
        window, stepped = fold(self.window, bars, self.strategy, self.gap)
        self.window = decode_window(encode_window(window)) if window.position else window
        self.outcomes += stepped.outcomes
        self.indicators += stepped.indicators
        self.receive(stepped.indicators)
        return stepped

    def receive(self, indicators: Sequence[Indicators]) -> list[Signal]:
        kept, signals = history.step(
            self.history,
            indicators,
            strategy=self.strategy,
            signal_history=self.signal_history,
            now_ms=NOW_MS,
        )
        self.history = decode_history(encode_history(kept)) if kept.position else kept
        self.signals += signals
        return signals

    def last_signals(self) -> list[Signal]:
        """The last revision of each bar's signal."""
        return list({signal["timestamp"]: signal for signal in self.signals}.values())
