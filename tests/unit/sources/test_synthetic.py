import datetime
import re
from collections import defaultdict
from itertools import islice

import pytest

from app.domain.records import MINUTE_MS, Bar
from app.domain.source_names import PROFILES, Profile
from app.domain.validation import bar_fault
from app.sources.base import SourceError
from app.sources.synthetic import Synthetic

DAY = datetime.date(2024, 11, 14)
SYMBOLS = ("AAPL", "GOOGL", "SPY")


def values(bar: Bar) -> tuple[object, ...]:
    return tuple(value for name, value in bar.items() if name != "run_id")


def series(source: Synthetic) -> dict[str, list[tuple[object, ...]]]:
    by_symbol: dict[str, list[tuple[object, ...]]] = defaultdict(list)
    for bar in source.bars():
        by_symbol[bar["symbol"]].append(values(bar))
    return by_symbol


def test_a_session_minute_by_minute_all_symbols_of_each() -> None:
    source = Synthetic(SYMBOLS, DAY)
    bars = list(source.bars())
    assert len(bars) == source.total == source.read == 3 * 390
    start = bars[0]["timestamp"]
    assert [(bar["symbol"], bar["timestamp"]) for bar in bars] == [
        (symbol, start + minute * MINUTE_MS) for minute in range(390) for symbol in SYMBOLS
    ]
    assert datetime.datetime.fromtimestamp(start / 1000, datetime.UTC).isoformat() == "2024-11-14T14:30:00+00:00"


@pytest.mark.parametrize("profile", PROFILES)
def test_every_bar_makes_sense_and_says_that_it_is_made_up(profile: Profile) -> None:
    for bar in Synthetic(SYMBOLS, DAY, seed=5, profile=profile, sessions=3).bars():
        assert bar_fault(bar) is None
        assert bar["origin"] == "synthetic"
        assert bar["source"] == f"synthetic:{profile}"
        assert re.fullmatch(r"synthetic-2024-11-14-[0-9a-f]{8}", bar["run_id"])
        prices = [bar["open"], bar["high"], bar["low"], bar["close"]]
        assert prices == [round(price, 2) for price in prices]
        assert min(prices) >= 0.01
        assert bar["vwap"] is not None
        assert bar["low"] <= bar["vwap"] <= bar["high"]
        assert bar["volume"] == int(bar["volume"]) > 0
        assert bar["trade_count"]


def test_the_same_arguments_give_the_same_bars_whatever_the_other_symbols() -> None:
    together = series(Synthetic(SYMBOLS, DAY, seed=1))
    assert together == series(Synthetic(SYMBOLS, DAY, seed=1))
    assert together["SPY"] == series(Synthetic(["SPY"], DAY, seed=1))["SPY"]


@pytest.mark.parametrize(
    "other",
    [
        Synthetic(["SPY"], DAY, seed=2),
        Synthetic(["SPY"], datetime.date(2024, 11, 15), seed=1),
        Synthetic(["SPY"], DAY, seed=1, profile="random-walk"),
        Synthetic(["QQQ"], DAY, seed=1),
    ],
)
def test_other_arguments_give_other_bars(other: Synthetic) -> None:
    closes = [bar["close"] for bar in Synthetic(["SPY"], DAY, seed=1).bars()]
    assert closes != [bar["close"] for bar in other.bars()]


def test_a_longer_series_begins_with_the_shorter_one_and_goes_on_in_the_next_session() -> None:
    short, long = Synthetic(["SPY"], DAY, bars_each=20), Synthetic(["SPY"], DAY, bars_each=391)
    assert (short.total, long.total) == (20, 391)
    bars = list(long.bars())
    assert [values(bar) for bar in islice(bars, 20)] == [values(bar) for bar in short.bars()]
    last = datetime.datetime.fromtimestamp(bars[-1]["timestamp"] / 1000, datetime.UTC)
    assert last.isoformat() == "2024-11-15T14:30:00+00:00"
    assert bars[-1]["open"] == pytest.approx(bars[-2]["close"], rel=0.03)


def test_many_bars_and_many_symbols() -> None:
    assert sum(1 for _ in Synthetic(["SPY"], DAY, bars_each=20_000).bars()) == 20_000
    assert sum(1 for _ in Synthetic([f"S{n}" for n in range(1000)], DAY, bars_each=20).bars()) == 20_000


def test_a_half_day_is_shorter() -> None:
    assert Synthetic(["SPY"], datetime.date(2024, 11, 29)).total == 210


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(SourceError, match="no session"):
        Synthetic(["SPY"], datetime.date(2024, 11, 16))
    with pytest.raises(SourceError, match="at least one symbol"):
        Synthetic([], DAY)
    with pytest.raises(SourceError, match="twice"):
        Synthetic(["SPY", "SPY"], DAY)
