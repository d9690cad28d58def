"""Makes up the prices of one symbol in one session.

Two profiles. `random-walk`: independent returns. `trend-and-pullback`: phases of
a steady trend, each ended by a few minutes sharply against it, upward and
downward in turn. Such a pullback takes RSI-14 below 30 while SMA-20 is still
above SMA-50 (and the other way round), which real bars do about once in 400.
"""

import zlib
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.domain.source_names import PROFILES, Profile

Floats = NDArray[np.float64]

_NOISE = 0.0005  # standard deviation of a minute's log return
_TREND = 0.0003  # log return a minute
_PULLBACK = 0.0010
_OVERNIGHT = 0.004  # standard deviation of the log return from close to open
_TREND_MINUTES = (55, 85)
_PULLBACK_MINUTES = (7, 12)


class Path(NamedTuple):
    """One value a minute: prices in cents' steps (vwap finer), volume in shares, trades."""

    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    trade_count: Floats
    vwap: Floats


def generator(seed: int, symbol: str, day: int, profile: Profile) -> np.random.Generator:
    """The randomness of one symbol's day (days since 1970), the same for the same arguments."""
    return np.random.default_rng([seed, zlib.crc32(symbol.encode()), day, PROFILES.index(profile)])


def first_price(rng: np.random.Generator) -> float:
    """A price to begin with, 40 to 400."""
    return float(np.exp(rng.uniform(np.log(40), np.log(400))))


def overnight(rng: np.random.Generator, close: float) -> float:
    """The price at which the next session begins."""
    return close * float(np.exp(rng.normal(0.0, _OVERNIGHT)))


def session_path(rng: np.random.Generator, profile: Profile, minutes: int, price: float) -> Path:
    """`minutes` bars that begin near `price`."""
    returns = rng.normal(0.0, _NOISE, minutes)
    if profile == "trend-and-pullback":
        returns += _drift(rng, minutes)
    close = _cents(price * np.exp(np.cumsum(returns)))
    open_ = np.concatenate(([_cents(np.array(price))], close[:-1]))
    wick = np.abs(rng.normal(0.0, _NOISE / 2, (2, minutes)))
    high = np.maximum(_cents(np.maximum(open_, close) * (1 + wick[0])), np.maximum(open_, close))
    low = np.minimum(_cents(np.minimum(open_, close) * (1 - wick[1])), np.minimum(open_, close))
    volume = np.ceil(rng.lognormal(8.0, 0.6, minutes) * _smile(minutes))
    vwap = np.clip(np.round(low + (high - low) * rng.random(minutes), 4), low, high)
    trade_count = np.maximum(1, volume // rng.uniform(60, 140, minutes))
    return Path(open_, high, low, close, volume, trade_count, vwap)


def _drift(rng: np.random.Generator, minutes: int) -> Floats:
    """The expected log return of each minute: trends up and down in turn, each with a pullback at its end."""
    direction = rng.choice((-1.0, 1.0))
    parts: list[Floats] = []
    length = 0
    while length < minutes:
        trend, pullback = rng.integers(*_TREND_MINUTES), rng.integers(*_PULLBACK_MINUTES)
        parts += [np.full(trend, direction * _TREND), np.full(pullback, -direction * _PULLBACK)]
        length += int(trend + pullback)
        direction = -direction
    return np.concatenate(parts)[:minutes]


def _cents(prices: Floats) -> Floats:
    return np.maximum(np.round(prices, 2), 0.01)


def _smile(minutes: int) -> Floats:
    """The volume's shape: trading is busy at the open and the close."""
    return 1.0 + 2.0 * np.linspace(-1.0, 1.0, minutes) ** 4
