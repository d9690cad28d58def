import threading
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from app.domain.records import Bar
from app.kafka.broker import BrokerUnavailable
from app.producer.pace import AsFastAsPossible
from app.producer.runner import Runner
from app.producer.service import create_app
from app.sources.base import Fault
from app.sources.fault_counter import FaultCounter
from tests.unit.producer.doubles import FakeBarProducer, ListSource


@pytest.fixture
def faults() -> FaultCounter:
    return FaultCounter(lambda _: None)


def test_all_that_a_person_needs(faults: FaultCounter) -> None:
    runner = Runner(
        ListSource(5), FakeBarProducer, pace=AsFastAsPossible(), clock=lambda: 1_731_600_000.5, patient=True
    )
    faults(Fault(7, "close is -1.0"))
    with TestClient(create_app(runner, faults, lambda: "127.0.0.1:9092")) as client:
        assert runner.wait(10)
        response = client.get("/health")
    assert response.status_code == 200
    assert response.json() == {
        "status": "finished",
        "doing": None,
        "messages_sent": 5,
        "last_error": None,
        "source": "list",
        "origin": "replay",
        "run_id": "replay-2024-11-14-deadbeef",
        "records_read": 5,
        "records_total": 5,
        "records_skipped": 1,
        "last_skipped": "Line 7 skipped: close is -1.0",
        "requests_last_minute": None,
        "queue_length": 0,
        "delivery_failures": 0,
        "bars_per_second": 0.0,
        "started_at": "2024-11-14T16:00:00.500Z",
        "ended_at": "2024-11-14T16:00:00.500Z",
        "last_sent_at": "2024-11-14T16:00:00.500Z",
        "last_bar_at": "2024-11-14T14:34:00Z",
        "newest_bar_at": "2024-11-14T14:34:00Z",
        "broker": "127.0.0.1:9092",
    }


def test_a_failure_is_503_with_the_reason(faults: FaultCounter) -> None:
    def connect() -> FakeBarProducer:
        raise BrokerUnavailable("no broker")

    runner = Runner(ListSource(5), connect, pace=AsFastAsPossible(), clock=lambda: 0.0, patient=False)
    with TestClient(create_app(runner, faults, lambda: None)) as client:
        assert runner.wait(10)
        response = client.get("/health")
    assert response.status_code == 503
    assert response.json()["status"] == "failed"
    assert response.json()["last_error"] == "no broker"


def test_it_stops_with_the_service(faults: FaultCounter) -> None:
    runner = Runner(ListSource(10**9), FakeBarProducer, pace=AsFastAsPossible(), clock=lambda: 0.0, patient=True)
    with TestClient(create_app(runner, faults, lambda: None)) as client:
        assert client.get("/health").json()["status"] in ("starting", "running")
    assert runner.status == "stopped"


def test_what_a_source_waits_for_and_what_troubles_it(faults: FaultCounter) -> None:
    class Sleeping(ListSource):
        doing = "market closed, sleeping until 2024-11-15T14:30:00Z"
        trouble: str | None = None
        requests_last_minute = 3

        def __init__(self) -> None:
            super().__init__(1)
            self.asked, self.stopped = threading.Event(), threading.Event()

        def bars(self) -> Iterator[Bar | None]:
            while True:
                yield None
                self.asked.set()
                self.stopped.wait(10)

        def stop(self) -> None:
            self.stopped.set()

    source = Sleeping()
    runner = Runner(source, FakeBarProducer, pace=AsFastAsPossible(), clock=lambda: 0.0, patient=True)
    with TestClient(create_app(runner, faults, lambda: None)) as client:
        assert source.asked.wait(10)
        health = client.get("/health").json()
        assert (health["status"], health["doing"], health["last_error"]) == ("running", source.doing, None)
        assert health["requests_last_minute"] == 3
        source.trouble = "Alpaca does not answer"
        health = client.get("/health").json()
        assert (health["status"], health["last_error"]) == ("waiting", "Alpaca does not answer")
    assert (runner.status, runner.doing, runner.last_error) == ("stopped", None, None)


def test_it_is_ready_once_bars_go_to_kafka_and_when_all_are_there(faults: FaultCounter) -> None:
    there = threading.Event()

    def connect() -> FakeBarProducer:
        if not there.is_set():
            raise BrokerUnavailable("no broker")
        return FakeBarProducer()

    runner = Runner(ListSource(5), connect, pace=AsFastAsPossible(), clock=lambda: 0.0, patient=True)
    with TestClient(create_app(runner, faults, lambda: None)) as client:
        while (response := client.get("/ready")).json()["reasons"] != ["no broker"]:
            assert response.status_code == 503
        assert (response.status_code, response.json()["ready"]) == (503, False)
        there.set()
        assert runner.wait(10)
        assert (client.get("/ready").status_code, client.get("/ready").json()) == (200, {"ready": True, "reasons": []})


def test_a_producer_that_failed_or_was_stopped_is_not_ready(faults: FaultCounter) -> None:
    def connect() -> FakeBarProducer:
        raise BrokerUnavailable("no broker")

    runner = Runner(ListSource(5), connect, pace=AsFastAsPossible(), clock=lambda: 0.0, patient=False)
    with TestClient(create_app(runner, faults, lambda: None)) as client:
        assert runner.wait(10)
        assert client.get("/ready").json() == {"ready": False, "reasons": ["no broker"]}
