"""Sequences of bars as they arrive, and what must come of them."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from random import Random
from typing import NamedTuple

from hypothesis import strategies as st

from app.domain.key import table_key
from app.domain.outcome import Outcome
from app.domain.records import Bar
from app.domain.row_integrity import row_fault
from app.domain.split import Gap
from app.domain.strategy import Strategy
from tables.row_format import decode_rows, slot_of
from tests.harness import oracle
from tests.unit.domain.pipeline import Pipeline, contents, every_minute, without_times


class Then(Enum):
    """What happens once a bar has arrived."""

    GO_ON = "the next bar is in the same batch"
    CUT = "the batch ends"
    RESTART = "the batch ends, and the windows are restored from the table"
    ABORT = "the batch is aborted, and done again with what follows in it"


class Arrival(NamedTuple):
    bar: Bar
    then: Then


THEN = st.sampled_from([Then.GO_ON, Then.GO_ON, Then.CUT, Then.RESTART, Then.RESTART, Then.ABORT])


def random_then(random: Random) -> Then:
    return random.choice([Then.GO_ON] * 3 + list(Then))


@dataclass
class WindowModel:
    """Which bars of one series are accepted, by the words of the design."""

    strategy: Strategy
    accepted: dict[int, Bar] = field(default_factory=dict)

    def arrive(self, bar: Bar) -> Outcome:
        timestamp, times = bar["timestamp"], sorted(self.accepted)
        newer = len(times) - bisect_right(times, timestamp)
        if timestamp in times[-self.strategy.window :] and values(self.accepted[timestamp]) == values(bar):
            return Outcome.DUPLICATE
        if newer > self.strategy.late_bars:
            return Outcome.STALE
        old = self.accepted.get(timestamp)
        if old and old["close"] == bar["close"]:
            bar = bar | {"origin": old["origin"], "adjustment": old["adjustment"]}
        self.accepted[timestamp] = bar
        if old:
            return Outcome.CORRECTED
        return Outcome.INSERTED if newer else Outcome.APPENDED


def values(bar: Bar) -> list[object]:
    return [bar["open"], bar["high"], bar["low"], bar["close"], bar["volume"], bar["trade_count"], bar["vwap"]]


def check(
    arrivals: Sequence[Arrival], strategy: Strategy, *, keep_bars: int | None = None, gap: Gap = every_minute
) -> Pipeline:
    """However they are cut, restored and aborted, all is as in one batch, as from scratch, and as the rows say."""
    models: dict[bytes, WindowModel] = {}
    outcomes = []
    for bar, _ in arrivals:
        model = models.setdefault(table_key(bar["run_id"], bar["symbol"]), WindowModel(strategy))
        outcomes.append(model.arrive(bar))
    pipeline, whole = (Pipeline(strategy, keep_bars=keep_bars, gap=gap) for _ in range(2))
    run(pipeline, arrivals)
    whole.fold([bar for bar, _ in arrivals])

    assert pipeline.outcomes == whole.outcomes == outcomes
    check_signals(pipeline, whole, [model.accepted[time] for model in models.values() for time in model.accepted])
    for series, model in models.items():
        check_rows(pipeline, series, len(model.accepted))
        rows, in_one = (without_times(each.table.by_number(series)) for each in (pipeline, whole))
        assert rows == in_one
        check_restored(pipeline, series)
    return pipeline


def run(pipeline: Pipeline, arrivals: Sequence[Arrival]) -> None:
    batch: list[Bar] = []
    for bar, then in arrivals:
        batch.append(bar)
        if then is Then.ABORT:
            pipeline.abort(batch)
        elif then is not Then.GO_ON:
            pipeline.fold(batch)
            batch = []
        if then is Then.RESTART:
            pipeline.restart()
    pipeline.fold(batch)


def check_signals(pipeline: Pipeline, whole: Pipeline, accepted: Sequence[Bar]) -> None:
    """The same signals as in one batch, each with an id of its own; the last ones are those of the oracle."""
    signals = by_id(pipeline)
    assert signals == by_id(whole)
    assert len(pipeline.signals) == len(whole.signals) == len(signals)
    revisions: dict[tuple[str, int], list[int]] = {}
    for signal in pipeline.signals:
        revisions.setdefault((signal["symbol"], signal["timestamp"]), []).append(signal["revision"])
    assert all(numbers == list(range(len(numbers))) for numbers in revisions.values())
    expected = oracle.final_signals(accepted, pipeline.strategy, pipeline.gap)
    assert oracle.differences(expected, pipeline.last_signals()) == []


def by_id(pipeline: Pipeline) -> dict[str, object]:
    return {signal["id"]: signal | {"emitted_at": 0} for signal in pipeline.signals}


def check_rows(pipeline: Pipeline, series: bytes, bars: int) -> None:
    """The ring holds the newest bars, where they are looked for, and each row says the last signal of its bar."""
    table, keep = pipeline.table, pipeline.table.keep_bars
    rows = table.by_number(series)
    assert [row.number for row in rows] == list(range(max(0, bars - keep), bars))
    assert row_fault(decode_rows([value for _, value in table.series(0, series)])[0]) is None
    for key, value in table.series(0, series):
        assert table.decode(key, value).number % keep == slot_of(key)
    for count in (1, pipeline.strategy.window, keep, keep + 1):
        assert table.newest(0, series, count) == rows[-count:]
    sent = [signal for signal in pipeline.last_signals() if table_key(signal["run_id"], signal["symbol"]) == series]
    assert pipeline.view(series) == sent[-keep:]


def check_restored(pipeline: Pipeline, series: bytes) -> None:
    """The window in memory is the one that its rows make."""
    before = contents(pipeline.window(series))
    pipeline.restart()
    assert contents(pipeline.window(series)) == before


def kinds(pipeline: Pipeline) -> Counter[Outcome]:
    return Counter(pipeline.outcomes)
