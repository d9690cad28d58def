from app.domain.strategy import Strategy
from app.domain.window import Window, WindowBar
from tests.bars import OPENING_MS, at_offsets, make_bar
from tests.unit.domain.pipeline import fold

STRATEGY = Strategy()


def test_an_empty_window() -> None:
    window = Window(STRATEGY.name)
    assert window.newest_timestamp is None
    assert window.bars() == []
    assert window.bars_seen == 0


def test_reading_gives_back_what_was_written() -> None:
    bars = [
        make_bar(0, 10.0, open=9.5, high=10.5, low=9.0, volume=12.25, trade_count=3, vwap=9.75),
        make_bar(1, 10.0, trade_count=None, vwap=None, origin="live", source="alpaca", feed="iex"),
    ]
    window, _ = fold(Window(STRATEGY.name), at_offsets(bars), STRATEGY)
    assert window.newest_timestamp == OPENING_MS + 60_000
    assert window.bars() == [
        WindowBar(OPENING_MS, 9.5, 10.5, 9.0, 10.0, 12.25, 3, 9.75, 0, "replay", "csv:bars.csv", "", ""),
        WindowBar(OPENING_MS + 60_000, 10.0, 10.0, 10.0, 10.0, 100.0, None, None, 0, "live", "alpaca", "iex", ""),
    ]
