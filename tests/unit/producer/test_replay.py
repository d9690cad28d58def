from collections.abc import Iterator

import pytest

from app.domain.records import Bar
from app.producer.pace import AsFastAsPossible, Pace, PerSecond, Realtime
from app.producer.replay import LONGEST_WAIT_S, replay
from tests.unit.producer.doubles import ListSink, ListSource


class Pausing(ListSource):
    """Has nothing to give before each bar, and after the last."""

    def bars(self) -> Iterator[Bar | None]:
        for bar in super().bars():
            yield None
            yield bar
        while True:
            yield None


def sent_at(count: int, pace: Pace) -> list[float]:
    sink = ListSink()
    assert replay(ListSource(count), sink, pace=pace, clock=sink.clock, stopped=lambda: False)
    return [round(time, 6) for time, _ in sink.taken]


def test_every_bar_in_order_without_waiting() -> None:
    sink, source = ListSink(), ListSource(5)
    seen: list[int] = []
    whole = replay(
        source,
        sink,
        pace=AsFastAsPossible(),
        clock=sink.clock,
        stopped=lambda: False,
        on_sent=lambda bar: seen.append(bar["timestamp"]),
    )
    assert whole
    assert [bar for _, bar in sink.taken] == list(source.bars())
    assert seen == [bar["timestamp"] for _, bar in sink.taken]
    assert not sink.polls


def test_bars_a_second() -> None:
    assert sent_at(5, PerSecond(2)) == [0, 0.5, 1, 1.5, 2]


def test_a_minute_of_bars_takes_a_minute() -> None:
    assert sent_at(3, Realtime()) == [0, 60, 120]


def test_long_waits_see_to_deliveries_often() -> None:
    sink = ListSink()
    replay(ListSource(2), sink, pace=Realtime(), clock=sink.clock, stopped=lambda: False)
    assert max(sink.polls) == LONGEST_WAIT_S


def test_a_full_queue_holds_the_bar_back_and_loses_none() -> None:
    sink = ListSink(room=2)
    assert replay(ListSource(5), sink, pace=AsFastAsPossible(), clock=sink.clock, stopped=lambda: False)
    assert len(sink.taken) == 5
    assert sink.polls == [LONGEST_WAIT_S] * 3


@pytest.mark.parametrize(
    ("sink", "pace"),
    [(ListSink(), AsFastAsPossible()), (ListSink(), PerSecond(1)), (ListSink(room=3), AsFastAsPossible())],
    ids=["between bars", "while waiting for the time", "while the queue is full"],
)
def test_stopping(sink: ListSink, pace: Pace) -> None:
    def stopped() -> bool:
        return len(sink.taken) == 3

    assert not replay(ListSource(10), sink, pace=pace, clock=sink.clock, stopped=stopped)
    assert len(sink.taken) == 3


@pytest.mark.parametrize("pace", [AsFastAsPossible(), PerSecond(1)])
def test_a_source_that_has_nothing_now_is_asked_again_until_it_is_stopped(pace: Pace) -> None:
    sink = ListSink()

    def stopped() -> bool:
        return len(sink.taken) == 3

    assert not replay(Pausing(3), sink, pace=pace, clock=sink.clock, stopped=stopped)
    assert [bar for _, bar in sink.taken] == list(ListSource(3).bars())


def test_it_is_not_asked_again_before_all_has_arrived() -> None:
    sink = ListSink(slow_polls=3)
    replay(Pausing(3), sink, pace=AsFastAsPossible(), clock=sink.clock, stopped=lambda: len(sink.taken) == 3)
    assert sink.polls == [0.0, *[0.0, *[LONGEST_WAIT_S] * 3] * 2]


def test_stopping_while_something_is_on_its_way() -> None:
    sink = ListSink(slow_polls=10**9)
    assert not replay(Pausing(3), sink, pace=AsFastAsPossible(), clock=sink.clock, stopped=lambda: len(sink.polls) > 9)
    assert len(sink.taken) == 1
