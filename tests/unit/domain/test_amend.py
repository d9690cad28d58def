from collections.abc import Sequence

import pytest

from app.domain.outcome import Outcome
from app.domain.records import Bar, Signal
from app.domain.row import MAX_REVISION, Row
from app.domain.strategy import Strategy
from tables.row_format import number_of
from tests.bars import make_bar, series
from tests.harness import oracle
from tests.unit.domain.pipeline import SERIES, Pipeline, contents, every_minute
from tests.unit.domain.walks import WALKS
from tests.unit.tables.encoding import packed

STRATEGY = Strategy()
CLOSES = WALKS["dollars"]


def fed(bars: Sequence[Bar], strategy: Strategy = STRATEGY) -> Pipeline:
    pipeline = Pipeline(strategy, keep_bars=100)
    pipeline.feed(bars)
    return pipeline


def without(minute: int) -> list[Bar]:
    """A hundred bars but for that of one minute."""
    return [bar for bar in series(CLOSES[:100]) if bar["timestamp"] != make_bar(minute, 1.0)["timestamp"]]


def amend(pipeline: Pipeline, bar: Bar) -> tuple[Outcome, list[Signal]]:
    signals = pipeline.feed([bar])
    return pipeline.outcomes[-1], signals


def averages(pipeline: Pipeline) -> list[tuple[int, float, float]]:
    """Of the window, and of the rows that it would be restored from."""
    window, rows = pipeline.window(), pipeline.table.by_number(SERIES)
    assert [(row.gain, row.loss) for row in rows[-len(window.averages) :]] == window.averages
    return [(row.number, row.gain, row.loss) for row in rows]


def rows(pipeline: Pipeline) -> list[Row]:
    return pipeline.table.by_number(SERIES)


def minutes_of(signals: Sequence[Signal]) -> list[int]:
    first = make_bar(0, 1.0)["timestamp"]
    return [(signal["timestamp"] - first) // 60_000 for signal in signals]


@pytest.mark.parametrize("minute", [99, 95, 89])
def test_a_correction_of_one_of_the_newest_eleven_replaces_it(minute: int) -> None:
    bars = series(CLOSES[:100])
    pipeline = fed(bars)
    outcome, signals = amend(pipeline, make_bar(minute, CLOSES[minute] + 0.5))
    assert outcome is Outcome.CORRECTED
    assert minutes_of(signals) == list(range(minute, 100))
    assert {signal["revision"] for signal in signals} == {1}
    bars[minute] = make_bar(minute, CLOSES[minute] + 0.5)
    fresh = fed(bars)
    assert averages(pipeline) == averages(fresh)
    assert pipeline.window().bars_seen == 100
    assert [row.close for row in rows(pipeline)] == [bar["close"] for bar in bars]


def test_an_older_correction_is_stale_and_an_older_duplicate_a_duplicate() -> None:
    pipeline = fed(series(CLOSES[:100]))
    before, stored = contents(pipeline.window()), dict(pipeline.table.rows)
    assert amend(pipeline, make_bar(88, CLOSES[88] + 0.5)) == (Outcome.STALE, [])
    assert amend(pipeline, make_bar(88, CLOSES[88])) == (Outcome.DUPLICATE, [])
    assert amend(pipeline, make_bar(40, CLOSES[40])) == (Outcome.DUPLICATE, [])
    assert amend(pipeline, make_bar(39, CLOSES[39])) == (Outcome.STALE, [])
    assert (contents(pipeline.window()), pipeline.table.rows) == (before, stored)


@pytest.mark.parametrize("minute", [98, 94, 89])
def test_a_late_bar_with_at_most_ten_newer_ones_is_inserted(minute: int) -> None:
    pipeline = fed(without(minute))
    outcome, signals = amend(pipeline, make_bar(minute, CLOSES[minute]))
    assert outcome is Outcome.INSERTED
    assert minutes_of(signals) == list(range(minute, 100))
    assert [signal["revision"] for signal in signals] == [0] + [1] * (99 - minute)
    assert [signal["bars_seen"] for signal in signals] == list(range(minute + 1, 101))
    assert [signal["gap_minutes"] for signal in signals] == [0] * len(signals)
    assert averages(pipeline) == averages(fed(series(CLOSES[:100])))


def test_a_late_bar_with_eleven_newer_ones_is_stale() -> None:
    pipeline = fed(without(88))
    before, stored = contents(pipeline.window()), dict(pipeline.table.rows)
    assert amend(pipeline, make_bar(88, CLOSES[88])) == (Outcome.STALE, [])
    assert (contents(pipeline.window()), pipeline.table.rows) == (before, stored)


def test_a_late_bar_may_come_before_the_first_of_a_young_series() -> None:
    bars = series(CLOSES[:11])
    pipeline = fed(bars[1:])
    outcome, signals = amend(pipeline, bars[0])
    assert outcome is Outcome.INSERTED
    assert [signal["bars_seen"] for signal in signals] == list(range(1, 12))
    assert [signal["gap_minutes"] for signal in signals] == [None] + [0] * 10
    assert averages(pipeline) == averages(fed(bars))
    assert amend(pipeline, make_bar(-1, 100.0))[0] is Outcome.STALE


def test_a_correction_of_volume_alone_changes_one_row_and_emits_nothing() -> None:
    pipeline = fed(series(CLOSES[:60]))
    before = rows(pipeline)
    assert amend(pipeline, make_bar(58, CLOSES[58], volume=250.0)) == (Outcome.CORRECTED, [])
    before[58] = before[58]._replace(volume=250.0)
    assert rows(pipeline) == before


def test_before_the_averages_are_there_only_the_corrected_bar_is_emitted_again() -> None:
    pipeline = fed(series(CLOSES[:6]))
    outcome, signals = amend(pipeline, make_bar(2, 7.0))
    assert outcome is Outcome.CORRECTED
    assert minutes_of(signals) == [2]


def test_rows_follow_averages_that_no_signal_shows() -> None:
    """Before there is an RSI sums change unseen; a window that is restored goes on from them."""
    bars = series(CLOSES[:6])
    pipeline = fed(bars)
    amend(pipeline, make_bar(2, 7.0))
    assert averages(pipeline) == averages(fed([*bars[:2], make_bar(2, 7.0), *bars[3:]]))
    assert [row.revision for row in rows(pipeline)] == [0, 0, 1, 0, 0, 0]


def test_the_last_value_that_arrives_wins_even_when_it_is_the_first_again() -> None:
    pipeline = fed([*series([10.0, 11.0]), make_bar(1, 12.0), make_bar(1, 11.0)])
    assert pipeline.outcomes[2:] == [Outcome.CORRECTED] * 2
    assert [(signal["close"], signal["revision"]) for signal in pipeline.signals[1:]] == [
        (11.0, 0),
        (12.0, 1),
        (11.0, 2),
    ]
    assert rows(pipeline)[-1].close == 11.0


def test_each_signal_carries_its_own_bars_provenance() -> None:
    live = {"origin": "live", "source": "alpaca", "feed": "iex"}
    backfill = {"origin": "backfill", "source": "alpaca-history", "feed": "iex"}
    pipeline = fed([make_bar(minute, CLOSES[minute], **live) for minute in (0, 1, 3)])
    _, inserted = amend(pipeline, make_bar(2, CLOSES[2], **backfill))
    assert [signal["origin"] for signal in inserted] == ["backfill", "live"]
    assert [row.provenance.origin for row in rows(pipeline)] == ["live", "live", "backfill", "live"]
    _, corrected = amend(pipeline, make_bar(3, 1.0, **backfill))
    assert [signal["source"] for signal in corrected] == ["alpaca-history"]


def test_a_correction_that_leaves_the_close_leaves_the_provenance() -> None:
    pipeline = fed([make_bar(0, 10.0, origin="live")])
    amend(pipeline, make_bar(0, 10.0, volume=7.0, origin="backfill"))
    assert [(row.volume, row.provenance.origin) for row in rows(pipeline)] == [(7.0, "live")]


def test_a_bar_at_its_last_revision_takes_no_more() -> None:
    pipeline = fed(series([10.0, 11.0]))
    stored = pipeline.table.rows
    [key] = [key for key, value in stored.items() if number_of(value) == 1]
    last = pipeline.table.decode(key, stored[key])._replace(revision=MAX_REVISION)
    stored.update(pipeline.table.entries([SERIES], packed([last]), [last.provenance]))
    assert amend(pipeline, make_bar(1, 12.0))[0] is Outcome.STALE
    assert amend(pipeline, make_bar(1, 11.0))[0] is Outcome.DUPLICATE


def test_appending_or_ignoring_a_correction_would_show() -> None:
    bars = series(CLOSES[:100])
    corrected = make_bar(97, CLOSES[97] * 1.01)
    pipeline = fed([*bars, corrected])
    right = oracle.final_signals([*bars, corrected], STRATEGY, every_minute)
    ignored = oracle.final_signals(bars, STRATEGY, every_minute)
    appended = oracle.final_signals([*bars, make_bar(100, corrected["close"])], STRATEGY, every_minute)
    assert oracle.differences(right, pipeline.last_signals()) == []
    assert abs(right[-1]["rsi"] - ignored[-1]["rsi"]) > 0.1
    assert abs(right[-1]["rsi"] - appended[-1]["rsi"]) > 0.1


def test_room_for_late_bars_may_grow_and_shrink_between_runs() -> None:
    """The rows of a table have all that a larger window needs."""
    small, large = Strategy(late_bars=2), Strategy(late_bars=20)
    bars = series(CLOSES[:100])
    before = fed(bars, small)
    grown = continued(before, large)
    corrected = make_bar(79, 1.0)
    assert amend(grown, make_bar(78, 1.0))[0] is Outcome.STALE
    assert amend(grown, corrected)[0] is Outcome.CORRECTED
    expected = oracle.final_signals([*bars, corrected], large, every_minute)
    assert oracle.differences(expected, grown.view()) == []
    assert len(grown.window().closes) == large.window
    shrunk = continued(grown, small)
    assert amend(shrunk, make_bar(96, 1.0))[0] is Outcome.STALE
    assert amend(shrunk, make_bar(97, 1.0))[0] is Outcome.CORRECTED
    assert len(shrunk.window().closes) == small.window


def continued(before: Pipeline, strategy: Strategy) -> Pipeline:
    """On the same table, with other settings."""
    pipeline = Pipeline(strategy, keep_bars=before.table.keep_bars)
    pipeline.table.rows.update(before.table.rows)
    return pipeline


def test_a_bar_is_emitted_again_when_only_its_previous_action_changed() -> None:
    """Moving a rise one bar forward leaves the last bar's indicators as they were, but not the action before it."""
    strategy = Strategy(fast=2, slow=3, rsi_period=2, buy_below=41.7, sell_above=58.3)
    pipeline = fed([*series([1.0, 1.0, 1.1, 1.0, 1.0]), make_bar(1, 1.1)], strategy)
    newest = make_bar(4, 1.0)["timestamp"]
    before, after = [signal for signal in pipeline.signals if signal["timestamp"] == newest]
    assert [before[field] for field in ("sma_fast", "sma_slow", "rsi")] == [
        after[field] for field in ("sma_fast", "sma_slow", "rsi")
    ]
    assert before["previous_action"] != after["previous_action"]
    assert after["revision"] == 1
