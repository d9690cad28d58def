"""What Delivery does without a broker; tests/integration/test_replay.py has one."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from app.domain.records import Bar
from app.producer.bar_producer import BarProducer, DeliveryFailed
from tests.unit.records import BAR


@pytest.fixture
def nowhere() -> Iterator[str]:
    """An address that nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{sock.getsockname()[1]}"


def encode(bar: Bar) -> bytes:
    return bar["symbol"].encode()


@contextmanager
def made(nowhere: str, *, give_up_after_s: float | None = None) -> Iterator[BarProducer]:
    config = {
        "bootstrap.servers": nowhere,
        "queue.buffering.max.messages": 2,
        "enable.idempotence": True,
        "log_level": 0,
    }
    delivery = BarProducer(config, "topic", encode, give_up_after_s=give_up_after_s)
    yield delivery
    delivery.close()


def test_a_full_queue_takes_no_more(nowhere: str) -> None:
    with made(nowhere) as delivery:
        assert [delivery.offer(BAR) for _ in range(3)] == [True, True, False]
        assert (delivery.sent, delivery.acknowledged, delivery.failed, delivery.waiting) == (2, 0, 0, 2)


def test_while_nobody_answers_the_reason_is_known_and_nothing_is_given_up(nowhere: str) -> None:
    with made(nowhere) as delivery:
        delivery.offer(BAR)
        while not delivery.trouble:
            delivery.poll(0.1)
        with pytest.raises(DeliveryFailed, match="1 bars were not acknowledged: "):
            delivery.flush(given_up=lambda: True)
        assert delivery.failed == 0


def test_after_a_failure_nothing_more_is_sent(nowhere: str) -> None:
    with made(nowhere, give_up_after_s=0.1) as delivery:
        delivery.offer(BAR)
        with pytest.raises(DeliveryFailed, match=r"1 bars did not arrive\. The first reason: .*timed out"):
            delivery.flush()
        assert (delivery.failed, delivery.waiting, delivery.trouble) == (1, 0, None)
        with pytest.raises(DeliveryFailed, match="did not arrive"):
            delivery.offer(BAR)
