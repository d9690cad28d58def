"""What the signals must be in the end, computed from scratch with numpy over whole series.

It shares no code with the domain but the types: it is what the system is
judged by, in unit tests and after crashes.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from math import isclose
from typing import Any

import numpy as np
import numpy.typing as npt

from app.domain.records import Bar
from app.domain.strategy import Strategy

Gap = Callable[[int, int], int | None]
Expected = dict[str, Any]

COPIED = ("run_id", "symbol", "timestamp", "origin", "source", "feed", "close")
# Everything in a signal but what depends on how often and when it was computed.
EXACT = (
    "run_id",
    "symbol",
    "timestamp",
    "origin",
    "source",
    "feed",
    "action",
    "previous_action",
    "transition",
    "ready",
    "bars_seen",
    "gap_minutes",
    "split",
    "reason",
    "strategy",
)
CLOSE = ("close", "sma_fast", "sma_slow", "rsi", "rsi_seed_weight")
TOLERANCE = 1e-9


def final_signals(bars: Iterable[Bar], strategy: Strategy, gap: Gap | None = None) -> list[Expected]:
    """The fields of each bar's last signal, by run, symbol and time.

    `bars` are those accepted, of any runs and symbols, in any order but for
    bars of one minute: there the last one counts. `gap` defaults to the
    exchange's calendar.
    """
    series: dict[tuple[str, str], dict[int, Bar]] = {}
    for bar in bars:
        series.setdefault((bar["run_id"], bar["symbol"]), {})[bar["timestamp"]] = bar
    expected: list[Expected] = []
    for key in sorted(series):
        ordered = [series[key][timestamp] for timestamp in sorted(series[key])]
        expected += _signals_of_series(ordered, strategy, gap or exchange_gap(ordered))
    return expected


def differences(expected: Sequence[Expected], signals: Iterable[Mapping[str, Any]]) -> list[str]:
    """Sentences that tell where signals (the last revision of each bar, in any order) are not as expected."""
    found = {(signal["run_id"], signal["symbol"], signal["timestamp"]): signal for signal in signals}
    problems = []
    for wanted in expected:
        key = (wanted["run_id"], wanted["symbol"], wanted["timestamp"])
        signal = found.pop(key, None)
        if signal is None:
            problems.append(f"{key}: missing")
            continue
        wrong = [field for field in EXACT if signal[field] != wanted[field]]
        wrong += [field for field in CLOSE if not _close(signal[field], wanted[field])]
        problems += [f"{key}: {field} is {signal[field]!r}, expected {wanted[field]!r}" for field in wrong]
    return problems + [f"{key}: not expected" for key in found]


def exchange_gap(bars: Sequence[Bar]) -> Gap:
    """Session minutes between two bars, counted in the list of all of them."""
    import exchange_calendars

    first, last = (np.datetime64(bars[index]["timestamp"], "ms").astype("datetime64[D]") for index in (0, -1))
    calendar = exchange_calendars.get_calendar("XNYS", start=str(first - 7), end=str(last + 7), side="left")
    minutes = calendar.minutes.tz_localize(None).to_numpy().astype("datetime64[m]").astype(np.int64)

    def gap(previous_ms: int, timestamp_ms: int) -> int:
        bounds = np.searchsorted(minutes, [previous_ms // 60_000 + 1, timestamp_ms // 60_000])
        return int(bounds[1] - bounds[0])

    return gap


def wilder_rsi(closes: npt.NDArray[np.float64], period: int) -> npt.NDArray[np.float64]:
    """Wilder's RSI of each close; NaN before there are `period` changes, 50 when nothing moved."""
    changes = np.diff(closes)
    result = np.full(len(closes), np.nan)
    if len(changes) < period:
        return result
    ups, downs = np.where(changes > 0, changes, 0.0), np.where(changes < 0, -changes, 0.0)
    up, down = float(np.cumsum(ups[:period])[-1] / period), float(np.cumsum(downs[:period])[-1] / period)
    for index in range(period, len(closes)):
        if index > period:
            up = (up * (period - 1) + float(ups[index - 1])) / period
            down = (down * (period - 1) + float(downs[index - 1])) / period
        result[index] = 100 * up / (up + down) if up + down else 50.0
    return result


def split_starts(bars: Sequence[Bar], gap: Gap) -> list[int]:
    """Which bars of one series, in order, look like the first after a split: raw, after a night, near such a ratio."""
    starts = []
    for index in range(1, len(bars)):
        before, bar = bars[index - 1], bars[index]
        between = (bar["timestamp"] - before["timestamp"]) // 60_000 - 1
        if bar["adjustment"] == "raw" and _near_a_split(before["close"], bar["open"]):
            in_session = gap(before["timestamp"], bar["timestamp"])
            if in_session is not None and between - in_session >= 480:
                starts.append(index)
    return starts


def _near_a_split(before: float, after: float) -> bool:
    shares = np.arange(2, 101)
    forward, reverse = before / after / shares[:49], after / before / shares
    factors = np.concatenate([forward, reverse])
    return bool(np.any((factors <= 1.10) & (factors >= 1 / 1.10))) or bool(1 / 1.05 <= before / after / 1.5 <= 1.05)


def _signals_of_series(bars: Sequence[Bar], strategy: Strategy, gap: Gap) -> list[Expected]:
    starts = [0, *split_starts(bars, gap)]
    signals: list[Expected] = []
    for start, end in zip(starts, [*starts[1:], len(bars)], strict=True):
        signals += _signals_between_splits(bars, start, end, strategy, gap, signals[-1]["action"] if signals else None)
    return signals


def _signals_between_splits(
    bars: Sequence[Bar], start: int, end: int, strategy: Strategy, gap: Gap, previous: str | None
) -> list[Expected]:
    closes = np.array([bar["close"] for bar in bars[start:end]])
    fast, slow = _average(closes, strategy.fast), _average(closes, strategy.slow)
    rsi = wilder_rsi(closes, strategy.rsi_period)
    flat = _unchanged(closes, strategy.rsi_period)
    signals: list[Expected] = []
    for index in range(start, end):
        bar, at = bars[index], index - start
        action, reason = _decide(fast[at], slow[at], rsi[at], bool(flat[at]), strategy)
        split = {"previous_close": bars[index - 1]["close"], "open": bar["open"]} if index and not at else None
        count, period = at + 1, strategy.rsi_period
        signals.append(
            {
                **{
                    field: bar[field]
                    for field in ("run_id", "symbol", "timestamp", "origin", "source", "feed", "close")
                },
                "action": action,
                "reason": "split_suspected" if split else reason,
                "previous_action": previous,
                "transition": previous is not None and previous != action,
                "sma_fast": _nullable(fast[at]),
                "sma_slow": _nullable(slow[at]),
                "rsi": _nullable(rsi[at]),
                "rsi_seed_weight": ((period - 1) / period) ** (count - period - 1) if count > period else 1.0,
                "ready": count >= strategy.slow,
                "bars_seen": count,
                "gap_minutes": gap(bars[index - 1]["timestamp"], bar["timestamp"]) if index else None,
                "split": split,
                "strategy": strategy.name,
            }
        )
        previous = action
    return signals


def _decide(fast: float, slow: float, rsi: float, flat: bool, strategy: Strategy) -> tuple[str, str]:
    if np.isnan(slow):
        return "HOLD", "warming_up"
    if flat:
        return "HOLD", "flat"
    if abs(fast - slow) > 1e-9 * slow:
        if fast > slow and rsi < strategy.buy_below:
            return "BUY", "oversold_in_uptrend"
        if fast < slow and rsi > strategy.sell_above:
            return "SELL", "overbought_in_downtrend"
    return "HOLD", "no_rule"


def _average(closes: npt.NDArray[np.float64], period: int) -> npt.NDArray[np.float64]:
    result = np.full(len(closes), np.nan)
    if len(closes) >= period:
        result[period - 1 :] = np.lib.stride_tricks.sliding_window_view(closes, period).mean(axis=1)
    return result


def _unchanged(closes: npt.NDArray[np.float64], period: int) -> npt.NDArray[np.bool_]:
    result = np.zeros(len(closes), dtype=np.bool_)
    if len(closes) > period:
        result[period:] = np.ptp(np.lib.stride_tricks.sliding_window_view(closes, period + 1), axis=1) == 0
    return result


def _nullable(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _close(value: float | None, wanted: float | None) -> bool:
    if value is None or wanted is None:
        return value is wanted
    return isclose(value, wanted, rel_tol=TOLERANCE)
