from itertools import pairwise

from app.domain import history
from app.domain.history import History, SourcePosition
from app.domain.records import Indicators, Signal
from app.domain.strategy import Strategy
from app.domain.window import Window
from tests.bars import TOPIC_ID, at_offsets, make_bar, series
from tests.unit.domain.pipeline import NOW_MS, Pipeline, fold
from tests.unit.domain.walks import WALKS

STRATEGY = Strategy()
RUN, SYMBOL = make_bar(0, 1.0)["run_id"], make_bar(0, 1.0)["symbol"]


def indicators(closes: list[float]) -> list[Indicators]:
    _, (_, records) = fold(Window(STRATEGY.name), at_offsets(series(closes)), STRATEGY)
    return records


def step(before: History, records: list[Indicators], signal_history: int = 50) -> tuple[History, list[Signal]]:
    return history.step(before, records, strategy=STRATEGY, signal_history=signal_history, now_ms=NOW_MS)


def test_one_signal_for_each_record() -> None:
    records = indicators(WALKS["dollars"][:80])
    after, signals = step(History(STRATEGY.name), records)
    assert [signal["timestamp"] for signal in signals] == [record["timestamp"] for record in records]
    assert signals[0]["id"] == f"{RUN}/AAPL/{records[0]['timestamp']}/{STRATEGY.name}/0"
    assert (signals[0]["previous_action"], signals[0]["transition"]) == (None, False)
    assert (signals[1]["previous_action"], signals[1]["transition"]) == ("HOLD", False)
    assert after.position == SourcePosition(TOPIC_ID, 3, 79, 0)


def test_reading_gives_back_the_newest_signals_newest_first() -> None:
    after, signals = step(History(STRATEGY.name), indicators(WALKS["dollars"][:200]))
    assert after.signals(RUN, SYMBOL, STRATEGY) == signals[:-51:-1]


def test_a_level_is_told_on_every_bar_and_a_transition_once() -> None:
    _, signals = step(History(STRATEGY.name), indicators(WALKS["dollars"]))
    levels = [signal for signal in signals if signal["action"] != "HOLD"]
    starts = [signal for signal in levels if signal["transition"]]
    assert 0 < len(starts) < len(levels)
    for before, signal in pairwise(signals):
        assert signal["previous_action"] == before["action"]
        assert signal["transition"] == (signal["action"] != before["action"])


def test_flat_prices_are_no_buy() -> None:
    """TA-Lib's RSI of a tape that never moves is 0."""
    _, signals = step(History(STRATEGY.name), indicators([10.0] * 80))
    assert {signal["action"] for signal in signals} == {"HOLD"}
    assert {signal["reason"] for signal in signals[49:]} == {"flat"}


def test_what_the_first_agent_sends_twice_is_dropped() -> None:
    records = indicators(WALKS["dollars"][:400])
    before, _ = step(History(STRATEGY.name), records)
    after, signals = step(before, records[100:])
    assert signals == []
    assert after is before


def test_an_old_revision_is_dropped_even_from_another_position() -> None:
    records = indicators(WALKS["dollars"][:100])
    before, _ = step(History(STRATEGY.name), records)
    again = records[90] | {"source_topic_id": "another topic"}
    after, signals = step(before, [again])
    assert signals == []
    assert after.position == SourcePosition("another topic", 3, 90, 0)
    assert after.rows == before.rows


def test_a_revised_record_replaces_its_row() -> None:
    pipeline = Pipeline(STRATEGY)
    pipeline.feed(at_offsets(series(WALKS["dollars"][:100])))
    pipeline.feed([(100, make_bar(95, 1.0))])
    kept = pipeline.history.signals(RUN, SYMBOL, STRATEGY)
    assert len(kept) == 50
    assert [signal["revision"] for signal in kept[:6]] == [1, 1, 1, 1, 1, 0]
    assert kept[4]["close"] == 1.0


def test_a_late_bar_goes_to_its_place() -> None:
    closes = WALKS["dollars"][:100]
    pipeline = Pipeline(STRATEGY)
    pipeline.feed(at_offsets(bar for bar in series(closes) if bar["timestamp"] != make_bar(95, 1.0)["timestamp"]))
    pipeline.feed([(100, make_bar(95, closes[95]))])
    kept = pipeline.history.signals(RUN, SYMBOL, STRATEGY)
    assert [signal["close"] for signal in kept] == closes[:49:-1]
    assert [signal["revision"] for signal in kept[:6]] == [1, 1, 1, 1, 0, 0]


def test_a_short_history_still_knows_each_previous_action() -> None:
    pipeline, long = Pipeline(STRATEGY, signal_history=1), Pipeline(STRATEGY)
    bars = [*at_offsets(series(WALKS["dollars"][:100])), (100, make_bar(89, 1.0))]
    pipeline.feed(bars)
    long.feed(bars)
    assert pipeline.signals == long.signals
    assert len(pipeline.history.signals(RUN, SYMBOL, STRATEGY)) == STRATEGY.late_bars + 2


def test_the_given_history_does_not_change() -> None:
    records = indicators(WALKS["dollars"][:100])
    before, _ = step(History(STRATEGY.name), records[:60])
    copy = History(*before)
    step(before, records[60:])
    assert before == copy
