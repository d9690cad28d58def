"""Writes a signal's reason as a sentence that a person can check, for one row or for a column of rows."""

from functools import lru_cache
from math import isclose
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from app.domain.provenance import Provenance
from app.domain.records import Split
from app.domain.row import REASONS, Bools, Floats, Ints, Row, Rows, row_of
from app.domain.rules.dips_and_rallies import EQUAL, equal
from app.domain.split import split_ratio
from app.domain.strategy import Strategy

_NO_RULE, _FLAT = REASONS.index("no_rule"), REASONS.index("flat")
_NO_UPTREND, _NO_DOWNTREND = ": no uptrend to buy a dip in", ": no downtrend to sell a rally in"

#: A price up to this is written by columns: its cents are a whole number that a double holds.
_MOST = 1e12

#: `.00` to `.99`
_CENTS = pa.array([f".{cents:02}" for cents in range(100)])
_SIGNS = ">", "<"
_NOBODY = Provenance("replay", "", "")


def explain(row: Row, strategy: Strategy) -> str:
    """For example `RSI 27.4 < 30 while SMA-20 189.42 > SMA-50 188.97`.

    Numbers show as many digits as it takes to see the difference.
    """
    if row.split:
        return explain_split(row.split)
    fast, slow, rsi = row.sma_fast, row.sma_slow, row.rsi
    if row.bars_seen < strategy.warm_up or fast is None or slow is None or rsi is None:
        return f"warming up: {row.bars_seen} of {strategy.warm_up} bars seen"
    if strategy.own_rule:
        own = {name: row.own_columns[name] for name in strategy.own_values}
        numbers = {"close": row.close, "sma_fast": fast, "sma_slow": slow, "rsi": rsi, **own}
        said = ", ".join(f"{name} {value:.8g}" for name, value in numbers.items() if value is not None)
        clause = "no clause of the rule" if row.own_reason is None else strategy.rule.reasons[row.own_reason]
        return f"{clause.replace('_', ' ')}: {said}"
    if row.reason == "flat":
        return f"flat: the close stayed {row.close} for {strategy.rsi_period} bars, so the RSI says nothing"
    trend = _trend(fast, slow, strategy)
    if row.reason != "no_rule":
        return f"{_momentum(rsi, strategy)} while {trend}"
    if rsi < strategy.buy_below:
        return f"{_momentum(rsi, strategy)}, but {trend}{_NO_UPTREND}"
    if rsi > strategy.sell_above:
        return f"{_momentum(rsi, strategy)}, but {trend}{_NO_DOWNTREND}"
    return f"{_momentum(rsi, strategy)} while {trend}"


def explanations(rows: Rows, strategy: Strategy) -> pa.StringArray:
    """What `explain` says of each of n rows, made with this strategy.

    The usual sentences are put together by columns, in a third of the time; the rare ones one by one.
    """
    count = len(rows)
    has_split = ~np.isnan(rows["split_close"])
    incomplete = np.isnan(rows["sma_fast"]) | np.isnan(rows["sma_slow"]) | np.isnan(rows["rsi"])
    warming_up = ((rows["bars_seen"] < strategy.warm_up) | incomplete) & ~has_split
    usual = ~warming_up & ~has_split & (rows["reason"] != _FLAT)
    if strategy.own_rule:
        usual[:] = False
    texts = pa.nulls(count, pa.string())
    if warming_up.any():
        texts = _put(texts, warming_up, _warm_ups(rows["bars_seen"][warming_up], strategy))
    if usual.any():
        usual, sentences = _usual(rows, usual, strategy)
        texts = _put(texts, usual, sentences)
    one_by_one = ~warming_up & ~usual
    if one_by_one.any():
        said = [explain(row_of(row, strategy.name, _NOBODY), strategy) for row in rows[one_by_one]]
        texts = _put(texts, one_by_one, pa.array(said, pa.string()))
    return texts


def explain_split(split: Split) -> str:
    """For example `opened at 24.10 after 96.20: looks like a 4:1 split, so the averages start over`."""
    before, after = split["previous_close"], split["open"]
    # A program with another tolerance may have written the record.
    shares, held = split_ratio(before, after) or (None, None)
    kind = f"{shares}:{held} split" if shares else "split"
    return f"opened at {_price(after)} after {_price(before)}: looks like a {kind}, so the averages start over"


def _put(texts: pa.StringArray, where: Bools, values: pa.StringArray) -> pa.StringArray:
    return values if len(values) == len(texts) else pc.replace_with_mask(texts, pa.array(where), values)


def _warm_ups(bars_seen: Ints, strategy: Strategy) -> pa.StringArray:
    seen = pa.array(bars_seen.astype(np.int64)).cast(pa.string())
    return pc.binary_join_element_wise("warming up: ", seen, f" of {strategy.warm_up} bars seen", "")


class _Phrases(NamedTuple):
    """The parts of a strategy's usual sentences that are the same for many bars."""

    #: By twice the RSI's tenths, and one more where no clause of the rule holds: from `RSI` to the fast average.
    beginnings: pa.StringArray
    #: The same up to the end of the sentence, behind the slow average.
    ends: pa.StringArray
    #: bool[1001], where tenths do not tell the RSI from a threshold.
    unclear: Bools
    #: By whether the fast average is below the slow one.
    signs: pa.StringArray


@lru_cache(maxsize=16)
def _phrases(strategy: Strategy) -> _Phrases:
    beginnings, ends = [], []
    for tenths in range(1001):
        rsi = tenths / 10
        momentum = _momentum(rsi, strategy)
        for no_rule in (False, True):
            end = _NO_UPTREND if rsi < strategy.buy_below else _NO_DOWNTREND if rsi > strategy.sell_above else ""
            link, end = (", but", end) if no_rule and end else (" while", "")
            beginnings.append(f"{momentum}{link} SMA-{strategy.fast} ")
            ends.append(end)
    texts = [f"{tenths / 10:.1f}" for tenths in range(1001)]
    limits = [f"{limit:.1f}" for limit in (strategy.buy_below, strategy.sell_above)]
    signs = [f" {sign} SMA-{strategy.slow} " for sign in _SIGNS]
    return _Phrases(pa.array(beginnings), pa.array(ends), np.isin(texts, limits), pa.array(signs))


def _usual(rows: Rows, where: Bools, strategy: Strategy) -> tuple[Bools, pa.StringArray]:
    """Which of these rows have a sentence that columns can write, and their sentences."""
    phrases = _phrases(strategy)
    at = np.flatnonzero(where)
    fast, slow, rsi = rows["sma_fast"][at], rows["sma_slow"][at], rows["rsi"][at]
    plain = (fast >= 0) & (slow >= 0) & (fast <= _MOST) & (slow <= _MOST) & (rsi >= 0) & (rsi <= 100)
    with np.errstate(invalid="ignore"):
        plain &= ~equal(fast, slow)
    at, fast, slow, rsi = at[plain], fast[plain], slow[plain], rsi[plain]
    fast_cents, slow_cents, tenths = _rounded(fast, 2), _rounded(slow, 2), _rounded(rsi, 1)
    # Where rounded numbers are equal, the sentence needs more digits.
    plain = (fast_cents != slow_cents) & ~phrases.unclear[tenths]
    if not plain.all():
        at, fast_cents, slow_cents, tenths = at[plain], fast_cents[plain], slow_cents[plain], tenths[plain]
    written = np.zeros(len(rows), bool)
    written[at] = True
    phrase = pa.array(2 * tenths + (rows["reason"][at] == _NO_RULE))
    signs = phrases.signs.take(pa.array((fast_cents < slow_cents).astype(np.int8)))
    parts = (phrases.beginnings.take(phrase), *_decimals(fast_cents), signs, *_decimals(slow_cents))
    return written, pc.binary_join_element_wise(*parts, phrases.ends.take(phrase), "")


def _rounded(values: Floats, digits: int) -> Ints:
    """Values of 0 to _MOST in units of the last of so many decimals, rounded as Python's format does: exactly."""
    scaled = values * 10**digits
    whole: Ints = np.rint(scaled).astype(np.int64)
    # The product is rounded too. So where it is a half, the value itself may lie on either side of it.
    for index in np.flatnonzero(np.abs(scaled - whole) == 0.5).tolist():
        whole[index] = int(f"{values[index]:.{digits}f}".replace(".", ""))
    return whole


def _decimals(cents: Ints) -> tuple[pa.StringArray, pa.StringArray]:
    """Two columns that make `189.42` of 18942."""
    units, rest = np.divmod(cents, 100)
    return pa.array(units).cast(pa.string()), _CENTS.take(pa.array(rest))


def _price(value: float) -> str:
    return f"{value:.2f}" if value >= 1 else f"{value:.4g}"


def _momentum(rsi: float, strategy: Strategy) -> str:
    low, high = strategy.buy_below, strategy.sell_above
    if rsi < low:
        return f"RSI {_apart(rsi, low, 1)} < {low:g}"
    if rsi > high:
        return f"RSI {_apart(rsi, high, 1)} > {high:g}"
    return f"RSI {rsi:.1f} is between {low:g} and {high:g}"


def _trend(fast: float, slow: float, strategy: Strategy) -> str:
    if isclose(fast, slow, rel_tol=EQUAL):
        return f"SMA-{strategy.fast} and SMA-{strategy.slow} are equal ({fast:.2f})"
    sign = _SIGNS[fast < slow]
    return f"SMA-{strategy.fast} {_apart(fast, slow, 2)} {sign} SMA-{strategy.slow} {_apart(slow, fast, 2)}"


def _apart(value: float, other: float, digits: int) -> str:
    """The value with the fewest decimals, at least `digits`, that tell it from the other."""
    while digits < 17 and f"{value:.{digits}f}" == f"{other:.{digits}f}":
        digits += 1
    return f"{value:.{digits}f}"
