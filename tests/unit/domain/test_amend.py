from collections.abc import Sequence

import pytest

from app.domain import rows
from app.domain.records import Bar, Indicators
from app.domain.step import Outcome
from app.domain.strategy import Strategy
from app.domain.window import Window
from tests import oracle
from tests.bars import at_offsets, make_bar, series
from tests.unit.domain.pipeline import Pipeline, every_minute, fold
from tests.unit.domain.walks import WALKS

STRATEGY = Strategy()
CLOSES = WALKS["dollars"]


def window_of(bars: Sequence[Bar]) -> Window:
    window, _ = fold(Window(STRATEGY.name), at_offsets(bars), STRATEGY)
    return window


def amend(window: Window, bar: Bar) -> tuple[Window, Outcome, list[Indicators]]:
    offset = window.position.offset + 1 if window.position else 0
    after, (outcomes, records) = fold(window, [(offset, bar)], STRATEGY)
    return after, outcomes[0], records


def minutes_of(records: Sequence[Indicators]) -> list[int]:
    first = make_bar(0, 1.0)["timestamp"]
    return [(record["timestamp"] - first) // 60_000 for record in records]


@pytest.mark.parametrize("minute", [99, 95, 89])
def test_a_correction_of_one_of_the_newest_eleven_replaces_it(minute: int) -> None:
    bars = series(CLOSES[:100])
    window, outcome, records = amend(window_of(bars), make_bar(minute, CLOSES[minute] + 0.5))
    assert outcome is Outcome.CORRECTED
    assert minutes_of(records) == list(range(minute, 100))
    assert {record["revision"] for record in records} == {1}
    assert [record["source_index"] for record in records] == list(range(100 - minute))
    assert {record["source_offset"] for record in records} == {100}
    bars[minute] = make_bar(minute, CLOSES[minute] + 0.5)
    fresh = window_of(bars)
    assert (window.gains, window.losses, window.bars_seen) == (fresh.gains, fresh.losses, 100)
    assert [bar.close for bar in window.bars()] == [bar.close for bar in fresh.bars()]


def test_an_older_correction_is_stale_and_an_older_duplicate_a_duplicate() -> None:
    window = window_of(series(CLOSES[:100]))
    after, outcome, records = amend(window, make_bar(88, CLOSES[88] + 0.5))
    assert (outcome, records) == (Outcome.STALE, [])
    assert after == window._replace(position=after.position)
    assert amend(window, make_bar(88, CLOSES[88]))[1] is Outcome.DUPLICATE
    assert amend(window, make_bar(40, CLOSES[40]))[1] is Outcome.DUPLICATE
    assert amend(window, make_bar(39, CLOSES[39]))[1] is Outcome.STALE


@pytest.mark.parametrize("minute", [98, 94, 89])
def test_a_late_bar_with_at_most_ten_newer_ones_is_inserted(minute: int) -> None:
    bars = [bar for bar in series(CLOSES[:100]) if bar["timestamp"] != make_bar(minute, 1.0)["timestamp"]]
    window, outcome, records = amend(window_of(bars), make_bar(minute, CLOSES[minute]))
    assert outcome is Outcome.INSERTED
    assert minutes_of(records) == list(range(minute, 100))
    assert [record["revision"] for record in records] == [0] + [1] * (99 - minute)
    assert [record["bars_seen"] for record in records] == list(range(minute + 1, 101))
    assert [record["gap_minutes"] for record in records] == [0] * len(records)
    fresh = window_of(series(CLOSES[:100]))
    assert (window.gains, window.losses, window.bars_seen) == (fresh.gains, fresh.losses, 100)


def test_a_late_bar_with_eleven_newer_ones_is_stale() -> None:
    bars = [bar for bar in series(CLOSES[:100]) if bar["timestamp"] != make_bar(88, 1.0)["timestamp"]]
    window = window_of(bars)
    after, outcome, records = amend(window, make_bar(88, CLOSES[88]))
    assert (outcome, records) == (Outcome.STALE, [])
    assert after == window._replace(position=after.position)


def test_a_late_bar_may_come_before_the_first_of_a_young_series() -> None:
    bars = series(CLOSES[:11])
    window, outcome, records = amend(window_of(bars[1:]), bars[0])
    assert outcome is Outcome.INSERTED
    assert [record["bars_seen"] for record in records] == list(range(1, 12))
    assert [record["gap_minutes"] for record in records] == [None] + [0] * 10
    assert window.gains == window_of(bars).gains
    assert amend(window, make_bar(-1, 100.0))[1] is Outcome.STALE


def test_a_correction_of_volume_alone_emits_nothing() -> None:
    window, outcome, records = amend(window_of(series(CLOSES[:60])), make_bar(58, CLOSES[58], volume=250.0))
    assert (outcome, records) == (Outcome.CORRECTED, [])
    assert window.bars()[-2].volume == 250.0
    assert window.bars()[-2].revision == 0


def test_before_the_averages_are_there_only_the_corrected_bar_is_told_again() -> None:
    _, outcome, records = amend(window_of(series(CLOSES[:6])), make_bar(2, 7.0))
    assert outcome is Outcome.CORRECTED
    assert minutes_of(records) == [2]


def test_the_last_value_that_arrives_wins_even_when_it_is_the_first_again() -> None:
    bars = [*series([10.0, 11.0]), make_bar(1, 12.0), make_bar(1, 11.0)]
    window, (outcomes, records) = fold(Window(STRATEGY.name), at_offsets(bars), STRATEGY)
    assert outcomes[2:] == [Outcome.CORRECTED] * 2
    assert [(record["close"], record["revision"]) for record in records[1:]] == [(11.0, 0), (12.0, 1), (11.0, 2)]
    assert window.bars()[-1].close == 11.0


def test_each_record_carries_its_own_bars_label() -> None:
    live = {"origin": "live", "source": "alpaca", "feed": "iex"}
    backfill = {"origin": "backfill", "source": "alpaca-history", "feed": "iex"}
    bars = [make_bar(minute, CLOSES[minute], **live) for minute in (0, 1, 3)]
    window, _, records = amend(window_of(bars), make_bar(2, CLOSES[2], **backfill))
    assert [record["origin"] for record in records] == ["backfill", "live"]
    assert [bar.origin for bar in window.bars()] == ["live", "live", "backfill", "live"]
    _, _, corrected = amend(window, make_bar(3, 1.0, **backfill))
    assert [record["origin"] for record in corrected] == ["backfill"]


def test_a_row_at_its_last_revision_takes_no_more() -> None:
    window = window_of(series([10.0, 11.0]))
    packed = bytearray(window.rows)
    rows.set_tail(packed, 1, rows.MAX_REVISION, 0)
    worn = window._replace(rows=bytes(packed))
    assert amend(worn, make_bar(1, 12.0))[1] is Outcome.STALE
    assert amend(worn, make_bar(1, 11.0))[1] is Outcome.DUPLICATE


def test_appending_or_ignoring_a_correction_would_show() -> None:
    bars = series(CLOSES[:100])
    corrected = make_bar(97, CLOSES[97] * 1.01)
    pipeline = Pipeline(STRATEGY)
    pipeline.feed(at_offsets([*bars, corrected]))
    right = oracle.final_signals([*bars, corrected], STRATEGY, every_minute)
    ignored = oracle.final_signals(bars, STRATEGY, every_minute)
    appended = oracle.final_signals([*bars, make_bar(100, corrected["close"])], STRATEGY, every_minute)
    assert oracle.differences(right, pipeline.last_signals()) == []
    assert abs(right[-1]["rsi_14"] - ignored[-1]["rsi_14"]) > 0.1
    assert abs(right[-1]["rsi_14"] - appended[-1]["rsi_14"]) > 0.1


def test_room_for_late_bars_may_grow_and_shrink_between_runs() -> None:
    small, large = Strategy(late_bars=2), Strategy(late_bars=20)
    bars = series(CLOSES[:100])
    window, _ = fold(Window(small.name), at_offsets(bars), small)
    after, (outcomes, _) = fold(window, [(100, make_bar(96, 1.0)), (101, make_bar(97, 1.0))], large)
    assert outcomes == [Outcome.STALE, Outcome.CORRECTED]
    grown, _ = fold(after, at_offsets(series(CLOSES[:200])[100:], 102), large)
    assert len(grown.bars()) == large.window
    shrunk, (outcomes, _) = fold(grown, [(300, make_bar(196, 1.0)), (301, make_bar(197, 1.0))], small)
    assert outcomes == [Outcome.STALE, Outcome.CORRECTED]
    assert len(shrunk.bars()) == small.window


def test_a_bar_is_told_again_when_only_its_previous_action_changed() -> None:
    """Moving a rise one bar forward leaves the last bar's indicators as they were, but not the action before it."""
    strategy = Strategy(fast=2, slow=3, rsi_period=2, buy_below=41.7, sell_above=58.3)
    closes = [1.0, 1.0, 1.1, 1.0, 1.0]
    pipeline = Pipeline(strategy)
    pipeline.feed(at_offsets([*series(closes), make_bar(1, 1.1)]))
    before, after = [signal for signal in pipeline.signals if minutes_of_signal(signal["timestamp"]) == 4]
    assert [before[field] for field in ("sma_20", "sma_50", "rsi_14")] == [
        after[field] for field in ("sma_20", "sma_50", "rsi_14")
    ]
    assert before["previous_action"] != after["previous_action"]
    assert after["revision"] == 1


def minutes_of_signal(timestamp: int) -> int:
    return (timestamp - make_bar(0, 1.0)["timestamp"]) // 60_000
