"""A transaction that stays open on a real broker: who waits behind it is named."""

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient

from app import metrics
from app.kafka.broker import Broker
from app.kafka.clients import admin_config, producer_config
from app.kafka.stable_offsets import StableOffsets
from app.kafka.stall_watch import StallWatch
from app.kafka.topic_admin import ensure_topics
from app.kafka.topics import topics
from app.settings import Settings
from tests.integration.fixtures_stack import LocalStack
from tests.integration.own_broker import MakeBroker
from tests.integration.stack_settings import settings_for
from tests.integration.waiting import eventually


class ManualClock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def ours(stack: LocalStack) -> Settings:
    settings = settings_for(stack.status)
    ensure_topics(settings)
    return settings


def leave_open(settings: Settings, *names: str) -> Producer:
    """As another program would: a record on partition 1 of each of these topics, in a transaction that stays open."""
    config = {"transactional.id": f"{settings.topic_prefix}other", "transaction.timeout.ms": 600_000}
    producer = Producer(producer_config(settings) | config)
    producer.init_transactions(20)
    producer.begin_transaction()
    for name in names:
        producer.produce(name, b"value", partition=1)
    assert producer.flush(20) == 0
    return producer


def shown(topic: str, partition: int) -> float | None:
    labels = {"topic": topic, "partition": str(partition)}
    return metrics.registry.get_sample_value("stocks_stalled_seconds", labels)


def test_an_open_transaction_is_named_until_it_is_aborted(ours: Settings) -> None:
    clock = ManualClock()
    watch = StallWatch(ours, clock=clock, limit_seconds=3)
    raw, signals = topics(ours).raw.name, topics(ours).signals.name
    writer = leave_open(ours, raw, signals)
    assert watch.look([0, 1]) == []
    clock.now = 2
    assert watch.look([0, 1]) == []
    assert shown(raw, 1) is None
    clock.now = 5
    sentences = watch.look([0, 1])
    assert [sentence.partition(" for ")[0] for sentence in sentences] == [
        f"{raw}[1] has stood still at offset 0 of 1",
        f"{signals}[1] has stood still at offset 0 of 1",
    ]
    assert (shown(raw, 1), shown(raw, 0), shown(signals, 1)) == (5, None, 5)
    # Another worker has the partition now.
    assert watch.look([0]) == []
    assert shown(raw, 1) is None
    watch.look([0, 1])
    clock.now = 10
    assert len(watch.look([0, 1])) == 2
    writer.abort_transaction(20)
    eventually(lambda: watch.look([0, 1]) == [], 10)
    assert shown(raw, 1) is None


def test_topics_that_are_not_there_are_not_stalled_and_not_waited_for(ours: Settings) -> None:
    offsets = StableOffsets(Broker(ours).admin, 0)
    raw = topics(ours).raw.name
    # A new topic may not answer yet.
    eventually(lambda: offsets.ask([("nobody-has-this-topic", 0), (raw, 0), (raw, 2)]) or not offsets.unanswered, 10)
    assert offsets.ask([("nobody-has-this-topic", 0), (raw, 0), (raw, 2)]) == []
    assert offsets.unanswered == frozenset()


def test_while_the_broker_is_away_what_it_said_last_stays(make_broker: MakeBroker) -> None:
    own = make_broker()
    settings = settings_for(own.status)
    ensure_topics(settings)
    clock = ManualClock()
    offsets = StableOffsets(Broker(settings).admin, 3, clock, request_seconds=1)
    raw = topics(settings).raw.name
    writer = leave_open(settings, raw)

    def is_answered() -> bool:
        """A cold broker may need more time for an answer than a question has here."""
        offsets.ask([(raw, 0), (raw, 1)])
        return not offsets.unanswered

    eventually(is_answered, 30)
    assert offsets.ask([(raw, 0), (raw, 1)]) == []
    clock.now = 5
    eventually(is_answered, 30)
    assert [stall.seconds for stall in offsets.ask([(raw, 0), (raw, 1)])] == [5]
    own.kill()
    clock.now = 10
    assert [stall.seconds for stall in offsets.ask([(raw, 0), (raw, 1)])] == [5]
    assert offsets.unanswered == {(raw, 0), (raw, 1)}
    # A client that has never reached the broker.
    strange = StableOffsets(AdminClient(admin_config(settings)), 0, request_seconds=1)
    assert strange.ask([(raw, 1)]) == []
    assert strange.unanswered == {(raw, 1)}
    own.start()
    clock.now = 20
    eventually(is_answered, 30)
    assert [stall.seconds for stall in offsets.ask([(raw, 0), (raw, 1)])] == [20]
    writer.abort_transaction(20)
