from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any, cast

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import ConfigResource

from app.kafka.broker import Broker
from tables.rebuild.old_records import NotDeleted, delete_older

COMPACTED = {"cleanup.policy": "compact", "retention.ms": None, "retention.bytes": None}
DELETABLE = {"cleanup.policy": "compact,delete", "retention.ms": "-1", "retention.bytes": "-1"}


class FakeBroker:
    """Its admin client is itself; deleting fails with each of `errors` in turn, then works."""

    def __init__(self, *errors: int) -> None:
        self.admin = self
        self.errors = list(errors)
        #: What was done, in order: configurations, and deletions as offsets by partition.
        self.done: list[dict[Any, Any]] = []

    def poll(self, seconds: float) -> None:
        """A pause before the next attempt."""

    def incremental_alter_configs(
        self, resources: Sequence[ConfigResource], request_timeout: float
    ) -> dict[ConfigResource, "Future[None]"]:
        entries = resources[0].incremental_configs
        self.done.append({entry.name: entry.value for entry in entries})
        return {resources[0]: answer(None)}

    def delete_records(
        self, places: Sequence[TopicPartition], request_timeout: float
    ) -> dict[TopicPartition, "Future[None]"]:
        error = self.errors.pop(0) if self.errors else None
        if error is None:
            self.done.append({place.partition: place.offset for place in places})
        return {place: answer(error) for place in places}


def answer(error: int | None) -> "Future[None]":
    future: Future[None] = Future()
    if error is None:
        future.set_result(None)
    else:
        future.set_exception(KafkaException(KafkaError(error)))
    return future


def delete(broker: FakeBroker, seconds: float = 10.0) -> None:
    delete_older(cast(Broker, broker), "changelog", {0: 7, 1: 30}, seconds)


def test_the_topic_is_deletable_only_meanwhile() -> None:
    broker = FakeBroker()
    delete(broker)
    assert broker.done == [DELETABLE, {0: 7, 1: 30}, COMPACTED]


def test_a_leader_that_does_not_know_the_new_configuration_yet_is_asked_again() -> None:
    broker = FakeBroker(KafkaError.POLICY_VIOLATION, KafkaError.POLICY_VIOLATION)
    delete(broker)
    assert broker.done == [DELETABLE, {0: 7, 1: 30}, COMPACTED]


@pytest.mark.parametrize(
    ("error", "seconds"), [(KafkaError.TOPIC_AUTHORIZATION_FAILED, 10.0), (KafkaError.POLICY_VIOLATION, 0.0)]
)
def test_a_broker_that_refuses_is_explained_and_the_configuration_put_back(error: int, seconds: float) -> None:
    broker = FakeBroker(error)
    with pytest.raises(NotDeleted, match="does not delete old records of changelog") as refused:
        delete(broker, seconds)
    assert "Workers may start" in str(refused.value)
    assert broker.done == [DELETABLE, COMPACTED]
