"""A market for the page to show: runs of every kind, over days on which clocks change, with what can go wrong."""

from collections.abc import Iterator
from random import Random

from app.domain.records import MINUTE_MS, Bar, Origin
from tests.bars import make_bar

DAY_MS = 24 * 60 * MINUTE_MS

#: 2024-03-08T14:30:00Z, 09:30 in New York, a Friday; on the Monday after it sessions open at 13:30 UTC.
BEFORE_CHANGE_MS = 1_709_908_200_000
AFTER_CHANGE_MS = BEFORE_CHANGE_MS + 3 * DAY_MS - 60 * MINUTE_MS

SYMBOLS = ("AAPL", "GOOGL", "MSFT", "NVDA", "SPY", "TSLA")
RUN = "synthetic-2024-03-11-0a1b2c3d"
OTHER_RUNS: dict[Origin, str] = {
    "live": "live-iex-regular",
    "backfill": "backfill-2024-03-11-5e6f7a8b",
    "replay": "replay-2024-03-11-9c0d1e2f",
}


def walk(symbol: str, start_ms: int, minutes: int, close: float, chance: Random, run_id: str = RUN) -> Iterator[Bar]:
    """Bars of one symbol: swings that are wide enough for the rule to act on, in prices of whole cents."""
    for minute in range(minutes):
        before = close
        # Climbs of an hour, with a dip at the end of each.
        drift = 0.0009 if minute % 60 < 50 else -0.0028
        close = round(before * (1 + drift + chance.gauss(0, 0.0009)), 2)
        high, low = max(before, close), min(before, close)
        yield make_bar(
            minute,
            close,
            timestamp=start_ms + minute * MINUTE_MS,
            symbol=symbol,
            run_id=run_id,
            origin="synthetic",
            source="synthetic:test",
            open=before,
            high=round(high * (1 + 0.0004 * chance.random()), 2),
            low=round(low * (1 - 0.0004 * chance.random()), 2),
            volume=float(chance.randrange(5_000, 60_000)),
            vwap=None,
        )


def whole_market() -> list[Bar]:
    """Every run's bars, in the order of their time; the synthetic run is the one that is active last."""
    bars: list[Bar] = []
    for origin, run_id in OTHER_RUNS.items():
        bars += [
            make_bar(
                minute, 50.0 + minute, timestamp=AFTER_CHANGE_MS + minute * MINUTE_MS, run_id=run_id, origin=origin
            )
            for minute in range(3)
        ]
    chance = Random(11)
    ours: list[Bar] = []
    for symbol in SYMBOLS:
        first = list(walk(symbol, BEFORE_CHANGE_MS, 200, round(chance.uniform(80, 400), 2), chance))
        second = list(walk(symbol, AFTER_CHANGE_MS, 190, round(first[-1]["close"] * 1.004, 2), chance))
        # A gap of six minutes.
        ours += first + second[:60] + second[66:]
    return bars + sorted(ours, key=lambda bar: bar["timestamp"])
