import numpy as np
import pytest
import talib

from app.domain import bar_rows
from app.domain.indicator_values import IndicatorValues
from app.domain.outcome import Outcome
from app.domain.provenance import Provenance
from app.domain.strategy import Strategy
from app.domain.update_windows import BarUpdate, update_windows
from app.domain.window import Window
from tests import oracle
from tests.bars import make_bar, series
from tests.unit.domain.pipeline import Pipeline, contents, every_minute
from tests.unit.domain.walks import WALKS

STRATEGY = Strategy()


@pytest.mark.parametrize("name", WALKS)
def test_every_signal_equals_a_computation_from_scratch(name: str) -> None:
    bars = series(WALKS[name])
    pipeline = Pipeline(STRATEGY)
    for start in range(0, len(bars), 37):
        pipeline.feed(bars[start : start + 37])
    expected = oracle.final_signals(bars, STRATEGY, every_minute)
    assert oracle.differences(expected, pipeline.signals) == []


@pytest.mark.parametrize("restarting", [False, True])
@pytest.mark.parametrize("name", ["dollars", "thousands"])
def test_averages_and_rsi_equal_talib(name: str, restarting: bool) -> None:
    closes = np.array(WALKS[name])
    pipeline = Pipeline(STRATEGY)
    for bar in series(closes.tolist()):
        pipeline.feed([bar])
        if restarting:
            pipeline.restart()
    for field, expected in (
        ("sma_20", talib.SMA(closes, 20)),
        ("sma_50", talib.SMA(closes, 50)),
        ("rsi_14", talib.RSI(closes, 14)),
    ):
        values = [signal[field] for signal in pipeline.signals]  # type: ignore[literal-required]
        np.testing.assert_allclose(np.array(values, dtype=float), expected, rtol=1e-9)


def test_the_first_bar() -> None:
    bar = make_bar(0, 189.42)
    window = Window()
    assert update_windows(window, [bar], STRATEGY, every_minute) == (
        [Outcome.APPENDED],
        [
            BarUpdate(
                number=0,
                bar=bar_rows.pack(bar, 0, 0),
                provenance=Provenance("replay", "csv:bars.csv", "", ""),
                gain=0.0,
                loss=0.0,
                values=IndicatorValues(189.42, None, None, None, False, 1, None, None),
                previous_minute=None,
                emit=True,
            )
        ],
    )
    assert window.bars_seen == 1


def test_updates_come_in_the_order_of_the_bars_and_then_of_time() -> None:
    window = Window()
    bars = [make_bar(0, 10.0), make_bar(2, 12.0), make_bar(3, 11.0), make_bar(1, 13.0), make_bar(4, 9.0)]
    outcomes, updates = update_windows(window, bars, STRATEGY, every_minute)
    assert outcomes == [Outcome.APPENDED] * 3 + [Outcome.INSERTED, Outcome.APPENDED]
    minutes = [bar_rows.minute(update.bar, 0) for update in updates]
    first = minutes[0]
    assert [minute - first for minute in minutes] == [0, 2, 3, 1, 2, 3, 4]
    assert [update.number for update in updates] == [0, 1, 2, 1, 2, 3, 4]
    assert [update.previous_minute and update.previous_minute - first for update in updates] == [None, 0, 2, 0, 1, 2, 3]


def test_no_bars_give_nothing() -> None:
    window = Window()
    assert update_windows(window, [], STRATEGY, every_minute) == ([], [])
    assert contents(window) == contents(Window())


def test_a_window_keeps_what_the_newest_eleven_bars_need() -> None:
    window = Window()
    update_windows(window, series(WALKS["dollars"]), STRATEGY, every_minute)
    assert list(window.closes) == WALKS["dollars"][-60:]
    assert len(window.gains) == len(window.losses) == 12


def test_a_duplicate_changes_nothing() -> None:
    closes = WALKS["dollars"][:80]
    window = Window()
    update_windows(window, series(closes), STRATEGY, every_minute)
    before = contents(window)
    duplicates = [make_bar(79, closes[79]), make_bar(25, closes[25], feed="sip")]
    assert update_windows(window, duplicates, STRATEGY, every_minute) == ([Outcome.DUPLICATE] * 2, [])
    assert contents(window) == before


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
    assert pipeline.signals[49]["sma_50"] == pytest.approx(sum(closes[:50]) / 50, rel=1e-12)
