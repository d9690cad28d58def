"""Against a port where nobody listens; the broker's answers are an integration test's."""

import asyncio
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest
from app.engine.delivery import Abandoned, Delivery, NotDelivered, Outgoing
from confluent_kafka import KafkaError, KafkaException

RECORDS = [Outgoing("stocks.signals", b"AAPL", b"%d" % number, 0) for number in range(5)]
PATIENCE = 60.0


@pytest.fixture
def address() -> Iterator[str]:
    """An address that refuses connections: bound, so nobody else gets it, but not listening."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{bound.getsockname()[1]}"


@pytest.fixture
def config(address: str) -> dict[str, Any]:
    return {"bootstrap.servers": address, "enable.idempotence": True, "log_level": 0, "error_cb": lambda error: None}


async def test_nothing_to_send_needs_no_broker(config: dict[str, Any]) -> None:
    assert await Delivery(config, PATIENCE).send([], lambda: False) == -1


async def test_without_a_broker_it_is_not_delivered_in_the_time_given_and_the_loop_runs_on(
    config: dict[str, Any],
) -> None:
    delivery = Delivery(config, patience=0.3)
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.01)
            ticks += 1

    ticking = asyncio.create_task(tick())
    started = time.monotonic()
    with pytest.raises(NotDelivered, match="taken nothing for"):
        await delivery.send(RECORDS, lambda: True)
    assert 0.2 < time.monotonic() - started < 5
    ticking.cancel()
    assert ticks >= 5


async def test_after_an_abandoned_group_the_next_is_tried_alone(config: dict[str, Any]) -> None:
    delivery = Delivery(config, patience=0.1)
    with pytest.raises(Abandoned):
        await delivery.send(RECORDS, lambda: False)
    with pytest.raises(NotDelivered):
        await delivery.send(RECORDS[:1], lambda: True)


async def test_the_wait_ends_soon_when_nobody_wants_it_any_more(config: dict[str, Any]) -> None:
    delivery = Delivery(config, PATIENCE)
    asked = 0

    def wanted() -> bool:
        nonlocal asked
        asked += 1
        return asked < 3

    started = time.monotonic()
    with pytest.raises(Abandoned):
        await delivery.send(RECORDS, wanted)
    assert time.monotonic() - started < 3
    assert asked == 3


async def test_what_was_abandoned_is_not_sent_later(config: dict[str, Any]) -> None:
    delivery = Delivery(config, PATIENCE)
    with pytest.raises(Abandoned):
        await delivery.send(RECORDS, lambda: False)
    producer = delivery._producer
    assert producer is not None
    # Errors of the connection that come in the meantime are in the queue's length, too.
    assert producer.flush(5) == 0


async def test_a_full_queue_waits_and_ends_when_not_wanted(config: dict[str, Any]) -> None:
    delivery = Delivery(config | {"queue.buffering.max.messages": 2}, PATIENCE)
    started = time.monotonic()
    answers = iter([True, True, False])
    with pytest.raises(Abandoned):
        await delivery.send(RECORDS, lambda: next(answers))
    assert time.monotonic() - started < 3


class Producing:
    """Stands for a producer whose broker answers as told."""

    def __init__(self, *answers: tuple[KafkaError | None, int]) -> None:
        self.answers = list(answers)
        self.sent: list[tuple[Any, ...]] = []
        self.waiting: list[Any] = []
        self.room = 10
        self.polls = 0
        self.purged = 0

    def purge(self) -> None:
        self.purged += 1

    def produce(self, topic: str, value: bytes, key: bytes, partition: int, report: Any, *, headers: Any) -> None:
        if len(self.sent) == self.room:
            raise BufferError
        self.sent.append((topic, key, value, partition, headers))
        self.waiting.append(report)

    def poll(self, timeout: float) -> int:
        self.polls += 1
        self.room += self.polls - 1
        return 0

    def flush(self, timeout: float) -> int:
        for report, (error, offset) in zip(self.waiting, self.answers, strict=bool(self.waiting)):
            report(error, Reported(offset))
        self.waiting.clear()
        return 0


class Reported:
    def __init__(self, offset: int) -> None:
        self._offset = offset

    def offset(self) -> int:
        return self._offset


def answered(monkeypatch: pytest.MonkeyPatch, *answers: tuple[KafkaError | None, int]) -> tuple[Delivery, Producing]:
    producing = Producing(*answers)
    monkeypatch.setattr("app.engine.delivery.Producer", lambda config: producing)
    return Delivery({}, PATIENCE), producing


async def test_records_are_sent_in_order_with_all_they_have(monkeypatch: pytest.MonkeyPatch) -> None:
    delivery, producing = answered(monkeypatch, (None, 7), (None, 8))
    headers = [("reason", b"stale")]
    await delivery.send([Outgoing("a", b"k", b"1", 3, headers), Outgoing("b", None, b"2")], lambda: True)
    assert producing.sent == [("a", b"k", b"1", 3, headers), ("b", None, b"2", -1, None)]


async def test_the_highest_offset_is_returned(monkeypatch: pytest.MonkeyPatch) -> None:
    delivery, _ = answered(monkeypatch, (None, 7), (None, 9), (None, 8))
    assert await delivery.send(RECORDS[:3], lambda: True) == 9


async def test_one_record_refused_fails_the_group(monkeypatch: pytest.MonkeyPatch) -> None:
    delivery, _ = answered(monkeypatch, (None, 7), (KafkaError(KafkaError._TRANSPORT), -1001), (None, 8))
    with pytest.raises(NotDelivered):
        await delivery.send(RECORDS[:3], lambda: True)


async def test_a_fatal_error_of_the_producer_is_fatal(monkeypatch: pytest.MonkeyPatch) -> None:
    fatal = KafkaError(KafkaError._FATAL, "fenced", True)
    delivery, _ = answered(monkeypatch, (fatal, -1001))
    with pytest.raises(KafkaException, match="fenced"):
        await delivery.send(RECORDS[:1], lambda: True)


async def test_a_full_queue_goes_on_when_there_is_room_again(monkeypatch: pytest.MonkeyPatch) -> None:
    delivery, producing = answered(monkeypatch, *((None, offset) for offset in range(5)))
    producing.room = 3
    assert await delivery.send(RECORDS, lambda: True) == 4
    assert producing.polls == 3
    assert [value for _, _, value, _, _ in producing.sent] == [b"0", b"1", b"2", b"3", b"4"]


async def test_what_follows_a_refused_record_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    delivery, producing = answered(monkeypatch, *((KafkaError(KafkaError._TRANSPORT), -1001),) * 3)
    producing.room = 3

    def poll(timeout: float) -> int:
        producing.room = 10
        return producing.flush(timeout)

    monkeypatch.setattr(producing, "poll", poll)
    with pytest.raises(NotDelivered):
        await delivery.send(RECORDS, lambda: True)
    assert len(producing.sent) == 3
    assert producing.purged == 1
