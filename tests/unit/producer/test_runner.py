import threading
from collections.abc import Callable, Iterator

import pytest

from app.avro.registry import RegistryUnavailable
from app.domain.records import Bar
from app.errors import StocksError
from app.kafka.broker import BrokerUnavailable
from app.kafka.clients import ClusterMissing
from app.producer.pace import AsFastAsPossible
from app.producer.runner import Runner
from app.sources.base import SourceError
from tests.unit.producer.doubles import FakeBarProducer, ListSource


def made(connect: Callable[[], FakeBarProducer], source: ListSource | None = None, *, patient: bool = True) -> Runner:
    return Runner(
        source or ListSource(5),
        connect,
        pace=AsFastAsPossible(),
        clock=lambda: 1000.0,
        patient=patient,
        first_pause_s=0.001,
    )


def ended(connect: Callable[[], FakeBarProducer], source: ListSource | None = None, *, patient: bool = True) -> Runner:
    runner = made(connect, source, patient=patient)
    runner.start()
    assert runner.wait(10)
    return runner


def raising(error: Exception) -> Callable[[], FakeBarProducer]:
    def connect() -> FakeBarProducer:
        raise error

    return connect


class Endless(ListSource):
    """Goes on until the test says so."""

    def __init__(self) -> None:
        super().__init__(1)
        self.begun, self.go_on = threading.Event(), threading.Event()

    def bars(self) -> Iterator[Bar | None]:
        while True:
            yield from super().bars()
            self.begun.set()
            assert self.go_on.wait(10)


def test_before_the_start() -> None:
    runner = made(FakeBarProducer)
    assert (runner.status, runner.acknowledged, runner.bars_per_second, runner.last_error) == ("starting", 0, 0.0, None)


def test_a_whole_source() -> None:
    runner = ended(FakeBarProducer)
    assert (runner.status, runner.sent, runner.acknowledged, runner.last_error) == ("finished", 5, 5, None)
    assert runner.last_bar == list(ListSource(5).bars())[-1]
    assert runner.started_at == runner.ended_at == runner.last_sent_at == 1000.0


def test_a_correction_is_the_last_bar_but_not_the_newest() -> None:
    class Corrects(ListSource):
        def bars(self) -> Iterator[Bar | None]:
            bars = list(super().bars())
            yield from bars
            yield bars[0]

    runner = ended(FakeBarProducer, Corrects(3))
    first, _, newest = (bar["timestamp"] for bar in ListSource(3).bars() if bar)
    assert runner.last_bar
    assert (runner.last_bar["timestamp"], runner.newest_ms) == (first, newest)


@pytest.mark.parametrize("error", [BrokerUnavailable("no broker"), RegistryUnavailable("no"), ClusterMissing("none")])
def test_a_patient_one_waits_for_the_cluster(error: StocksError) -> None:
    seen: list[tuple[str, str | None]] = []

    def connect() -> FakeBarProducer:
        seen.append((runner.status, runner.last_error))
        if len(seen) < 3:
            raise error
        return FakeBarProducer()

    runner = made(connect)
    runner.start()
    assert runner.wait(10)
    assert seen == [("starting", None), ("waiting", str(error)), ("waiting", str(error))]
    assert (runner.status, runner.acknowledged, runner.last_error) == ("finished", 5, None)


def test_an_impatient_one_fails_at_once() -> None:
    runner = ended(raising(BrokerUnavailable("no broker")), patient=False)
    assert (runner.status, runner.last_error) == ("failed", "no broker")


def test_what_waiting_does_not_mend_fails() -> None:
    runner = ended(raising(StocksError("wrong partitions")))
    assert (runner.status, runner.last_error) == ("failed", "wrong partitions")


def test_bars_that_do_not_arrive_are_a_failure() -> None:
    outbox = FakeBarProducer(fails="5 bars did not arrive")
    runner = ended(lambda: outbox)
    assert outbox.closed
    assert (runner.status, runner.last_error, runner.acknowledged) == ("failed", "5 bars did not arrive", 0)


def test_what_was_sent_before_the_source_broke_arrives() -> None:
    class Breaks(ListSource):
        def bars(self) -> Iterator[Bar | None]:
            yield from super().bars()
            raise SourceError("the file is cut off")

    runner = ended(FakeBarProducer, Breaks(3))
    assert (runner.status, runner.last_error, runner.acknowledged) == ("failed", "the file is cut off", 3)


def test_a_bug_shows_too() -> None:
    runner = ended(raising(ZeroDivisionError("oops")))
    assert runner.status == "failed"
    assert "ZeroDivisionError: oops. This is a bug" in (runner.last_error or "")


def test_stopping_in_the_middle() -> None:
    source = Endless()
    runner = made(FakeBarProducer, source)
    runner.start()
    assert source.begun.wait(10)
    stopper = threading.Thread(target=runner.stop)
    stopper.start()
    assert not runner.wait(0.05)
    source.go_on.set()
    stopper.join(10)
    assert runner.status == "stopped"
    assert runner.acknowledged == runner.sent == 1


def test_stopping_while_waiting_for_the_cluster() -> None:
    tried = threading.Event()

    def connect() -> FakeBarProducer:
        tried.set()
        raise BrokerUnavailable("no broker")

    runner = made(connect)
    runner.start()
    assert tried.wait(10)
    runner.stop()
    assert runner.status == "stopped"


def test_trouble_on_the_way_shows_as_waiting() -> None:
    source, outbox = Endless(), FakeBarProducer()
    runner = made(lambda: outbox, source)
    runner.start()
    assert source.begun.wait(10)
    assert (runner.status, runner.last_error) == ("running", None)
    outbox.trouble = "all brokers down"
    assert (runner.status, runner.last_error) == ("waiting", "all brokers down")
    source.go_on.set()
    runner.stop()
