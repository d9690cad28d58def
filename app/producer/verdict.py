"""Finds out what workers made of the bars that were sent, from what they wrote.

Each bar's place in the raw topic is known, and a dead letter says the place it came from, so what was refused is
certain. Of the others:

- The first signal of a minute has revision 0, no matter who sent the bar. So a bar is the first of its minute if
  there is a signal of revision 0, written since the replay began, and no bar of that minute was accepted before it.
  It is late if a newer bar of its series was accepted before, otherwise new.
- Every other bar met one of its own minute. A duplicate has the values of the one accepted last, a correction has
  not. Signals do not tell them apart: a correction of the volume alone writes none. The sender knows the values.

A run that goes on has bars from before: `History`. The raw topic has those for as long as it keeps them.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from app.domain.row import ACTIONS, Bools, Ints
from app.producer.sent_bars import SentBars, SentSeries
from app.producer.signal_log import SeriesSignals, SignalLog


class BarRefusal(NamedTuple):
    """A dead letter: the partition and offset it came from, its key, and why."""

    partition: int
    offset: int
    symbol: str
    reason: str
    why: str


#: What a series held before the replay: by minute since 1970, the values of its bar as `values_of` has them.
History = Mapping[int, int]


@dataclass
class Verdict:
    """How many of the bars sent had each outcome."""

    new: int = 0
    corrected: int = 0
    late: int = 0
    duplicates: int = 0
    #: Not refused, but of a minute of which a bar came before this replay that is no longer in the raw topic:
    #: duplicates, or corrections that no signal shows.
    undecided: int = 0
    #: By reason.
    refused: Counter[str] = field(default_factory=Counter)
    #: The first of each reason.
    examples: dict[str, BarRefusal] = field(default_factory=dict)
    #: By action, the newest signal of each minute.
    actions: Counter[str] = field(default_factory=Counter)
    #: Of these, how many differ from the action before.
    transitions: int = 0
    #: Signals that replaced an earlier one of their minute.
    revisions: int = 0

    @property
    def accepted(self) -> int:
        """Bars that were not refused."""
        return self.new + self.corrected + self.late + self.duplicates + self.undecided


def continued(sent: SentBars, signals: SignalLog, refusals: Collection[BarRefusal]) -> set[str]:
    """The symbols whose series had bars before the replay, or may have had some: their history is needed.

    Of the others the first signal is that of a first bar, and each signal is of a minute that was sent.
    """
    refused = _refused(sent, refusals)
    found = set()
    for symbol, series in sent.series.items():
        minutes = np.unique(_minutes(series)[~refused[symbol]])
        if len(minutes) and not _began_here(minutes, signals.of(symbol)):
            found.add(symbol)
    return found


def _began_here(minutes: Ints, written: SeriesSignals | None) -> bool:
    return (
        written is not None
        and written.starts_series
        and np.array_equal(minutes, written.minutes_seen())
        and np.array_equal(minutes, np.unique(written.first_minutes()))
    )


def judge(
    sent: SentBars,
    signals: SignalLog,
    refusals: Collection[BarRefusal],
    history: Mapping[str, History] | None = None,
) -> Verdict:
    """The verdict on all bars that were acknowledged; `history` of the symbols that `continued` names."""
    verdict = Verdict()
    refused = _refused(sent, refusals, verdict)
    for symbol, series in sent.series.items():
        written = signals.of(symbol)
        first = written.first_minutes() if written is not None else np.empty(0, np.int64)
        _judge_series(verdict, series, ~refused[symbol], first, (history or {}).get(symbol, {}))
        if written is not None:
            last = written.newest()
            for action, count in zip(ACTIONS, np.bincount(last.actions, minlength=len(ACTIONS)), strict=False):
                verdict.actions[action] += int(count)
            verdict.transitions += int(last.transitions.sum())
            verdict.revisions += int((written.revisions() > 0).sum())
    return verdict


def _judge_series(verdict: Verdict, series: SentSeries, accepted: Bools, first: Ints, history: History) -> None:
    minutes = _minutes(series)[accepted]
    if not history and (np.diff(minutes) > 0).all() and np.isin(minutes, first).all():
        verdict.new += len(minutes)  # Nearly all series.
        return
    values = np.frombuffer(series.values, np.int64)[: len(accepted)][accepted]
    known: dict[int, int] = dict(history)
    newest = max(known, default=-1)
    begun = set(first.tolist())
    for minute, value in zip(minutes.tolist(), values.tolist(), strict=True):
        if minute in known:
            if known[minute] == value:
                verdict.duplicates += 1
            else:
                verdict.corrected += 1
        elif minute not in begun:
            verdict.undecided += 1
        elif minute < newest:
            verdict.late += 1
        else:
            verdict.new += 1
        known[minute] = value
        newest = max(newest, minute)


def _refused(sent: SentBars, refusals: Collection[BarRefusal], verdict: Verdict | None = None) -> dict[str, Bools]:
    """Which of each symbol's bars were refused; noted in the verdict."""
    found = {symbol: np.zeros(len(series.offsets), bool) for symbol, series in sent.series.items()}
    for refusal in refusals:
        series = sent.series.get(refusal.symbol)
        if series is None or series.partition != refusal.partition:
            continue
        at = bisect_left(series.offsets, refusal.offset)
        if at == len(series.offsets) or series.offsets[at] != refusal.offset:
            continue  # Not of this replay.
        found[refusal.symbol][at] = True
        if verdict is not None:
            verdict.refused[refusal.reason] += 1
            verdict.examples.setdefault(refusal.reason, refusal)
    return found


def _minutes(series: SentSeries) -> Ints:
    """The minutes of the bars that were acknowledged."""
    return np.frombuffer(series.minutes, np.uint32)[: len(series.offsets)].astype(np.int64)
