from typing import Any

import pyarrow as pa
import pytest

from app.domain.records import Bar
from app.domain.strategy import Strategy
from tests.bench.check import WrongSignals, check, judge
from tests.bench.recorded_bars import RecordedBars
from tests.harness.oracle import final_signals
from tests.integration.random_bars import random_bars

STRATEGY = Strategy()
SYMBOLS, MINUTES = 60, 90
BARS = list(random_bars(SYMBOLS, MINUTES, seed=20241114, run_id="bench-test"))


def nothing(_: Bar) -> bytes:
    return b""


TAPE = RecordedBars("test", SYMBOLS, MINUTES, nothing)


def signals_of(bars: list[Bar]) -> list[dict[str, Any]]:
    """What the oracle says, in the order of the bars, with what it leaves out."""
    signals = sorted(final_signals(bars, STRATEGY), key=lambda signal: (signal["timestamp"], signal["symbol"]))
    for signal in signals:
        signal["id"] = f"{signal['run_id']}/{signal['symbol']}/{signal['timestamp']}/{STRATEGY.name}/0"
        signal["revision"] = 0
    return signals


SIGNALS = signals_of(BARS)


def columns(signals: list[dict[str, Any]]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist(signals)


def changed(number: int, **fields: Any) -> pa.RecordBatch:
    """All signals, with one that says something else."""
    return columns([*SIGNALS[:number], SIGNALS[number] | fields, *SIGNALS[number + 1 :]])


def test_what_the_oracle_says_is_right() -> None:
    assert {signal["reason"] for signal in SIGNALS} == {
        "warming_up",
        "no_rule",
        "oversold_in_uptrend",
        "overbought_in_downtrend",
    }
    verdict = judge(TAPE, columns(SIGNALS), STRATEGY)
    assert verdict.spotless, verdict
    check(TAPE, columns(SIGNALS), 0, STRATEGY)


def test_lost_doubled_and_wrong_are_counted() -> None:
    signals = [*SIGNALS[5:], SIGNALS[20], SIGNALS[20], SIGNALS[30] | {"close": 1.0}, SIGNALS[40] | {"symbol": "?"}]
    verdict = judge(TAPE, columns(signals), STRATEGY)
    assert (verdict.lost, verdict.doubled, verdict.wrong) == (5, 3, 2)
    assert str(verdict).startswith("5 lost, 3 doubled, 2 wrong, such as {")


@pytest.mark.parametrize(
    "fields",
    [
        {"action": "SELL"},
        {"previous_action": None},
        {"transition": True},
        {"sma_fast": None},
        {"sma_slow": 1.0},
        {"rsi": 12.0},
        {"rsi_seed_weight": 0.5},
        {"ready": False},
        {"bars_seen": 3},
        {"reason": "flat"},
        {"revision": 1},
        {"id": "another"},
        {"run_id": "another"},
        {"origin": "live"},
        {"source": "another"},
        {"strategy": "another"},
        {"split": {"previous_close": 1.0, "open": 1.0}},
        {"gap_minutes": 7},
    ],
)
def test_every_field_counts(fields: dict[str, Any]) -> None:
    last = len(SIGNALS) - 1
    assert judge(TAPE, changed(last, **fields), STRATEGY).wrong == 1


def test_a_peer_need_not_know_the_calendar() -> None:
    signals = columns([signal | {"gap_minutes": None} for signal in SIGNALS])
    assert judge(TAPE, signals.cast(columns(SIGNALS).schema), STRATEGY, calendar=False).spotless


def test_the_last_minute_is_judged_by_all_bars() -> None:
    start = len(TAPE) - SYMBOLS
    check(TAPE, columns(SIGNALS[start:]), 0, STRATEGY, start=start)
    with pytest.raises(WrongSignals, match=f"{SYMBOLS} lost"):
        check(TAPE, columns(SIGNALS[start:]), 0, STRATEGY, start=start - SYMBOLS)


def test_a_flat_stretch_is_judged_as_the_oracle_does() -> None:
    tape = RecordedBars("test", SYMBOLS, MINUTES, nothing)
    tape.closes[50:80, 3] = 10.0
    bars: list[Bar] = [{**bar, "close": close} for bar, close in zip(BARS, tape.closes.ravel().tolist(), strict=True)]
    found = signals_of(bars)
    assert "flat" in {signal["reason"] for signal in found}
    assert judge(tape, columns(found), STRATEGY).spotless


def test_dead_letters_are_a_fault() -> None:
    with pytest.raises(WrongSignals, match="2 bars are in the dead letters"):
        check(TAPE, columns(SIGNALS), 2, STRATEGY)
