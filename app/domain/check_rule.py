"""Tries a user's rule on made-up bars before a worker uses it: does it look ahead, or at other series?

The rule and its indicators see the same bars twice: all at once, and one by one. When a bar comes alone there is
nothing to look at but this bar and those before it, so both results must be equal.
"""

import numpy as np

from app.domain.key import table_key
from app.domain.provenance import Provenance
from app.domain.records import MINUTE_MS
from app.domain.row import Floats, Rows
from app.domain.rule import RuleError
from app.domain.strategy import Strategy
from app.domain.update_signals import update_signals
from app.domain.update_windows import SeriesBars, update_windows
from app.domain.updates import joined
from app.domain.windows import Windows

#: Bars of each made-up series beyond the warm-up, and how often one is as the one before it, in a row.
_BARS, _FLAT_BARS = 120, 30
_SEED = 20260
#: A session's first minute, 2024-11-14 14:30 UTC, in minutes since 1970; the second half is on the next day.
_START, _DAY = 28_859_910, 24 * 60
#: A close of each series, in some currency.
_PRICES = (100.0, 0.8, 3000.0)
_SOURCE = Provenance("synthetic", "check", "")


def check_rule(strategy: Strategy) -> None:
    """Raise RuleError if the strategy's rule raises, returns the wrong shape, or looks at what it may not."""
    series = [_walk(strategy, price, _SEED + number) for number, price in enumerate(_PRICES)]
    at_once = _rows(strategy, [series])
    for rows, together in zip(series, np.split(at_once, len(series)), strict=True):
        _compare(together, _rows(strategy, [[rows[at : at + 1]] for at in range(len(rows))]), strategy)
    if _rows(strategy, [series]).tobytes() != at_once.tobytes():
        raise RuleError(
            f"the rule {strategy.rule.name} says something else of the same bars the second time: it may use no clock, "
            "no randomness, and remember nothing"
        )


def _walk(strategy: Strategy, price: float, seed: int) -> Rows:
    """Bars of one series, with trends, jumps and a flat stretch; of some the source does not say the vwap."""
    chance = np.random.default_rng(seed)
    count = strategy.warm_up + _FLAT_BARS + _BARS
    moves = np.repeat(chance.choice([-0.004, 0.0, 0.004], count // 10 + 1), 10)[:count]
    moves += chance.normal(0, 0.002, count) + chance.choice([0.0, 0.05, -0.05], count, p=[0.96, 0.02, 0.02])
    moves[strategy.warm_up + 20 : strategy.warm_up + 20 + max(_FLAT_BARS, strategy.rsi_period + 2)] = 0.0
    closes: Floats = np.round(price * np.exp(np.cumsum(moves)), 4)
    rows = np.zeros(count, strategy.dtype)
    rows["minute"] = _START + np.arange(count) + np.where(np.arange(count) > count // 2, _DAY, 0)
    rows["open"] = np.concatenate([closes[:1], closes[:-1]])
    rows["close"] = closes
    rows["high"], rows["low"] = np.maximum(rows["open"], closes) * 1.001, np.minimum(rows["open"], closes) * 0.999
    rows["volume"] = chance.integers(0, 10_000, count)
    rows["vwap"] = np.where(chance.random(count) < 0.2, np.nan, (rows["high"] + rows["low"]) / 2)
    rows["trade_count"] = chance.integers(1, 100, count)
    return rows


def _rows(strategy: Strategy, batches: list[list[Rows]]) -> Rows:
    """The rows that come of batches, in each of which there are some series."""
    windows = Windows(strategy)
    places = [windows.add(table_key("check", str(number))) for number in range(max(map(len, batches)))]
    found = []
    for batch in batches:
        which = np.repeat(places[: len(batch)], [len(rows) for rows in batch])
        bars = SeriesBars(which, np.concatenate(batch), np.full(len(which), None, object))
        bars.provenances[:] = [_SOURCE] * len(which)
        parts = [part.updates for part in update_windows(windows, bars, strategy, _every_minute)]
        updates = joined(parts, strategy.dtype)
        update_signals(updates, strategy, 1)
        windows.put(updates.places, updates.rows)
        found.append(updates.rows)
    return np.concatenate(found)


def _every_minute(previous_ms: int, timestamp_ms: int) -> int:
    return (timestamp_ms - previous_ms) // MINUTE_MS - 1


def _compare(at_once: Rows, one_by_one: Rows, strategy: Strategy) -> None:
    columns = [(each.name, column) for each in strategy.indicators for column in (*each.states, *each.values)]
    for indicator, column in columns:
        together, alone = at_once[column], one_by_one[column]
        if together.tobytes() == alone.tobytes():
            continue
        named = f"the indicator {indicator} of the rule {strategy.rule.name}"
        if np.allclose(together, alone, rtol=1e-9, equal_nan=True):
            raise RuleError(
                f"{named} differs in its last digits, depending on how many bars come together: "
                "write (windows * weights).sum(axis=1) instead of @ or dot"
            )
        raise RuleError(
            f"{named} says something else of a bar when later bars or other series come with it: "
            "it may only look at this bar and what was before it"
        )
    different = (at_once["action"] != one_by_one["action"]) | (at_once["reason"] != one_by_one["reason"])
    if different.any():
        raise RuleError(
            f"the rule {strategy.rule.name} says something else of a bar when other bars come with it "
            f"({int(different.sum())} of {len(different)} bars that it was tried on): it looks ahead, or at other "
            "series. Each column has one value a bar; what was before, an indicator such as Previous can tell"
        )
