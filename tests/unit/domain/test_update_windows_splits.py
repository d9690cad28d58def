"""Windows and signals at a split, and when bars on either side of it are corrected or late."""

import pytest

from app.domain.outcome import Outcome
from app.domain.records import Bar
from app.domain.split import Gap
from app.domain.strategy import Strategy
from tests.harness import oracle
from tests.unit.domain.nights import Nights, never_open
from tests.unit.domain.pipeline import Pipeline
from tests.unit.domain.walks import WALKS

STRATEGY = Strategy()
DAYS = Nights(60)
SPLIT_AT = 60
CLOSES = [close if index < SPLIT_AT else round(close / 4, 2) for index, close in enumerate(WALKS["dollars"][:180])]
LAST_BEFORE, FIRST_AFTER = CLOSES[SPLIT_AT - 1], CLOSES[SPLIT_AT]


def days(closes: list[float] = CLOSES) -> list[Bar]:
    return [DAYS.bar(number, close) for number, close in enumerate(closes)]


def fed(*bars: Bar, strategy: Strategy = STRATEGY, gap: Gap = DAYS.gap) -> Pipeline:
    """All bars one after the other; the signals and the rows are checked against a computation from scratch."""
    pipeline = Pipeline(strategy, keep_bars=max(strategy.window, len(bars)), gap=gap)
    for bar in bars:
        pipeline.fold([bar])
    taken = [bar for bar, outcome in zip(bars, pipeline.outcomes, strict=True) if outcome is not Outcome.STALE]
    expected = oracle.final_signals(taken, strategy, gap)
    assert oracle.differences(expected, pipeline.last_signals()) == []
    assert pipeline.view() == pipeline.last_signals()
    return pipeline


def reasons(pipeline: Pipeline, start: int, end: int) -> list[str]:
    return [signal["reason"] for signal in pipeline.last_signals()[start:end]]


def test_a_split_begins_a_new_series_and_says_so() -> None:
    pipeline = fed(*days())
    before, first, second, *_ = pipeline.signals[SPLIT_AT - 1 :]
    assert (before["ready"], before["bars_seen"]) == (True, 60)
    assert (first["reason"], first["action"]) == ("split_suspected", "HOLD")
    assert (first["bars_seen"], first["ready"]) == (1, False)
    assert (first["sma_fast"], first["sma_slow"], first["rsi"], first["rsi_seed_weight"]) == (None, None, None, 1.0)
    assert first["split"] == {"previous_close": LAST_BEFORE, "open": FIRST_AFTER}
    assert (first["gap_minutes"], first["previous_action"]) == (0, before["action"])
    assert first["explanation"] == (
        f"opened at {FIRST_AFTER:.2f} after {LAST_BEFORE:.2f}: looks like a 4:1 split, so the averages start over"
    )
    assert (second["bars_seen"], second["reason"], second["split"]) == (2, "warming_up", None)
    assert set(reasons(pipeline, SPLIT_AT + 1, SPLIT_AT + 49)) == {"warming_up"}
    settled = pipeline.signals[SPLIT_AT + 49]
    assert (settled["ready"], settled["bars_seen"]) == (True, 50)
    assert settled["sma_slow"] == pytest.approx(sum(CLOSES[60:110]) / 50, rel=1e-12)


@pytest.mark.parametrize("adjustment", ["", "split", "all"])
def test_only_raw_prices_show_splits(adjustment: str) -> None:
    pipeline = fed(*(DAYS.bar(number, close, adjustment=adjustment) for number, close in enumerate(CLOSES)))
    assert {"split_suspected"}.isdisjoint(signal["reason"] for signal in pipeline.signals)
    assert pipeline.window().split_starts == []


def test_a_jump_within_a_session_is_no_split() -> None:
    halved = [close if index < 30 else close / 2 for index, close in enumerate(WALKS["dollars"][:60])]
    assert fed(*days(halved)).window().split_starts == []


def test_the_opening_price_decides_not_the_close() -> None:
    opened_as_usual = DAYS.bar(SPLIT_AT, FIRST_AFTER, open=LAST_BEFORE)
    assert fed(*days()[:SPLIT_AT], opened_as_usual).window().split_starts == []


@pytest.mark.parametrize("newer", [0, 1, 5, 10])
def test_a_corrected_opening_undoes_the_split(newer: int) -> None:
    bars = days()[: SPLIT_AT + 1 + newer]
    pipeline = fed(*bars, DAYS.bar(SPLIT_AT, FIRST_AFTER, open=LAST_BEFORE))
    assert pipeline.outcomes[-1] is Outcome.CORRECTED
    assert pipeline.window().split_starts == []
    again = pipeline.signals[-1 - newer :]
    assert [(signal["revision"], signal["bars_seen"]) for signal in again] == [(1, 61 + at) for at in range(newer + 1)]
    assert all(signal["ready"] for signal in again)


def test_a_corrected_opening_is_found_to_be_a_split() -> None:
    bars = days()[: SPLIT_AT + 5]
    bars[SPLIT_AT] = DAYS.bar(SPLIT_AT, FIRST_AFTER, open=LAST_BEFORE)
    pipeline = fed(*bars, days()[SPLIT_AT])
    assert reasons(pipeline, SPLIT_AT - 1, SPLIT_AT + 2)[1:] == ["split_suspected", "warming_up"]
    in_order = fed(*days()[: SPLIT_AT + 5])
    assert pipeline.window().split_starts == in_order.window().split_starts == [SPLIT_AT]
    assert pipeline.window().averages == in_order.window().averages


def test_a_corrected_close_of_the_day_before_undoes_or_makes_a_split() -> None:
    bars = days()[: SPLIT_AT + 3]
    corrected = DAYS.bar(SPLIT_AT - 1, FIRST_AFTER)
    undone = fed(*bars, corrected)
    assert undone.window().split_starts == []
    made = fed(*bars[: SPLIT_AT - 1], corrected, *bars[SPLIT_AT:], bars[SPLIT_AT - 1])
    assert reasons(made, SPLIT_AT, SPLIT_AT + 1) == ["split_suspected"]


def test_a_correction_that_leaves_it_a_split_is_emitted_with_its_prices() -> None:
    pipeline = fed(*days()[: SPLIT_AT + 3], DAYS.bar(SPLIT_AT - 1, LAST_BEFORE + 1))
    emitted = [signal for signal in pipeline.last_signals() if signal["split"]]
    assert [(signal["revision"], signal["split"]) for signal in emitted] == [
        (1, {"previous_close": LAST_BEFORE + 1, "open": FIRST_AFTER})
    ]


def test_a_correction_too_late_to_take_changes_no_start() -> None:
    bars = days()[: SPLIT_AT + 12]
    pipeline = fed(*bars, DAYS.bar(SPLIT_AT, FIRST_AFTER, open=LAST_BEFORE))
    assert pipeline.outcomes[-1] is Outcome.STALE
    assert pipeline.window().split_starts == fed(*bars).window().split_starts


@pytest.mark.parametrize("missing", [SPLIT_AT - 2, SPLIT_AT - 1, SPLIT_AT, SPLIT_AT + 1])
def test_a_late_bar_on_either_side(missing: int) -> None:
    bars = days()[: SPLIT_AT + 8]
    late = fed(*bars[:missing], *bars[missing + 1 :], bars[missing])
    in_order = fed(*bars)
    assert late.outcomes[-1] is Outcome.INSERTED
    assert late.window().split_starts == in_order.window().split_starts
    assert late.window().averages == in_order.window().averages


def test_starts_are_kept_as_long_as_they_are_needed() -> None:
    """Two splits, then bars until only the second one's series is left."""
    closes = CLOSES[:120] + [round(close / 2, 2) for close in CLOSES[120:180]]
    pipeline = fed(*days(closes))
    assert pipeline.window().split_starts == [120]
    early = fed(*days(closes)[:121])
    assert early.window().split_starts == [60, 120]


# Averages of two and three bars, one bar a day: the shortest way to a signal right before a split.
NARROW = Strategy(fast=2, slow=3, rsi_period=2, buy_below=45.0, sell_above=55.0, late_bars=3)
DAILY = Nights(1)
DIP = [10.0, 10.6, 9.6]


def test_a_signal_that_a_split_takes_back_shows_in_the_bar_after_it() -> None:
    """That bar is a split's first before and after, with the same prices; only the action before it differs."""
    bars = [DAILY.bar(number, close) for number, close in enumerate([*DIP, 4.8])]
    pipeline = fed(*bars, DAILY.bar(2, DIP[2], open=5.3), strategy=NARROW, gap=DAILY.gap)
    assert [signal["action"] for signal in pipeline.signals[2:4]] == ["BUY", "HOLD"]
    assert [signal["previous_action"] for signal in pipeline.signals if signal["split"]] == ["BUY", "HOLD", "HOLD"]


def test_a_late_split_between_a_signal_and_a_split_shows_in_the_latter() -> None:
    """All outside the sessions, so that not even the gap differs."""
    bars = [DAILY.bar(number, close) for number, close in enumerate(DIP)]
    late = DAILY.bar(3, DIP[2], open=4.7)
    pipeline = fed(*bars, DAILY.bar(4, 4.8), late, strategy=NARROW, gap=never_open)
    assert [signal["previous_action"] for signal in pipeline.signals if signal["split"]] == ["BUY", "BUY", "HOLD"]
