"""A million bars of a hundred series, in batches of any size, beside TA-Lib and the oracle's RSI over whole series."""

from typing import Any

import numpy as np
import numpy.typing as npt
import talib

from app.domain.provenance import Provenance
from app.domain.row import ROW, Floats
from app.domain.strategy import Strategy
from app.domain.update_windows import SeriesBars, update_windows
from app.domain.windows import Windows
from tests.harness.oracle import wilder_rsi
from tests.unit.domain.pipeline import every_minute

STRATEGY = Strategy()
SERIES, BARS = 100, 10_000
SOURCE = Provenance("replay", "", "")


def closes_of(series: int, random: np.random.Generator) -> Floats:
    """Prices from 0.0001 to 500,000 that walk, move by one tick, stand still for a while, jump after a halt."""
    price = 10.0 ** random.uniform(-4, 5.69)
    tick = 10.0 ** np.floor(np.log10(price) - 3)
    by_ticks = random.choice([-tick, 0.0, tick], BARS)
    moves = by_ticks if series % 2 else price * random.normal(0, 0.0005, BARS).round(6)
    for start in random.integers(0, BARS, 20):
        moves[start : start + int(random.integers(5, 200))] = 0.0
    moves[random.integers(0, BARS, 5)] = price * random.uniform(-0.05, 0.05, 5)
    walk: Floats = np.abs(price + np.cumsum(moves)) + tick
    return walk


def folded(closes: npt.NDArray[np.float64], random: np.random.Generator) -> dict[str, npt.NDArray[Any]]:
    """What the fold makes of so many bars of so many series, fed minute by minute and cut at random."""
    windows = Windows(STRATEGY)
    places = np.array([windows.add(b"run\0%d" % series) for series in range(SERIES)])
    found = {field: np.empty_like(closes) for field in ("sma_fast", "sma_slow", "rsi")}
    start = 0
    while start < BARS:
        end = min(BARS, start + int(random.choice([1, 2, 7, 50, 300])))
        rows = np.zeros((SERIES, end - start), ROW)
        rows["minute"] = 28_859_910 + np.arange(start, end)
        for field in ("open", "high", "low", "close"):
            rows[field] = closes[:, start:end]
        of_rows = np.repeat(places, end - start)
        sources = np.fromiter((SOURCE for _ in range(rows.size)), object, rows.size)
        [part] = update_windows(windows, SeriesBars(of_rows, rows.ravel(), sources), STRATEGY, every_minute)
        windows.put(part.updates.places, part.updates.rows)
        for field, values in found.items():
            values[:, start:end] = part.updates.rows[field].reshape(SERIES, -1)
        start = end
    return found


def test_a_million_bars_are_as_talib_and_the_oracle_have_them() -> None:
    random = np.random.default_rng(20241114)
    closes = np.array([closes_of(series, random) for series in range(SERIES)])
    found = folded(closes, random)
    for series, prices in enumerate(closes):
        for field, expected in (
            ("sma_fast", talib.SMA(prices, 20)),
            ("sma_slow", talib.SMA(prices, 50)),
            ("rsi", wilder_rsi(prices, 14)),
        ):
            np.testing.assert_allclose(found[field][series], expected, rtol=1e-9, err_msg=f"{field} of {series}")
        ours, theirs = found["rsi"][series], talib.RSI(prices, timeperiod=14)
        # TA-Lib calls averages below 1e-14 zero, and then says 0.
        told = ~np.isnan(theirs) & (theirs != 0.0)
        np.testing.assert_allclose(ours[told], theirs[told], rtol=1e-9, atol=1e-9)
