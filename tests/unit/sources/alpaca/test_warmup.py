from collections import Counter
from collections.abc import Sequence

import pytest

from app.calendar.trading_calendar import TradingCalendar
from app.domain.indicators.rsi import seed_weight
from app.domain.records import MINUTE_MS
from app.domain.strategy import Strategy
from app.sources.alpaca.bar import AlpacaBar
from app.sources.alpaca.warmup import MOST_SESSIONS, bars_needed, warm_up
from tests.unit.sources.alpaca.fake_api import bar, minutes, ms

NEEDED = bars_needed(Strategy())
OPEN, CLOSE = ms("2024-11-14T14:30:00Z"), ms("2024-11-14T21:00:00Z")


class Tape:
    """AAPL every minute, RARE every tenth, NEVER never; counts the requests."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, int, tuple[str, ...]]] = []

    def __call__(self, start_ms: int, end_ms: int, symbols: Sequence[str] | None = None) -> list[AlpacaBar]:
        assert symbols
        self.asked.append((start_ms, end_ms, tuple(symbols)))
        return [
            bar(symbol, timestamp)
            for timestamp in minutes(start_ms, end_ms)
            for symbol in symbols
            if symbol == "AAPL" or (symbol == "RARE" and timestamp % (10 * MINUTE_MS) == 0)
        ]


@pytest.fixture(scope="module")
def calendar() -> TradingCalendar:
    return TradingCalendar()


def test_as_many_as_settle_the_rsi() -> None:
    assert NEEDED == 109
    assert seed_weight(NEEDED, 14) < 0.001 < seed_weight(NEEDED - 1, 14)
    assert bars_needed(Strategy(slow=200)) == 200


def test_within_a_session_all_of_it_and_of_the_one_before_what_lacks(calendar: TradingCalendar) -> None:
    tape = Tape()
    found = warm_up(tape, calendar, ["AAPL"], OPEN + 9 * MINUTE_MS, NEEDED)
    assert [each.timestamp for each in found] == [
        *minutes(ms("2024-11-13T19:20:00Z"), ms("2024-11-13T21:00:00Z")),
        *minutes(OPEN, OPEN + 9 * MINUTE_MS),
    ]
    assert len(found) == NEEDED


@pytest.mark.parametrize("end_ms", [CLOSE - MINUTE_MS, CLOSE, CLOSE + 12 * 60 * MINUTE_MS])
def test_late_in_a_session_and_after_it_the_whole_of_it(calendar: TradingCalendar, end_ms: int) -> None:
    tape = Tape()
    found = warm_up(tape, calendar, ["AAPL"], end_ms, NEEDED)
    assert [each.timestamp for each in found] == list(minutes(OPEN, min(end_ms, CLOSE)))
    assert len(tape.asked) == 1


def test_symbols_that_trade_rarely_are_asked_for_further_back(calendar: TradingCalendar) -> None:
    tape = Tape()
    found = warm_up(tape, calendar, ["AAPL", "RARE"], CLOSE, NEEDED)
    counts = Counter(each.symbol for each in found)
    assert counts["RARE"] >= NEEDED
    assert counts["AAPL"] == 390
    assert {symbols for _, _, symbols in tape.asked[1:]} == {("RARE",)}
    assert found == sorted(set(found), key=lambda each: (each.timestamp, each.symbol))


def test_there_is_an_end_to_it(calendar: TradingCalendar) -> None:
    tape = Tape()
    found = warm_up(tape, calendar, ["NEVER"], CLOSE, NEEDED)
    assert found == []
    assert min(start for start, _, _ in tape.asked) == calendar.opens_before(CLOSE, MOST_SESSIONS)
    assert len(tape.asked) <= 2 * MOST_SESSIONS
