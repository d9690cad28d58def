"""Whether a bar makes sense."""

import re
from collections.abc import Mapping
from functools import lru_cache
from math import isfinite
from typing import Any

from app.domain.records import MINUTE_MS

EARLIEST_MS = 631_152_000_000  # 1990-01-01T00:00:00Z
LATEST_MS = 4_102_444_800_000  # 2100-01-01T00:00:00Z
LONGEST_RUN_ID = 100
LONGEST_SYMBOL = 32
LONGEST_LABEL = 200
MOST_TRADES = 2**32 - 2
# Far beyond every price there is; ratios and sums of prices between them stay finite.
LOWEST_PRICE, HIGHEST_PRICE = 1e-12, 1e12

RUN_ID_CHARACTERS = "A-Za-z0-9._-"
_RUN_ID = re.compile(f"[{RUN_ID_CHARACTERS}]{{1,{LONGEST_RUN_ID}}}")
_LONGEST_TEXTS = LONGEST_RUN_ID + LONGEST_SYMBOL + 3 * LONGEST_LABEL
_INFINITY = float("inf")
# Feeds that keep single precision put an open a rounding error outside [low, high].
_ROUNDING = 1e-6


def bar_fault(bar: Mapping[str, Any]) -> str | None:
    """None for a bar that makes sense, otherwise a sentence that names the field and its value.

    A bar needs prices of 1e-12 to 1e12 with low <= open, close <= high, a
    volume that is finite and not negative, and the start of a minute between
    1990 and 2100. A timestamp within a minute is refused rather than rounded:
    two such bars would be one, or the average of one minute that of another.
    A vwap lies where it likes, as odd lots count for it but not for high and
    low; 0 is taken where nothing was traded. `symbol` may hold any printable
    characters but white space, `run_id` letters, digits, `.`, `_` and `-`.
    """
    low, high = bar["low"], bar["high"]
    timestamp = bar["timestamp"]
    vwap, count = bar["vwap"], bar["trade_count"]
    # Every comparison is false for NaN.
    if (
        LOWEST_PRICE <= low <= bar["open"] <= high <= HIGHEST_PRICE
        and low <= bar["close"] <= high
        and 0.0 <= bar["volume"] < _INFINITY
        and EARLIEST_MS <= timestamp < LATEST_MS
        and timestamp % MINUTE_MS == 0
        and (vwap is None or 0.0 < vwap < _INFINITY)
        and (count is None or 0 <= count <= MOST_TRADES)
    ):
        return text_fault(bar["run_id"], bar["symbol"], bar["source"], bar["feed"], bar["adjustment"])
    return _number_fault(bar) or text_fault(bar["run_id"], bar["symbol"], bar["source"], bar["feed"], bar["adjustment"])


def _number_fault(bar: Mapping[str, Any]) -> str | None:
    for field in ("open", "high", "low", "close"):
        if fault := price_fault(field, bar[field]):
            return fault
    low, high = bar["low"], bar["high"]
    if high < low:
        return f"high is {high}, below low, which is {low}"
    for field in ("open", "close"):
        if not low * (1 - _ROUNDING) <= bar[field] <= high * (1 + _ROUNDING):
            return f"{field} is {bar[field]}, outside low to high, {low} to {high}"
    volume, vwap, count = bar["volume"], bar["vwap"], bar["trade_count"]
    if not (isfinite(volume) and volume >= 0):
        return f"volume is {volume}, it must be finite and not negative"
    if vwap is not None and not (isfinite(vwap) and (vwap > 0 or (vwap == 0 and volume == 0))):
        return f"vwap is {vwap}, a price must be finite and above 0"
    if count is not None and not 0 <= count <= MOST_TRADES:
        return f"trade_count is {count}, it must be 0 to {MOST_TRADES}"
    return minute_fault(bar["timestamp"])


def is_price(value: float) -> bool:
    """Whether it can be a price; NaN cannot."""
    return LOWEST_PRICE <= value <= HIGHEST_PRICE


def price_fault(field: str, value: float) -> str | None:
    """None for a price, otherwise a sentence."""
    if is_price(value):
        return None
    if 0.0 < value < _INFINITY:
        return f"{field} is {value}, a price must lie in {LOWEST_PRICE:g} to {HIGHEST_PRICE:g}"
    return f"{field} is {value}, a price must be finite and above 0"


def minute_fault(timestamp: int) -> str | None:
    """None for the start of a minute between 1990 and 2100 (UTC epoch milliseconds), otherwise a sentence."""
    if not EARLIEST_MS <= timestamp < LATEST_MS:
        return f"timestamp is {timestamp}, it must lie in 1990 to 2099 (UTC, milliseconds since 1970)"
    if timestamp % MINUTE_MS:
        return f"timestamp is {timestamp}, which is not the start of a minute"
    return None


def text_fault(run_id: str, symbol: str, source: str, feed: str, adjustment: str) -> str | None:
    """None for names that a series and its records may have, otherwise a sentence that names the field."""
    # What is remembered must not be as long as a record can be: the memory would hold gigabytes of poison.
    if len(run_id) + len(symbol) + len(source) + len(feed) + len(adjustment) > _LONGEST_TEXTS:
        return _text_fault(run_id, symbol, source, feed, adjustment)
    return _remembered_text_fault(run_id, symbol, source, feed, adjustment)


def _text_fault(run_id: str, symbol: str, source: str, feed: str, adjustment: str) -> str | None:
    if not run_id:
        return "run_id is empty"
    if not _RUN_ID.fullmatch(run_id):
        return f"run_id is {run_id[:100]!r}, it must be 1 to 100 letters, digits, '.', '_' or '-'"
    if not symbol:
        return "symbol is empty"
    if len(symbol) > LONGEST_SYMBOL or not symbol.isprintable() or any(map(str.isspace, symbol)):
        return f"symbol is {symbol[:100]!r}, it must be 1 to {LONGEST_SYMBOL} printable characters without white space"
    for field, text in (("source", source), ("feed", feed), ("adjustment", adjustment)):
        if len(text) > LONGEST_LABEL:
            return f"{field} is {len(text)} characters long, at most {LONGEST_LABEL} are taken"
    return None


_remembered_text_fault = lru_cache(maxsize=65_536)(_text_fault)
