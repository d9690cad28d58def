from itertools import pairwise

from app.domain.strategy import Strategy
from tests.bars import make_bar, series
from tests.unit.domain.pipeline import SERIES, Pipeline
from tests.unit.domain.walks import WALKS

STRATEGY = Strategy()
CLOSES = WALKS["dollars"]


def fed(closes: list[float], keep_bars: int = 2000) -> Pipeline:
    pipeline = Pipeline(STRATEGY, keep_bars=keep_bars)
    pipeline.feed(series(closes))
    return pipeline


def test_one_signal_for_each_bar() -> None:
    signals = fed(CLOSES[:80]).signals
    assert [signal["timestamp"] for signal in signals] == [bar["timestamp"] for bar in series(CLOSES[:80])]
    assert (signals[0]["previous_action"], signals[0]["transition"]) == (None, False)
    assert (signals[1]["previous_action"], signals[1]["transition"]) == ("HOLD", False)


def test_reading_gives_back_the_signals_of_the_bars_kept() -> None:
    pipeline = fed(CLOSES[:200], keep_bars=60)
    assert pipeline.view() == pipeline.signals[-60:]


def test_a_level_is_told_on_every_bar_and_a_transition_once() -> None:
    signals = fed(CLOSES).signals
    levels = [signal for signal in signals if signal["action"] != "HOLD"]
    starts = [signal for signal in levels if signal["transition"]]
    assert 0 < len(starts) < len(levels)
    for before, signal in pairwise(signals):
        assert signal["previous_action"] == before["action"]
        assert signal["transition"] == (signal["action"] != before["action"])


def test_flat_prices_are_no_buy() -> None:
    """TA-Lib's RSI of a tape that never moves is 0."""
    signals = fed([10.0] * 80).signals
    assert {signal["action"] for signal in signals} == {"HOLD"}
    assert {signal["reason"] for signal in signals[49:]} == {"flat"}


def test_a_revised_signal_replaces_its_row() -> None:
    pipeline = fed(CLOSES[:100])
    pipeline.feed([make_bar(95, 1.0)])
    kept = pipeline.view()
    assert len(kept) == 100
    assert [signal["revision"] for signal in kept[-6:]] == [0, 1, 1, 1, 1, 1]
    assert kept[-5]["close"] == 1.0


def test_a_late_bar_goes_to_its_place() -> None:
    pipeline = Pipeline(STRATEGY, keep_bars=200)
    pipeline.feed([bar for bar in series(CLOSES[:100]) if bar["timestamp"] != make_bar(95, 1.0)["timestamp"]])
    pipeline.feed([make_bar(95, CLOSES[95])])
    kept = pipeline.view()
    assert [signal["close"] for signal in kept] == CLOSES[:100]
    assert [signal["revision"] for signal in kept[-6:]] == [0, 0, 1, 1, 1, 1]


def test_a_restored_window_knows_each_previous_action() -> None:
    bars = [*series(CLOSES[:100]), make_bar(89, 1.0)]
    straight, restarted = Pipeline(STRATEGY), Pipeline(STRATEGY)
    straight.feed(bars)
    restarted.feed(bars[:-1])
    restarted.restart()
    restarted.now_ms -= 1
    restarted.feed(bars[-1:])
    assert restarted.signals == straight.signals


def test_a_signal_that_is_not_emitted_again_keeps_its_time() -> None:
    pipeline = fed(CLOSES[:60])
    first = pipeline.now_ms
    pipeline.feed([make_bar(58, CLOSES[58], volume=7.0)])
    assert {row.emitted_at for row in pipeline.table.by_number(SERIES)} == {first}
    pipeline.feed([make_bar(58, 1.0)])
    assert [row.emitted_at - first for row in pipeline.table.by_number(SERIES)][-3:] == [0, 2, 2]
