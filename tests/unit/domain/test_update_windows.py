import numpy as np
import pytest
import talib

from app.domain.outcome import Outcome
from app.domain.provenance import Provenance
from app.domain.strategy import Strategy
from tests.bars import make_bar, series
from tests.harness import oracle
from tests.unit.domain.pipeline import SERIES, Pipeline, contents, every_minute
from tests.unit.domain.walks import WALKS, side_by_side

STRATEGY = Strategy()


@pytest.mark.parametrize("name", WALKS)
def test_every_signal_equals_a_computation_from_scratch(name: str) -> None:
    bars = series(WALKS[name])
    pipeline = Pipeline(STRATEGY)
    for start in range(0, len(bars), 37):
        pipeline.fold(bars[start : start + 37])
    expected = oracle.final_signals(bars, STRATEGY, every_minute)
    assert oracle.differences(expected, pipeline.signals) == []


@pytest.mark.parametrize("restarting", [False, True])
def test_averages_and_rsi_equal_talib(restarting: bool) -> None:
    names = ("dollars", "thousands")
    pipeline = Pipeline(STRATEGY)
    for bars in side_by_side(*names):
        pipeline.fold(bars)
        if restarting:
            pipeline.restart()
    for name in names:
        closes = np.array(WALKS[name])
        signals = [signal for signal in pipeline.signals if signal["symbol"] == name]
        for field, expected in (
            ("sma_fast", talib.SMA(closes, 20)),
            ("sma_slow", talib.SMA(closes, 50)),
            ("rsi", talib.RSI(closes, 14)),
        ):
            values = [signal[field] for signal in signals]  # type: ignore[literal-required]
            np.testing.assert_allclose(np.array(values, dtype=float), expected, rtol=1e-9)


def test_the_first_bar() -> None:
    pipeline = Pipeline(STRATEGY)
    [signal] = pipeline.feed([make_bar(0, 189.42)])
    assert pipeline.outcomes == [Outcome.APPENDED]
    [row] = pipeline.table.by_number(SERIES)
    assert (row.number, row.bars_seen, row.close, row.gain, row.loss) == (0, 1, 189.42, 0.0, 0.0)
    assert (row.sma_fast, row.sma_slow, row.rsi, row.gap_minutes, row.split_close) == (None,) * 5
    assert row.provenance == Provenance("replay", "csv:bars.csv", "", "")
    assert (signal["revision"], signal["previous_action"]) == (0, None)


def test_signals_come_in_the_order_of_the_bars_and_then_of_time() -> None:
    pipeline = Pipeline(STRATEGY)
    bars = [make_bar(0, 10.0), make_bar(2, 12.0), make_bar(3, 11.0), make_bar(1, 13.0), make_bar(4, 9.0)]
    signals = pipeline.feed(bars)
    assert pipeline.outcomes == [Outcome.APPENDED] * 3 + [Outcome.INSERTED, Outcome.APPENDED]
    minutes = [(signal["timestamp"] - signals[0]["timestamp"]) // 60_000 for signal in signals]
    assert minutes == [0, 2, 3, 1, 2, 3, 4]
    assert [signal["bars_seen"] for signal in signals] == [1, 2, 3, 2, 3, 4, 5]


def test_no_bars_give_nothing() -> None:
    pipeline = Pipeline(STRATEGY)
    assert pipeline.feed([]) == []
    assert len(pipeline.window().rows) == 0


def test_a_window_keeps_what_the_newest_eleven_bars_need() -> None:
    pipeline = Pipeline(STRATEGY)
    pipeline.feed(series(WALKS["dollars"]))
    assert pipeline.window().closes == WALKS["dollars"][-60:]


def test_a_duplicate_changes_nothing() -> None:
    closes = WALKS["dollars"][:80]
    pipeline = Pipeline(STRATEGY)
    pipeline.feed(series(closes))
    before = contents(pipeline.window())
    assert pipeline.feed([make_bar(79, closes[79]), make_bar(25, closes[25], feed="sip")]) == []
    assert pipeline.outcomes[-2:] == [Outcome.DUPLICATE] * 2
    assert contents(pipeline.window()) == before


def test_bars_done_again_from_an_older_state_give_the_same() -> None:
    """As after a crash: the table is what it was, and the same bars come again."""
    bars = [*series(WALKS["dollars"][:80]), make_bar(78, 1.0), make_bar(79, 2.0)]
    straight, crashed = Pipeline(STRATEGY), Pipeline(STRATEGY)
    for pipeline in (straight, crashed):
        pipeline.feed(bars[:70])
    for end in (75, 81, 82):
        crashed.abort(bars[70:end])
    for pipeline in (straight, crashed):
        pipeline.now_ms = 0
        pipeline.feed(bars[70:])
    assert crashed.signals == straight.signals
    assert crashed.table.rows == straight.table.rows
    assert contents(crashed.window()) == contents(straight.window())


def test_a_night_is_no_reset() -> None:
    """The first average of a session spans the one before."""
    closes = WALKS["dollars"][:60]
    pipeline = Pipeline(STRATEGY)
    pipeline.feed([make_bar(minute + (1050 if minute > 29 else 0), close) for minute, close in enumerate(closes)])
    assert pipeline.signals[30]["gap_minutes"] == 1050
    assert pipeline.signals[49]["sma_slow"] == pytest.approx(sum(closes[:50]) / 50, rel=1e-12)
