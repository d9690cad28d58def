"""Against clients that fail at first; tests/integration uses all of it against a real broker."""

from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any, cast

import pytest
from confluent_kafka import OFFSET_INVALID, Consumer, IsolationLevel, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import ListOffsetsResultInfo, OffsetSpec

from app.kafka.broker import Broker, BrokerUnavailable
from app.kafka.offsets import Extent, committed_offsets, listed_offsets, offsets_at, watermarks

PLACES = [TopicPartition("bars", 0), TopicPartition("bars", 1)]


class FailingFirst:
    """A consumer and an admin client whose first answers are these failures; each counts as asked."""

    def __init__(self, *codes: int) -> None:
        self._codes = list(codes)
        self.asked = 0

    def _failure(self) -> KafkaError | None:
        self.asked += 1
        return KafkaError(self._codes.pop(0)) if self._codes else None

    def get_watermark_offsets(self, place: TopicPartition, timeout: float) -> tuple[int, int]:
        if failure := self._failure():
            raise KafkaException(failure)
        return place.partition, 10 + place.partition

    def committed(self, places: list[TopicPartition], timeout: float) -> list[TopicPartition]:
        return self._answered([TopicPartition(place.topic, place.partition, 7, "a note") for place in places])

    def offsets_for_times(self, places: list[TopicPartition], timeout: float) -> list[TopicPartition]:
        self.times = [place.offset for place in places]
        return self._answered([TopicPartition("bars", 0, 3), TopicPartition("bars", 1, OFFSET_INVALID)])

    def _answered(self, places: list[TopicPartition]) -> list[TopicPartition]:
        # librdkafka tells the failure of one partition beside that partition.
        if failure := self._failure():
            places[-1] = cast(TopicPartition, SimpleNamespace(topic="bars", partition=1, offset=-1, error=failure))
        return places

    def list_offsets(self, request: Any, isolation_level: IsolationLevel, request_timeout: float) -> Any:
        answers = {}
        for place in request:
            answers[place] = Future[ListOffsetsResultInfo]()
            if failure := self._failure():
                answers[place].set_exception(KafkaException(failure))
            else:
                answers[place].set_result(ListOffsetsResultInfo(5, -1, -1))
        return answers


def consumer(client: FailingFirst) -> Consumer:
    return cast(Consumer, client)


PASSING = [KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.LEADER_NOT_AVAILABLE, KafkaError._TRANSPORT]


@pytest.mark.parametrize("code", PASSING)
def test_a_broker_that_does_not_lead_the_partition_yet_is_asked_again(code: int) -> None:
    client = FailingFirst(code, code)
    assert watermarks(consumer(client), PLACES) == {0: Extent(0, 10), 1: Extent(1, 11)}
    assert client.asked == 4


def test_a_failure_of_one_partition_is_no_answer_for_it() -> None:
    client = FailingFirst(KafkaError.NOT_LEADER_FOR_PARTITION)
    found = committed_offsets(consumer(client), "workers", PLACES)
    assert [(place.partition, place.offset, place.metadata) for place in found] == [(0, 7, "a note"), (1, 7, "a note")]
    client = FailingFirst(KafkaError.NOT_LEADER_FOR_PARTITION)
    assert offsets_at(consumer(client), PLACES, 1_700_000_000_000) == {0: 3}, "partition 1 has nothing since"
    assert client.times == [1_700_000_000_000] * 2
    assert client.asked == 2


def test_listed_offsets_are_asked_for_again() -> None:
    client = FailingFirst(KafkaError.NOT_LEADER_FOR_PARTITION)
    broker = cast(Broker, SimpleNamespace(admin=client))
    found = listed_offsets(broker, PLACES, OffsetSpec.latest())  # type: ignore[no-untyped-call]
    assert {partition: answer.offset for partition, answer in found.items()} == {0: 5, 1: 5}
    assert client.asked == 4


def test_nothing_is_asked_about_nothing() -> None:
    client = FailingFirst()
    assert watermarks(consumer(client), []) == {}
    assert offsets_at(consumer(client), [], 0) == {}
    assert client.asked == 0


def test_a_failure_that_stays_is_told_in_time() -> None:
    client = FailingFirst(*[KafkaError.NOT_LEADER_FOR_PARTITION] * 100)
    with pytest.raises(BrokerUnavailable, match=r"offsets of bars\[0\] cannot be read \(Broker: Not leader"):
        watermarks(consumer(client), PLACES, timeout_s=0.3)
    assert 2 <= client.asked <= 6


def test_a_right_that_is_missing_is_named_at_once() -> None:
    client = FailingFirst(KafkaError.GROUP_AUTHORIZATION_FAILED)
    with pytest.raises(BrokerUnavailable, match=r"offsets of group workers .* these credentials may Read the group"):
        committed_offsets(consumer(client), "workers", PLACES)
    assert client.asked == 1
