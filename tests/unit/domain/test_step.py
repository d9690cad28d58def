import numpy as np
import pytest
import talib

from app.domain.records import Position
from app.domain.step import Outcome
from app.domain.strategy import Strategy
from app.domain.window import Window
from tests import oracle
from tests.bars import TOPIC_ID, at_offsets, make_bar, series
from tests.unit.domain.pipeline import NOW_MS, Pipeline, every_minute, fold
from tests.unit.domain.walks import WALKS

STRATEGY = Strategy()


@pytest.mark.parametrize("name", WALKS)
def test_every_signal_equals_a_computation_from_scratch(name: str) -> None:
    bars = series(WALKS[name])
    pipeline = Pipeline(STRATEGY)
    for start in range(0, len(bars), 37):
        pipeline.feed(at_offsets(bars[start : start + 37], start))
    expected = oracle.final_signals(bars, STRATEGY, every_minute)
    assert oracle.differences(expected, pipeline.signals) == []


def test_averages_and_rsi_equal_talib() -> None:
    closes = np.array(WALKS["dollars"])
    _, (_, records) = fold(Window(STRATEGY.name), at_offsets(series(closes.tolist())), STRATEGY)
    for field, expected in (
        ("sma_20", talib.SMA(closes, 20)),
        ("sma_50", talib.SMA(closes, 50)),
        ("rsi_14", talib.RSI(closes, 14)),
    ):
        values = [record[field] for record in records]  # type: ignore[literal-required]
        np.testing.assert_allclose(np.array(values, dtype=float), expected, rtol=1e-9)


def test_the_first_bar() -> None:
    bar = make_bar(0, 189.42)
    window, (outcomes, records) = fold(Window(STRATEGY.name), [(12, bar)], STRATEGY)
    assert outcomes == [Outcome.APPENDED]
    assert records == [
        {
            "run_id": bar["run_id"],
            "origin": "replay",
            "source": "csv:bars.csv",
            "feed": "",
            "symbol": "AAPL",
            "timestamp": bar["timestamp"],
            "close": 189.42,
            "sma_20": None,
            "sma_50": None,
            "rsi_14": None,
            "rsi_seed_weight": 1.0,
            "ready": False,
            "flat": False,
            "bars_seen": 1,
            "gap_minutes": None,
            "split": None,
            "revision": 0,
            "strategy": STRATEGY.name,
            "source_topic_id": TOPIC_ID,
            "source_partition": 3,
            "source_offset": 12,
            "source_index": 0,
            "emitted_at": NOW_MS,
        }
    ]
    assert window.position == Position(TOPIC_ID, 3, 12)
    assert window.bars_seen == 1


def test_the_given_window_does_not_change() -> None:
    before, _ = fold(Window(STRATEGY.name), at_offsets(series([10.0, 11.0, 12.0])), STRATEGY)
    copy = Window(*before)
    fold(before, [(3, make_bar(1, 11.5)), (4, make_bar(3, 9.0))], STRATEGY)
    assert before == copy


def test_a_window_keeps_what_the_newest_eleven_bars_need() -> None:
    window, _ = fold(Window(STRATEGY.name), at_offsets(series(WALKS["dollars"])), STRATEGY)
    assert len(window.bars()) == 60
    assert len(window.gains) == len(window.losses) == 12
    assert [bar.close for bar in window.bars()] == WALKS["dollars"][-60:]


def test_a_redelivered_bar_changes_nothing() -> None:
    bars = at_offsets(series(WALKS["dollars"][:80]))
    window, _ = fold(Window(STRATEGY.name), bars, STRATEGY)
    again, (outcomes, records) = fold(window, bars[30:], STRATEGY)
    assert again is window
    assert outcomes == [Outcome.REDELIVERED] * 50
    assert records == []


def test_a_redelivered_correction_is_not_applied_twice() -> None:
    bars = at_offsets(series([10.0, 11.0, 12.0]))
    window, _ = fold(Window(STRATEGY.name), [*bars, (3, make_bar(2, 12.5)), (4, make_bar(2, 12.0))], STRATEGY)
    again, (outcomes, _) = fold(window, [(3, make_bar(2, 12.5))], STRATEGY)
    assert outcomes == [Outcome.REDELIVERED]
    assert again.bars()[-1].close == 12.0


def test_a_topic_made_anew_counts_its_offsets_anew() -> None:
    window, _ = fold(
        Window(STRATEGY.name, position=Position("another topic", 3, 1000)), [(0, make_bar(0, 1.0))], STRATEGY
    )
    assert window.position == Position(TOPIC_ID, 3, 0)
    assert window.bars_seen == 1


def test_a_duplicate_leaves_the_state_alone_but_for_the_position() -> None:
    window, _ = fold(Window(STRATEGY.name), at_offsets(series(WALKS["dollars"][:80])), STRATEGY)
    duplicates = [(80, make_bar(79, WALKS["dollars"][79])), (81, make_bar(25, WALKS["dollars"][25], feed="sip"))]
    after, (outcomes, records) = fold(window, duplicates, STRATEGY)
    assert outcomes == [Outcome.DUPLICATE] * 2
    assert records == []
    assert after == window._replace(position=Position(TOPIC_ID, 3, 81))


def test_the_order_of_positions_within_a_batch_decides() -> None:
    bar = make_bar(0, 10.0)
    _, (outcomes, _) = fold(Window(STRATEGY.name), [(5, bar), (5, bar), (4, make_bar(1, 11.0)), (6, bar)], STRATEGY)
    assert outcomes == [Outcome.APPENDED, Outcome.REDELIVERED, Outcome.REDELIVERED, Outcome.DUPLICATE]


def test_a_night_is_no_reset() -> None:
    """The first average of a session spans the one before."""
    closes = WALKS["dollars"][:60]
    bars = [make_bar(minute + (1050 if minute > 29 else 0), close) for minute, close in enumerate(closes)]
    _, (_, records) = fold(Window(STRATEGY.name), at_offsets(bars), STRATEGY)
    assert records[30]["gap_minutes"] == 1050
    assert records[49]["sma_50"] == pytest.approx(sum(closes[:50]) / 50, rel=1e-12)
