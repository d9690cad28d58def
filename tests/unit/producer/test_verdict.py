"""The verdict must be what the worker's own fold says of each bar, found from what it writes alone."""

from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.outcome import Outcome
from app.domain.records import MINUTE_MS, Bar
from app.domain.strategy import Strategy
from app.producer.sent_bars import SentBars, values_of
from app.producer.signal_log import SignalLog
from app.producer.verdict import BarRefusal, Verdict, continued, judge
from tests.bars import make_bar
from tests.unit.domain.pipeline import Pipeline

TINY = Strategy(fast=2, slow=4, rsi_period=2, buy_below=31.7, sell_above=68.3, late_bars=2)
SYMBOLS = ("AA", "A")

#: Minutes on from the newest bar, close, volume, symbol, and whether a batch ends with this bar.
CHOICES = st.tuples(
    st.sampled_from([1, 1, 1, 2, 3, 0, -1, -2, -3, -6]),
    st.sampled_from([1.0, 1.1, 1.5]),
    st.sampled_from([1.0, 2.0]),
    st.sampled_from(SYMBOLS),
    st.booleans(),
)


class Replayed:
    """Bars that a worker has processed, those from `start` on sent by one replay, and what is on the topics of it."""

    def __init__(self, bars: Sequence[Bar], batches: Sequence[int], start: int = 0) -> None:
        pipeline = Pipeline(TINY)
        before = 0
        self.sent, self.signals, self.refusals = SentBars(), SignalLog(), list[BarRefusal]()
        self._before = bars[:start]
        done = 0
        for end in batches:
            # A batch never holds bars of before and of the replay, or signals of both could not be set apart.
            pipeline.fold(bars[done:end])
            done = end
            if end == start:
                before = len(pipeline.signals)
        self.outcomes = pipeline.outcomes[start:]
        self._stale = {at for at, outcome in enumerate(pipeline.outcomes) if outcome is Outcome.STALE}
        for signal in pipeline.signals[before:]:
            self.signals.note(signal)
        self.written = pipeline.signals[before:]
        for offset, bar in enumerate(bars):
            partition = SYMBOLS.index(bar["symbol"])
            if offset >= start:
                self.sent.note(bar)
                self.sent.placed(bar["symbol"], partition, offset)
            if offset in self._stale:
                self.refusals.append(BarRefusal(partition, offset, bar["symbol"], "stale", f"offset {offset}"))

    def history(self) -> dict[str, dict[int, int]]:
        found: dict[str, dict[int, int]] = {}
        for offset, bar in enumerate(self._before):
            if offset not in self._stale:
                found.setdefault(bar["symbol"], {})[bar["timestamp"] // MINUTE_MS] = values_of(bar)
        return found

    def verdict(self) -> Verdict:
        symbols = continued(self.sent, self.signals, self.refusals)
        past = {symbol: history for symbol, history in self.history().items() if symbol in symbols}
        return judge(self.sent, self.signals, self.refusals, past)


def counts(verdict: Verdict) -> Counter[str]:
    return +Counter(
        {
            Outcome.APPENDED: verdict.new,
            Outcome.INSERTED: verdict.late,
            Outcome.CORRECTED: verdict.corrected,
            Outcome.DUPLICATE: verdict.duplicates,
            Outcome.STALE: verdict.refused["stale"],
            "undecided": verdict.undecided,
        }
    )


@given(choices=st.lists(CHOICES, min_size=1, max_size=40), share=st.floats(0, 1))
def test_each_bar_is_counted_as_what_the_fold_made_of_it(
    choices: list[tuple[int, float, float, str, bool]], share: float
) -> None:
    bars, minute = [], 0
    for step, close, volume, symbol, _ in choices:
        bars.append(make_bar(minute + step, close, volume=volume, symbol=symbol))
        minute = max(minute, minute + step)
    start = int(share * (len(bars) - 1))
    ends = {at + 1 for at, choice in enumerate(choices) if choice[-1]} | {len(bars)} | ({start} if start else set())
    replayed = Replayed(bars, sorted(ends), start)

    verdict = replayed.verdict()
    assert counts(verdict) == Counter(replayed.outcomes)
    last = {(signal["symbol"], signal["timestamp"]): signal for signal in replayed.written}
    assert +verdict.actions == Counter(signal["action"] for signal in last.values())
    assert verdict.transitions == sum(signal["transition"] for signal in last.values())
    assert verdict.revisions == sum(signal["revision"] > 0 for signal in replayed.written)


def test_a_correction_of_the_volume_alone_is_no_duplicate_though_neither_writes_a_signal() -> None:
    first, more = make_bar(0, 1.0, symbol="A"), make_bar(0, 1.0, symbol="A", volume=7.0)
    corrected, duplicate = Replayed([first, more], [1, 2]), Replayed([first, first], [1, 2])
    assert len(corrected.written) == len(duplicate.written) == 1
    assert counts(corrected.verdict()) == {Outcome.APPENDED: 1, Outcome.CORRECTED: 1}
    assert counts(duplicate.verdict()) == {Outcome.APPENDED: 1, Outcome.DUPLICATE: 1}


def test_a_run_that_began_before_is_noticed_and_one_that_begins_is_not_looked_up() -> None:
    bars = [make_bar(minute, 1.0, symbol="A") for minute in range(4)]
    assert not continued((began := Replayed(bars, [4])).sent, began.signals, began.refusals)
    assert continued((gone_on := Replayed(bars, [2, 4], start=2)).sent, gone_on.signals, gone_on.refusals) == {"A"}


def test_where_the_past_is_no_longer_in_the_raw_topic_the_verdict_says_so() -> None:
    bar = make_bar(0, 1.0, symbol="A")
    replayed = Replayed([bar, bar], [1, 2], start=1)
    verdict = judge(replayed.sent, replayed.signals, replayed.refusals)
    assert (verdict.undecided, verdict.duplicates, verdict.accepted) == (1, 0, 1)


@pytest.mark.parametrize(
    "other",
    [
        BarRefusal(0, 0, "AA", "stale", "another offset"),
        BarRefusal(5, 1, "AA", "stale", "another partition"),
        BarRefusal(0, 1, "B", "stale", "another symbol"),
        BarRefusal(0, 9, "AA", "invalid", "later than all"),
    ],
)
def test_dead_letters_of_others_are_not_this_replays(other: BarRefusal) -> None:
    bars = [make_bar(minute, 1.0, symbol="AA") for minute in range(3)]
    replayed = Replayed(bars, [1, 3], start=1)
    assert not judge(replayed.sent, replayed.signals, [other]).refused


def test_what_was_refused_has_the_first_of_each_reason_as_example() -> None:
    bars = [make_bar(minute, 1.0, symbol="A") for minute in (9, 10, 11, 12, 1, 2)]
    verdict = Replayed(bars, [6]).verdict()
    assert verdict.refused == {"stale": 2}
    assert verdict.examples["stale"].offset == 4
