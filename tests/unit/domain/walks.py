"""Series of closes that have each broken somebody's indicators."""

from collections.abc import Iterator
from itertools import zip_longest
from random import Random

from app.domain.records import Bar
from tests.bars import make_bar


def _walk(seed: int, start: float, deviation: float, digits: int, still: float = 0.0) -> list[float]:
    random = Random(seed)
    closes = [start]
    while len(closes) < 1500:
        moved = closes[-1] * (1 + random.gauss(0, deviation))
        closes.append(closes[-1] if random.random() < still else max(round(moved, digits), 10.0**-digits))
    return closes


def _with_stretches(closes: list[float]) -> list[float]:
    """Flat for 30 bars in every 200."""
    return [closes[index - max(0, index % 200 - 170)] for index in range(len(closes))]


def _with_split(closes: list[float]) -> list[float]:
    """A ten to one split in the middle, raw prices."""
    half = len(closes) // 2
    return closes[:half] + [round(close / 10, 4) for close in closes[half:]]


WALKS = {
    "dollars": _walk(1, 190.0, 0.0005, 2),
    "thousands": _walk(2, 4321.0, 0.002, 2),
    "pennies": _walk(3, 0.0421, 0.01, 4),
    "illiquid": _walk(4, 12.0, 0.001, 2, still=0.9),
    "flat stretches": _with_stretches(_walk(5, 55.0, 0.001, 2)),
    "a split": _with_split(_walk(6, 800.0, 0.001, 2)),
    "a jump up": [10.0 + index % 2 * 0.01 for index in range(400)] + [1000.0 + index % 3 for index in range(400)],
}


def side_by_side(*names: str) -> Iterator[list[Bar]]:
    """The bars of each minute, of walks that each are the closes of the symbol with its name."""
    walks = [[make_bar(minute, close, symbol=name) for minute, close in enumerate(WALKS[name])] for name in names]
    for minute in zip_longest(*walks):
        yield [bar for bar in minute if bar]
