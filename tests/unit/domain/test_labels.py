from app.domain.labels import Label, in_use
from app.domain.strategy import Strategy
from app.domain.window import Window
from tests.bars import at_offsets, make_bar
from tests.unit.domain.pipeline import Pipeline, fold

STRATEGY = Strategy()
LIVE, OLD, OTHER = Label("live", "a", ""), Label("backfill", "b", ""), Label("replay", "c", "")


def test_in_use_keeps_the_order_and_renames() -> None:
    assert in_use([LIVE, OLD, OTHER], [2, 0, 2]) == ([LIVE, OTHER], {0: 0, 2: 1})


def test_labels_that_no_row_uses_go_when_a_new_one_comes() -> None:
    bars = [make_bar(minute, 10.0, source=f"file {minute}") for minute in range(300)]
    pipeline = Pipeline(STRATEGY)
    pipeline.feed(at_offsets(bars))
    assert [bar.source for bar in pipeline.window.bars()] == [bar["source"] for bar in bars[-60:]]
    assert len(pipeline.window.labels) <= STRATEGY.window + 1
    signals = pipeline.history.signals("r", "s", STRATEGY)
    assert [signal["source"] for signal in signals] == [bar["source"] for bar in reversed(bars[-50:])]
    assert len(pipeline.history.labels) <= 51


def test_one_source_is_one_label() -> None:
    window, _ = fold(Window(STRATEGY.name), at_offsets(make_bar(minute, 10.0) for minute in range(100)), STRATEGY)
    assert window.labels == (Label("replay", "csv:bars.csv", ""),)
